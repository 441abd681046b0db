"""An older backup in the database's place shows, and decides nothing until somebody accepts it."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts import anchor, audit
from accounts.models import AuditEvent, AuditHead
from reviews.exceptions import RecordsBehind
from reviews.models import Notice
from reviews.models.notice import Delivery
from reviews.services import calendar_feeds, delivery, health, inbox, timekeeping
from tests import factories

MINUTE = timedelta(minutes=1)


@pytest.fixture
def file(committed, tmp_path, settings, monkeypatch):
    """An anchor of this test's own, written at every look."""
    monkeypatch.setattr(anchor, "WRITTEN_EVERY", 0.0)
    settings.AUDIT_ANCHOR = str(tmp_path / "anchor")
    return tmp_path / "anchor"


def happen(times, at):
    with transaction.atomic():
        for _ in range(times):
            audit.record("test.happened", by=audit.SYSTEM, at=at)


def forget():
    """As a new process, which knows only the file."""
    anchor._memories.clear()


def restore(sequence, sha256, latest_at):
    """The log is an older one again, which only an owner of the tables, or a backup, can do."""
    tables = ("accounts_audithead", "accounts_auditevent")
    server = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for table in tables if server else ():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for trigger in () if server else ("audit_head_advances", "audit_no_delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        cursor.execute("DELETE FROM accounts_auditevent WHERE sequence > %s", [sequence])
        cursor.execute(
            "UPDATE accounts_audithead SET sequence = %s, sha256 = %s, latest_at = %s",
            [sequence, sha256, latest_at],
        )
        for table in tables if server else ():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


def test_the_file_follows_the_log_and_only_its_owner_may_read_it(file, start):
    happen(3, start)
    timekeeping.now()
    written = json.loads(file.read_text())
    head = AuditHead.objects.get()
    assert written == {
        "generation": 0,
        "sequence": head.sequence,
        "sha256": head.sha256,
        "latest_at": head.latest_at.isoformat(),
    }
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in file.parent.glob("anchor*")) == ["anchor", "anchor.lock"]


@pytest.mark.parametrize("same_process", [True, False])
def test_a_shorter_log_decides_nothing(file, start, same_process):
    happen(1, start)
    before = audit.head()
    happen(2, start)
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    if not same_process:
        forget()
    for _ in range(2):
        with pytest.raises(RecordsBehind):
            timekeeping.now()


def test_another_log_of_the_same_length_decides_nothing(file, start):
    happen(1, start)
    timekeeping.now()
    head = audit.head()
    restore(head.sequence, "f" * 64, head.latest_at)
    forget()
    with pytest.raises(RecordsBehind):
        timekeeping.now()


def test_an_earlier_latest_instant_decides_nothing(file, start, move_clock):
    happen(1, start)
    before = audit.head()
    move_clock(start + 3 * MINUTE)
    timekeeping.now()  # moves only the instant
    assert audit.head().sequence == before.sequence
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    forget()
    with pytest.raises(RecordsBehind):
        timekeeping.now()


def test_a_log_that_went_on_from_a_backup_decides_nothing(file, start):
    """Where the portal ran without this file: longer than the mark, and another history."""
    happen(1, start)
    timekeeping.now()
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"sha256": "e" * 64}))
    forget()
    happen(5, start)
    with pytest.raises(RecordsBehind):
        timekeeping.now()


def test_what_rolls_back_is_never_expected_again(file, start):
    happen(1, start)
    timekeeping.now()
    try:
        with transaction.atomic():
            audit.record("test.undone", by=audit.SYSTEM, at=start)
            timekeeping.now()
            raise LookupError
    except LookupError:
        pass
    timekeeping.now()
    forget()
    assert timekeeping.now() == start


@pytest.mark.parametrize("content", ["", "{", '{"sequence": 3}', "[]", "\x00" * 40])
def test_a_file_that_says_nothing_is_not_taken_for_none(file, start, content):
    happen(1, start)
    timekeeping.now()
    file.write_text(content)
    with pytest.raises(RecordsBehind):
        timekeeping.now()


def test_a_missing_file_begins_again_from_what_the_process_knows(file, start):
    happen(1, start)
    before = audit.head()
    happen(1, start)
    timekeeping.now()
    file.unlink()
    timekeeping.now()
    assert json.loads(file.read_text())["sequence"] == before.sequence + 1
    file.unlink()
    restore(before.sequence, before.sha256, before.latest_at)
    with pytest.raises(RecordsBehind):
        timekeeping.now()


def test_the_newest_mark_reaches_the_file_after_the_wait(file, start, monkeypatch):
    happen(1, start)
    timekeeping.now()
    monkeypatch.setattr(anchor, "WRITTEN_EVERY", 60.0)
    happen(1, start)
    timekeeping.now()
    happen(1, start)
    timekeeping.now()
    newest = audit.head().sequence
    assert json.loads(file.read_text())["sequence"] < newest
    monkeypatch.setattr(anchor, "WRITTEN_EVERY", 0.0)
    timekeeping.now()
    assert json.loads(file.read_text())["sequence"] == newest


def test_a_slow_process_does_not_set_the_file_back(file, start):
    happen(1, start)
    slow = anchor.known(), audit.head()
    happen(4, start)
    timekeeping.now()
    newest = audit.head().sequence
    before, head = slow
    forget()  # the slow one is another process
    anchor.check(
        before,
        sequence=head.sequence,
        sha256=head.sha256,
        latest_at=head.latest_at,
        hash_at=audit.hash_at,
    )
    assert json.loads(file.read_text())["sequence"] == newest


def test_many_threads_that_write_and_look_never_take_each_other_for_a_backup(file, start):
    failures = []

    def work():
        try:
            for _ in range(15):
                happen(1, start)
                timekeeping.now()
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    timekeeping.now()
    assert json.loads(file.read_text())["sequence"] == audit.head().sequence


def test_no_page_opens_over_an_older_database(file, start, client, settings):
    happen(1, start)
    before = audit.head()
    happen(1, start)
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    for path in ("/", "/sign-in/", "/submissions/"):
        response = client.get(path)
        assert response.status_code == 503
        assert "older than what it has already acted upon" in response.content.decode()
        assert response["Retry-After"] == "30"


def test_the_hash_is_asked_for_only_when_the_file_is_written(
    file, start, monkeypatch, django_assert_num_queries
):
    happen(1, start)
    timekeeping.now()
    with django_assert_num_queries(1):
        timekeeping.now()
    happen(1, start)
    with django_assert_num_queries(2):
        timekeeping.now()
    monkeypatch.setattr(anchor, "WRITTEN_EVERY", 60.0)
    happen(1, start)
    with django_assert_num_queries(1):
        timekeeping.now()


def test_an_operator_accepts_what_is_missing_and_the_portal_goes_on(file, start, client, capsys):
    happen(1, start)
    before = audit.head()
    happen(4, start + MINUTE)
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    with pytest.raises(RecordsBehind):
        timekeeping.now()
    another = dict(vars(anchor._memories[str(file)]))
    call_command("accept_restored_backup", "--reason", "The disk failed.")
    said = capsys.readouterr().out
    assert f"Missing: events {before.sequence + 1} to {before.sequence + 4}." in said
    event = AuditEvent.objects.order_by("-sequence").first()
    assert (event.sequence, event.action) == (before.sequence + 1, "portal.backup_accepted")
    assert event.reason == "The disk failed."
    assert event.details["missing"] == f"events {before.sequence + 1} to {before.sequence + 4}"
    # In this process, which had seen more, and in a new one; never before what was acted upon.
    assert timekeeping.now() >= start + MINUTE
    assert client.get("/sign-in/").status_code == 200
    forget()
    assert timekeeping.now() >= start + MINUTE
    # Nor in one that runs on and remembers what is gone.
    anchor._memories[str(file)] = anchor._Memory(**another)
    assert timekeeping.now() >= start + MINUTE
    happen(1, start + MINUTE)
    timekeeping.now()
    assert json.loads(file.read_text())["generation"] == 1
    assert json.loads(file.read_text())["sequence"] == before.sequence + 2


@pytest.mark.parametrize("options", [[], ["--keep-mail-back"]])
def test_what_may_have_been_closed_since_the_backup_is_closed(
    file, committed_people, start, client, capsys, smtp, options
):
    people = committed_people
    factories.filed(people)
    choice = {"recipient": people.nsa_lead, "delivery": Delivery.IMMEDIATE}
    digest = Notice.objects.filter(**choice).first()
    Notice.objects.filter(pk=digest.pk).update(delivery=Delivery.DIGEST, digest_for=start.date())
    delivered = Notice.objects.filter(recipient=people.dod_lead)
    delivered.update(sent_at=start)
    client.force_login(people.nsa_lead)
    token = calendar_feeds.make(by=people.nsa_lead, at=start)
    waiting = Notice.objects.filter(sent_at__isnull=True).count()
    shown = inbox.rows(people.nsa_lead, at=start).count()
    before = audit.head()
    happen(1, start)
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    call_command("accept_restored_backup", "--reason", "The disk failed.", *options)
    kept = waiting if options else 0
    assert (
        "Sessions ended: 1. Addresses of calendars revoked: 1. "
        f"Notices kept from leaving by mail: {kept}.\n"
    ) in capsys.readouterr().out
    event = AuditEvent.objects.get(action="portal.backup_accepted")
    counted = ("sessions_ended", "feeds_revoked", "notices_kept_back")
    assert [event.details[name] for name in counted] == [1, 1, kept]
    assert audit.verify() is None
    assert client.get("/").status_code == 302
    assert calendar_feeds.person_of(token) is None
    assert waiting > 1
    assert delivery.deliver_notices()["sent"] == (0 if options else waiting)
    assert len(smtp.messages) == (0 if options else waiting)
    assert inbox.rows(people.nsa_lead, at=start).count() == shown > 0
    assert delivered.filter(sent_at=start).exists()


def test_a_second_backup_is_found_after_the_first_was_accepted(file, start):
    happen(1, start)
    before = audit.head()
    happen(1, start)
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    call_command("accept_restored_backup", "--reason", "The disk failed.")
    accepted = audit.head()
    happen(1, start)
    timekeeping.now()
    restore(accepted.sequence, accepted.sha256, accepted.latest_at)
    with pytest.raises(RecordsBehind):
        timekeeping.now()


def test_a_file_that_says_nothing_can_be_accepted_too(file, start):
    happen(1, start)
    timekeeping.now()
    file.write_text("{")
    call_command("accept_restored_backup", "--reason", "The file was damaged.")
    assert timekeeping.now() == start
    assert json.loads(file.read_text())["generation"] == 1


def test_nothing_is_accepted_when_nothing_is_missing(file, start, settings):
    happen(1, start)
    timekeeping.now()
    for path in (settings.AUDIT_ANCHOR, ""):
        settings.AUDIT_ANCHOR = path
        with pytest.raises(CommandError):
            call_command("accept_restored_backup", "--reason", "x")
    assert not AuditEvent.objects.filter(action="portal.backup_accepted").exists()


def test_a_database_behind_its_anchor_is_an_alarm(file, start):
    happen(1, start)
    before = audit.head()
    happen(1, start)
    timekeeping.now()
    restore(before.sequence, before.sha256, before.latest_at)
    (records,) = [part for part in health.parts(health.facts()) if part.code == "records"]
    assert records.is_wrong
    assert f"event {before.sequence + 1} was seen" in records.words
