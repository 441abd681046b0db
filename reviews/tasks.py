"""What workers do: record what the clock did, send mail, tell gateways, prepare files, scan.

They decide nothing.

Each sweep finds its work in the database, so a lost or doubled task costs nothing.
"""

from celery import shared_task

from reviews.services import (
    alarms,
    delivery,
    ends,
    exports,
    gateway_signals,
    heartbeats,
    notices,
    receiving,
    scans,
    signal_delivery,
    timekeeping,
)


@shared_task(ignore_result=True)
def record_expiries():
    """Record the ends that the clock has already made; access ended without us."""
    at = timekeeping.now()
    ends.record_overdue(at=at)
    heartbeats.beat(heartbeats.ENDS, at=at)


@shared_task(ignore_result=True)
def queue_reminders():
    """Each series' latest due reminders have their rows in the outbox."""
    at = timekeeping.now()
    notices.queue_reminders(at=at)
    heartbeats.beat(heartbeats.REMINDERS, at=at)


@shared_task(ignore_result=True)
def deliver_notices():
    """Whatever waits in the outbox has been tried."""
    at = timekeeping.now()
    delivery.deliver_notices()
    heartbeats.beat(heartbeats.MAIL, at=at)


@shared_task(ignore_result=True)
def queue_signals():
    """Labs' gateways have their rows for the starts, ends and lapses that have come."""
    at = timekeeping.now()
    gateway_signals.sweep(at=at)
    heartbeats.beat(heartbeats.SIGNALS, at=at)


@shared_task(ignore_result=True)
def deliver_signals():
    """Whatever waits for labs' gateways has been tried."""
    at = timekeeping.now()
    signal_delivery.deliver_signals()
    heartbeats.beat(heartbeats.GATEWAYS, at=at)


@shared_task(ignore_result=True)
def prepare_exports():
    """Files that people asked for have been prepared, and expired ones are gone."""
    at = timekeeping.now()
    exports.prepare_waiting()
    heartbeats.beat(heartbeats.EXPORTS, at=at)


# The largest file takes many minutes; the claim on it is renewed meanwhile.
@shared_task(ignore_result=True, soft_time_limit=3500, time_limit=3600)
def scan_documents():
    """Files that wait for the scanner were offered to it; uploads that nobody sends are gone."""
    at = timekeeping.now()
    scans.scan_waiting()
    receiving.sweep(at=at)
    heartbeats.beat(heartbeats.SCANS, at=at)


@shared_task(ignore_result=True)
def watch_health():
    """Operators have been told what stopped, another sweep or beat perhaps, and what is back."""
    alarms.watch()
