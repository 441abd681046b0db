"""Where things stand: all that set-up makes lies in ``.venv`` and ``var``, both ignored by git."""

from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
VAR = BASE / "var"
LOGS = VAR / "log"
CACHE = VAR / "cache"
DEBIAN = VAR / "debian"
VENDOR = VAR / "vendor"
REQUIREMENTS = BASE / "deploy" / "requirements"
FRONT_END = BASE / "deploy" / "front-end"


def shown(path):
    """A path as a person would type it from the top of the checkout."""
    return path.relative_to(BASE) if path.is_relative_to(BASE) else path
