from accounts.models.audit_event import AuditEvent, AuditHead
from accounts.models.organization import Organization
from accounts.models.seat import Seat, SeatRequest
from accounts.models.user import User

__all__ = ["AuditEvent", "AuditHead", "Organization", "Seat", "SeatRequest", "User"]
