"""A decision has one number: that of its file is that of its heading."""

import re

import pytest

from tests.architecture.source import BASE

DECISIONS = sorted((BASE / "docs" / "decisions").glob("*.md"))


def numbers(name, text):
    """The number that the file's name says, and the one that its heading says."""
    found = re.match(r"(\d{4})-", name), re.match(r"# (\d+)\. \S", text)
    return [int(match[1]) if match else None for match in found]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_name_and_heading_say_the_same_number(path):
    in_name, in_heading = numbers(path.name, path.read_text())
    assert in_name is not None
    assert in_name == in_heading


def test_decisions_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_another_number_is_found():
    assert numbers("0027-x.md", "# 26. X") == [27, 26]
    assert numbers("27-x.md", "# X") == [None, None]
