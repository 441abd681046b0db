"""Amounts in words, as pages and alarms say them."""

from datetime import timedelta

# Counted no further: a page or an alarm says the same of 1,000 as of a million.
COUNTED = 1000


def size(number: int) -> str:
    """A limit of bytes: ``100 MB``, ``20 GB``."""
    return f"{number // 1024**3} GB" if number >= 1024**3 else f"{number // 1024**2} MB"


def count(number: int, noun: str) -> str:
    """``1 end``, ``12 ends``, ``1,000 or more ends``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,}{' or more' if number >= COUNTED else ''} {noun}s"


def span(length: timedelta) -> str:
    """A length of time in its largest unit, rounded down; never negative."""
    seconds = max(int(length.total_seconds()), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (size == 60 and seconds >= size):
            number = seconds // size
            return f"{number:,} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
