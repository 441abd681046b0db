"""Whether what a page sends may replace what is saved (reviews/models/autosaved.py)."""

from datetime import datetime
from typing import NamedTuple

from accounts.models import User
from reviews.models.autosaved import Autosaved
from reviews.services import rows


class Sending(NamedTuple):
    """One sending of a page: the ``revision`` that it was opened on or saved last.

    ``page`` is its random name and ``turn`` the number of the sending; without scripts it has
    neither.
    """

    revision: int
    page: str = ""
    turn: int = 0


def is_old(row: Autosaved, sent: Sending, *, by: User) -> bool:
    """Whether it is a sending that arrives after a later one of the same page of that person.

    Raises StaleForm when another page saved in between.
    """
    if sent.page and (sent.page, by.pk) == (row.saved_from, row.saved_by_id):
        return sent.turn <= row.saved_turn
    rows.require_revision(row, sent.revision)
    return False


def mark(row: Autosaved, sent: Sending, *, by: User, at: datetime) -> None:
    """The row says that it was saved by this sending; it is not written yet."""
    row.revision += 1
    row.saved_at, row.saved_by = at, by
    row.saved_from, row.saved_turn = sent.page, sent.turn
