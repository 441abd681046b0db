"""What a rule of policy is made of; the rules themselves are in reviews/policy.py.

A rule joins independent facts that all must hold now: an active person holds a seat, the
seat is attached with the rule's codename, the person is not recused, the clock is inside the
window, and the rule's own clauses. No superuser flag is read.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import Permission
from django.core.exceptions import EmptyResultSet
from django.db.models import BooleanField, F, Func, Model, Q, Value

from accounts.models import Seat, User
from accounts.roles import Role
from reviews.models import (
    AccessGrant,
    AgencyPosition,
    AgencyReview,
    Assignment,
    Consultation,
    Determination,
    Document,
    DocumentVersion,
    GrantExtension,
    InformationRequest,
    Notice,
    Post,
    PrivateNote,
    RequestAnswer,
    Submission,
    SubmissionGroupObjectPermission,
    Thread,
    Upload,
)
from reviews.models.document import DocumentRestriction
from reviews.models.permissions import CODENAMES
from reviews.workflow import Status


class Time(StrEnum):
    """When a rule holds: by the clock, never by a stored flag."""

    ALWAYS = "always"
    BEFORE_THE_END = "before_the_end"
    WINDOW_OPEN = "window_open"
    FILED = "filed"


def in_time(time: Time, at: datetime, path: str = "") -> Q:
    """The condition that the submission at ``path`` is at such a time at the instant ``at``."""
    window_open = Q(
        **{
            f"{path}opens_at__lte": at,
            f"{path}review_ends_at__gt": at,
        }
    )
    if time is Time.WINDOW_OPEN:
        return window_open
    if time is Time.BEFORE_THE_END:
        return window_open | Q(**{f"{path}status": Status.DRAFT})
    if time is Time.FILED:
        return Q(**{f"{path}opens_at__isnull": False})
    return Q()


# Every row: what an empty condition means, said so that "or" understands it.
ANY = ~Q(pk__in=())
# From a seat that a person holds to what she, and nobody else there, is recused from.
RECUSED = "group__user__recusals__submission"


@dataclass(frozen=True)
class Standing:
    """An active person's seats and recusals as they are now: read once for one question.

    Groups and permissions are named by number in the questions asked with it: only then
    does PostgreSQL know how many rows each has, and stays as fast for somebody attached to
    fifty submissions of a hundred thousand as for somebody attached to all.
    """

    person: int | None
    seats: tuple[tuple[int, str, int], ...]
    recused: tuple[int, ...]

    @classmethod
    def of(cls, user: User) -> "Standing":
        """What ``user`` holds at this moment; nothing when disabled or not signed in.

        A page's questions share one reading, which the middleware left on its user.
        """
        shared = getattr(user, "standing", None)
        if isinstance(shared, cls):
            return shared
        seats = Seat.objects.held_by(user)
        return cls.read(user, seats.values_list("group", "role", "organization", RECUSED))

    @classmethod
    def read(cls, user: User, rows: Collection[tuple[int, str, int, int | None]]) -> "Standing":
        """What ``user`` holds by ``rows``: (group, role, organization, recused) of each seat.

        A seat comes once for each submission that she is recused from.
        """
        seats = dict.fromkeys((group, role, there) for group, role, there, _ in rows)
        recused = dict.fromkeys(submission for *_, submission in rows if submission is not None)
        return cls(user.pk, tuple(seats), tuple(recused))

    def groups(self, codename: str) -> dict[int, list[int]]:
        """For each organization, the groups of the seats whose role has ``codename`` at all."""
        found: dict[int, list[int]] = {}
        for group, role, organization in self.seats:
            if codename in CODENAMES.get(Role(role), frozenset()):
                found.setdefault(organization, []).append(group)
        return found

    def organizations(self, roles: frozenset[Role]) -> list[int]:
        """Where the person holds one of the roles."""
        return [organization for _, role, organization in self.seats if role in roles]


class There(Func):
    """Whether ``model`` has a row whose ``key`` is the expression, with the values given.

    A value is a number, or a list of which it is one. A column in ``present`` is not null, one
    in ``absent`` is.
    With ``each`` it is asked of each row that remains, and PostgreSQL does not gather all such
    rows first. The SQL of ``Exists``, for a sixth of the time that Django takes to build that:
    a page asks dozens of these.
    """

    output_field = BooleanField()
    empty_result_set_value = False

    def __init__(
        self,
        expression: Any,
        *,
        model: type[Model],
        key: str,
        present: tuple[str, ...] = (),
        absent: tuple[str, ...] = (),
        each: bool = False,
        **values: Any,
    ) -> None:
        super().__init__(
            expression,
            model=model,
            key=key,
            present=present,
            absent=absent,
            each=each,
            values=values,
        )

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Only names from the model's own definition are written; values are parameters."""
        meta, quote = self.extra["model"]._meta, connection.ops.quote_name

        def column(name: str) -> str:
            return f"fact.{quote(meta.get_field(name).column)}"

        expression, params = compiler.compile(self.source_expressions[0])
        conditions = [f"{column(self.extra['key'])} = {expression}"]
        conditions += [f"{column(name)} IS NOT NULL" for name in self.extra["present"]]
        conditions += [f"{column(name)} IS NULL" for name in self.extra["absent"]]
        given: list[Any] = []
        for name, value in self.extra["values"].items():
            values = value if isinstance(value, list) else [value]
            if not values:
                raise EmptyResultSet
            conditions.append(f"{column(name)} IN ({', '.join(['%s'] * len(values))})")
            given += values
        rows = f"FROM {quote(meta.db_table)} fact WHERE {' AND '.join(conditions)}"
        fence = " LIMIT 1 OFFSET 0" if self.extra["each"] else ""
        return f"EXISTS (SELECT 1 {rows}{fence})", [*params, *given]


Clause = Callable[[Standing, datetime], Q]

# How a kind of row leads to its submission; one that is not here belongs to none.
SUBMISSION_OF: dict[type[Model], str] = {
    Submission: "",
    Document: "submission__",
    DocumentVersion: "document__submission__",
    Upload: "submission__",
    AgencyReview: "submission__",
    AgencyPosition: "submission__",
    PrivateNote: "submission__",
    Consultation: "submission__",
    Determination: "submission__",
    Thread: "submission__",
    Post: "thread__submission__",
    AccessGrant: "submission__",
    GrantExtension: "grant__submission__",
    InformationRequest: "submission__",
    RequestAnswer: "request__submission__",
    Notice: "submission__",
}
DOCUMENT_OF: dict[type[Model], str] = {Document: "pk", DocumentVersion: "document"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way in which an action is allowed; everything that it names must hold.

    ``permission`` is a codename that one of the person's seats has on the submission. The
    next three ask more of that same seat, so that role and object come from one row:
    ``through`` that its organization is the row's, ``assigned`` that an assignment of this
    person by its organization is in force, ``unless_restricted`` that the lab did not leave it
    off the document's list. ``roles`` are seats that need no attachment; with ``own_organization``,
    seats at the row itself. A rule that names neither refuses to be built.
    """

    over: type[Model] = Submission
    time: Time
    permission: str = ""
    through: str | None = None
    assigned: bool = False
    unless_restricted: bool = False
    roles: frozenset[Role] = frozenset()
    own_organization: bool = False
    where: tuple[Clause, ...] = ()

    def __post_init__(self) -> None:
        if not self.permission and not self.roles:
            raise ValueError("A rule names a permission or a role.")

    def holds(self, who: Standing, at: datetime, *, each: bool = False) -> Q | None:
        """The condition under which a row of ``over`` satisfies this rule; None if none can.

        ``each`` as in ``There``: for asking it of few rows, not for finding them.
        """
        if self.permission and not who.groups(self.permission):
            return None  # most of a person's questions end here, before any SQL is built
        conditions: list[Q] = []
        if self.over in SUBMISSION_OF:
            submission = SUBMISSION_OF[self.over].removesuffix("__") or "pk"
            conditions.append(in_time(self.time, at, SUBMISSION_OF[self.over]))
            conditions += [~Q(**{submission: recused}) for recused in who.recused]
            if self.permission:
                conditions.append(reduce(or_, self._ways(who, F(submission), each)))
        if self.roles:
            there = who.organizations(self.roles)
            if not there:
                return None
            if self.own_organization:
                conditions.append(Q(pk__in=there))
        conditions += [clause(who, at) for clause in self.where]
        # An empty one would cost as much as any other.
        return Q(*filter(None, conditions)) or ANY

    def acting_for(self, who: Standing, row: Any) -> Q:
        """The condition on organizations that the person would act on ``row`` for one of them."""
        submission = getattr(row, "submission_id", row.pk)
        ways = Q(pk__in=who.organizations(self.roles))
        for organization, seated in self._seated(who, Value(submission)):
            if not self.through or getattr(row, f"{self.through}_id") == organization:
                ways |= Q(pk=organization) & seated
        return ways

    def reached_by(self, submission: Submission) -> Q:
        """The condition on seats that their holders may use this rule there, at its time."""
        conditions: list[Any] = []
        if self.permission:
            roles = [role for role, names in CODENAMES.items() if self.permission in names]
            rows = There(
                F("group"),
                model=SubmissionGroupObjectPermission,
                key="group",
                content_object=submission.pk,
                permission=permission_number(self.permission),
            )
            conditions += [Q(role__in=roles), rows]
        if self.roles:
            conditions.append(Q(role__in=self.roles))
        return Q(*conditions)

    def _ways(self, who: Standing, submission: F, each: bool) -> Iterator[Q]:
        for organization, way in self._seated(who, submission, each=each):
            if self.through:
                way &= Q(**{self.through: organization})
            if self.unless_restricted:
                document = F(DOCUMENT_OF[self.over])
                listed = There(document, model=DocumentRestriction, key="document", each=True)
                theirs = There(
                    document,
                    model=DocumentRestriction,
                    key="document",
                    each=True,
                    organization=organization,
                )
                way &= ~Q(listed) | Q(theirs)
            yield way

    def _seated(
        self, who: Standing, submission: Any, *, each: bool = False
    ) -> Iterator[tuple[int, Q]]:
        for organization, groups in who.groups(self.permission).items():
            seated = Q(attached(groups, submission, self.permission, each=each))
            if self.assigned:
                seated &= Q(
                    There(
                        submission,
                        model=Assignment,
                        key="submission",
                        each=True,
                        absent=("declined_at", "ended_at"),
                        agency=organization,
                        reviewer=who.person,
                    )
                )
            yield organization, seated


def attached(groups: list[int], submission: Any, codename: str, *, each: bool = False) -> There:
    """That one of the groups has ``codename`` there."""
    return There(
        submission,
        model=SubmissionGroupObjectPermission,
        key="content_object",
        each=each,
        permission=permission_number(codename),
        group=groups,
    )


@cache
def permission_number(codename: str) -> int:
    """The permission's primary key, which never changes once migrated."""
    return Permission.objects.get(
        content_type__app_label="reviews", content_type__model="submission", codename=codename
    ).pk
