"""The completion board: how far each reviewing agency is, in one word that all of them see.

The word says nothing of who or what. A lab sees of it only who has filed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import Seat
from accounts.roles import Role
from reviews import audience, prepared
from reviews.models import AgencyPosition, AgencyReview, Assignment, Coauthor, Submission
from reviews.models.agency_review import Outcome
from reviews.policy import Action
from reviews.rules import Standing
from reviews.workflow import Status

NOBODY = Standing(person=None, seats=(), recused=())  # whoever asks, the board says the same


class AgencyState(StrEnum):
    """How far an agency is with a submission."""

    UNASSIGNED = "unassigned"
    READING = "reading"
    DRAFTED = "drafted"
    FILED = "filed"
    RECUSED = "recused"
    NO_VIEW_RECORDED = "no_view_recorded"

    @property
    def label(self) -> str:
        return self.replace("_", " ").capitalize()

    @property
    def has_filed(self) -> bool:
        """Whether a position stands, be it that the agency takes no part."""
        return self in (AgencyState.FILED, AgencyState.RECUSED)


@dataclass(frozen=True)
class AgencyProgress:
    """One agency, by its number and names, and its state."""

    agency: int
    name: str
    short_name: str
    state: AgencyState


def states(submission: Submission, *, at: datetime) -> list[AgencyProgress]:
    """Each reviewing agency, and any that filed before it was detached, by name: one query."""
    under_review = submission.status_at(at) == Status.UNDER_REVIEW
    return [
        AgencyProgress(
            agency, name, short_name, _state(outcome, under_review, bool(begun), bool(assigned))
        )
        for agency, name, short_name, outcome, begun, assigned in prepared.rows(
            _agencies, NOBODY, pk=submission.pk
        )
    ]


def _agencies(who: Standing) -> QuerySet[Seat, tuple[object, ...]]:
    """(number, name, short name, outcome, whether begun, whether assigned) of each agency."""
    submission = Submission(pk=prepared.PK)
    here = {"submission": submission, "agency": OuterRef("organization")}
    outcome = AgencyPosition.objects.filter(**here).order_by("-version").values("outcome")[:1]
    assigned = Assignment.objects.still_reviewing().filter(**here)
    reviews = AgencyReview.objects.filter(**here)
    coauthors = Coauthor.objects.filter(review=OuterRef(OuterRef("pk"))).values("person")
    # A draft that nobody can go on with is none.
    writing = Assignment.objects.still_reviewing().filter(
        Q(reviewer=OuterRef("author")) | Q(reviewer__in=coauthors),
        submission=submission,
        agency=OuterRef("agency"),
    )
    begun = reviews.filter(Q(filed_at__isnull=False) | Exists(writing))
    position = AgencyPosition.objects.filter(**here)
    leading = audience.seats(Action.FILE_POSITION, submission)
    return (
        Seat.objects.filter(leading | Q(Exists(position), role=Role.LEAD))
        .order_by("organization__name")
        .values_list(
            *("organization", "organization__name", "organization__short_name"),
            Subquery(outcome),
            Exists(begun),
            Exists(assigned),
        )
    )


def _state(outcome: str | None, under_review: bool, begun: bool, assigned: bool) -> AgencyState:
    if outcome is not None:
        return AgencyState.RECUSED if outcome == Outcome.RECUSED else AgencyState.FILED
    if not under_review:
        return AgencyState.NO_VIEW_RECORDED
    if begun:
        return AgencyState.DRAFTED
    return AgencyState.READING if assigned else AgencyState.UNASSIGNED
