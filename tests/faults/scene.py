"""People and submissions of one class, by the real services at the real time.

A window ends seconds after it opens, because the lab shortens it. What must come of it is
counted here, and compared with what the mail server kept.
"""

import contextlib
import itertools
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.db import connections, transaction

from accounts.models import AuditEvent
from reviews import audience, policy
from reviews.exceptions import WindowRefused
from reviews.models import Heartbeat, Notice, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import heartbeats, lifecycle
from reviews.services.reminders import REMINDERS
from tests import factories
from tests import people as people_module
from tests.benchmarks.people import cookies
from tests.faults.report import Outcome
from tests.faults.smtp import MailServer
from tests.faults.stack import Stack, until

TWO_MINUTES = 120
# Between asking whether a reminder still holds and the first word of its mail.
MOMENT = 1.0
EVENTS = (NoticeKind.FILED_RECEIPT, NoticeKind.SUBMISSION_FILED, NoticeKind.WINDOW_ENDED)


def now() -> datetime:
    """The real instant."""
    return datetime.now(UTC)


@dataclass
class Scene:
    """Everyone, and how a seed's submissions are filed and judged."""

    people: SimpleNamespace
    server: MailServer

    @classmethod
    def open(cls, server: MailServer, at: datetime | None = None) -> "Scene":
        """Everyone has a seat, from ``at`` on."""
        return cls(people_module.create(at or now()), server)

    def file(self, count: int, seconds: float) -> list[Submission]:
        """So many new submissions whose windows end ``seconds`` from now.

        All are filed first and then shortened, however long that takes.
        """
        filed = [factories.filed(self.people, at=now()) for _ in range(count)]
        return self.shorten(filed, seconds)

    def shorten(self, filed: list[Submission], seconds: float) -> list[Submission]:
        """Their windows end ``seconds`` from now, or later where the machine is too slow."""
        liaison = self.people.northlight_liaison
        for patience in itertools.count(1):
            end = now() + timedelta(seconds=seconds * patience)
            with contextlib.suppress(WindowRefused), transaction.atomic():
                shortened = [
                    lifecycle.shorten(one, closes_at=end, by=liaison, at=now()) for one in filed
                ]
                if now() < end - timedelta(seconds=seconds / 2):
                    return shortened
                transaction.set_rollback(True)
        raise AssertionError

    def cookie(self, code: str) -> str:
        """A Cookie header of that person, signed in."""
        return cookies(vars(self.people), code)[code]


def of(submissions) -> "Notice.objects":
    """Every notice about them."""
    return Notice.objects.filter(submission__in=submissions)


def waiting(submissions) -> bool:
    """Whether something about them is still to be recorded or sent."""
    numbers = [submission.pk for submission in submissions]
    if Submission.objects.overdue(now()).filter(pk__in=numbers).exists():
        return True
    rest = of(numbers).filter(sent_at=None, skipped_at=None, dead_at=None)
    return rest.exclude(delivery="muted").exists()


def settle(submissions, outcome: Outcome, since: float) -> None:
    """Everything was recorded and tried within two minutes of ``since``, or the rule is broken."""
    ends = [submission.closes_at.timestamp() for submission in submissions]
    since = max([since, *(end for end in ends if end <= time.time())])

    def settled():
        # A sweep that began before would still add reminders.
        swept = Heartbeat.objects.filter(name=heartbeats.REMINDERS, at__gte=start)
        return swept.exists() and not waiting(submissions)

    start = datetime.fromtimestamp(since, UTC)
    if until(settled, seconds=since + TWO_MINUTES - time.time()):
        outcome.recoveries.append(max(0.0, time.time() - since))
    else:
        outcome.broken.append("something still waits two minutes after the restart")


def judge(
    scene: Scene,
    submissions,
    outcome: Outcome,
    *,
    dead: int = 0,
    crashes: int = 0,
    lags: bool = True,
) -> None:
    """What came of the submissions is in the outcome; what must not have come breaks a rule.

    ``dead`` is how many messages the server refused for good, ``crashes`` how many processes
    were killed between its 250 and our commit, after each of which one message is sent again,
    or is no longer worth it and is on record as skipped; ``lags`` tells whether the ends were
    recorded as soon as they could be.
    """
    taken: dict[str, list[float]] = {}
    for one in list(scene.server.accepted):
        taken.setdefault(one.message_id, []).append(one.begun)
    numbers = [submission.pk for submission in submissions]
    rows = list(of(numbers).select_related("submission"))
    unqueued = 0
    for submission in Submission.objects.filter(pk__in=numbers):
        over = submission.closes_at <= now()
        unqueued += _unqueued(submission, rows, over)
        end = submission.closes_at if over else None
        if (submission.status == "expired", submission.ended_at) != (over, end):
            outcome.broken.append(f"{submission} is {submission.status}, {submission.ended_at}")
    refused = sum(notice.dead_at is not None for notice in rows)
    for notice in rows:
        sent = taken.get(f"<{notice.reference.hex}@127.0.0.1>", [])
        reminder = notice.kind in REMINDERS
        if len(sent) > 1:
            outcome.duplicated += len(sent) - 1
            outcome.twice.append(f"{notice.kind} after {max(sent) - min(sent):.1f} s")
        end = notice.submission.closes_at.timestamp()
        outcome.late += sum(begun > end + MOMENT for begun in sent) if reminder else 0
        if sent and notice.skipped_at:
            outcome.unrecorded += 1
        elif (notice.sent_at is None) == bool(sent):
            outcome.broken.append(f"{notice.kind}: sent {notice.sent_at}, taken {sent}")
        if reminder and notice.skipped_at and not sent:
            continue
        outcome.expected += 1
        outcome.delivered += bool(sent)
        outcome.lost += not sent and not notice.dead_at
    outcome.expected += unqueued
    outcome.lost += unqueued
    outcome.dead += refused
    outcome.allowed_duplicates += crashes
    if refused != dead:
        outcome.broken.append(f"{refused} dead, and the server refused {dead} for good")
    _record_ends(submissions, outcome, lags)
    outcome.survived = outcome.injected if not outcome.problems() else 0


def _unqueued(submission: Submission, rows, over: bool) -> int:
    """How many notices that filing and, when it is ``over``, the end cause are not there."""
    lab = {person.pk for person in audience.people(Action.OWN, submission)}
    told = {
        *audience.people(Action.FILE_POSITION, submission),
        *audience.people(Action.DETERMINE, submission),
    }
    expected = {
        NoticeKind.FILED_RECEIPT: lab,
        NoticeKind.SUBMISSION_FILED: {person.pk for person in told},
        NoticeKind.WINDOW_ENDED: {
            person for _, person in (audience.viewers([submission]) if over else ())
        },
    }
    there = {(row.kind, row.recipient_id) for row in rows if row.submission_id == submission.pk}
    return sum((kind, person) not in there for kind in EVENTS for person in expected[kind])


def _record_ends(submissions, outcome: Outcome, lags: bool) -> None:
    for submission in submissions:
        events = AuditEvent.objects.filter(
            action="submission.expired", submission=submission.reference
        )
        if len(events) != (submission.closes_at <= now()):
            outcome.broken.append(f"the end of {submission} is recorded {len(events)} times")
        if any(event.details["ended_at"] != submission.closes_at.isoformat() for event in events):
            outcome.broken.append(f"the end of {submission} is not recorded at its true instant")
        if lags:
            outcome.lags += [(event.at - submission.closes_at).total_seconds() for event in events]


@dataclass
class Probe:
    """Somebody who asks for one package over and over, from before its end until after it.

    Through the web process when there is a stack with one, else of policy itself.
    """

    scene: Scene
    submission: Submission
    stack: Stack | None = None
    answers: list[tuple[float, int]] = field(default_factory=list)

    def __enter__(self):
        self._going = threading.Event()
        self._cookie = self.scene.cookie("nsa_reviewer")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_):
        end = self.submission.closes_at.timestamp() + 1
        time.sleep(max(0.0, end - time.time()))
        self._going.set()
        self._thread.join()

    def _run(self):
        while not self._going.is_set():
            asked = time.time()
            self.answers.append((asked, self._ask()))
            time.sleep(0.1)
        connections.close_all()

    def _ask(self) -> int:
        if self.stack is None:
            reviewer = self.scene.people.nsa_reviewer
            return (
                200 if policy.may(reviewer, Action.READ_PACKAGE, self.submission, at=now()) else 403
            )
        path = f"/submissions/{self.submission.reference}/package/"
        return self.stack.ask("GET", path, {"Cookie": self._cookie})[0]

    def judge(self, outcome: Outcome, *, also: tuple[int, ...] = (), behind: float = 0.0) -> None:
        """No answer after the end was a page, and none after a refusal.

        ``also`` may have been answered at any time; ``behind``: seconds by which the web
        process's clock is slow, so that its end comes later.
        """
        end = self.submission.closes_at.timestamp() + behind
        outcome.allowed_after += sum(code == 200 for asked, code in self.answers if asked >= end)
        answered = [code for _, code in self.answers]
        if 403 in answered and 200 in answered[answered.index(403) :]:
            outcome.broken.append("a package opened again after its end")
        codes = set(answered)
        if codes - {200, 403, *also}:
            outcome.broken.append(f"pages answered {sorted(codes)}")
        if not any(code == 200 for asked, code in self.answers if asked < end):
            outcome.broken.append("the probe never saw the open package")
        if not any(asked >= end for asked, _ in self.answers):
            outcome.broken.append("the probe did not ask after the end")
