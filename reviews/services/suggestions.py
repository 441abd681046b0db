"""Whom a lead could assign, ranked by facts that each suggestion names with its points.

``rank`` is a pure function of those facts: the same facts give the same order, in whatever
order they come.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from django.db.models import Count, Exists, IntegerField, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Absence, ExpertiseTag, Organization, User
from accounts.models.expertise_tag import Expertise
from reviews import policy
from reviews.models import Assignment, Submission
from reviews.models.agency_review import AgencyReviewQuerySet
from reviews.policy import Action
from reviews.services import assignments

PER_OPEN_ASSIGNMENT = -10
PER_FIELD = 5
PER_IDLE_WEEK = 1
MOST_FOR_IDLENESS = 8
EARLIER_VERSION = 6
AWAY_THROUGHOUT = -20
WEEK = timedelta(weeks=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
TIE = "Equal points go to whoever was assigned longest ago, then by name and email address."


@dataclass(frozen=True)
class Facts:
    """What is known of one reviewer. ``away`` is the share of the time left that she is away."""

    name: str
    email: str
    open: int = 0
    fields: frozenset[str] = frozenset()
    assigned_at: datetime | None = None
    away: float = 0
    knows_the_model: bool = False
    declined: bool = False


@dataclass(frozen=True)
class Factor:
    """One reason, in words, and the points that it gives or takes."""

    words: str
    points: int

    @property
    def signed(self) -> str:
        """The points with their sign."""
        return _signed(self.points)


@dataclass(frozen=True)
class Suggestion:
    """One reviewer, with why; ``ruled_out`` says why she is not among the ranked."""

    name: str
    email: str
    factors: tuple[Factor, ...]
    ruled_out: str = ""

    @property
    def points(self) -> int:
        """The sum of all factors."""
        return sum(factor.points for factor in self.factors)

    @property
    def signed(self) -> str:
        """The sum with its sign."""
        return _signed(self.points)


def _signed(points: int) -> str:
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}") if points else "0"


def rank(
    known: Iterable[Facts], *, needs: Collection[str], at: datetime
) -> tuple[list[Suggestion], list[Suggestion]]:
    """(the suggestions, best first; those ruled out, by name).

    Equal points go to whoever was assigned longest ago, then by name and address.
    """
    scored = [(one, suggest(one, needs=needs, at=at)) for one in known]

    def place(pair: tuple[Facts, Suggestion]) -> tuple[bool, int, datetime, str, str]:
        one, suggestion = pair
        out = bool(suggestion.ruled_out)
        points = 0 if out else -suggestion.points
        last = LONG_AGO if out else one.assigned_at or LONG_AGO
        return out, points, last, one.name, one.email

    ordered = [suggestion for _, suggestion in sorted(scored, key=place)]
    fit = [suggestion for suggestion in ordered if not suggestion.ruled_out]
    return fit, ordered[len(fit) :]


def suggest(one: Facts, *, needs: Collection[str], at: datetime) -> Suggestion:
    """What speaks for and against the reviewer, for a review that ``needs`` these fields."""
    ruled_out = ""
    if one.declined:
        ruled_out = "Declined this review."
    elif one.away >= 1:
        ruled_out = "Away for all of the time that is left."
    factors = (
        _load(one.open),
        _expertise(one.fields, needs),
        _idleness(one.assigned_at, at),
        _absence(one.away),
        _experience(one.knows_the_model),
    )
    return Suggestion(one.name, one.email, factors, ruled_out)


def _load(number: int) -> Factor:
    words = "assignment" if number == 1 else "assignments"
    return Factor(f"{number or 'No'} open {words}", PER_OPEN_ASSIGNMENT * number)


def _expertise(fields: Collection[str], needs: Collection[str]) -> Factor:
    matching = [one.label for one in Expertise if one in fields and one in needs]
    words = ", ".join(matching).lower() or "none of what it needs"
    return Factor(f"Expertise: {words}", PER_FIELD * len(matching))


def _idleness(assigned_at: datetime | None, at: datetime) -> Factor:
    if assigned_at is None:
        return Factor("Never assigned by your agency", MOST_FOR_IDLENESS)
    days = (at - assigned_at) // timedelta(days=1)
    when = "today" if days < 1 else "1 day ago" if days == 1 else f"{days} days ago"
    weeks = max((at - assigned_at) // WEEK, 0)
    return Factor(f"Last assigned {when}", min(PER_IDLE_WEEK * weeks, MOST_FOR_IDLENESS))


def _absence(share: float) -> Factor:
    if not share:
        return Factor("No absence noted before the window ends", 0)
    words = f"Away for {max(round(100 * share), 1)}% of the time that is left"
    return Factor(words, round(AWAY_THROUGHOUT * share))


def _experience(knows: bool) -> Factor:
    if knows:
        return Factor("Filed a review of an earlier submission of this model", EARLIER_VERSION)
    return Factor("No review of an earlier submission of this model", 0)


def for_assigning(
    submission: Submission, agency: Organization, *, by: User, at: datetime
) -> list[Facts]:
    """The facts about each reviewer whom ``by`` may assign and the agency has not: three queries.

    Nobody who is recused is among them, nor ``by`` herself.
    """
    of_agency = Assignment.objects.filter(agency=agency)
    hers = of_agency.filter(reviewer=OuterRef("pk")).order_by()
    here = hers.filter(submission=submission)
    unfinished = hers.unfinished().filter(submission__in=policy.allowed(by, Action.ASSIGN, at=at))
    # What she is recused from is told by no suggestion either.
    readable = policy.allowed(by, Action.READ_REVIEW, at=at)
    seen = policy.allowed(by, Action.VIEW, at=at)
    filed = cast(AgencyReviewQuerySet, readable).written_by(OuterRef("pk")).filter(agency=agency)
    model = submission.model_version
    of_model = filed.filter(
        filed_at__isnull=False,
        submission__model_version__lab=model.lab_id,
        submission__model_version__family=model.family,
    ).exclude(submission=submission)
    people = list(
        assignments.possible_reviewers(submission, agency, by=by)
        .filter(~Exists(here.in_force()))
        .annotate(
            open=Coalesce(
                Subquery(
                    unfinished.values("reviewer").annotate(n=Count("pk")).values("n"),
                    output_field=IntegerField(),
                ),
                0,
            ),
            assigned_at=Subquery(
                hers.filter(submission__in=seen)
                .values("reviewer")
                .annotate(last=Max("assigned_at"))
                .values("last")
            ),
            knows_the_model=Exists(of_model),
            declined=Exists(here.filter(declined_at__isnull=False)),
        )
    )
    fields: dict[int, set[str]] = {}
    for person, tag in ExpertiseTag.objects.filter(person__in=people).values_list("person", "tag"):
        fields.setdefault(person, set()).add(tag)
    away = away_shares(people, at, submission.closes_at or at)
    return [
        Facts(
            one.name,
            one.email,
            one.open,
            frozenset(fields.get(one.pk, ())),
            one.assigned_at,
            away.get(one.pk, 0),
            one.knows_the_model,
            one.declined,
        )
        for one in people
    ]


def away_shares(people: Collection[User], since: datetime, until: datetime) -> dict[int, float]:
    """By person, the share of the time between the two instants that she noted to be away."""
    found: dict[int, float] = {}
    for person, starts_at, ends_at in Absence.objects.filter(
        person__in=people, starts_at__lt=until, ends_at__gt=since
    ).values_list("person", "starts_at", "ends_at"):
        share = (min(ends_at, until) - max(starts_at, since)) / (until - since)
        found[person] = min(found.get(person, 0) + share, 1)
    return found
