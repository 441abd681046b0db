"""Behind a real web server a download that has begun ends where access ends."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent
from reviews import clock
from reviews.services import documents, lifecycle
from tests import factories
from tests import people as people_module

HERE = "127.0.0.1"
SIZE = 48 * 1024 * 1024


@pytest.fixture
def people_now(committed, held_clock):
    """Everyone, committed, at the real time: the server's clock is nobody's to hold."""
    held_clock.move(datetime.now(UTC))
    return people_module.create(clock.system())


@pytest.fixture
def server(people_now, tmp_path):
    """(its port, its log): gunicorn with threads, on this test's database and documents."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        database = f"sqlite:///{name}"
    else:
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    log = tmp_path / "gunicorn.log"
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own server, no outside words
            [
                *(sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HERE}:{port}"),
                *("--worker-class", "gthread", "--threads", "4", "--no-control-socket"),
            ],
            env=os.environ | {"DATABASE_URL": database, "VAR_DIR": str(tmp_path)},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 30
        with socket.socket() as probe:
            while probe.connect_ex((HERE, port)) != 0:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
        yield port, log
    finally:
        process.terminate()
        process.wait(timeout=60)


def rest(reader):
    """How many bytes still come before the connection ends."""
    count = 0
    try:
        while data := reader.recv(1024 * 1024):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


def restrict(document, people):
    documents.restrict(
        document,
        restricted_to=[factories.organization("dod")],
        by=people.northlight_liaison,
        at=clock.system(),
    )


def withdraw(document, people):
    lifecycle.withdraw(document.submission, by=people.northlight_liaison, at=clock.system())


@pytest.mark.parametrize("end", [None, restrict, withdraw])
def test_a_download_stops_where_access_ends(server, people_now, end):
    port, log = server
    document = factories.document(
        factories.filed(people_now), people_now, name="long.txt", content=b"x" * SIZE
    )
    browser = Client()
    browser.force_login(people_now.nsa_reviewer)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        reader.settimeout(60)
        reader.connect((HERE, port))
        reader.sendall(
            f"GET /documents/{document.key}/1/download/ HTTP/1.1\r\nHost: {HERE}\r\n"
            f"Cookie: session={browser.cookies['session'].value}\r\n"
            f"Connection: close\r\n\r\n".encode()
        )
        first = reader.recv(32 * 1024)
        assert first.startswith(b"HTTP/1.1 200 ")
        if end is not None:
            end(document, people_now)
        received = len(first) + rest(reader)
    refusals = AuditEvent.objects.filter(action="refused.version-download")
    if end is None:
        assert received > SIZE
        assert not refusals.exists()
    else:
        assert received < SIZE / 2
        assert refusals.get().actor == people_now.nsa_reviewer.email
    assert "Traceback" not in log.read_text()
