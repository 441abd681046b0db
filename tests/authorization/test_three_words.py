"""A grant takes three words from three people, by policy and by the database itself."""

import pytest
from django.db import IntegrityError, transaction

from accounts import audit, seats
from accounts.models import AuditEvent
from reviews.exceptions import NotPermitted
from reviews.models import AccessGrant
from reviews.services import access
from tests import factories


def seat(person, organization, role, start):
    seats.give(
        person=person,
        organization=factories.organization(organization),
        role=role,
        by=audit.SYSTEM,
        at=start,
    )


@pytest.mark.parametrize("party", ["nsa_lead", "nsa_reviewer"])
def test_neither_sponsor_nor_grantee_consents_though_seated_at_the_lab(people, start, party):
    grant = factories.grant(factories.filed(people), people, state="requested")
    person = getattr(people, party)
    seat(person, "northlight", "liaison", start)
    with pytest.raises(NotPermitted):
        access.consent(grant, by=person, at=start)


@pytest.mark.parametrize("party", ["nsa_lead", "nsa_reviewer", "northlight_liaison"])
def test_no_party_authorizes_though_an_administrator(people, start, party):
    grant = factories.grant(factories.filed(people), people, state="consented")
    person = getattr(people, party)
    seat(person, "caisi", "administrator", start)
    with pytest.raises(NotPermitted):
        access.authorize(grant, by=person, at=start)


@pytest.mark.parametrize(
    ("fact", "party"),
    [
        ("consented_by", "nsa_lead"),
        ("consented_by", "nsa_reviewer"),
        ("authorized_by", "nsa_lead"),
        ("authorized_by", "nsa_reviewer"),
        ("authorized_by", "northlight_liaison"),
    ],
)
def test_the_database_refuses_the_same_person_twice(people, fact, party):
    grant = factories.grant(factories.filed(people), people)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessGrant.objects.filter(pk=grant.pk).update(**{fact: getattr(people, party)})


def test_the_log_says_for_whom_each_word_was_given(people):
    factories.grant(factories.filed(people), people, state="revoked")
    said = AuditEvent.objects.filter(action__startswith="grant.").order_by("sequence")
    assert list(said.values_list("action", "organization")) == [
        ("grant.requested", "nsa"),
        ("grant.consented", "northlight"),
        ("grant.authorized", "oncd"),
        ("grant.revoked", "oncd"),
    ]
