"""What every outbox does: rows claimed with a lease, waits that grow, and giving up at last.

A claim that ran out is anybody's, so what a killed worker was about to send goes out all the
same; whoever finishes a row writes only where its own claim still stands.
"""

import random
import time
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from reviews import clock
from reviews.models.outgoing import UNSENT, Outgoing

# One task leaves the rest to the next tick, well before the broker would hand it out again.
TASK = timedelta(minutes=4)
GIVES_UP = timedelta(days=3)

Row = TypeVar("Row", bound=Model)


class Since:
    """How long ago ``at`` is by whichever clock says more: one stands still, both may jump."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._begun = time.monotonic()

    def age(self) -> timedelta:
        """The time since then, by this machine alone."""
        return max(timedelta(seconds=time.monotonic() - self._begun), clock.system() - self.at)


def due(at: datetime) -> Q:
    """That a row is to be tried at ``at`` and that nobody is trying it."""
    return UNSENT & unclaimed(at) & Q(next_attempt_at__lte=at)


def unclaimed(at: datetime) -> Q:
    """That nobody holds the row at ``at``."""
    return Q(claimed_until__isnull=True) | Q(claimed_until__lte=at)


def locked(rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows, locked; on PostgreSQL those that another worker is claiming are passed over.

    On SQLite the transaction holds the only write lock.
    """
    return rows.select_for_update(skip_locked=True, of=("self",))


def deferred(
    attempts: int, text: str, *, at: datetime, first: timedelta, longest: timedelta
) -> dict[str, Any]:
    """What a row says after its ``attempts``-th failure: each wait is twice the one before.

    Half of it is chance, so that what failed together is not tried together.
    """
    backoff = min(first * 2 ** min(attempts - 1, 10), longest)
    wait = backoff * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, keeps no secret
    return {"attempts": attempts, "error": text[:300], "next_attempt_at": at + wait}


def late(row: Outgoing, at: datetime) -> bool:
    """Whether the row was tried before and has waited so long that it is given up at ``at``."""
    return bool(row.attempts) and at - row.waiting_since > GIVES_UP


def anew(at: datetime) -> dict[str, Any]:
    """What a row says that was given up and is to be tried again from ``at`` on."""
    return {
        "dead_at": None,
        "sent_at": None,
        "attempts": 0,
        "waiting_since": at,
        "next_attempt_at": at,
        "error": "",
    }


def one_line(text: str | bytes) -> str:
    """A server's words on one line, without what a terminal or a reader of logs would obey."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())
