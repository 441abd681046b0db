"""Filters that a person keeps for a list: her own, under names of her own."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from reviews.models import SavedFilter
from reviews.services import saved_filters
from tests import factories
from tests.services.grant_pages import body

SUBMISSIONS, ACCESS = "/filters/submissions/", "/filters/access/"
OPEN = "?state=under_review&after=x&page=2"


def saved(act, name, query=OPEN, address=SUBMISSIONS, who="nsa_lead"):
    return act(who, "post", f"{address}{query}", {"name": name})


def test_a_filter_is_kept_and_leads_back_to_what_it_shows(act, people):
    shown, other = factories.filed(people), factories.draft(people)
    response = saved(act, "Open <now>", who="northlight_liaison")
    assert (response.status_code, response.url) == (302, "/submissions/?state=under_review")
    page = body(act("northlight_liaison", "get", "/submissions/"))
    assert '<a class="usa-link fv-typed" href="/submissions/?state=under_review">' in page
    assert "Open &lt;now&gt;" in page
    page = body(act("northlight_liaison", "get", response.url))
    assert shown.reference in page
    assert other.reference not in page


def test_a_filter_is_of_its_person_and_list_alone(act, people):
    saved(act, "Mine alone")
    for who, address in [
        *(("dod_lead", SUBMISSIONS), ("dod_lead", "/submissions/")),
        *(("nsa_lead", ACCESS), ("nsa_lead", "/access/")),
    ]:
        assert "Mine alone" not in body(act(who, "get", address))
    act("dod_lead", "post", f"{SUBMISSIONS}end/", {"name": "Mine alone"})
    act("nsa_lead", "post", f"{ACCESS}end/", {"name": "Mine alone"})
    assert SavedFilter.objects.count() == 1
    act("nsa_lead", "post", f"{SUBMISSIONS}end/", {"name": "Mine alone"})
    assert not SavedFilter.objects.exists()


def test_access_has_filters_too(act, people):
    factories.grant(factories.filed(people), people)
    response = saved(act, "Live", "?state=live&agency=nsa&ends_before=2026-12-01&lab=", ACCESS)
    wanted = "/access/?state=live&agency=nsa&ends_before=2026-12-01"
    assert response.url == wanted
    assert SavedFilter.objects.get().query == wanted.partition("?")[2]
    assert f'href="{ACCESS}"' in body(act("nsa_lead", "get", "/access/"))
    page = body(act("nsa_lead", "get", ACCESS))
    assert f'href="{wanted.replace("&", "&amp;")}">Live</a>' in page


def test_the_log_says_that_it_was_and_not_what(act, people):
    saved(act, "Secret name", "?q=secret")
    act("nsa_lead", "post", f"{SUBMISSIONS}end/", {"name": "Secret name"})
    events = AuditEvent.objects.filter(action__startswith="filter.").order_by("sequence")
    assert [(event.action, event.object_type, event.details) for event in events] == [
        ("filter.saved", "account", {"list": "submissions"}),
        ("filter.removed", "account", {"list": "submissions"}),
    ]


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("Twice", 409, "You have a filter named “Twice” here. Choose another name."),
        ("", 422, "Enter an answer."),
        ("x" * 61, 422, "The limit is 60 characters, and this has 61. Shorten it by 1."),
    ],
)
def test_a_name_that_cannot_be_is_kept_in_its_field(act, people, name, status, words):
    saved(act, "Twice")
    response = saved(act, name, "?kind=early_access")
    assert response.status_code == status
    assert words in body(response)
    assert f'value="{name}"' in body(response) or not name
    assert SavedFilter.objects.count() == 1


def test_twenty_are_kept_and_no_more(act, people, start):
    for number in range(saved_filters.MOST):
        assert saved(act, f"Number {number}").status_code == 302
    response = saved(act, "One more")
    assert response.status_code == 409
    assert "You keep 20 filters here, the most. Remove one, then save this one." in body(response)
    assert saved(act, "Elsewhere", "?state=live", ACCESS).status_code == 302


def test_nothing_is_saved_of_a_filter_that_asks_nothing_or_means_nothing(act, people):
    assert saved(act, "All", "?q=").status_code == 409
    assert saved(act, "Odd", "?state=odd").url == "/submissions/?state=odd"
    assert not SavedFilter.objects.exists()
    assert act("nsa_lead", "get", "/filters/odd/").status_code == 404
    assert act("nsa_lead", "post", "/filters/odd/end/").status_code == 404


def test_a_list_costs_the_same_however_many_are_saved(act, people):
    found = []
    for number in range(3):
        saved(act, f"Number {number}")
        act("nsa_lead", "get", "/submissions/")
        with CaptureQueriesContext(connection) as captured:
            act("nsa_lead", "get", "/submissions/")
        found.append(len(captured))
    assert len(set(found)) == 1
