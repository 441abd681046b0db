"""What each side may read of a submission's audit events.

One's own organization's acts, with names; of others only what concerns everyone, named by
organization. A lab never learns who reviewed, nor that anything is being drafted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts import audit, audit_words
from accounts.models import AuditEvent, Organization, Seat
from accounts.roles import Kind
from reviews.models import Submission

READINGS = frozenset(
    {
        *("package.read", "document.read", "review.read"),
        *("letter.downloaded", "report.downloaded"),
    }
)
SHARED = frozenset(
    {
        "submission.filed",
        "submission.shortened",
        "submission.withdrawn",
        "submission.concluded",
        "submission.expired",
        "submission.agency_attached",
        "submission.agency_detached",
        "position.filed",
        "letter.issued",
        "determination.issued",
        "report.answered",
    }
)
LAB_ALSO = frozenset(
    {
        "grant.requested",
        "grant.agreed",
        "grant.authorized",
        "grant.terms_accepted",
        "grant.revoked",
        "grant.used",
        "grant.agency_attested",
    }
)


@dataclass(frozen=True)
class Line:
    """One event as its reader may see it."""

    at: datetime
    what: str
    who: str


def events(submission: Submission, seats: Iterable[Seat]) -> QuerySet[AuditEvent]:
    """The events that the holder of ``seats`` may read, newest first."""
    own = {seat.organization.code for seat in seats}
    lab = any(seat.organization.kind == Kind.LAB for seat in seats)
    return (
        AuditEvent.objects.filter(submission=submission.reference, outcome=audit.DONE)
        .filter(Q(organization__in=own) | Q(action__in=SHARED | LAB_ALSO if lab else SHARED))
        .order_by("-sequence")
    )


def lines(
    submission: Submission,
    seats: Iterable[Seat],
    *,
    first: int,
    count: int,
    but: frozenset[str] = frozenset(),
) -> list[Line]:
    """``count`` lines, newest first, from ``first``, as their reader may see them; none ``but``."""
    own = {seat.organization.code for seat in seats}
    code = OuterRef("organization")
    named = Organization.objects.filter(code=code).order_by().values("short_name")
    rows = (
        events(submission, seats)
        .exclude(action__in=but)
        .values_list("at", "action", "details", "organization", "actor_name", Subquery(named))
    )
    return [
        Line(at, _what(action, details), actor if code in own else name or audit.SYSTEM.name)
        for at, action, details, code, actor, name in rows[first : first + count]
    ]


def _what(action: str, details: dict[str, Any]) -> str:
    about = details.get("agency") or details.get("step", "").lower()
    return audit_words.words(action) + (f": {about}" if about else "")
