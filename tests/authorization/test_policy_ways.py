"""Whether a seat could let a person do something to any row at all."""

import pytest

from reviews import policy
from reviews.policy import Action
from tests.authorization.policy_world import OPENING, everyone

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("action", Action)
def test_without_a_way_nothing_is_ever_allowed(world, action):
    for someone in everyone(world).values():
        way = policy.has_a_way(someone, action, at=OPENING)
        assert way or not policy.allowed(someone, action, at=OPENING).exists()


def test_a_seat_is_a_way(world):
    people = world.people
    ways = {
        Action.DRAFT: {"northlight_liaison", "northlight_admin", "basalt_liaison"},
        Action.AUDIT: {"auditor"},
        Action.ADMINISTER_SEATS: {"administrator", "second_administrator"},
    }
    for action, expected in ways.items():
        having = {
            code
            for code, someone in everyone(world).items()
            if policy.has_a_way(someone, action, at=OPENING)
        }
        assert having == expected
    assert policy.has_a_way(people.nsa_lead, Action.ASSIGN, at=OPENING)
    assert not policy.has_a_way(people.nsa_lead, Action.OWN, at=OPENING)
