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
from reviews.models import AccessGrant, Submission
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
        return {
            Tracked.LIVE: "Live now",
            Tracked.ENDING: f"Live, ending within {SOON.days} days",
            Tracked.REQUESTED: "Waiting for a lab's consent",
            Tracked.CONSENTED: "Waiting for authorization",
            Tracked.AWAITING_TERMS: "Waiting for a partner",
            Tracked.SUSPENDED: "Suspended",
            Tracked.OVERDUE: "Closeout overdue",
        }[self]


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
    "lab": Breakdown(
        "Lab",
        "submission",
        _organizations,
        "short_name",
        "code",
        (Submission, "pk", "model_version__lab"),
    ),
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
    "person": Breakdown("Person", "grantee", _rows_of(User), "name", "name"),
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
    """All that the board says at one instant."""

    counts: dict[Tracked, int]
    breakdowns: dict[str, list[Line]]


def board(user: User, *, at: datetime) -> Board:
    """The counts of the grants that ``user`` may track at ``at``, and their breakdowns."""
    found: dict[str, list[tuple[Any, dict[Tracked, int]]]] = {
        name: [] for name in ("", *BREAKDOWNS)
    }
    for name, key, *numbers in prepared.rows(
        _counted, Standing.of(user), at=at, around=_counting()
    ):
        counts = {one: int(n or 0) for one, n in zip(Tracked, numbers, strict=True)}
        counts[Tracked.LIVE] += counts[Tracked.ENDING]
        found[name].append((key, counts))
    ((_, everything),) = found.pop("")
    return Board(everything, _named(found))


def _named(found: dict[str, list[tuple[Any, dict[Tracked, int]]]]) -> dict[str, list[Line]]:
    """The rows with their names, read for each kind of row at once."""
    wanted: dict[Any, set[Any]] = {}
    for name, lines in found.items():
        wanted.setdefault(BREAKDOWNS[name].named, set()).update(key for key, _ in lines)
    rows = {named: named(keys) for named, keys in wanted.items()}
    return {
        name: [
            Line(str(getattr(row, way.code)), getattr(row, way.name), counts)
            for key, counts in lines
            for row in [rows[way.named][key]]
        ]
        for name, lines in found.items()
        for way in [BREAKDOWNS[name]]
    }


def _counted(who: Standing) -> QuerySet[Any]:
    """Each grant that is counted: as what, and by each breakdown."""
    at = prepared.AT
    seen = AccessGrant.objects.filter(policy.holds(who, Action.TRACK_GRANTS, at=at)).order_by()
    columns = {f"by_{name}": F(breakdown.column) for name, breakdown in BREAKDOWNS.items()}
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
    running = seen.filter(queries.running(at)).annotate(state=state, **columns)
    overdue = (
        seen.filter(part).annotate(
            state=Value(_NUMBERS[Tracked.OVERDUE], SmallIntegerField()), **columns
        )
        for part in queries.to_close_out_parts(at - CLOSEOUT_OVERDUE)
    )
    names = ("state", *columns)
    counted: QuerySet[Any] = running.values_list(*names)
    return counted.union(*(one.values_list(*names) for one in overdue), all=True)


@cache
def _counting() -> str:
    """SQL that counts the rows of a query as ``Tracked`` has it, all of them and divided.

    What is written into it are names of this file. The counts are small integers: a sum of
    anything larger is arbitrary precision, which would cost as much as finding the grants.
    """
    counts = ", ".join(f"SUM(CASE state WHEN {n} THEN n ELSE 0 END)" for n in _NUMBERS.values())
    first = next(iter(BREAKDOWNS))
    steps, parts = [], [f"SELECT '' AS name, NULL AS which, {counts} FROM {first}s"]  # noqa: S608
    for name, breakdown in BREAKDOWNS.items():
        groups = (
            f"SELECT by_{name} AS which, state, CAST(COUNT(*) AS integer) AS n "  # noqa: S608
            f"FROM found GROUP BY by_{name}, state"
        )
        if breakdown.beyond:
            model, equals, leads = breakdown.beyond
            on = model._default_manager.order_by().values_list(equals, leads)
            steps += [f"before_{name} AS ({groups})", f"to_{name}(which, whose) AS ({on.query})"]
            groups = (
                f"SELECT whose AS which, state, CAST(SUM(n) AS integer) AS n FROM before_{name} "  # noqa: S608
                f"JOIN to_{name} ON to_{name}.which = before_{name}.which GROUP BY whose, state"
            )
        steps.append(f"{name}s AS ({groups})")
        parts.append(
            f"SELECT * FROM (SELECT '{name}' AS name, which, {counts} FROM {name}s "  # noqa: S608
            "WHERE which IS NOT NULL "
            f"GROUP BY which ORDER BY SUM(n) DESC, which LIMIT {SHOWN}) AS most_{name}"
        )
    return f"WITH found AS ({{}}), {', '.join(steps)} {' UNION ALL '.join(parts)}"
