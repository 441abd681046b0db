"""An operator's word that the database, although an older one, is the one to go on with."""

import getpass

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import anchor, audit
from reviews import clock
from reviews.models import CalendarFeed, Notice
from reviews.models.notice import Delivery


class Command(BaseCommand):
    help = (
        "Go on with a restored, older database: says which events are missing, puts the "
        "acceptance on record and renews this machine's anchor. Read docs/operations.md first."
    )

    def add_arguments(self, parser):
        parser.add_argument("--reason", required=True)
        parser.add_argument(
            "--keep-mail-back",
            action="store_true",
            help="mail that waits in the backup has left since: it stays in the inboxes only",
        )

    def handle(self, *args, **options):
        if not settings.AUDIT_ANCHOR:
            raise CommandError("AUDIT_ANCHOR is not set, so there is nothing to accept.")
        try:
            audit.anchored_head()
        except anchor.BehindAnchor as found:
            self._accept(str(found), options)
        else:
            raise CommandError("The database goes on from the anchor: nothing is missing.")

    def _accept(self, found, options):
        seen, head = anchor.last(), audit.head()
        missing = _missing(seen, head)
        self.stdout.write(f"Found: {found}.\nMissing: {missing or 'what, nobody can say'}.")
        # Time goes on from the latest instant that anybody acted upon, in this history or that.
        instants = [clock.system(), head.latest_at, *([seen.latest_at] if seen else [])]
        with transaction.atomic():
            undone = _undo(keep_mail_back=options["keep_mail_back"])
            event = audit.record(
                "portal.backup_accepted",
                by=audit.SYSTEM,
                at=max(instants),
                object_type="portal",
                reason=options["reason"],
                found=found,
                missing=missing,
                operator=getpass.getuser(),
                **undone,
            )
        anchor.accept(sequence=event.sequence, sha256=event.sha256, latest_at=event.at)
        self.stdout.write(
            f"Sessions ended: {undone['sessions_ended']}. Addresses of calendars revoked: "
            f"{undone['feeds_revoked']}. Notices kept from leaving by mail: "
            f"{undone['notices_kept_back']}.\n"
            f"Accepted, as event {event.sequence}. The portal serves again at once. Run this on "
            "each other machine whose anchor is ahead."
        )


def _undo(*, keep_mail_back):
    """Nothing is open that may have been closed since the backup; how much that was.

    With ``keep_mail_back`` what waits to be mailed does not leave; its inboxes show it still.
    """
    sessions, _ = Session.objects.all().delete()
    feeds, _ = CalendarFeed.objects.all().delete()
    waiting = Notice.objects.filter(
        sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True
    ).exclude(delivery=Delivery.MUTED)
    kept = waiting.update(delivery=Delivery.MUTED, digest_for=None) if keep_mail_back else 0
    return {"sessions_ended": sessions, "feeds_revoked": feeds, "notices_kept_back": kept}


def _missing(seen, head):
    """Which events are gone, as far as the anchor can tell."""
    if seen is None:
        return ""
    if seen.sequence > head.sequence:
        return f"events {head.sequence + 1} to {seen.sequence}"
    if audit.hash_at(seen.sequence) != seen.sha256:
        return f"some events up to {seen.sequence}, whose place others have taken"
    return "no event; only the latest instant acted upon is earlier"
