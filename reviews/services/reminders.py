"""Reminders: each series is declared once, and nothing else knows one by name.

A reminder says when it is due, whom it still concerns, and its words; all three are computed
from the row as it is now. Of each series only the latest due is worth sending (docs/domain.md
section 7). To add one, add a ``Reminder`` to a series below.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Seat, User
from accounts.roles import Role
from reviews import audience, clock
from reviews.models import (
    AgencyPosition,
    AgencyReview,
    Assignment,
    PreliminaryLetter,
    Submission,
)
from reviews.models.document import DocumentKind
from reviews.models.notice import ESCALATED_IDLE, ESCALATED_UNASSIGNED, Topic
from reviews.models.preliminary_letter import letter_due_at
from reviews.policy import Action
from reviews.services import access_reminders, business_days, request_reminders
from reviews.services.series import Reminder, Series

# A filing answers the core questions; of the documents that may follow, these are waited for.
EXPECTED = frozenset({DocumentKind.MODEL_CARD, DocumentKind.RISK_ASSESSMENT})


def _open(at: datetime) -> QuerySet[Submission]:
    return Submission.objects.window_open(at).select_related("model_version__lab")


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
    written = AgencyReview.objects.written_by(OuterRef("pk"))
    filed = written.filter(submission=submission, filed_at__isnull=False)
    assigned = Assignment.objects.in_force().filter(submission=submission).values("reviewer")
    return audience.people(Action.ANSWER_ASSIGNMENT, submission).filter(
        ~Exists(filed), pk__in=assigned
    )


def _leads_without_letter(submission: Submission) -> Iterable[User]:
    """Those without a position, until the letter is issued."""
    if PreliminaryLetter.objects.filter(submission=submission).exists():
        return []
    return _seated(lambda row: _leads(row, Q()))(submission)


def _ending(days: int, kind: str) -> Reminder:
    words = f"{days} day{'' if days == 1 else 's'}"
    return Reminder(
        kind,
        _before_end(days),
        _holders(Action.VIEW),
        f"A review window ends within {words}",
        "A review window that you follow ends on {end}. See what is outstanding.",
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
                letter_due_at,
                _leads_without_letter,
                "The preliminary-issues letter is due",
                "File what your agency has for the letter, “none so far” included, and issue it "
                "to the lab. The window ends on {end}.",
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
                _holders(Action.ANSWER_ASSIGNMENT),
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
        (Action.ANSWER_ASSIGNMENT,),
    ),
    Series(
        _open,
        (
            _ending(7, "ends_in_7_days"),
            _ending(3, "ends_in_3_days"),
            _ending(1, "ends_in_1_day"),
        ),
    ),
    *access_reminders.SERIES,
    *request_reminders.SERIES,
)
SERIES_OF = {reminder.kind: series for series in SERIES for reminder in series.reminders}
REMINDERS = {reminder.kind: reminder for series in SERIES for reminder in series.reminders}
