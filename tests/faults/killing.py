"""Class worker-kill: SIGKILL of a pool child or of a whole worker, in the middle of a batch.

At a word of a mail's conversation, also right before and right after the server's 250; or at
any instant around the end, when ends are recorded and their notices queued.
"""

import os
import random
import signal
import time

import psutil

from reviews.models import Notice
from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, settle
from tests.faults.smtp import DATA, END, MAIL, RCPT, Fault
from tests.faults.stack import Stack, until

NAME = "worker-kill"
POINTS = [
    *((stage, "kill") for stage in (MAIL, RCPT, DATA)),
    *((END, act) for act in ("kill-before", "kill-after") * 2),
    *[("any", "kill")] * 2,
]


def run(seeds, folder, server):
    """One outcome for each seed, on one stack whose worker is started again."""
    scene = Scene.open(server)
    # No mail meets a time-out here, so a short lease is long enough.
    with Stack(folder, server.port, MAIL_LEASE_SECONDS="6") as stack:
        stack.start("redis")
        stack.start("worker", "beat")
        for seed in seeds:
            yield _one(seed, scene, stack)


def _one(seed, scene, stack):
    chance, outcome, crashes = random.Random(seed), Outcome(NAME, seed), 0
    kills = [(*chance.choice(POINTS), chance.random() < 0.5) for _ in range(chance.randint(1, 2))]
    kills.sort(key=lambda kill: kill[0] == "any")  # after the end no mail may be left to meet
    submissions = scene.file(chance.randint(1, 3), chance.uniform(2, 4))
    with Probe(scene, submissions[-1]) as probe:
        for stage, act, whole in kills:
            if stage == "any":
                crashes += _kill_at_an_instant(chance, scene, stack, submissions[-1], whole)
            else:
                crashes += _kill_at_a_word(stage, act, chance, scene, stack, whole, outcome)
            outcome.injected += 1
            back = time.time()
            if whole:
                stack.start("worker")
    probe.judge(outcome)
    settle(submissions, outcome, since=back)
    judge(scene, submissions, outcome, crashes=crashes)
    return outcome


def _kill_at_a_word(stage, act, chance, scene, stack, whole, outcome) -> int:
    """How many messages the server had taken when their process was killed: 0 or 1."""
    server = scene.server
    fault = Fault(stage, act, after=len(server.accepted) + chance.randint(0, 8))
    if whole:
        group = stack.pid("worker")
        fault.kill = lambda _: os.killpg(group, signal.SIGKILL)
    server.faults[:] = [fault]
    if not until(lambda: fault in server.happened, seconds=30, pause=0.01):
        server.faults[:] = []
        outcome.broken.append(f"no mail met {act} at {stage}")
    if whole:
        stack.kill("worker")
    return int(stage == END)


def _kill_at_an_instant(chance, scene, stack, submission, whole) -> int:
    """How many messages the server had taken that were not on record at the kill: 0 or 1."""
    instant = submission.closes_at.timestamp() + chance.uniform(-0.5, 2)
    time.sleep(max(0.0, instant - time.time()))
    if whole:
        stack.kill("worker")
    else:
        children = psutil.Process(stack.pid("worker")).children()
        for child in children:
            child.kill()
        psutil.wait_procs(children, timeout=10)
    taken = {one.message_id[1:33] for one in scene.server.accepted}
    # What a killed process was sending stays claimed; another may be sending the rest by now.
    return Notice.objects.filter(
        reference__in=taken, sent_at=None, claimed_until__isnull=False
    ).count()
