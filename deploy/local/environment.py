"""What the portal reads from its environment in each way of running it here.

Nothing of the portal's own is inherited from the shell: the same command does the same thing
in every terminal.
"""

import base64
import os
import secrets

from . import ports, python
from .commands import own_environment
from .debian import BIN, PDF
from .paths import VAR, VENV


def demonstration():
    """Seeded people, embedded database, and the demonstration's own ports."""
    kept = ports.kept()
    return _with_tools(
        DEMONSTRATION="1",
        SECRET_KEY=kept_secret("secret_key"),
        REDIS_URL=f"redis://default:{kept_secret('broker_password')}@127.0.0.1:{kept['broker']}/0",
        ALLOWED_HOSTS="127.0.0.1,localhost",
        SITE_URL=f"http://127.0.0.1:{kept['web']}",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=str(kept["mail"]),
        CLAMD=f"127.0.0.1:{kept['scanner']}",
        VAR_DIR=str(VAR),
    )


def for_tests(*, var, redis, database=None):
    """The portal as the tests see it: SQLite, or the database named; no secret of anyone."""
    env = _with_tools(
        FOREVIEW_TEST="1",
        VAR_DIR=str(var),
        REDIS_URL=redis,
        CHROMIUM=str(BIN / "chromium"),
        PLAYWRIGHT_NODEJS_PATH=str(python.node()),
        # The live server and Playwright's synchronous interface share one thread's event loop.
        DJANGO_ALLOW_ASYNC_UNSAFE="1",
    )
    env["PATH"] = f"{BIN}{os.pathsep}{env['PATH']}"
    return env | ({"DATABASE_URL": database} if database else {})


def production(*, var, redis, database):
    """What an operator would set, for the deployment checks: nothing is relaxed."""
    return _with_tools(
        SECRET_KEY=secrets.token_urlsafe(64),
        DATABASE_URL=database,
        REDIS_URL=redis,
        ALLOWED_HOSTS="foreview.example",
        SITE_URL="https://foreview.example",
        GATEWAY_SIGNING_KEYS=base64.b64encode(secrets.token_bytes(32)).decode(),
        EMAIL_HOST="mail.foreview.example",
        EMAIL_PORT="587",
        CLAMD="/run/clamav/clamd.ctl",
        VAR_DIR=str(var),
    )


def kept_secret(name):
    """A secret made once and kept in ``var``, readable by its owner only."""
    path = VAR / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def _with_tools(**settings):
    settings |= {"PDF_ROOT": str(PDF)}
    env = own_environment(VIRTUAL_ENV=str(VENV), PYTHONUNBUFFERED="1", **settings)
    return env | {"PATH": f"{VENV / 'bin'}{os.pathsep}{env['PATH']}"}
