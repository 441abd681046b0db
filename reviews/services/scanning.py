"""The scanner's place. Only what a scanner calls clean may be downloaded.

Whatever a scanner does but answer plainly is no verdict: the file waits on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from clamav_client import clamd
from django.conf import settings

from reviews.models.document import ScanState
from reviews.services import amounts

NOT_SCANNED = "Not scanned: no scanner is configured."
WAITS = "Waits for the malware scanner."
# What ClamAV reports of a file that it could not look through to its end (clamd.conf,
# AlertExceedsMax and AlertEncrypted).
UNFINISHED = {
    "Heuristics.Limits.Exceeded": "It is more than the scanner may unpack or look through.",
    "Heuristics.Encrypted": "Part of it is encrypted, so that nothing could look into it.",
}


class NoVerdict(Exception):
    """The scanner said nothing that can be relied upon; ``str`` says how, on one line."""


@dataclass(frozen=True)
class Verdict:
    """What a scanner found, and a sentence for the page."""

    state: ScanState
    note: str


class Scanner(Protocol):
    """Looks through a file's bytes."""

    name: str

    def version(self) -> str:
        """The engine and its signatures, in its own words. Raises NoVerdict when it is silent."""
        ...

    def scan(self, file: Any, size: int, *, in_parts: bool = False) -> Verdict:
        """``clean``, ``infected`` or ``unscannable``. Raises NoVerdict for anything else.

        What is larger than the scanner takes is offered ``in_parts`` where that loses nothing:
        of text, whose every line stands for itself.
        """
        ...


class ClamAV:
    """ClamAV's daemon at ``settings.CLAMD``, which gets the bytes over its socket."""

    name = "ClamAV"

    def version(self) -> str:
        """As of the daemon that answers now; only ClamAV's own database has a number there."""
        with self._daemon() as daemon:
            said = _clean(daemon.version())[:70]
        return said if "/" in said else f"{said}, test signatures only"

    def scan(self, file: Any, size: int, *, in_parts: bool = False) -> Verdict:
        """What the daemon says of the bytes, or of each of the parts that it takes."""
        most = settings.CLAMD_MAX_BYTES
        if size <= most:
            return self._scan(file)
        if not in_parts:
            return Verdict(
                ScanState.UNSCANNABLE,
                f"The scanner takes at most {amounts.size(most)} of such a file.",
            )
        parts = _Parts(file, most)
        while parts.follow():
            verdict = self._scan(parts)
            if verdict.state is not ScanState.CLEAN:
                return verdict
        return Verdict(ScanState.CLEAN, "Scanned in parts: nothing was found.")

    def _scan(self, file: Any) -> Verdict:
        with self._daemon() as daemon:
            said = list(daemon.instream(file).values())
        match said:
            case [("OK", None)]:
                return Verdict(ScanState.CLEAN, "Scanned: nothing was found.")
            case [("FOUND", str(found))]:
                return _found(found)
        raise NoVerdict(f"It answered {said}")

    @contextmanager
    def _daemon(self) -> Iterator[clamd.ClamdNetworkSocket]:
        """The daemon, asked once. Raises NoVerdict for whatever is no answer."""
        timeout = settings.CLAMD_TIMEOUT_SECONDS
        host, _, port = settings.CLAMD.rpartition(":")
        daemon = (
            clamd.ClamdNetworkSocket(host, int(port), timeout)
            if host
            else clamd.ClamdUnixSocket(settings.CLAMD, timeout)
        )
        try:
            yield daemon
        except (clamd.ClamdError, OSError, ValueError) as error:
            raise NoVerdict(str(error).rstrip(".") or "It broke off") from error
        finally:
            # The client leaves open what it could not connect.
            if hasattr(daemon, "clamd_socket"):
                daemon.clamd_socket.close()


class _Parts:
    """A file as parts of at most ``most`` bytes, each beginning with the end of the one before.

    So what stands across a border is whole in one of them.
    """

    OVERLAP = 1024 * 1024

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._most = file, most
        self._block = min(self.OVERLAP, most // 4)
        self._here, self._next = b"", file.read(self._block)
        self._at = self._room = 0

    def follow(self) -> bool:
        """Whether another part is to be read."""
        self._at, self._room = 0, self._most - len(self._here)
        return bool(self._next)

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes of the part; none at its end."""
        if self._at == len(self._here):
            if not self._next or len(self._next) > self._room:
                return b""
            self._here, self._next = self._next, self._file.read(self._block)
            self._at, self._room = 0, self._room - len(self._here)
        data = self._here[self._at : self._at + size]
        self._at += len(data)
        return data


def _clean(text: str) -> str:
    """The daemon's words without what a database or a page could not keep."""
    return "".join(one for one in text if one.isprintable())


def _found(name: str) -> Verdict:
    for beginning, note in UNFINISHED.items():
        if name.startswith(beginning):
            return Verdict(ScanState.UNSCANNABLE, note)
    return Verdict(ScanState.INFECTED, f"The scanner found {_clean(name)[:150]}.")


def scanner() -> Scanner | None:
    """The scanner that settings name; None without one."""
    return ClamAV() if settings.CLAMD else None


def name() -> str:
    """What pages call the scanner."""
    found = scanner()
    return found.name if found else "not configured"


def before() -> Verdict:
    """What a file is until a scanner has looked at it; open only where settings say so."""
    if settings.CLAMD:
        return Verdict(ScanState.WAITING, WAITS)
    state = ScanState.CLEAN if settings.UNSCANNED_DOCUMENTS_OPEN else ScanState.WAITING
    return Verdict(state, NOT_SCANNED)
