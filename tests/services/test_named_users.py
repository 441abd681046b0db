"""People whom a grant names besides its grantee: asked for, left out, gone with their seats."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from accounts.roles import Role
from portal.authority import take_seat
from reviews import policy
from reviews.exceptions import Conflict, NotPermitted, NotVisible
from reviews.models import AccessGrant, Notice
from reviews.policy import Action
from reviews.services import access, gateway_signals
from tests import factories
from tests.services.grant_pages import body, url, when

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def requested(submission, people):
    return factories.grant(submission, people, state="requested", users=[people.recused])


def names(grant, at):
    """Who may use it besides its grantee, once it is live."""
    return {one.person.email for one in grant.users.in_force(at)}


def test_asked_for_by_name_on_the_page(act, submission, people, start):
    asked = {
        "grantee": people.nsa_reviewer.email,
        "users": [people.recused.email],
        "purpose": "Range",
        "access_level": "al1",
        "environment": "Range",
        "safeguards": "in_place",
        **when("starts_at", start),
        **when("ends_at", start + 5 * DAY),
    }
    ask = reverse("reviews:grant-request", args=[submission.reference])
    response = act("nsa_lead", "post", ask, asked)
    assert response.status_code == 302, body(response)
    grant = AccessGrant.objects.get()
    assert names(grant, start) == {people.recused.email}
    assert "recused" in body(act("northlight_liaison", "get", url(grant)))


def test_live_for_all_that_it_names_and_each_use_is_on_record(requested, people, start):
    access.consent(requested, by=people.northlight_liaison, at=start)
    access.authorize(requested, by=people.administrator, at=start)
    for person in (people.nsa_reviewer, people.recused):
        access.use(requested, by=person, at=start)
    uses = AuditEvent.objects.filter(action="grant.used").values_list("actor", flat=True)
    assert sorted(uses) == sorted([people.nsa_reviewer.email, people.recused.email])
    told = Notice.objects.filter(kind="grant_authorized").values_list("recipient", flat=True)
    assert {people.nsa_reviewer.pk, people.recused.pk} <= set(told)


def test_whoever_the_lab_leaves_out_gets_nothing_and_never_comes_back(
    act, requested, people, start
):
    page = body(act("northlight_liaison", "get", url(requested, "consent")))
    assert people.recused.email in page
    act("northlight_liaison", "post", url(requested, "consent"), {"access_level": "al1"})
    requested.refresh_from_db()
    assert requested.consented_at
    assert names(requested, start) == set()
    access.authorize(requested, by=people.administrator, at=start)
    with pytest.raises((NotPermitted, NotVisible)):
        access.use(requested, by=people.recused, at=start)
    dropped = AuditEvent.objects.get(action="grant.user_dropped")
    assert dropped.details["user"] == people.recused.email


def test_the_lab_adds_nobody(requested, people, start):
    with pytest.raises(Conflict):
        access.consent(
            requested, users=[people.dod_reviewer], by=people.northlight_liaison, at=start
        )
    requested.refresh_from_db()
    assert requested.consented_at is None


def test_with_her_seat_goes_her_use_and_not_the_others(submission, people, start, move_clock):
    grant = factories.grant(submission, people, users=[people.recused])
    later = start + DAY
    move_clock(later)
    take_seat(
        person=people.recused,
        organization=factories.organization("nsa"),
        role=Role.REVIEWER,
        by=people.administrator,
        at=later,
    )
    grant.refresh_from_db()
    assert grant.live_at(later)
    assert names(grant, later) == set()
    assert not policy.may(people.recused, Action.USE_MODEL, grant, at=later)
    assert policy.may(people.nsa_reviewer, Action.USE_MODEL, grant, at=later)


def test_authorized_only_while_everybody_named_works_on_it(requested, people, start):
    access.consent(requested, by=people.northlight_liaison, at=start)
    people.recused.is_active = False
    people.recused.save()
    with pytest.raises(Conflict, match="recused of NSA no longer works on this submission"):
        access.authorize(requested, by=people.administrator, at=start)
    people.recused.is_active = True
    people.recused.save()
    access.authorize(requested, by=people.administrator, at=start)


def test_a_disabled_account_is_on_no_list_for_a_gateway(requested, people, start):
    access.consent(requested, by=people.northlight_liaison, at=start)
    grant = access.authorize(requested, by=people.administrator, at=start)
    assert set(gateway_signals.facts(grant, start)["users"]) == {
        people.nsa_reviewer.email,
        people.recused.email,
    }
    type(people.recused).objects.filter(pk__in=[people.recused.pk, people.nsa_reviewer.pk]).update(
        is_active=False
    )
    grant = AccessGrant.objects.get()
    assert gateway_signals.facts(grant, start)["users"] == {}
