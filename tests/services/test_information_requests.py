"""Information requests, by the services: each step, what it refuses, and whom it tells."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from reviews.exceptions import Conflict, Incomplete, NotPermitted, NotVisible, StaleForm
from reviews.models import InformationRequest, Notice, RequestAnswer, RequestParty
from reviews.models.information_request import RequestState
from reviews.services import attachments, information_requests, lifecycle
from tests import factories
from tests.services.asking import draft, join, last_event, state, take_back, told

DAY = timedelta(days=1)
LAB = {"northlight liaison", "northlight admin"}


@pytest.fixture
def submission(people, start):
    """Under review, without Outpost."""
    filed = factories.filed(people)
    attachments.detach(filed, factories.organization("outpost"), by=people.administrator, at=start)
    return filed


# Drafting


def test_a_draft_is_the_agencys_and_other_leads_hear_of_it(people, submission, start):
    asked = factories.information_request(submission, people, state="draft")
    assert (asked.agency.code, asked.number, asked.due_at) == ("nsa", None, None)
    assert [party.agency.code for party in asked.parties.all()] == ["nsa"]
    assert state(asked, start) == RequestState.DRAFT
    assert told("information_request_drafted") == {
        *("dod lead", "cisa lead", "caisi lead", "treasury lead")
    }
    assert last_event() == ("information_request.drafted", "nsa")


@pytest.mark.parametrize("code", ["dod_reviewer", "nsa_official"])
def test_reviewers_and_officials_draft_too(people, submission, code):
    someone = getattr(people, code)
    assert draft(submission, code.partition("_")[0], someone).drafted_by == someone


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("northlight_liaison", NotPermitted),
        ("oncd_official", NotPermitted),
        ("basalt_liaison", NotVisible),
        ("administrator", NotVisible),
    ],
)
def test_nobody_else_drafts(people, submission, code, refusal):
    with pytest.raises(refusal):
        draft(submission, "nsa", getattr(people, code))
    assert not InformationRequest.objects.exists()


def test_one_drafts_for_ones_own_agency_alone(people, submission):
    with pytest.raises(Conflict, match="You cannot do this for DoD"):
        draft(submission, "dod", people.nsa_lead)


def test_a_draft_sent_twice_is_saved_once(people, submission):
    key = uuid.uuid4()
    draft(submission, "nsa", people.nsa_lead, key=key)
    with pytest.raises(StaleForm, match="saved already"):
        draft(submission, "nsa", people.nsa_lead, key=key)
    assert InformationRequest.objects.count() == 1


def test_only_what_the_lab_was_sent_here_is_followed_up(people, submission):
    sent = factories.information_request(submission, people)
    unsent = factories.information_request(submission, people, state="draft")
    elsewhere = factories.information_request(factories.filed(people, "basalt"), people)
    assert draft(submission, "nsa", people.nsa_lead, follows=sent).follows == sent
    for other in (unsent, elsewhere):
        with pytest.raises(Conflict, match="can be followed up"):
            draft(submission, "nsa", people.nsa_lead, follows=other)
        with pytest.raises(Conflict, match="can be followed up"):
            information_requests.edit(
                unsent,
                subject="S",
                question="Q",
                follows=other,
                revision=1,
                by=people.nsa_lead,
                at=factories.now(),
            )


# Changing


def change(asked, by, revision=1):
    return information_requests.edit(
        asked, subject="New", question="Newer?", revision=revision, by=by, at=factories.now()
    )


def test_a_lead_or_official_of_its_agency_changes_a_draft(people, submission):
    asked = factories.information_request(submission, people, state="draft")
    for code, refusal in (
        ("nsa_reviewer", NotPermitted),
        ("dod_lead", NotPermitted),
        ("northlight_liaison", NotVisible),
    ):
        with pytest.raises(refusal):
            change(asked, getattr(people, code))
    assert change(asked, people.nsa_official).question == "Newer?"
    assert last_event() == ("information_request.edited", "nsa")
    with pytest.raises(StaleForm):
        change(asked, people.nsa_lead, revision=1)
    assert change(asked, people.nsa_lead, revision=2).revision == 3


def test_what_the_lab_was_sent_or_was_dropped_does_not_change(people, submission):
    sent = factories.information_request(submission, people)
    dropped = factories.information_request(submission, people, state="draft")
    take_back(dropped, people.nsa_lead, reason="")
    with pytest.raises(Conflict, match="stays as it is"):
        change(sent, people.nsa_lead)
    with pytest.raises(Conflict, match="was dropped"):
        change(dropped, people.nsa_lead)


# Joining


def test_leads_of_other_agencies_join_before_and_after_it_is_issued(people, submission, start):
    asked = factories.information_request(submission, people, state="draft")
    join(asked, people, "cisa")
    assert last_event() == ("information_request.joined", "cisa")
    asked = information_requests.issue(asked, days=3, revision=1, by=people.nsa_lead, at=start)
    join(asked, people, "dod")
    assert [party.agency.code for party in asked.parties.all()] == ["nsa", "cisa", "dod"]
    with pytest.raises(Conflict, match="DoD asks this already"):
        join(asked, people, "dod")
    with pytest.raises(NotPermitted):
        join(asked, people, "nsa")
    assert RequestParty.objects.count() == 3


def test_nobody_but_a_lead_joins_and_only_for_her_own_agency(people, submission, start):
    asked = factories.information_request(submission, people)
    dod = factories.organization("dod")
    for code in ("dod_reviewer", "oncd_official", "northlight_liaison"):
        with pytest.raises(NotPermitted):
            information_requests.join(asked, agency=dod, by=getattr(people, code), at=start)
    with pytest.raises(Conflict, match="You cannot do this for DoD"):
        information_requests.join(asked, agency=dod, by=people.cisa_lead, at=start)


def test_nobody_joins_what_was_dropped_or_taken_back(people, submission):
    for made in ("draft", "issued"):
        asked = factories.information_request(submission, people, state=made)
        take_back(asked, people.nsa_lead)
        with pytest.raises(Conflict, match="was taken back"):
            join(asked, people, "dod")


# Issuing


def test_issuing_asks_the_lab_under_the_next_number(people, submission, start):
    dropped, first, second = (
        factories.information_request(submission, people, state="draft") for _ in range(3)
    )
    take_back(dropped, people.nsa_lead)
    # The order of drafting does not count, nor does what was dropped.
    second = information_requests.issue(second, days=3, revision=1, by=people.nsa_lead, at=start)
    first = information_requests.issue(first, days=3, revision=1, by=people.nsa_official, at=start)
    assert (second.number, first.number) == (1, 2)
    elsewhere = factories.information_request(factories.filed(people, "basalt"), people)
    assert elsewhere.number == 1
    assert state(first, start) == RequestState.ASKED
    lab = Notice.objects.filter(kind="information_requested", submission=submission)
    assert set(lab.values_list("recipient__name", flat=True)) == LAB
    assert lab.count() == 4


@pytest.mark.parametrize(
    ("days", "due"),
    [  # filed on Tuesday, October 20, 2026 at 11 a.m. in Washington
        (1, datetime(2026, 10, 21, 21, 0, tzinfo=UTC)),
        (3, datetime(2026, 10, 23, 21, 0, tzinfo=UTC)),
        (4, datetime(2026, 10, 26, 21, 0, tzinfo=UTC)),
        (10, datetime(2026, 11, 3, 22, 0, tzinfo=UTC)),  # winter time since November 1
    ],
)
def test_an_answer_is_due_at_the_close_of_a_business_day(people, submission, days, due):
    asked = factories.information_request(submission, people, days=days)
    assert (asked.due_at, asked.deadline(), asked.overdue_since()) == (due, due, due)


def test_an_answer_is_due_by_the_windows_end(people, submission, start, move_clock):
    move_clock(submission.closes_at - timedelta(hours=1))
    asked = factories.information_request(submission, people)
    assert (asked.due_at, asked.overdue_since()) == (submission.closes_at, None)


def test_a_shortened_window_shows_its_end_and_changes_no_row(people, submission, start):
    asked = factories.information_request(submission, people)
    end = start + DAY
    lifecycle.shorten(submission, closes_at=end, by=people.northlight_liaison, at=start)
    found = InformationRequest.objects.get(pk=asked.pk)
    assert (found.due_at, found.deadline(), found.overdue_since()) == (asked.due_at, end, None)


@pytest.mark.parametrize("days", [0, -1, 11])
def test_nobody_chooses_other_numbers_of_days(people, submission, days):
    with pytest.raises(Conflict, match="from 1 to 10"):
        factories.information_request(submission, people, days=days)


def test_issuing_twice_or_unseen_words_is_refused(people, submission, start):
    asked = factories.information_request(submission, people, state="draft")
    change(asked, people.nsa_official)
    with pytest.raises(StaleForm):
        information_requests.issue(asked, days=3, revision=1, by=people.nsa_lead, at=start)
    information_requests.issue(asked, days=3, revision=2, by=people.nsa_lead, at=start)
    with pytest.raises(Conflict, match="stays as it is"):
        information_requests.issue(asked, days=3, revision=2, by=people.nsa_lead, at=start)
    for code in ("nsa_reviewer", "dod_lead", "northlight_liaison"):
        with pytest.raises(NotPermitted):
            information_requests.issue(
                asked, days=3, revision=2, by=getattr(people, code), at=start
            )


# Taking back


def test_a_draft_is_dropped_without_a_word_to_the_lab(people, submission, start):
    asked = factories.information_request(submission, people, state="draft")
    join(asked, people, "dod")
    take_back(asked, people.nsa_official, reason="")
    assert state(asked, start) == RequestState.DROPPED
    assert told("information_request_taken_back") == {"nsa lead", "dod lead"}
    assert last_event() == ("information_request.dropped", "nsa")
    with pytest.raises(NotVisible):
        factories.information_answer(asked, people)


def test_an_issued_request_is_taken_back_with_a_reason_that_the_lab_is_told(
    people, submission, start
):
    asked = factories.information_request(submission, people)
    with pytest.raises(Incomplete) as refused:
        take_back(asked, people.nsa_lead, reason="")
    assert refused.value.missing == ["reason"]
    for code in ("dod_lead", "nsa_reviewer", "northlight_liaison"):
        with pytest.raises(NotPermitted):
            take_back(asked, getattr(people, code))
    take_back(asked, people.nsa_lead)
    assert state(asked, start) == RequestState.TAKEN_BACK
    assert told("information_request_taken_back") == LAB
    assert last_event() == ("information_request.taken_back", "nsa")
    with pytest.raises(Conflict, match="taken back already"):
        take_back(asked, people.nsa_lead)
    with pytest.raises(Conflict, match="No answer is needed"):
        factories.information_answer(asked, people)
    assert not RequestAnswer.objects.exists()


def test_what_was_answered_stays(people, submission):
    asked = factories.information_request(submission, people, state="answered")
    with pytest.raises(Conflict, match="has answered"):
        take_back(asked, people.nsa_lead)
