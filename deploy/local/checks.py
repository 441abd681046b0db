"""The whole check: lint, types, deployment checks, then the tests on SQLite and on PostgreSQL.

Every step runs even when an earlier one failed. pytest on PostgreSQL comes last, so that its
closing line is the last thing said.
"""

import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import debian, environment, locks, ports, postgresql, services
from .commands import SetUpError, complain, openly, say
from .demonstration import prepare
from .paths import BASE, LOGS, PYTHON, VAR
from .supervisor import ServiceError, Supervisor

# What is worth asking of SQLite too; everything is asked of PostgreSQL.
ASK_A_DATABASE = (
    *("tests/services", "tests/authorization", "tests/faults"),
    "tests/architecture/test_migrations.py",
)


@dataclass
class Run:
    """The servers and folders of one run of the tests, and nobody else's."""

    supervisor: Supervisor
    var: Path
    redis: str
    database: str

    def environment(self, *, on_sqlite=False):
        """What the tests read: PostgreSQL, or else SQLite."""
        database = None if on_sqlite else self.database
        return environment.for_tests(var=self.var, redis=self.redis, database=database)


def _require_files(words):
    """Before minutes of set-up: each word that names a file names one that is there."""
    for word in words:
        name = word.partition("::")[0]
        is_file = not word.startswith("-") and ("/" in name or name.endswith(".py"))
        if is_file and not (BASE / name).exists():
            raise SetUpError(f"There is no {name} to run.")


def test(words):
    """Run every check, or with ``words`` only pytest on PostgreSQL; return the exit code."""
    _require_files(words)
    with _services() as run:
        failed = [] if words else [name for name, *step in _steps(run) if not _passes(name, *step)]
        for name in failed:
            complain(f"FAILED: {name}; see above.")
        last = _pytest(run, *words)
        passed = _passes("pytest on PostgreSQL", last, run.environment())
        run.supervisor.check()
    return 0 if passed and not failed else 1


def execute(command):
    """Run a command with the services and the environment of the tests; return its exit code."""
    with _services() as run:
        env = run.environment()
        if shutil.which(command[0], path=env["PATH"]) is None:
            raise SetUpError(f"There is no command {command[0]}.")
        code = openly(command, env=env)
        run.supervisor.check()
    return code


def _steps(run):
    env, plain = run.environment(), run.environment(on_sqlite=True)
    production = environment.production(var=run.var, redis=run.redis, database=run.database)
    deploy = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    fast = ["-m", "not postgresql and not browser and not once", *ASK_A_DATABASE]
    return [
        ("ruff check", [PYTHON, "-m", "ruff", "check", "."], env),
        ("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "."], env),
        ("mypy", [PYTHON, "-m", "mypy"], env),
        ("manage.py check --deploy", [PYTHON, *deploy], production),
        ("pytest on SQLite", _pytest(run, *fast), plain),
    ]


def _pytest(run, *words):
    # What takes longest is named, because the whole check must not grow unnoticed.
    slowest = ["--durations=20", "--durations-min=5"]
    return [PYTHON, "-m", "pytest", "-n", "2", *slowest, f"--output={run.var / 'browser'}", *words]


def _passes(name, command, env):
    say(f"\n== {name}")
    return openly(command, env=env) == 0


@contextmanager
def _services():
    """PostgreSQL, Redis and a browser for one run; gone afterwards, whatever happened."""
    with locks.set_up():
        prepare(tests=True)
        debian.bring_test_programs()
    logs, named = LOGS / f"tests-{os.getpid()}", False
    try:
        with _running(logs) as run:
            yield run
    except ServiceError:
        named = True  # the message names the logs, so they stay
        raise
    finally:
        if not named:
            shutil.rmtree(logs, ignore_errors=True)


@contextmanager
def _running(logs):
    with (
        tempfile.TemporaryDirectory(prefix="foreview-tests-") as folder,
        tempfile.TemporaryDirectory(prefix="foreview-postgresql-") as database_folder,
        Supervisor(logs) as supervisor,
    ):
        var = Path(folder)
        for name in ("static", "vendor"):
            (var / name).symlink_to(VAR / name)
        redis = services.start_broker(
            supervisor,
            program=debian.BIN / "redis-server",
            folder=var / "broker",
            port=ports.free(),
            password=secrets.token_urlsafe(24),
        )
        database = postgresql.start(supervisor, Path(database_folder))
        yield Run(supervisor, var, redis, database)
