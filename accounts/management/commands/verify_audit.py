"""Verify the audit log's chain of hashes."""

from django.core import signing
from django.core.management.base import BaseCommand, CommandError

from accounts import audit
from accounts.models import AuditHead


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
        broken = audit.verify(since=since)
        if broken:
            raise CommandError(f"The audit log is broken: {broken}.")
        head = AuditHead.objects.get(pk=1)
        if options["export"]:
            self.stdout.write(signing.dumps([head.sequence, head.sha256], salt="audit-head"))
        else:
            self.stdout.write(f"The audit log holds: {head.sequence} events, head {head.sha256}.")

    def _read(self, text):
        try:
            return tuple(signing.loads(text, salt="audit-head"))
        except signing.BadSignature as error:
            raise CommandError("That head was not signed by this portal.") from error
