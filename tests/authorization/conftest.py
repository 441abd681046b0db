"""The world that the tests of policy share; policy_world.py says what is in it."""

import pytest
from django.db import transaction

from tests.authorization import policy_world


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """The world, built for one module and rolled back after it."""
    if policy_world.prebuilt is not None:
        yield policy_world.prebuilt
        return
    with django_db_blocker.unblock(), transaction.atomic():
        yield policy_world.build(tmp_path_factory.mktemp("documents"))
        transaction.set_rollback(True)
