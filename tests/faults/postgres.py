"""A PostgreSQL of one class's own, which can be broken: killed, filled, left without a seat."""

import os
import shlex
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from django.core.management import call_command
from django.db import connection, connections

from deploy.local import postgresql
from deploy.local.supervisor import Supervisor
from tests.faults.stack import until

UNLIMITED = "unlimited"
# Log segments are as long as any file may be while the disk is "full", so they are short.
SEGMENT = 1024 * 1024


class Server:
    """One server that is started again on the same files and port; see ``running``."""

    def __init__(self, home: Path, url: str) -> None:
        self.url, self._home = url, home
        self._process: subprocess.Popen | None = None

    @property
    def pid(self) -> int:
        """The postmaster's number."""
        return int((self._home / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self, *, by: signal.Signals = signal.SIGINT) -> None:
        """It has ended: SIGINT ends sessions first, SIGQUIT leaves everything to recovery."""
        process = psutil.Process(self.pid)
        children = process.children(recursive=True)
        os.kill(process.pid, by)
        if self._process is not None:
            self._process.wait(timeout=60)
        psutil.wait_procs([process, *children], timeout=60)

    def start(self, *options: str) -> None:
        """It answers again, with these options too."""
        command = shlex.split((self._home / "data" / "postmaster.opts").read_text())
        with (self._home / "again.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the server that ran before
                [*command, *options],
                env={"LD_LIBRARY_PATH": str(self._home / "libraries"), "HOME": str(self._home)},
                user=_user(),
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        if not until(self.answers):
            raise TimeoutError((self._home / "again.log").read_text())

    def answers(self) -> bool:
        """Whether it takes a connection."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str) -> tuple | None:
        """The first row of what it answers; None where there are no rows."""
        with psycopg.connect(self.url, autocommit=True) as link:
            cursor = link.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def limit_files(self, size: int | str) -> None:
        """No process of it can make a file longer than that, as on a disk that is full."""
        postmaster = psutil.Process(self.pid)
        self._limit(postmaster.pid, size)  # first, for whomever it begets meanwhile
        for process in postmaster.children(recursive=True):
            self._limit(process.pid, size)

    def _limit(self, pid: int, size: int | str) -> None:
        # Its own user may, also where root in a container may not.
        subprocess.run(  # noqa: S603 - a number and a size
            ["prlimit", "--pid", str(pid), f"--fsize={size}:"],  # noqa: S607
            user=_user(),
            check=pid == self.pid,  # another may have ended by itself
            capture_output=True,
        )


def _user() -> str | None:
    """As whom it runs: it refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def running():
    """Inside, Django's connection goes to a new server with our tables; yields the server."""
    settings = connections.settings["default"]
    kept = {name: settings[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME")}
    before = os.environ["DATABASE_URL"]
    with (
        tempfile.TemporaryDirectory(prefix="foreview-faults-") as home,
        tempfile.TemporaryDirectory(prefix="foreview-faults-") as logs,
    ):
        Path(home).chmod(0o755)
        with Supervisor(Path(logs)) as supervisor:
            url = postgresql.start(
                supervisor, Path(home), initdb=["--wal-segsize", str(SEGMENT // 1024**2)]
            )
        server = Server(Path(home), url)
        server.start()
        try:
            _go_to(url)
            call_command("migrate", verbosity=0)
            yield server
        finally:
            connections.close_all()
            for place in (settings, connection.settings_dict):
                place.update(kept)
            os.environ["DATABASE_URL"] = before
            server.stop()


def _go_to(url: str) -> None:
    there = urlsplit(url)
    names = {
        "HOST": there.hostname,
        "PORT": there.port,
        "USER": there.username,
        "PASSWORD": there.password,
        "NAME": there.path.lstrip("/"),
    }
    connections.close_all()
    for place in (connections.settings["default"], connection.settings_dict):
        place.update(names)
    os.environ["DATABASE_URL"] = url
