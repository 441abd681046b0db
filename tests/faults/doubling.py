"""Class doubles: two beats, two workers, sweeps by hand at the same time, double clicks."""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

from django.db import connections

from accounts.models import AuditEvent
from reviews.models import Submission
from tests import factories
from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, settle
from tests.faults.stack import Stack, until

NAME = "doubles"
TOKEN = "d" * 32
SENDS = "Sending due task"
TITLE = "Head+of+policy"


def run(seeds, folder, server):
    """One outcome for each seed, on one stack with two of everything that sweeps."""
    scene = Scene.open(server)
    with Stack(folder, server.port) as stack:
        stack.start("redis")
        stack.start("worker", "worker2", "beat", "beat2", "web")
        for seed in seeds:
            yield _one(seed, scene, stack)


def _one(seed, scene, stack):
    chance, outcome = random.Random(seed), Outcome(NAME, seed)
    clicks, sweeps = chance.randint(2, 4), chance.randint(2, 3)
    before = _ticks(stack)
    submissions = scene.file(chance.randint(1, 2), chance.uniform(3, 4))
    end = submissions[0].closes_at
    clicked = draft_ending(scene, end + timedelta(seconds=chance.uniform(1, 2)))
    answers = click(scene, stack, clicked, clicks)
    if answers != {302: 1, 409: clicks - 1}:
        outcome.broken.append(f"{clicks} clicks were answered {dict(answers)}")
    clicked.refresh_from_db()
    factories.declare(clicked, [scene.people.nsa_reviewer])  # whom the probe reads as
    submissions.append(clicked)
    with Probe(scene, clicked, stack) as probe:
        time.sleep(max(0.0, end.timestamp() - time.time() - chance.uniform(0, 1.5)))
        by_hand = [_run_clock(stack) for _ in range(sweeps)]
        for process in by_hand:
            if process.wait(timeout=60):
                outcome.broken.append("run_clock failed")
    outcome.injected = clicks + sweeps + 2
    back = time.time()
    probe.judge(outcome)
    settle(submissions, outcome, since=back)
    judge(scene, submissions, outcome)
    for submission in submissions:
        filed = AuditEvent.objects.filter(
            action="submission.filed", submission=submission.reference
        )
        if filed.count() != 1:
            outcome.broken.append(f"{submission} was filed {filed.count()} times")
    active = [name for name, count in (_ticks(stack) - before).items() if count]
    if len(active) != 1:
        outcome.broken.append(f"{len(active)} beats sent ticks")
    if chance.random() < 0.15:
        _other_beat_goes_on(active[0], stack, outcome)
    return outcome


def _ticks(stack) -> Counter:
    return Counter({name: stack.log(name).count(SENDS) for name in ("beat", "beat2")})


def _other_beat_goes_on(active, stack, outcome):
    """The one that stood by sends the ticks when the other is killed; which comes back to wait."""
    other = {"beat": "beat2", "beat2": "beat"}[active]
    stack.kill(active)
    outcome.injected += 1
    killed, before = time.time(), _ticks(stack)[other]
    if until(lambda: _ticks(stack)[other] > before):
        outcome.recoveries.append(time.time() - killed)
        outcome.survived += 1
    else:
        outcome.broken.append("no other beat went on")
    stack.start(active)


def _run_clock(stack):
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_clock"], env=stack.env, stderr=subprocess.DEVNULL
    )


def draft_ending(scene, end) -> Submission:
    """A complete draft whose window, once filed, ends then."""
    return factories.draft(scene.people, planned_partner_release_at=end)


def click(scene, stack, draft, times, *, cookie: str = "") -> Counter:
    """How often each status answered that many clicks at once on the draft's filing.

    ``cookie`` is the liaison's, when the database cannot be asked for a new one.
    """
    cookie = cookie or scene.cookie("northlight_liaison")
    headers = {
        "Cookie": f"{cookie}; csrf={TOKEN}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = (
        f"csrfmiddlewaretoken={TOKEN}&certified=on&certifier_title={TITLE}"
        f"&revision={draft.revision}"
    )
    answers, barrier = Counter(), threading.Barrier(times)

    def post():
        barrier.wait()
        status, _ = stack.ask("POST", f"/submissions/{draft.reference}/file/", headers, body)
        answers[status] += 1
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
