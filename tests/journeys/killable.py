"""A web process of its own that a test can kill in the middle of anything."""

import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from deploy.local import ports
from tests.faults.browser import HERE, listens


class Web:
    """A web process on this test's own database, which can be killed and started again."""

    def __init__(self):
        self.port = ports.free()
        url = urlsplit(os.environ["DATABASE_URL"])
        url = url._replace(path=f"/{connection.settings_dict['NAME']}")
        self.env = os.environ | {
            "DATABASE_URL": url.geturl(),
            "UPLOADS_DIR": settings.UPLOADS_DIR,
        }
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HERE}:{self.port}"]
        self.process = subprocess.Popen(  # noqa: S603 - our own server
            [*command, "--threads", "4", "--no-control-socket", "--log-level", "warning"],
            env=self.env,
            start_new_session=True,
        )
        while not listens(self.port):
            time.sleep(0.05)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def web(committed):
    started = Web()
    started.start()
    yield started
    started.kill()
