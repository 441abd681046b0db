"""Files that are not what they say, that harm who opens them, or that fill a disk; and some good.

Each is (name, content, what becomes of it): ``taken``, the warnings that its readers get, the
word of file_parser for why it is refused, or the status of another refusal. None is kept in
the repository: all are made here.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

import pypdf
from fpdf import FPDF
from PIL import Image
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from reviews import file_parser
from tests.scanner import EICAR

TAKEN, NOT_THIS = "taken", 415
MEGABYTE = 1024 * 1024
HTML = b"<html><script>fetch('/audit/')</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="fetch(1)"/>'
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 200
ELF = b"\x7fELF\x02\x01\x01" + b"\x00" * 200
BINARY = ("pdf", "docx", "xlsx", "pptx", "png", "jpg", "zip")
TEXTUAL = ("md", "txt", "csv", "json")

File = tuple[str, bytes, object]


def pdf(change=None, text="Text"):
    """A PDF of one page, changed by ``change`` of its writer."""
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica")
    paper.cell(text=text)
    if change is None:
        return bytes(paper.output())
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(bytes(paper.output())))
    change(writer)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def picture(kind, size=(8, 8)):
    written = io.BytesIO()
    Image.new("RGB", size, "white").save(written, kind)
    return written.getvalue()


def archive(*entries, method=zipfile.ZIP_DEFLATED):
    """A ZIP of (name or ZipInfo, content)."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return written.getvalue()


MAIN = {
    "docx": ("word/document.xml", "wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
    "pptx": ("ppt/presentation.xml", "presentationml.presentation.main+xml"),
}
OPEN_XML = "application/vnd.openxmlformats-officedocument."


def office(kind, *more, types="", main=""):
    """The smallest document of that kind, with further parts."""
    part, ending = MAIN[kind]
    declared = (
        f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{types}'
        f'<Override PartName="/{part}" ContentType="{main or OPEN_XML + ending}"/></Types>'
    )
    return archive(("[Content_Types].xml", declared), (part, "<document/>"), *more)


def relations(*targets):
    """A part that says what a document fetches: (kind, address)."""
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    rows = "".join(
        f'<Relationship Id="r{number}" Type="{base}{kind}" Target="{target}" '
        'TargetMode="External"/>'
        for number, (kind, target) in enumerate(targets)
    )
    return f"<Relationships>{rows}</Relationships>"


def linked(name, mode):
    """An entry that is no regular file."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


def named(name):
    """A ZIP whose one entry has exactly that name, which zipfile would not write."""
    raw = name.encode()
    stand_in = ("n" * len(raw)).encode()
    return archive((stand_in.decode(), b"text")).replace(stand_in, raw)


def patched(content, offset_in_central, value, form):
    """The ZIP with a number of its first central entry replaced."""
    at = content.index(b"PK\x01\x02") + offset_in_central
    size = struct.calcsize(form)
    return content[:at] + struct.pack(form, value) + content[at + size :]


def overlapping():
    """Two names for the same bytes, as bombs do that need little of them."""
    content = archive(("a.txt", b"x" * 1000), ("b.txt", b"x" * 1000))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    return content[: second + 42] + struct.pack("<I", 0) + content[second + 46 :]


def commented(content, comment):
    """The ZIP with that comment at its end."""
    return content[:-2] + struct.pack("<H", len(comment)) + comment


def longer_than_it_says():
    """Ten bytes by what it says, with their checksum; ten megabytes to a program that unpacks."""
    whole = archive(("a", b"x" * 10 * MEGABYTE))
    for at in (whole.index(b"PK\x01\x02") + 16, 14):
        size = at + 8
        whole = whole[:at] + struct.pack("<I", zlib.crc32(b"x" * 10)) + whole[at + 4 :]
        whole = whole[:size] + struct.pack("<I", 10) + whole[size + 4 :]
    return whole


def nested(depth, content=b"text"):
    for _ in range(depth):
        content = archive(("inner.zip", content))
    return content


def png_claiming(width, height):
    """A PNG with hardly any data that says it is that large."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_claiming(width, height):
    content = picture("JPEG")
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def _opening(writer, kind, **facts):
    action = {NameObject("/S"): NameObject(kind)}
    action |= {NameObject(f"/{name}"): TextStringObject(text) for name, text in facts.items()}
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(DictionaryObject(action))


def _script(writer):
    _opening(writer, "/JavaScript", JS="app.alert(1)")


def _launch(writer):
    _opening(writer, "/Launch", F="cmd.exe")


def _attached(writer):
    writer.add_attachment("inner.txt", b"text")


def _locked(writer):
    writer.encrypt("password", algorithm="RC4-128")


def good() -> Iterator[File]:
    """What a lab sends on an ordinary day."""
    yield "card.pdf", pdf(), TAKEN
    yield "card.md", b"# Card\n", TAKEN
    yield "card.txt", "Größe\n".encode(), TAKEN
    yield "script.txt", b"#!/bin/sh\nrm -rf /\n", TAKEN
    yield "table.csv", b"a,b\n1,2\n", TAKEN
    yield "table.json", b'{"a": 1}', TAKEN
    for kind in MAIN:
        yield f"paper.{kind}", office(kind), TAKEN
    yield "chart.png", picture("PNG"), TAKEN
    yield "chart.jpg", picture("JPEG"), TAKEN
    yield "chart.jpeg", picture("JPEG"), TAKEN
    yield "set.zip", archive(("a/b.txt", b"text"), ("a/c.csv", b"1,2")), TAKEN
    numbers = "".join(f"{number:x}" for number in range(500_000))
    dense = (("a", b"a" * 1_000_000), ("b", numbers), ("empty", b""), ("f/", b""))
    yield "dense.zip", archive(*dense), TAKEN
    yield "stored.zip", archive(("a.txt", b"text"), method=zipfile.ZIP_STORED), TAKEN
    yield "twice.zip", nested(2), TAKEN
    link = relations(("hyperlink", "https://example.com/"))
    yield "link.docx", office("docx", ("word/_rels/document.xml.rels", link)), TAKEN


def disguised() -> Iterator[File]:
    """Whose content is not what the name says."""
    contents = {"html": HTML, "svg": SVG, "exe": EXE, "elf": ELF, "text": b"only text\n"}
    for extension in BINARY:
        for kind, content in contents.items():
            yield f"{kind}.{extension}", content, NOT_THIS
    for extension in TEXTUAL:
        for kind, content in contents.items():
            if kind != "text":
                yield f"{kind}.{extension}", content, NOT_THIS
        for kind, content in {
            "pdf": pdf(),
            "png": picture("PNG"),
            "jpeg": picture("JPEG"),
            "zip": archive(("a", b"b")),
            "rtf": b"{\\rtf1}",
            "postscript": b"%!PS-Adobe",
            "utf16": "text".encode("utf-16"),
            "nul": b"text\x00text",
            "space-html": b"\xef\xbb\xbf \n" + HTML,
        }.items():
            yield f"{kind}.{extension}", content, NOT_THIS
    yield "archive.docx", archive(("a.txt", b"text")), NOT_THIS
    yield "sheet.docx", office("xlsx"), NOT_THIS
    yield "archive.pdf", archive(("a.txt", b"text")), NOT_THIS
    yield "paper.zip.exe", EXE, NOT_THIS
    never = ("html", "svg", "xml", "docm", "xlsm", "exe", "js", "tar", "gz", "7z", "safetensors")
    for extension in never:
        yield f"file.{extension}", b"text", NOT_THIS
    yield "none", b"text", NOT_THIS
    yield "empty.txt", b"", 400


def polyglots() -> Iterator[File]:
    """Two files in one."""
    packed = archive(("a.html", HTML * 100))
    yield "pdf-zip.pdf", pdf() + packed, NOT_THIS
    yield "pdf-html.pdf", pdf() + HTML * 100, NOT_THIS
    yield "html-pdf.pdf", HTML + pdf(), NOT_THIS
    for kind, extension in (("PNG", "png"), ("JPEG", "jpg")):
        yield f"zip.{extension}", picture(kind) + packed, NOT_THIS
        yield f"html.after.{extension}", picture(kind) + HTML, NOT_THIS
    yield "gif.png", b"GIF89a" + picture("PNG"), NOT_THIS
    yield "program.zip", EXE + packed, NOT_THIS
    end = b"IEND\xaeB`\x82"
    yield "behind.png", picture("PNG") + commented(packed, b"\x00\x00\x00\x00" + end), NOT_THIS
    yield "behind.jpg", picture("JPEG") + commented(packed, b"\xff\xd9"), NOT_THIS
    yield "behind.pdf", pdf() + commented(packed, b"%%EOF"), NOT_THIS
    yield "behind.zip", packed + HTML, file_parser.LYING


def bombs() -> Iterator[File]:
    """What is small and unpacks to much."""
    yield "flat.zip", archive(("zeros", b"\x00" * 64 * MEGABYTE)), file_parser.TOO_DENSE
    yield (
        "flat.docx",
        office("docx", ("word/media/zeros", b"\x00" * 64 * MEGABYTE)),
        file_parser.TOO_DENSE,
    )
    inner = archive(("zeros", b"\x00" * 16 * MEGABYTE))
    yield "nested.zip", nested(2, inner), file_parser.TOO_DENSE
    yield "deep.zip", nested(6), file_parser.TOO_DEEP
    yield "overlapping.zip", overlapping(), file_parser.LYING
    yield "many.zip", archive(*((f"{n}", b"") for n in range(100_000))), file_parser.TOO_MANY
    parts = archive(*((f"{n}", b"") for n in range(6000)))
    yield "many-nested.zip", archive(("a.zip", parts), ("b.zip", parts)), file_parser.TOO_MANY
    yield "says-less.zip", patched(archive(("a", b"x" * 1000)), 24, 10, "<I"), file_parser.LYING
    yield (
        "says-more.zip",
        patched(archive(("a", b"x" * 1000)), 24, 2**31, "<I"),
        file_parser.TOO_DENSE,
    )
    yield "says-ten.zip", longer_than_it_says(), file_parser.LYING
    yield "deepest.zip", nested(4), TAKEN
    yield "too-deep.zip", nested(5), file_parser.TOO_DEEP
    yield (
        "method.zip",
        archive(("a", b"x" * 99), method=zipfile.ZIP_BZIP2),
        file_parser.OTHER_ARCHIVE,
    )
    yield "checksum.zip", patched(archive(("a", b"x" * 1000)), 16, 1, "<I"), file_parser.LYING
    yield "wide.png", png_claiming(50_000, 50_000), file_parser.TOO_MANY_PIXELS
    yield "wide.jpg", jpeg_claiming(65_000, 65_000), file_parser.TOO_MANY_PIXELS


def archives() -> Iterator[File]:
    """What harms whoever unpacks it."""
    names = {
        "traversal": "../../etc/passwd",
        "inside": "a/../../b",
        "absolute": "/etc/passwd",
        "drive": "C:/windows/a",
        "backslash": "..\\..\\a",
        "crlf": "a\r\nb",
        "nul": "a\x00.txt",
        "right-to-left": "fdp\u202eexe",
        "long": "n" * 4096,
        "dot": "./a",
        "double": "a//b",
        "escape": "a\x1b[2J",
    }
    for what, name in names.items():
        yield f"{what}.zip", named(name), file_parser.PATH
    yield "same.zip", archive(("a.txt", b"1"), ("A.TXT", b"2")), file_parser.PATH
    yield "link.zip", archive((linked("a", 0o120777), b"/etc/passwd")), file_parser.LINK
    yield "fifo.zip", archive((linked("a", 0o010644), b"")), file_parser.LINK
    yield "device.zip", archive((linked("a", 0o020644), b"")), file_parser.LINK
    locked = patched(archive(("a", b"text")), 8, 1, "<H")
    yield "locked.zip", locked, file_parser.ENCRYPTED
    yield "locked-inside.zip", archive(("b.zip", locked)), file_parser.ENCRYPTED
    yield "empty.zip", archive(), NOT_THIS
    for kind, head in {
        "gz": b"\x1f\x8b\x08\x00",
        "bz2": b"BZh9",
        "xz": b"\xfd7zXZ\x00",
        "7z": b"7z\xbc\xaf\x27\x1c",
        "rar": b"Rar!\x1a\x07\x00",
        "zst": b"\x28\xb5\x2f\xfd",
        "cab": b"MSCF",
        "tar": b"\x00" * 257 + b"ustar",
    }.items():
        yield f"{kind}.zip", archive((f"a.{kind}", head + b"\x00" * 100)), file_parser.OTHER_ARCHIVE
    yield "cut.zip", archive(("a", b"text"))[:-10], NOT_THIS
    yield "traversal.docx", office("docx", ("../evil", b"x")), file_parser.PATH


def active() -> Iterator[File]:
    """What runs or fetches when it is opened: taken, and its readers are warned."""
    for kind, folder in (("docx", "word"), ("xlsx", "xl"), ("pptx", "ppt")):
        yield f"macro.{kind}", office(kind, (f"{folder}/vbaProject.bin", b"code")), "macros"
        away = (f"{folder}/_rels/a.xml.rels", relations(("attachedTemplate", "//host/a.dotm")))
        yield f"outside.{kind}", office(kind, away), "outside"
        inside = (f"{folder}/embeddings/a.bin", b"object")
        yield f"embedded.{kind}", office(kind, inside), "embedded"
    sheet = ("xl/macrosheets/sheet1.xml", "<sheet/>")
    yield "old-macro.xlsx", office("xlsx", sheet), "macros"
    yield "control.docx", office("docx", ("word/activeX/a.bin", b"x")), "macros"
    word = "application/vnd.ms-word.document.macroEnabled.main+xml"
    yield "docm.docx", office("docx", main=word), NOT_THIS
    yield "entity.docx", office("docx", types="<!ENTITY a 'b'>"), NOT_THIS
    yield "bad-xml.docx", office("docx", types="<open>"), NOT_THIS
    yield "script.pdf", pdf(_script), "javascript"
    yield "launch.pdf", pdf(_launch), "javascript"
    yield "attached.pdf", pdf(_attached), "embedded"
    yield "locked.pdf", pdf(_locked), file_parser.ENCRYPTED
    whole = pdf()
    yield "cut.pdf", whole[: len(whole) // 2], NOT_THIS
    yield "head.pdf", b"%PDF-1.7\n%%EOF\n", NOT_THIS
    yield "cut.png", picture("PNG")[:-20], NOT_THIS
    yield "cut.jpg", picture("JPEG")[:-20], NOT_THIS
    yield "wrong.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, NOT_THIS


def infected() -> Iterator[File]:
    """What only the scanner can tell: taken, and in quarantine a moment later."""
    yield "eicar.txt", EICAR, TAKEN
    yield "eicar.zip", archive(("a.txt", EICAR)), TAKEN
    yield "eicar-nested.zip", nested(2, archive(("a.txt", EICAR))), TAKEN
    yield "eicar.docx", office("docx", ("word/media/a.txt", EICAR)), TAKEN

    def attach(writer):
        writer.add_attachment("a.txt", EICAR)

    yield "eicar.pdf", pdf(attach), "embedded"


KINDS = (good, disguised, polyglots, bombs, archives, active, infected)


def corpus() -> list[tuple[str, str, bytes, object]]:
    """Every file, with the kind that it is of."""
    return [(kind.__name__, *file) for kind in KINDS for file in kind()]
