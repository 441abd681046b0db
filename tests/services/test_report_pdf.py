"""The PDF of reports and letters: tagged, and the same bytes always."""

import hashlib
import itertools

import pdfua
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from reviews.models import PreliminaryLetter, Report
from reviews.services import report_content, report_pdf
from tests.pdf_structure import Structure
from tests.services.issued_documents import concluded, issued_letter, rendered, under_review

LONG = "A summary of several pages, in plain words.\n\n" * 150

pytestmark = pytest.mark.once


@pytest.fixture
def submission(people):
    return under_review(people)


@pytest.fixture
def documents(people, submission):
    """A letter, and a report of several pages, as PDF."""
    letter = report_pdf.letter(issued_letter(submission, people))
    report = report_pdf.report(concluded(submission, people, summary=LONG))
    return {"letter": letter, "report": report}


# Accessible


def test_the_checker_of_accessibility_finds_nothing(documents, tmp_path, capsys):
    for name, pdf in documents.items():
        file = tmp_path / pdf.name
        file.write_bytes(pdf.file)
        found = pdfua.validate(file)
        with capsys.disabled():
            print(f"\npdfua on the {name}: {len(found.findings)} findings")
        assert [str(one) for one in found.findings] == []


def test_it_says_what_it_is(documents, submission):
    for name, title in (
        ("letter", "Preliminary-issues letter"),
        ("report", "Report to the lab"),
    ):
        pdf = Structure(documents[name].file)
        assert pdf.catalog["/MarkInfo"]["/Marked"]
        assert pdf.catalog["/Lang"] == "en-US"
        assert pdf.catalog["/ViewerPreferences"]["/DisplayDocTitle"]
        assert pdf.reader.metadata["/Title"] == f"{title}, {submission.reference}"
        xmp = pdf.reader.xmp_metadata.stream.get_data().decode()
        assert 'pdfuaid:part="1"' in xmp
        assert documents[name].name == f"{submission.reference}-{name}.pdf"


def test_its_headings_descend_one_by_one(documents):
    for pdf in documents.values():
        levels = [int(one["/S"][2:]) for one in Structure(pdf.file).of("H1", "H2", "H3", "H4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        assert levels.count(2) >= 3


def test_every_header_cell_says_what_it_heads_and_every_other_has_headers(documents):
    for pdf in documents.values():
        structure = Structure(pdf.file)
        scopes = [one["/A"]["/Scope"] for one in structure.of("TH")]
        assert set(scopes) == {"/Row", "/Column"}
        assert scopes.count("/Column") == 3
        assert structure.of("TD") != []
        assert all(one["/A"]["/Headers"] for one in structure.of("TD"))
        assert len(structure.of("Caption")) == len(structure.of("Table")) >= 3


def test_all_content_is_in_the_tree_or_an_artifact(documents):
    for pdf in documents.values():
        structure = Structure(pdf.file)
        drawn = set(structure.drawn())
        assert "" not in {mark for _, mark in drawn}
        in_tree = {(number, mark) for number, mark in drawn if mark is not None}
        assert in_tree == structure.marked() == structure.mapped()
        assert len(in_tree) > 30
    assert "Page 2 of" in Structure(documents["report"].file).text()


def test_all_fonts_are_embedded_and_no_other(documents):
    for pdf in documents.values():
        fonts = list(Structure(pdf.file).fonts())
        assert all("/FontFile2" in font for font in fonts)
        names = {str(font["/FontFamily"]) for font in fonts}
        assert {"Report Sans"} <= names <= {"Report Sans", "Report Fallback"}


def test_it_shows_the_log_s_head_and_its_own_hash(documents):
    for name, model in (("letter", PreliminaryLetter), ("report", Report)):
        content = model.objects.get().content
        text = Structure(documents[name].file).text()
        for shown in (
            f"Audit head SHA-256 {content['audit_head']['sha256']}",
            f"Content SHA-256 {report_content.sha256(content)}",
        ):
            assert shown in text
        assert "position" not in text.partition("Record")[2]  # it counts what everybody did


# The same bytes


def test_blank_lines_are_printed_as_one(people, submission):
    concluded(submission, people, response="a" + "\n" * 15_000 + "b")
    report = Report.objects.get()
    html = report_pdf.page("report", report.content, AT, {"response": report.response})
    assert len(html) < 15_000


def test_the_same_report_is_the_same_bytes(people, submission, move_clock):
    report = concluded(submission, people)
    first = report_pdf.report(report)
    move_clock(submission.closes_at.replace(year=2028))
    for person in User.objects.all():
        person.name = "Renamed"
        person.save()
    with timezone.override("Asia/Tokyo"):
        again = report_pdf.report(Report.objects.get())
    assert again.file == first.file
    assert first.sha256 == hashlib.sha256(first.file).hexdigest()


def test_no_process_zone_seed_or_date_is_in_the_bytes(people, submission, monkeypatch, tmp_path):
    """The renderer by itself, as another process of another day elsewhere would run it."""
    tasks = []
    monkeypatch.setattr(report_pdf, "_run", lambda **task: tasks.append(task) or b"")
    report_pdf.report(concluded(submission, people))
    faked = next(settings.PDF_ROOT.parent.glob("tests/usr/lib/*/faketime/libfaketime.so.1"), None)
    environments = [
        {},
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "4711", "LC_ALL": "C"},
        {"SOURCE_DATE_EPOCH": "0", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    ]
    if faked is not None:
        environments.append({"LD_PRELOAD": str(faked), "FAKETIME": "+400d", "TZ": "Asia/Tokyo"})
    files = {rendered(tasks[0], **changed).stdout for changed in environments}
    assert [file[:5] for file in files] == [b"%PDF-"]


CONTENT = {
    "format": 1,
    "reference": "FV-7K3M-Q9XD-0B2T",
    "lab": "Northlight",
    "model": "Aurora 4",
    "checkpoint_sha256": "a" * 64,
    "opens_at": "2026-11-01T10:00:00.000000+00:00",
    "closes_at": "2026-12-01T10:00:00.000000+00:00",
    "issued_at": "2026-11-11T10:00:00.000000+00:00",
    "issued_by": "National Security Agency",
    "audit_head": {"sequence": 12, "sha256": "b" * 64},
}
FILED = {"code": "nsa", "name": "National Security Agency", "filed_at": CONTENT["issued_at"]}
SILENT = {"code": "dod", "name": "Department of Defense", "filed_at": None}
AT = report_content.readable(CONTENT | {"kind": "letter", "agencies": []})["issued_at"]


@pytest.mark.parametrize(
    ("kind", "more", "agreed"),
    [
        (
            "report",
            {
                "agencies": [
                    FILED | {"outcome": "concerns_recorded", "summary": "Some."},
                    SILENT | {"outcome": "", "summary": ""},
                ],
                "determination": {
                    "outcome": "covered",
                    "rationale": "Reasons.",
                    "authority": "Section 3(a)",
                    "external_reference": "R-1",
                    "signed_at": CONTENT["issued_at"],
                },
            },
            "f9b396e70b920caac9f5f2dd6c33d007b485ebfb798a9e5d0b9f17b0c8235dfa",
        ),
        (
            "letter",
            {"agencies": [FILED | {"text": "Some."}, SILENT | {"text": ""}]},
            "d7f1daf2c821e17ca3d71496665e106a637ef7f4c8f1459b9a541ef6adcd2dbc",
        ),
    ],
)
def test_the_layout_of_what_was_issued_does_not_change(kind, more, agreed):
    """Another digest here means other bytes of every report issued: make a new format instead."""
    response = {"response": "Noted.", "responded_at": AT} if kind == "report" else {}
    html = report_pdf.page(kind, CONTENT | {"kind": kind} | more, AT, response)
    page = html + report_pdf.STYLE.read_text()
    assert hashlib.sha256(page.encode()).hexdigest() == agreed
