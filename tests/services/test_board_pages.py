"""The board of agencies, and assigning."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import audit, seats
from accounts.models import User
from reviews.exceptions import Conflict
from reviews.models import Assignment
from reviews.services import agency_reviews, assignments
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of

CANARY = "CANARY-9f31"


@pytest.fixture
def submission(people):
    return factories.filed(people)


# The board.


def test_board_says_how_far_each_agency_is(people, submission):
    factories.review_drafted(submission, people, "nsa")
    factories.assigned(submission, people, "dod")
    factories.review_filed(submission, people, "cisa")
    factories.position_filed(submission, people, "caisi")
    lead = signed_in(people.nsa_lead)

    def board():
        agencies = lead.get(page("review-list", submission)).context["board"].agencies
        return {row.agency: (row.state, row.people) for row in agencies}

    seen = board()
    assert seen == {
        "Department of Defense": ("No position yet", ()),
        "Department of the Treasury": ("No position yet", ()),
        "DHS, Cybersecurity and Infrastructure Security Agency": ("No position yet", ()),
        "National Security Agency": ("Draft begun", ("nsa reviewer",)),
        "NIST, Center for AI Standards and Innovation": ("Position filed", ()),
        "Outpost": ("No position yet", ()),
    }
    factories.review_filed(submission, people, "nsa", revision=1)
    assert board() == seen | {
        "DHS, Cybersecurity and Infrastructure Security Agency": ("Review filed", ()),
        "National Security Agency": ("Review filed", ("nsa reviewer",)),
    }


@pytest.mark.parametrize("reader", ["dod_reviewer", "dod_lead", "nsa_lead"])
@pytest.mark.parametrize("begun", ["assigned", "review_drafted", "review_filed"])
def test_board_tells_of_another_agency_no_more_than_policy_lets_read(
    people, submission, begun, reader
):
    getattr(factories, begun)(submission, people, "cisa")
    answer = signed_in(getattr(people, reader)).get(page("review-list", submission))
    cisa = next(row for row in answer.context["board"].agencies if row.agency.startswith("DHS"))
    assert (cisa.state, cisa.detail, cisa.people) == ("No position yet", "", ())
    assert answer.context["board"].reviews == []
    for words in ("Draft begun", "Review filed", "cisa reviewer"):
        assert words not in text_of(answer)


def test_board_after_the_end_says_that_no_view_was_recorded(people, submission, move_clock):
    factories.review_drafted(submission, people, "nsa")
    factories.review_filed(submission, people, "dod")
    factories.position_filed(submission, people, "caisi", outcome="recused", summary="")
    move_clock(submission.closes_at)

    def board(person):
        agencies = signed_in(person).get(page("review-list", submission)).context["board"].agencies
        return {row.agency: (row.state, row.detail) for row in agencies}

    drafted = "A draft was begun and not filed: it is sealed."
    filed = "A review was filed, and no position."
    nsa, dod = board(people.nsa_lead), board(people.dod_lead)
    assert nsa["National Security Agency"] == ("No view recorded", drafted)
    assert dod["National Security Agency"] == ("No view recorded", "")
    assert nsa["Department of Defense"] == ("No view recorded", "")
    assert dod["Department of Defense"] == ("No view recorded", filed)
    assert nsa["NIST, Center for AI Standards and Innovation"] == ("Recused", "")


def test_board_counts_a_recused_reviewer_as_nobody(people, submission):
    reviewer = signed_in(factories.assigned(submission, people))
    reviewer.post(page("review-recuse", submission), {"reason": "Family."})
    answer = signed_in(people.nsa_lead).get(page("review-list", submission))
    row = next(row for row in answer.context["board"].agencies if row.agency.startswith("National"))
    assert row.state == "Nobody assigned"


def test_positions_of_others_are_read_once_the_own_one_is_filed(people, submission):
    factories.position_filed(submission, people, "dod", summary=CANARY)
    lead = signed_in(people.nsa_lead)
    assert CANARY not in text_of(lead.get(page("review-list", submission)))
    factories.position_filed(submission, people, "nsa")
    assert CANARY in text_of(lead.get(page("review-list", submission)))


def test_board_asks_as_much_for_ten_reviews_as_for_one(people, submission, start):
    factories.review_filed(submission, people, "nsa")
    factories.position_filed(submission, people, "nsa")
    lead = signed_in(people.nsa_lead)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            answer = lead.get(page("review-list", submission))
        return len(asked), len(answer.context["board"].reviews)

    queries()  # fills what is kept per process
    before, one = queries()
    for agency in ("dod", "cisa", "caisi", "treasury"):
        factories.review_filed(submission, people, agency)
        factories.position_filed(submission, people, agency)
    nsa = factories.organization("nsa")
    for number in range(5):
        more = User.objects.create_user(f"more-{number}@demo.example", f"More {number}", "x")
        seats.give(person=more, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
        assignments.assign(submission, reviewer=more, agency=nsa, by=people.nsa_lead, at=start)
        agency_reviews.file_review(
            submission,
            agency=nsa,
            answers=factories.REVIEW,
            ratings=factories.RATINGS,
            evidence=[],
            revision=0,
            by=more,
            at=start,
        )
    assert (one, queries()) == (1, (before, 10))


# Assigning.


def test_lead_assigns_a_reviewer_of_her_agency(people, submission):
    lead = signed_in(people.nsa_lead)
    assert "Nobody is assigned yet" in text_of(lead.get(page("review-assign", submission)))
    for _ in range(2):  # a second click changes nothing
        answer = lead.post(
            page("review-assign", submission), {"reviewer": people.nsa_reviewer.email}
        )
        assert answer.status_code == 302
    assert Assignment.objects.get().reviewer == people.nsa_reviewer
    shown = text_of(lead.get(page("review-assign", submission)))
    assert "nsa reviewer, nsa-reviewer@demo.example (assigned)" in shown


@pytest.mark.parametrize("chosen", ["dod_reviewer", "nsa_lead", "disabled", "nobody"])
def test_nobody_else_can_be_assigned(people, submission, chosen):
    person = getattr(people, chosen, None)
    answer = signed_in(people.nsa_lead).post(
        page("review-assign", submission), {"reviewer": person.email if person else ""}
    )
    assert answer.status_code == 422
    assert not Assignment.objects.exists()


def test_nobody_assigns_herself(people, submission, start):
    nsa, lead = factories.organization("nsa"), people.nsa_lead
    seats.give(person=lead, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
    browser = signed_in(lead)
    url = page("review-assign", submission)
    assert f'value="{lead.email}"' not in text_of(browser.get(url))
    answer = browser.post(url, {"reviewer": lead.email})
    assert answer.status_code == 422
    assert "To be assigned yourself, ask another lead of your agency." in text_of(answer)
    with pytest.raises(Conflict, match="Nobody assigns themselves"):
        assignments.assign(submission, reviewer=lead, agency=nsa, by=lead, at=start)
    assert not Assignment.objects.exists()
    other = people.nsa_reviewer
    seats.give(person=other, organization=nsa, role="lead", by=audit.SYSTEM, at=start)
    assert signed_in(other).post(url, {"reviewer": lead.email}).status_code == 302
    assert Assignment.objects.get().reviewer == lead
