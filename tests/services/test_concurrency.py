"""Fifty at once on real PostgreSQL: one outcome each, every caller answered."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, connections

from accounts import audit
from accounts.models import AuditEvent
from reviews import clock
from reviews.exceptions import DomainError
from reviews.models import AccessGrant, AgencyReview, Notice, RecusalQuestion, Submission
from reviews.services import access, agency_reviews, declarations, ends, lifecycle
from tests import factories

pytestmark = pytest.mark.postgresql
THREADS = 50


@pytest.fixture(autouse=True)
def on_postgresql():
    assert connection.vendor == "postgresql", "run these with a PostgreSQL DATABASE_URL"


def at_once(*calls):
    """Start every call at the same instant; each one's result, or its refusal's name."""
    barrier = threading.Barrier(len(calls))
    answers = [None] * len(calls)

    def run(index, call):
        barrier.wait()
        try:
            call()
            answers[index] = "done"
        except DomainError as refusal:
            answers[index] = type(refusal).__name__
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert None not in answers
    return Counter(answers)


def file(submission, people):
    return lambda: lifecycle.file(
        Submission.objects.get(pk=submission.pk),
        certifier_title="Head of policy",
        revision=submission.revision,
        by=people.northlight_liaison,
        at=clock.system(),
    )


def test_one_draft_filed_fifty_times(committed_people):
    submission = factories.draft(committed_people)
    answers = at_once(*[file(submission, committed_people)] * THREADS)
    assert answers == {"done": 1, "IllegalTransition": THREADS - 1}
    assert AuditEvent.objects.filter(action="submission.filed").count() == 1
    assert Notice.objects.filter(kind="filed_receipt").count() == 2
    assert audit.verify() is None


def test_fifty_drafts_of_one_version(committed_people):
    first = factories.draft(committed_people)
    version = first.model_version
    drafts = [first] + [
        factories.draft(
            committed_people,
            family=version.family,
            version=version.version,
            checkpoint_sha256=version.checkpoint_sha256,
        )
        for _ in range(THREADS - 1)
    ]
    answers = at_once(*[file(draft, committed_people) for draft in drafts])
    assert answers == {"done": 1, "Conflict": THREADS - 1}
    assert Submission.objects.filter(status="under_review").count() == 1


def test_one_grant_authorized_fifty_times_by_two_administrators(committed_people):
    submission = factories.filed(committed_people)
    grant = factories.grant(submission, committed_people, state="consented")
    administrators = [committed_people.administrator, committed_people.second_administrator]
    answers = at_once(
        *[
            lambda by=administrators[number % 2]: access.authorize(
                AccessGrant.objects.get(pk=grant.pk), by=by, at=clock.system()
            )
            for number in range(THREADS)
        ]
    )
    assert answers == {"done": 1, "Conflict": THREADS - 1}
    assert AuditEvent.objects.filter(action="grant.authorized").count() == 1


def test_filing_reviews_against_the_end(committed_people, start, move_clock):
    """Fifty filings race a clock that reaches the end: inside or refused, never partial."""
    people = committed_people
    submissions = [factories.filed(people) for _ in range(25)]
    for submission in submissions:
        factories.assigned(submission, people)
    end = start + clock.FULL_WINDOW
    move_clock(end - timedelta(microseconds=1))

    def review(submission):
        def call():
            agency_reviews.file_review(
                Submission.objects.get(pk=submission.pk),
                agency=factories.organization("nsa"),
                answers=factories.REVIEW,
                ratings=factories.RATINGS,
                evidence=[],
                revision=0,
                by=people.nsa_reviewer,
                at=clock.system(),
            )

        return call

    def expire(submission):
        def call():
            move_clock(end)
            ends.record(submission.pk, at=clock.system())

        return call

    answers = at_once(
        *[review(submission) for submission in submissions],
        *[expire(submission) for submission in submissions],
    )
    filed = AgencyReview.objects.filter(filed_at__isnull=False)
    assert answers["done"] == len(submissions) + filed.count()
    assert answers["NotPermitted"] == len(submissions) - filed.count()
    assert all(review.filed_at < end for review in filed)
    assert not AgencyReview.objects.filter(filed_at__isnull=True).exists()
    assert AuditEvent.objects.filter(action="review.filed").count() == filed.count()
    assert Submission.objects.filter(status="expired", ended_at=end).count() == len(submissions)
    assert audit.verify() is None


def test_one_end_recorded_fifty_times(committed_people, start, move_clock):
    submission = factories.filed(committed_people)
    move_clock(start + clock.FULL_WINDOW)
    calls = [lambda: ends.record(submission.pk, at=clock.system())] * THREADS
    assert at_once(*calls) == {"done": THREADS}
    assert AuditEvent.objects.filter(action="submission.expired").count() == 1
    people_told = Notice.objects.filter(kind="window_ended").values("recipient")
    assert people_told.count() == people_told.distinct().count() > 5


def test_saving_against_filing_one_draft(committed_people):
    """The lock order holds: each call is answered, and what is filed is what was checked."""
    people = committed_people
    submission = factories.draft(people)

    def save():
        lifecycle.revise(
            Submission.objects.get(pk=submission.pk),
            answers={"version": "other", "safeguards": "Others."},
            revision=submission.revision,
            by=people.northlight_admin,
            at=clock.system(),
        )

    answers = at_once(*[save, file(submission, people)] * (THREADS // 2))
    assert answers["done"] == 1
    assert set(answers) <= {"done", "StaleForm", "IllegalTransition", "Conflict"}
    submission.refresh_from_db()
    assert (submission.status == "under_review") == (submission.package.safeguards != "Others.")


def test_one_question_added_fifty_times(committed_people):
    """Asked twice, nobody could declare: an answer is kept under the question's words."""
    people = committed_people
    added = [
        lambda by=by: declarations.add_question(
            "Any shares in the lab?", position=1, by=by, at=clock.system()
        )
        for by in (people.administrator, people.second_administrator)
    ]
    assert at_once(*added * (THREADS // 2)) == {"done": 1, "Conflict": THREADS - 1}
    assert RecusalQuestion.objects.count() == 1
