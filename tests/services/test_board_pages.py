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


# The board.


NSA = "National Security Agency"
DOD = "Department of Defense"
TREASURY = "Department of the Treasury"
CISA = "DHS, Cybersecurity and Infrastructure Security Agency"
CAISI = "NIST, Center for AI Standards and Innovation"


def board(person, submission):
    """The rows of the board by agency."""
    answer = signed_in(person).get(page("review-list", submission))
    return {row.agency: row for row in answer.context["board"].agencies}


def states(person, submission):
    """Each agency's state, as that person sees it."""
    return {agency: row.state for agency, row in board(person, submission).items()}


def test_board_says_the_same_word_of_each_agency_to_all_of_them(people, submission):
    factories.review_drafted(submission, people, "nsa")
    factories.assigned(submission, people, "dod")
    factories.review_filed(submission, people, "cisa")
    factories.position_filed(submission, people, "caisi")
    factories.position_filed(submission, people, "treasury", outcome="recused", summary="")
    expected = {
        DOD: "reading",
        TREASURY: "recused",
        CISA: "drafted",
        NSA: "drafted",
        CAISI: "filed",
        "Outpost": "unassigned",
    }
    for code in ("nsa_lead", "dod_reviewer", "unattached", "nsa_official"):
        assert states(getattr(people, code), submission) == expected
    own = board(people.nsa_lead, submission)
    assert {
        agency: [(one.name, one.state) for one in row.people] for agency, row in own.items()
    } == {agency: [("nsa reviewer", "drafted")] if agency == NSA else [] for agency in own}


def test_consulted_officials_see_the_words_and_the_lab_only_who_has_filed(people, submission):
    factories.review_drafted(submission, people, "nsa")
    factories.position_filed(submission, people, "caisi")
    factories.position_filed(submission, people, "treasury", outcome="recused", summary="")

    def overview(person):
        rows = signed_in(person).get(submission.get_absolute_url()).context["board"]
        return {row.agency: row.state for row in rows}

    assert overview(people.oncd_official) == {
        "DoD": "Unassigned",
        "Treasury": "Recused",
        "CISA": "Unassigned",
        "NSA": "Drafted",
        "CAISI": "Filed",
        "Outpost": "Unassigned",
    }
    assert overview(people.northlight_liaison) == {
        "DoD": "Not yet filed",
        "Treasury": "Filed",
        "CISA": "Not yet filed",
        "NSA": "Not yet filed",
        "CAISI": "Filed",
        "Outpost": "Not yet filed",
    }


@pytest.mark.parametrize("reader", ["dod_reviewer", "dod_lead", "nsa_lead"])
@pytest.mark.parametrize(
    ("begun", "state"),
    [("assigned", "reading"), ("review_drafted", "drafted"), ("review_filed", "drafted")],
)
def test_board_tells_of_another_agency_no_more_than_the_word(
    people, submission, begun, state, reader
):
    getattr(factories, begun)(submission, people, "cisa")
    answer = signed_in(getattr(people, reader)).get(page("review-list", submission))
    cisa = next(row for row in answer.context["board"].agencies if row.agency == CISA)
    assert (cisa.state, cisa.detail, cisa.people) == (state, "", ())
    assert answer.context["board"].reviews == []
    for words in ("A review is filed", "cisa reviewer"):
        assert words not in text_of(answer)


def test_board_after_the_end_says_that_no_view_was_recorded(people, submission, move_clock):
    factories.review_drafted(submission, people, "nsa")
    factories.review_filed(submission, people, "dod")
    factories.position_filed(submission, people, "caisi", outcome="recused", summary="")
    move_clock(submission.closes_at)
    drafted = "A draft was begun and not filed: it is sealed."
    filed = "A review was filed, and no position."
    nsa, dod = (board(one, submission) for one in (people.nsa_lead, people.dod_lead))
    silent = dict.fromkeys(nsa, "no_view_recorded") | {CAISI: "recused"}
    for seen in (nsa, dod):
        assert {agency: row.state for agency, row in seen.items()} == silent
    assert (nsa[NSA].detail, dod[NSA].detail) == (drafted, "")
    assert (nsa[DOD].detail, dod[DOD].detail) == ("", filed)


def test_a_next_version_is_told_to_its_own_agency(people, submission):
    factories.review_filed(submission, people, "nsa")
    factories.review_drafted(submission, people, "nsa")
    own, other = (board(one, submission)[NSA] for one in (people.nsa_lead, people.dod_lead))
    assert (own.state, own.detail) == ("drafted", "A review is filed. A next version is begun.")
    assert (other.state, other.detail) == ("drafted", "")


def test_who_left_counts_for_nothing_and_is_named_to_her_own_agency(people, submission):
    for begun in ("nsa", "dod", "cisa"):
        factories.assigned(submission, people, begun)
    factories.review_drafted(submission, people, "treasury")
    reviewer = signed_in(people.nsa_reviewer)
    reviewer.post(page("review-recuse", submission), {"reason": "Family."})
    signed_in(people.dod_reviewer).post(page("assignment-decline", submission), {"reason": ""})
    for agency in ("cisa", "treasury"):
        lead, email = getattr(people, f"{agency}_lead"), getattr(people, f"{agency}_reviewer").email
        answer = signed_in(lead).post(page("assignment-end", submission), {"reviewer": email})
        assert answer.status_code == 302
    unassigned = dict.fromkeys((NSA, DOD, CISA, TREASURY, CAISI, "Outpost"), "unassigned")
    assert states(people.caisi_lead, submission) == unassigned
    words = {
        "nsa": (NSA, "recused"),
        "dod": (DOD, "declined"),
        "cisa": (CISA, "taken back"),
        "treasury": (TREASURY, "taken back"),
    }
    for code, (agency, word) in words.items():
        rows = board(getattr(people, f"{code}_lead"), submission)
        assert [(one.name, one.state) for one in rows[agency].people] == [
            (f"{code} reviewer", word)
        ]
        assert [row.people for other, row in rows.items() if other != agency] == [()] * 5


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
        factories.declare(submission, [more])
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
