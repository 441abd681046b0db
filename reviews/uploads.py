"""What may be uploaded, and how it is received.

The size limit holds while streaming. A file is taken only when its extension, its first
bytes and a parse of it agree (OWASP ASVS 5.2.2); HTML and SVG are never taken.
"""

import io
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from reviews import file_parser
from reviews.exceptions import FileRefused
from reviews.services import amounts, parsing

TYPES = {
    "pdf": "application/pdf",
    "md": "text/markdown",
    "txt": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "zip": "application/zip",
}
ACCEPT = ",".join(f".{extension}" for extension in TYPES)
TYPES_IN_WORDS = (
    "PDF, Markdown (.md), plain text (.txt), CSV, JSON, Word (.docx), Excel (.xlsx), PowerPoint "
    "(.pptx), PNG, JPEG or ZIP"
)
# The first bytes of those that are no text.
SIGNATURE = {
    "pdf": b"%PDF-",
    **dict.fromkeys(("docx", "xlsx", "pptx", "zip"), b"PK\x03\x04"),
    "png": b"\x89PNG\r\n\x1a\n",
    **dict.fromkeys(("jpg", "jpeg"), b"\xff\xd8\xff"),
}
MARKUP = tuple(
    b"<" + word
    for word in (
        b"!doctype",
        b"!--",
        b"html",
        b"head",
        b"body",
        b"svg",
        b"script",
        b"iframe",
        b"?xml",
    )
)
TEXTUAL = TYPES.keys() - SIGNATURE.keys()
# Text does not begin so, whatever it is called.
SIGNATURES = (b"%PDF", b"{\\rtf", b"%!PS", b"GIF8", b"PK")
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
CHUNK = 1024 * 1024
JSON_MAX_BYTES = 10 * 1024 * 1024
# What to do with a file whose parsing found no end.
ANEW = {
    "pdf": "Save the PDF anew, for example by printing it to a file, and send it again.",
    "csv": "Split it, or save it as plain text (.txt), and send that.",
    "json": "Split it, or save it as plain text (.txt), and send that.",
    "zip": "Split it into several, and send those.",
}
ANEW_ELSE = "Save it as PDF, and send that."
_NO_FURTHER = "Unpack it, and pack anew what readers need."
# Why the content of a file is not taken although it is what its name says.
REFUSALS = {
    file_parser.ENCRYPTED: "is protected by a password, so nobody could read it. Save it without "
    "one, and upload that.",
    file_parser.TOO_MANY: f"holds more than {file_parser.MOST_ENTRIES:,} files. Split it.",
    file_parser.TOO_LARGE: f"unpacks to more than {file_parser.MOST_EXPANDED // 1024**3} GB, or "
    f"holds an archive of more than {file_parser.MOST_NESTED // 1024**2} MB. Split it.",
    file_parser.TOO_DENSE: f"holds a file that unpacks to more than {file_parser.DENSEST} times "
    "its size, as archives do that are made to fill a disk. Leave that file out.",
    file_parser.TOO_DEEP: f"holds archives more than {file_parser.DEEPEST} deep. Unpack the inner "
    "ones.",
    file_parser.LINK: f"holds a link or a device instead of a file. {_NO_FURTHER}",
    file_parser.PATH: "holds a file whose name leads out of its folder, occurs twice or cannot be "
    f"shown as it is. {_NO_FURTHER}",
    file_parser.OTHER_ARCHIVE: "holds an archive of another kind, which cannot be looked into. "
    f"{_NO_FURTHER}",
    file_parser.LYING: "is damaged: what it says of its content is not so. Pack it anew.",
    file_parser.TOO_MANY_PIXELS: f"has more than {file_parser.MOST_PIXELS // 10**6} million "
    "pixels. Save it smaller.",
}


@dataclass(frozen=True)
class Inspected:
    """What a file is, and what its readers are warned of."""

    content_type: str
    notes: tuple[str, ...] = ()


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Streams to a temporary file and stops at the limit, counted over the whole request.

    After the stop ``request.upload_too_large`` is true and no file reaches the form.
    """

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.FORM_FILE_MAX_BYTES:
            self.request.upload_too_large = True
            self.file.close()
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)


def too_large(most: int) -> FileRefused:
    """The refusal of a file over the limit of ``most`` bytes."""
    return FileRefused(
        f"That file is larger than {amounts.size(most)}, the limit for one such file. Choose a "
        "smaller file, or split it.",
        status=413,
    )


def most_in_one_piece() -> int:
    """The limit in bytes for a file that is no text: the scanner cannot take it in parts."""
    scanned = settings.CLAMD_MAX_BYTES if settings.CLAMD else settings.DOCUMENT_MAX_BYTES
    return min(scanned, settings.DOCUMENT_MAX_BYTES)


def display_name(name: str) -> str:
    """The file's name without folders or control characters, at most 255 characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(c for c in last if unicodedata.category(c) not in INVISIBLE).strip()
    if not shown.strip("."):
        return "document"
    stem, dot, extension = shown.rpartition(".")
    return (stem[: 254 - len(extension)] + dot + extension)[:255]


def stem(name: str) -> str:
    """What a document is called that was given no title: its file's name, at most 200 long."""
    return PurePosixPath(display_name(name)).stem[:200]


def require_kind_and_size(name: str, size: int) -> str:
    """The extension of a name that may be uploaded with that size. Raises FileRefused."""
    _, dot, extension = name.lower().rpartition(".")
    if not dot or extension not in TYPES:
        raise FileRefused(
            f"“{name}” is not a kind of file that can be uploaded. Choose {TYPES_IN_WORDS}.",
            status=415,
        )
    if size == 0:
        raise FileRefused(f"“{name}” is empty. Choose a file with content.")
    most = settings.DOCUMENT_MAX_BYTES if extension in TEXTUAL else most_in_one_piece()
    if size > most:
        raise too_large(most)
    return extension


def inspect(upload: Any, name: str) -> Inspected:
    """What the name, the first bytes and the content agree on.

    Raises FileRefused, with the fitting status, for anything else.
    """
    extension = require_kind_and_size(name, upload.size)
    upload.seek(0)
    head = upload.read(4096)
    upload.seek(0)
    notes: tuple[str, ...] = ()
    if signature := SIGNATURE.get(extension):
        agrees = head.startswith(signature)
    else:
        agrees = not (head.startswith(SIGNATURES) or _is_markup(head))
    if agrees and (signature or extension in ("csv", "json")):
        agrees, notes = _parsed(upload, extension, name)
    elif agrees:
        agrees = _is_text(upload)
    upload.seek(0)
    if not agrees:
        raise FileRefused(
            f"“{name}” does not contain what its name says. Save it again as "
            f"{TYPES_IN_WORDS}, and upload that.",
            status=415,
        )
    return Inspected(TYPES[extension], notes)


def _is_markup(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n\f").lower().startswith(MARKUP)


def _parsed(upload: Any, extension: str, name: str) -> tuple[bool, tuple[str, ...]]:
    """(whether it is what its extension says, what to warn of)."""
    if extension == "json" and upload.size > JSON_MAX_BYTES:
        raise FileRefused(
            f"A JSON file may have {JSON_MAX_BYTES // 1024**2} MB, because it is parsed "
            "whole. Save it as plain text, or split it.",
            status=413,
        )
    with _on_disk(upload) as file:
        answer = parsing.examine(file, extension)
    if refusal := REFUSALS.get(answer.verdict):
        raise FileRefused(f"“{name}” {refusal}", status=415)
    if answer.verdict == parsing.UNFINISHED:
        raise FileRefused(
            f"“{name}” could not be checked within {file_parser.seconds(extension)} seconds of "
            f"computing and {file_parser.MEMORY // 1024**3} GB of memory. "
            f"{ANEW.get(extension, ANEW_ELSE)}",
            status=422,
        )
    if answer.verdict == parsing.BUSY:
        raise FileRefused(
            f"“{name}” could not be checked because Foreview is busy right now. "
            "Send it again in a minute.",
            status=503,
        )
    return answer.verdict == file_parser.VALID, answer.notes


@contextmanager
def _on_disk(upload: Any) -> Iterator[BinaryIO]:
    """The upload opened once more: a shared position would mislead the upload's own buffer."""
    if hasattr(upload, "temporary_file_path"):
        with Path(upload.temporary_file_path()).open("rb") as file:
            yield file
    else:
        with tempfile.TemporaryFile() as file:
            shutil.copyfileobj(upload, file)
            file.seek(0)
            yield file


def _is_text(upload: Any) -> bool:
    # The upload stays open when the text view of it goes away.
    text = io.TextIOWrapper(_Borrowed(upload), encoding="utf-8-sig", newline="")
    try:
        while chunk := text.read(CHUNK):
            if file_parser.BINARY_TEXT.search(chunk):
                return False
    except UnicodeDecodeError:
        return False
    finally:
        text.detach()
    return True


class _Borrowed(io.RawIOBase):
    """A readable view of a file that does not close it."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
