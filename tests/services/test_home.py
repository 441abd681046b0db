"""Home asks of people what they can still do, and says when things end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.models import AccessGrant
from reviews.services import extensions, lifecycle
from tests import factories

pytestmark = pytest.mark.django_db


def waiting(response):
    return {(task.text, task.url) for task in response.context["waiting"]}


@pytest.mark.parametrize(
    ("state", "who", "text"),
    [
        ("requested", "northlight_liaison", "Answer a request for access to your model"),
        ("consented", "administrator", "Authorize access that the lab consented to"),
    ],
)
def test_a_request_waits_until_its_time_has_passed(
    act, people, move_clock, start, state, who, text
):
    submission = factories.filed(people)
    end = start + timedelta(days=2)
    grant = factories.grant(submission, people, state=state, ends_at=end)
    asked = (text, grant.get_absolute_url())
    move_clock(end - timedelta(microseconds=1))
    assert asked in waiting(act(who, "get", "/"))
    move_clock(end)
    assert asked not in waiting(act(who, "get", "/"))


@pytest.mark.parametrize(
    ("answered", "who", "text"),
    [
        (False, "northlight_liaison", "Answer a request for more time with your model"),
        (True, "administrator", "Authorize more time that the lab consented to"),
    ],
)
def test_more_time_waits_until_the_access_is_over(
    act, people, move_clock, start, answered, who, text
):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + timedelta(days=2))
    later = start + timedelta(days=9)
    extension = extensions.request(
        grant, ends_at=later, reason="More.", by=people.nsa_lead, at=start
    )
    if answered:
        extensions.consent(extension, by=people.northlight_liaison, at=start)
    asked = (text, grant.get_absolute_url())
    assert asked in waiting(act(who, "get", "/"))
    assert text not in {shown for shown, _ in waiting(act("nsa_lead", "get", "/"))}
    move_clock(grant.ends_at)
    assert asked not in waiting(act(who, "get", "/"))


def test_closeout_waits_for_both_sides_once_access_has_ended(act, people, move_clock, start):
    submission = factories.filed(people)
    end = start + timedelta(days=2)
    grant = factories.grant(submission, people, ends_at=end)
    asked = ("Attest the closeout of access that has ended", grant.get_absolute_url())
    for who in ("northlight_liaison", "nsa_lead"):
        assert asked not in waiting(act(who, "get", "/"))
    move_clock(end)
    for who in ("northlight_liaison", "nsa_lead"):
        assert asked in waiting(act(who, "get", "/"))
        affirmed = {"credentials_disabled": "on", "copies_gone": "on"}
        act(who, "post", f"{grant.get_absolute_url()}attest/", affirmed)
        assert asked not in waiting(act(who, "get", "/"))
    assert asked not in waiting(act("dod_lead", "get", "/"))


def test_a_shortened_window_ends_access_on_every_page(act, people, move_clock, start):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + timedelta(days=10))
    end = start + timedelta(days=3)
    lifecycle.shorten(submission, closes_at=end, by=people.northlight_liaison, at=start)
    assert AccessGrant.objects.get(pk=grant.pk).ends_at == end
    (shown,) = act("nsa_reviewer", "get", "/").context["access"]
    assert "Oct. 23, 2026" in shown.when


def test_all_lists_name_their_submissions_by_one_question(act, people):
    factories.filed(people)
    act("nsa_lead", "get", "/")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as asked:
            response = act("nsa_lead", "get", "/")
        counts.append(len(asked))
        named = [q for q in asked.captured_queries if 'FROM "reviews_modelversion"' in q["sql"]]
        assert len(named) == 1
        assert all("Northlight" in task.detail for task in response.context["waiting"])
        factories.filed(people, lab_tracking_id=f"T-{number}")
    assert counts[0] == counts[1]
