"""Whom an action is asked of, and whom a lab may know by name."""

import pytest

from accounts.models import Organization
from reviews import audience, policy
from reviews.models import AccessGrant
from reviews.policy import Action
from tests.authorization.policy_world import (
    OPENING,
    UNDECLARED,
    attach,
    detach,
    everyone,
    person,
)

pytestmark = pytest.mark.django_db


# people


@pytest.mark.parametrize(
    "action",
    [
        *(Action.OWN, Action.VIEW, Action.READ_PACKAGE, Action.FILE_POSITION),
        *(Action.CONSULT, Action.DETERMINE, Action.ADMINISTER),
    ],
)
@pytest.mark.parametrize("name", ["running", "basalt"])
def test_the_people_of_an_action_are_those_who_may_at_its_time(world, action, name):
    submission = world.submissions[name]
    may = {
        someone
        for someone in everyone(world).values()
        if action in policy.actions(someone, submission, at=OPENING)
    }
    if action is Action.READ_PACKAGE and name == "basalt":
        may |= {getattr(world.people, code) for code in UNDECLARED}  # who may once she declares
    found = audience.people(action, submission)
    assert set(found) == may
    assert [someone.name for someone in found] == sorted(someone.name for someone in may)


def test_the_people_of_an_action_leave_the_clock_and_assignments_aside(world):
    reviewers = audience.people(Action.WRITE_REVIEW, world.withdrawn)
    assert {someone.email for someone in reviewers} == {
        f"{agency}-reviewer@demo.example" for agency in ("nsa", "dod", "cisa", "caisi", "treasury")
    }


def test_the_people_of_one_organization(world):
    nsa = Organization.objects.get(code="nsa")
    found = audience.people(Action.READ_PACKAGE, world.running, of=nsa)
    assert {someone.email.partition("@")[0] for someone in found} == {
        *("nsa-reviewer", "nsa-lead", "nsa-official", "nsa-signer")
    }


def test_whoever_holds_two_such_seats_is_one_person(world):
    twice = person("nsa:lead", "nsa:reviewer", "dod:lead")
    assert list(audience.people(Action.VIEW, world.running)).count(twice) == 1


def test_a_seat_whose_role_lacks_the_codename_is_nobody_s_way(world):
    """Even where a row gives it to the group."""
    before = set(audience.people(Action.FILE_POSITION, world.running))
    attach(world.running, "nsa:reviewer", "lead_submission")
    assert set(audience.people(Action.FILE_POSITION, world.running)) == before


def test_attachment_by_another_codename_is_nobody_s_way(world):
    before = set(audience.people(Action.FILE_POSITION, world.running))
    detach(world.running, "nsa:lead")
    attach(world.running, "nsa:lead", "view_submission")
    after = set(audience.people(Action.FILE_POSITION, world.running))
    assert before - after == {world.people.nsa_lead}


# named_to_lab


def test_a_grant_names_its_parties_to_the_lab(world):
    grant, people = world.grants["nsa"], world.people
    assert audience.named_to_lab(grant) == {
        grant.grantee_id,
        grant.requested_by_id,
        people.northlight_liaison.pk,
        people.administrator.pk,
    }
    assert audience.named_to_lab(world.grants["dod"]) == {
        people.dod_reviewer.pk,
        people.dod_lead.pk,
    }


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("second_administrator", False),
        ("northlight_admin", True),
        ("nsa_signer", False),
        ("basalt_liaison", False),
    ],
)
@pytest.mark.parametrize("fact", ["revoked_by", "agency_attested_by"])
def test_whoever_ended_a_grant_is_named_when_the_lab_knows_her_anyway(world, fact, code, named):
    grant = AccessGrant.objects.get(agency__code="nsa", submission=world.running)
    someone = getattr(world.people, code)
    setattr(grant, fact, someone)
    assert (someone.pk in audience.named_to_lab(grant)) == named


@pytest.mark.parametrize("fact", ["declined_by", "lab_attested_by"])
def test_the_lab_s_own_acts_are_named_to_it(world, fact):
    grant = AccessGrant.objects.get(agency__code="nsa", submission=world.running)
    setattr(grant, fact, world.people.northlight_admin)
    assert world.people.northlight_admin.pk in audience.named_to_lab(grant)
