"""How NSA uses its discretion: what became of each submission, and how long it took, counted.

By lab and by the size of labs. The database counts; nothing here reads a row for each submission.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When, Window
from django.db.models.functions import RowNumber

from accounts.models import Organization
from accounts.roles import Size
from reviews.models import Determination, Submission
from reviews.models.determination import Coverage
from reviews.workflow import Status

ALL = 0  # the one group where nothing is told apart


class Fate(StrEnum):
    """What became of a filed submission as far as a determination goes."""

    COVERED = Coverage.COVERED.value
    NOT_COVERED = Coverage.NOT_COVERED.value
    NOT_MADE = "not_made"
    WITHDRAWN = "withdrawn"
    NONE_YET = "none_yet"

    @property
    def label(self) -> str:
        return {
            "not_made": "Not made",
            "withdrawn": "Withdrawn before one",
            "none_yet": "Open, none yet",
        }.get(self, self.replace("_", " ").capitalize())


@dataclass
class Group:
    """The submissions of one lab, of one size, or all: what became of them, and the time taken.

    ``median`` and ``longest`` are from filing to the first signed determination, None without one.
    """

    label: str
    counts: Counter[Fate] = field(default_factory=Counter)
    median: timedelta | None = None
    longest: timedelta | None = None

    @property
    def numbers(self) -> list[int]:
        """How many of each fate, in the order that fates are listed in."""
        return [self.counts[fate] for fate in Fate]


@dataclass(frozen=True)
class Summary:
    """The whole, then lab by lab, then size by size."""

    whole: Group
    labs: list[Group]
    sizes: list[Group]


def summary(*, at: datetime) -> Summary:
    """All filed submissions as they are at ``at``: five queries, however many there are."""
    counted = list(_counted(at))
    labs = Organization.objects.in_bulk({row["lab"] for row in counted})
    by_lab: dict[Any, Group] = {pk: Group(lab.short_name) for pk, lab in labs.items()}
    by_size: dict[Any, Group] = {
        size: Group(Size(size).label if size else "Not recorded") for size in (*Size, "")
    }
    whole = Group("All labs")
    for row in counted:
        for group in (whole, by_lab[row["lab"]], by_size[labs[row["lab"]].size]):
            group.counts[Fate(row["fate"])] += row["submissions"]
    for groups, by in (
        (by_lab, "submission__model_version__lab"),
        (by_size, "submission__model_version__lab__size"),
        ({ALL: whole}, None),
    ):
        for key, (median, longest) in _times(by).items():
            groups[key].median, groups[key].longest = median, longest
    return Summary(
        whole,
        sorted(by_lab.values(), key=lambda group: group.label),
        [group for group in by_size.values() if group.counts],
    )


def _counted(at: datetime) -> Any:
    """How many filed submissions of each lab came to which fate."""
    last = Determination.objects.signed().filter(submission=OuterRef("pk"))
    fate = Case(
        When(outcome__isnull=False, then=F("outcome")),
        When(status=Status.WITHDRAWN, then=Value(Fate.WITHDRAWN.value)),
        When(review_ends_at__gt=at, then=Value(Fate.NONE_YET.value)),
        default=Value(Fate.NOT_MADE.value),
    )
    return (
        Submission.objects.filed()
        .annotate(outcome=Subquery(last.values("outcome")[:1]))
        .annotate(fate=fate, lab=F("model_version__lab"))
        .values("lab", "fate")
        .annotate(submissions=Count("pk"))
        .order_by()
    )


def _times(by: str | None) -> dict[Any, tuple[timedelta, timedelta]]:
    """By group, (the median, the longest) time to a first determination.

    Read are the middle one or two of each group, and its last.
    """
    earlier = Determination.objects.signed().filter(
        submission=OuterRef("submission"), number__lt=OuterRef("number")
    )
    apart = F(by) if by else None
    taken = F("signed_at") - F("submission__opens_at")
    rows = (
        Determination.objects.signed()
        .filter(~Exists(earlier))
        .annotate(
            taken=taken,
            twice=Window(RowNumber(), partition_by=apart, order_by=taken.asc()) * 2,
            many=Window(Count("pk"), partition_by=apart),
        )
        .filter(Q(twice__gte=F("many"), twice__lte=F("many") + 2) | Q(twice=F("many") * 2))
        .order_by("twice")
        .values_list(by or Value(ALL), "taken", "twice", "many")
    )
    found: dict[Any, list[tuple[timedelta, int, int]]] = defaultdict(list)
    for group, time, twice, many in rows:
        found[group].append((time, twice, many))
    return {group: (_median(times), times[-1][0]) for group, times in found.items()}


def _median(times: Iterable[tuple[timedelta, int, int]]) -> timedelta:
    middle = [time for time, twice, many in times if many <= twice <= many + 2]
    return sum(middle, timedelta()) / len(middle)
