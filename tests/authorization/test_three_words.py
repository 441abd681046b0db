"""A grant takes three words from three people, by policy and by the database itself."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from accounts import seats
from accounts.exceptions import SeatRefused
from accounts.models import AuditEvent
from reviews import policy
from reviews.exceptions import NotPermitted
from reviews.models import AccessGrant
from reviews.policy import Action
from reviews.services import access, attachments
from tests import factories


def seat(person, organization, role):
    """Seated on both sides, which the service refuses: policy must hold all the same."""
    person.groups.add(Group.objects.get(name=f"{organization}:{role}"))


def test_nobody_is_given_seats_on_both_sides(people, start):
    with pytest.raises(SeatRefused, match="two sides"):
        seats.give(
            person=people.northlight_liaison,
            organization=factories.organization("nsa"),
            role="lead",
            by=people.administrator,
            at=start,
        )


def test_nobody_attaches_the_agency_by_which_she_would_read(people, start):
    submission = factories.filed(people)
    caisi = factories.organization("caisi")
    seat(people.administrator, "caisi", "reviewer")
    attachments.detach(submission, caisi, by=people.second_administrator, at=start)
    with pytest.raises(NotPermitted):
        attachments.attach(submission, caisi, by=people.administrator, at=start)
    assert not policy.may(people.administrator, Action.VIEW, submission, at=start)


@pytest.mark.parametrize("party", ["nsa_lead", "nsa_reviewer"])
def test_neither_sponsor_nor_grantee_consents_though_seated_at_the_lab(people, start, party):
    grant = factories.grant(factories.filed(people), people, state="requested")
    person = getattr(people, party)
    seat(person, "northlight", "liaison")
    with pytest.raises(NotPermitted):
        access.consent(grant, by=person, at=start)


@pytest.mark.parametrize("party", ["nsa_lead", "nsa_reviewer", "northlight_liaison"])
def test_no_party_authorizes_though_an_administrator(people, start, party):
    grant = factories.grant(factories.filed(people), people, state="consented")
    person = getattr(people, party)
    seat(person, "caisi", "administrator")
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
