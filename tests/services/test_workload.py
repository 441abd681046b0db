"""The workload of an agency's reviewers, and which fields each knows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import absences, audit, expertise, seats
from accounts.models import AuditEvent, ExpertiseTag, User
from reviews.services import agency_reviews
from tests import factories
from tests.services.agency_pages import signed_in, text_of


def rows(person):
    """The page's rows: by name, what it says."""
    answer = signed_in(person).get("/workload/")
    return {
        one.name: (load.open, load.drafted, load.filed, load.next_end)
        for one, load in answer.context["rows"]
    }


def test_what_each_reviewer_has_to_do(people, start):
    first, second, third = (factories.filed(people) for _ in range(3))
    factories.assigned(first, people)
    factories.review_drafted(second, people)
    factories.review_filed(third, people)
    factories.assigned(first, people, "dod")
    assert rows(people.nsa_lead) == {
        "nsa reviewer": (2, 1, 1, first.closes_at),
        "recused": (0, 0, 0, None),
    }
    assert rows(people.dod_lead) == {"dod reviewer": (1, 0, 0, first.closes_at)}


def test_what_is_over_or_long_ago_counts_no_more(people, move_clock):
    open_, filed = factories.filed(people), factories.filed(people)
    factories.assigned(open_, people)
    factories.review_filed(filed, people)
    move_clock(open_.closes_at)
    assert rows(people.nsa_lead)["nsa reviewer"] == (0, 0, 0, None)


def test_a_submission_that_she_recused_herself_from_is_not_counted(people, start):
    submission = factories.filed(people)
    factories.review_filed(submission, people)
    factories.assigned(factories.filed(people), people)
    agency_reviews.recuse(submission, reason="", by=people.nsa_lead, at=start)
    assert rows(people.nsa_lead)["nsa reviewer"][:3] == (1, 0, 0)


def test_who_is_away_now_and_who_will_be(people, start):
    day = timedelta(days=1)
    absences.add(
        delegate=people.nsa_lead,
        starts_at=start + 5 * day,
        ends_at=start + 9 * day,
        by=people.nsa_reviewer,
        at=start,
    )
    absences.add(
        delegate=people.nsa_lead,
        starts_at=start - day,
        ends_at=start + 2 * day,
        by=people.nsa_reviewer,
        at=start,
    )
    absences.add(
        delegate=people.nsa_lead,
        starts_at=start + day,
        ends_at=start + 2 * day,
        by=people.recused,
        at=start,
    )
    answer = signed_in(people.nsa_lead).get("/workload/")
    found = {one.name: (load.away, load.absence.ends_at) for one, load in answer.context["rows"]}
    later = start + 2 * day
    assert found == {"nsa reviewer": (True, later), "recused": (False, later)}


def test_many_reviewers_cost_as_much_as_two(people, start):
    lead = signed_in(people.nsa_lead)
    factories.assigned(factories.filed(people), people)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            answer = lead.get("/workload/")
        return len(asked), len(answer.context["rows"])

    queries()
    before, two = queries()
    nsa = factories.organization("nsa")
    for number in range(5):
        more = User.objects.create_user(f"more-{number}@test.example", f"More {number}", "x")
        seats.give(person=more, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
        expertise.tag(more, tags=["autonomy"], by=more, at=start)
    assert queries() == (before, two + 5)


# Expertise.


def test_a_reviewer_and_her_lead_say_what_she_knows(people, start):
    reviewer, lead = signed_in(people.nsa_reviewer), signed_in(people.nsa_lead)
    url = f"/expertise/{people.nsa_reviewer.pk}/"
    assert url in text_of(reviewer.get("/profile/"))
    assert reviewer.post(url, {"tags": ["autonomy", "elicitation"]}).url == "/profile/"
    assert "Autonomy<br>Elicitation" in text_of(reviewer.get("/profile/"))
    assert url in text_of(lead.get("/workload/"))
    for _ in range(2):  # saying the same again records nothing
        assert lead.post(url, {"tags": ["elicitation", "safeguards"]}).url == "/workload/"
    tags = ExpertiseTag.objects.filter(person=people.nsa_reviewer)
    assert [one.tag for one in tags] == ["elicitation", "safeguards"]
    events = AuditEvent.objects.filter(action="expertise.recorded").order_by("sequence")
    assert [(one.actor, one.details["expertise"]) for one in events] == [
        (people.nsa_reviewer.email, ["Autonomy", "Elicitation"]),
        (people.nsa_lead.email, ["Elicitation", "Safeguards"]),
    ]
    answer = lead.post(url, {"tags": ["gossip"]})
    assert answer.status_code == 422
    assert tags.count() == 2


@pytest.mark.parametrize(
    "who", ["dod_lead", "dod_reviewer", "nsa_official", "administrator", "northlight_liaison"]
)
def test_nobody_else_does(people, who):
    browser, url = signed_in(getattr(people, who)), f"/expertise/{people.nsa_reviewer.pk}/"
    assert browser.get(url).status_code == 404
    assert browser.post(url, {"tags": ["autonomy"]}).status_code == 404
    assert not ExpertiseTag.objects.exists()


def test_a_person_without_a_reviewers_seat_has_none(people):
    lead = signed_in(people.nsa_lead)
    assert "Expertise" not in text_of(lead.get("/profile/"))
    for someone in (people.nsa_lead, people.nsa_official):
        assert lead.get(f"/expertise/{someone.pk}/").status_code == 404
