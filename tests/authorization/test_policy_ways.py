"""Questions of a person without a row: at whatever time, and whether there is a way at all."""

import pytest

from reviews import policy, prepared, rules
from reviews.policy import Action
from tests.authorization.policy_world import INSTANTS, OPENING, everyone

pytestmark = pytest.mark.django_db

# Whatever the time


def test_notices_are_read_whatever_the_time(world):
    """The count of unread notices is asked without an instant: see reviews/services/inbox.py."""
    for someone in everyone(world).values():
        who = rules.Standing.of(someone)
        first, *others = (
            policy.holds(who, Action.READ_NOTICE, at=at) for at in (prepared.AT, *INSTANTS.values())
        )
        assert others == [first] * len(INSTANTS)


# has_a_way


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
