"""Notices: who is told what, once. A row commits with its cause; delivery.py sends it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import Absence, User
from reviews import policy
from reviews.emails import EVENTS, Wording
from reviews.models import AccessGrant, InformationRequest, Notice, NoticeChoice, Submission
from reviews.models.notice import OF_DISCUSSION, Delivery, NoticeKind, Topic
from reviews.policy import Action
from reviews.services import outbox
from reviews.services.reminders import REMINDERS, SERIES, SERIES_OF
from reviews.services.series import Reminder, Row, Series

DIGEST_HOUR = time(8)  # in the reader's own zone
CHUNK = 500
SUBJECTS = ("submission", "grant", "information_request")


# What a colleague must be able to do herself to get a copy of what was told for doing it.
NEEDED_TO_STAND_IN = {
    NoticeKind.ASSIGNED: Action.DELIBERATE,
    NoticeKind.COAUTHOR_ADDED: Action.DELIBERATE,
    NoticeKind.REVIEWER_LEFT: Action.ASSIGN,
    NoticeKind.REVIEW_FILED: Action.DELIBERATE,
    NoticeKind.POSITION_FILED: Action.DELIBERATE,
    NoticeKind.CONSULTATION_REQUESTED: Action.CONSULT,
    NoticeKind.SIGNATURE_NEEDED: Action.DETERMINE,
    **dict.fromkeys(OF_DISCUSSION, Action.READ_DISCUSSION),
}


def wording(kind: str) -> Wording:
    """What notices of that kind say."""
    if kind in REMINDERS:
        return REMINDERS[kind].wording
    return EVENTS[NoticeKind(kind)]


def queue(
    kind: str,
    submission: Submission,
    recipients: Iterable[User],
    *,
    due_at: datetime,
    at: datetime,
    grant: AccessGrant | None = None,
    information_request: InformationRequest | None = None,
    part: object = "",
) -> int:
    """How many recipients had not been told of this; each has one row for it now.

    ``part`` tells things of one kind apart that one instant may see several of. While a
    recipient is away her delegate has a row too, which says on whose behalf.
    """
    told = [
        row(
            kind,
            submission,
            one,
            due_at=due_at,
            at=at,
            grant=grant,
            information_request=information_request,
            part=part,
        )
        for one in recipients
    ]
    return insert(told, at=at)


def row(
    kind: str,
    submission: Submission,
    person: User,
    *,
    due_at: datetime,
    at: datetime,
    grant: AccessGrant | None = None,
    information_request: InformationRequest | None = None,
    part: object = "",
) -> Notice:
    """A notice that nobody has been told yet, for ``insert``."""
    about = f"grant:{grant.key}" if grant else submission.reference
    if information_request:
        about = f"request:{information_request.key}"
    which = f":{part}" if part else ""
    return Notice(
        key=f"{kind}:{about}{which}:{due_at.isoformat()}:{person.pk}",
        recipient=person,
        kind=kind,
        submission=submission,
        grant=grant,
        information_request=information_request,
        due_at=due_at,
        queued_at=at,
        waiting_since=at,
        next_attempt_at=at,
    )


def insert(rows: Sequence[Notice], *, at: datetime) -> int:
    """How many of the rows are new; each is delivered as its recipient chose."""
    if not rows:
        return 0
    people = {told.recipient_id for told in rows}
    away = Absence.objects.at(at).with_delegate().filter(person__in=people)
    delegates: dict[int, list[User]] = {}
    for absence in away.select_related("delegate"):
        assert absence.delegate is not None  # noqa: S101 - the filter says so
        delegates.setdefault(absence.person_id, []).append(absence.delegate)
    rows = [
        *rows,
        *(
            _copy(told, delegate)
            for told in rows
            for delegate in delegates.get(told.recipient_id, ())
            if _may_stand_in(delegate, told, at)
        ),
    ]
    _choose(rows, at)
    keys = {told.key for told in rows}
    known = Notice.objects.filter(key__in=keys).count()
    if known < len(keys):
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(keys) - known


def _may_stand_in(delegate: User, told: Notice, at: datetime) -> bool:
    """Whether her own seats show the delegate what the notice tells."""
    if told.grant is not None:
        return policy.may(delegate, Action.VIEW_GRANT, told.grant, at=at)
    if told.information_request is not None:
        asked = told.information_request
        return policy.may(delegate, Action.READ_INFORMATION_REQUEST, asked, at=at)
    if told.kind in SERIES_OF:
        needed = SERIES_OF[told.kind].actions[0]
    else:
        needed = NEEDED_TO_STAND_IN.get(NoticeKind(told.kind), Action.VIEW)
    if needed is Action.ANSWER_ASSIGNMENT:
        needed = Action.DELIBERATE  # a lead may stand in for a reviewer whom nobody else can be
    return policy.may(delegate, needed, told.submission, at=at)


def _copy(told: Notice, delegate: User) -> Notice:
    """The same notice for whoever stands in; under the same key as one addressed to her."""
    return Notice(
        key=f"{told.key.rpartition(':')[0]}:{delegate.pk}",
        recipient=delegate,
        on_behalf_of=told.recipient,
        kind=told.kind,
        submission=told.submission,
        grant=told.grant,
        information_request=told.information_request,
        due_at=told.due_at,
        queued_at=told.queued_at,
        waiting_since=told.queued_at,
        next_attempt_at=told.queued_at,
    )


def _choose(rows: Sequence[Notice], at: datetime) -> None:
    """Each row is to be delivered as its recipient chose for its topic."""
    people = {told.recipient_id for told in rows}
    chosen = {
        (choice.person_id, choice.topic): Delivery(choice.delivery)
        for choice in NoticeChoice.objects.filter(person__in=people)
    }
    if not chosen:
        return
    for told in rows:
        topic = wording(told.kind).topic
        delivery = chosen.get((told.recipient_id, topic.value), Delivery.IMMEDIATE)
        if delivery not in topic.deliveries:
            continue
        told.delivery = delivery
        if delivery is Delivery.DIGEST:
            zone = ZoneInfo(told.recipient.zone)
            told.digest_for, told.next_attempt_at = next_digest(at, zone)
            told.waiting_since = told.next_attempt_at


def next_digest(at: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The day whose mail a notice of the instant ``at`` is part of, and when that mail goes."""
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=local.time() >= DIGEST_HOUR)
    return day, datetime.combine(day, DIGEST_HOUR, zone)


def queue_reminders(*, at: datetime) -> int:
    """The latest due reminder of each series of each row has its notices; how many are new."""
    return sum(_queue_series(series, at) for series in SERIES)


def _queue_series(series: Series, at: datetime) -> int:
    new = 0
    rows = iter(series.rows(at).order_by("pk").iterator(chunk_size=CHUNK))
    while chunk := list(islice(rows, CHUNK)):
        due = [(one, *current) for one in chunk if (current := series.current(one, at))]
        for one, reminder, due_at in _untold(due):
            if not (people := list(reminder.concerns(one))):
                continue
            with transaction.atomic():
                new += queue(reminder.kind, recipients=people, due_at=due_at, at=at, **subject(one))
    return new


def subject(about: Row) -> dict[str, Any]:
    """What a notice about the row is about: the submission, and the grant or request if one."""
    if isinstance(about, Submission):
        return {"submission": about}
    kind = "grant" if isinstance(about, AccessGrant) else "information_request"
    return {"submission": about.submission, kind: about}


def _untold(
    due: Sequence[tuple[Row, Reminder, datetime]],
) -> list[tuple[Row, Reminder, datetime]]:
    """Those of which nobody has been told yet: one query for them all."""
    kinds = {reminder.kind for _, reminder, _ in due}
    numbers = {subject(about)["submission"].pk for about, _, _ in due}
    told = set(
        Notice.objects.filter(kind__in=kinds, submission__in=numbers)
        .values_list("kind", *SUBJECTS, "due_at")
        .distinct()
    )

    def point(about: Row, reminder: Reminder, due_at: datetime) -> tuple[Any, ...]:
        named = subject(about)
        return reminder.kind, *(named[k].pk if k in named else None for k in SUBJECTS), due_at

    return [one for one in due if point(*one) not in told]


def waiting(at: datetime) -> QuerySet[Notice]:
    """Notices whose mail is due and that nobody is sending."""
    return (
        Notice.objects.filter(outbox.due(at), skipped_at__isnull=True)
        .exclude(delivery=Delivery.MUTED)
        .order_by("next_attempt_at", "id")
    )


def choose(person: User, topic: Topic, delivery: Delivery) -> None:
    """The person's notices of the topic are delivered so from now on.

    Raises ValueError for a delivery that the topic does not allow.
    """
    if delivery not in topic.deliveries:
        raise ValueError(f"{topic.label} cannot be delivered as {delivery}.")
    if topic is Topic.LEGAL:
        return
    NoticeChoice.objects.update_or_create(
        person=person, topic=topic, defaults={"delivery": delivery}
    )


@transaction.atomic
def decide(
    person: User, wanted: Mapping[Topic, Delivery], *, by: audit.Actor, at: datetime
) -> list[Topic]:
    """As ``choose``, for several topics; those that changed, each with an event in the log.

    ``by`` is the person herself, or whoever followed a mail's link without signing in.
    """
    # Any stronger lock would meet the foreign keys of a write that has the audit log's head.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    now = deliveries(person)
    changed = [topic for topic, delivery in wanted.items() if now[topic] is not delivery]
    for topic in changed:
        choose(person, topic, wanted[topic])
    audit.append(
        [
            audit.entry(
                "account.delivery_chosen",
                by=by,
                at=at,
                object_type="account",
                object_reference=person.email,
                topic=topic.value,
                delivery=wanted[topic].value,
            )
            for topic in changed
        ]
    )
    return changed


def deliveries(person: User) -> dict[Topic, Delivery]:
    """How the person's notices of each topic are delivered."""
    chosen = dict(NoticeChoice.objects.filter(person=person).values_list("topic", "delivery"))
    return {topic: Delivery(chosen.get(topic.value, Delivery.IMMEDIATE)) for topic in Topic}


def of_topic(topic: Topic) -> list[str]:
    """The kinds of notices that are of the topic."""
    kinds = [*EVENTS, *REMINDERS]
    return [str(kind) for kind in kinds if wording(kind).topic is topic]


@transaction.atomic
def send_again(rows: QuerySet[Notice], *, by: User, at: datetime) -> int:
    """As ``requeue``, with an event for each notice in the log."""
    dead = list(rows.select_for_update(of=("self",)).select_related("submission"))
    again = requeue(Notice.objects.filter(pk__in=[notice.pk for notice in dead]), at=at)
    audit.append(
        [
            audit.entry(
                "notice.requeued",
                by=by,
                at=at,
                object_type="notice",
                object_reference=notice.reference,
                submission=notice.submission.reference,
            )
            for notice in dead
        ]
    )
    return again


def requeue(rows: QuerySet[Notice], *, at: datetime) -> int:
    """The undelivered ones among ``rows`` are tried again from ``at`` on; how many."""
    dead = Notice.objects.undelivered().filter(pk__in=rows.values("pk"))
    return dead.update(bounced_at=None, **outbox.anew(at))
