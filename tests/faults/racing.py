"""Class racing: fifty filings of reviews at the end of their windows, while sweeps record it.

At the real time, by the services that the pages call, with a real worker and beat beside.
"""

import random
import threading
import time
from collections import Counter

from django.db import connections

from accounts import audit
from accounts.models import AuditEvent
from reviews.exceptions import DomainError
from reviews.models import AgencyReview, Submission
from reviews.models.agency_review import Criterion
from reviews.services import agency_reviews, ends, timekeeping
from tests import factories
from tests.faults.report import Outcome
from tests.faults.scene import Scene, judge, now, settle
from tests.faults.stack import Stack

NAME = "racing"
AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")
SUBMISSIONS = 10
SWEEPS = 4


def run(seeds, folder, server):
    """One outcome for each seed, on one worker and beat."""
    scene = Scene.open(server)
    with Stack(folder, server.port) as stack:
        stack.start("redis")
        stack.start("worker", "beat")
        for seed in seeds:
            yield _one(seed, scene)


def _one(seed, scene):
    chance, outcome = random.Random(seed), Outcome(NAME, seed)
    filed = [factories.filed(scene.people, at=now()) for _ in range(SUBMISSIONS)]
    for submission in filed:
        for agency in AGENCIES:
            factories.assigned(submission, scene.people, agency)
    submissions = scene.shorten(filed, 3)
    end = submissions[0].closes_at.timestamp()
    answers: dict[tuple[int, str], str] = {}
    calls = [
        threading.Thread(
            target=_file, args=(scene, one, agency, end + chance.gauss(0, 0.3), answers)
        )
        for one in submissions
        for agency in AGENCIES
    ]
    sweeps = [threading.Thread(target=_sweep, args=(end,)) for _ in range(SWEEPS)]
    for thread in [*calls, *sweeps]:
        thread.start()
    for thread in [*calls, *sweeps]:
        thread.join()
    outcome.injected = len(calls)
    settle(submissions, outcome, since=end)
    judge(scene, submissions, outcome)
    _whole_or_not(submissions, answers, outcome)
    outcome.survived = outcome.injected if not outcome.problems() else 0
    return outcome


def _file(scene, submission, agency, instant, answers):
    place = (submission.pk, agency)
    try:
        time.sleep(max(0.0, instant - time.time()))
        agency_reviews.file_review(
            Submission.objects.get(pk=submission.pk),
            agency=factories.organization(agency),
            answers=factories.REVIEW,
            ratings=factories.RATINGS,
            evidence=[],
            revision=0,
            by=getattr(scene.people, f"{agency}_reviewer"),
            at=now(),
        )
        answers[place] = "inside"
    except DomainError:
        answers[place] = "refused"
    except Exception as failure:
        answers[place] = repr(failure)
    finally:
        connections.close_all()


def _sweep(end: float) -> None:
    time.sleep(max(0.0, end - 0.5 - time.time()))
    while time.time() < end + 1.5:
        ends.record_overdue(at=timekeeping.now())
        time.sleep(0.02)
    connections.close_all()


def _whole_or_not(submissions, answers, outcome):
    """Each filing is there whole, with its event, or not at all; its caller was told which."""
    counts = Counter(answers.values())
    if set(counts) - {"inside", "refused"} or len(answers) != SUBMISSIONS * len(AGENCIES):
        outcome.broken.append(f"answered {dict(counts)}")
    if not counts["inside"] or not counts["refused"]:
        outcome.broken.append(f"nothing raced: {dict(counts)}")
    numbers = {submission.pk: submission for submission in submissions}
    filed = AgencyReview.objects.filter(submission__in=numbers).select_related("agency")
    places = {(review.submission_id, review.agency.code) for review in filed}
    if places != {place for place, answer in answers.items() if answer == "inside"}:
        outcome.broken.append("the reviews are not those whose callers were told so")
    for review in filed:
        end = numbers[review.submission_id].closes_at
        if review.filed_at is None or review.filed_at >= end:
            outcome.allowed_after += 1
        if review.ratings.count() != len(Criterion):
            outcome.broken.append(f"a review has {review.ratings.count()} ratings")
    references = [submission.reference for submission in submissions]
    events = AuditEvent.objects.filter(action="review.filed", submission__in=references)
    if events.count() != len(places):
        outcome.broken.append(f"{events.count()} events of {len(places)} filings")
    if broken := audit.verify():
        outcome.broken.append(broken)
