"""What each side may read of a submission's audit events.

One's own organization's acts, with names; of others only what concerns everyone, named by
organization. A lab never learns who reviewed, nor that anything is being drafted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery

from accounts import audit, audit_words
from accounts.models import AuditEvent, Organization, Seat
from accounts.roles import Kind
from reviews import audience
from reviews.models import Document, Submission
from reviews.models.discussion import Audience
from reviews.models.grant_states import REVOKED_BY_ADMINISTRATORS
from reviews.policy import Action

READINGS = frozenset(
    {
        *("package.read", "document.read", "review.read", "information_request.read"),
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
        "determination.shared",
        "determination.answered",
        "letter.issued",
        "report.answered",
        "information_request.issued",
        "information_request.answered",
        "information_request.taken_back",
    }
)
# Among the agencies that deliberate alone: the lab does not learn that anything is drafted.
DELIBERATED = frozenset(
    {
        "information_request.drafted",
        "information_request.joined",
        "information_request.dropped",
    }
)
AGENCIES_ALSO = frozenset({"determination.issued"})
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
# What of grants an administrator does, whose own agency has said nothing by it.
BY_ADMINISTRATORS = frozenset({"grant.agreed", "grant.authorized"})


def _discussed(*audiences: Audience) -> frozenset[str]:
    steps = ("thread.opened", "post.written", "post.edited")
    return frozenset(f"{step}_{heard}" for step in steps for heard in audiences)


WITHIN_AN_AGENCY = _discussed(Audience.OWN_AGENCY)
AMONG_AGENCIES = _discussed(Audience.AGENCIES)
WITH_LAB = _discussed(Audience.WITH_LAB)


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
    deliberating = Seat.objects.filter(
        audience.seats(Action.DELIBERATE, submission), pk__in=[seat.pk for seat in seats]
    )
    # Of a discussion, who reads its threads learns that something was written, and nobody else.
    discussed = Q(action__in=WITH_LAB | AMONG_AGENCIES | DELIBERATED) & Exists(deliberating) | Q(
        action__in=WITHIN_AN_AGENCY, organization__in=deliberating.values("organization__code")
    )
    others = ~Q(action__in=WITHIN_AN_AGENCY | AMONG_AGENCIES | WITH_LAB)
    told = SHARED | (LAB_ALSO | WITH_LAB if lab else AGENCIES_ALSO)
    return (
        AuditEvent.objects.filter(submission=submission.reference, outcome=audit.DONE)
        .filter(discussed | Q(organization__in=own) & others | Q(action__in=told))
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
    lab = any(seat.organization.kind == Kind.LAB for seat in seats)
    code = OuterRef("organization")
    named = Organization.objects.filter(code=code).order_by().values("short_name")
    rows = (
        events(submission, seats)
        .exclude(action__in=but)
        .values_list("at", "action", "details", "organization", "actor_name", Subquery(named))
    )
    return [
        Line(
            at,
            _what(action, details),
            actor if code in own else _whose(action, details, name, lab=lab),
        )
        for at, action, details, code, actor, name in rows[first : first + count]
    ]


@dataclass(frozen=True)
class Opening:
    """That an agency opened something of the lab's, how often, and when first and last."""

    what: str
    agency: str
    times: int
    first_at: datetime
    last_at: datetime


def openings(submission: Submission) -> list[Opening]:
    """What of the lab's was opened by which agency, never by whom; the last opened first."""
    events = AuditEvent.objects.filter(
        submission=submission.reference,
        outcome=audit.DONE,
        action__in=["package.read", "document.read"],
    ).exclude(organization__in=["", submission.lab.code])
    agencies = dict(Organization.objects.values_list("code", "short_name"))
    titles = {
        str(key): title
        for key, title in Document.objects.filter(submission=submission).values_list("key", "title")
    }
    counted = events.order_by().values_list("action", "object_reference", "organization")
    rows = counted.annotate(times=Count("pk"), first=Min("at"), last=Max("at"))
    return [
        Opening(
            titles[reference] if action == "document.read" else "Your answers",
            agencies[code],
            times,
            first,
            last,
        )
        for action, reference, code, times, first, last in rows.order_by("-last", "organization")
    ]


def _whose(action: str, details: dict[str, Any], organization: str | None, *, lab: bool) -> str:
    """By whose word it was: for a lab no organization, where an administrator gave it."""
    administered = (
        action in BY_ADMINISTRATORS or details.get("because") in REVOKED_BY_ADMINISTRATORS
    )
    if lab and administered:
        return audience.ADMINISTRATOR.capitalize()
    return organization or audit.SYSTEM.name


def _what(action: str, details: dict[str, Any]) -> str:
    about = details.get("agency") or details.get("step", "").lower()
    return audit_words.words(action) + (f": {about}" if about else "")
