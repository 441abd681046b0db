"""Who may do what to which row, when: the one place.

``allowed`` is a queryset and ``check`` is that queryset asked about one row, so lists,
buttons, pages, files and writes cannot disagree. reviews/rules.py says what a rule is.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache, reduce
from itertools import compress
from operator import or_
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet

from accounts.models import AuditEvent, Organization, User
from accounts.roles import LAB_ROLES, Role
from reviews import clauses, prepared
from reviews.access_rules import ACCESS_RULES
from reviews.actions import Action as Action
from reviews.determination_rules import DETERMINATION_RULES
from reviews.discussion_rules import DISCUSSION_RULES
from reviews.document_rules import DOCUMENT_RULES
from reviews.exceptions import NotPermitted, NotVisible
from reviews.models import (
    AccessGrant,
    AgencyPosition,
    AgencyReview,
    CriterionVersion,
    Determination,
    Document,
    DocumentVersion,
    Export,
    Gateway,
    GrantExtension,
    Heartbeat,
    InformationRequest,
    Notice,
    PartnerTerms,
    Post,
    PrivateNote,
    RecusalQuestion,
    Submission,
    Thread,
    Upload,
)
from reviews.request_rules import REQUEST_RULES
from reviews.rules import Rule, Standing, Time

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
    # Reading: the lab keeps its own; agencies only inside the window.
    Action.VIEW: (Rule(time=Time.ALWAYS, permission="view_submission"),),
    Action.READ_PACKAGE: (
        Rule(time=Time.ALWAYS, permission=_LAB),
        Rule(time=Time.WINDOW_OPEN, permission="read_package", where=(clauses.declared("pk"),)),
    ),
    # Agencies' deliberation: never the lab's to see.
    Action.DELIBERATE: (Rule(time=Time.ALWAYS, permission="deliberate"),),
    Action.RECUSE: (Rule(time=Time.WINDOW_OPEN, permission="read_package"),),
    Action.DECLARE: (
        Rule(time=Time.WINDOW_OPEN, permission="read_package", where=(clauses.undeclared,)),
    ),
    Action.ASSIGN: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.LEAD_AGENCY: (
        Rule(
            over=Organization,
            time=Time.ALWAYS,
            roles=frozenset({Role.LEAD}),
            own_organization=True,
        ),
    ),
    Action.ANSWER_ASSIGNMENT: (
        Rule(time=Time.WINDOW_OPEN, permission="review_submission", assigned=True),
    ),
    Action.CONTINUE_REVIEW: (
        Rule(
            over=AgencyReview,
            time=Time.WINDOW_OPEN,
            permission="review_submission",
            through="agency",
            assigned=True,
            where=(
                *(clauses.author_or_coauthor, clauses.author_not_recused),
                clauses.declared("submission"),
            ),
        ),
    ),
    Action.CHOOSE_COAUTHORS: (
        Rule(
            over=AgencyReview,
            time=Time.WINDOW_OPEN,
            permission="review_submission",
            through="agency",
            assigned=True,
            where=(clauses.author, clauses.unfiled, clauses.declared("submission")),
        ),
    ),
    Action.WRITE_REVIEW: (
        Rule(
            time=Time.WINDOW_OPEN,
            permission="review_submission",
            assigned=True,
            where=(clauses.declared("pk"),),
        ),
    ),
    Action.READ_REVIEW: (
        Rule(over=AgencyReview, time=Time.ALWAYS, permission="deliberate", through="agency"),
        Rule(
            over=AgencyReview,
            time=Time.ALWAYS,
            permission="review_submission",
            where=(clauses.filed, clauses.has_filed_here),
        ),
        Rule(
            over=AgencyReview,
            time=Time.ALWAYS,
            permission="lead_submission",
            where=(clauses.filed, clauses.agency_has_filed("lead_submission")),
        ),
        Rule(
            over=AgencyReview,
            time=Time.ALWAYS,
            permission="determine_submission",
            where=(clauses.filed, clauses.agency_has_filed("determine_submission")),
        ),
    ),
    # A person's own notes: what nobody else reads, nobody else can do anything to.
    Action.WRITE_NOTE: (Rule(time=Time.WINDOW_OPEN, permission="read_package"),),
    Action.READ_NOTE: (
        Rule(
            over=PrivateNote,
            time=Time.ALWAYS,
            permission="read_package",
            where=(clauses.own_note,),
        ),
    ),
    Action.FILE_POSITION: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.READ_POSITION: (
        Rule(  # one's own agency's, and with it the others'
            over=AgencyPosition,
            time=Time.ALWAYS,
            permission="deliberate",
            where=(clauses.agency_has_position,),
        ),
        Rule(
            over=AgencyPosition,
            time=Time.ALWAYS,
            permission="deliberate",
            where=(clauses.window_over,),
        ),
    ),
    Action.READ_REPORT: (
        Rule(time=Time.ALWAYS, permission="view_submission", where=(clauses.report_issued,)),
    ),
    Action.ISSUE_REPORT: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    **DETERMINATION_RULES,
    **DISCUSSION_RULES,
    # The preliminary-issues letter: its leads', until it is issued and everybody's to read.
    Action.FILE_LETTER_ENTRY: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.PREVIEW_LETTER: (
        Rule(time=Time.ALWAYS, permission="lead_submission"),
        Rule(time=Time.ALWAYS, permission="determine_submission"),
    ),
    Action.ISSUE_LETTER: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.READ_LETTER: (
        Rule(time=Time.ALWAYS, permission="view_submission", where=(clauses.letter_issued,)),
    ),
    **ACCESS_RULES,
    **DOCUMENT_RULES,
    **REQUEST_RULES,
    # A file of the list. No reviewer makes one, nor who reads for an office's consultation.
    Action.EXPORT_SUBMISSIONS: (
        Rule(time=Time.ALWAYS, permission=_LAB),
        Rule(time=Time.ALWAYS, permission="lead_submission"),
        Rule(time=Time.ALWAYS, permission="determine_submission"),
    ),
    Action.READ_EXPORT: (
        Rule(
            over=Export,
            time=Time.ALWAYS,
            roles=LAB_ROLES | {Role.LEAD, Role.DETERMINATION_OFFICIAL},
            where=(clauses.own_export, clauses.unexpired),
        ),
    ),
    # What one is told, while one sees what it is about: the submission, or the grant.
    Action.READ_NOTICE: (
        Rule(
            over=Notice,
            time=Time.ALWAYS,
            permission="view_submission",
            where=(clauses.recipient, clauses.not_about_access),
        ),
        Rule(over=Notice, time=Time.ALWAYS, permission=_LAB, where=(clauses.recipient,)),
        Rule(
            over=Notice,
            time=Time.ALWAYS,
            permission="lead_submission",
            through="grant__agency",
            where=(clauses.recipient,),
        ),
        Rule(
            over=Notice,
            time=Time.ALWAYS,
            permission="view_submission",
            through="grant__agency",
            where=(clauses.recipient, clauses.of_own_grant),
        ),
        Rule(
            over=Notice,
            time=Time.ALWAYS,
            roles=frozenset({Role.PARTNER_CONTACT}),
            where=(clauses.recipient, clauses.notice_of_own_partner),
        ),
        Rule(
            over=Notice,
            time=Time.ALWAYS,
            roles=_ADMINISTRATOR,
            where=(clauses.recipient, clauses.for_administrators),
        ),
    ),
    # Running the portal: no content in any of these.
    Action.REQUEUE_NOTICE: (
        Rule(over=Notice, time=Time.ALWAYS, roles=_ADMINISTRATOR, where=(clauses.undelivered,)),
    ),
    Action.OPERATE: (Rule(over=Heartbeat, time=Time.ALWAYS, roles=_ADMINISTRATOR),),
    Action.ADMINISTER_QUESTIONS: (
        Rule(over=RecusalQuestion, time=Time.ALWAYS, roles=_ADMINISTRATOR),
    ),
    Action.ADMINISTER: (Rule(time=Time.FILED, roles=_ADMINISTRATOR),),
    Action.ADMINISTER_SEATS: (Rule(over=Organization, time=Time.ALWAYS, roles=_ADMINISTRATOR),),
    Action.AUDIT: (Rule(over=AuditEvent, time=Time.ALWAYS, roles=frozenset({Role.AUDITOR})),),
}

ON_SUBMISSIONS = [action for action, ways in RULES.items() if ways[0].over is Submission]

# By which action, and on which row, a person sees that a row exists.
SEEN_BY: dict[type[Model], tuple[Action, str]] = {
    Submission: (Action.VIEW, "pk"),
    Document: (Action.VIEW_DOCUMENT, "pk"),
    DocumentVersion: (Action.VIEW_DOCUMENT, "document_id"),
    Upload: (Action.OWN, "submission_id"),
    AgencyReview: (Action.READ_REVIEW, "pk"),
    Determination: (Action.READ_DETERMINATION, "pk"),
    CriterionVersion: (Action.READ_CRITERIA, "pk"),
    Thread: (Action.READ_THREAD, "pk"),
    Post: (Action.READ_THREAD, "thread_id"),
    AccessGrant: (Action.VIEW_GRANT, "pk"),
    GrantExtension: (Action.VIEW_GRANT, "grant_id"),
    Gateway: (Action.VIEW_GATEWAY, "pk"),
    InformationRequest: (Action.READ_INFORMATION_REQUEST, "pk"),
    PartnerTerms: (Action.READ_TERMS, "pk"),
    Notice: (Action.READ_NOTICE, "pk"),
}


def holds(who: Standing, action: Action, *, at: datetime, each: bool = False) -> Q | None:
    """The condition on rows of its kind under which ``who`` may do it; None if none can.

    ``each`` as in ``There``.
    """
    ways = [way for rule in RULES[action] if (way := rule.holds(who, at, each=each)) is not None]
    return reduce(or_, ways) if ways else None


def has_a_way(user: User, action: Action, *, at: datetime) -> bool:
    """Whether a seat of ``user`` could let her do ``action`` to any row at all."""
    return holds(Standing.of(user), action, at=at) is not None


def allowed(user: User, action: Action, *, at: datetime, each: bool = False) -> QuerySet[Any]:
    """Every row on which ``user`` may do ``action`` at the instant ``at``.

    With ``each`` as in ``There``: for the first few rows of many, in an order that an index has.
    """
    return rows(Standing.of(user), action, at, each=each)


def rows(who: Standing, action: Action, at: datetime, *, each: bool = False) -> QuerySet[Any]:
    """Every row on which ``who`` may do it, as ``allowed`` has them."""
    every = RULES[action][0].over._default_manager
    condition = holds(who, action, at=at, each=each)
    return every.none() if condition is None else every.filter(condition)


def may(user: User, action: Action, row: Model, *, at: datetime) -> bool:
    """Whether ``row`` is among the allowed ones. Raises TypeError for another kind of row."""
    if not isinstance(row, RULES[action][0].over):
        raise TypeError(f"{action} is not asked of {type(row).__name__}.")
    return allowed(user, action, at=at).filter(pk=row.pk).exists()


def check(user: User, action: Action, row: Model, *, at: datetime) -> None:
    """Nothing, when ``user`` may do ``action`` to ``row`` at ``at``.

    Raises NotPermitted when she sees the row, NotVisible when she does not.
    """
    if may(user, action, row, at=at):
        return
    seen_by, key = SEEN_BY.get(type(row), (action, "pk"))
    if allowed(user, seen_by, at=at).filter(pk=getattr(row, key)).exists():
        raise NotPermitted
    raise NotVisible


def actions(user: User, submission: Submission, *, at: datetime) -> set[Action]:
    """What ``user`` may do to ``submission`` at ``at``."""
    who = Standing.of(user)
    ((_, *answers),) = prepared.rows(_on_one, who, at=at, pk=submission.pk)
    return _answered(ON_SUBMISSIONS, _possible(who), answers)


def _on_one(who: Standing) -> QuerySet[Any]:
    marks = _marks(who, ON_SUBMISSIONS, prepared.AT)
    return Submission.objects.filter(pk=prepared.PK).values_list("pk", *marks.values())


@lru_cache(maxsize=4096)
def _possible(who: Standing) -> tuple[Rule, ...]:
    """The different rules on submissions that some row could fulfil, as ``_on_one`` has them."""
    return tuple(_marks(who, ON_SUBMISSIONS, prepared.AT))


def actions_on(
    user: User,
    submissions: Iterable[Submission],
    asked: Collection[Action],
    *,
    at: datetime,
    taken: dict[Action, Any] | None = None,
) -> dict[int, set[Action]]:
    """By primary key, which of ``asked`` the user may do to each: one query for them all.

    An action whose condition in ``taken`` holds is left out. Asked apart from a list's own
    query: there PostgreSQL would answer for every row of the table before it takes a page.
    """
    taken = taken or {}
    marks = _marks(Standing.of(user), asked, at)
    rows = Submission.objects.filter(pk__in=[submission.pk for submission in submissions])
    found = {}
    for pk, *answers in rows.values_list("pk", *marks.values(), *taken.values()):
        done = {step for step in taken if answers.pop(len(marks))}
        found[pk] = _answered(asked, marks, answers) - done
    return found


def _marks(who: Standing, asked: Iterable[Action], at: datetime) -> dict[Rule, Any]:
    """Each different rule of ``asked`` as a column; none for a rule that no row fulfils."""
    ways = {rule: rule.holds(who, at, each=True) for action in asked for rule in RULES[action]}
    return {
        rule: ExpressionWrapper(way, output_field=BooleanField())
        for rule, way in ways.items()
        if way is not None
    }


def _answered(asked: Iterable[Action], marks: Iterable[Rule], answers: list[bool]) -> set[Action]:
    """The actions of which a rule was answered with yes."""
    held = set(compress(marks, answers))
    return {action for action in asked if held.intersection(RULES[action])}


def organizations(user: User, action: Action, row: Any) -> QuerySet[Organization]:
    """The organizations that ``user`` would speak for in doing ``action``, by name.

    ``row`` is the submission, or the row of it that the action is done to.
    """
    who = Standing.of(user)
    ways = (rule.acting_for(who, row) for rule in RULES[action])
    return Organization.objects.filter(reduce(or_, ways))
