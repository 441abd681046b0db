"""Verify reports and letters against the audit log."""

from django.core.management.base import BaseCommand, CommandError

from reviews.models import PreliminaryLetter, Report
from reviews.services import issued_records


class Command(BaseCommand):
    help = (
        "Verify that each report and letter says what the audit log recorded of it: exits 1 and "
        "names each that does not. Run verify_audit as well, which verifies the log."
    )

    def handle(self, *args, **options):
        broken = list(issued_records.broken())
        if broken:
            raise CommandError("\n".join(f"{words}." for words in broken))
        reports, letters = Report.objects.count(), PreliminaryLetter.objects.count()
        self.stdout.write(f"The log bears out every report and letter: {reports}, {letters}.")
