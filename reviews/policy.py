"""Who may do what to which row, when: the one place (architecture.md section 2).

``allowed`` is a queryset and ``check`` is that queryset asked about one row, so lists,
buttons, pages, files and writes cannot disagree. A rule joins independent facts that all
must hold now: an active person holds a seat, the seat is attached with the rule's codename,
the person is not recused, the clock is inside the window, and the rule's own clauses.
Nothing is cached and no superuser flag is read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, Model, OuterRef, Q, QuerySet

from accounts.models import AuditEvent, Organization, Seat, User
from accounts.roles import LAB_ROLES, Role
from reviews.exceptions import NotPermitted, NotVisible
from reviews.models import (
    AccessGrant,
    AgencyPosition,
    AgencyReview,
    Assignment,
    Determination,
    Document,
    DocumentVersion,
    Recusal,
    Submission,
    SubmissionGroupObjectPermission,
)
from reviews.models.document import DocumentRestriction, ScanState
from reviews.workflow import Status


class Action(StrEnum):
    """Everything that a person can ask to do."""

    DRAFT = "draft"
    VIEW = "view"
    READ_PACKAGE = "read_package"
    OWN = "own"
    SHORTEN = "shorten"
    RESPOND = "respond"
    ADD_DOCUMENT = "add_document"
    VIEW_DOCUMENT = "view_document"
    MANAGE_DOCUMENT = "manage_document"
    READ_DOCUMENT = "read_document"
    DELIBERATE = "deliberate"
    RECUSE = "recuse"
    ASSIGN = "assign"
    WRITE_REVIEW = "write_review"
    READ_REVIEW = "read_review"
    FILE_POSITION = "file_position"
    READ_POSITION = "read_position"
    ISSUE_REPORT = "issue_report"
    CONSULT = "consult"
    DETERMINE = "determine"
    SIGN_DETERMINATION = "sign_determination"
    READ_DETERMINATION = "read_determination"
    REQUEST_GRANT = "request_grant"
    VIEW_GRANT = "view_grant"
    CONSENT_GRANT = "consent_grant"
    AUTHORIZE_GRANT = "authorize_grant"
    REVOKE_GRANT = "revoke_grant"
    USE_MODEL = "use_model"
    ATTEST_FOR_AGENCY = "attest_for_agency"
    ATTEST_FOR_LAB = "attest_for_lab"
    ADMINISTER = "administer"
    ADMINISTER_SEATS = "administer_seats"
    AUDIT = "audit"


# What each role's seat may do on a submission that its organization is attached to.
_AGENCY = frozenset({"view_submission", "read_package"})
CODENAMES: dict[Role, frozenset[str]] = {
    Role.LIAISON: frozenset({"view_submission", "own_submission"}),
    Role.LAB_ADMINISTRATOR: frozenset({"view_submission", "own_submission"}),
    Role.REVIEWER: _AGENCY | {"deliberate", "review_submission"},
    Role.LEAD: _AGENCY | {"deliberate", "lead_submission"},
    Role.DETERMINATION_OFFICIAL: _AGENCY | {"deliberate", "determine_submission"},
    Role.CONSULTED_OFFICIAL: _AGENCY | {"consult_submission"},
}


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
            f"{path}status": Status.UNDER_REVIEW,
            f"{path}opens_at__lte": at,
            f"{path}closes_at__gt": at,
        }
    )
    if time is Time.WINDOW_OPEN:
        return window_open
    if time is Time.BEFORE_THE_END:
        return window_open | Q(**{f"{path}status": Status.DRAFT})
    if time is Time.FILED:
        return Q(**{f"{path}opens_at__isnull": False})
    return Q()


Clause = Callable[[User, datetime], Q]

# How a kind of row leads to its submission; one that is not here belongs to none.
SUBMISSION_OF: dict[type[Model], str] = {
    Submission: "",
    Document: "submission__",
    DocumentVersion: "document__submission__",
    AgencyReview: "submission__",
    AgencyPosition: "submission__",
    Determination: "submission__",
    AccessGrant: "submission__",
}
DOCUMENT_OF: dict[type[Model], str] = {Document: "pk", DocumentVersion: "document"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way in which an action is allowed; everything that it names must hold.

    ``permission`` is a codename that one of the person's seats has on the submission. The
    next three ask more of that same seat, so that role and object come from one row:
    ``through`` that its organization is the row's, ``assigned`` that its organization
    assigned this person, ``unless_restricted`` that the lab did not leave it off the
    document's list. ``roles`` are seats that need no attachment; with ``own_organization``,
    seats at the row itself. A rule that names neither refuses to be built.
    """

    over: type[Model] = Submission
    time: Time
    permission: str | None = None
    through: str | None = None
    assigned: bool = False
    unless_restricted: bool = False
    roles: frozenset[Role] = frozenset()
    own_organization: bool = False
    where: tuple[Clause, ...] = ()

    def __post_init__(self) -> None:
        if self.permission is None and not self.roles:
            raise ValueError("A rule names a permission or a role.")

    def holds(self, user: User, at: datetime) -> Q:
        """The condition under which a row of ``over`` satisfies this rule."""
        condition = Q()
        if self.over in SUBMISSION_OF:
            condition &= in_time(self.time, at, SUBMISSION_OF[self.over])
        if self.permission is not None:
            submission = OuterRef(SUBMISSION_OF[self.over] + "pk")
            condition &= Q(Exists(self._attached(user, submission)))
            condition &= ~Q(Exists(Recusal.objects.filter(submission=submission, person=user.pk)))
        if self.roles:
            seats = Seat.objects.held_by(user).filter(role__in=self.roles)
            if self.own_organization:
                seats = seats.filter(organization=OuterRef("pk"))
            condition &= Q(Exists(seats))
        for clause in self.where:
            condition &= clause(user, at)
        return condition

    def organizations(self, user: User, submission: Submission) -> QuerySet[Organization]:
        """The organizations whose attached seats the person would act through."""
        rows = self._seats(user, submission)
        return Organization.objects.filter(seats__group__in=rows.values("group"))

    def _seats(self, user: User, submission: Any) -> QuerySet[SubmissionGroupObjectPermission]:
        rows = attached(user, submission, self.permission or "")
        if self.assigned:
            assignments = Assignment.objects.filter(
                submission=OuterRef("content_object"),
                agency=OuterRef("group__seat__organization"),
                reviewer=user.pk,
            )
            rows = rows.filter(Exists(assignments))
        return rows

    def _attached(
        self, user: User, submission: OuterRef
    ) -> QuerySet[SubmissionGroupObjectPermission]:
        rows = self._seats(user, submission)
        if self.through:
            rows = rows.filter(group__seat__organization=OuterRef(self.through))
        if self.unless_restricted:
            listed = DocumentRestriction.objects.filter(
                document=OuterRef(OuterRef(DOCUMENT_OF[self.over]))
            )
            theirs = listed.filter(organization=OuterRef("group__seat__organization"))
            rows = rows.filter(~Exists(listed) | Exists(theirs))
        return rows


def attached(
    user: User, submission: Any, codename: str
) -> QuerySet[SubmissionGroupObjectPermission]:
    """The permission rows by which an active person's seats have ``codename`` there."""
    return SubmissionGroupObjectPermission.objects.filter(
        content_object=submission,
        permission__codename=codename,
        group__user=user.pk,
        group__user__is_active=True,
    )


def _clean(user: User, at: datetime) -> Q:
    return Q(scan_state=ScanState.CLEAN)


def _filed(user: User, at: datetime) -> Q:
    return Q(filed_at__isnull=False)


def _author_has_filed(user: User, at: datetime) -> Q:
    filed = AgencyReview.objects.filter(filed_at__isnull=False)
    return Q(Exists(filed.filter(submission=OuterRef("submission"), author=user.pk)))


def _agency_has_filed(user: User, at: datetime) -> Q:
    filed = AgencyReview.objects.filter(filed_at__isnull=False)
    return Q(Exists(_of_own_agency(user, filed)))


def _agency_has_position(user: User, at: datetime) -> Q:
    return Q(Exists(_of_own_agency(user, AgencyPosition.objects.all())))


def _of_own_agency(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    seats = attached(user, OuterRef("submission"), "deliberate")
    return rows.filter(
        Exists(seats.filter(group__seat__organization=OuterRef("agency"))),
        submission=OuterRef("submission"),
    )


def _window_over(user: User, at: datetime) -> Q:
    return ~in_time(Time.WINDOW_OPEN, at, "submission__")


def _signed(user: User, at: datetime) -> Q:
    return Q(signed_at__isnull=False)


def _not_author(user: User, at: datetime) -> Q:
    return ~Q(author=user.pk)


def _grantee(user: User, at: datetime) -> Q:
    return Q(grantee=user.pk)


def _not_sponsor(user: User, at: datetime) -> Q:
    return ~Q(requested_by=user.pk)


def _not_grantee(user: User, at: datetime) -> Q:
    return ~Q(grantee=user.pk)


def _live(user: User, at: datetime) -> Q:
    return Q(pk__in=AccessGrant.objects.live(at).values("pk"))


_LAB = "own_submission"
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})

RULES: dict[Action, tuple[Rule, ...]] = {
    # The lab: its own submissions, at any time; agencies never by these.
    Action.DRAFT: (
        Rule(over=Organization, time=Time.ALWAYS, roles=LAB_ROLES, own_organization=True),
    ),
    Action.OWN: (Rule(time=Time.ALWAYS, permission=_LAB),),
    Action.SHORTEN: (Rule(time=Time.WINDOW_OPEN, permission=_LAB),),
    Action.RESPOND: (Rule(time=Time.FILED, permission=_LAB),),
    Action.ADD_DOCUMENT: (Rule(time=Time.BEFORE_THE_END, permission=_LAB),),
    Action.MANAGE_DOCUMENT: (Rule(over=Document, time=Time.BEFORE_THE_END, permission=_LAB),),
    # Reading: the lab keeps its own; agencies only inside the window.
    Action.VIEW: (Rule(time=Time.ALWAYS, permission="view_submission"),),
    Action.READ_PACKAGE: (
        Rule(time=Time.ALWAYS, permission=_LAB),
        Rule(time=Time.WINDOW_OPEN, permission="read_package"),
    ),
    Action.VIEW_DOCUMENT: (
        Rule(over=Document, time=Time.ALWAYS, permission=_LAB),
        Rule(
            over=Document,
            time=Time.WINDOW_OPEN,
            permission="read_package",
            unless_restricted=True,
        ),
    ),
    Action.READ_DOCUMENT: (
        Rule(over=DocumentVersion, time=Time.ALWAYS, permission=_LAB, where=(_clean,)),
        Rule(
            over=DocumentVersion,
            time=Time.WINDOW_OPEN,
            permission="read_package",
            unless_restricted=True,
            where=(_clean,),
        ),
    ),
    # Agencies' deliberation: never the lab's to see.
    Action.DELIBERATE: (Rule(time=Time.ALWAYS, permission="deliberate"),),
    Action.RECUSE: (Rule(time=Time.WINDOW_OPEN, permission="read_package"),),
    Action.ASSIGN: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.WRITE_REVIEW: (
        Rule(time=Time.WINDOW_OPEN, permission="review_submission", assigned=True),
    ),
    Action.READ_REVIEW: (
        Rule(over=AgencyReview, time=Time.ALWAYS, permission="deliberate", through="agency"),
        Rule(
            over=AgencyReview,
            time=Time.ALWAYS,
            permission="review_submission",
            where=(_filed, _author_has_filed),
        ),
        Rule(
            over=AgencyReview,
            time=Time.ALWAYS,
            permission="lead_submission",
            where=(_filed, _agency_has_filed),
        ),
        Rule(
            over=AgencyReview,
            time=Time.ALWAYS,
            permission="determine_submission",
            where=(_filed, _agency_has_filed),
        ),
    ),
    Action.FILE_POSITION: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.READ_POSITION: (
        Rule(over=AgencyPosition, time=Time.ALWAYS, permission="deliberate", through="agency"),
        Rule(
            over=AgencyPosition,
            time=Time.ALWAYS,
            permission="deliberate",
            where=(_agency_has_position,),
        ),
        Rule(over=AgencyPosition, time=Time.ALWAYS, permission="deliberate", where=(_window_over,)),
    ),
    Action.ISSUE_REPORT: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.CONSULT: (Rule(time=Time.WINDOW_OPEN, permission="consult_submission"),),
    Action.DETERMINE: (Rule(time=Time.WINDOW_OPEN, permission="determine_submission"),),
    Action.SIGN_DETERMINATION: (
        Rule(
            over=Determination,
            time=Time.WINDOW_OPEN,
            permission="determine_submission",
            where=(_not_author,),
        ),
    ),
    Action.READ_DETERMINATION: (
        Rule(over=Determination, time=Time.ALWAYS, permission="determine_submission"),
        Rule(
            over=Determination,
            time=Time.ALWAYS,
            permission="view_submission",
            where=(_signed,),
        ),
    ),
    # Access to the lab's model: asked by a lead, consented by the lab, authorized by another.
    Action.REQUEST_GRANT: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.VIEW_GRANT: (
        Rule(over=AccessGrant, time=Time.ALWAYS, permission=_LAB),
        Rule(over=AccessGrant, time=Time.ALWAYS, permission="lead_submission", through="agency"),
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            permission="view_submission",
            through="agency",
            where=(_grantee,),
        ),
        Rule(over=AccessGrant, time=Time.ALWAYS, roles=_ADMINISTRATOR),
    ),
    Action.CONSENT_GRANT: (Rule(over=AccessGrant, time=Time.WINDOW_OPEN, permission=_LAB),),
    Action.AUTHORIZE_GRANT: (
        Rule(
            over=AccessGrant,
            time=Time.WINDOW_OPEN,
            roles=_ADMINISTRATOR,
            where=(_not_sponsor, _not_grantee),
        ),
    ),
    Action.REVOKE_GRANT: (
        Rule(over=AccessGrant, time=Time.ALWAYS, permission=_LAB),
        Rule(over=AccessGrant, time=Time.ALWAYS, permission="lead_submission", through="agency"),
        Rule(over=AccessGrant, time=Time.ALWAYS, roles=_ADMINISTRATOR),
    ),
    Action.USE_MODEL: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,  # "live" reads the window's clock itself
            permission="view_submission",
            through="agency",
            where=(_grantee, _live),
        ),
    ),
    Action.ATTEST_FOR_AGENCY: (
        Rule(over=AccessGrant, time=Time.ALWAYS, permission="lead_submission", through="agency"),
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            permission="view_submission",
            through="agency",
            where=(_grantee,),
        ),
    ),
    Action.ATTEST_FOR_LAB: (Rule(over=AccessGrant, time=Time.ALWAYS, permission=_LAB),),
    # Running the portal: no content in any of these.
    Action.ADMINISTER: (Rule(time=Time.FILED, roles=_ADMINISTRATOR),),
    Action.ADMINISTER_SEATS: (Rule(over=Organization, time=Time.ALWAYS, roles=_ADMINISTRATOR),),
    Action.AUDIT: (Rule(over=AuditEvent, time=Time.ALWAYS, roles=frozenset({Role.AUDITOR})),),
}

# By which action, and on which row, a person sees that a row exists.
SEEN_BY: dict[type[Model], tuple[Action, str]] = {
    Submission: (Action.VIEW, "pk"),
    Document: (Action.VIEW_DOCUMENT, "pk"),
    DocumentVersion: (Action.VIEW_DOCUMENT, "document_id"),
    AgencyReview: (Action.READ_REVIEW, "pk"),
    AgencyPosition: (Action.READ_POSITION, "pk"),
    Determination: (Action.READ_DETERMINATION, "pk"),
    AccessGrant: (Action.VIEW_GRANT, "pk"),
}


def holds(user: User, action: Action, *, at: datetime) -> Q:
    """The condition, on rows of the action's kind, under which ``user`` may do it at ``at``."""
    return reduce(or_, (rule.holds(user, at) for rule in RULES[action]))


def allowed(user: User, action: Action, *, at: datetime) -> QuerySet[Any]:
    """Every row on which ``user`` may do ``action`` at the instant ``at``."""
    return RULES[action][0].over._default_manager.filter(holds(user, action, at=at))


def may(user: User, action: Action, row: Model, *, at: datetime) -> bool:
    """Whether ``row`` is among the allowed ones."""
    return allowed(user, action, at=at).filter(pk=row.pk).exists()


def check(user: User, action: Action, row: Model, *, at: datetime) -> None:
    """Nothing, when ``user`` may do ``action`` to ``row`` at ``at``.

    Raises NotPermitted when she sees the row, NotVisible when she does not.
    """
    if may(user, action, row, at=at):
        return
    seen_by, key = SEEN_BY.get(type(row), (action, "pk"))
    if allowed(user, seen_by, at=at).filter(pk=getattr(row, key)).exists():
        raise NotPermitted(
            "You can see this, and you may not do that to it now. Either your seat does not "
            "include it, or the time for it has passed."
        )
    raise NotVisible("There is no such page.")


def actions(user: User, submission: Submission, *, at: datetime) -> set[Action]:
    """What ``user`` may do to ``submission`` at ``at``, asked of the database once."""
    on_submissions = [action for action, rules in RULES.items() if rules[0].over is Submission]
    row = (
        Submission.objects.filter(pk=submission.pk)
        .values_list(
            *(
                ExpressionWrapper(holds(user, action, at=at), output_field=BooleanField())
                for action in on_submissions
            )
        )
        .get()
    )
    return {action for action, yes in zip(on_submissions, row, strict=True) if yes}


def organizations(user: User, action: Action, submission: Submission) -> QuerySet[Organization]:
    """The organizations that ``user`` would speak for in doing ``action``, by name."""
    found = (rule.organizations(user, submission) for rule in RULES[action] if rule.permission)
    return reduce(or_, found).distinct().order_by("name")
