"""The reviews' pages: writing and filing, and who reads what."""

import pytest
from django.urls import reverse

from reviews.models import AgencyReview
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of

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
    answer = reviewer.post(page("review-write", submission), sent(file="1", evidence=[card.key]))
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


def test_what_cannot_be_read_is_shown_as_typed_and_the_rest_is_saved(people, submission, reviewer):
    answer = reviewer.post(
        page("review-write", submission),
        sent(hours_spent="two days", limits="", concerns=CANARY, file="1"),
    )
    assert answer.status_code == 422
    assert sorted(answer.context["form"].errors) == ["hours_spent", "limits"]
    assert 'value="two days"' in text_of(answer)
    review = AgencyReview.objects.get()
    assert (review.concerns, review.hours_spent, review.filed_at) == (CANARY, None, None)


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
    answer = reviewer.post(page("review-write", submission), sent(save="1", evidence=[closed.key]))
    assert answer.status_code == 422
    assert CANARY not in text_of(answer)


def test_forms_show_no_primary_key(people, submission, reviewer):
    card = factories.document(submission, people)
    url = page("review-write", submission)
    field = reviewer.get(url).context["form"]["evidence"]
    assert [str(choice.data["value"]) for choice in field] == [str(card.key)]
    reviewer.post(url, sent(save="1", evidence=[card.key]))
    assert f'value="{card.key}" class="usa-checkbox__input" id="id_evidence_0" checked' in text_of(
        reviewer.get(url)
    )
    for wrong in (card.pk, "x"):
        answer = reviewer.post(url, sent(save="1", revision="1", evidence=[wrong]))
        assert answer.status_code == 422
        assert answer.context["form"].errors["evidence"] == ["Choose documents from the list."]
    field = signed_in(people.nsa_lead).get(page("review-assign", submission)).context["form"]
    assert [str(choice.data["value"]) for choice in field["reviewer"]] == [
        people.nsa_reviewer.email,
        people.recused.email,
    ]


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


def test_draft_is_read_by_its_own_agency_alone(people, submission):
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


def test_reader_of_a_review_learns_no_title_that_is_closed_to_her(people, submission):
    restricted = factories.document(submission, people, restricted_to=["nsa"], title=CANARY)
    writer = signed_in(factories.assigned(submission, people))
    writer.post(page("review-write", submission), sent(file="1", evidence=[restricted.key]))
    review = AgencyReview.objects.get()
    factories.review_filed(submission, people, "dod")
    assert CANARY in text_of(writer.get(review.get_absolute_url()))
    answer = signed_in(people.dod_reviewer).get(review.get_absolute_url())
    assert answer.status_code == 200
    assert CANARY not in text_of(answer)


@pytest.mark.parametrize(
    "name", ["review-list", "review-assign", "review-write", "position-file", "review-recuse"]
)
def test_lab_and_strangers_are_refused(people, submission, name):
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


def test_reviewer_who_is_not_assigned_cannot_write(people, submission):
    answer = signed_in(people.nsa_reviewer).post(page("review-write", submission), sent(file="1"))
    assert answer.status_code == 403
    assert not AgencyReview.objects.exists()
