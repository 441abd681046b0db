"""What tests of services and pages begin with; a module may have its own of the same name."""

import pytest

from tests import factories
from tests.services.agency_pages import signed_in


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


@pytest.fixture
def submission(people):
    """A submission of Northlight's, under review."""
    return factories.filed(people)


@pytest.fixture
def reviewer(people, submission):
    """NSA's reviewer, assigned."""
    return signed_in(factories.assigned(submission, people))
