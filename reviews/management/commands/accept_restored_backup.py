"""An operator's word that the database, although an older one, is the one to go on with."""

import getpass

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import anchor, audit
from reviews import clock


class Command(BaseCommand):
    help = (
        "Go on with a restored, older database: says which events are missing, puts the "
        "acceptance on record and renews this machine's anchor. Read docs/operations.md first."
    )

    def add_arguments(self, parser):
        parser.add_argument("--reason", required=True)

    def handle(self, *args, **options):
        if not settings.AUDIT_ANCHOR:
            raise CommandError("AUDIT_ANCHOR is not set, so there is nothing to accept.")
        try:
            audit.anchored_head()
        except anchor.BehindAnchor as found:
            self._accept(str(found), options["reason"])
        else:
            raise CommandError("The database goes on from the anchor: nothing is missing.")

    def _accept(self, found, reason):
        seen, head = anchor.last(), audit.head()
        missing = _missing(seen, head)
        self.stdout.write(f"Found: {found}.\nMissing: {missing or 'what, nobody can say'}.")
        # Time goes on from the latest instant that anybody acted upon, in this history or that.
        instants = [clock.system(), head.latest_at, *([seen.latest_at] if seen else [])]
        with transaction.atomic():
            event = audit.record(
                "portal.backup_accepted",
                by=audit.SYSTEM,
                at=max(instants),
                object_type="portal",
                reason=reason,
                found=found,
                missing=missing,
                operator=getpass.getuser(),
            )
        anchor.accept(sequence=event.sequence, sha256=event.sha256, latest_at=event.at)
        self.stdout.write(
            f"Accepted, as event {event.sequence}. The portal serves again at once. Run this on "
            "each other machine whose anchor is ahead."
        )


def _missing(seen, head):
    """Which events are gone, as far as the anchor can tell."""
    if seen is None:
        return ""
    if seen.sequence > head.sequence:
        return f"events {head.sequence + 1} to {seen.sequence}"
    if audit.hash_at(seen.sequence) != seen.sha256:
        return f"some events up to {seen.sequence}, whose place others have taken"
    return "no event; only the latest instant acted upon is earlier"
