"""Whom an action is asked of, and whom a lab may know by name."""

import pytest

from accounts.models import Organization
from reviews import audience, policy
from reviews.policy import Action
from tests import factories
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


# named


@pytest.mark.parametrize(
    ("of", "to", "said"),
    [
        *(("nsa", None, "nsa lead"), (None, None, "nsa lead")),
        *(("nsa", "northlight", "NSA"), ("nsa", "keystone-utility", "NSA")),
        *((None, "northlight", audience.ADMINISTRATOR), ("northlight", "northlight", "nsa lead")),
        *((None, "keystone-utility", audience.ADMINISTRATOR),),
        *(("keystone-utility", "northlight", "Keystone Utility"),),
        *(("keystone-utility", "keystone-utility", "nsa lead"),),
        *(("northlight", "keystone-utility", "nsa lead"),),
    ],
)
def test_a_lab_and_a_partner_learn_whose_word_it_was(world, of, to, said):
    of, to = (code and factories.organization(code) for code in (of, to))
    assert audience.named(world.people.nsa_lead, of, to=to) == said
