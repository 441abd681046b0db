"""Class clock: the clock of web, worker and beat jumps, and jumps back, under libfaketime.

The database's own clock is right all the time. Beyond five minutes' difference nothing is
decided, shown or recorded, and it is told; within, everything goes on. Nothing opens again.
"""

import json
import random
import time
from datetime import timedelta
from pathlib import Path

from accounts import audit
from accounts.models import AuditEvent
from deploy.local import debian
from reviews.models import Submission
from reviews.services.reminders import REMINDERS
from tests.faults.doubling import click, draft_ending
from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, now, of, settle
from tests.faults.smtp import MailServer
from tests.faults.stack import Stack, until

NAME = "clock"
HOUR, DAY = 3600, 86400
JUMPS = (2 * HOUR, -2 * HOUR, -DAY, 31 * DAY, 5, -5)
TOLERANCE = 300
OPERATOR = "operator@demo.example"
DISAGREE = "disagree"


class FakedStack(Stack):
    """A stack whose processes read their clock's difference from a file, at each reading."""

    def __init__(self, folder, mail_port: int) -> None:
        self._difference = folder / "difference"
        library = debian.find("usr/lib/*/faketime/libfaketimeMT.so.1")
        faked = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._difference),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(Path(__file__).with_name("faked")),
            "OPERATOR_EMAILS": OPERATOR,
        }
        self.jump(0)
        super().__init__(folder, mail_port, **faked)

    def jump(self, seconds: int) -> None:
        """Their clocks are that far from the real time from now on."""
        written = self._difference.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n")
        written.replace(self._difference)


def run(seeds, folder, server: MailServer):
    """One outcome for each seed, on one stack."""
    scene = Scene.open(server)
    with FakedStack(folder, server.port) as stack:
        stack.start("redis", LD_PRELOAD="")
        stack.start("worker", "beat", "web")
        for seed in seeds:
            yield _one(seed, scene, stack)


def _one(seed, scene, stack):
    chance, outcome = random.Random(seed), Outcome(NAME, seed, injected=2)
    jump = JUMPS[seed % len(JUMPS)]
    (running,) = scene.file(1, 20 * DAY)
    draft = draft_ending(scene, now() + timedelta(days=10))
    submissions = scene.file(chance.randint(1, 2), chance.uniform(3, 5))
    with Probe(scene, submissions[-1], stack) as probe:
        until(lambda: probe.answers, seconds=5)
        stack.jump(jump)
        time.sleep(1.5)  # what had begun before the jump has ended
        check = _decides_nothing if abs(jump) > TOLERANCE else _goes_on
        check(scene, stack, outcome, draft)
        if abs(jump) <= TOLERANCE:
            time.sleep(max(0.0, submissions[-1].closes_at.timestamp() - time.time() + 6))
        else:
            time.sleep(chance.uniform(1, 3))
        stack.jump(0)
        back = time.time()
    probe.judge(
        outcome,
        also=(503,) if abs(jump) > TOLERANCE else (),
        behind=max(0, -jump) if abs(jump) <= TOLERANCE else 0,
    )
    settle([*submissions, running], outcome, since=back)
    judge(scene, [*submissions, running], outcome, lags=False)
    _nothing_changed(scene, stack, running, submissions, outcome)
    return outcome


def _decides_nothing(scene, stack, outcome, draft):
    before, mails = audit.head()[:3], len(scene.server.accepted)
    events = AuditEvent.objects.count()
    cookie = scene.cookie("nsa_reviewer")
    for path in ("/", "/submissions/"):
        status, text = stack.ask("GET", path, {"Cookie": cookie})
        if status != 503 or "clock" not in text:
            outcome.broken.append(f"{path} was answered {status} by a clock that is wrong")
    if (answers := click(scene, stack, draft, 1)) != {503: 1}:
        outcome.broken.append(f"filing was answered {dict(answers)} by a clock that is wrong")
    status, text = stack.ask("GET", "/readyz", {})
    if status != 503 or "clock" not in json.loads(text)["failing"]:
        outcome.broken.append(f"/readyz was answered {status}: {text}")
    if not until(lambda: DISAGREE in stack.log("web") + stack.log("worker"), seconds=5):
        outcome.broken.append("no log says that the clocks disagree")
    time.sleep(2)
    if (audit.head()[:3], AuditEvent.objects.count()) != (before, events):
        outcome.broken.append("something was recorded by a clock that is wrong")
    sent = [one for one in scene.server.accepted[mails:] if one.recipient != OPERATOR]
    if sent:
        outcome.broken.append(f"{len(sent)} mails were sent by a clock that is wrong")


def _goes_on(scene, stack, outcome, draft):
    if (answers := click(scene, stack, draft, 1)) != {302: 1}:
        outcome.broken.append(f"filing was answered {dict(answers)} by a clock 5 s off")


def _nothing_changed(scene, stack, running, submissions, outcome):
    """What is open is open, what is over is closed, and no reminder came before its time."""
    cookie = scene.cookie("nsa_reviewer")
    for submission, expected in [(running, 200), *((one, 403) for one in submissions)]:
        path = f"/submissions/{submission.reference}/package/"
        status, _ = stack.ask("GET", path, {"Cookie": cookie})
        if status != expected:
            outcome.broken.append(f"{submission} is answered {status} after the jump back")
    early = now() + timedelta(seconds=10)
    if of([running.pk]).filter(kind__in=REMINDERS, due_at__gt=early).exists():
        outcome.broken.append("a reminder was queued before its time")
    if Submission.objects.filter(pk=running.pk, status="under_review").count() != 1:
        outcome.broken.append("a jump of the clock ended a window")
