"""The front end's third-party files: fetched by exact version, copied, never committed.

Only what the pages use reaches ``var/vendor``: a file that nobody asks for is still a file that
someone must watch for faults.
"""

import json
import re
import shutil

from . import environment, python, stamps
from .commands import quietly, say
from .paths import BASE, FRONT_END, PYTHON, VAR, VENDOR

PACKAGE, LOCK = FRONT_END / "package.json", FRONT_END / "package-lock.json"
WORK = VAR / "front-end"
FILES = ("css/uswds.min.css", "js/uswds.min.js", "js/uswds-init.min.js")
# The catalogues of single icons: the pages take theirs from the one sprite.
ICON_CATALOGUES = ("material-icons", "material-icons-deprecated", "uswds-icons")
SOURCE_MAP = re.compile(r"\s*(/\*|//)# sourceMappingURL=.*")
FONT = re.compile(r"url\(\"?\.\./(fonts/[^)\"]+)\"?\)")


def install():
    """``var/vendor`` holds of the lock's packages what pages use, with each licence beside it."""
    source, stamp = _source(), VAR / "vendor.stamp"
    if VENDOR.is_dir() and stamps.is_current(stamp, PACKAGE, LOCK, source):
        return
    say("Fetching the front-end packages (about 10 s)…")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for file in (PACKAGE, LOCK):
        shutil.copy2(file, WORK)
    quietly(
        [*python.npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        log="npm",
        remedy="npm needs to reach a package registry; name yours in NPM_CONFIG_REGISTRY.",
        cwd=WORK,
    )
    fresh, packages = WORK / "vendor", WORK / "node_modules"
    _copy_uswds(packages / "@uswds" / "uswds", fresh / "uswds")
    _copy_tus(packages / "tus-js-client", fresh / "tus")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)
    shutil.rmtree(WORK)
    stamps.record(stamp, PACKAGE, LOCK, source)


def collect():
    """``var/static`` holds every static file under its hashed name, compressed."""
    parts = [_static_files(), python.LOCKS["runtime"], PACKAGE, LOCK, _source()]
    stamp = VAR / "static.stamp"
    if (VAR / "static").is_dir() and stamps.is_current(stamp, *parts):
        return
    say("Collecting static files (about 5 s)…")
    quietly(
        [PYTHON, "manage.py", "collectstatic", "--noinput"],
        log="collectstatic",
        remedy="a file named in a template or stylesheet may be missing from static/.",
        env=environment.demonstration(),
    )
    stamps.record(stamp, *parts)


def lock():
    """package-lock.json is resolved again, without any address."""
    quietly(
        [*python.npm(), "install", "--package-lock-only", "--omit-lockfile-registry-resolved"],
        log="npm",
        remedy="npm needs to reach a package registry; name yours in NPM_CONFIG_REGISTRY.",
        cwd=FRONT_END,
    )
    resolved = json.loads(LOCK.read_text(encoding="utf-8"))
    for package in resolved["packages"].values():
        package.pop("funding", None)
    LOCK.write_text(json.dumps(resolved, indent=2) + "\n", encoding="utf-8")


def _copy_uswds(package, target):
    """The style sheet, the scripts, the fonts that the style sheet names, and the images."""
    for name in FILES:
        text = (package / "dist" / name).read_text(encoding="utf-8")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        # The maps are left out, and a comment naming a missing file stops collectstatic.
        (target / name).write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
    for name in set(FONT.findall((target / FILES[0]).read_text(encoding="utf-8"))):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(package / "dist" / name, target / name)
    ignore = shutil.ignore_patterns(*ICON_CATALOGUES)
    shutil.copytree(package / "dist" / "img", target / "img", ignore=ignore)
    shutil.copy2(package / "LICENSE.md", target)


def _copy_tus(package, target):
    """The client of resumable uploads, one file that needs no other."""
    text = (package / "dist" / "tus.min.js").read_text(encoding="utf-8")
    target.mkdir(parents=True)
    (target / "tus.min.js").write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
    shutil.copy2(package / "LICENSE", target)


def _static_files():
    """Our own static files, as one text: a change in any name or content changes it."""
    files = sorted(path for path in (BASE / "static").rglob("*") if path.is_file())
    return repr([(str(path.relative_to(BASE)), path.read_bytes()) for path in files])


def _source():
    """This file's own text, since it chooses what is copied."""
    return (BASE / "deploy" / "local" / "front_end.py").read_text(encoding="utf-8")
