"""The browsers that tests of pages use."""

import pytest


@pytest.fixture
def lab(client, people):
    """A browser in which the lab's liaison is signed in."""
    client.force_login(people.northlight_liaison)
    return client


@pytest.fixture
def act(client, people):
    """Do a request as someone, by her code or herself; return the response."""

    def send(who, method, address, data=None):
        client.force_login(getattr(people, who) if isinstance(who, str) else who)
        return getattr(client, method)(address, data or {})

    return send
