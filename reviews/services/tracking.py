"""How much access there is now, in each state and by whose it is: the numbers of the board.

One query, whoever reads it and however much there is: policy says which grants are hers, an
index holds those that are not over, and the database counts.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from django.db.models import Case, F, Model, Q, QuerySet, SmallIntegerField, Value, When

from accounts.models import Organization, OrganizationSector, User
from accounts.sectors import Sector
from reviews import policy, prepared
from reviews.models import AccessGrant
from reviews.models import grant_queries as queries
from reviews.models.access_grant import CLOSEOUT_OVERDUE
from reviews.models.grant_states import GrantState
from reviews.policy import Action
from reviews.rules import Standing

SOON = timedelta(days=7)
# So many of each breakdown, those with the most access first.
SHOWN = 20


class Tracked(StrEnum):
    """What the board counts: states, and what of a state needs attention."""

    LIVE = GrantState.LIVE
    ENDING = "ending"
    REQUESTED = GrantState.REQUESTED
    CONSENTED = GrantState.CONSENTED
    AWAITING_TERMS = GrantState.AWAITING_TERMS
    SUSPENDED = GrantState.SUSPENDED
    OVERDUE = "overdue"

    @property
    def label(self) -> str:
        own = {
            Tracked.LIVE: "Live now",
            Tracked.ENDING: f"Live, ending within {SOON.days} days",
            Tracked.OVERDUE: "Closeout overdue",
        }
        return own.get(self) or GrantState(self).label


def tracked(wanted: str, at: datetime) -> Q:
    """The condition on grants that they are among what ``wanted`` counts, or in that state."""
    if wanted == Tracked.ENDING:
        return queries.ends_within(at, SOON)
    if wanted == Tracked.OVERDUE:
        own_end, windows_end = queries.to_close_out_parts(at - CLOSEOUT_OVERDUE)
        return own_end | windows_end
    return queries.in_state(GrantState(wanted), at)


@dataclass(frozen=True)
class Breakdown:
    """One way to divide the grants: its heading, the column of the grant, what that names.

    Where the column only leads to it, ``beyond`` is how on: a kind of row, its column that
    equals the grant's, and the one that it leads to. Such rows are few, and the grants many.
    ``code`` is what an address calls it.
    """

    label: str
    column: str
    named: Callable[[Collection[Any]], dict[Any, Any]]
    name: str
    code: str
    beyond: tuple[type[Model], str, str] | None = None


def _rows_of(model: type[Model]) -> Callable[[Collection[Any]], dict[Any, Any]]:
    return lambda keys: model._default_manager.in_bulk(keys)


_organizations = _rows_of(Organization)
# How the board divides what it counts; one line each.
BREAKDOWNS = {
    "lab": Breakdown("Lab", "lab", _organizations, "short_name", "code"),
    "agency": Breakdown("Agency", "agency", _organizations, "short_name", "code"),
    "partner": Breakdown("Partner", "partner", _organizations, "short_name", "code"),
    "sector": Breakdown(
        "Sector",
        "partner",
        lambda keys: {key: Sector(key) for key in keys},
        "label",
        "value",
        (OrganizationSector, "organization", "sector"),
    ),
    "grantee": Breakdown("Person", "grantee", _rows_of(User), "name", "pk"),
}


_NUMBERS = {one: number for number, one in enumerate(Tracked)}


@dataclass(frozen=True)
class Line:
    """One lab, agency, partner, sector or person: how many grants are counted as what."""

    code: str
    name: str
    counts: dict[Tracked, int]


@dataclass(frozen=True)
class Board:
    """All that the board says at one instant, divided one way."""

    counts: dict[Tracked, int]
    lines: list[Line]


def board(user: User, by: str, *, at: datetime) -> Board:
    """The counts of the grants that ``user`` may track at ``at``, divided ``by`` a breakdown."""
    lines: list[tuple[Any, dict[Tracked, int]]] = []
    everything = dict.fromkeys(Tracked, 0)
    for total, key, *numbers in prepared.rows(
        _counted(by), Standing.of(user), at=at, around=_counting(by)
    ):
        counts = {one: int(n or 0) for one, n in zip(Tracked, numbers, strict=True)}
        counts[Tracked.LIVE] += counts[Tracked.ENDING]
        if total:
            everything = counts
        else:
            lines.append((key, counts))
    return Board(everything, _named(BREAKDOWNS[by], lines))


def _named(by: Breakdown, lines: list[tuple[Any, dict[Tracked, int]]]) -> list[Line]:
    rows = by.named([key for key, _ in lines])
    return [
        Line(str(getattr(rows[key], by.code)), getattr(rows[key], by.name), counts)
        for key, counts in lines
    ]


@cache
def _counted(by: str) -> Callable[[Standing], QuerySet[Any]]:
    """Each grant that is counted: as what, and by whom."""

    def query(who: Standing) -> QuerySet[Any]:
        at = prepared.AT
        seen = AccessGrant.objects.filter(policy.holds(who, Action.TRACK_GRANTS, at=at))
        seen = seen.order_by().annotate(which=F(BREAKDOWNS[by].column))
        state = Case(
            When(~queries.CONSENTED, then=_NUMBERS[Tracked.REQUESTED]),
            When(~queries.AUTHORIZED & queries.AGREED, then=_NUMBERS[Tracked.AWAITING_TERMS]),
            When(~queries.AUTHORIZED, then=_NUMBERS[Tracked.CONSENTED]),
            When(queries.some_suspended(at), then=_NUMBERS[Tracked.SUSPENDED]),
            When(starts_at__gt=at, then=-1),
            When(queries.ends_by(at + SOON), then=_NUMBERS[Tracked.ENDING]),
            default=_NUMBERS[Tracked.LIVE],
            output_field=SmallIntegerField(),
        )
        overdue = Value(_NUMBERS[Tracked.OVERDUE], SmallIntegerField())
        first, *others = (
            seen.filter(part).annotate(state=found).values_list("state", "which")
            for parts, found in (
                (queries.running_parts(at), state),
                (queries.to_close_out_parts(at - CLOSEOUT_OVERDUE), overdue),
            )
            for part in parts
        )
        every: QuerySet[Any] = first.union(*others, all=True)
        return every

    return query


# Whatever is divided into thousands is added up once more before it is laid out. The counts are
# small integers: a sum of anything larger is arbitrary precision, which would cost as much as
# finding the grants.
_COUNTS = """
WITH found AS ({{}}),
few AS (SELECT which, state, CAST(COUNT(*) AS integer) AS n FROM found GROUP BY which, state),
{leads}
every AS (SELECT state, CAST(SUM(n) AS integer) AS n FROM few GROUP BY state),
most AS (
    SELECT which, SUM(n) AS total FROM {divided} WHERE which IS NOT NULL
    GROUP BY which ORDER BY total DESC, which LIMIT {shown}
)
SELECT 1, NULL, {counts} FROM every
UNION ALL SELECT * FROM (
    SELECT 0, most.which, {counts} FROM most JOIN {divided} ON {divided}.which = most.which
    GROUP BY most.which, total ORDER BY total DESC, most.which
) AS line
"""
_LEADS = """
leads(which, whose) AS ({on}),
led AS (
    SELECT whose AS which, state, CAST(SUM(n) AS integer) AS n
    FROM few JOIN leads ON leads.which = few.which GROUP BY whose, state
),
"""


@cache
def _counting(by: str) -> str:
    """SQL that counts the rows of a query as ``Tracked`` has it, all of them and divided.

    What is written into it are names of this file.
    """
    leads = ""
    if beyond := BREAKDOWNS[by].beyond:
        model, equals, whose = beyond
        on = model._default_manager.order_by().values_list(equals, whose)
        leads = _LEADS.format(on=on.query)
    counts = (f"SUM(CASE state WHEN {n} THEN n ELSE 0 END)" for n in _NUMBERS.values())
    return _COUNTS.format(
        leads=leads,
        divided="led" if leads else "few",
        shown=SHOWN,
        counts=", ".join(counts),
    )
