"""The pages of an agency's position and of recusal, and what the end leaves of all of them."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.urls import reverse

from reviews.models import AgencyPosition, AgencyReview, Recusal
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of


def test_position_is_filed_and_superseded(people, submission):
    lead = signed_in(people.nsa_lead)
    url = page("position-file", submission)
    for version, outcome in enumerate(("concerns_recorded", "no_concerns_recorded"), start=1):
        answer = lead.post(url, {"outcome": outcome, "summary": "Two.", "version": version})
        assert (answer.status_code, answer.url) == (302, page("review-list", submission))
    shown = text_of(lead.get(url))
    form = lead.get(url).context["form"]
    assert (form["outcome"].value(), form["summary"].value()) == ("no_concerns_recorded", "Two.")
    assert "2, in force" in shown
    assert "1, superseded" in shown


def test_position_needs_its_summary_and_keeps_the_choice(people, submission):
    answer = signed_in(people.nsa_lead).post(
        page("position-file", submission), {"outcome": "mitigations_suggested", "summary": ""}
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["summary"]
    assert 'value="mitigations_suggested"' in text_of(answer)
    assert not AgencyPosition.objects.exists()


def test_second_click_files_no_second_position(people, submission):
    lead = signed_in(people.nsa_lead)
    url = page("position-file", submission)
    typed = {"outcome": "no_concerns_recorded", "summary": "Typed.", "version": "1"}
    assert lead.post(url, typed).status_code == 302
    answer = lead.post(url, typed)
    assert answer.status_code == 409
    assert answer.context["form"]["version"].value() == "2"
    assert AgencyPosition.objects.count() == 1
    assert lead.post(url, typed | {"version": "2"}).status_code == 302


# Recusal, and the end.


def test_recusal_closes_the_submission_at_once(people, submission, reviewer):
    url = page("review-recuse", submission)
    assert "There is no way back" in text_of(reviewer.get(url))
    assert not Recusal.objects.exists()
    assert reviewer.post(url, {"reason": ""}).status_code == 302
    for name in ("submission-detail", "review-list", "review-write", "review-recuse"):
        assert reviewer.get(page(name, submission)).status_code == 404
    assert reviewer.post(url, {}).status_code == 404


def test_nothing_is_written_after_the_end(people, submission, reviewer, move_clock):
    reviewer.post(page("review-write", submission), {"limits": "API only.", "save": "1"})
    review = AgencyReview.objects.get()
    lead = signed_in(people.nsa_lead)
    attempts = [
        (reviewer, "review-write", {"revision": "1", "save": "1"}),
        (reviewer, "review-write", {"revision": "1", "file": "1"}),
        (lead, "review-assign", {"reviewer": people.nsa_reviewer.email}),
        (lead, "position-file", {"outcome": "no_concerns_recorded"}),
        (reviewer, "review-recuse", {}),
    ]
    move_clock(submission.closes_at - timedelta(microseconds=1))
    assert reviewer.get(page("review-write", submission)).status_code == 200
    move_clock(submission.closes_at)
    for browser, name, values in attempts:
        assert browser.post(page(name, submission), values).status_code == 403, name
        assert browser.get(page(name, submission)).status_code == 403, name
    answer = reviewer.get(review.get_absolute_url())
    assert answer.status_code == 200
    assert "never counted as a view" in text_of(answer)
    review.refresh_from_db()
    assert (review.filed_at, AgencyPosition.objects.count()) == (None, 0)


def test_a_form_of_an_agency_that_is_no_longer_hers_is_filed_for_nobody(client, people):
    """Her other agency must not speak with its words."""
    submission = factories.filed(people)
    people.nsa_lead.groups.add(Group.objects.get(name="dod:lead"))
    client.force_login(people.nsa_lead)
    address = reverse("reviews:position-file", args=[submission.reference]) + "?agency=nsa"
    assert client.get(address).status_code == 200
    people.nsa_lead.groups.remove(Group.objects.get(name="nsa:lead"))
    sent = {"outcome": "concerns_recorded", "summary": "NSA's concerns.", "version": "1"}
    assert client.post(address, sent).status_code == 403
    assert not AgencyPosition.objects.exists()


def test_an_assigned_reviewer_who_left_is_assigned_no_more(client, people):
    submission = factories.filed(people)
    factories.assigned(submission, people, "nsa")
    client.force_login(people.nsa_lead)
    task = ("Assign a reviewer", reverse("reviews:review-assign", args=[submission.reference]))

    def waits():
        return task in {(task.text, task.url) for task in client.get("/").context["waiting"]}

    assert not waits()
    people.nsa_reviewer.groups.remove(Group.objects.get(name="nsa:reviewer"))
    assert waits()
