"""The scanner's place. Only what a scanner calls clean may be downloaded.

The first cut has one honest implementation: no scanner. It says so in every note; outside
the demonstration and tests it leaves each document waiting, so nothing unscanned opens.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from reviews.models.document import ScanState


@dataclass(frozen=True)
class Verdict:
    """What a scanner found, and a sentence for the page."""

    state: ScanState
    note: str


class Scanner(Protocol):
    """Looks through a file's bytes."""

    name: str

    def scan(self, file: Any) -> Verdict:
        """The verdict on ``file``; any failure is a verdict other than clean."""
        ...


class NotConfigured:
    """No scanner. Checks nothing and says so."""

    name = "not configured"

    def scan(self, file: Any) -> Verdict:
        """``waiting``; ``clean`` only where settings open unscanned documents."""
        state = ScanState.CLEAN if settings.UNSCANNED_DOCUMENTS_OPEN else ScanState.WAITING
        return Verdict(state, "Not scanned: no scanner is configured.")


def scanner() -> Scanner:
    """The scanner that settings name."""
    return import_string(settings.DOCUMENT_SCANNER)()  # type: ignore[no-any-return]
