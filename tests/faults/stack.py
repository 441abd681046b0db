"""The real processes that a class of faults is done to: Redis, worker, beat, web.

Each is in a session of its own, so that a whole worker can be killed with its children, and
each ends when this process does.
"""

import contextlib
import http.client
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from deploy.local import commands, ports

HERE = "127.0.0.1"
PATIENCE = 60
# Short, so that a fault takes seconds; production's are in portal/settings.py.
QUICK = {
    "SWEEP_SECONDS": "1",
    "MAIL_RETRY_SECONDS": "1",
    "MAIL_LEASE_SECONDS": "12",
    "EMAIL_TIMEOUT": "2",
    "EMAIL_USE_TLS": "0",
    "EMAIL_HOST": HERE,
    "GATEWAY_RETRY_SECONDS": "1",
    "GATEWAY_TIMEOUT_SECONDS": "2",
    "GATEWAY_LEASE_SECONDS": "5",
}
CELERY = (sys.executable, "-m", "celery", "-A", "portal")
COMMANDS = {
    "worker": (*CELERY, "worker", "--concurrency", "2", "--loglevel", "info"),
    "beat": (*CELERY, "beat", "--loglevel", "info"),
    "web": (
        *(sys.executable, "-m", "gunicorn", "portal.wsgi", "--worker-class", "gthread"),
        *("--workers", "1", "--threads", "4", "--no-control-socket", "--graceful-timeout", "1"),
    ),
}
READY = {"worker": " ready.", "beat": "beat: Starting", "web": "Listening at"}


def own_port() -> int:
    """A free port that no outgoing connection is given while its server is away."""
    return next(port for port in _numbers() if ports.is_free(port))


def _numbers():
    while True:
        yield random.SystemRandom().randrange(20_000, 32_000)


def until(condition: Callable[[], object], seconds: float = PATIENCE, pause: float = 0.1) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


class Stack:
    """Processes by name, on the database that Django's connection names now."""

    def __init__(self, folder: Path, mail_port: int, **settings: str) -> None:
        self.folder = folder
        self.redis_port, self._password = own_port(), secrets.token_urlsafe(16)
        self.web_port = own_port()
        self._processes: dict[str, subprocess.Popen] = {}
        self.revived = Counter()  # how often each was started again by ``keep``
        here = urlsplit(os.environ["DATABASE_URL"])
        own = here._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        self.env = (
            dict(os.environ)
            | QUICK
            | {"DATABASE_URL": own, "EMAIL_PORT": str(mail_port)}
            | {"REDIS_URL": self.redis_url(self.redis_port), "PYTHONUNBUFFERED": "1"}
            | settings
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in reversed(list(self._processes)):
            self.stop(name, wait=False)
        for name in list(self._processes):
            self._gone(name)

    def redis_url(self, port: int) -> str:
        """Where the stack's Redis is, when spoken to at ``port``."""
        return f"redis://default:{self._password}@{HERE}:{port}/0"

    def start(self, *names: str, **settings: str) -> None:
        """They run and are ready. A name is a command's, with any number: ``worker2``."""
        for name in names:
            self._start(name, settings)
        for name in names:
            self._await(name)

    def keep(self, *names: str) -> None:
        """Whichever of them ends by itself is started again, as the service manager does."""

        def mind():
            while self._processes:
                time.sleep(0.5)
                for name in names:
                    process = self._processes.get(name)
                    if process is not None and process.poll() is not None:
                        self.revived[name] += 1
                        self._start(name, {})

        threading.Thread(target=mind, daemon=True).start()

    def _start(self, name: str, settings: dict[str, str]) -> None:
        kind = name.rstrip("0123456789")
        log = self.folder / f"{name}.log"
        words = [*(self._redis() if kind == "redis" else COMMANDS[kind])]
        if kind == "worker":
            words += ["--hostname", f"{name}@faults"]
        if kind == "beat":
            words += ["--schedule", str(self.folder / name)]
        if kind == "web":
            words += ["--bind", f"{HERE}:{self.web_port}"]
        with log.open("wb") as output:
            self._processes[name] = commands.start(
                words,
                env=self.env | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _redis(self) -> list[str]:
        home = self.folder / "redis"
        home.mkdir(exist_ok=True)
        settings = home / "server.conf"
        settings.write_text(
            f"bind {HERE}\nport {self.redis_port}\nrequirepass {self._password}\n"
            f'dir "{home}"\nappendonly yes\nsave ""\n'
        )
        return ["redis-server", str(settings)]

    def _await(self, name: str) -> None:
        kind = name.rstrip("0123456789")
        word = READY.get(kind, "Ready to accept connections")

        def ready():
            if self._processes[name].poll() is not None:
                raise ChildProcessError(f"{name} ended by itself:\n{self.log(name)}")
            return word in self.log(name)

        if not until(ready, pause=0.05):
            raise TimeoutError(f"{name} was not ready in {PATIENCE} s:\n{self.log(name)}")
        if kind == "web":
            self.ask("GET", "/sign-in/", {})  # its first page takes seconds

    def log(self, name: str) -> str:
        """What it has said since it was last started."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def pid(self, name: str) -> int:
        """The process's number."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """It and all its children are gone, without a word."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid(name), signal.SIGKILL)
        self._gone(name)

    def stop(self, name: str, *, wait: bool = True) -> None:
        """It was asked to end."""
        with contextlib.suppress(ProcessLookupError):
            self._processes[name].send_signal(signal.SIGTERM)
        if wait:
            self._gone(name)

    def _gone(self, name: str) -> None:
        process = self._processes.pop(name)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None):
        """(status, body) of the web process's answer."""
        link = http.client.HTTPConnection(HERE, self.web_port, timeout=30)
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            link.close()
