"""The audit log: one chain, guarded by the database, broken links named, codes in words."""

import ast
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from accounts import audit, audit_words
from accounts.models import AuditEvent, AuditHead, User
from tests import factories
from tests.architecture.source import dotted, product
from tests.authorization.test_matrix import names

TABLE = "accounts_auditevent"
TRIGGERS = {
    "sqlite": [
        f"DROP TRIGGER {name}"
        for name in (
            "audit_no_update",
            "audit_no_delete",
            "audit_only_append",
            "audit_head_stays",
            "audit_head_advances",
        )
    ],
    "postgresql": [
        f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL",
        "ALTER TABLE accounts_audithead DISABLE TRIGGER ALL",
    ],
}


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def log(committed_people):
    """A committed log with at least ten events."""
    submission = factories.filed(committed_people)
    factories.document(submission, committed_people)
    assert AuditEvent.objects.count() > 10
    assert audit.verify() is None


@pytest.fixture
def tampered(log):
    """The same, with every trigger off, as an owner of the database could."""
    for statement in TRIGGERS[connection.vendor]:
        sql(statement)


COPY = (
    "INSERT INTO accounts_auditevent "
    "SELECT {sequence}, at, actor, actor_name, organization, action, outcome, object_type, "
    "object_reference, submission, reason, source, details, previous_sha256, sha256 "
    "FROM accounts_auditevent WHERE sequence = 3"
)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 3",
        f"DELETE FROM {TABLE} WHERE sequence = 3",
        COPY.format(sequence=3).replace("INSERT", "INSERT OR REPLACE"),
        f"TRUNCATE {TABLE}",
        "UPDATE accounts_audithead SET sequence = 1",
        "UPDATE accounts_audithead SET latest_at = '1999-01-01 00:00:00'",
        "DELETE FROM accounts_audithead",
    ],
)
def test_the_database_refuses_to_change_the_log(log, statement):
    only = {"TRUNCATE": "postgresql", "INSERT OR REPLACE": "sqlite"}
    for words, vendor in only.items():
        if words in statement and connection.vendor != vendor:
            with pytest.raises(DatabaseError), transaction.atomic():  # not even this SQL exists
                sql(statement)
            return
    with pytest.raises(DatabaseError, match=r"append-only|head"), transaction.atomic():
        sql(statement)
    assert audit.verify() is None


def test_an_edit_is_named(tampered):
    sql(f"UPDATE {TABLE} SET actor = 'someone else' WHERE sequence = 5")
    assert audit.verify() == "event 5 was changed after it was recorded"


@pytest.mark.parametrize("column", [name for name in audit.COLUMNS if name != "sequence"])
def test_every_column_is_covered(tampered, column):
    other = {"at": "'1999-01-01 00:00:00+00'", "details": "'{\"x\": 1}'"}.get(column, "'tampered'")
    sql(f"UPDATE {TABLE} SET {column} = {other} WHERE sequence = 5")
    expected = {
        "previous_sha256": "event 5 does not follow the event before it",
    }.get(column, "event 5 was changed after it was recorded")
    assert audit.verify() == expected


def test_a_deletion_is_named(tampered):
    sql(f"DELETE FROM {TABLE} WHERE sequence = 5")
    assert audit.verify() == "event 5 is missing: the next one found is 6"


def test_an_insertion_is_named(tampered):
    last = AuditEvent.objects.count()
    sql(f"UPDATE {TABLE} SET sequence = sequence + 1 WHERE sequence = {last}")
    sql(COPY.format(sequence=last))
    assert audit.verify() == f"event {last} does not follow the event before it"


def test_a_reordering_is_named(tampered):
    for before, after in ((5, 9999), (6, 5), (9999, 6)):
        sql(f"UPDATE {TABLE} SET sequence = {after} WHERE sequence = {before}")
    assert audit.verify() == "event 5 does not follow the event before it"


def test_a_cut_tail_is_named(tampered):
    last = AuditEvent.objects.count()
    sql(f"DELETE FROM {TABLE} WHERE sequence = {last}")
    assert audit.verify() == f"event {last} was recorded last, and the log ends at {last - 1}"


def test_a_cut_tail_with_a_matching_head_shows_against_an_exported_head(tampered):
    head = AuditHead.objects.get()
    since = (head.sequence, head.sha256)
    assert audit.verify(since=since) is None
    previous = AuditEvent.objects.get(sequence=head.sequence - 1)
    sql(f"DELETE FROM {TABLE} WHERE sequence = {head.sequence}")
    sql(
        "UPDATE accounts_audithead SET sequence = %s, sha256 = %s",
        previous.sequence,
        previous.sha256,
    )
    assert audit.verify() is None
    assert "was exported as the head" in audit.verify(since=since)


def test_a_rewritten_log_shows_against_an_exported_head(tampered):
    head = AuditHead.objects.get()
    since = (head.sequence, head.sha256)
    previous = audit.GENESIS
    for event in AuditEvent.objects.order_by("sequence"):
        event.previous_sha256, event.actor = previous, "someone else"
        event.sha256 = previous = audit.digest(event)
        event.save()
    sql("UPDATE accounts_audithead SET sha256 = %s", previous)
    assert audit.verify() is None
    assert "the log was rewritten" in audit.verify(since=since)


def test_the_page_names_the_first_break(tampered, client, start):
    client.force_login(User.objects.get(email="auditor@demo.example"))
    sql(f"UPDATE {TABLE} SET actor = 'someone else' WHERE sequence IN (5, 7)")
    page = client.get("/audit/?verify=1").content.decode()
    assert "The audit log is broken" in page
    assert "Event 5 was changed after it was recorded. Verified <time" in page
    assert "Oct. 20, 2026, 11:00 a.m. EDT" in page
    assert "The audit log holds" not in page


def test_the_command_names_the_break_and_fails(tampered, capsys):
    call_command("verify_audit")
    assert "The audit log holds" in capsys.readouterr().out
    call_command("verify_audit", export=True)
    exported = capsys.readouterr().out.strip()
    call_command("verify_audit", since=exported)
    sql(f"UPDATE {TABLE} SET reason = 'x' WHERE sequence = 2")
    with pytest.raises(CommandError, match="event 2 was changed"):
        call_command("verify_audit", since=exported)
    with pytest.raises(CommandError, match="not signed by this portal"):
        call_command("verify_audit", since=exported + "x")


def test_an_event_outside_a_transaction_is_refused(committed, start):
    with pytest.raises(audit.AuditError):
        audit.record("x", by=audit.SYSTEM, at=start)


def test_an_event_rolls_back_with_its_cause(committed, start):
    before = AuditHead.objects.get().sequence
    with transaction.atomic():
        audit.record("x", by=audit.SYSTEM, at=start)
        transaction.set_rollback(True)
    assert AuditHead.objects.get().sequence == before
    assert not AuditEvent.objects.exists()


def test_when_the_event_cannot_be_written_neither_is_the_change(
    committed_people, start, monkeypatch
):
    submission = factories.filed(committed_people)

    make = QuerySet.bulk_create

    def full(rows, *args, **kwargs):
        if rows.model is AuditEvent:
            raise DatabaseError("disk full")
        return make(rows, *args, **kwargs)

    monkeypatch.setattr(QuerySet, "bulk_create", full)
    from reviews.services import lifecycle

    with pytest.raises(DatabaseError):
        lifecycle.withdraw(submission, by=committed_people.northlight_liaison, at=start)
    submission.refresh_from_db()
    assert submission.status == "under_review"


def recorded():
    """Every code that the product gives to a function named record, _record or entry."""
    for source in product():
        for call in source.nodes(ast.Call):
            if dotted(call.func).rpartition(".")[2] in ("record", "_record", "entry"):
                for node in (node for value in call.args for node in ast.walk(value)):
                    if isinstance(node, ast.Constant) and re.fullmatch(
                        r"[a-z]+\.[a-z_-]*[a-z]", str(node.value)
                    ):
                        yield node.value


def test_every_code_has_its_words():
    found = set(recorded())
    assert len(found) > 30
    assert found - set(audit_words.WORDS) == set()


def test_every_refused_step_is_said_in_words():
    for name in names():
        said = audit_words.words(f"refused.{name.rpartition(':')[2]}")
        assert said.startswith("Refused: ")
        assert "-" not in said
        assert "{" not in said
    assert audit_words.words("refused.grant-revoke") == "Refused: revoking an access grant"
    assert audit_words.words("refused.document-list") == "Refused: opening the list of documents"
    files = "Refused: opening the list of files of submissions"
    assert audit_words.words("refused.export-list") == files


def test_a_code_without_words_is_readable():
    assert audit_words.words("seat.looked_at") == "Seat looked at"
    assert audit_words.label("requested_by") == "Requested by"
