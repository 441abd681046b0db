"""Class smtp: the mail server answers badly, stalls, drops, or is not there."""

import random
import time

from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, now, settle
from tests.faults.smtp import DATA, END, GREET, MAIL, RCPT, Fault
from tests.faults.stack import Stack, until

NAME = "smtp"
# (stage, act) of what a conversation can meet. After each but 5xx the mail is tried again, and
# after that at MAIL too: it is about the sender.
CHOICES = [
    *((stage, code) for stage in (MAIL, RCPT, DATA, END) for code in (421, 451, 550, 554)),
    (GREET, 421),
    (GREET, "drop"),
    *((stage, "drop") for stage in (MAIL, RCPT, DATA, END)),
    (END, "stall"),
    (RCPT, "stall"),
]


def run(seeds, folder, server):
    """One outcome for each seed, on one worker and beat."""
    scene = Scene.open(server)
    with Stack(folder, server.port) as stack:
        stack.start("redis")
        stack.start("worker", "beat")
        for seed in seeds:
            yield _one(seed, scene, server)


def _one(seed, scene, server):
    chance, outcome = random.Random(seed), Outcome(NAME, seed)
    faults = [Fault(*chance.choice(CHOICES)) for _ in range(chance.randint(2, 5))]
    if chance.random() < 0.5:
        faults.append(Fault(END, "stall"))
    away = chance.random() < 0.35
    outcome.injected = len(faults) + away
    server.faults[:], server.happened[:] = faults, []
    if away:
        server.refuse()
    submissions = scene.file(chance.randint(1, 3), chance.uniform(2, 4))
    with Probe(scene, submissions[-1]) as probe:
        if away:
            # An hour of production's, whose first retry comes after a minute and not a second.
            time.sleep(chance.uniform(2, 6))
            server.listen()
        back = time.time()
    probe.judge(outcome)
    settle(submissions, outcome, since=back)
    until(lambda: not server.faults, seconds=2)
    for fault in server.faults:
        outcome.broken.append(f"no mail met {fault.act} at {fault.stage}")
    server.faults[:] = []
    refused = sum(fault.act in (550, 554) and fault.stage != MAIL for fault in server.happened)
    judge(scene, submissions, outcome, dead=refused)
    _check_retries(submissions, outcome, server)
    return outcome


def _check_retries(submissions, outcome, server):
    """What was refused for a while says so, and was tried again."""
    from tests.faults.scene import of

    temporary = [one for one in server.happened if one.act in (421, 451, "drop", "stall")]
    tried_again = of(submissions).filter(attempts__gt=0, sent_at__isnull=False)
    if any(fault.stage != GREET for fault in temporary) and not tried_again.exists():
        outcome.broken.append("no notice says that it was tried again")
    if of(submissions).filter(claimed_until__isnull=False).exists():
        outcome.broken.append(f"something is claimed still at {now()}")
