"""What workers do: record what the clock did, and send mail. They decide nothing."""

from celery import shared_task

from reviews.models import Submission
from reviews.services import delivery, lifecycle, notices, timekeeping


@shared_task(ignore_result=True)
def record_expiries():
    """Record the ends that the clock has already made; access ended without us."""
    now = timekeeping.now()
    for pk in Submission.objects.overdue(now).values_list("pk", flat=True):
        lifecycle.expire(pk, at=now)


@shared_task(ignore_result=True)
def queue_reminders():
    """Each open window's latest due reminders have their rows in the outbox."""
    notices.queue_reminders(at=timekeeping.now())


@shared_task(ignore_result=True)
def deliver_notices():
    """Whatever waits in the outbox has been tried."""
    delivery.deliver_notices()
