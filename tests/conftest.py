"""Fixtures for every test: a held clock, the people, a document store of its own."""

import sqlite3
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from hypothesis import settings as hypothesis_settings

from reviews import clock
from tests import people as people_module

pytest_plugins = ["tests.mail_server", "tests.scanner", "tests.journeys.killable"]
# The same examples everywhere; --hypothesis-profile=default looks for others.
hypothesis_settings.load_profile("ci")
START = datetime(2026, 10, 20, 15, 0, tzinfo=UTC)


class HeldClock:
    """The clock of one test: held at ``at``; ``move`` sets it for every thread."""

    def __init__(self):
        self._holding = None
        self.move(START)

    @property
    def at(self):
        return clock.system()

    def move(self, at):
        self.release()
        self._holding = clock.rehearsal(at)
        self._holding.__enter__()

    def release(self):
        if self._holding is not None:
            self._holding.__exit__(None, None, None)
            self._holding = None


@pytest.fixture(autouse=True)
def held_clock():
    """Time stands still at START until the test moves it."""
    held = HeldClock()
    yield held
    held.release()


@pytest.fixture
def start():
    """The instant at which tests begin and, unless told otherwise, file."""
    return START


@pytest.fixture
def move_clock(held_clock):
    """Set the time for everything in the process."""
    return held_clock.move


@pytest.fixture
def at_instant():
    """``with at_instant(dt):`` holds the clock there for a while."""
    return clock.rehearsal


@pytest.fixture(autouse=True)
def document_store(settings, tmp_path):
    """Uploaded documents go to a folder of this test's own."""
    storages = {name: dict(options) for name, options in settings.STORAGES.items()}
    storages["documents"]["OPTIONS"] = storages["documents"]["OPTIONS"] | {
        "location": tmp_path / "documents"
    }
    settings.STORAGES = storages
    settings.UPLOADS_DIR = str(tmp_path / "uploads")
    return tmp_path / "documents"


# The test database, and a copy of it in which everyone is seated since START: that takes longer
# than most tests take, and PostgreSQL answers a new connection slowly.
databases = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A test with people begins where they are; but not in the middle of a module's transaction."""
    if databases and not connection.in_atomic_block:
        _go_to(databases["everyone" if "people" in item.fixturenames else "empty"])


def _go_to(name):
    if connection.settings_dict["NAME"] != name:
        connections.close_all()
        connections.settings["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextmanager
def database_named(name):
    """The default connection, in every thread, goes to that database."""
    settings, original = connections.settings["default"], connection.settings_dict["NAME"]
    connections.close_all()
    try:
        settings["NAME"] = connection.settings_dict["NAME"] = name
        yield
    finally:
        connections.close_all()
        settings["NAME"] = connection.settings_dict["NAME"] = original


@contextmanager
def copied(name, *, empty=False):
    """The name of a throw-away copy of the test database, or of one without any table."""
    original = connection.settings_dict["NAME"]
    connection.close()
    if connection.vendor != "postgresql":
        copy = f"{original}_{name}"
        if not empty:
            with sqlite3.connect(original) as source, sqlite3.connect(copy) as target:
                source.backup(target)
        yield copy
        return
    copy = f"{original}_{name}"[:60]
    drop = f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)'
    with connection._nodb_cursor() as cursor:
        cursor.execute(drop)
        template = "template0" if empty else original
        cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{template}"')
    try:
        yield copy
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(drop)


@contextmanager
def database_copy(name, *, empty=False):
    """The default connection, in every thread, goes to a throw-away copy of the test database.

    The audit log cannot be truncated, which is how Django would clean up after committed
    tests; a copy needs no cleaning. An ``empty`` one has no tables at all.
    """
    with copied(name, empty=empty) as copy, database_named(copy):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """The test database exists, also when nothing but committed tests run."""
    with ExitStack() as until_the_end:
        with django_db_blocker.unblock():
            made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
            databases["empty"] = connection.settings_dict["NAME"]
            databases["everyone"] = until_the_end.enter_context(copied("everyone"))
            with database_named(databases["everyone"]), clock.rehearsal(START):
                people_module.create(START)
        yield
        _go_to(databases["empty"])
        with django_db_blocker.unblock():
            until_the_end.close()
            teardown_databases(made, verbosity=0)


@pytest.fixture
def people(db, start):
    """Everyone of tests/people.py."""
    there = connection.settings_dict["NAME"] == databases.get("everyone")
    return people_module.read() if there else people_module.create(start)


@pytest.fixture
def committed(django_db_setup, django_db_blocker, request):
    """Real commits on a copy of the database, for tests with threads, triggers or a server."""
    with django_db_blocker.unblock(), database_copy(f"t{abs(hash(request.node.nodeid)) % 10**8}"):
        yield


@pytest.fixture
def committed_people(committed, start):
    """Everyone, committed."""
    return people_module.create(start)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """On SQLite the test database is a file, so that threads and copies can share it."""
    settings = connections.settings["default"]
    if settings["ENGINE"] == "django.db.backends.sqlite3":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        settings.setdefault("TEST", {})["NAME"] = str(path)
        connection.settings_dict["TEST"]["NAME"] = str(path)
