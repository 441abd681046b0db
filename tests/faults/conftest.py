"""A real web server on a test's own database, documents and clock."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.db import connection

from reviews import clock
from tests import people as people_module

HERE = "127.0.0.1"


@pytest.fixture
def people_now(committed, held_clock):
    """Everyone, committed, at the real time: the server's clock is nobody's to hold."""
    held_clock.move(datetime.now(UTC))
    return people_module.create(clock.system())


@pytest.fixture
def server(people_now, tmp_path):
    """Its port, log and process: gunicorn with threads, on this test's database and documents."""
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
        yield SimpleNamespace(port=port, log=log, process=process)
    finally:
        process.terminate()
        process.wait(timeout=60)
