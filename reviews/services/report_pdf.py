"""Reports and letters as PDF: made from what was issued, by a program of its own.

The program (portal/pdf_renderer.py) gets text and fonts, has limits, and fetches nothing. The
same document gives the same bytes whenever it is asked for: nothing in them is of the day,
the machine or the reader.
"""

import hashlib
import json
import logging
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import audit
from reviews.exceptions import Unavailable
from reviews.models import PreliminaryLetter, Report
from reviews.services.report_content import Content, readable, sha256

log = logging.getLogger(__name__)
RENDERER = settings.BASE_DIR / "portal" / "pdf_renderer.py"
BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n){3,}")
STYLE = settings.BASE_DIR / "static" / "css" / "pdf.css"
SANS = "uswds/fonts/source-sans-pro/sourcesanspro-{}-webfont.woff2"
DEJAVU = "usr/share/fonts/truetype/dejavu/DejaVuSans{}.ttf"
# So many of a web process's threads make a PDF at once, and wait for a place at most so long.
AT_ONCE = 2
SECONDS_FOR_A_PLACE = 5
SECONDS = 120  # of the clock; the program limits its own time of computing


_places = threading.BoundedSemaphore(AT_ONCE)


class CannotRender(Unavailable):
    """No PDF can be made on this server at present."""


@dataclass(frozen=True)
class Pdf:
    """A PDF and its SHA-256; ``name`` is what a browser saves it as."""

    name: str
    file: bytes
    sha256: str


def report(issued: Report) -> Pdf:
    """The report as issued, with the lab's response once that is on record.

    Raises CannotRender.
    """
    more = {"response": issued.response, "responded_at": issued.responded_at}
    return _pdf("report", issued.content, issued.responded_at or issued.issued_at, more)


def letter(issued: PreliminaryLetter) -> Pdf:
    """The letter as issued. Raises CannotRender."""
    return _pdf("letter", issued.content, issued.issued_at, {})


def page(kind: str, content: Content, modified_at: datetime, more: dict[str, Any]) -> str:
    """The document that is printed, as HTML: in the portal's own zone, whoever asks."""
    with timezone.override(ZoneInfo(settings.TIME_ZONE)):
        html = render_to_string(
            f"pdf/{kind}.html",
            {
                "content": readable(content),
                "content_sha256": sha256(content),
                "modified_at": modified_at,
                **more,
            },
        )
    # Thousands of blank lines would be laid out one by one, for minutes.
    return BLANK_LINES.sub("\n\n", html)


def _pdf(kind: str, content: Content, modified_at: datetime, more: dict[str, Any]) -> Pdf:
    html = page(kind, content, modified_at, more)
    file = _run(
        html=html,
        css=STYLE.read_text(encoding="utf-8"),
        identifier=audit.digest_of(html)[:32],
        fonts=_fonts(),
    )
    return Pdf(f"{content['reference']}-{kind}.pdf", file, hashlib.sha256(file).hexdigest())


def works() -> bool:
    """Whether the program starts and has its libraries and fonts here."""
    try:
        _fonts()
        _start("--check")
    except CannotRender:
        return False
    return True


def _fonts() -> dict[str, str]:
    """The one that pages use and, for letters beyond Latin, DejaVu. Raises CannotRender."""
    found = {
        "regular": _static(SANS.format("regular")),
        "bold": _static(SANS.format("bold")),
        "fallback": settings.PDF_ROOT / DEJAVU.format(""),
        "fallback-bold": settings.PDF_ROOT / DEJAVU.format("-Bold"),
    }
    missing = [name for name, file in found.items() if not file.is_file()]
    if missing:
        raise _cannot(f"no font for {', '.join(missing)}")
    return {name: str(file) for name, file in found.items()}


def _static(name: str) -> Path:
    return Path(finders.find(name) or settings.STATIC_ROOT / name)


def _run(**task: Any) -> bytes:
    if not _places.acquire(timeout=SECONDS_FOR_A_PLACE):
        raise _cannot("others are being made")
    try:
        file = _start(task=json.dumps(task).encode())
    finally:
        _places.release()
    if not file.startswith(b"%PDF"):
        raise _cannot("it wrote no PDF")
    return file


def _start(*words: str, task: bytes = b"") -> bytes:
    command = [sys.executable, "-P", "-s", str(RENDERER), *words]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and no word of a person's
            command, input=task, capture_output=True, timeout=SECONDS, env=_environment()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot(type(error).__name__) from error
    if done.returncode:
        # What it said may hold a report's text, which belongs in no log.
        raise _cannot(f"it ended with {done.returncode}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Nothing of this process's own, least of all its secrets."""
    same = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    folders = sorted(str(one) for one in settings.PDF_ROOT.glob("usr/lib/*-linux-gnu*"))
    # Where the packages are installed, the system finds their libraries itself.
    own = Path("/") != settings.PDF_ROOT
    return same | ({"LD_LIBRARY_PATH": ":".join(folders)} if own else {})


def _cannot(why: str) -> CannotRender:
    log.error("No PDF can be made: %s. See docs/operations.md, PDF.", why)
    return CannotRender(
        "The PDF cannot be made on this server at present. The page says the same as the PDF. "
        "Try again later, or tell your administrator."
    )
