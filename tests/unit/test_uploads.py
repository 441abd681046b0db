"""reviews/uploads.py: name, first bytes and content must agree; names are for display only."""

import io
import threading
import time
import unicodedata
import zlib

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews import file_parser, uploads
from reviews.exceptions import FileRefused
from reviews.services import parsing

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 64
ZIP = b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\x00" * 64
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="run()"/>'
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """How long a parser takes on a machine that does other things says nothing of the file."""
    monkeypatch.setattr(parsing, "SECONDS", 1800)


def pdf(*, password=None):
    """A PDF of one blank page."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def encrypted_pdf(handler):
    """A PDF of one page with that encryption dictionary; nothing in it is really encrypted."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        handler,
    ]
    content, offsets = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in offsets)
    return (
        content
        + b"xref\n0 5\n%s" % table
        + b"trailer\n<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [<00> <00>] >>\n"
        + b"startxref\n%d\n%%%%EOF\n" % len(content)
    )


def zeros(count):
    return b"<" + b"00" * count + b">"


AES_256 = (
    b"<< /Filter /Standard /V 5 /R 6 /Length 256 /P -4 /O %s /U %s /OE %s /UE %s /Perms %s "
    b"/CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /StmF /StdCF /StrF /StdCF >>"
    % (zeros(48), zeros(48), zeros(32), zeros(32), zeros(16))
)


def inspect(name, content):
    """What ``uploads.inspect`` says of a file with that content."""
    return uploads.inspect(SimpleUploadedFile("upload", content), name).content_type


def refusal(name, content):
    """The refusal of a file with that content."""
    with pytest.raises(FileRefused) as caught:
        inspect(name, content)
    return caught.value


TAKEN = {
    "pdf": ("card.pdf", pdf(), "application/pdf"),
    "capitals": ("CARD.PDF", pdf(), "application/pdf"),
    "markdown": ("card.v2.md", "# Card\n\nResults: 4 µs.\n".encode(), "text/markdown"),
    "markdown with tags": ("card.md", b"Costs <b>less</b> than before.\n", "text/markdown"),
    "a version": ("card.md", b"VERSION 2 of the model card\n", "text/markdown"),
    "a function": ("card.md", b"function calling was on in each run\n", "text/markdown"),
    "text": ("notes.txt", b"Plain.\n", "text/plain"),
    "text with a mark": ("notes.txt", b"\xef\xbb\xbfWith a byte order mark.\n", "text/plain"),
    "text from Windows": ("notes.txt", b"line\r\nline\r\n", "text/plain"),
    "long text": ("long.txt", b"x" * (3 * MEGABYTE), "text/plain"),
    "csv": ("scores.csv", b'model,score\r\n"one, two",3\r\n', "text/csv"),
    "json": ("scores.json", b'{"scores": [1, 2.5, null]}', "application/json"),
    "empty list": ("scores.json", b"[]", "application/json"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_taken(case):
    name, content, content_type = TAKEN[case]
    assert inspect(name, content) == content_type


@pytest.mark.parametrize(
    "name",
    [
        "page.html",
        "drawing.svg",
        "run.exe",
        "card.docm",
        "card.pdf.rar",
        "card",
        "pdf",
        "",
        "a.",
        ".",
    ],
)
def test_a_kind_that_is_never_taken(name):
    refused = refusal(name, pdf())
    assert refused.status == 415
    assert "not a kind of file that can be uploaded" in str(refused)


CONTRADICTIONS = {
    "text as pdf": ("card.pdf", b"Not a PDF.\n"),
    "png as pdf": ("card.pdf", PNG),
    "pdf after a line": ("card.pdf", b"\n" + pdf()),
    "pdf after markup": ("card.pdf", b"<html>" + pdf()),
    "only the first bytes of a pdf": ("card.pdf", b"%PDF-1.7\n"),
    "half a pdf": ("card.pdf", pdf()[: len(pdf()) // 2]),
    "pdf without its end": ("card.pdf", pdf()[:-20]),
    "pdf with a password": ("card.pdf", pdf(password="a password")),
    "pdf with a password, AES": ("card.pdf", encrypted_pdf(AES_256)),
    "pdf with another handler": (
        "card.pdf",
        encrypted_pdf(b"<< /Filter /Another.Handler /V 1 /R 2 /P -4 >>"),
    ),
    # Markup that a browser would run.
    "html": ("card.md", b"<html><body>x</body></html>"),
    "doctype": ("card.md", b"<!DOCTYPE html>"),
    "html after blanks": ("card.md", b"\xef\xbb\xbf \r\n\t<HTML>"),
    "html after a form feed": ("card.md", b"\x0c<html>"),
    "script": ("card.md", b"<script>run()</script>"),
    "body": ("card.md", b"<body onload=run()>"),
    "svg": ("card.txt", SVG),
    "svg after a comment": ("card.txt", b"<!-- x -->" + SVG),
    "svg after a declaration": ("card.txt", b"<?xml version='1.0'?>" + SVG),
    "svg as csv": ("card.csv", SVG),
    "html as json": ("card.json", b"<html>"),
    # Other formats under a text's name.
    "zip as text": ("card.txt", ZIP),
    "zip as csv": ("card.csv", ZIP),
    "png as markdown": ("card.md", PNG),
    "pdf as text": ("card.txt", pdf()),
    # Not text.
    "nul": ("card.txt", b"a\x00b"),
    "nul, late": ("card.md", b"x" * (3 * MEGABYTE) + b"\x00"),
    "nul in csv": ("card.csv", b"a,b\n1,\x002\n"),
    "nul in json": ("card.json", b'{"a": "\x00"}'),
    "latin-1": ("card.txt", "café".encode("latin-1")),
    "latin-1, late": ("card.txt", b"x" * (3 * MEGABYTE) + b"\xe9"),
    "cp1252 in csv": ("card.csv", "naïve,1".encode("cp1252")),
    "utf-16": ("card.txt", "text".encode("utf-16")),
    # Not what the extension promises.
    "bad json": ("card.json", b"{not json}"),
    "two jsons": ("card.json", b"{} {}"),
    "blank json": ("card.json", b" "),
    "deep json": ("card.json", b"[" * 100_000),
    "csv with an open quote": ("card.csv", b'a,"b\n'),
    "csv with a vast cell": ("card.csv", b"a," + b"x" * 200_000),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_content_that_contradicts_the_name(case):
    name, content = CONTRADICTIONS[case]
    refused = refusal(name, content)
    assert refused.status == 415
    assert name in str(refused)


def test_an_empty_file():
    refused = refusal("card.md", b"")
    assert (refused.status, "is empty" in str(refused)) == (400, True)


def test_the_limit_is_inside(settings):
    settings.DOCUMENT_MAX_BYTES = MEGABYTE
    assert inspect("card.txt", b"x" * MEGABYTE) == "text/plain"
    refused = refusal("card.txt", b"x" * (MEGABYTE + 1))
    assert (refused.status, "larger than 1 MB" in str(refused)) == (413, True)


def test_the_file_is_left_open_at_its_start():
    for name, content in [
        ("a.pdf", pdf()),
        ("a.txt", b"text"),
        ("a.csv", b"1,2"),
        ("a.json", b"1"),
    ]:
        upload = SimpleUploadedFile("upload", content)
        upload.seek(1)
        uploads.inspect(upload, name)
        assert (upload.closed, upload.tell(), upload.read()) == (False, 0, content)


@settings(deadline=None, database=None, derandomize=True, max_examples=150)
@given(data=st.data())
def test_a_damaged_pdf_is_taken_or_refused_and_nothing_else(data):
    content = bytearray(pdf())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 20))
        content[start : start + length] = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"<<", b"[[[", b"/Kids [1 0 R]", b"/Encrypt 1 0 R", b"-1", b"("]),
            )
        )
    outcome = file_parser.examine(io.BytesIO(content), "pdf")["verdict"]
    assert outcome in (file_parser.VALID, file_parser.ENCRYPTED, file_parser.CONTRADICTION)


def object_stream_bomb():
    """A PDF of 32 KB with no table, whose object stream lists eight million objects."""
    data = zlib.compress(b"1 0 " * (8 * MEGABYTE), 9)
    return (
        b"%%PDF-1.7\n1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode "
        b"/Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (len(data), data)
        + b"trailer\n<< /Root 2 0 R /Size 4 >>\nstartxref\n0\n%%EOF\n"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [("card.pdf", object_stream_bomb()), ("scores.csv", b"," * (192 * MEGABYTE))],
    ids=["objects", "cells"],
)
def test_parsing_without_an_end_is_ended(name, content):
    begun = time.process_time()
    refused = refusal(name, content)
    limits = "could not be checked within 5 seconds of computing and 1 GB of memory"
    assert (refused.status, limits in str(refused)) == (422, True)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("shortage", ["SECONDS", "SECONDS_FOR_A_PLACE"])
def test_a_busy_machine_is_not_the_files_fault(shortage, monkeypatch):
    monkeypatch.setattr(parsing, shortage, 0.001)
    if shortage == "SECONDS_FOR_A_PLACE":
        monkeypatch.setattr(parsing, "_places", threading.BoundedSemaphore(1))
        parsing._places.acquire()
    refused = refusal("card.pdf", pdf())
    assert refused.status == 503
    assert "busy right now. Send it again in a minute." in str(refused)


def test_the_parser_gets_no_secrets(monkeypatch):
    given = []
    run = parsing.subprocess.run
    monkeypatch.setattr(
        parsing.subprocess, "run", lambda *a, **k: given.append(k["env"]) or run(*a, **k)
    )
    assert inspect("card.pdf", pdf()) == "application/pdf"
    assert given == [{}]


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("card.pdf", "card.pdf"),
        ("Übersicht 2.pdf", "Übersicht 2.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("/etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\windows\\card.pdf", "card.pdf"),
        ("C:\\Users\\card.pdf", "card.pdf"),
        ("folder/", "folder"),
        (" card.pdf ", "card.pdf"),
        ("card\x00.pdf", "card.pdf"),
        ("card\r\nSet-Cookie: x.pdf", "cardSet-Cookie: x.pdf"),
        ("card\x85\x7f\x1b.pdf", "card.pdf"),
        ("card\u2028\u2029.pdf", "card.pdf"),
        ("fdp\u202egnp.pdf", "fdpgnp.pdf"),
        ("a\u200b\u2066b\ufeff.pdf", "ab.pdf"),
        ("a\ud800b.pdf", "ab.pdf"),
        ("", "document"),
        (".", "document"),
        ("..", "document"),
        ("...", "document"),
        ("/", "document"),
        ("\u200b", "document"),
    ],
)
def test_a_name_shows_no_folder_and_no_control_character(name, shown):
    assert uploads.display_name(name) == shown


@pytest.mark.parametrize("length", [250, 251, 252, 4096])
def test_a_long_name_keeps_its_extension(length):
    shown = uploads.display_name("x" * length + ".pdf")
    assert shown == "x" * min(length, 251) + ".pdf"


@pytest.mark.parametrize(
    "name", ["x" * 4096, "x." + "y" * 4096, "." * 4096, "x" * 300 + "." + "y" * 300]
)
def test_a_name_has_at_most_255_characters(name):
    assert 1 <= len(uploads.display_name(name)) <= 255


@settings(deadline=None, database=None, derandomize=True, max_examples=200)
@given(name=st.text(max_size=600))
def test_any_name_can_be_shown(name):
    shown = uploads.display_name(name)
    assert 1 <= len(shown) <= 255
    assert "/" not in shown
    assert "\\" not in shown
    assert not {unicodedata.category(character) for character in shown} & {
        *("Cc", "Cf", "Cn", "Co", "Cs"),
        *("Zl", "Zp"),
    }
    assert uploads.display_name(shown) == shown


# Streaming


class Request:
    """What the upload handler marks."""

    upload_too_large = False


def test_streaming_stops_at_the_limit(settings):
    settings.FORM_FILE_MAX_BYTES = 10
    handler = uploads.LimitedUploadHandler(Request())
    handler.new_file("upload", "card.txt", "text/plain", 0)
    handler.receive_data_chunk(b"x" * 10, 0)
    assert handler.request.upload_too_large is False
    with pytest.raises(StopUpload):
        handler.receive_data_chunk(b"x", 10)
    assert handler.request.upload_too_large is True
    assert handler.file.closed
