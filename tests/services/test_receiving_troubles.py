"""Sending files while a disk or the sender is odd: what is kept is what was sent."""

import errno
import hashlib
import io
import os

import pytest

from reviews.exceptions import NotPermitted, NotVisible
from reviews.models import Upload
from reviews.services import receiving
from tests import factories
from tests.services.lab_pages import DOCUMENT, text_of, url
from tests.services.sending import TUS, begin, send, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(people):
    return factories.draft(people)


def test_what_the_disk_lost_is_sent_again(lab, draft):
    address = begin(lab, draft, 8)["Location"]
    assert send(lab, address, b"text").status_code == 204
    upload = Upload.objects.get()
    os.truncate(upload.path, 2)
    assert send(lab, address, b"more", 4).status_code == 409
    assert lab.head(address, headers=TUS)["Upload-Offset"] == "2"
    assert send(lab, address, b"xtmore", 2).status_code == 204
    assert upload.path.read_bytes() == b"textmore"
    upload.refresh_from_db()
    assert upload.sha256 == hashlib.sha256(b"textmore").hexdigest()


def test_what_was_cut_off_while_it_was_hashed_is_completed_by_the_next(lab, draft, monkeypatch):
    address = begin(lab, draft, 8)["Location"]
    assert send(lab, address, b"text").status_code == 204
    monkeypatch.setattr(receiving._Arriving, "hashed", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send(lab, address, b"more", 4)
    monkeypatch.undo()
    offset = int(lab.head(address, headers=TUS)["Upload-Offset"])
    assert offset < 8
    assert send(lab, address, b"textmore"[offset:], offset).status_code == 204
    assert Upload.objects.get().complete


def test_a_full_disk_is_said_and_loses_nothing(lab, draft, monkeypatch):
    address = begin(lab, draft, 8)["Location"]
    assert send(lab, address, b"text").status_code == 204

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(receiving.os, "pwrite", full)
    answer = send(lab, address, b"more", 4)
    assert (answer.status_code, b"no room for more bytes" in answer.content) == (507, True)
    monkeypatch.undo()
    assert lab.head(address, headers=TUS)["Upload-Offset"] == "4"
    monkeypatch.setattr(receiving.room, "RESERVED", 2**60)
    assert begin(lab, draft, 8).status_code == 507


def test_a_disk_that_takes_a_part_gets_the_rest(lab, draft, monkeypatch):
    pwrite = os.pwrite
    monkeypatch.setattr(receiving.os, "pwrite", lambda fd, data, at: pwrite(fd, data[:3], at))
    upload = sent(lab, draft, b"some longer text")
    assert upload.path.read_bytes() == b"some longer text"


def test_a_labs_files_together_have_a_limit(lab, people, settings):
    settings.LAB_MAX_BYTES = 1000
    assert begin(lab, factories.draft(people), 600).status_code == 201
    refused = begin(lab, factories.draft(people), 600)
    assert (refused.status_code, b"your lab would have more" in refused.content) == (413, True)


@pytest.mark.parametrize("facts", ["filename \u00e9", "filename ?", "filename /w=="])
def test_metadata_that_cannot_be_read_is_said(lab, draft, facts):
    headers = TUS | {"Upload-Length": "4", "Upload-Metadata": facts}
    assert lab.post(url("upload-add", draft.reference), headers=headers).status_code == 400


def test_a_strange_date_of_change_is_left_out(lab, draft):
    assert begin(lab, draft, 4, modified="\x00").status_code == 201
    assert Upload.objects.get().modified == ""


def test_the_same_file_sent_twice_is_said_before_it_is_checked(lab, draft, monkeypatch):
    one, two = sent(lab, draft, b"text", "a.txt"), sent(lab, draft, b"text", "b.txt")
    monkeypatch.setattr(receiving.uploads, "inspect", lambda *_: pytest.fail("checked"))
    form = DOCUMENT | {"uploads": [one.pk, two.pk], "title": ""}
    page = lab.post(url("document-add", draft.reference), form)
    assert (page.status_code, "was sent twice" in text_of(page)) == (409, True)


def test_two_removals_at_once_are_one(lab, draft, people, start):
    upload = sent(lab, draft, b"text")
    Upload.objects.filter(pk=upload.pk).delete()
    with pytest.raises(NotVisible):
        receiving.drop(upload, by=people.northlight_liaison, at=start)
    with pytest.raises(NotPermitted):
        receiving.receive(upload, io.BytesIO(), offset=4, by=people.northlight_liaison, at=start)
