"""Time never goes back past an instant acted upon, and a clock that lies decides nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import audit
from reviews import clock, policy
from reviews.exceptions import ClockDisagreement, NotPermitted
from reviews.policy import Action
from reviews.services import agency_reviews, timekeeping
from tests import factories

MICROSECOND = timedelta(microseconds=1)


def read(client, submission):
    return client.get(f"/submissions/{submission.reference}/package/").status_code


def test_a_clock_that_jumps_back_reopens_nothing_that_was_refused(people, client, move_clock):
    submission = factories.filed(people)
    client.force_login(people.nsa_reviewer)
    move_clock(submission.closes_at - MICROSECOND)
    assert read(client, submission) == 200
    move_clock(submission.closes_at)
    assert read(client, submission) == 403
    for back in (MICROSECOND, timedelta(hours=2), timedelta(days=29)):
        move_clock(submission.closes_at - back)
        assert read(client, submission) == 403


def test_plain_pages_move_the_mark_once_a_minute(people, client, start, move_clock):
    client.force_login(people.nsa_reviewer)
    for after, mark in ((59, 0), (61, 61), (90, 61), (122, 122)):
        move_clock(start + timedelta(seconds=after))
        client.get("/")
        assert audit.high_water()[0] == start + timedelta(seconds=mark)


def test_a_write_asks_the_clock_again_behind_its_lock(people, move_clock):
    """The request began inside the window and its turn came at the end."""
    submission = factories.filed(people)
    reviewer = factories.assigned(submission, people)
    inside = submission.closes_at - MICROSECOND
    move_clock(submission.closes_at)
    with pytest.raises(NotPermitted):
        agency_reviews.file_review(
            submission,
            agency=factories.organization("nsa"),
            answers=factories.REVIEW,
            ratings=factories.RATINGS,
            evidence=[],
            revision=0,
            by=reviewer,
            at=inside,
        )
    assert not submission.agency_reviews.exists()


@pytest.mark.parametrize("skew", [timedelta(minutes=6), -timedelta(minutes=6), timedelta(days=31)])
def test_a_clock_far_from_the_databases_answers_503(people, client, held_clock, monkeypatch, skew):
    client.force_login(people.nsa_reviewer)
    before = audit.high_water()[0]
    held_clock.release()
    monkeypatch.setattr(clock, "system", lambda: datetime.now(UTC) + skew)
    with pytest.raises(ClockDisagreement):
        timekeeping.now()
    response = client.get("/")
    assert response.status_code == 503
    assert audit.high_water()[0] == before


def test_a_clock_five_seconds_off_is_trusted(people, client, held_clock, monkeypatch):
    client.force_login(people.nsa_reviewer)
    held_clock.release()
    monkeypatch.setattr(clock, "system", lambda: datetime.now(UTC) + timedelta(seconds=5))
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("agency", ["nsa", "dod", "cisa", "caisi", "treasury"])
def test_at_the_end_everything_of_the_labs_is_closed_and_a_microsecond_before_open(
    people, move_clock, agency, settings
):
    """With no worker running: documents, filing and model access, for every agency's people."""
    settings.RECERTIFICATION_DAYS = 40
    submission = factories.filed(people)
    version = factories.document(submission, people).versions.get()
    reviewer = factories.assigned(submission, people, agency)
    grant = factories.grant(
        submission, people, agency, ends_at=submission.closes_at + timedelta(days=9)
    )
    end = submission.closes_at
    asked = [
        (reviewer, Action.READ_DOCUMENT, version),
        (getattr(people, f"{agency}_lead"), Action.READ_DOCUMENT, version),
        (reviewer, Action.READ_PACKAGE, submission),
        (reviewer, Action.WRITE_REVIEW, submission),
        (getattr(people, f"{agency}_lead"), Action.FILE_POSITION, submission),
        (reviewer, Action.USE_MODEL, grant),
    ]
    for at, answer in ((end - MICROSECOND, True), (end, False), (end + timedelta(days=7), False)):
        move_clock(at)
        for person, action, row in asked:
            assert policy.may(person, action, row, at=timekeeping.now()) is answer, (at, action)
    submission.refresh_from_db()
    assert submission.status == "under_review"  # nothing was recorded, and nothing was open
