from accounts.forms.absences import AbsenceForm
from accounts.forms.audit_log import AuditFilter
from accounts.forms.expertise import ExpertiseForm
from accounts.forms.labs import SizeForm
from accounts.forms.partners import PartnerForm, SectorsForm
from accounts.forms.personnel import PersonnelFilter, PersonnelForm
from accounts.forms.profile import ProfileForm
from accounts.forms.seats import AnswerForm, GiveForm, TakeForm
from accounts.forms.sign_in import SignInForm

__all__ = [
    "AbsenceForm",
    "AnswerForm",
    "AuditFilter",
    "ExpertiseForm",
    "GiveForm",
    "PartnerForm",
    "PersonnelFilter",
    "PersonnelForm",
    "ProfileForm",
    "SectorsForm",
    "SignInForm",
    "SizeForm",
    "TakeForm",
]
