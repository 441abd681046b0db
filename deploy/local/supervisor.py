"""The processes of one run: started, awaited, watched, and ended by process id in reverse order.

When one of them ends by itself the run is over: a portal without its worker would look well.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .paths import shown


class ServiceError(Exception):
    """A service ended by itself, or never became ready; the message shows its log."""


@dataclass
class Service:
    """One running process and how to end it."""

    name: str
    process: subprocess.Popen
    log: Path
    stop_signal: signal.Signals


class Supervisor:
    """Every service started here has ended when the ``with`` block has."""

    def __init__(self, logs):
        self._logs = logs
        self._services = []

    def __enter__(self):
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_):
        for service in reversed(self._services):
            commands.end(service.process, by=service.stop_signal)
            # A parent that had to be killed leaves children; they share its session.
            if service.process.returncode == -signal.SIGKILL:
                _kill_session(service.process.pid)

    def start(self, name, command, *, stop_signal=signal.SIGTERM, **options):
        """Start a service in a session of its own: a Ctrl-C reaches it only through us."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = commands.start(
                command,
                stop_signal=stop_signal,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **options,
            )
        self._services.append(Service(name, process, log, stop_signal))

    def wait_until(self, what, ready, *, seconds=60):
        """Return once ``ready()`` is true, with every service still alive."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ServiceError(f"{what} was not ready after {seconds} s.\n{self._all_logs()}")
            time.sleep(0.1)

    def watch(self):
        """Return never: raise when a service ends."""
        while True:
            self.check()
            time.sleep(0.5)

    def check(self):
        """Raise ServiceError when one of the services is no longer running."""
        for service in self._services:
            code = service.process.poll()
            if code is not None:
                how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
                raise ServiceError(
                    f"{service.name} ended by itself ({how}).\n"
                    f"  Its log: {shown(service.log)}, which ends:\n"
                    f"{commands.last_lines(service.log)}"
                )

    def _all_logs(self):
        return "\n".join(
            f"  {shown(service.log)} ends:\n{commands.last_lines(service.log, 5)}"
            for service in self._services
        )


def _kill_session(leader):
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
