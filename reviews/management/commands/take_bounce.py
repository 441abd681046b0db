"""What comes back from mail servers, one message from standard input or a Maildir of them."""

import logging
import mailbox
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from reviews.exceptions import ClockDisagreement
from reviews.services import bounces, timekeeping

# Far more than any report about a mail of ours; what lies beyond is read and left aside.
LIMIT = 1024 * 1024
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the message and comes back

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Record what one delivery-status notification on standard input says, or with --maildir "
        "what all in that Maildir say, and remove them. Always succeeds, unless the database "
        "cannot be asked: then the message is kept and the answer is to try again."
    )

    def add_arguments(self, parser):
        parser.add_argument("--maildir", type=Path, help="read and empty this Maildir")

    def handle(self, *args, **options):
        try:
            if options["maildir"] is None:
                _take(_read(sys.stdin.buffer))
            else:
                _empty(options["maildir"])
        except (DatabaseError, ClockDisagreement) as failure:
            log.error("A bounce waits: %s", type(failure).__name__)
            sys.exit(TRY_AGAIN)


def _read(file):
    """The beginning of the file; the rest is read too, or its writer would meet a closed pipe."""
    content = file.read(LIMIT)
    while file.read(LIMIT):
        pass
    return content


def _empty(path):
    if not path.is_dir():
        raise CommandError(f"There is no Maildir at {path}. Name the one that bounces go to.")
    box = mailbox.Maildir(path, factory=None, create=False)
    for key in box.keys():  # noqa: SIM118 - a mailbox is iterated by message, not by key
        with box.get_file(key) as file:
            content = file.read(LIMIT)
        _take(content)
        box.discard(key)


def _take(content):
    outcome = bounces.take(content, at=timekeeping.now())
    log.info("A message to the mailbox of bounces %s", outcome.value)
