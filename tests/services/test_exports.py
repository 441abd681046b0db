"""Files prepared by workers: once each, whoever is killed; and handed out only while allowed."""

import csv
import io
from collections import Counter
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import seats
from accounts.models import AuditEvent
from reviews.exceptions import Conflict, NotVisible
from reviews.models import (
    Export,
    ExportedSubmission,
    ModelVersion,
    Submission,
    SubmissionGroupObjectPermission,
)
from reviews.models.export import ExportFormat
from reviews.services import agency_reviews, attachments, export_files, exports
from tests import factories

CSV = ExportFormat.CSV
SECOND = timedelta(seconds=1)


def asked(people, start, who="nsa_lead", **filters):
    return exports.ask(CSV, filters, by=getattr(people, who), at=start)


def counted(ready=0, failed=0, stopped=0):
    return {"ready": ready, "failed": failed, "stopped": stopped}


def prepared(people, start, who="nsa_lead", **filters):
    export = asked(people, start, who, **filters)
    assert exports.prepare_waiting() == counted(ready=1)
    export.refresh_from_db()
    return export


def references(file):
    with file:
        rows = csv.DictReader(io.StringIO(file.read().decode(), newline=""))
        return [row["Submission"] for row in rows]


def read(export, by, at):
    return references(exports.open_for_reading(export, by=by, at=at))


def stored():
    return storages["documents"].listdir("exports")[1]


def event():
    return AuditEvent.objects.latest("sequence")


def many(people, start, count):
    """So many drafts more of Northlight, of which nothing but the row is needed."""
    first = factories.draft(people, complete=False)
    facts = {"lab": first.lab, "family": "Many", "created_at": start}
    versions = ModelVersion.objects.bulk_create(
        ModelVersion(version=f"{n}", checkpoint_sha256=factories.sha256(f"{count}:{n}"), **facts)
        for n in range(first.pk, first.pk + count - 1)
    )
    facts = {"kind": first.kind, "created_at": start, "created_by": first.created_by}
    rows = Submission.objects.bulk_create(
        Submission(model_version=version, **facts) for version in versions
    )
    SubmissionGroupObjectPermission.objects.bulk_create(
        SubmissionGroupObjectPermission(
            content_object=row, group=one.group, permission=one.permission
        )
        for one in first.group_permissions.select_related("group", "permission")
        for row in rows
    )


def test_a_file_holds_what_its_person_may_export_and_what_she_asked_for(people, start):
    own, other = factories.filed(people), factories.filed(people, "basalt")
    draft = factories.draft(people)
    assert read(prepared(people, start), people.nsa_lead, start) == [
        one.reference for one in sorted([own, other], key=lambda one: one.reference, reverse=True)
    ]
    lab = prepared(people, start, "northlight_liaison")
    assert set(read(lab, people.northlight_liaison, start)) == {own.reference, draft.reference}
    drafts = prepared(people, start, "northlight_liaison", state="draft")
    assert read(drafts, people.northlight_liaison, start) == [draft.reference]


def test_asking_preparing_and_fetching_are_on_record(people, start):
    factories.filed(people)
    export = asked(people, start, state="under_review")
    said = event()
    assert (said.action, said.object_reference) == ("export.asked", str(export.key))
    assert said.details == {"format": "csv", "filter": {"state": "under_review"}}
    exports.prepare_waiting()
    export.refresh_from_db()
    said, digest = event(), {"sha256": export.sha256, "count": 1}
    assert (said.action, said.actor) == ("submissions.exported", people.nsa_lead.email)
    assert said.details == {
        **digest,
        **{"format": "csv", "filter": {"state": "under_review"}, "size": export.size},
    }
    exports.open_for_reading(export, by=people.nsa_lead, at=start).close()
    assert (event().action, event().details) == ("export.read", digest)


def test_the_same_is_asked_for_once_and_only_so_many_are_kept(people, start):
    first = asked(people, start)
    assert asked(people, start) == first
    for number in range(exports.MOST_KEPT - 1):
        asked(people, start, q=f"x{number}")
    with pytest.raises(Conflict, match="no more are kept"):
        asked(people, start, q="one more")
    asked(people, start, "dod_lead")
    assert Export.objects.count() == exports.MOST_KEPT + 1


@pytest.mark.parametrize("who", ["nsa_reviewer", "oncd_official", "administrator", "auditor"])
def test_nobody_else_asks(people, start, who):
    with pytest.raises(Conflict, match="no longer include"):
        asked(people, start, who)
    assert not Export.objects.exists()


def test_whoever_lost_the_seat_gets_no_file(people, start):
    factories.filed(people)
    export = asked(people, start)
    taken(people, start)
    assert exports.prepare_waiting() == counted(failed=1)
    export.refresh_from_db()
    assert (export.reason, export.expires_at) == (exports.NO_LONGER, start + exports.KEPT)
    assert not ExportedSubmission.objects.exists()


def taken(people, start):
    seats.take(
        person=people.nsa_lead,
        organization=factories.organization("nsa"),
        role="lead",
        by=people.administrator,
        at=start,
    )


def test_a_file_is_closed_to_others_and_after_its_seat_is_gone(people, start):
    factories.filed(people)
    export = prepared(people, start)
    with pytest.raises(NotVisible):
        read(export, people.dod_lead, start)
    taken(people, start)
    with pytest.raises(NotVisible):
        read(export, people.nsa_lead, start)


def recuse(submission, people, start):
    agency_reviews.recuse(submission, reason="", by=people.nsa_lead, at=start)


def detach(submission, people, start):
    agency = factories.organization("nsa")
    attachments.detach(submission, agency, by=people.administrator, at=start)


@pytest.mark.parametrize("lose", [recuse, detach])
def test_a_file_is_closed_once_one_submission_in_it_is(people, start, lose):
    gone, kept = factories.filed(people), factories.filed(people)
    export = prepared(people, start)
    factories.filed(people)  # what came later is no reason
    assert len(read(export, people.nsa_lead, start)) == 2
    lose(gone, people, start)
    before = event().sequence
    with pytest.raises(Conflict, match="Ask for a new one"):
        read(export, people.nsa_lead, start)
    assert event().sequence == before
    assert gone.reference not in read(prepared(people, start), people.nsa_lead, start)
    assert kept.pk in ExportedSubmission.objects.values_list("submission", flat=True)


def test_the_end_of_the_window_closes_no_file(people, start, move_clock):
    submission = factories.filed(people, planned_partner_release_at=start + timedelta(hours=2))
    export = prepared(people, start)
    move_clock(submission.closes_at)
    assert read(export, people.nsa_lead, submission.closes_at) == [submission.reference]


def test_a_file_that_is_not_ready_missing_or_changed_is_not_handed_out(people, start):
    export = asked(people, start)
    with pytest.raises(Conflict, match="not ready"):
        read(export, people.nsa_lead, start)
    exports.prepare_waiting()
    export.refresh_from_db()
    path = storages["documents"].path(export.storage_names()[-1])
    with open(path, "ab") as file:  # noqa: PTH123
        file.write(b"more")
    with pytest.raises(Conflict, match="not the one that was prepared"):
        read(export, people.nsa_lead, start)
    storages["documents"].delete(path)
    with pytest.raises(Conflict, match="missing"):
        read(export, people.nsa_lead, start)


def test_a_file_goes_with_its_row_when_it_expires(people, start, move_clock):
    factories.filed(people)
    export = prepared(people, start)
    assert stored() == [f"{export.key.hex}-1"]
    move_clock(export.expires_at - SECOND)
    exports.prepare_waiting()
    assert len(stored()) == 1
    move_clock(export.expires_at)
    exports.prepare_waiting()
    assert (stored(), Export.objects.count(), ExportedSubmission.objects.count()) == ([], 0, 0)


def test_what_a_worker_holds_no_other_takes_until_its_lease_runs_out(people, start):
    asked(people, start)
    held = exports.claim(start)
    assert held.attempts == 1
    assert exports.claim(start + exports.LEASE - SECOND) is None
    assert exports.claim(start + exports.LEASE).attempts == 2


def test_a_killed_workers_file_is_prepared_again_from_the_beginning(people, start, move_clock):
    submission = factories.filed(people)
    export = asked(people, start)
    killed = exports.claim(start)
    next(exports._rows(killed, start))  # and no more
    assert ExportedSubmission.objects.count() == 1
    move_clock(killed.claimed_until)
    assert exports.prepare_waiting() == counted(ready=1)
    export.refresh_from_db()
    assert (export.attempts, export.row_count) == (2, 1)
    assert read(export, people.nsa_lead, start) == [submission.reference]


def test_what_cannot_go_into_a_file_stops_no_other_when_the_lease_ran_out(
    people, start, move_clock, monkeypatch
):
    asked(people, start)
    slow = exports.claim(start)
    move_clock(slow.claimed_until)
    assert exports.prepare_waiting() == counted(ready=1)
    monkeypatch.setattr(exports, "LONGEST", timedelta(seconds=-1))
    factories.filed(people)
    assert exports._prepare(slow) == "stopped"


def test_the_log_holds_no_word_that_was_searched_for(people, start):
    filed = {"q": "Aurora", "sort": "ends"}
    exports.at_once(ExportFormat.CSV, filed, by=people.nsa_lead, at=start).close()
    event = AuditEvent.objects.get(action="submissions.exported")
    assert event.details["filter"] == {"q": "words", "sort": "ends"}
    assert "Aurora" not in str(event.details)


@pytest.mark.parametrize("rows", [0, 1])
def test_a_worker_whose_lease_ran_out_changes_nothing_any_more(people, start, move_clock, rows):
    for _ in range(rows):
        factories.filed(people)
    asked(people, start)
    slow = exports.claim(start)
    move_clock(slow.claimed_until)
    assert exports.prepare_waiting() == counted(ready=1)
    before = (Export.objects.values().get(), list(ExportedSubmission.objects.values()))
    events = AuditEvent.objects.count()
    assert exports._prepare(slow) == "stopped"
    assert (Export.objects.values().get(), list(ExportedSubmission.objects.values())) == before
    assert (stored(), AuditEvent.objects.count()) == ([f"{slow.key.hex}-2"], events)


def test_what_stops_three_times_has_failed_and_says_what_to_do(
    people, start, move_clock, monkeypatch
):
    export = asked(people, start)
    with monkeypatch.context() as broken:
        broken.setattr(export_files, "write", lambda *_: 1 / 0)
        for number in range(exports.MOST_ATTEMPTS):
            move_clock(start + number * exports.LEASE)
            assert exports.prepare_waiting() == counted(stopped=1)
    end = start + exports.MOST_ATTEMPTS * exports.LEASE
    move_clock(end)
    assert exports.prepare_waiting() == counted()
    export.refresh_from_db()
    assert (export.failed_at, export.reason) == (end, exports.STOPPED)
    assert export.expires_at == end + exports.KEPT


@pytest.mark.parametrize("limit", ["MOST_ROWS", "LONGEST"])
def test_a_file_beyond_the_limits_fails_and_says_so(people, start, monkeypatch, limit):
    factories.filed(people)
    export = asked(people, start)
    where, value = {
        "MOST_ROWS": (export_files, 0),
        "LONGEST": (exports, timedelta(seconds=-1)),
    }[limit]
    monkeypatch.setattr(where, limit, value)
    assert exports.prepare_waiting() == counted(failed=1)
    export.refresh_from_db()
    assert export.reason.endswith(exports.NARROWER)
    assert not ExportedSubmission.objects.exists()


@pytest.mark.parametrize("kind", ExportFormat)
def test_a_chunk_costs_the_same_queries_in_a_file_of_10_and_of_2000(people, start, kind):
    def queries(rows):
        many(people, start, rows - Submission.objects.count())
        exports.ask(kind, {}, by=people.northlight_liaison, at=start)
        with CaptureQueriesContext(connection) as captured:
            assert exports.prepare_waiting() == counted(ready=1)
        export = Export.objects.get()
        assert export.row_count == ExportedSubmission.objects.count() == rows
        export.delete()
        return Counter(query["sql"].split(" ", 2)[0] for query in captured)

    small, large = queries(10), queries(2000)
    more = 2000 // exports.CHUNK - 1
    # Beyond the first chunk: the seats, the rows, who has filed, the clock; and in the end the
    # seats again, and no row.
    assert large["SELECT"] - small["SELECT"] == 4 * more + 2
    assert (large["INSERT"] - small["INSERT"], large["UPDATE"] - small["UPDATE"]) == (more, more)
