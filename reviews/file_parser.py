"""The program that parses one uploaded file, in a process of its own that its limits end.

``services/parsing.py`` starts it. It knows nothing of the portal, gets none of its environment
and writes no file: archives are looked through as they stream past.
"""

import contextlib
import csv
import io
import json
import os
import re
import resource
import stat
import struct
import sys
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

VALID, ENCRYPTED, CONTRADICTION = "valid", "encrypted", "contradiction"
# Why an archive is not taken, by what it holds or does.
TOO_MANY, TOO_LARGE, TOO_DENSE, TOO_DEEP = "too_many", "too_large", "too_dense", "too_deep"
LINK, PATH, OTHER_ARCHIVE, LYING = "link", "path", "other_archive", "lying"
TOO_MANY_PIXELS = "too_many_pixels"  # of a picture
# What readers are warned of.
MACROS, JAVASCRIPT, EMBEDDED, OUTSIDE = "macros", "javascript", "embedded", "outside"

MEMORY = 1024**3
CPU_SECONDS = {"zip": 30, "docx": 15, "xlsx": 15, "pptx": 15}
CPU_SECONDS_ELSE = 5
LINES = 60
LONGEST_PAGE = 100_000
# Every binary format other than those with a signature has one of these; text has none.
BINARY_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

MOST_ENTRIES = 10_000
MOST_EXPANDED = 4 * 1024**3
MOST_NESTED = 64 * 1024**2  # of an archive in an archive, which is held in memory
DEEPEST = 3
DENSEST, DENSE_FROM = 200, 1024**2
LONGEST_NAME = 1024
MOST_BETWEEN = 24  # bytes of a size and checksum that follow what they are of
MOST_PIXELS = 100_000_000
PIECE = 256 * 1024
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
OTHER_ARCHIVES = (
    *(b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd"),
    *(b"MSCF", b"\x60\xea", b"\x1f\x9d"),
)
OFFICE = {
    "docx": "wordprocessingml.document.main+xml",
    "xlsx": "spreadsheetml.sheet.main+xml",
    "pptx": "presentationml.presentation.main+xml",
}
# Seconds of computing for the search for scripts in a PDF's compressed objects.
SEARCHING = 2.0
SCRIPT = re.compile(rb"/(?:JavaScript|JS|Launch)\b")
ATTACHED = re.compile(rb"/EmbeddedFiles?\b")


class Refused(Exception):
    """An archive is not taken; the first argument says why."""


def examine(file: BinaryIO, kind: str) -> dict[str, Any]:
    """What the content of ``file`` is, and what to warn readers of. Raises MemoryError only."""
    notes: set[str] = set()
    try:
        verdict = _PARSERS[kind](file, notes)
    except MemoryError:
        raise
    except Refused as refusal:
        verdict = refusal.args[0]
    except Exception:  # a parser of hostile bytes may raise anything
        verdict = CONTRADICTION
    return {"verdict": verdict, "notes": sorted(notes)}


def _pdf(file: BinaryIO, notes: set[str]) -> str:
    import pypdf  # only the program pays for it

    document = pypdf.PdfReader(file, strict=False)
    if document.is_encrypted:
        return ENCRYPTED
    if not len(document.pages) or _continues(file):
        return CONTRADICTION
    _search(document, file, notes)
    return VALID


def _continues(file: BinaryIO) -> bool:
    """Whether more follows the PDF's end than readers of PDF allow, or a ZIP ends there, too."""
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - 65_557))  # a ZIP's end and the longest comment after it
    end = file.read()
    return b"%%EOF" not in end[-1024:] or b"PK\x05\x06" in end


def _search(document: Any, file: BinaryIO, notes: set[str]) -> None:
    """Notes scripts and attachments, of compressed objects those that there is time to read."""
    found = {SCRIPT: JAVASCRIPT, ATTACHED: EMBEDDED}
    file.seek(0)
    end = b""
    while data := file.read(PIECE):
        notes.update(note for pattern, note in found.items() if pattern.search(end + data))
        end = data[-32:]
    until = time.process_time() + SEARCHING
    for number in document.xref_objStm:
        if time.process_time() > until:
            return
        with contextlib.suppress(Exception):
            text = repr(document.get_object(number)).encode(errors="replace")
            notes.update(note for pattern, note in found.items() if pattern.search(text))


def _json(file: BinaryIO, notes: set[str]) -> str:
    json.load(_text(file))
    return VALID


def _csv(file: BinaryIO, notes: set[str]) -> str:
    for row in csv.reader(_text(file), strict=True):
        if any(map(BINARY_TEXT.search, row)):
            return CONTRADICTION
    return VALID


def _text(file: BinaryIO) -> Any:
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _image(kind: str) -> Any:
    def parse(file: BinaryIO, notes: set[str]) -> str:
        from PIL import Image  # only the program pays for it

        Image.MAX_IMAGE_PIXELS = None  # asked below, in our own words
        with Image.open(file, formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS:
                return TOO_MANY_PIXELS
            image.load()
        # Nothing may follow the picture: a second file would hide there.
        file.seek(0)
        content = file.read()
        return VALID if _ends(content) == len(content) else CONTRADICTION

    return parse


def _ends(content: bytes) -> int:
    """Where the picture ends, which begins at the start. Raises whatever a damaged one causes."""
    if content.startswith(b"\x89PNG"):
        at = 8
        while True:
            (length,), kind = struct.unpack_from(">I", content, at), content[at + 4 : at + 8]
            at += 12 + length
            if kind == b"IEND":
                return at
    at = 2
    while True:
        marker = content[at + 1]
        if content[at] != 0xFF:
            raise ValueError("No marker of a JPEG.")
        if marker == 0xD9:
            return at + 2
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
        if marker == 0xDA:  # the picture itself, up to the next marker that is none of its own
            at = JPEG_MARKER.search(content, at).start()


class _Looking:
    """One look through an archive and those in it: what all of them together hold."""

    def __init__(self) -> None:
        self.entries = self.expanded = 0

    def through(self, file: BinaryIO, depth: int = 0) -> zipfile.ZipFile:
        """The archive, every byte of which was unpacked and agreed. Raises Refused."""
        if depth > DEEPEST:
            raise Refused(TOO_DEEP)
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
        self.entries += len(entries)
        if self.entries > MOST_ENTRIES:
            raise Refused(TOO_MANY)
        _require_names(entries)
        _require_places(entries, archive)
        self.expanded += sum(entry.file_size for entry in entries)
        if self.expanded > MOST_EXPANDED:
            raise Refused(TOO_LARGE)
        for entry in entries:
            self._entry(archive, entry, depth)
        return archive

    def _entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> None:
        if entry.flag_bits & 0x1:
            raise Refused(ENCRYPTED)
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(LINK)
        if entry.file_size > DENSE_FROM and entry.file_size > DENSEST * entry.compress_size:
            raise Refused(TOO_DENSE)
        pieces = _unpacked(archive.fp, entry)
        head = next(pieces, b"")
        if head.startswith(OTHER_ARCHIVES) or head[257:262] == b"ustar":
            raise Refused(OTHER_ARCHIVE)
        if head.startswith(b"PK\x03\x04"):
            if entry.file_size > MOST_NESTED:
                raise Refused(TOO_LARGE)
            self.through(io.BytesIO(head + b"".join(pieces)), depth + 1)
        for _ in pieces:
            pass


def _unpacked(file: Any, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's content, piece by piece. Raises Refused when it is not what was announced.

    The library stops where the entry says that it ends, which is where a lie would begin.
    """
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(OTHER_ARCHIVE)
    stored = entry.compress_type == zipfile.ZIP_STORED
    inflating = None if stored else zlib.decompressobj(-zlib.MAX_WBITS)
    file.seek(_data_of(file, entry))
    left, size, checksum = entry.compress_size, 0, 0
    while True:
        packed = inflating.unconsumed_tail if inflating else b""
        if not packed and left:
            packed = file.read(min(PIECE, left))
            left -= len(packed)
        try:
            data = inflating.decompress(packed, PIECE) if inflating else packed
        except zlib.error:
            raise Refused(LYING) from None
        size, checksum = size + len(data), zlib.crc32(data, checksum)
        if size > entry.file_size or (inflating and inflating.unused_data):
            raise Refused(LYING)
        if not data and not packed:
            break
        if data:
            yield data
    if size != entry.file_size or checksum != entry.CRC or (inflating and not inflating.eof):
        raise Refused(LYING)


def _data_of(file: Any, entry: zipfile.ZipInfo) -> int:
    """Where the entry's bytes begin. Raises Refused without its own header there."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise Refused(LYING)
    name, more = struct.unpack_from("<HH", header, 26)
    return entry.header_offset + 30 + name + more


def _require_names(entries: list[zipfile.ZipInfo]) -> None:
    """Nothing, when each name stays inside a folder that it is unpacked to, and is shown as is."""
    seen = set()
    for entry in entries:
        name = entry.orig_filename
        parts = name.rstrip("/").split("/")
        if (
            not name.rstrip("/")
            or len(name) > LONGEST_NAME
            or "\\" in name
            or ":" in parts[0]
            or {"", ".", ".."}.intersection(parts)
            or any(unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") for one in _shown(entry))
            or name.casefold() in seen
        ):
            raise Refused(PATH)
        seen.add(name.casefold())


def _shown(entry: zipfile.ZipInfo) -> str:
    """The name in each way in which programs show it: without the flag some read UTF-8, too."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name += name.encode("cp437").decode()
    return name


def _require_places(entries: list[zipfile.ZipInfo], archive: zipfile.ZipFile) -> None:
    """Nothing, when the entries stand in the file from its start to its end and share no byte."""
    after = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if not after <= entry.header_offset <= after + MOST_BETWEEN * bool(after):
            raise Refused(LYING)
        after = _data_of(archive.fp, entry) + entry.compress_size
    room = after <= archive.start_dir <= after + MOST_BETWEEN
    if not entries or not room or len(archive.comment) > LONGEST_NAME:
        raise Refused(LYING)
    archive.fp.seek(-22 - len(archive.comment), io.SEEK_END)
    if archive.fp.read(4) != b"PK\x05\x06":  # more follows the archive's end
        raise Refused(LYING)


def _zip(file: BinaryIO, notes: set[str]) -> str:
    _Looking().through(file)
    return VALID


def _office(kind: str) -> Any:
    def parse(file: BinaryIO, notes: set[str]) -> str:
        archive = _Looking().through(file)
        names = archive.namelist()
        types = _xml(archive, "[Content_Types].xml")
        main = [one.get("ContentType", "") for one in types]
        if not any(one.endswith(OFFICE[kind]) for one in main):
            return CONTRADICTION
        if any(re.search(r"vbaProject\.bin$|/macrosheets/|/activeX/", name) for name in names):
            notes.add(MACROS)
        if any("/embeddings/" in name for name in names):
            notes.add(EMBEDDED)
        for name in names:
            if name.endswith(".rels"):
                for one in _xml(archive, name):
                    away = one.get("TargetMode") == "External"
                    if away and not one.get("Type", "").endswith("/hyperlink"):
                        notes.add(OUTSIDE)
        return VALID

    return parse


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    """A part of the document; a definition of its own in it makes it none."""
    from xml.etree import ElementTree

    text = archive.read(name)
    if b"<!" in text.replace(b"<!--", b""):
        raise Refused(CONTRADICTION)
    return ElementTree.fromstring(text)  # noqa: S314 - no definitions, and limits end us


def read(file: BinaryIO, kind: str, number: int) -> dict[str, Any]:
    """That page. Raises whatever a parser may raise."""
    if kind == "pdf":
        import pypdf  # only the program pays for it

        pages = pypdf.PdfReader(file, strict=False).pages
        count = len(pages)
        number = min(number, count)
        text = pages[number - 1].extract_text()
    else:
        lines = _text(file).read().splitlines()
        count = max(1, -(-len(lines) // LINES))
        number = min(number, count)
        text = "\n".join(lines[(number - 1) * LINES : number * LINES])
    # A surrogate, which a PDF may name, is no character: the answer could not be written.
    text = text[:LONGEST_PAGE].encode(errors="replace").decode()
    return {"number": number, "count": count, "text": text}


_PARSERS = {
    "pdf": _pdf,
    "json": _json,
    "csv": _csv,
    "png": _image("PNG"),
    "jpg": _image("JPEG"),
    "jpeg": _image("JPEG"),
    "zip": _zip,
    **{kind: _office(kind) for kind in OFFICE},
}


def seconds(kind: str) -> int:
    """So much computing may the parsing of that kind take."""
    return CPU_SECONDS.get(kind, CPU_SECONDS_ELSE)


def _limit(kind: str) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, seconds(kind)),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    with contextlib.suppress(OSError):
        os.nice(10)


if __name__ == "__main__":
    kind, *page = sys.argv[1:]
    _limit(kind)
    answer = read(sys.stdin.buffer, kind, int(page[0])) if page else examine(sys.stdin.buffer, kind)
    # The answer may hold any character, and standard output is for bytes anyway.
    sys.stdout.write(json.dumps(answer))
