"""Parsing an uploaded file in a process of its own, which its limits end.

Small files exist whose parsing takes minutes or gigabytes. reviews/file_parser.py is that
process's program, and says what its limits are.
"""

import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO

from reviews import file_parser

# Neither an answer of the program: its limits ended it.
UNFINISHED = "unfinished"
# No answer either, since others were being parsed or the machine had no time for this one.
BUSY = "busy"

# What a file costs is limited in CPU alone; a busy machine may take long to give that much.
SECONDS = 120
# So many of a web process's threads wait for a parser at once, for a place at most so long.
AT_ONCE = 2
SECONDS_FOR_A_PLACE = 3

log = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Examined:
    """What a file's content is, by the program's words, and what to warn its readers of."""

    verdict: str
    notes: tuple[str, ...] = ()


def examine(file: BinaryIO, kind: str) -> Examined:
    """What a parser in its own process says of ``file``, a real file open at its start."""
    said = _ask(file, kind)
    if isinstance(said, str):
        return Examined(said)
    return Examined(said["verdict"], tuple(said["notes"]))


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

    What has no pages of its own has one for so many lines.
    """
    said = _ask(file, kind, str(number))
    return None if isinstance(said, str) else Page(**said)


def _ask(file: BinaryIO, *words: str) -> dict[str, Any] | str:
    """What the program answers; UNFINISHED or BUSY when it does not."""
    if not _places.acquire(timeout=SECONDS_FOR_A_PLACE):
        return BUSY
    try:
        answer = subprocess.run(  # noqa: S603 - our own program, no outside words
            [sys.executable, "-I", file_parser.__file__, *words],
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
        said: dict[str, Any] = json.loads(answer.stdout)
        return said
    log.warning("Parsing a %s ended with %s", words[0], answer.returncode)
    return UNFINISHED
