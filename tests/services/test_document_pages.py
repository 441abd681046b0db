"""Documents in the browser: added, versioned, restricted, downloaded."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from reviews.models import Document, Recusal, Submission
from reviews.services import attachments, downloads, lifecycle
from reviews.workflow import Status
from tests import factories
from tests.services.lab_pages import DOCUMENT, add_url, codes, stored, taken, text_of, url

pytestmark = pytest.mark.django_db


class TestListing:
    def test_queries_stay_the_same(self, client, people):
        counts = {}
        for number in (3, 30):
            submission = factories.filed(people)
            for _ in range(number):
                factories.document(submission, people, restricted_to=["nsa", "cisa"])
            for person in (people.northlight_liaison, people.nsa_reviewer):
                client.force_login(person)
                client.get(url("document-list", submission.reference))
                with CaptureQueriesContext(connection) as captured:
                    response = client.get(url("document-list", submission.reference))
                assert response.content.count(b'class="fv-documents__row"') == number
                counts.setdefault(person.email, []).append(len(captured))
        assert all(few == many <= 14 for few, many in counts.values())

    def test_newest_version_is_listed(self, lab, people):
        submission = factories.draft(people)
        document = factories.document(submission, people)
        second = SimpleUploadedFile("card-2.md", b"# Second")
        response = lab.post(url("version-add", document.key), {"upload": second})
        assert (response.status_code, response["Location"]) == (302, document.get_absolute_url())
        assert "version 2 ·" in text_of(lab.get(url("document-list", submission.reference)))
        page = text_of(lab.get(document.get_absolute_url()))
        assert "Version 2 (newest)" in page
        assert "card-2.md" in page
        assert document.versions.get(number=1).sha256 in page

    def test_agency_left_off_does_not_learn_of_it(self, client, people):
        submission = factories.filed(people)
        restricted = factories.document(submission, people, restricted_to=["nsa"], title="Secret A")
        factories.document(submission, people, title="Open B")
        seen = {}
        for code in ("nsa", "dod"):
            client.force_login(getattr(people, f"{code}_reviewer"))
            page = text_of(client.get(url("document-list", submission.reference)))
            seen[code] = ("Secret A" in page, "Open B" in page)
            status = client.get(restricted.get_absolute_url()).status_code
            download = taken(client.get(url("version-download", restricted.key, 1)))
            assert (status, download) == ((200, 200) if code == "nsa" else (404, 404))
        assert seen == {"nsa": (True, True), "dod": (False, True)}

    def test_agency_is_told_neither_who_else_reads_nor_who_uploaded(self, client, people):
        submission = factories.filed(people)
        document = factories.document(submission, people, restricted_to=["nsa", "cisa"])
        client.force_login(people.nsa_reviewer)
        for address in (
            url("document-list", submission.reference),
            document.get_absolute_url(),
        ):
            page = text_of(client.get(address))
            assert "CISA" not in page
            assert "northlight liaison" not in page
            assert "Change who may open it" not in page

    def test_documents_close_to_agencies_at_the_end(self, client, people, move_clock):
        submission = factories.filed(people)
        document = factories.document(submission, people, title="System card")
        download = url("version-download", document.key, 1)
        client.force_login(people.nsa_reviewer)
        move_clock(submission.closes_at - timedelta(microseconds=1))
        assert taken(client.get(download)) == 200
        move_clock(submission.closes_at)
        page = client.get(url("document-list", submission.reference))
        assert page.status_code == 200
        assert self.closed(page).endswith("EST</time>, when the review window ended.")
        assert "Nov. 19, 2026, 10:00 a.m." in self.closed(page)
        assert "System card" not in text_of(page)
        assert client.get(document.get_absolute_url()).status_code == 404
        assert client.get(download).status_code == 404
        client.force_login(people.northlight_liaison)
        page = text_of(client.get(url("document-list", submission.reference)))
        assert "System card" in page
        assert "Add a document" not in page
        assert "Closed since <time" in page
        assert taken(client.get(download)) == 200

    def closed(self, page):
        """The sentence that says since when the documents are closed."""
        heading = "The documents are closed</h2>"
        assert heading in text_of(page)
        return re.search(r"(Closed since <time.*?\.) The lab", text_of(page))[1]

    def test_withdrawn_documents_say_since_when_they_are_closed(self, client, people, move_clock):
        submission = factories.filed(people)
        move_clock(factories.now() + timedelta(hours=2))
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=factories.now())
        move_clock(factories.now() + timedelta(days=3))
        client.force_login(people.nsa_reviewer)
        said = self.closed(client.get(url("document-list", submission.reference)))
        assert "Oct. 20, 2026, 1:00 p.m. EDT" in said
        assert said.endswith("when the lab withdrew the submission.")

    def test_concluded_documents_say_since_when_they_are_closed(self, client, people, move_clock):
        submission = factories.filed(people)
        concluded_at = factories.now() + timedelta(hours=2)
        Submission.objects.filter(pk=submission.pk).update(
            status=Status.CONCLUDED, ended_at=concluded_at
        )
        move_clock(concluded_at + timedelta(days=3))
        client.force_login(people.nsa_reviewer)
        said = self.closed(client.get(url("document-list", submission.reference)))
        assert "Oct. 20, 2026, 1:00 p.m. EDT" in said
        assert said.endswith("when the review was concluded.")


def whole(answer):
    """All that the answer holds; reading a file to its end closes it."""
    return b"".join(answer) if answer.streaming else answer.content


class TestDownloading:
    def test_file_leaves_as_an_attachment_and_on_record(self, client, people):
        submission = factories.filed(people)
        content = "# Système\n".encode()
        document = factories.document(submission, people, name="Système card.md", content=content)
        client.force_login(people.nsa_reviewer)
        response = client.get(url("version-download", document.key, 1))
        assert b"".join(response.streaming_content) == content
        assert response["Content-Type"] == "application/octet-stream"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox"
        assert response["Cache-Control"] == "no-store, private"
        assert response["Content-Disposition"] == (
            f"attachment; filename*=utf-8''{quote('Système card.md')}"
        )
        event = AuditEvent.objects.order_by("-sequence").first()
        assert (event.action, event.actor, event.organization) == (
            "document.read",
            "nsa-reviewer@demo.example",
            "nsa",
        )

    def test_asking_for_the_headers_alone_reads_nothing(self, lab, people):
        document = factories.document(factories.draft(people), people)
        assert lab.head(url("version-download", document.key, 1)).status_code == 405
        assert not AuditEvent.objects.filter(action="document.read").exists()

    @pytest.mark.parametrize("number", [0, 2, 10**30])
    def test_version_that_does_not_exist(self, lab, people, number):
        document = factories.document(factories.draft(people), people)
        assert lab.get(url("version-download", document.key, number)).status_code == 404

    def test_unscanned_stays_closed_where_settings_say_so(self, lab, people, settings):
        settings.UNSCANNED_DOCUMENTS_OPEN = False
        document = factories.document(factories.draft(people), people)
        page = text_of(lab.get(document.get_absolute_url()))
        assert "Not scanned: no scanner is configured. Closed until it is scanned." in page
        assert "Download" not in page
        assert lab.get(url("version-download", document.key, 1)).status_code == 403

    @pytest.mark.parametrize(
        ("state", "note", "says"),
        [
            ("clean", "Not scanned: no scanner.", "Not scanned: no scanner. Can be downloaded."),
            ("clean", "", "Scanned: nothing was found. Can be downloaded."),
            ("waiting", "", "Not scanned yet. Closed until it is scanned."),
            ("infected", "Found: a test virus.", "Infected. Found: a test virus. Closed."),
            ("unscannable", "It is encrypted.", "Unscannable. It is encrypted. Closed."),
        ],
    )
    def test_every_page_says_what_the_scanner_did(self, lab, people, state, note, says):
        submission = factories.draft(people)
        document = factories.document(submission, people)
        document.versions.update(scan_state=state, scan_note=note)
        for address in (
            url("document-list", submission.reference),
            url("submission-file", submission.reference),
            document.get_absolute_url(),
        ):
            page = text_of(lab.get(address))
            assert says in page
            assert not re.search(r"\bclean\b", page, re.IGNORECASE)

    @pytest.mark.parametrize(
        ("asked", "status", "content", "where"),
        [
            ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
            ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
            ("bytes=-3", 206, b"789", "bytes 7-9/10"),
            ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
            ("bytes=8-30", 206, b"89", "bytes 8-9/10"),
            ("bytes=9-9", 206, b"9", "bytes 9-9/10"),
            ("bytes=10-", 416, b"", "bytes */10"),
            ("bytes=-0", 416, b"", "bytes */10"),
            ("bytes=3-2", 200, b"0123456789", None),
            ("bytes=0-1,3-4", 200, b"0123456789", None),
            ("bytes=-", 200, b"0123456789", None),
            ("lines=0-1", 200, b"0123456789", None),
            ("bytes=" + "9" * 40 + "-", 200, b"0123456789", None),
        ],
    )
    def test_a_part_is_handed_out_as_it_is_asked_for(
        self, lab, people, asked, status, content, where
    ):
        document = factories.document(
            factories.draft(people), people, content=b"0123456789", name="a.txt"
        )
        address = url("version-download", document.key, 1)
        answer = lab.get(address, headers={"Range": asked})
        got = whole(answer)
        assert (answer.status_code, got, answer.get("Content-Range")) == (status, content, where)
        if status != 416:
            assert answer["Content-Length"] == str(len(content))
            event = AuditEvent.objects.get(action="document.read")
            assert event.details.get("range") == where

    def test_a_part_of_another_version_is_not_mixed_in(self, lab, people):
        document = factories.document(factories.draft(people), people, content=b"0123456789")
        address = url("version-download", document.key, 1)
        answer = lab.get(address)
        whole(answer)
        tag = answer["ETag"]
        assert tag == f'"{document.versions.get().sha256}"'
        for given, status in ((tag, 206), ('"other"', 200)):
            answer = lab.get(address, headers={"Range": "bytes=2-", "If-Range": given})
            whole(answer)
            assert answer.status_code == status

    def test_each_part_is_asked_about_anew(self, client, people, start):
        document = factories.document(factories.filed(people), people)
        client.force_login(people.nsa_reviewer)
        address = url("version-download", document.key, 1)
        asked = {"headers": {"Range": "bytes=0-1"}}
        assert whole(client.get(address, **asked)) != b""
        lifecycle.withdraw(document.submission, by=people.northlight_liaison, at=start)
        assert client.get(address, **asked).status_code == 404

    def test_a_flipped_bit_is_refused_in_the_middle_of_a_download(
        self, lab, people, document_store
    ):
        document = factories.document(factories.draft(people), people, content=b"0123456789")
        address = url("version-download", document.key, 1)
        assert whole(lab.get(address, headers={"Range": "bytes=0-4"})) == b"01234"
        stored(document_store)[0].write_bytes(b"0123456788")
        assert lab.get(address, headers={"Range": "bytes=5-9"}).status_code == 409

    def test_going_on_does_not_hash_the_whole_again(self, lab, people, monkeypatch):
        document = factories.document(factories.draft(people), people, content=b"0123456789")
        address = url("version-download", document.key, 1)
        assert whole(lab.get(address, headers={"Range": "bytes=0-4"})) == b"01234"
        hashed = []
        sha256_of = downloads.sha256_of
        monkeypatch.setattr(
            downloads, "sha256_of", lambda file: hashed.append(1) or sha256_of(file)
        )
        assert whole(lab.get(address, headers={"Range": "bytes=5-9"})) == b"56789"
        assert hashed == []
        later = downloads.time.monotonic() + downloads.HASHED_FOR
        monkeypatch.setattr(downloads.time, "monotonic", lambda: later)
        assert whole(lab.get(address, headers={"Range": "bytes=5-9"})) == b"56789"
        assert hashed == [1]

    def test_changed_bytes_are_not_handed_out(self, lab, people, document_store):
        document = factories.document(factories.draft(people), people)
        path = stored(document_store)[0]
        path.write_bytes(b"changed")
        response = lab.get(url("version-download", document.key, 1))
        assert response.status_code == 409
        assert b"changed" not in response.content


class TestRestricting:
    def restrict(self, client, document, audience, *names):
        send = {"audience": audience, "restricted_to": codes(*names)}
        return client.post(url("document-restrict", document.key), send)

    def test_agency_left_off_is_out_with_the_next_click(self, client, people):
        document = factories.document(factories.filed(people), people)
        lab = Client()
        lab.force_login(people.northlight_liaison)
        client.force_login(people.dod_reviewer)
        assert client.get(document.get_absolute_url()).status_code == 200
        response = self.restrict(lab, document, "some", "nsa")
        assert (response.status_code, response["Location"]) == (302, document.get_absolute_url())
        assert client.get(document.get_absolute_url()).status_code == 404
        form = lab.get(url("document-restrict", document.key)).context["form"]
        assert form.initial["audience"] == "some"
        assert self.restrict(lab, document, "all").status_code == 302
        assert client.get(document.get_absolute_url()).status_code == 200

    def test_list_of_all_agencies_is_shown_as_no_restriction(self, lab, client, people):
        submission = factories.draft(people)
        everyone = [agency.code for agency in attachments.possible_readers()]
        whole = factories.document(submission, people, restricted_to=everyone)
        addresses = [url("document-list", submission.reference), whole.get_absolute_url()]
        for address in addresses:
            assert "Only" not in text_of(lab.get(address))
        assert "Every attached agency" in text_of(lab.get(addresses[1]))
        self.restrict(lab, whole, "some", *everyone[1:])
        for address in addresses:
            assert "Only" in text_of(lab.get(address))

    def test_choice_that_contradicts_itself_is_kept_and_not_saved(self, lab, people):
        document = factories.document(factories.draft(people), people, restricted_to=["nsa"])
        response = self.restrict(lab, document, "all", "nsa", "cisa")
        assert response.status_code == 422
        assert response.content.count(b"checked") == 3
        assert document.restricted_to.count() == 1


PAGES = ["document-detail", "version-add", "document-restrict"]


class TestOthers:
    def ask(self, client, person, submission, document):
        client.force_login(person)
        addresses = [url("document-list", submission.reference), add_url(submission)]
        addresses += [url(name, document.key) for name in PAGES]
        addresses += [url("version-download", document.key, 1)]
        return [taken(client.get(address)) for address in addresses]

    @pytest.mark.parametrize(
        ("person", "expected"),
        [
            ("northlight_admin", [200, 200, 200, 200, 200, 200]),
            ("nsa_reviewer", [200, 403, 200, 403, 403, 200]),
            ("oncd_official", [200, 403, 200, 403, 403, 200]),
            ("basalt_liaison", [404] * 6),
            ("administrator", [404] * 6),
            ("auditor", [404] * 6),
            ("partner_contact", [404] * 6),
            ("superuser", [404] * 6),
        ],
    )
    def test_who_opens_what(self, client, people, person, expected):
        submission = factories.filed(people)
        document = factories.document(submission, people)
        assert self.ask(client, getattr(people, person), submission, document) == expected

    def test_no_agency_sees_a_drafts_documents(self, client, people):
        submission = factories.draft(people)
        document = factories.document(submission, people)
        assert self.ask(client, people.nsa_lead, submission, document) == [404] * 6

    @pytest.mark.parametrize(("person", "status"), [("basalt_liaison", 404), ("nsa_lead", 403)])
    def test_nobody_else_writes(self, client, people, person, status, document_store):
        submission = factories.filed(people)
        document = factories.document(submission, people)
        client.force_login(getattr(people, person))
        sends = [
            (add_url(submission), DOCUMENT | {"upload": factories.upload()}),
            (url("version-add", document.key), {"upload": factories.upload()}),
            (url("document-restrict", document.key), {"audience": "all"}),
        ]
        assert [client.post(*send).status_code for send in sends] == [status] * 3
        assert Document.objects.count() == len(stored(document_store)) == 1

    def test_recused_person_opens_nothing(self, client, people):
        submission = factories.filed(people)
        document = factories.document(submission, people)
        Recusal.objects.create(
            submission=submission,
            person=people.nsa_reviewer,
            reason="Family.",
            declared_by=people.nsa_reviewer,
            declared_at=factories.now(),
        )
        assert self.ask(client, people.nsa_reviewer, submission, document) == [404] * 6

    def test_withdrawing_closes_the_documents(self, client, people):
        submission = factories.filed(people)
        document = factories.document(submission, people)
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=factories.now())
        expected = [200, 403, 404, 404, 404, 404]
        assert self.ask(client, people.nsa_reviewer, submission, document) == expected
