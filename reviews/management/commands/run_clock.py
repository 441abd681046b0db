"""One turn of the clock's bookkeeping, without Celery."""

from django.core.management.base import BaseCommand

from reviews import tasks


class Command(BaseCommand):
    help = "Record overdue ends, queue due reminders and deliver waiting notices, once."

    def handle(self, *args, **options):
        tasks.record_expiries()
        tasks.queue_reminders()
        tasks.deliver_notices()
