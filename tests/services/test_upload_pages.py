"""Adding documents and versions in the browser, and every file that cannot be taken."""

import io

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent
from reviews.models import Document, DocumentVersion
from tests import factories
from tests.services.lab_pages import DOCUMENT, add_url, codes, stored, taken, text_of, url

pytestmark = pytest.mark.django_db

LIMIT = 64 * 1024


@pytest.fixture
def small_limit(settings):
    """The limit for one file is 64 KB."""
    settings.FORM_FILE_MAX_BYTES = LIMIT


def pdf(marker="one"):
    """The bytes of a PDF of one empty page."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer.add_metadata({"/Title": marker})
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


class TestAdding:
    def test_document_is_added_with_its_first_version(self, lab, people, document_store):
        submission = factories.draft(people)
        page = lab.get(add_url(submission))
        kinds = ".pdf,.md,.txt,.csv,.json,.docx,.xlsx,.pptx,.png,.jpg,.jpeg,.zip"
        assert f'accept="{kinds}"' in text_of(page)
        assert "at most 100 MB" in text_of(page)
        assert "Malware scanner: not configured." in text_of(page)
        upload = SimpleUploadedFile("assessment.pdf", pdf())
        response = lab.post(add_url(submission), DOCUMENT | {"upload": upload})
        assert response.status_code == 302
        assert response["Location"] == url("document-list", submission.reference)
        document = Document.objects.get()
        assert (document.title, document.kind, document.designation) == (
            "Assessment of September",
            "risk_assessment",
            "trade_secret",
        )
        assert not document.restricted_to.exists()
        assert len(stored(document_store)) == 1
        shown = text_of(lab.get(response["Location"]))
        assert "Not scanned: no scanner is configured." in shown
        assert "Clean" not in shown

    def test_document_may_be_added_inside_the_window_and_not_after(self, lab, people, move_clock):
        submission = factories.filed(people)
        send = DOCUMENT | {"upload": factories.upload()}
        assert lab.post(add_url(submission), send).status_code == 302
        move_clock(submission.closes_at)
        send = DOCUMENT | {"upload": factories.upload()}
        assert lab.post(add_url(submission), send).status_code == 403
        assert Document.objects.count() == 1

    def test_document_is_restricted_to_the_ticked_agencies(self, lab, people):
        submission = factories.draft(people)
        send = {"audience": "some", "restricted_to": codes("nsa", "cisa")}
        lab.post(add_url(submission), DOCUMENT | send | {"upload": factories.upload()})
        listed = Document.objects.get().restricted_to.values_list("code", flat=True)
        assert set(listed) == {"nsa", "cisa"}
        assert "Only for" in text_of(lab.get(url("document-list", submission.reference)))

    @pytest.mark.parametrize(
        ("audience", "ticked", "field"),
        [("some", (), "restricted_to"), ("all", ("nsa",), "audience"), ("", (), "audience")],
    )
    def test_audience_must_be_plain(self, lab, people, audience, ticked, field):
        submission = factories.draft(people)
        send = {"audience": audience, "restricted_to": codes(*ticked)}
        response = lab.post(
            add_url(submission), DOCUMENT | send | {"upload": factories.upload(name="risk.md")}
        )
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field, "upload"]
        assert "Choose “risk.md” again" in text_of(response)
        assert not Document.objects.exists()

    def test_a_lab_is_no_reader(self, lab, people):
        submission = factories.draft(people)
        send = {"audience": "some", "restricted_to": codes("basalt")}
        response = lab.post(add_url(submission), DOCUMENT | send | {"upload": factories.upload()})
        assert response.status_code == 422
        assert "Basalt" not in text_of(response)
        assert not Document.objects.exists()


BAD_FILES = [
    (None, 422, "Choose a file."),
    (("risk.md", b""), 400, "“risk.md” is empty. Choose a file with content."),
    (("page.html", b"<!doctype html><p>x"), 415, "“page.html” is not a kind of file"),
    (("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), 415, "“drawing.svg” is not"),
    (("weights.safetensors", b"\x08\x00\x00\x00"), 415, "“weights.safetensors” is not a kind"),
    (("card", b"# Card"), 415, "“card” is not a kind of file"),
    (("card.pdf", b"# Card, and no PDF"), 415, "“card.pdf” does not contain what its name says"),
    (("card.pdf", b"%PDF-1.7\nnothing"), 415, "“card.pdf” does not contain what its name says"),
    (("card.md", b"<!DOCTYPE html><script>"), 415, "“card.md” does not contain"),
    (("table.json", b"{"), 415, "“table.json” does not contain"),
    (("notes.txt", b"\xff\xfe\x00text"), 415, "“notes.txt” does not contain"),
    (("risk.md", b"x" * (LIMIT + 1)), 413, "larger than 0 MB"),
]


@pytest.mark.usefixtures("small_limit")
class TestBadFiles:
    @pytest.mark.parametrize(("file", "status", "says"), BAD_FILES)
    def test_file_that_cannot_be_taken(self, lab, people, document_store, file, status, says):
        submission = factories.draft(people)
        events = AuditEvent.objects.count()
        send = DOCUMENT | ({"upload": SimpleUploadedFile(*file)} if file else {})
        response = lab.post(add_url(submission), send)
        assert response.status_code == status
        assert says in text_of(response)
        assert list(response.context["form"].errors) == ["upload"]
        assert 'value="Assessment of September"' in text_of(response)
        assert '<option value="risk_assessment" selected>' in text_of(response)
        assert (Document.objects.count(), DocumentVersion.objects.count()) == (0, 0)
        assert stored(document_store) == []
        assert AuditEvent.objects.count() == events

    @pytest.mark.parametrize(("file", "status", "says"), BAD_FILES)
    def test_version_that_cannot_be_taken(self, lab, people, document_store, file, status, says):
        document = factories.document(factories.draft(people), people)
        send = {"upload": SimpleUploadedFile(*file)} if file else {}
        response = lab.post(url("version-add", document.key), send)
        assert response.status_code == status
        assert says in text_of(response)
        assert document.versions.count() == len(stored(document_store)) == 1

    def test_duplicate_names_the_document_that_has_it(self, lab, people, document_store):
        submission = factories.draft(people)
        factories.document(submission, people, title="System card", content=b"# The same")
        send = DOCUMENT | {"upload": SimpleUploadedFile("other-name.txt", b"# The same")}
        response = lab.post(add_url(submission), send)
        assert response.status_code == 409
        assert "already in the submission as “System card”, version 1." in text_of(response)
        assert 'value="Assessment of September"' in text_of(response)
        assert Document.objects.count() == len(stored(document_store)) == 1

    def test_same_file_in_another_submission_is_no_duplicate(self, lab, people):
        factories.document(factories.draft(people), people, content=b"# The same")
        factories.document(factories.draft(people, "basalt"), people, lab="basalt", content=b"# B")
        submission = factories.draft(people)
        for content in (b"# The same", b"# B"):
            send = DOCUMENT | {"upload": SimpleUploadedFile("card.md", content)}
            assert lab.post(add_url(submission), send).status_code == 302

    @pytest.mark.parametrize(("file", "status", "says"), BAD_FILES[1:-1])
    def test_file_is_judged_with_other_answers_missing(self, lab, people, file, status, says):
        send = DOCUMENT | {"kind": "", "upload": SimpleUploadedFile(*file)}
        response = lab.post(add_url(factories.draft(people)), send)
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["kind", "upload"]
        assert says in text_of(response)
        assert "again when the rest is answered" not in text_of(response)

    def test_too_large_with_other_answers_missing(self, lab, people):
        send = DOCUMENT | {"kind": "", "upload": SimpleUploadedFile("risk.md", b"x" * 2 * LIMIT)}
        response = lab.post(add_url(factories.draft(people)), send)
        assert response.status_code == 413
        assert list(response.context["form"].errors) == ["kind", "upload"]
        assert "Choose a file." not in text_of(response)

    def test_upload_stopped_while_the_token_is_looked_for(self, people, document_store):
        """The token comes before the file, so stopping the file leaves it readable."""
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(people.northlight_liaison)
        submission = factories.draft(people)
        strict.get(add_url(submission))
        send = {"csrfmiddlewaretoken": strict.cookies["csrf"].value} | DOCUMENT
        send["upload"] = SimpleUploadedFile("risk.md", b"x" * 40 * LIMIT)
        response = strict.post(add_url(submission), send)
        assert response.status_code == 413
        assert 'value="Assessment of September"' in text_of(response)
        assert stored(document_store) == []
        send["upload"] = SimpleUploadedFile("risk.md", b"# Small enough")
        assert strict.post(add_url(submission), send).status_code == 302

    def test_no_temporary_file_is_left(self, lab, people, settings, tmp_path):
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        send = DOCUMENT | {"upload": SimpleUploadedFile("risk.md", b"x" * 40 * LIMIT)}
        assert lab.post(add_url(factories.draft(people)), send).status_code == 413
        assert list(tmp_path.glob("*.upload*")) == []

    def test_name_is_for_display_only(self, lab, people, document_store):
        submission = factories.draft(people)
        hostile = "../../é “x”\r\nSet-Cookie: a=b;.md"
        document = factories.document(submission, people, name="card.md")
        DocumentVersion.objects.filter(document=document).update(file_name=hostile)
        response = lab.get(url("version-download", document.key, 1))
        assert "\n" not in response["Content-Disposition"]
        assert "Set-Cookie" not in response.headers
        assert taken(response) == 200
        assert all(len(path.name) == 32 for path in stored(document_store))


class TestRoom:
    def test_a_submission_has_a_number_of_files(self, lab, people, settings, document_store):
        settings.SUBMISSION_MAX_VERSIONS = 1
        document = factories.document(factories.draft(people), people)
        response = lab.post(url("version-add", document.key), {"upload": factories.upload()})
        assert response.status_code == 409
        assert "has 1 files, every version counted, and may have 1." in text_of(response)
        assert document.versions.count() == len(stored(document_store)) == 1

    def test_a_submission_has_a_total_of_bytes(self, lab, people, settings, document_store):
        settings.SUBMISSION_MAX_BYTES = 2 * 1024**2
        submission = factories.draft(people)
        factories.document(submission, people, content=b"x" * 1024**2)
        for size, status in ((1024**2 + 1, 413), (1024**2, 302)):
            send = DOCUMENT | {"upload": factories.upload(content=b"y" * size)}
            response = lab.post(add_url(submission), send)
            assert response.status_code == status
            if status == 413:
                assert "more than 2 MB, the limit for all of its files" in text_of(response)
        assert Document.objects.count() == len(stored(document_store)) == 2
