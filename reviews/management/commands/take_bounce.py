"""What comes back from mail servers, one message from standard input or a Maildir of them."""

import logging
import mailbox
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DataError, Error

from reviews.exceptions import Unavailable
from reviews.services import bounces, timekeeping

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
        except (Error, Unavailable) as failure:
            log.error("A bounce waits: %s", type(failure).__name__)
            sys.exit(TRY_AGAIN)


def _read(file):
    """As much of the file as shows that it is too long; the rest is passed by.

    Unread, it would meet its writer with a closed pipe.
    """
    content = file.read(bounces.MAX_BYTES + 1)
    while file.read(bounces.MAX_BYTES):
        pass
    return content


def _empty(path):
    if not path.is_dir():
        raise CommandError(f"There is no Maildir at {path}. Name the one that bounces go to.")
    box = mailbox.Maildir(path, factory=None, create=False)
    for key in box.keys():  # noqa: SIM118 - a mailbox is iterated by message, not by key
        with box.get_file(key) as file:
            content = file.read(bounces.MAX_BYTES + 1)
        _take(content)
        box.discard(key)


def _take(content):
    """What the message says is on record; one that cannot be handled is done with too."""
    at = timekeeping.now()
    try:
        outcome = bounces.take(content, at=at).value
    except Exception as failure:
        if isinstance(failure, (Error, Unavailable)) and not isinstance(failure, DataError):
            raise
        outcome = f"cannot be handled: {type(failure).__name__}"
    log.info("A message to the mailbox of bounces %s", outcome)
