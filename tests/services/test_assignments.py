"""A reviewer's answer to an assignment, taking one back, and who is told when somebody leaves."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts import audit, seats
from accounts.models import AuditEvent, User
from reviews.emails import address_of
from reviews.exceptions import Conflict, NotPermitted
from reviews.models import AgencyReview, Assignment, Notice
from reviews.services import agency_reviews, assignments, lifecycle
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in, text_of

AT_ONCE = "/assignments/accept/"


def events():
    """What happened to assignments, oldest first."""
    found = AuditEvent.objects.filter(action__startswith="assignment.").order_by("sequence")
    return list(found.values_list("action", "organization", "details__reviewer"))


def told(kind="reviewer_left"):
    """Who was told, by address."""
    return sorted(Notice.objects.filter(kind=kind).values_list("recipient__email", flat=True))


def test_accepting_leads_on_to_the_review(people, submission, reviewer, start):
    url = page("assignment-accept", submission)
    assert f'href="{url}"' in text_of(reviewer.get(submission.get_absolute_url()))
    assert f'href="{url}"' in text_of(reviewer.get(page("review-list", submission)))
    for _ in range(2):  # a second click changes nothing
        answer = reviewer.post(url)
        assert answer.url == page("review-write", submission) + "?agency=nsa"
    assert Assignment.objects.get().accepted_at == start
    assert events() == [("assignment.accepted", "nsa", people.nsa_reviewer.email)]
    for where in (submission.get_absolute_url(), page("review-list", submission)):
        assert f'href="{url}"' not in text_of(reviewer.get(where))
    assert "You accepted it, " in text_of(reviewer.get(url))
    assert reviewer.post(page("assignment-decline", submission)).status_code == 409


def test_several_are_accepted_at_once_and_home_offers_it(people, submission, reviewer, start):
    def offered():
        return [task.url for task in reviewer.get("/").context["waiting"]].count(AT_ONCE)

    assert not offered()  # one alone has its own page
    others = [factories.filed(people) for _ in range(2)]
    for other in others:
        factories.assigned(other, people)
    assert offered()
    checked = [f"{one.reference} nsa" for one in others]
    assert text_of(reviewer.get(AT_ONCE)).count('type="checkbox"') == 3
    answer = reviewer.post(AT_ONCE, {"checked": checked})
    assert (answer.status_code, answer.url) == (302, "/")
    assert set(
        Assignment.objects.exclude(accepted_at=None).values_list("submission", flat=True)
    ) == {other.pk for other in others}
    happened = [(action, agency) for action, agency, _ in events()]
    assert happened == [("assignment.accepted", "nsa")] * 2
    assert not offered()


def test_one_that_waits_no_more_is_named_and_nothing_is_accepted(people, submission, reviewer):
    gone = factories.filed(people)
    factories.assigned(gone, people)
    checked = [f"{one.reference} nsa" for one in (submission, gone)]
    assignments.end(
        gone,
        reviewer=people.nsa_reviewer,
        agency=factories.organization("nsa"),
        by=people.nsa_lead,
        at=factories.now(),
    )
    for sent, words in (
        (checked, "One of these does not wait for you any more."),
        ([], "Check at least one."),
        ([f"{submission.reference} dod"], "One of these does not wait for you any more."),
    ):
        answer = reviewer.post(AT_ONCE, {"checked": sent})
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert not Assignment.objects.exclude(accepted_at=None).exists()
    assert signed_in(people.dod_reviewer).post(AT_ONCE, {"checked": checked}).status_code == 422
    assert signed_in(people.northlight_liaison).get(AT_ONCE).status_code == 404


def test_all_are_accepted_or_none(people, submission, reviewer, start):
    over = factories.filed(people)
    factories.assigned(over, people)
    waiting = list(assignments.unanswered(people.nsa_reviewer, at=start))
    lifecycle.withdraw(over, by=people.northlight_liaison, at=start)
    with pytest.raises(NotPermitted):
        assignments.accept_all(waiting, by=people.nsa_reviewer, at=start)
    assert not Assignment.objects.exclude(accepted_at=None).exists()


def test_declining_ends_the_power_to_write_at_once_and_tells_the_leads(
    people, submission, reviewer, start
):
    nsa = factories.organization("nsa")
    seats.give(
        person=people.second_administrator,
        organization=factories.organization("caisi"),
        role="administrator",
        by=audit.SYSTEM,
        at=start,
    )
    answer = reviewer.post(page("assignment-decline", submission), {"reason": "No time."})
    assert answer.url == submission.get_absolute_url()
    row = Assignment.objects.get()
    assert (row.declined_at, row.decline_reason, row.accepted_at) == (start, "No time.", None)
    for name in ("review-write", "assignment-accept", "assignment-decline"):
        assert reviewer.get(page(name, submission)).status_code == 403
        assert reviewer.post(page(name, submission)).status_code == 403
    with pytest.raises(NotPermitted):
        assignments.accept(submission, agency=nsa, by=people.nsa_reviewer, at=start)
    assert reviewer.get(page("package-detail", submission)).status_code == 200
    assert told() == [people.nsa_lead.email]
    notice = Notice.objects.get(kind="reviewer_left")
    assert address_of(notice, sees=True) == page("review-assign", submission)
    assert events() == [("assignment.declined", "nsa", people.nsa_reviewer.email)]
    shown = content_of(signed_in(people.nsa_lead).get(page("review-assign", submission)))
    assert "Declined" in shown
    assert "No time." in shown
    assert "Declined this review." in shown
    assert "Accept or decline" not in text_of(reviewer.get(page("review-list", submission)))


def test_who_declined_can_be_assigned_again(people, submission, reviewer, move_clock, start):
    reviewer.post(page("assignment-decline", submission), {"reason": "No time."})
    later = start + timedelta(days=1)
    move_clock(later)
    factories.assigned(submission, people)
    row = Assignment.objects.get()
    assert (row.assigned_at, row.declined_at, row.decline_reason) == (later, None, "")
    assert reviewer.get(page("review-write", submission)).status_code == 200
    assert told("assigned") == [people.nsa_reviewer.email] * 2


@pytest.mark.parametrize("filing", [False, True])
def test_writing_is_accepting(people, submission, start, filing):
    written = factories.review_filed if filing else factories.review_drafted
    written(submission, people)
    assert Assignment.objects.get().accepted_at == start
    with pytest.raises(Conflict, match="You accepted this assignment"):
        assignments.decline(
            submission,
            agency=factories.organization("nsa"),
            reason="",
            by=people.nsa_reviewer,
            at=start,
        )


def test_a_lead_takes_an_assignment_back_and_the_draft_stays(people, submission, start):
    review = factories.review_drafted(submission, people)
    lead, url = signed_in(people.nsa_lead), page("assignment-end", submission)
    sent = {"reviewer": people.nsa_reviewer.email}
    answer = lead.post(url, sent)
    assert answer.url == page("review-assign", submission) + "?agency=nsa"
    row = Assignment.objects.get()
    assert (row.ended_at, row.ended_by) == (start, people.nsa_lead)
    assert events() == [
        (f"assignment.{step}", "nsa", people.nsa_reviewer.email) for step in ("accepted", "ended")
    ]
    assert AgencyReview.objects.get() == review
    reviewer = signed_in(people.nsa_reviewer)
    assert reviewer.post(page("review-write", submission), {"save": "1"}).status_code == 403
    assert lead.post(url, sent).status_code == 409  # taken back already
    assert told() == []
    home = [task.text for task in lead.get("/").context["waiting"]]
    assert "Assign a reviewer" in home


def test_who_has_filed_stays_assigned(people, submission, start):
    factories.review_filed(submission, people)
    lead = signed_in(people.nsa_lead)
    sent = {"reviewer": people.nsa_reviewer.email}
    shown = content_of(lead.get(page("review-assign", submission)))
    assert page("assignment-end", submission) not in shown
    answer = lead.post(page("assignment-end", submission), sent)
    assert answer.status_code == 409
    assert Assignment.objects.get().ended_at is None
    assert [action for action, _, _ in events()] == ["assignment.accepted"]  # by filing


def test_one_agencys_lead_ends_nothing_of_another(people, submission, reviewer):
    sent = {"reviewer": people.nsa_reviewer.email}
    dod = signed_in(people.dod_lead)
    assert dod.post(page("assignment-end", submission), sent).status_code == 409
    assert dod.post(page("assignment-end", submission) + "?agency=nsa", sent).status_code == 403
    assert Assignment.objects.get().ended_at is None


def test_a_recusal_of_somebody_assigned_tells_the_leads(people, submission, reviewer, start):
    agency_reviews.recuse(submission, reason="Kin.", by=people.nsa_reviewer, at=start)
    agency_reviews.recuse(submission, reason="", by=people.dod_reviewer, at=start)  # not assigned
    assert told() == [people.nsa_lead.email]
    second = User.objects.create_user("second@test.example", "NSA second", "x")
    nsa = factories.organization("nsa")
    seats.give(person=second, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
    notice = Notice.objects.get(kind="reviewer_left")
    lead = signed_in(people.nsa_lead)
    opened = lead.get(reverse("reviews:notice-detail", args=[notice.reference]), follow=True)
    assert opened.request["PATH_INFO"] == page("review-assign", submission)
    assert [one.name for one in opened.context["suggestions"]] == ["NSA second", "recused"]
    assert [(one.name, one.state) for one in opened.context["members"]] == [
        ("nsa reviewer", "recused")
    ]


def test_the_lab_learns_nothing_of_it(people, submission, reviewer):
    reviewer.post(page("assignment-decline", submission), {"reason": "CANARY"})
    lab = signed_in(people.northlight_liaison)
    for name in ("submission-detail", "submission-history", "report-detail"):
        shown = text_of(lab.get(page(name, submission)))
        for word in ("CANARY", "ssign", "eclined", "nsa reviewer", "Unassigned"):
            assert word not in shown, (name, word)


# Dissent.


def test_dissent_within_an_agency_is_for_agencies_alone(people, submission, move_clock):
    sent = {"version": "1", "outcome": "no_concerns_recorded", "dissent": "CANARY of a minority"}
    lead = signed_in(people.nsa_lead)
    assert lead.post(page("position-file", submission), sent).status_code == 302
    factories.position_filed(submission, people, "dod")
    for who in (people.nsa_reviewer, people.dod_lead):
        shown = text_of(signed_in(who).get(page("review-list", submission)))
        assert "CANARY of a minority" in shown
    assert "CANARY" not in text_of(signed_in(people.cisa_lead).get(page("review-list", submission)))
    assert "CANARY of a minority" in text_of(lead.get(page("position-file", submission)))
    lab = signed_in(people.northlight_liaison)
    move_clock(submission.closes_at)
    for name in ("submission-detail", "submission-history", "report-detail"):
        assert "CANARY" not in text_of(lab.get(page(name, submission)))
