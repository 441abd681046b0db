"""Beat: one process tells the workers the time, however many are started.

Its lease stands in the database, where the work is found too: a beat that cannot reach it
would only send ticks that nobody can act on.
"""

import logging
from datetime import timedelta

from celery.beat import Scheduler
from django.db import Error, close_old_connections

from reviews.exceptions import Unavailable
from reviews.services import heartbeats, timekeeping

LEASE = timedelta(seconds=30)
STANDS_BY = 5.0  # seconds until a beat without the lease asks again
log = logging.getLogger(__name__)


class OneBeat(Scheduler):
    """Sends ticks only while this process holds the lease; the entries are settings', in memory."""

    def tick(self, *args, **kwargs):
        """Seconds until the next tick; none is sent by a beat that only stands by."""
        if not self._holds():
            return STANDS_BY
        self._read_the_clock_anew()
        return min(super().tick(*args, **kwargs), LEASE.total_seconds() / 3)

    def close(self):
        """Another beat may go on at once."""
        try:
            heartbeats.let_go(heartbeats.BEAT, holder=heartbeats.this_process())
        except Error:
            log.warning("The lease could not be given back; it ends within %s", LEASE)
        super().close()

    def _read_the_clock_anew(self):
        """No entry waits for a time that was read from a clock that has gone back since."""
        for entry in self.schedule.values():
            entry.last_run_at = min(entry.last_run_at, entry.default_now())
        self._heap = None  # made anew from the entries

    def _holds(self):
        close_old_connections()
        try:
            return heartbeats.take(
                heartbeats.BEAT,
                at=timekeeping.now(),
                lease=LEASE,
                holder=heartbeats.this_process(),
            )
        except Error:
            log.exception("Beat stands by: it cannot reach the database")
            return False
        except Unavailable as refusal:
            # A tick by a clock that is wrong would put off the next ones until that time comes.
            log.critical("Beat stands by: %s", refusal)
            return False
