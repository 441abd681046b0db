"""Sending files in parts: what arrived is kept, whatever happens, and becomes a document whole."""

import hashlib
import io
import os
import random
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from reviews.exceptions import NotPermitted
from reviews.models import Document, DocumentVersion, Upload
from reviews.services import lifecycle, receiving
from tests import factories
from tests.services.lab_pages import DOCUMENT, stored, text_of, url
from tests.services.sending import BYTES, SEED, TUS, begin, bytes_of, events, send, sent, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(people):
    return factories.draft(people)


def test_a_file_is_sent_and_becomes_a_document(lab, draft, people, document_store):
    content = text(100_000)
    begun = begin(lab, draft, len(content))
    assert (begun.status_code, begun["Tus-Resumable"]) == (201, "1.0.0")
    address = begun["Location"]
    head = lab.head(address, headers=TUS)
    assert (head["Upload-Offset"], head["Upload-Length"]) == ("0", "100000")
    assert head["Cache-Control"] == "no-store, private"
    answer = send(lab, address, content)
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "100000")
    upload = Upload.objects.get()
    sha256 = hashlib.sha256(content).hexdigest()
    assert (upload.sha256, upload.file_name, upload.modified) == (sha256, "log.txt", "1")
    assert Document.objects.count() == 0
    page = text_of(lab.get(url("upload-list", draft.reference)))
    assert sha256 in page
    form = lab.get(url("document-add", draft.reference))
    assert f"log.txt, 97.7 KB, SHA-256 {sha256}" in text_of(form).replace("\xa0", " ")

    added = lab.post(
        url("document-add", draft.reference), DOCUMENT | {"uploads": [upload.pk], "title": ""}
    )
    assert added.status_code == 302
    version = DocumentVersion.objects.get()
    assert (version.document.title, version.file_name) == ("log", "log.txt")
    assert (version.sha256, version.size) == (sha256, 100_000)
    with version.open() as file:
        assert file.read() == content
    assert not Upload.objects.exists()
    # An on_commit hook does not run in a test's transaction; what it removes is told apart.
    assert len(stored(document_store)) == 1
    for action in ("upload.begun", "upload.received", "document.added"):
        assert events(action).get().submission == draft.reference
    assert events("upload.received").get().details["sha256"] == sha256


class Breaking(io.BytesIO):
    """A connection that breaks off after so many bytes."""

    def __init__(self, content, after):
        super().__init__(content[:after])
        self.breaks = after < len(content)

    def read(self, size=-1):
        data = super().read(size)
        if not data and self.breaks:
            raise OSError("connection reset")
        return data


def test_an_upload_that_breaks_off_twenty_times_arrives_unchanged(lab, draft, people, start):
    content = text(3_000_000)
    address = begin(lab, draft, len(content))["Location"]
    upload = Upload.objects.get()
    chance = random.Random(SEED)
    cuts = sorted(chance.sample(range(1, len(content)), 20))
    for before, cut in zip([0, *cuts], cuts, strict=False):
        offset = int(lab.head(address, headers=TUS)["Upload-Offset"])
        assert offset == before
        receiving.receive(
            upload,
            Breaking(content[offset:], cut - offset),
            offset=offset,
            by=people.northlight_liaison,
            at=start,
        )
    assert send(lab, address, content[cuts[-1] :], cuts[-1]).status_code == 204
    upload.refresh_from_db()
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert upload.path.read_bytes() == content


@pytest.mark.parametrize("noted_after", [-1, 3600], ids=["at its note", "at its write"])
def test_a_newer_connection_takes_over_and_the_older_writes_nothing_more(
    lab, draft, people, start, monkeypatch, noted_after
):
    monkeypatch.setattr(receiving, "NOTED_AFTER", noted_after)
    content = text(receiving.READ * 3)
    begin(lab, draft, len(content))
    upload = Upload.objects.get()

    class Slow(io.BytesIO):
        """After its first part another connection sends everything."""

        def read(self, size=-1):
            if self.tell() == receiving.READ:
                offset = Upload.objects.get().received
                receiving.receive(
                    Upload.objects.get(),
                    io.BytesIO(content[offset:]),
                    offset=offset,
                    by=people.northlight_liaison,
                    at=start,
                )
                self.write(b"!" * receiving.READ)
                self.seek(receiving.READ)
            return super().read(size)

    with pytest.raises(receiving.Superseded):
        receiving.receive(upload, Slow(content), offset=0, by=people.northlight_liaison, at=start)
    upload.refresh_from_db()
    assert upload.path.read_bytes() == content
    assert upload.sha256 == hashlib.sha256(content).hexdigest()


def test_access_that_ends_meanwhile_ends_the_upload(lab, draft, people, start, monkeypatch):
    monkeypatch.setattr(receiving, "ASKED_AFTER", -1)
    content = text(receiving.READ * 2)
    begin(lab, draft, len(content))
    upload = Upload.objects.get()

    class Withdrawing(io.BytesIO):
        def read(self, size=-1):
            if self.tell() == receiving.READ:
                lifecycle.withdraw(draft, by=people.northlight_liaison, at=start)
            return super().read(size)

    with pytest.raises(NotPermitted):
        receiving.receive(
            upload, Withdrawing(content), offset=0, by=people.northlight_liaison, at=start
        )
    upload.refresh_from_db()
    assert not upload.complete


@pytest.mark.parametrize(
    ("size", "name", "status", "words"),
    [
        (10, "page.html", 415, "is not a kind of file that can be uploaded"),
        (10, "", 415, "is not a kind of file that can be uploaded"),
        (0, "log.txt", 400, "is empty"),
        (20 * 1024**3 + 1, "log.txt", 413, "larger than 20 GB"),
    ],
)
def test_what_is_never_taken_is_refused_before_a_byte_is_sent(
    lab, draft, size, name, status, words
):
    answer = begin(lab, draft, size, name)
    assert (answer.status_code, answer["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert words in answer.content.decode()
    assert not Upload.objects.exists()


def test_files_on_their_way_take_up_room(lab, draft, settings):
    settings.SUBMISSION_MAX_BYTES = 1000
    assert begin(lab, draft, 600).status_code == 201
    assert begin(lab, draft, 400).status_code == 201
    assert begin(lab, draft, 1).status_code == 413
    settings.SUBMISSION_MAX_BYTES, settings.SUBMISSION_MAX_VERSIONS = 10_000, 2
    assert begin(lab, draft, 1).status_code == 409


def test_so_many_and_no_more_are_on_their_way_at_once(lab, draft, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_AT_ONCE", 2)
    assert [begin(lab, draft, 1).status_code for _ in range(3)] == [201, 201, 409]


@pytest.mark.parametrize(
    ("headers", "content_type", "status"),
    [
        ({"Tus-Resumable": "0.2.2", "Upload-Offset": "0"}, BYTES, 412),
        ({"Upload-Offset": "0"}, BYTES, 412),
        (TUS, BYTES, 400),
        (TUS | {"Upload-Offset": "-1"}, BYTES, 400),
        (TUS | {"Upload-Offset": "9" * 30}, BYTES, 400),
        (TUS | {"Upload-Offset": "0"}, "text/plain", 415),
        (TUS | {"Upload-Offset": "1"}, BYTES, 409),
    ],
)
def test_what_does_not_speak_the_protocol_changes_nothing(
    lab, draft, headers, content_type, status
):
    address = begin(lab, draft, 4)["Location"]
    answer = lab.generic("PATCH", address, b"text", content_type=content_type, headers=headers)
    assert answer.status_code == status
    assert (answer["Tus-Resumable"], Upload.objects.get().received) == ("1.0.0", 0)


def test_more_than_was_said_is_not_read(lab, draft):
    address = begin(lab, draft, 4)["Location"]
    assert send(lab, address, b"text and more")["Upload-Offset"] == "4"
    assert Upload.objects.get().path.read_bytes() == b"text"
    assert send(lab, address, b"more", 4).status_code == 409


@pytest.mark.parametrize("who", ["basalt_liaison", "nsa_reviewer", "administrator"])
def test_nobody_else_learns_of_it(lab, client, people, who):
    submission = factories.filed(people)
    upload = sent(lab, submission, b"text")
    client.force_login(getattr(people, who))
    address = url("upload-write", upload.key)
    assert client.head(address, headers=TUS).status_code == 404
    assert send(client, address, b"more", 4).status_code == 404
    assert client.delete(address, headers=TUS).status_code == 404
    assert client.post(url("upload-end", upload.key)).status_code == 404
    assert Upload.objects.get().path.read_bytes() == b"text"


def test_after_the_end_nothing_more_is_sent(lab, people, move_clock):
    submission = factories.filed(people)
    address = begin(lab, submission, 8)["Location"]
    assert send(lab, address, b"text").status_code == 204
    move_clock(submission.closes_at)
    assert send(lab, address, b"more", 4).status_code == 403
    assert begin(lab, submission, 8).status_code == 403
    assert Upload.objects.get().received == 4


def test_an_expected_hash_that_differs_adds_nothing_and_loses_nothing(lab, draft):
    upload = sent(lab, draft, b"text")
    form = DOCUMENT | {"uploads": [upload.pk], "title": ""}
    address = url("document-add", draft.reference)
    for expected, words in (
        ("0" * 64, f"“log.txt” has {upload.sha256}"),
        (f"{'0' * 64}  log.txt", f"“log.txt” has {upload.sha256}"),
        (f"{upload.sha256}  other.txt", "“other.txt”, which is not among the files"),
        ("12ab", "On each line give a SHA-256"),
    ):
        page = lab.post(address, form | {"expected": expected})
        assert (page.status_code, words in text_of(page)) == (422, True)
        assert not Document.objects.exists()
        assert Upload.objects.get().path.read_bytes() == b"text"
    expected = f"{upload.sha256.upper()} *log.txt\n"
    assert lab.post(address, form | {"expected": expected}).status_code == 302


def test_several_become_documents_of_their_own_names_or_none_does(lab, draft):
    one, two = sent(lab, draft, b"one", "first.txt"), sent(lab, draft, b"two", "second.md")
    address = url("document-add", draft.reference)
    assert text_of(lab.get(address)).count("checked") >= 2
    form = DOCUMENT | {"uploads": [one.pk, two.pk]}
    page = lab.post(address, form)
    assert "Leave it empty: each of the 2 files has its own name." in text_of(page)
    form["title"] = ""
    two.path.unlink()
    page = lab.post(address, form)
    assert (page.status_code, "“second.md” is not there any more" in text_of(page)) == (409, True)
    assert not Document.objects.exists()
    two.path.write_bytes(b"two")
    assert lab.post(address, form).status_code == 302
    assert [document.title for document in Document.objects.all()] == ["first", "second"]
    assert {str(document.kind) for document in Document.objects.all()} == {DOCUMENT["kind"]}


def test_what_is_refused_when_it_is_added_is_still_there(lab, draft, document_store):
    factories.document(draft, SimpleNamespace(northlight_liaison=draft.created_by), content=b"text")
    kept = stored(document_store)
    upload = sent(lab, draft, b"text", "again.txt")
    form = DOCUMENT | {"uploads": [upload.pk], "title": ""}
    page = lab.post(url("document-add", draft.reference), form)
    assert (page.status_code, "is already in the submission" in text_of(page)) == (409, True)
    assert stored(document_store) == kept
    assert Upload.objects.get().path.read_bytes() == b"text"
    assert bytes_of(upload) == [upload.path]


def test_a_form_sent_twice_adds_once(lab, draft):
    upload = sent(lab, draft, b"text")
    form = DOCUMENT | {"uploads": [upload.pk], "title": ""}
    address = url("document-add", draft.reference)
    assert lab.post(address, form).status_code == 302
    page = lab.post(address, form)
    assert page.status_code == 422
    assert Document.objects.count() == 1


def test_a_new_version_is_one_file(lab, draft, people):
    document = factories.document(draft, people)
    one, two = sent(lab, draft, b"one", "first.txt"), sent(lab, draft, b"two", "second.md")
    address = url("version-add", document.key)
    assert "checked" not in text_of(lab.get(address))
    page = lab.post(address, {"uploads": [one.pk, two.pk]})
    assert "A version is one file" in text_of(page)
    assert "Tick a file that has arrived" in text_of(lab.post(address, {}))
    assert lab.post(address, {"uploads": [two.pk]}).status_code == 302
    assert document.versions.first().file_name == "second.md"
    assert Upload.objects.get() == one


def test_an_upload_can_be_removed(lab, draft, django_capture_on_commit_callbacks):
    paths = []
    for remove in (
        lambda key: lab.delete(url("upload-write", key), headers=TUS),
        lambda key: lab.post(url("upload-end", key)),
    ):
        upload = sent(lab, draft, b"text")
        paths.append(upload.path)
        with django_capture_on_commit_callbacks(execute=True):
            assert remove(upload.key).status_code in (204, 302)
    assert not Upload.objects.exists()
    assert not any(path.exists() for path in paths)
    assert events("upload.removed").count() == 2


def test_taken_bytes_are_removed_once_that_is_committed(
    lab, draft, document_store, django_capture_on_commit_callbacks
):
    upload = sent(lab, draft, b"text")
    form = DOCUMENT | {"uploads": [upload.pk], "title": ""}
    with django_capture_on_commit_callbacks(execute=True):
        assert lab.post(url("document-add", draft.reference), form).status_code == 302
    assert list(upload.path.parent.iterdir()) == []
    (path,) = stored(document_store)
    assert (Path(path).read_bytes(), Path(path).stat().st_nlink) == (b"text", 1)


def test_what_is_being_taken_is_no_orphan(lab, draft, start):
    upload = sent(lab, draft, b"text")
    with receiving.arrived([upload]) as (file,):
        for path in upload.path.parent.iterdir():
            os.utime(path, (0, 0))
        assert receiving.sweep(at=start) == {"expired": 0, "orphaned": 0}
        assert Path(file.temporary_file_path()).read_bytes() == b"text"
    assert bytes_of(upload) == [upload.path]


def test_what_the_scanner_could_only_take_whole_is_not_larger_than_it_takes(lab, draft, settings):
    settings.CLAMD, settings.CLAMD_MAX_BYTES = "127.0.0.1:1", 1024**3
    refused = begin(lab, draft, 1024**3 + 1, "set.zip")
    assert (refused.status_code, b"larger than 1 GB" in refused.content) == (413, True)
    assert begin(lab, draft, 1024**3, "set.zip").status_code == 201
    assert begin(lab, draft, 1024**3 + 1, "log.txt").status_code == 201


def test_what_nobody_goes_on_with_is_gone_after_a_week_and_bytes_without_a_row_too(
    lab, draft, start, move_clock, django_capture_on_commit_callbacks
):
    left = sent(lab, draft, b"left")
    orphan = left.path.with_name("0" * 32)
    orphan.write_bytes(b"bytes")
    young = left.path.with_name("1" * 32)
    young.write_bytes(b"bytes")
    at = start + receiving.KEPT
    move_clock(at - timedelta(microseconds=1))
    kept = sent(lab, draft, b"kept")
    os.utime(young, (at.timestamp(), at.timestamp()))
    for path in (orphan, left.path, kept.path):
        os.utime(path, (start.timestamp(), start.timestamp()))
    assert receiving.sweep(at=at - timedelta(microseconds=1)) == {"expired": 0, "orphaned": 1}
    with django_capture_on_commit_callbacks(execute=True):
        assert receiving.sweep(at=at)["expired"] == 1
    assert events("upload.expired").get().details == {"received": 4}
    assert Upload.objects.get() == kept
    assert bytes_of(kept) == sorted([young, kept.path])
