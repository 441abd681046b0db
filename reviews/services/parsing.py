"""Parsing an uploaded file in a process of its own, which its limits end.

Small files exist whose parsing takes minutes or gigabytes. ``examine`` starts this file as
a program; the program knows nothing of the portal and gets none of its environment.
"""

import contextlib
import csv
import io
import json
import logging
import os
import re
import resource
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO

VALID, ENCRYPTED, CONTRADICTION = "valid", "encrypted", "contradiction"
# In none of the three answers: the limits ended the parsing.
UNFINISHED = "unfinished"
# No answer either, since others were being parsed or the machine had no time for this one.
BUSY = "busy"

CPU_SECONDS = 5
# What a file costs is limited in CPU alone; a busy machine may take long to give that much.
SECONDS = 120
MEMORY = 1024**3
LINES = 60
LONGEST_PAGE = 100_000
# So many of a web process's threads wait for a parser at once, for a place at most so long.
AT_ONCE = 2
SECONDS_FOR_A_PLACE = 3
# Every binary format other than those with a signature has one of these; text has none.
BINARY_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

log = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)


def examine(file: BinaryIO, kind: str) -> str:
    """What a parser in its own process says of ``file``, a real file open at its start."""
    said = _ask(file, kind)
    if said in (VALID, ENCRYPTED, CONTRADICTION, UNFINISHED, BUSY):
        return said
    log.warning("Parsing a %s answered something else", kind)
    return UNFINISHED


@dataclass(frozen=True)
class Page:
    """The ``text`` of page ``number`` of ``count``."""

    number: int
    count: int
    text: str

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1


def page(file: BinaryIO, kind: str, number: int) -> Page | None:
    """That page of ``file``, the last when it has fewer; None when its text cannot be had.

    What has no pages of its own has one for each ``LINES`` lines.
    """
    said = _ask(file, kind, str(number))
    try:
        found = json.loads(said)
    except ValueError:
        return None
    return Page(found["number"], found["count"], found["text"])


def _ask(file: BinaryIO, *words: str) -> str:
    """What this file, as a program with limits, answers."""
    if not _places.acquire(timeout=SECONDS_FOR_A_PLACE):
        return BUSY
    try:
        answer = subprocess.run(  # noqa: S603 - our own program, no outside words
            [sys.executable, "-I", __file__, *words],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("Parsing a %s had no end after %s seconds of a busy machine", words[0], SECONDS)
        return BUSY
    finally:
        _places.release()
    if answer.returncode == 0:
        return answer.stdout.decode()
    log.warning("Parsing a %s ended with %s", words[0], answer.returncode)
    return UNFINISHED


def verdict(file: BinaryIO, kind: str) -> str:
    """What the content of ``file`` is. Raises MemoryError only."""
    try:
        return _PARSERS[kind](file)
    except MemoryError:
        raise
    except Exception:  # a parser of hostile bytes may raise anything
        return CONTRADICTION


def _pdf(file: BinaryIO) -> str:
    import pypdf  # only the program pays for it

    document = pypdf.PdfReader(file, strict=False)
    if document.is_encrypted:
        return ENCRYPTED
    return VALID if len(document.pages) > 0 else CONTRADICTION


def _json(file: BinaryIO) -> str:
    json.load(_text(file))
    return VALID


def _csv(file: BinaryIO) -> str:
    for row in csv.reader(_text(file), strict=True):
        if any(map(BINARY_TEXT.search, row)):
            return CONTRADICTION
    return VALID


def _text(file: BinaryIO) -> Any:
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _read(file: BinaryIO, kind: str, number: int) -> str:
    """The page as JSON. Raises whatever a parser may raise."""
    if kind == "pdf":
        import pypdf  # only the program pays for it

        pages = pypdf.PdfReader(file, strict=False).pages
        count = len(pages)
        number = min(number, count)
        text = pages[number - 1].extract_text()
    else:
        lines = _text(file).read().splitlines()
        count = max(1, -(-len(lines) // LINES))
        number = min(number, count)
        text = "\n".join(lines[(number - 1) * LINES : number * LINES])
    # A surrogate, which a PDF may name, is no character: the answer could not be written.
    text = text[:LONGEST_PAGE].encode(errors="replace").decode()
    return json.dumps({"number": number, "count": count, "text": text})


_PARSERS = {"pdf": _pdf, "json": _json, "csv": _csv}


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    with contextlib.suppress(OSError):
        os.nice(10)


if __name__ == "__main__":
    _limit()
    asked = sys.argv[1:]
    answer = _read if len(asked) > 1 else verdict
    sys.stdout.write(answer(sys.stdin.buffer, asked[0], *map(int, asked[1:])))
