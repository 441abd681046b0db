"""Each hostile file is taken, taken with a warning, or refused, as tests/hostile_files.py says."""

from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reviews import file_parser, uploads
from reviews.models import Document, DocumentVersion
from reviews.models.document import FileWarning
from reviews.services import parsing, scans
from tests import factories, hostile_files
from tests.services.lab_pages import DOCUMENT, text_of, url

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """How long a parser takes on a machine that does other things says nothing of the file."""
    monkeypatch.setattr(parsing, "SECONDS", 1800)


@pytest.mark.parametrize("kind", [kind.__name__ for kind in hostile_files.KINDS])
def test_each_becomes_what_the_table_says(clamd, lab, people, kind, capsys):
    wrong, counts = [], Counter()
    files = list(getattr(hostile_files, kind)())
    for name, content, expected in files:
        draft = factories.draft(people)
        send = DOCUMENT | {"title": "T", "upload": SimpleUploadedFile(name, content)}
        answer = lab.post(url("document-add", draft.reference), send)
        said = answer.status_code
        if said == 302:
            said = DocumentVersion.objects.get(document__submission=draft).warnings or "taken"
        else:
            shown = text_of(answer)
            why = [code for code, words in uploads.REFUSALS.items() if words in shown]
            said = (why or [said])[0]
        counts[said] += 1
        if said != expected:
            wrong.append((name, said, expected))
    assert wrong == []
    with capsys.disabled():
        table = ", ".join(f"{said} {count}" for said, count in counts.items())
        print(f"\nhostile files, {kind}: {len(files)} ({table})")
    if kind == "infected":
        scanned = scans.scan_waiting()
        assert scanned["infected"] == len(files)
    if kind == "good":
        assert scans.scan_waiting()["clean"] == len(files)


def test_the_parsers_warnings_are_those_that_readers_have_words_for():
    codes = {file_parser.MACROS, file_parser.JAVASCRIPT, file_parser.EMBEDDED, file_parser.OUTSIDE}
    assert codes == {warning.value for warning in FileWarning}


def test_there_are_enough_of_them():
    assert len(hostile_files.corpus()) >= 150


def test_readers_see_the_warning_wherever_the_file_is_listed(lab, people):
    draft = factories.draft(people)
    macro = {name: content for name, content, _ in hostile_files.active()}["macro.docx"]
    document = factories.document(draft, people, name="macro.docx", content=macro)
    for address in (url("document-list", draft.reference), document.get_absolute_url()):
        assert "It holds macros. Do not enable them." in text_of(lab.get(address))
    assert Document.objects.count() == 1
