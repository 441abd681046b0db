"""The reviews' pages: the board, assigning, writing and filing, who reads what."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import audit, seats
from accounts.models import User
from reviews.models import AgencyReview, Assignment
from reviews.services import agency_reviews
from tests import factories

SCORED = "vulnerability_discovery"
CANARY = "CANARY-9f31"


def sent(**changes):
    """What a browser sends for a complete first review; None leaves a field out."""
    values = {
        "revision": "0",
        "version": "1",
        "access_level_used": "al1",
        "hours_spent": "12.5",
        "limits": "API only.",
        "concerns": "One open question.",
        f"{SCORED}_score": "2",
        f"{SCORED}_confidence": "medium",
        f"{SCORED}_evidence": "Tests 4 to 9.",
        "no_conflict_declared": "on",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def page(name, submission):
    return reverse(f"reviews:{name}", args=[submission.reference])


@pytest.fixture
def signed_in():
    """A browser in which that person is signed in."""

    def sign_in(person):
        browser = Client()
        browser.force_login(person)
        return browser

    return sign_in


@pytest.fixture
def submission(people):
    return factories.filed(people)


@pytest.fixture
def reviewer(people, submission, signed_in):
    """NSA's reviewer, assigned."""
    return signed_in(factories.assigned(submission, people))


def text_of(response):
    return response.content.decode()


# The board.


def test_board_says_how_far_each_agency_is(people, submission, signed_in):
    factories.review_drafted(submission, people, "nsa")
    factories.assigned(submission, people, "dod")
    factories.review_filed(submission, people, "cisa")
    factories.position_filed(submission, people, "caisi")
    board = {
        row.agency: (row.state, row.people)
        for row in signed_in(people.nsa_lead).get(page("review-list", submission)).context["board"]
    }
    assert board == {
        "Department of Defense": ("Assigned", ()),
        "Department of the Treasury": ("Nobody assigned", ()),
        "DHS, Cybersecurity and Infrastructure Security Agency": ("Review filed", ()),
        "National Security Agency": ("Draft begun", ("nsa reviewer",)),
        "NIST, Center for AI Standards and Innovation": ("Position filed", ()),
        "Outpost": ("Nobody assigned", ()),
    }


def test_board_shows_no_other_agency_s_draft(people, submission, signed_in):
    factories.review_drafted(submission, people, "nsa", concerns=CANARY)
    answer = signed_in(people.dod_lead).get(page("review-list", submission))
    row = next(row for row in answer.context["board"] if row.agency == "National Security Agency")
    assert (row.state, row.detail, row.people) == ("Assigned", "", ())
    assert answer.context["reviews"] == []
    assert "Draft begun" not in text_of(answer)
    assert "nsa reviewer" not in text_of(answer)


def test_board_after_the_end_says_that_no_view_was_recorded(
    people, submission, signed_in, move_clock
):
    factories.review_drafted(submission, people, "nsa")
    factories.review_filed(submission, people, "dod")
    factories.position_filed(submission, people, "caisi", outcome="recused", summary="")
    move_clock(submission.closes_at)
    answer = signed_in(people.nsa_lead).get(page("review-list", submission))
    board = {row.agency: (row.state, row.detail) for row in answer.context["board"]}
    assert board["National Security Agency"] == (
        "No view recorded",
        "A draft was begun and not filed: it is sealed.",
    )
    assert board["Department of Defense"] == (
        "No view recorded",
        "A review was filed, and no position.",
    )
    assert board["NIST, Center for AI Standards and Innovation"] == ("Recused", "")


def test_board_counts_a_recused_reviewer_as_nobody(people, submission, reviewer, signed_in):
    reviewer.post(page("review-recuse", submission), {"reason": "Family."})
    answer = signed_in(people.nsa_lead).get(page("review-list", submission))
    row = next(row for row in answer.context["board"] if row.agency == "National Security Agency")
    assert row.state == "Nobody assigned"


def test_positions_of_others_are_read_once_the_own_one_is_filed(people, submission, signed_in):
    factories.position_filed(submission, people, "dod", summary=CANARY)
    lead = signed_in(people.nsa_lead)
    assert CANARY not in text_of(lead.get(page("review-list", submission)))
    factories.position_filed(submission, people, "nsa")
    assert CANARY in text_of(lead.get(page("review-list", submission)))


def test_board_asks_as_much_for_ten_reviews_as_for_one(people, submission, signed_in, start):
    factories.review_filed(submission, people, "nsa")
    factories.position_filed(submission, people, "nsa")
    lead = signed_in(people.nsa_lead)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            answer = lead.get(page("review-list", submission))
        return len(asked), len(answer.context["reviews"])

    queries()  # fills what is kept per process
    before, one = queries()
    for agency in ("dod", "cisa", "caisi", "treasury"):
        factories.review_filed(submission, people, agency)
        factories.position_filed(submission, people, agency)
    nsa = factories.organization("nsa")
    for number in range(5):
        more = User.objects.create_user(f"more-{number}@demo.example", f"More {number}", "x")
        seats.give(person=more, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
        agency_reviews.assign(submission, reviewer=more, agency=nsa, by=people.nsa_lead, at=start)
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


def test_lead_assigns_a_reviewer_of_her_agency(people, submission, signed_in):
    lead = signed_in(people.nsa_lead)
    assert "Nobody is assigned yet" in text_of(lead.get(page("review-assign", submission)))
    for _ in range(2):  # a second click changes nothing
        answer = lead.post(page("review-assign", submission), {"reviewer": people.nsa_reviewer.pk})
        assert answer.status_code == 302
    assert Assignment.objects.get().reviewer == people.nsa_reviewer
    shown = text_of(lead.get(page("review-assign", submission)))
    assert "nsa reviewer, nsa-reviewer@demo.example (assigned)" in shown


@pytest.mark.parametrize("chosen", ["dod_reviewer", "nsa_lead", "disabled", "nobody"])
def test_nobody_else_can_be_assigned(people, submission, signed_in, chosen):
    person = getattr(people, chosen, None)
    answer = signed_in(people.nsa_lead).post(
        page("review-assign", submission), {"reviewer": person.pk if person else ""}
    )
    assert answer.status_code == 422
    assert not Assignment.objects.exists()


# Writing and filing.


def test_draft_is_saved_whatever_is_missing(people, submission, reviewer):
    answer = reviewer.post(
        page("review-write", submission), {"revision": "0", "concerns": "Half a th", "save": "1"}
    )
    assert (answer.status_code, answer.url) == (302, page("review-write", submission))
    review = AgencyReview.objects.get()
    assert (review.concerns, review.filed_at, review.revision) == ("Half a th", None, 1)
    form = reviewer.get(page("review-write", submission)).context["form"]
    assert form["concerns"].value() == "Half a th"
    assert (form["revision"].value(), form["version"].value()) == (1, 1)


def test_review_is_filed_and_shown(people, submission, reviewer):
    card = factories.document(submission, people, title="System card of the model")
    answer = reviewer.post(page("review-write", submission), sent(file="1", evidence=[card.pk]))
    review = AgencyReview.objects.get()
    assert (answer.status_code, answer.url) == (302, review.get_absolute_url())
    assert review.filed_at is not None
    shown = text_of(reviewer.get(review.get_absolute_url()))
    for words in ("Filed <time", "2 of 4", "Tests 4 to 9.", "System card of the model", "12.5"):
        assert words in shown
    assert shown.count("Not assessed") == 6
    assert submission.model_version.checkpoint_sha256 in shown


def test_filing_names_each_missing_thing_and_loses_nothing(people, submission, reviewer):
    answer = reviewer.post(
        page("review-write", submission),
        sent(
            hours_spent="",
            limits=" ",
            no_conflict_declared=None,
            concerns=CANARY,
            exploit_development_score="0",
            file="1",
        ),
    )
    assert answer.status_code == 422
    form = answer.context["form"]
    assert sorted(form.errors) == [
        "exploit_development_confidence",
        "exploit_development_evidence",
        "hours_spent",
        "limits",
        "no_conflict_declared",
    ]
    shown = text_of(answer)
    for field in form.errors:
        assert f'href="#id_{field}"' in shown
    assert CANARY in shown
    review = AgencyReview.objects.get()
    assert (review.concerns, review.filed_at) == (CANARY, None)
    # The page as shown can be completed and sent.
    again = sent(concerns=CANARY, revision=form["revision"].value(), file="1")
    assert reviewer.post(page("review-write", submission), again).status_code == 302
    review.refresh_from_db()
    assert review.filed_at is not None


def test_what_cannot_be_read_is_shown_as_typed_and_not_saved(people, submission, reviewer):
    answer = reviewer.post(
        page("review-write", submission), sent(hours_spent="two days", limits="", file="1")
    )
    assert answer.status_code == 422
    assert sorted(answer.context["form"].errors) == ["hours_spent", "limits"]
    assert 'value="two days"' in text_of(answer)
    assert not AgencyReview.objects.exists()


def test_second_window_gets_409_with_both_texts(people, submission, reviewer):
    url = page("review-write", submission)
    reviewer.post(url, sent(concerns="From the first window", save="1"))
    answer = reviewer.post(url, sent(concerns="From the second window", save="1"))
    assert answer.status_code == 409
    shown = text_of(answer)
    assert "From the first window" in shown
    assert "From the second window" in shown
    assert AgencyReview.objects.get().concerns == "From the first window"
    assert answer.context["form"]["revision"].value() == "1"
    again = sent(concerns="From the second window", revision="1", save="1")
    assert reviewer.post(url, again).status_code == 302
    assert AgencyReview.objects.get().concerns == "From the second window"


@pytest.mark.parametrize("drafted", [False, True])
def test_filing_twice_files_once(people, submission, reviewer, drafted):
    url = page("review-write", submission)
    if drafted:
        reviewer.post(url, sent(save="1"))
    complete = sent(revision="1" if drafted else "0", file="1")
    assert reviewer.post(url, complete).status_code == 302
    answer = reviewer.post(url, complete)
    assert answer.status_code == 409
    assert "Version 1 was filed after you opened this form" in text_of(answer)
    assert AgencyReview.objects.get().version == 1


def test_next_version_begins_from_the_last_and_leaves_it(people, submission, reviewer):
    url = page("review-write", submission)
    reviewer.post(url, sent(file="1"))
    form = reviewer.get(url).context["form"]
    assert AgencyReview.objects.count() == 1  # looking writes nothing
    assert form["concerns"].value() == "One open question."
    assert form[f"{SCORED}_score"].value() == 2
    assert (form["version"].value(), form["revision"].value()) == (2, 0)
    assert form["no_conflict_declared"].value() is False
    answer = reviewer.post(url, sent(version="2", concerns="Answered.", file="1"))
    assert answer.status_code == 302
    second, first = AgencyReview.objects.order_by("-version")
    assert (first.version, first.concerns) == (1, "One open question.")
    assert (second.version, second.concerns) == (2, "Answered.")
    assert "Superseded" in text_of(reviewer.get(first.get_absolute_url()))


def test_documents_that_are_not_open_cannot_be_relied_upon(people, submission, reviewer):
    closed = factories.document(submission, people, restricted_to=["dod"], title=CANARY)
    assert CANARY not in text_of(reviewer.get(page("review-write", submission)))
    answer = reviewer.post(page("review-write", submission), sent(save="1", evidence=[closed.pk]))
    assert answer.status_code == 422
    assert CANARY not in text_of(answer)


def test_undeclared_fields_are_ignored(people, submission, reviewer, start):
    reviewer.post(
        page("review-write", submission),
        sent(save="1", filed_at="2026-10-01", author=people.dod_lead.pk, agency="dod"),
    )
    review = AgencyReview.objects.get()
    assert (review.filed_at, review.author, review.agency.code) == (
        None,
        people.nsa_reviewer,
        "nsa",
    )


# Who reads a review.


def test_draft_is_read_by_its_own_agency_alone(people, submission, signed_in):
    review = factories.review_drafted(submission, people, "nsa", concerns=CANARY)
    factories.review_filed(submission, people, "dod")
    for code in ("nsa_reviewer", "nsa_lead", "nsa_official"):
        answer = signed_in(getattr(people, code)).get(review.get_absolute_url())
        assert answer.status_code == 200, code
        assert CANARY in text_of(answer)
    missing = signed_in(people.dod_reviewer).get(
        reverse("reviews:review-detail", args=["00000000-0000-4000-8000-000000000000"])
    )
    for code in ("dod_reviewer", "dod_lead", "northlight_liaison", "oncd_official", "unattached"):
        browser = signed_in(getattr(people, code))
        answer = browser.get(review.get_absolute_url())
        assert answer.status_code == 404, code
        assert CANARY not in text_of(answer)
    assert missing.status_code == 404


def test_reader_of_a_review_learns_no_title_that_is_closed_to_her(people, submission, signed_in):
    restricted = factories.document(submission, people, restricted_to=["nsa"], title=CANARY)
    writer = signed_in(factories.assigned(submission, people))
    writer.post(page("review-write", submission), sent(file="1", evidence=[restricted.pk]))
    review = AgencyReview.objects.get()
    factories.review_filed(submission, people, "dod")
    assert CANARY in text_of(writer.get(review.get_absolute_url()))
    answer = signed_in(people.dod_reviewer).get(review.get_absolute_url())
    assert answer.status_code == 200
    assert CANARY not in text_of(answer)


@pytest.mark.parametrize(
    "name", ["review-list", "review-assign", "review-write", "position-file", "review-recuse"]
)
def test_lab_and_strangers_are_refused(people, submission, signed_in, name):
    factories.review_filed(submission, people, "nsa", concerns=CANARY)
    url = page(name, submission)
    for code, status in (
        ("northlight_liaison", 403),
        ("basalt_liaison", 404),
        ("administrator", 404),
        ("superuser", 404),
    ):
        browser = signed_in(getattr(people, code))
        answers = [browser.get(url)] + ([] if name == "review-list" else [browser.post(url, {})])
        for answer in answers:
            assert answer.status_code == status, code
            assert CANARY not in text_of(answer)
            assert "nsa reviewer" not in text_of(answer)


def test_reviewer_who_is_not_assigned_cannot_write(people, submission, signed_in):
    answer = signed_in(people.nsa_reviewer).post(page("review-write", submission), sent(file="1"))
    assert answer.status_code == 403
    assert not AgencyReview.objects.exists()
