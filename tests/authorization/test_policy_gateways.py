"""Labs' gateways: who adds one, who sees it, who manages it; the window is nobody's concern."""

import pytest

from accounts.models import Organization
from reviews import policy
from reviews.exceptions import NotPermitted, NotVisible
from reviews.policy import Action
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    BASALT,
    END,
    LAB,
    OPENING,
    always,
    at_each_instant,
    person,
    who,
)
from tests.gateways import added

pytestmark = pytest.mark.django_db
OVERSEERS = ADMINISTRATORS | {"auditor"}
TABLE = {
    Action.VIEW_GATEWAY: {"own": LAB | OVERSEERS, "basalt": BASALT | OVERSEERS},
    Action.MANAGE_GATEWAY: {"own": LAB, "basalt": BASALT},
}


@pytest.fixture
def rows(world):
    return {
        "own": added(world.people, OPENING)[0],
        "basalt": added(world.people, OPENING, "basalt")[0],
    }


@pytest.mark.parametrize("action", TABLE)
def test_who_at_every_instant(world, rows, action):
    assert at_each_instant(world, action, rows) == always(TABLE[action])


def test_a_lab_adds_its_own(world):
    found = who(world, Action.ADD_GATEWAY, {o.code: o for o in Organization.objects.all()}, END)
    assert {code: people for code, people in found.items() if people} == {
        "northlight": LAB,
        "basalt": BASALT,
    }


def test_a_revoked_one_stays_in_view(world, rows):
    gateway = rows["own"]
    gateway.revoked_at, gateway.revoked_by = OPENING, world.people.northlight_admin
    gateway.save()
    assert who(world, Action.VIEW_GATEWAY, rows, END) == TABLE[Action.VIEW_GATEWAY]


def test_outside_ones_view_it_is_not_there(world, rows):
    people = world.people
    with pytest.raises(NotVisible):
        policy.check(people.basalt_liaison, Action.MANAGE_GATEWAY, rows["own"], at=OPENING)
    with pytest.raises(NotPermitted):
        policy.check(people.auditor, Action.MANAGE_GATEWAY, rows["own"], at=OPENING)


def test_another_labs_seat_and_no_seat_see_none(world, rows):
    for someone in (person("basalt:liaison"), person()):
        assert not policy.allowed(someone, Action.VIEW_GATEWAY, at=OPENING).contains(rows["own"])
