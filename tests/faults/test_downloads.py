"""Behind a real web server a download that has begun ends where access ends."""

import socket

import pytest
from django.test import Client

from accounts.models import AuditEvent
from reviews import clock
from reviews.services import documents, lifecycle
from tests import factories

HERE = "127.0.0.1"
SIZE = 48 * 1024 * 1024


def rest(reader):
    """How many bytes still come before the connection ends."""
    count = 0
    try:
        while data := reader.recv(1024 * 1024):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


def restrict(document, people):
    documents.restrict(
        document,
        restricted_to=[factories.organization("dod")],
        by=people.northlight_liaison,
        at=clock.system(),
    )


def withdraw(document, people):
    lifecycle.withdraw(document.submission, by=people.northlight_liaison, at=clock.system())


@pytest.mark.parametrize("end", [None, restrict, withdraw])
def test_a_download_stops_where_access_ends(server, people_now, end):
    document = factories.document(
        factories.filed(people_now), people_now, name="long.txt", content=b"x" * SIZE
    )
    browser = Client()
    browser.force_login(people_now.nsa_reviewer)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        reader.settimeout(60)
        reader.connect((HERE, server.port))
        reader.sendall(
            f"GET /documents/{document.key}/1/download/ HTTP/1.1\r\nHost: {HERE}\r\n"
            f"Cookie: session={browser.cookies['session'].value}\r\n"
            f"Connection: close\r\n\r\n".encode()
        )
        first = reader.recv(32 * 1024)
        assert first.startswith(b"HTTP/1.1 200 ")
        if end is not None:
            end(document, people_now)
        received = len(first) + rest(reader)
    refusals = AuditEvent.objects.filter(action="refused.version-download")
    if end is None:
        assert received > SIZE
        assert not refusals.exists()
    else:
        assert received < SIZE / 2
        assert refusals.get().actor == people_now.nsa_reviewer.email
    assert "Traceback" not in server.log.read_text()
