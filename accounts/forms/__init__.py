from accounts.forms.audit_log import AuditFilter
from accounts.forms.profile import ProfileForm
from accounts.forms.seats import AnswerForm, GiveForm, TakeForm
from accounts.forms.sign_in import SignInForm

__all__ = ["AnswerForm", "AuditFilter", "GiveForm", "ProfileForm", "SignInForm", "TakeForm"]
