"""How much each reviewer has to do, for the leads of her agency."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import Absence, Organization, Seat, User
from accounts.roles import Role
from reviews import policy
from reviews.models import AgencyReview, Assignment, Recusal
from reviews.policy import Action

RECENT = timedelta(days=30)


@dataclass
class Load:
    """One reviewer's: ``open`` assignments, those of them ``drafted``, and what she filed lately.

    ``next_end`` is the first end of a window among the open ones; ``absence`` the one that she
    is on or that comes next.
    """

    open: int = 0
    drafted: int = 0
    filed: int = 0
    next_end: datetime | None = None
    absence: Absence | None = None
    away: bool = False


def reviewers(agencies: QuerySet[Organization]) -> QuerySet[User]:
    """The active reviewers of the agencies."""
    seats = Seat.objects.filter(role=Role.REVIEWER, organization__in=agencies)
    members = User.groups.through.objects.filter(group__in=seats.values("group"))
    return User.objects.filter(is_active=True, pk__in=members.values("user"))


def of(
    people: Collection[User], agencies: QuerySet[Organization], *, by: User, at: datetime
) -> dict[int, Load]:
    """By person, her load at those agencies, as far as ``by`` may know of it: four queries."""
    loads = {person.pk: Load() for person in people}
    draft = AgencyReview.objects.written_by(OuterRef("reviewer")).filter(
        submission=OuterRef("submission"), agency=OuterRef("agency"), filed_at__isnull=True
    )
    recused = Exists(
        Recusal.objects.filter(submission=OuterRef("submission"), person=OuterRef("reviewer"))
    )
    unfinished = (
        Assignment.objects.unfinished()
        .filter(
            reviewer__in=people,
            agency__in=agencies,
            submission__in=policy.allowed(by, Action.ASSIGN, at=at),
        )
        .exclude(recused)
    )
    for person, closes_at, drafted in unfinished.values_list(
        "reviewer", "submission__closes_at", Exists(draft)
    ):
        load = loads[person]
        load.open += 1
        load.drafted += drafted
        load.next_end = min(load.next_end or closes_at, closes_at)
    filed = policy.allowed(by, Action.READ_REVIEW, at=at).filter(
        agency__in=agencies, filed_at__gt=at - RECENT
    )
    for wrote in ("author", "coauthors__person"):
        counted = filed.filter(**{f"{wrote}__in": people}).order_by().values_list(wrote)
        for person, number in counted.annotate(n=Count("submission", distinct=True)):
            loads[person].filed += number
    absences = Absence.objects.filter(person__in=people, ends_at__gt=at).order_by("-starts_at")
    for absence in absences:
        load = loads[absence.person_id]
        load.absence, load.away = absence, absence.starts_at <= at
    return loads
