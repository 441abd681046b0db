"""What the lab answers to information requests; the window and the database meanwhile."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from reviews.exceptions import Incomplete, NotPermitted, NotVisible, StaleForm
from reviews.models import InformationRequest, Notice, RequestAnswer
from reviews.models.information_request import RequestState
from reviews.services import agency_reviews, information_requests
from tests import factories
from tests.services.asking import draft, join, last_event, state, take_back, told

DAY = timedelta(days=1)
LAB = {"northlight liaison", "northlight admin"}


# Answering


def test_the_lab_answers_and_whoever_asked_hears_of_it(people, submission, start):
    asked = draft(submission, "nsa", people.nsa_reviewer)
    information_requests.issue(asked, days=3, revision=1, by=people.nsa_lead, at=start)
    join(asked, people, "dod")
    card = factories.document(submission, people)
    answer = factories.information_answer(asked, people, documents=[card])
    assert list(answer.documents.all()) == [card]
    assert told("information_answered") == {"nsa reviewer", "nsa lead", "dod lead"}
    assert last_event() == ("information_request.answered", "northlight")
    assert state(asked, start) == RequestState.ANSWERED
    factories.information_answer(asked, people, text="And appendix D.")
    assert asked.answers.count() == 2
    assert Notice.objects.filter(kind="information_answered").count() == 6


def test_whoever_drafted_it_and_is_recused_hears_nothing(people, submission, start):
    asked = draft(submission, "nsa", people.nsa_reviewer)
    information_requests.issue(asked, days=3, revision=1, by=people.nsa_lead, at=start)
    agency_reviews.recuse(submission, reason="", by=people.nsa_reviewer, at=start)
    factories.information_answer(asked, people)
    assert told("information_answered") == {"nsa lead"}


def test_a_late_answer_is_taken_until_the_window_ends(people, submission, move_clock):
    asked = factories.information_request(submission, people)
    move_clock(asked.due_at)
    assert state(asked, asked.due_at - timedelta(microseconds=1)) == RequestState.ASKED
    assert state(asked, asked.due_at) == RequestState.OVERDUE
    factories.information_answer(asked, people)
    assert state(asked, asked.due_at) == RequestState.ANSWERED
    another = factories.information_request(submission, people)
    move_clock(submission.closes_at)
    with pytest.raises(NotPermitted):
        factories.information_answer(asked, people)
    assert state(another, submission.closes_at) == RequestState.UNANSWERED


def test_only_the_lab_answers(people, submission, start):
    asked = factories.information_request(submission, people)
    for code, refusal in (
        ("nsa_lead", NotPermitted),
        ("oncd_official", NotPermitted),
        ("basalt_liaison", NotVisible),
    ):
        with pytest.raises(refusal):
            information_requests.answer(
                asked,
                text="T",
                documents=[],
                key=uuid.uuid4(),
                by=getattr(people, code),
                at=start,
            )


def test_an_answer_sent_twice_is_recorded_once(people, submission):
    asked = factories.information_request(submission, people)
    key = uuid.uuid4()
    factories.information_answer(asked, people, key=key)
    with pytest.raises(StaleForm, match="saved already"):
        factories.information_answer(asked, people, key=key)
    assert RequestAnswer.objects.count() == 1


def test_an_answer_says_something_to_every_agency(people, submission):
    """Without words, whom no document is open to would learn from the gap that there is one."""
    asked = factories.information_request(submission, people)
    elsewhere = factories.document(factories.filed(people), people)
    for documents in ([], [elsewhere]):
        with pytest.raises(Incomplete) as refused:
            factories.information_answer(asked, people, text="", documents=documents)
        assert refused.value.missing == ["text"]
    for_nsa = factories.document(submission, people, restricted_to=["nsa"])
    with pytest.raises(Incomplete, match="not open to every agency"):
        factories.information_answer(asked, people, text="", documents=[for_nsa])
    for_all = factories.document(submission, people)
    answer = factories.information_answer(asked, people, text="", documents=[for_all])
    assert list(answer.documents.all()) == [for_all]


# The window


def test_no_step_moves_the_window(people, submission, move_clock, start):
    before = (submission.opens_at, submission.closes_at, submission.status)
    asked = factories.information_request(submission, people)
    move_clock(start + 10 * DAY)
    factories.information_answer(asked, people)
    submission.refresh_from_db()
    assert (submission.opens_at, submission.closes_at, submission.status) == before


def test_after_the_end_nothing_more_is_drafted_joined_or_issued(people, submission, move_clock):
    asked = factories.information_request(submission, people, state="draft")
    move_clock(submission.closes_at)
    at = submission.closes_at
    with pytest.raises(NotPermitted):
        draft(submission, "nsa", people.nsa_lead)
    with pytest.raises(NotPermitted):
        join(asked, people, "dod")
    with pytest.raises(NotPermitted):
        information_requests.issue(asked, days=3, revision=1, by=people.nsa_lead, at=at)
    with pytest.raises(NotPermitted):
        take_back(asked, people.nsa_lead)


# The database


@pytest.mark.parametrize(
    "facts",
    [
        {"issued_at": None},
        {"issued_by": None},
        {"number": None},
        {"due_at": None},
        {"due_at": datetime(2026, 10, 20, 15, 0, tzinfo=UTC)},
        {"taken_back_at": datetime(2026, 10, 21, tzinfo=UTC), "taken_back_reason": "Why"},
        {"number": 1},
    ],
)
def test_the_database_refuses_half_a_fact(people, submission, facts):
    factories.information_request(submission, people)
    asked = factories.information_request(submission, people)
    with pytest.raises(IntegrityError), transaction.atomic():
        InformationRequest.objects.filter(pk=asked.pk).update(**facts)


def test_the_database_refuses_to_take_back_without_a_reason(people, submission, start):
    asked = factories.information_request(submission, people)
    facts = {"taken_back_at": start, "taken_back_by": people.nsa_lead}
    with pytest.raises(IntegrityError), transaction.atomic():
        InformationRequest.objects.filter(pk=asked.pk).update(**facts)
