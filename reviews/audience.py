"""Whom policy lets do something: its rules, read from the row's side.

Notices and lists of people ask here; what one person may do is asked of reviews/policy.py.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from accounts.models import Organization, Seat, User
from accounts.roles import Kind
from reviews import rules
from reviews.models import (
    InformationRequest,
    Recusal,
    Submission,
    SubmissionGroupObjectPermission,
    Thread,
)
from reviews.models.discussion import Audience
from reviews.models.permissions import CODENAMES
from reviews.policy import RULES, Action

# Without her organization: it gives her the seat, and did not do what she does on it.
ADMINISTRATOR = "an administrator of the portal"


def seats(action: Action, submission: Submission) -> Q:
    """The condition on seats that their holders may do ``action`` there, when it is the time.

    Leaves aside what a rule asks of the person or of a row, such as an assignment.
    """
    return reduce(or_, (rule.reached_by(submission) for rule in RULES[action]))


def people(
    action: Action, submission: Submission, *, of: Organization | None = None
) -> QuerySet[User]:
    """The active people on those seats, ``of`` one organization or any, by name.

    Nobody who is recused from the submission is among them.
    """
    held = Seat.objects.filter(seats(action, submission))
    if of is not None:
        held = held.filter(organization=of)
    members = User.groups.through.objects.filter(group__in=held.values("group"))
    recused = Recusal.objects.filter(submission=submission)
    return (
        User.objects.filter(is_active=True, pk__in=members.values("user"))
        .exclude(pk__in=recused.values("person"))
        .order_by("name")
    )


def readers(thread: Thread) -> QuerySet[User]:
    """Everybody who may read the thread, by name."""
    action = Action.READ_DISCUSSION if thread.audience == Audience.WITH_LAB else Action.DELIBERATE
    own = thread.agency if thread.audience == Audience.OWN_AGENCY else None
    return people(action, thread.submission, of=own)


def contacts(partner: Organization, submission: Submission) -> QuerySet[User]:
    """The partner's people, who alone may be named on its access there, by name."""
    return people(Action.ACCEPT_TERMS, submission, of=partner)


def requesters(asked: InformationRequest) -> QuerySet[User]:
    """Who waits for an answer to it: its parties' leads, and whoever drafted it, by name."""
    parties = asked.parties.values("agency")
    leading = Seat.objects.filter(
        seats(Action.JOIN_INFORMATION_REQUEST, asked.submission), organization__in=parties
    )
    members = User.groups.through.objects.filter(group__in=leading.values("group"))
    return people(Action.DELIBERATE, asked.submission).filter(
        Q(pk__in=members.values("user")) | Q(pk=asked.drafted_by_id)
    )


def viewers(submissions: Iterable[Submission]) -> set[tuple[int, int]]:
    """(submission, person) for everybody who may see one of ``submissions``: one query."""
    (rule,) = RULES[Action.VIEW]
    roles = [role for role, names in CODENAMES.items() if rule.permission in names]
    numbers = [submission.pk for submission in submissions]
    pairs = SubmissionGroupObjectPermission.objects.filter(
        content_object__in=numbers,
        permission=rules.permission_number(rule.permission),
        group__seat__role__in=roles,
        group__user__is_active=True,
    ).values_list("content_object", "group__user")
    recused = Recusal.objects.filter(submission__in=numbers).values_list("submission", "person")
    return set(pairs) - set(recused)


def followers(submissions: Iterable[Submission]) -> dict[int, list[User]]:
    """For each submission, the people who may see it: two queries for them all."""
    pairs = viewers(submissions)
    people = User.objects.in_bulk({person for _, person in pairs})
    found: dict[int, list[User]] = {submission.pk: [] for submission in submissions}
    for submission, person in sorted(pairs):
        found[submission].append(people[person])
    return found


def named(person: User, of: Organization | None, *, to: Organization | None) -> str:
    """Whoever did something to a grant, in words for its reader; ``of`` None is an administrator.

    ``to`` is the lab or the partner that the reader is of; None knows everybody by name. They
    know their own people and the lab's; of all others only whose word it was, since the lab
    consents to whoever uses the model by name, and to nobody else.
    """
    if to is None or (of is not None and (of == to or of.kind == Kind.LAB)):
        return person.name
    return of.short_name if of else ADMINISTRATOR
