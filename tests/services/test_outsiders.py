"""What whoever is no party to the agency's side reads on a grant, and what she may not do to it."""

from datetime import timedelta

from accounts.models import Seat
from reviews import policy
from reviews.models import AccessGrant, GrantUser
from reviews.models.grant_states import EndReason
from reviews.policy import Action
from reviews.services import access
from tests import factories
from tests.services.grant_pages import body, url

DAY = timedelta(days=1)


def move(person, *, seat, organization):
    """The person holds that seat, and no other."""
    person.groups.set([Seat.objects.get(organization__code=organization, role=seat).group])


def test_a_grant_names_the_lab_of_its_submission(people):
    for lab in ("northlight", "basalt"):
        submission = factories.filed(people, lab)
        assert factories.grant(submission, people, lab=lab).lab == submission.lab


def test_administrators_do_not_read_what_the_agency_calls_the_team(act, people):
    grant = factories.grant(factories.filed(people), people, team="CANARY", users=[people.recused])
    for who, reads in (("administrator", False), ("nsa_lead", True), ("northlight_liaison", True)):
        assert ("CANARY" in body(act(who, "get", url(grant)))) is reads


def test_whoever_gave_a_word_and_is_a_contact_now_learns_no_agencys_people(act, people, start):
    submission = factories.with_release(people)
    grant = factories.partner_grant(submission, people, state="scheduled")
    access.revoke(grant, reason="", by=people.second_administrator, at=start)
    consenter = grant.consented_by
    assert "second administrator" not in body(act(consenter, "get", url(grant)))
    move(consenter, seat="partner_contact", organization="keystone-utility")
    page = body(act(consenter, "get", url(grant)))
    assert grant.environment in page
    assert "second administrator" not in page
    assert "second administrator" in body(act("nsa_lead", "get", url(grant)))


def test_who_was_the_partners_does_not_attest_in_its_name_from_the_agency(people, start):
    submission = factories.with_release(people)
    grant = factories.partner_grant(submission, people, state="scheduled")
    access.revoke(grant, reason="", by=people.nsa_lead, at=start)
    contact, about = people.partner_contact, (Action.ATTEST_FOR_AGENCY, Action.VIEW_GRANT)
    assert all(policy.may(contact, action, grant, at=start) for action in about)
    assert policy.allowed(contact, Action.READ_NOTICE, at=start).filter(grant=grant).exists()
    move(contact, seat="reviewer", organization="nsa")
    for action in (*about, Action.READ_GRANT):
        assert not policy.may(contact, action, grant, at=start)
    assert not policy.allowed(contact, Action.READ_NOTICE, at=start).filter(grant=grant).exists()


def test_a_partners_access_is_not_used_from_a_seat_at_an_agency(people, start, settings):
    settings.RECERTIFICATION_DAYS = 40
    grant = factories.partner_grant(factories.with_release(people), people, state="scheduled")
    later = grant.starts_at + DAY
    assert policy.may(people.partner_contact, Action.USE_MODEL, grant, at=later)
    move(people.partner_contact, seat="reviewer", organization="nsa")
    assert not policy.may(people.partner_contact, Action.USE_MODEL, grant, at=later)


def test_how_to_reach_the_model_says_until_when_for_everybody(act, people, start):
    """By the lapse that comes first; the end that was agreed promises more."""
    grant = factories.grant(factories.filed(people), people)
    AccessGrant.objects.update(lapses_at=start + 3 * DAY, lapses_because=EndReason.NOT_RECERTIFIED)
    assert "Oct. 23, 2026" in body(act("nsa_reviewer", "post", url(grant, "use")))
    assert "Oct. 30, 2026" not in body(act("nsa_reviewer", "post", url(grant, "use")))
    grant = AccessGrant.objects.get()
    GrantUser.objects.create(grant=grant, person=people.recused, lapses_at=start + DAY)
    assert grant.end_for(people.recused) == start + DAY
    assert grant.end_for(people.nsa_reviewer) == start + 3 * DAY
