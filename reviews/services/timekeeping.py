"""The instant to act at: the machine's clock, guarded by the high-water mark.

A clock that jumps backward reopens nothing; one that disagrees with the database's by more
than five minutes decides nothing (docs/domain.md section 3, invariant 4). Nor does a database
that is older than what was acted upon.
"""

import logging
from datetime import datetime, timedelta

from accounts import audit
from accounts.anchor import BehindAnchor
from reviews import clock
from reviews.exceptions import ClockDisagreement, RecordsBehind

TOLERANCE = timedelta(minutes=5)
# Pages write the mark at most this often; every recorded event writes it exactly.
GRANULARITY = timedelta(minutes=1)

log = logging.getLogger(__name__)


def now() -> datetime:
    """The present instant in UTC, never before one already acted upon.

    Raises ClockDisagreement when the database's clock is more than five minutes away, and
    RecordsBehind when the database is older than what was acted upon.
    """
    reading = clock.system()
    try:
        _, _, mark, database = audit.anchored_head()
    except BehindAnchor as found:
        log.critical("The database is not the one that was acted upon: %s", found)
        raise RecordsBehind(
            "Foreview's records are older than what it has already acted upon, so nothing is "
            "shown or decided by them until an operator has looked at it."
        ) from found
    if not trusted(reading, database):
        log.critical("Clock %s and database clock %s disagree", reading, database)
        raise ClockDisagreement(
            "This server's clock cannot be trusted right now, so nothing is decided by it. "
            "Try again in a few minutes."
        )
    if reading - mark > GRANULARITY:
        audit.advance(reading)
    return max(reading, mark)


def trusted(reading: datetime, database: datetime) -> bool:
    """Whether this machine's clock is close enough to the database's; a rehearsed one is."""
    return clock.rehearsing() or abs(reading - database) <= TOLERANCE


def after_lock(at: datetime) -> datetime:
    """The instant to decide at once the row is locked: ``at``, or later if waiting took time."""
    return max(at, now())
