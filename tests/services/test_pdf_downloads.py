"""What a PDF never does: interpret, fetch or name. And how it is handed over, or is not."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from accounts.models import AuditEvent, User
from reviews.models import Report
from reviews.services import agency_reviews, ends, health, report_pdf
from tests import factories
from tests.pdf_structure import Structure
from tests.services.agency_pages import page, signed_in, text_of
from tests.services.issued_documents import (
    AGENCIES,
    concluded,
    issued_letter,
    rendered,
    under_review,
)

pytestmark = pytest.mark.once

CANARY = "CANARY-91f4"


@pytest.fixture
def submission(people):
    return under_review(people)


# Nothing is interpreted, fetched or named


@pytest.fixture
def listener():
    """A web server that hears of every request made to it."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.path)
            self.send_response(404)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(address=f"http://127.0.0.1:{server.server_port}", heard=heard)
    server.shutdown()
    server.server_close()


def test_hostile_text_is_printed_as_it_is(people, submission, listener):
    hostile = (
        f"<img src={listener.address}/image.png> url({listener.address}/style) &lt;b&gt; "
        f'</p><link rel=stylesheet href="{listener.address}/x.css"><script>1</script> '
        "{{ content.lab }} \u202egnp.exe \u4e2d \u03bb"
    )
    word = "\u0416" * 4000
    pdf = report_pdf.report(concluded(submission, people, summary=f"{hostile}\n{word}"))
    text = Structure(pdf.file).text()
    for part in (
        f"<img src={listener.address}/image.png>",
        "&lt;b&gt;",
        "<script>1</script>",
        "{{ content.lab }} [U+202E]gnp.exe [U+4E2D] \u03bb",
    ):
        assert text.count(part) == 5, part
    assert text.count(word[0]) == 5 * len(word)
    assert listener.heard == []


def test_the_renderer_itself_fetches_nothing(listener):
    """Also of a page that does ask: were a template ever to let markup through."""
    at, own = listener.address, report_pdf.STYLE.read_text()

    def ends_with(part="", css=""):
        html = f'<!doctype html><html lang="en"><title>T</title><body><p>A</p>{part}</body></html>'
        task = {"html": html, "css": css + own, "identifier": "i", "fonts": report_pdf._fonts()}
        return rendered(task).returncode

    assert ends_with() == 0
    for part in (
        *(f'<img alt="i" src="{at}/i.png">', '<img alt="f" src="file:///etc/hosts">'),
        *(f'<link rel="stylesheet" href="{at}/s.css">', f'<object data="{at}/o"></object>'),
        '<a rel="attachment" href="file:///etc/hosts">a</a>',
    ):
        assert ends_with(part) == 1, part
    assert ends_with(css=f"@import url({at}/c.css);") == 1
    assert ends_with(css=f"body {{ background: url({at}/b) }}") == 1
    assert listener.heard == []


def test_no_reviewer_is_in_text_or_metadata(people, submission):
    for person in User.objects.filter(groups__seat__organization__kind="agency").distinct():
        person.name = f"{CANARY} {person.pk}"
        person.email = f"{CANARY.lower()}-{person.pk}@demo.example"
        person.save()
    for code in ("nsa_lead", "dod_lead", "recused", *(f"{agency}_lead" for agency in AGENCIES)):
        getattr(people, code).refresh_from_db()
    factories.review_filed(submission, people, "nsa", concerns=CANARY, dissent=CANARY)
    factories.review_drafted(submission, people, "dod", limits=CANARY)
    agency_reviews.recuse(submission, reason=CANARY, by=people.recused, at=factories.now())
    for pdf in (
        report_pdf.letter(issued_letter(submission, people)),
        report_pdf.report(concluded(submission, people)),
    ):
        structure = Structure(pdf.file)
        metadata = f"{structure.reader.metadata} {structure.reader.xmp_metadata.stream.get_data()}"
        assert re.findall("canary", structure.text() + metadata, re.IGNORECASE) == []
        assert "National Security Agency" in structure.text()
        assert structure.reader.metadata["/Author"] == "Foreview"


def test_an_agency_without_a_view_is_named_as_such(people, submission, move_clock):
    factories.position_filed(submission, people, "nsa")
    move_clock(submission.closes_at)
    ends.record(submission.pk, at=submission.closes_at)
    text = Structure(report_pdf.report(Report.objects.get()).file).text()
    assert text.count("No view recorded Not filed") == 4
    assert "Department of Defense No view recorded Not filed" in text


# Handing it over


def test_a_download_is_on_record_with_its_hash(people, submission):
    concluded(submission, people)
    lab = signed_in(people.northlight_liaison)
    answer = lab.get(page("report-download", submission))
    file = b"".join(answer.streaming_content)
    assert {name: answer[name] for name in ("Content-Type", "Content-Disposition")} == {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'attachment; filename="{submission.reference}-report.pdf"',
    }
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store, private"
    event = AuditEvent.objects.get(action="report.downloaded")
    assert (event.actor, event.organization, event.submission, event.details) == (
        people.northlight_liaison.email,
        "northlight",
        submission.reference,
        {"pdf_sha256": hashlib.sha256(file).hexdigest()},
    )


def test_the_end_is_recorded_first_where_no_worker_has(people, submission, move_clock):
    move_clock(submission.closes_at)
    answer = signed_in(people.nsa_lead).get(page("report-download", submission))
    assert b"".join(answer.streaming_content)[:5] == b"%PDF-"
    assert Report.objects.get().issued_at == submission.closes_at


@pytest.mark.parametrize("name", ["report", "letter"])
def test_where_none_can_be_made_the_page_works_and_the_link_says_so(
    people, submission, settings, tmp_path, name
):
    issued_letter(submission, people)
    concluded(submission, people)
    settings.PDF_ROOT = tmp_path
    lab = signed_in(people.northlight_liaison)
    assert lab.get(page(f"{name}-detail", submission)).status_code == 200
    answer = lab.get(page(f"{name}-download", submission))
    assert answer.status_code == 503
    assert "The PDF cannot be made on this server at present." in text_of(answer)
    assert not AuditEvent.objects.filter(action=f"{name}.downloaded").exists()


def test_no_more_are_made_at_once_than_there_are_places(monkeypatch):
    monkeypatch.setattr(report_pdf, "SECONDS_FOR_A_PLACE", 0.01)
    monkeypatch.setattr(report_pdf, "_start", lambda **task: b"%PDF-")
    for _ in range(report_pdf.AT_ONCE):
        assert report_pdf._places.acquire(blocking=False)
    try:
        with pytest.raises(report_pdf.CannotRender):
            report_pdf._run(html="")
    finally:
        report_pdf._places.release(report_pdf.AT_ONCE)
    assert report_pdf._run(html="") == b"%PDF-"


@pytest.mark.parametrize("end", ["exit(3)", "import time; time.sleep(30)", "print('no PDF')"])
def test_a_renderer_that_fails_or_hangs_is_a_renderer_that_cannot(monkeypatch, tmp_path, end):
    program = tmp_path / "renderer.py"
    program.write_text(end)
    monkeypatch.setattr(report_pdf, "RENDERER", program)
    monkeypatch.setattr(report_pdf, "SECONDS", 1)
    with pytest.raises(report_pdf.CannotRender):
        report_pdf._run(html="")


def test_the_renderer_gets_no_secret_of_the_portal(monkeypatch, settings):
    monkeypatch.setenv("SECRET_KEY", CANARY)
    assert CANARY not in str(report_pdf._environment())


def test_health_says_whether_the_renderer_starts(people, settings, tmp_path):
    def state():
        (part,) = [one for one in health.parts(health.facts(), broker=True) if one.code == "pdf"]
        return part.state, part.is_wrong

    assert state() == (health.State.WORKING, False)
    settings.PDF_ROOT = tmp_path
    assert state() == (health.State.NOT_WORKING, False)
