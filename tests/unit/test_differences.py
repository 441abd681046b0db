"""Two texts in one: nothing of either is lost, and no pair of texts takes long to compare."""

import random

from hypothesis import given
from hypothesis import strategies as st

from reviews.services import differences
from reviews.services.differences import Change, Piece, pieces

PARTS = st.sampled_from(["a ", "b ", "c\n", "  ", "dd ", "\n\n"])
WORDS = st.lists(PARTS, max_size=60).map("".join)


def without(change, found):
    return "".join(piece.text for piece in found if piece.change is not change)


@given(WORDS, WORDS)
def test_each_text_is_there_whole(before, after):
    found = pieces(before, after)
    assert without(Change.ADDED, found) == before
    assert without(Change.REMOVED, found) == after
    assert all(piece.text for piece in found)


def test_what_changed_is_found_by_words():
    before, after = "One open question remains here.", "One closed question remains here."
    assert pieces(before, after) == [
        Piece(Change.SAME, "One "),
        Piece(Change.REMOVED, "open "),
        Piece(Change.ADDED, "closed "),
        Piece(Change.SAME, "question remains here."),
    ]


def test_a_change_in_a_long_text_is_found_by_words_too():
    chance = random.Random(1)
    words = [str(chance.randrange(500)) for _ in range(20_000)]
    changed = [*words[:9000], "new", *words[9001:]]
    found = pieces(" ".join(words), " ".join(changed))
    assert [piece.text for piece in found if piece.change is Change.ADDED] == ["new "]


def test_what_would_take_long_is_compared_by_lines_or_not_at_all(monkeypatch):
    """Every second word the same: each match would be looked for among all the others."""
    before = "".join(f"a {n}\n" for n in range(900))
    after = "".join(f"a {n}\n" for n in range(450, 1350))
    found = pieces(before, after)
    assert [piece.change for piece in found] == [Change.REMOVED, Change.SAME, Change.ADDED]
    monkeypatch.setattr(differences, "MOST", 0)
    assert pieces("a b", "b a") == [Piece(Change.REMOVED, "a b"), Piece(Change.ADDED, "b a")]
