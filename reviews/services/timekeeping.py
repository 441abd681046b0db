"""The instant to act at: the machine's clock, guarded by the high-water mark.

A clock that jumps backward reopens nothing; one that disagrees with the database's by more
than five minutes decides nothing (docs/domain.md section 3, invariant 4).
"""

import logging
from datetime import datetime, timedelta

from accounts import audit
from reviews import clock
from reviews.exceptions import ClockDisagreement

TOLERANCE = timedelta(minutes=5)
# Pages write the mark at most this often; every recorded event writes it exactly.
GRANULARITY = timedelta(minutes=1)

log = logging.getLogger(__name__)


def now() -> datetime:
    """The present instant in UTC, never before one already acted upon.

    Raises ClockDisagreement when the database's clock is more than five minutes away.
    """
    reading = clock.system()
    mark, database = audit.high_water()
    if abs(reading - database) > TOLERANCE and not clock.rehearsing():
        log.critical("Clock %s and database clock %s disagree", reading, database)
        raise ClockDisagreement(
            "This server's clock cannot be trusted right now, so nothing is decided by it. "
            "Try again in a few minutes."
        )
    if reading - mark > GRANULARITY:
        audit.advance(reading)
    return max(reading, mark)


def after_lock(at: datetime) -> datetime:
    """The instant to decide at once the row is locked: ``at``, or later if waiting took time."""
    return max(at, now())
