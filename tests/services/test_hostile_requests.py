"""What an attacker tried once and what must stay so."""

import socket
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from reviews.exceptions import NotVisible
from reviews.services import downloads, lifecycle
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


def test_a_hostile_reference_of_a_criterion_is_answered(people, client):
    client.force_login(people.nsa_lead)
    assert client.get("/criteria/propose/?reference=%00").status_code == 200


@pytest.mark.parametrize(
    "query", ["until=9999-12-31", "since=0001-01-01", "after=99999999999999999999"]
)
def test_a_hostile_filter_of_the_log_is_answered(people, client, query):
    client.force_login(people.auditor)
    assert client.get(f"/audit/?{query}").status_code == 400


def test_an_address_asked_in_the_wrong_way_is_answered_in_the_portals_dress(people, client):
    client.force_login(people.nsa_reviewer)
    answer = client.get("/sign-out/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "does not work that way" in answer.content.decode()
    probe = client.post("/healthz")
    assert (probe.status_code, probe.content) == (405, b"")


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
    monkeypatch.setattr(downloads, "ASKED_EVERY", 8)
    submission = factories.filed(people)
    version = factories.document(submission, people, content=b"0123456789" * 4).versions.get()
    with downloads.open_for_reading(version, by=people.nsa_reviewer, at=start) as file:
        download = downloads.WhileAllowed(file, version, people.nsa_reviewer, length=version.size)
        assert download.read(8) == b"01234567"
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=start)
        with pytest.raises(NotVisible):
            download.read(8)


def test_the_upload_limit_is_of_the_request(people, client, settings):
    settings.FORM_FILE_MAX_BYTES = 1000
    submission = factories.filed(people)
    client.force_login(people.northlight_liaison)
    two = {f"upload{n}": factories.upload(content=b"x" * 800) for n in range(2)}
    answer = client.post(f"/submissions/{submission.reference}/documents/new/", two)
    assert answer.status_code in (400, 413)
    assert not submission.documents.exists()


@pytest.fixture
def server(committed_people, settings, tmp_path):
    """The portal on loopback; whoever uploads is given the folder to look at."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    live = LiveServer("127.0.0.1")
    yield live
    live.stop()


@pytest.mark.parametrize("path", ["/sign-in/", "/submissions/x/documents/new/", "/no/such/page/"])
def test_a_file_of_somebody_not_signed_in_is_not_read(server, tmp_path, path):
    forged, limit = "a" * 32, b"--limit"
    text = b"\r\n".join(
        [
            *(limit, b'Content-Disposition: form-data; name="csrfmiddlewaretoken"', b""),
            *(
                forged.encode(),
                limit,
                b'Content-Disposition: form-data; name="title"',
                b"",
                b"Card",
            ),
            *(limit, b'Content-Disposition: form-data; name="upload"; filename="x.txt"', b""),
            b"x" * 100_000,
        ]
    )
    host = urlsplit(server.url).netloc
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {server.url}\r\n"
        f"Cookie: csrf={forged}\r\nContent-Type: multipart/form-data; boundary=limit\r\n"
        f"Content-Length: {20 * 1024 * 1024}\r\n\r\n"
    )
    with socket.create_connection(host.split(":"), timeout=10) as browser:
        browser.sendall(head.encode() + text)
        answer = browser.recv(12)  # while most of the file has not even been sent
        assert answer in (b"HTTP/1.1 401", b"HTTP/1.1 422", b"HTTP/1.1 404")
        assert list(tmp_path.glob("*.upload*")) == []
