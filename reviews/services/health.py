"""One reading of what works unattended: facts in a fixed number of queries, and what they mean.

The health page, the metrics and the alarms all go by it, so they cannot disagree.
"""

import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts import audit
from accounts.anchor import BehindAnchor
from reviews import clock
from reviews.models import GatewaySignal, Heartbeat, Notice, Submission
from reviews.models.notice import Delivery
from reviews.services import heartbeats, outbox, report_pdf, scanning, scans, timekeeping
from reviews.services.amounts import COUNTED, count, span

# Nothing is said to have stopped before this, however short its own interval is.
SILENT = timedelta(minutes=3)
LATE = timedelta(minutes=1)
UNSENT_LATE, UNSENT_TOO_OLD = timedelta(minutes=5), timedelta(minutes=15)
UNRECORDED_TOO_LONG = timedelta(minutes=5)
UNSCANNED_LATE, UNSCANNED_TOO_OLD = timedelta(minutes=5), timedelta(minutes=30)
# So many mails refused or come back within the last hour, and it is not the addresses.
UNDELIVERED_LATELY, LATELY = 20, timedelta(hours=1)
CLOCK_ODD = timedelta(seconds=30)
BROKER_SECONDS = 1.0


class State(StrEnum):
    """How a part does; never by colour alone."""

    WORKING = "working"
    LATE = "late"
    ATTENTION = "attention"
    NOT_WORKING = "not_working"
    NOT_CONFIGURED = "not_configured"

    @property
    def label(self) -> str:
        return "Needs attention" if self is State.ATTENTION else self.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Part:
    """One part of the portal: how it does, in words, since when, and what to do about it."""

    code: str
    name: str
    state: State
    words: str
    remedy: str = ""
    at: datetime | None = None
    alarms: bool = True
    of_this_machine: bool = False

    @property
    def cause(self) -> str:
        """What operators are told of once: another machine's clock is another cause."""
        return f"{self.code}@{socket.gethostname()}" if self.of_this_machine else self.code

    @property
    def is_wrong(self) -> bool:
        """Whether operators are told."""
        return self.alarms and self.state is State.NOT_WORKING


@dataclass(frozen=True)
class Facts:
    """What one look at the database found at ``at``. Counts end at COUNTED."""

    at: datetime
    signs: dict[str, datetime]
    unsent: int
    oldest_unsent_at: datetime | None
    undelivered: int
    undelivered_lately: int
    unrecorded: int
    oldest_unrecorded_at: datetime | None
    head: audit.Head
    gateways_failing: int
    unscanned: int
    oldest_unscanned_at: datetime | None
    behind: str
    clock_ahead: timedelta

    def age(self, name: str) -> timedelta | None:
        """How long ago that heartbeat was; None when there never was one."""
        return self.at - self.signs[name] if name in self.signs else None

    @property
    def workers(self) -> dict[str, datetime]:
        """When each worker last gave a sign, the last first."""
        found = {n: at for n, at in self.signs.items() if n.startswith(heartbeats.WORKER)}
        return dict(sorted(found.items(), key=lambda item: item[1], reverse=True))

    @property
    def workers_alive(self) -> int:
        return sum(self.at - seen <= LATE for seen in self.workers.values())


def facts(at: datetime | None = None) -> Facts:
    """What the database says now; without ``at``, by the clock that can be trusted."""
    behind = ""
    try:
        head = audit.anchored_head()
    except BehindAnchor as found:
        head, behind = audit.head(), str(found)
    reading = clock.system()
    ahead = timedelta() if clock.rehearsing() else reading - head.database_at
    if at is None:
        trusted = timekeeping.trusted(reading, head.database_at)
        at = max(reading, head.latest_at) if trusted else head.database_at
    unsent = _unsent(at).aggregate(number=Count("pk"), oldest=Min("waiting_since"))
    undelivered = _undelivered_at().aggregate(
        number=Count("pk"), lately=Count("pk", filter=Q(failed_at__gt=at - LATELY))
    )
    overdue = Submission.objects.overdue(at).order_by("closes_at")[:COUNTED]
    unrecorded = overdue.aggregate(number=Count("pk"), oldest=Min("closes_at"))
    unscanned, oldest_unscanned_at = scans.backlog(COUNTED)
    return Facts(
        at=at,
        signs=dict(Heartbeat.objects.order_by("-at").values_list("name", "at")[:COUNTED]),
        unsent=unsent["number"],
        oldest_unsent_at=unsent["oldest"],
        undelivered=undelivered["number"],
        undelivered_lately=undelivered["lately"],
        unrecorded=unrecorded["number"],
        oldest_unrecorded_at=unrecorded["oldest"],
        head=head,
        gateways_failing=_gateways_failing(at),
        unscanned=unscanned,
        oldest_unscanned_at=oldest_unscanned_at,
        behind=behind,
        clock_ahead=ahead,
    )


def _unsent(at: datetime) -> QuerySet[Notice]:
    """Mail that should have left by ``at``, tried in vain or never, the oldest first."""
    waiting = Notice.objects.filter(
        sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True
    ).exclude(delivery=Delivery.MUTED)
    return waiting.filter(waiting_since__lte=at).order_by("waiting_since")[:COUNTED]


def _undelivered_at() -> Any:
    """Mail that was refused for good or came back, and when it ``failed_at``, the last first."""
    failed = Notice.objects.undelivered().annotate(failed_at=Coalesce("bounced_at", "dead_at"))
    return failed.order_by("-failed_at")[:COUNTED]


def _gateways_failing(at: datetime) -> int:
    """Of how many gateways something was given up, or has waited for long in vain."""
    waiting = GatewaySignal.objects.unsent().filter(
        attempts__gt=0, waiting_since__lte=at - UNSENT_TOO_OLD
    )
    failing = waiting.values("gateway").union(GatewaySignal.objects.dead().values("gateway"))
    return failing.count()


def notices_sent() -> int:
    """How many notices ever left by mail."""
    return Notice.objects.filter(sent_at__isnull=False).count()


def broker_answers() -> bool:
    """Whether the broker answers within a second or two; never raises."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=BROKER_SECONDS,
            socket_timeout=BROKER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def parts(found: Facts, *, broker: bool | None = None) -> list[Part]:
    """Each part of the portal; with ``broker``, also what renderer and scanner answer now."""
    listed = [
        _records(found),
        _clock(found),
        *(_sweep(found, name, sweep) for name, sweep in SWEEPS.items()),
        _beat(found),
        _workers(found),
        *(_worker(found, name, seen) for name, seen in found.workers.items()),
        _ends(found),
        _mail(found),
        _undelivered(found),
        _gateways(found),
    ]
    if broker is not None:
        listed += [_broker(broker), _renderer()]
    return [*listed, _scanner(found, asked=broker is not None)]


# What each sweep is called, and how much longer than the others one of its turns may take.
SWEEPS = {
    heartbeats.ENDS: ("Recording of ends", timedelta()),
    heartbeats.REMINDERS: ("Reminders", timedelta()),
    heartbeats.MAIL: ("Sending of mail", outbox.TASK),
    heartbeats.SIGNALS: ("Messages to gateways, queued", timedelta()),
    heartbeats.GATEWAYS: ("Messages to gateways, sent", outbox.TASK),
    heartbeats.EXPORTS: ("Files of submissions, prepared", outbox.TASK),
    heartbeats.SCANS: ("Documents, offered to the scanner", timedelta(hours=1)),
}
_WORKERS_AND_BEAT = "See that a worker, beat and the broker run (docs/operations.md)."


def _sweep(found: Facts, name: str, sweep: tuple[str, timedelta]) -> Part:
    title, turn = sweep
    interval = timedelta(seconds=settings.SWEEP_SECONDS)
    missed = max(3 * interval, SILENT) + turn
    return _alive(found, name, title, late=max(2 * interval, LATE) + turn, missed=missed)


def _beat(found: Facts) -> Part:
    return _alive(found, heartbeats.BEAT, "Beat, which gives the signal", late=LATE, missed=SILENT)


def _alive(found: Facts, name: str, title: str, *, late: timedelta, missed: timedelta) -> Part:
    age = found.age(name)
    if age is None:
        return Part(name, title, State.NOT_WORKING, "It has never run.", _WORKERS_AND_BEAT)
    state = State.NOT_WORKING if age > missed else State.LATE if age > late else State.WORKING
    words = f"Last done {span(age)} ago."
    remedy = "" if state is State.WORKING else _WORKERS_AND_BEAT
    return Part(name, title, state, words, remedy, found.signs[name])


def _workers(found: Facts) -> Part:
    alive, seen = found.workers_alive, next(iter(found.workers.values()), None)
    if alive:
        return Part("workers", "Workers", State.WORKING, f"{count(alive, 'worker')} at work.")
    silent = seen is None or found.at - seen > SILENT
    return Part(
        "workers",
        "Workers",
        State.NOT_WORKING if silent else State.LATE,
        "No worker gives a sign of life." if seen else "There has never been a worker.",
        "Start a worker: systemctl start foreview-worker.",
        seen,
    )


def _worker(found: Facts, name: str, seen: datetime) -> Part:
    age = found.at - seen
    quiet = age > LATE
    return Part(
        name,
        name.removeprefix(heartbeats.WORKER),
        State.LATE if quiet else State.WORKING,
        f"Last sign of life {span(age)} ago.",
        "If it is not meant to run, it leaves this list after a day." if quiet else "",
        seen,
        alarms=False,
    )


def _ends(found: Facts) -> Part:
    title, oldest = "Ends of windows", found.oldest_unrecorded_at
    if oldest is None:
        return Part("ends", title, State.WORKING, "Every end that has come is on record.")
    age = found.at - oldest
    state = State.WORKING if age <= LATE else State.LATE
    return Part(
        "ends",
        title,
        State.NOT_WORKING if age > UNRECORDED_TOO_LONG else state,
        f"{count(found.unrecorded, 'end')} not on record yet, the oldest for {span(age)}. "
        "Access has ended all the same.",
        _WORKERS_AND_BEAT + " To record them at once: manage.py run_clock.",
        oldest,
    )


def _mail(found: Facts) -> Part:
    title, oldest = "Mail", found.oldest_unsent_at
    if oldest is None:
        return Part("mail", title, State.WORKING, "No mail waits.")
    age = found.at - oldest
    state = State.LATE if age > UNSENT_LATE else State.WORKING
    return Part(
        "mail",
        title,
        State.NOT_WORKING if age > UNSENT_TOO_OLD else state,
        f"{count(found.unsent, 'notice')} unsent, the oldest for {span(age)}.",
        "See that the mail relay takes mail and that a worker reads the queue of mail.",
        oldest,
    )


def _undelivered(found: Facts) -> Part:
    title = "Undelivered mail"
    if not found.undelivered:
        return Part("undelivered", title, State.WORKING, "None came back or was refused.")
    words = f"{count(found.undelivered, 'notice')} refused for good, or came back."
    remedy = "Correct the addresses, then send these notices again."
    if found.undelivered_lately <= UNDELIVERED_LATELY:
        return Part("undelivered", title, State.ATTENTION, words, remedy)
    words += f" {count(found.undelivered_lately, 'notice')} of them within the last hour."
    remedy = "See that the mail relay takes this server's mail, then send these notices again."
    return Part("undelivered", title, State.NOT_WORKING, words, remedy)


def _gateways(found: Facts) -> Part:
    title, number = "Labs' gateways", found.gateways_failing
    if not number:
        return Part("gateways", title, State.WORKING, "No message waits too long or failed.")
    words = f"{count(number, 'gateway')} of labs did not take a message about access."
    remedy = "Ask the lab to repair its receiver; the page of gateways says which it is."
    return Part("gateways", title, State.ATTENTION, words, remedy)


def _clock(found: Facts) -> Part:
    apart = abs(found.clock_ahead)
    state, remedy = State.WORKING, ""
    words = "This server's clock agrees with the database's."
    if apart > CLOCK_ODD:
        words = f"This server's clock and the database's are {span(apart)} apart."
        state, remedy = State.ATTENTION, "Set the clocks by NTP."
    if apart > timekeeping.TOLERANCE:
        state = State.NOT_WORKING
        remedy += " Until then this server decides and shows nothing."
    return Part("clock", "Clock", state, words, remedy, of_this_machine=True)


def _records(found: Facts) -> Part:
    state, remedy = State.WORKING, ""
    words = "The database is the one that was acted upon."
    if found.behind:
        state = State.NOT_WORKING
        words = f"The database is an older one, or another: {found.behind}."
        remedy = (
            "Nothing is decided or shown until it is put right (docs/operations.md, Restoring)."
        )
    return Part("records", "Records", state, words, remedy, of_this_machine=True)


def _broker(answers: bool) -> Part:
    if answers:
        return Part("broker", "Broker", State.WORKING, "It answers.", alarms=False)
    words = "It does not answer. Pages and records are unharmed; the sweeps wait for it."
    remedy = "Start Redis, or correct REDIS_URL."
    return Part("broker", "Broker", State.NOT_WORKING, words, remedy, alarms=False)


def _renderer() -> Part:
    if report_pdf.works():
        return Part("pdf", "PDF of reports", State.WORKING, "The renderer starts.", alarms=False)
    words = "The renderer does not start. Reports can be read on their pages."
    remedy = "Install what docs/operations.md names under PDF."
    return Part("pdf", "PDF of reports", State.NOT_WORKING, words, remedy, alarms=False)


def _scanner(found: Facts, *, asked: bool) -> Part:
    """What waits for it; whether it answers only when ``asked``, which may take seconds."""
    title, scanner = "Scanner of documents", scanning.scanner()
    if scanner is None:
        closed = "" if settings.UNSCANNED_DOCUMENTS_OPEN else " Each stays closed until one does."
        return Part("scanner", title, State.NOT_CONFIGURED, f"Nothing scans documents.{closed}")
    words, state, oldest = "No document waits.", State.WORKING, found.oldest_unscanned_at
    if oldest is not None:
        age = found.at - oldest
        words = f"{count(found.unscanned, 'document')} not scanned, the oldest for {span(age)}."
        state = State.LATE if age > UNSCANNED_LATE else State.WORKING
        state = State.NOT_WORKING if age > UNSCANNED_TOO_OLD else state
    if asked:
        try:
            words = f"{scanner.version()}. {words}"
        except scanning.NoVerdict as error:
            state, words = State.NOT_WORKING, f"It does not answer: {error}. {words}"
    remedy = (
        ""
        if state is State.WORKING
        else ("See that clamd runs and that CLAMD names it; documents stay closed meanwhile.")
    )
    return Part("scanner", title, state, words, remedy, oldest)
