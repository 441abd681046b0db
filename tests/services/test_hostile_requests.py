"""What an attacker tried once and what must stay so."""

import pytest
from django.test import Client

from reviews.exceptions import NotVisible
from reviews.services import documents, lifecycle
from tests import factories


@pytest.mark.parametrize(
    "path",
    [
        "/submissions/%00/",
        "/submissions/fv-0000-0000-0000/",
        "/submissions/FV-0000-0000-0000-0000/",
        "/submissions/?after=0001-01-01T00:00:00%2B14:00~FV-0000-0000-0000",
        "/submissions/?after=9999-12-31T23:59:59-14:00~FV-0000-0000-0000",
        "/submissions/?after=2026-10-20T15:00:00%2B00:00~%00",
        "/access/?after=0~0001-01-01T00:00:00%2B14:00~x",
    ],
)
def test_a_hostile_address_is_answered(people, client, path):
    client.force_login(people.nsa_reviewer)
    assert client.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    "query", ["until=9999-12-31", "since=0001-01-01", "after=99999999999999999999"]
)
def test_a_hostile_filter_of_the_log_is_answered(people, client, query):
    client.force_login(people.auditor)
    assert client.get(f"/audit/?{query}").status_code == 400


def test_a_message_does_not_outlive_its_session(people):
    submission = factories.draft(people)
    browser = Client()
    browser.force_login(people.northlight_liaison)
    browser.post(f"/submissions/{submission.reference}/withdraw/")
    browser.post("/sign-out/")
    browser.force_login(people.basalt_liaison)
    assert submission.reference not in browser.get("/").content.decode()
    assert "messages" not in browser.cookies


def test_a_download_stops_where_access_ends(people, start, monkeypatch):
    monkeypatch.setattr(documents, "ASKED_EVERY", 8)
    submission = factories.filed(people)
    version = factories.document(submission, people, content=b"0123456789" * 4).versions.get()
    with documents.open_for_reading(version, by=people.nsa_reviewer, at=start) as file:
        download = documents.WhileAllowed(file, version, people.nsa_reviewer)
        assert download.read(8) == b"01234567"
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=start)
        with pytest.raises(NotVisible):
            download.read(8)


def test_the_upload_limit_is_of_the_request(people, client, settings):
    settings.DOCUMENT_MAX_BYTES = 1000
    submission = factories.filed(people)
    client.force_login(people.northlight_liaison)
    two = {f"upload{n}": factories.upload(content=b"x" * 800) for n in range(2)}
    answer = client.post(f"/submissions/{submission.reference}/documents/new/", two)
    assert answer.status_code in (400, 413)
    assert not submission.documents.exists()
