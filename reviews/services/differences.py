"""What changed between two texts, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Comparing takes the square of the length: longer texts are compared by whole lines.
LONGEST = 20_000
WORDS = re.compile(r"\s+|[^\s]+")
# So many comparisons, at most, may a pair of texts cost.
MOST = 2_000_000
LINES = re.compile(r"[^\n]*\n|[^\n]+")


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
    parts = LINES if len(before) + len(after) > LONGEST else WORDS
    old, new = parts.findall(before), parts.findall(after)
    if len(old) * len(new) > MOST:
        return [Piece(Change.REMOVED, before), Piece(Change.ADDED, after)]
    found = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece(Change.SAME, "".join(old[a:b])))
            continue
        if a < b:
            found.append(Piece(Change.REMOVED, "".join(old[a:b])))
        if c < d:
            found.append(Piece(Change.ADDED, "".join(new[c:d])))
    return found
