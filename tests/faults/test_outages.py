"""Without its database the portal serves nothing, says so, and needs no restart afterwards."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, connection

from deploy.local import ports, postgresql
from deploy.local.supervisor import Supervisor
from portal import outage
from tests.faults.browser import HERE, Browser, listens
from tests.faults.postgres import Server

pytestmark = pytest.mark.postgresql
# Everyone, and the session of the lab's liaison, in a database that is not this test's own.
SEED = """
from django.test import Client
from reviews import clock
from tests import people
browser = Client()
browser.force_login(people.create(clock.system()).northlight_liaison)
print(browser.cookies["session"].value)
"""
TOO_FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION no_room();
"""


@pytest.mark.parametrize(
    ("sqlstate", "outage_"),
    [
        *[(code, True) for code in ("53100", "53300", "57P01", "57P03", "58030", "25006", "XX001")],
        *[(code, False) for code in ("23505", "22001", "42P01")],
    ],
)
def test_which_errors_of_the_server_are_an_outage(db, sqlstate, outage_):
    with pytest.raises(DatabaseError) as failure, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$")
    assert outage.is_outage(failure.value) is outage_


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "not within time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """(the database, the portal on it): both real, both this module's own."""
    folder = tmp_path_factory.mktemp("outage")
    with (
        tempfile.TemporaryDirectory(prefix="foreview-outage-") as home,
        Supervisor(folder / "log") as supervisor,
    ):
        Path(home).chmod(0o755)
        database = Server(Path(home), postgresql.start(supervisor, Path(home)))
        env = os.environ | {"DATABASE_URL": database.url, "VAR_DIR": str(folder)}
        run = {"env": env, "check": True, "capture_output": True, "text": True}
        subprocess.run([sys.executable, "manage.py", "migrate"], **run)
        seeded = subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", SEED], **run
        )
        port = ports.free()
        supervisor.start(
            "web",
            [
                *(sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HERE}:{port}"),
                *("--worker-class", "gthread", "--threads", "4", "--no-control-socket"),
            ],
            env=env,
        )
        portal = Browser(port, seeded.stdout.split()[-1])
        supervisor.wait_until("The portal", lambda: listens(port))
        try:
            yield database, portal
        finally:
            database.stop()


PAGES = ["/", "/sign-in/", "/submissions/", "/submissions/FV-0000-0000-0000/", "/nowhere/"]


def assert_closed(portal):
    """Every page says that the portal is not available, in its own dress, at once."""
    for path in PAGES:
        begun = time.monotonic()
        status, headers, text = portal.ask("GET", path)
        assert (path, status) == (path, 503)
        assert "<h1>Foreview is not available right now</h1>" in text
        assert "foreview.css" in text
        assert headers["Retry-After"] == "30"
        assert headers["Cache-Control"] == "no-store, private"
        assert "Content-Security-Policy" in headers
        assert "Set-Cookie" not in headers
        assert time.monotonic() - begun < 10
    status, _, text = portal.ask("POST", "/profile/", {"zone": "UTC"})
    assert (status, "looked" in text) == (503, False)
    assert portal.ask("GET", "/healthz")[::2] == (200, "ok\n")
    status, _, text = portal.ask("GET", "/readyz")
    assert (status, json.loads(text)) == (503, {"ready": False, "failing": ["database"]})


def test_a_stopped_database_closes_every_page_until_it_is_back(servers):
    database, portal = servers
    portal.open_form("/profile/")
    database.stop()
    try:
        assert_closed(portal)
    finally:
        database.start()
    assert [portal.ask("GET", "/")[0] for _ in range(8)] == [200] * 8
    assert json.loads(portal.ask("GET", "/readyz")[2]) == {"ready": True, "failing": []}


def test_a_restart_between_two_requests_is_not_noticed(servers):
    database, portal = servers
    portal.open_form("/profile/")
    for _ in range(3):
        database.stop()
        database.start()
        assert [portal.ask("GET", "/")[0] for _ in range(8)] == [200] * 8


def test_with_no_connection_left_every_page_is_closed(servers):
    database, portal = servers
    portal.open_form("/profile/")
    database.stop()
    database.start("-c", "max_connections=12")
    taken = []
    try:
        while True:
            try:
                taken.append(psycopg.connect(database.url, connect_timeout=5))
            except psycopg.OperationalError:
                break
        assert_closed(portal)
    finally:
        for connection in taken:
            connection.close()
    wait_for(database.answers)
    assert [portal.ask("GET", "/")[0] for _ in range(8)] == [200] * 8


def test_an_operator_hears_of_a_stopped_database_once_and_of_its_return(servers, smtp, tmp_path):
    """By a command that needs neither Celery nor the broker."""
    database, _ = servers
    env = os.environ | {
        "DATABASE_URL": database.url,
        "VAR_DIR": str(tmp_path),
        "EMAIL_HOST": HERE,
        "EMAIL_PORT": str(smtp.port),
        "EMAIL_USE_TLS": "0",
        "OPERATOR_EMAILS": "operator@demo.example",
    }

    def check():
        return subprocess.run(
            [sys.executable, "manage.py", "check_health", "--alarm"],
            env=env,
            capture_output=True,
            text=True,
        )

    database.stop()
    try:
        for _ in range(2):
            found = check()
            assert found.returncode == 3
            assert found.stdout.startswith("Not working     Database: It cannot be used")
            assert "Traceback" not in found.stderr
        assert [mail["Subject"] for mail in smtp.messages] == ["Foreview: not working: Database"]
    finally:
        database.start()
    assert "Working         Records" in check().stdout
    subjects = [mail["Subject"] for mail in smtp.messages]
    assert subjects.count("Foreview: working again: Database") == 1
    # Nothing unattended runs here, which is another cause.
    assert any("Recording of ends" in subject for subject in subjects[1:])
    check()
    assert len(smtp.messages) == len(subjects) == 3


def test_a_full_disk_leaves_nothing_half_written(servers):
    database, portal = servers
    portal.open_form("/profile/")
    zone = "SELECT zone FROM accounts_user WHERE email LIKE 'northlight%liaison%'"
    count = "SELECT sequence FROM accounts_audithead"
    before = database.execute(zone), database.execute(count)
    other = "UTC" if before[0] != ("UTC",) else "America/Denver"
    database.execute(TOO_FULL)
    try:
        status, headers, text = portal.ask("POST", "/profile/", {"zone": other})
        assert (status, headers["Retry-After"]) == (503, "30")
        assert "look before you send it again" in text
        assert (database.execute(zone), database.execute(count)) == before
        assert portal.ask("GET", "/")[0] == 200  # reading needs no room
    finally:
        database.execute("DROP TRIGGER no_room ON accounts_auditevent")
        database.execute("DROP FUNCTION no_room")
    status, _, text = portal.ask("POST", "/profile/", {"zone": other})
    assert status == 302, text
    assert database.execute(zone) == (other,)
