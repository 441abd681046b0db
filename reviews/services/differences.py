"""What changed between two texts, word by word."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

# A word with the blanks after it: blanks of their own would match one another everywhere.
WORDS = re.compile(r"\S+\s*|\s+")
LINES = re.compile(r"[^\n]*\n|[^\n]+")
# So many steps, at most, may comparing a pair of texts take: below a second.
MOST = 20_000_000


class Change(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Piece:
    """A stretch of text that stayed, or that only one of the two has."""

    change: Change
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """Both texts in one: without what was added it is ``before``, without the removed ``after``."""
    for parts in (WORDS, LINES):
        old, new = parts.findall(before), parts.findall(after)
        first = _shared(old, new)
        last = _shared(old[first:][::-1], new[first:][::-1])
        start, end = old[:first], old[len(old) - last :]
        old, new = old[first : len(old) - last], new[first : len(new) - last]
        if _steps(old, new) <= MOST:
            break
    else:
        start, end, old, new = [], [], [before], [after]
    found = [(Change.SAME, start)]
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append((Change.SAME, old[a:b]))
        else:
            found += [(Change.REMOVED, old[a:b]), (Change.ADDED, new[c:d])]
    return _joined([*found, (Change.SAME, end)])


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many parts the two begin with alike."""
    pairs = zip(old, new, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def _steps(old: Sequence[str], new: Sequence[str]) -> int:
    """How many steps SequenceMatcher takes at most: every equal pair, for every match anew."""
    there = Counter(old)
    pairs = sum(there[part] * number for part, number in Counter(new).items())
    return (pairs + len(old)) * min(len(old), len(new))


def _joined(found: Iterable[tuple[Change, Sequence[str]]]) -> list[Piece]:
    """The pieces that have text, those of a kind that follow one another as one."""
    told = ((change, "".join(parts)) for change, parts in found if parts)
    return [
        Piece(change, "".join(text for _, text in group))
        for change, group in groupby(told, key=lambda piece: piece[0])
    ]
