"""The browser that tests of the lab's pages use."""

import pytest


@pytest.fixture
def lab(client, people):
    """A browser in which the lab's liaison is signed in."""
    client.force_login(people.northlight_liaison)
    return client
