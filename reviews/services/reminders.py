"""Reminders: each series is declared once, and nothing else knows one by name.

A reminder says when it is due, whom it still concerns, and its words; all three are computed
from the row as it is now. Of each series only the latest due is worth sending (docs/domain.md
section 7). To add one, add a ``Reminder`` to a series below.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Seat, User
from accounts.roles import Role
from reviews import audience, clock
from reviews.emails import Wording
from reviews.models import (
    AccessGrant,
    AgencyPosition,
    AgencyReview,
    Assignment,
    Submission,
)
from reviews.models.document import DocumentKind
from reviews.models.notice import ESCALATED_IDLE, ESCALATED_UNASSIGNED, Topic
from reviews.policy import Action
from reviews.services import business_days

Row = Submission | AccessGrant
# A filing answers the core questions; of the documents that may follow, these are waited for.
EXPECTED = frozenset({DocumentKind.MODEL_CARD, DocumentKind.RISK_ASSESSMENT})


@dataclass(frozen=True)
class Reminder:
    """One point of a series. ``due`` is None where the row has no such point.

    ``concerns`` is whom it still concerns. The sentence may say {end}: the window's, or the
    grant's. ``calendar`` is what falls due then; a point that only counts the days to another
    has none.
    """

    kind: str
    due: Callable[[Any], datetime | None]
    concerns: Callable[[Any], Iterable[User]]
    subject: str
    sentence: str
    topic: Topic = Topic.REMINDERS
    calendar: str = ""

    @property
    def wording(self) -> Wording:
        """What its notices say."""
        return Wording(self.topic, self.subject, self.sentence)


@dataclass(frozen=True)
class Series:
    """Reminders of which a later one replaces the earlier; ``rows`` are those it may concern.

    ``holds`` is the one-row form of ``rows``. Who may do one of ``actions`` has a role such as
    its reminders concern: her calendar shows their points before they are due.
    """

    rows: Callable[[datetime], QuerySet[Any]]
    reminders: tuple[Reminder, ...]
    actions: tuple[Action, ...] = (Action.VIEW,)
    holds: Callable[[Any, datetime], bool] = Submission.is_open

    def current(self, row: Row, at: datetime) -> tuple[Reminder, datetime] | None:
        """The reminder of the row whose time has come last, with that time; None before any."""
        due = {r.kind: point for r in self.reminders if (point := r.due(row)) is not None}
        kind = clock.latest_reached(due, at)
        return next(((r, due[kind]) for r in self.reminders if r.kind == kind), None)


def _open(at: datetime) -> QuerySet[Submission]:
    return Submission.objects.window_open(at).select_related("model_version__lab")


def _with_parties(grants: QuerySet[AccessGrant]) -> QuerySet[AccessGrant]:
    return grants.select_related("submission", "grantee", "requested_by")


def _grants(at: datetime) -> QuerySet[AccessGrant]:
    return _with_parties(AccessGrant.objects.running(at).filter(authorized_at__isnull=False))


def _running(grant: AccessGrant, at: datetime) -> bool:
    return grant.authorized_at is not None and grant.over_at(at) is None


def _attestable(side: str) -> Callable[[AccessGrant, datetime], bool]:
    return lambda grant, at: grant.attestable_at(at, side)


def _to_attest(side: str) -> Callable[[datetime], QuerySet[AccessGrant]]:
    return lambda at: _with_parties(AccessGrant.objects.attestable(at, side))


def _day(number: int) -> Callable[[Submission], datetime]:
    return lambda submission: clock.point_of_day(*submission.window(), number)


def _before_end(days: int) -> Callable[[Submission], datetime | None]:
    return lambda submission: clock.before_end(*submission.window(), days)


def _business_days(days: int) -> Callable[[Submission], datetime | None]:
    def due(submission: Submission) -> datetime | None:
        opens_at, closes_at = submission.window()
        point = business_days.after(opens_at, days)
        return point if point < closes_at else None

    return due


def _grant_before_end(days: int) -> Callable[[AccessGrant], datetime | None]:
    return lambda grant: clock.before_end(grant.starts_at, grant.effective_end(), days)


def _after_grant(days: int) -> Callable[[AccessGrant], datetime]:
    return lambda grant: grant.effective_end() + timedelta(days=days)


def _holders(action: Action) -> Callable[[Submission], Iterable[User]]:
    return lambda submission: audience.people(action, submission)


def _leads(submission: Submission, without: Q) -> QuerySet[Seat]:
    """The leads' seats there, of agencies ``without`` something and without a position."""
    position = AgencyPosition.objects.filter(submission=submission, agency=OuterRef("organization"))
    leading = audience.seats(Action.ASSIGN, submission)
    return Seat.objects.filter(leading, without, ~Exists(position))


def _unassigned(submission: Submission) -> QuerySet[Seat]:
    assigned = Assignment.objects.still_reviewing().filter(
        submission=submission, agency=OuterRef("organization")
    )
    return _leads(submission, Q(~Exists(assigned)))


def _idle(submission: Submission) -> QuerySet[Seat]:
    begun = AgencyReview.objects.filter(submission=submission, agency=OuterRef("organization"))
    return _leads(submission, Q(~Exists(begun)))


def _seated(
    seats: Callable[[Submission], QuerySet[Seat]],
) -> Callable[[Submission], Iterable[User]]:
    def concerned(submission: Submission) -> QuerySet[User]:
        groups = seats(submission).values("group")
        return audience.people(Action.ASSIGN, submission).filter(groups__in=groups).distinct()

    return concerned


def _and_administrators(
    seats: Callable[[Submission], QuerySet[Seat]],
) -> Callable[[Submission], Iterable[User]]:
    """The leads again, and the administrators of their agencies; any where one has none."""

    def concerned(submission: Submission) -> list[User]:
        agencies = set(seats(submission).values_list("organization", flat=True))
        if not agencies:
            return []
        offices = Seat.objects.filter(role=Role.ADMINISTRATOR, group__user__is_active=True)
        own = offices.filter(organization__in=agencies)
        served = set(own.values_list("organization", flat=True))
        groups = (own if served == agencies else offices).values("group")
        administrators = User.objects.filter(is_active=True, groups__in=groups).distinct()
        return [*_seated(seats)(submission), *administrators.order_by("name")]

    return concerned


def _lab_of_incomplete(submission: Submission) -> Iterable[User]:
    kinds = set(submission.documents.values_list("kind", flat=True))
    return [] if kinds >= EXPECTED else audience.people(Action.OWN, submission)


def _reviewers_without(submission: Submission) -> Iterable[User]:
    filed = AgencyReview.objects.filter(
        submission=submission, author=OuterRef("pk"), filed_at__isnull=False
    )
    assigned = Assignment.objects.filter(submission=submission).values("reviewer")
    return audience.people(Action.WRITE_REVIEW, submission).filter(~Exists(filed), pk__in=assigned)


def _leads_without_position(submission: Submission) -> Iterable[User]:
    return _seated(lambda row: _leads(row, Q()))(submission)


def _parties(grant: AccessGrant) -> Iterable[User]:
    return {grant.grantee, grant.requested_by, *audience.people(Action.OWN, grant.submission)}


def _agency_side(grant: AccessGrant) -> Iterable[User]:
    return {grant.grantee, grant.requested_by}


def _lab_side(grant: AccessGrant) -> Iterable[User]:
    return audience.people(Action.OWN, grant.submission)


def _ending(days: int, kind: str) -> Reminder:
    words = f"{days} day{'' if days == 1 else 's'}"
    return Reminder(
        kind,
        _before_end(days),
        _holders(Action.VIEW),
        f"A review window ends within {words}",
        "A review window that you follow ends on {end}. See what is outstanding.",
    )


def _access_ending(days: int) -> Reminder:
    words = f"{days} day{'' if days == 1 else 's'}"
    return Reminder(
        f"access_ends_in_{days}",
        _grant_before_end(days),
        _parties,
        f"Access ends within {words}",
        "Access to a model that you are a party to ends on {end}.",
    )


def _closeout(side: str, days: int, concerned: Callable[[Any], Iterable[User]]) -> Reminder:
    overdue = " It is overdue." if days > 5 else ""
    return Reminder(
        f"closeout_{side}_{days}",
        _after_grant(days),
        concerned,
        "Attest the closeout of access that has ended",
        "Access to a model that you were a party to ended on {end}. Attest that credentials "
        f"are disabled and that copies are destroyed or returned.{overdue}",
        Topic.REQUESTS,
        "Closeout becomes overdue if it is not attested" if days > 5 else "Closeout is due",
    )


SERIES = (
    Series(
        _open,
        (
            Reminder(
                "items_missing",
                _business_days(2),
                _lab_of_incomplete,
                "Items of your submission are still missing",
                "A model card or a risk assessment is not among the documents of your submission "
                "yet. You can add documents until the window ends on {end}.",
                calendar="Model card and risk assessment are due",
            ),
        ),
        (Action.OWN,),
    ),
    Series(
        _open,
        (
            Reminder(
                "nobody_assigned",
                _day(3),
                _seated(_unassigned),
                "Nobody is assigned to a review",
                "Your agency has assigned nobody to a review. Its window ends on {end}.",
                calendar="Reviewers are due to be assigned",
            ),
            Reminder(
                ESCALATED_UNASSIGNED,
                _day(5),
                _and_administrators(_unassigned),
                "Still nobody is assigned to a review",
                "An agency has assigned nobody to a review. Its window ends on {end}.",
                Topic.REQUESTS,
            ),
        ),
        (Action.ASSIGN,),
    ),
    Series(
        _open,
        (
            Reminder(
                "no_activity",
                _day(7),
                _seated(_idle),
                "Your agency has not begun a review",
                "Your agency has neither begun a review nor filed a position. The window ends "
                "on {end}.",
                calendar="A review is due to be begun",
            ),
            Reminder(
                ESCALATED_IDLE,
                _day(9),
                _and_administrators(_idle),
                "An agency has not begun a review",
                "An agency has neither begun a review nor filed a position. The window ends "
                "on {end}.",
                Topic.REQUESTS,
            ),
        ),
        (Action.ASSIGN,),
    ),
    Series(
        _open,
        (
            Reminder(
                "preliminary_issues_due",
                _day(10),
                _leads_without_position,
                "The preliminary-issues letter is due",
                "Tell the lab what issues there are so far, “none so far” included. The window "
                "ends on {end}.",
                calendar="The preliminary-issues letter is due",
            ),
        ),
        (Action.ASSIGN,),
    ),
    Series(
        _open,
        (
            Reminder(
                "midpoint",
                _day(15),
                _holders(Action.WRITE_REVIEW),
                "A review window is at its midpoint",
                "A review window that you follow has reached its midpoint. It ends on {end}.",
                calendar="A review window is at its midpoint",
            ),
            Reminder(
                "drafts_due",
                _day(20),
                _reviewers_without,
                "Your draft review is due",
                "A review assigned to you is not filed. Its window ends on {end}.",
                calendar="Draft reviews are due",
            ),
        ),
        (Action.WRITE_REVIEW,),
    ),
    Series(
        _open,
        (
            _ending(7, "ends_in_7_days"),
            _ending(3, "ends_in_3_days"),
            _ending(1, "ends_in_1_day"),
        ),
    ),
    Series(
        _grants,
        (_access_ending(14), _access_ending(7), _access_ending(1)),
        (Action.ATTEST_FOR_AGENCY, Action.ATTEST_FOR_LAB),
        _running,
    ),
    Series(
        _to_attest("agency"),
        (_closeout("agency", 5, _agency_side), _closeout("agency", 10, _agency_side)),
        (Action.ATTEST_FOR_AGENCY,),
        _attestable("agency"),
    ),
    Series(
        _to_attest("lab"),
        (_closeout("lab", 5, _lab_side), _closeout("lab", 10, _lab_side)),
        (Action.ATTEST_FOR_LAB,),
        _attestable("lab"),
    ),
)
SERIES_OF = {reminder.kind: series for series in SERIES for reminder in series.reminders}
REMINDERS = {reminder.kind: reminder for series in SERIES for reminder in series.reminders}
