"""Running commands: what people see is one line each, what the command said is in a log.

A command that fails ends set-up with its last words and a remedy, never with a traceback.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys

from .paths import BASE, CACHE, LOGS, shown

# How the names begin that a shell may hold and that would change what the same command does.
NOT_INHERITED = (
    *(
        "ALLOWED_HOSTS",
        "BEHIND_TLS_PROXY",
        "CLAMD",
        "DATABASE_URL",
        "DEFAULT_FROM_EMAIL",
        "DEMONSTRATION",
    ),
    *("DJANGO_", "DOCUMENT_", "EMAIL_", "FOREVIEW_", "GATEWAY_", "REDIS_URL", "SECRET_KEY"),
    *("SITE_URL", "VAR_DIR", "PDF_ROOT", "PG", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"),
)

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
PATIENCE = 10  # seconds


class SetUpError(Exception):
    """Set-up cannot go on; the message names the missing part and how to get it."""


def say(line):
    """Tell the person at the terminal, at once even when the output is a pipe."""
    print(line, flush=True)


def complain(line):
    """Tell of something wrong, on standard error and in order with what was said before."""
    sys.stdout.flush()
    print(line, file=sys.stderr, flush=True)


def own_environment(**more):
    """The shell's environment without what would change the outcome, plus ``more``.

    Every tool's cache is moved into ``var``: a home folder may be missing or read-only, and
    deleting ``var`` then deletes everything. uv and npm trust whom the machine trusts, as pip
    does: a network may answer with certificates of its own.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    caches = {
        "XDG_CACHE_HOME": str(CACHE),
        "NPM_CONFIG_CACHE": str(CACHE / "npm"),
        "NODE_COMPILE_CACHE": str(CACHE / "node"),
    }
    trust = {"UV_SYSTEM_CERTS": "1", "NODE_USE_SYSTEM_CA": "1"}
    return {**trust, **kept, **caches, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}


def last_lines(path, count=15):
    """The end of a log, indented."""
    lines = path.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines)


def quietly(command, *, log, remedy, **options):
    """Run a set-up command; what it says is in ``var/log/LOG.log``.

    Raises SetUpError with the command's last lines and the remedy when it fails.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("wb") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        code = wait(start(command, **streams, **options))
    if code:
        raise SetUpError(
            f"This step failed: {log} (exit code {code}). Its last words:\n{last_lines(path)}\n"
            f"  All it said: {shown(path)}\n  What to do: {remedy}"
        )


def openly(command, *, env):
    """Run a command whose output is for the person at the terminal; return its exit code."""
    sys.stdout.flush()
    return wait(start(command, env=env))


def start(command, *, env=None, cwd=BASE, user=None, stop_signal=signal.SIGTERM, **options):
    """Start a command that is told to stop when this process dies, however it dies."""

    def follow_parent():
        _libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))

    if user is not None:
        group = pwd.getpwnam(user).pw_gid
        options |= {"user": user, "group": group, "extra_groups": []}
    return subprocess.Popen(
        [str(word) for word in command],
        env=own_environment() if env is None else env,
        cwd=cwd,
        preexec_fn=follow_parent,
        **options,
    )


def wait(process):
    """The exit code of a process in the foreground; when this one is interrupted, that one ends.

    A Ctrl-C has reached both, so the process first gets time to leave by itself.
    """
    try:
        return process.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE)
        raise
    finally:
        end(process, by=signal.SIGINT)


def end(process, *, by=signal.SIGTERM):
    """The process has ended: asked first, killed if it does not listen."""
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
