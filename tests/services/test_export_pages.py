"""The list of submissions as a file, from the list's page to the file in one's hands."""

import csv
import io
import zipfile

import pytest

from accounts.models import AuditEvent
from reviews.models import Export
from reviews.services import exports
from tests import factories
from tests.services.grant_pages import body

EXPORT, FILES = "/submissions/export/", "/exports/"


def rows(response):
    text = b"".join(response).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_small_set_comes_at_once_as_it_is_filtered_and_is_on_record(act, people):
    mine = factories.filed(people, family="Mine")
    factories.filed(people, family="Other")
    response = act("nsa_lead", "post", f"{EXPORT}?q=mine&state=&after=x", {"format": "csv"})
    assert [row["Submission"] for row in rows(response)] == [mine.reference]
    assert {
        name: response[name]
        for name in ("Content-Disposition", "X-Content-Type-Options", "Cache-Control")
    } == {
        "Content-Disposition": 'attachment; filename="submissions.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store, private",
    }
    event = AuditEvent.objects.latest("sequence")
    assert (event.action, event.actor) == ("submissions.exported", people.nsa_lead.email)
    kept = {name: event.details[name] for name in ("format", "filter", "count")}
    assert kept == {"format": "csv", "filter": {"q": "words"}, "count": 1}
    assert not Export.objects.exists()


def test_a_workbook_is_one(act, people):
    factories.filed(people)
    response = act("northlight_liaison", "post", EXPORT, {"format": "xlsx"})
    with zipfile.ZipFile(io.BytesIO(b"".join(response))) as archive:
        assert archive.testzip() is None
    assert response["Content-Disposition"] == 'attachment; filename="submissions.xlsx"'


def test_a_large_set_is_prepared_and_fetched(act, people, settings):
    settings.EXPORT_AT_ONCE = 1
    submissions = {factories.filed(people).reference for _ in range(2)}
    response = act("nsa_lead", "post", f"{EXPORT}?state=under_review", {"format": "csv"})
    assert (response.status_code, response.url) == (302, FILES)
    page = body(act("nsa_lead", "get", FILES))
    assert "Waiting" in page
    assert "Under review</span></span></th>" in page
    assert "Download the file" not in body(act("nsa_lead", "get", "/"))
    exports.prepare_waiting()
    address = f"{FILES}{Export.objects.get().key}/download/"
    page = body(act("nsa_lead", "get", FILES))
    assert address in page
    assert "Reload this page" not in page
    assert "CSV, 2 submissions" in body(act("nsa_lead", "get", "/"))
    assert {row["Submission"] for row in rows(act("nsa_lead", "get", address))} == submissions
    assert "Download the file" not in body(act("nsa_lead", "get", "/"))


def test_the_page_says_how_far_each_is_and_why_one_failed(act, people, start):
    facts = {"person": people.nsa_lead, "format": "csv", "asked_at": start}
    Export.objects.create(**facts, started_at=start, row_count=1200, query="q=%3Cb%3E")
    Export.objects.create(
        **facts, failed_at=start, expires_at=start + exports.KEPT, reason=exports.STOPPED
    )
    page = body(act("nsa_lead", "get", FILES))
    assert "Preparing, 1200 rows so far" in page
    assert "“&lt;b&gt;”" in page
    assert f"Failed<br>{exports.STOPPED}" in page
    assert "Reload this page" in page
    assert "You have no file." in body(act("dod_lead", "get", FILES))


@pytest.mark.parametrize("code", ["nsa_reviewer", "oncd_official", "administrator", "auditor"])
def test_others_are_offered_none_and_get_none(act, people, code):
    factories.filed(people)
    assert EXPORT not in body(act(code, "get", "/submissions/"))
    assert act(code, "post", EXPORT, {"format": "csv"}).status_code == 404
    event = AuditEvent.objects.latest("sequence")
    assert (event.action, event.outcome) == ("refused.submissions-export", "refused")
    assert act(code, "get", FILES).status_code == 404


def test_anothers_file_is_no_file(act, people, start):
    export = Export.objects.create(
        person=people.nsa_lead,
        format="csv",
        asked_at=start,
        ready_at=start,
        expires_at=start + exports.KEPT,
    )
    hidden = act("dod_lead", "get", f"{FILES}{export.key}/download/")
    assert hidden.status_code == 404
    assert str(export.key) not in body(act("dod_lead", "get", FILES))


@pytest.mark.parametrize(("query", "kind", "status"), [("", "pdf", 400), ("state=odd", "csv", 302)])
def test_what_means_nothing_gives_no_file(act, people, query, kind, status):
    response = act("nsa_lead", "post", f"{EXPORT}?{query}", {"format": kind})
    assert response.status_code == status
    assert not AuditEvent.objects.filter(action="submissions.exported").exists()
