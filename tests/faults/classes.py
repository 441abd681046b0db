"""The classes by name, and how one is run."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults import (
    absence,
    backups,
    broker,
    clocks,
    database,
    daylight,
    doubling,
    gateway,
    killing,
    mail_refusals,
    racing,
)
from tests.faults.copies import copied
from tests.faults.report import Outcome
from tests.faults.smtp import MailServer

MODULES = (
    *(mail_refusals, killing, absence, doubling, broker),
    *(clocks, daylight, racing, database, backups),
    gateway,
)
CLASSES = {one.NAME: one for one in MODULES}


def outcomes(name: str, seeds: Sequence[int]) -> Iterator[Outcome]:
    """What each seed of the class came to, with a database and a mail server of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="foreview-faults-") as folder,
        copied(f"faults_{name.replace('-', '_')}"),
        MailServer() as server,
    ):
        yield from CLASSES[name].run(seeds, Path(folder), server)
