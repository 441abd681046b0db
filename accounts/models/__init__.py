from accounts.models.absence import Absence
from accounts.models.audit_event import AuditEvent, AuditHead
from accounts.models.expertise_tag import ExpertiseTag
from accounts.models.organization import Organization, OrganizationSector
from accounts.models.personnel_record import PersonnelRecord
from accounts.models.seat import Seat, SeatRequest
from accounts.models.user import User

__all__ = [
    "Absence",
    "AuditEvent",
    "AuditHead",
    "ExpertiseTag",
    "Organization",
    "OrganizationSector",
    "PersonnelRecord",
    "Seat",
    "SeatRequest",
    "User",
]
