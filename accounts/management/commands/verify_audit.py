"""Verify the audit log's chain of hashes."""

from django.core import signing
from django.core.management.base import BaseCommand, CommandError

from accounts import audit


class Command(BaseCommand):
    help = (
        "Verify the audit log: exits 1 and names the first broken link. With --export, print "
        "the signed head to keep elsewhere; with --since HEAD, also require that head."
    )

    def add_arguments(self, parser):
        parser.add_argument("--export", action="store_true")
        parser.add_argument("--since", metavar="HEAD")

    def handle(self, *args, **options):
        since = self._read(options["since"]) if options["since"] else None
        log = audit.examine(since=since)
        if log.broken:
            raise CommandError(f"The audit log is broken: {log.broken}.")
        if options["export"]:
            self.stdout.write(signing.dumps([log.sequence, log.sha256], salt="audit-head"))
        else:
            self.stdout.write(f"The audit log holds: {log.sequence} events, head {log.sha256}.")

    def _read(self, text):
        try:
            return tuple(signing.loads(text, salt="audit-head"))
        except signing.BadSignature as error:
            raise CommandError("That head was not signed by this portal.") from error
