"""Class absent: worker, beat and broker are away from day 1 until after the end.

What was filed weeks ago is filed with the clock rehearsed; what ends while only the web
process runs is filed, asked for and refused at the real time. Then everything is started.
"""

import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta

from reviews import clock
from reviews.models import Submission
from reviews.services.reminders import REMINDERS, SERIES
from tests import factories
from tests.faults.copies import copied
from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, now, of, settle
from tests.faults.stack import Stack

NAME = "absent"
# So many seeds have their past in one database, and are present at one start.
TOGETHER = 5


@dataclass
class Past:
    """One seed: the days before now on which something was filed, and what that became."""

    seed: int
    ages: list[timedelta]
    seconds: float
    submissions: list[Submission] = field(default_factory=list)

    @classmethod
    def draw(cls, seed: int) -> "Past":
        """Some windows that are over by now, some that are still open."""
        chance = random.Random(seed)
        over = [chance.uniform(30.1, 45) for _ in range(chance.randint(1, 3))]
        running = [chance.uniform(3.2, 29.7) for _ in range(chance.randint(1, 3))]
        ages = [timedelta(days=days) for days in over + running]
        return cls(seed, ages, chance.uniform(2, 4))


def run(seeds, folder, server):
    """One outcome for each seed; a few seeds share each absence."""
    seeds = list(seeds)
    for first in range(0, len(seeds), TOGETHER):
        with copied(f"a{first}"):
            yield from _absence(
                [Past.draw(seed) for seed in seeds[first:][:TOGETHER]], folder, server
            )


def _absence(pasts, folder, server):
    present = now()
    with clock.rehearsal(present - timedelta(days=46)):
        scene = Scene.open(server, clock.system())
    order = [(age, number) for number, past in enumerate(pasts) for age in past.ages]
    for age, number in sorted(order, reverse=True):
        filed = factories.filed(scene.people, at=present - age)
        pasts[number].submissions.append(filed)
    found = [Outcome(NAME, past.seed, injected=3) for past in pasts]
    with Stack(folder, server.port) as stack:
        stack.start("web")
        _refused_without_workers(pasts, found, scene, stack)
        back = time.time()
        stack.start("redis")
        stack.start("worker", "beat")
        for past, outcome in zip(pasts, found, strict=True):
            settle(past.submissions, outcome, since=back)
        # A further sweep finds nothing more to say.
        time.sleep(2)
    for past, outcome in zip(pasts, found, strict=True):
        _one_reminder_per_series(past.submissions, outcome)
        judge(scene, past.submissions, outcome, lags=False)
        yield outcome


def _refused_without_workers(pasts, found, scene, stack):
    with ExitStack() as probes:
        watched = []
        for past, outcome in zip(pasts, found, strict=True):
            (short,) = scene.file(1, past.seconds + 2)
            past.submissions.append(short)
            watched.append((probes.enter_context(Probe(scene, short, stack)), outcome))
    for probe, outcome in watched:
        probe.judge(outcome)
    for past, outcome in zip(pasts, found, strict=True):
        for submission in past.submissions:
            path = f"/submissions/{submission.reference}/package/"
            status, _ = stack.ask("GET", path, {"Cookie": scene.cookie("nsa_reviewer")})
            over = submission.closes_at <= now()
            if status != (403 if over else 200):
                outcome.broken.append(f"{submission}, over {over}, is answered {status}")


def _one_reminder_per_series(submissions, outcome):
    """Of each series exactly the reminder that is current now, and none of what is over."""
    for submission in submissions:
        told = {
            (notice.kind, notice.due_at)
            for notice in of([submission.pk]).filter(kind__in=REMINDERS, skipped_at=None)
        }
        expected = set()
        for series in SERIES:
            if series.rows(now()).model is not Submission:
                continue
            for row in series.rows(now()).filter(pk=submission.pk):
                current = series.current(row, now())
                if current and list(current[0].concerns(row)):
                    expected.add((current[0].kind, current[1]))
        if told != expected:
            outcome.broken.append(f"{submission}: told {told}, not {expected}")
