"""The migrations say what the models say, and bring a released database along with its data."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from reviews.models import Notice
from tests.conftest import database_copy

# The last released state of each application that has one to migrate from.
RELEASED = [("accounts", "0004_seat_requests"), ("reviews", "0002_gray_box")]


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.fixture
def released(django_db_setup, django_db_blocker):
    """``released("reviews", "Notice")`` is the last release's model, in a database of its own."""
    with django_db_blocker.unblock(), database_copy("released", empty=True):
        executor = MigrationExecutor(connection)
        executor.migrate(RELEASED)
        yield executor.loader.project_state(RELEASED).apps.get_model


def test_notices_of_the_last_release_go_on(released, start):
    """Sent, waiting and dead ones keep their facts, and each gets a reference of its own."""
    person = released("accounts", "User").objects.create(email="a@test.example", name="Reader")
    lab = released("accounts", "Organization").objects.create(
        code="lab", name="Lab", short_name="Lab", kind="lab"
    )
    version = released("reviews", "ModelVersion").objects.create(
        lab=lab, family="F", version="1", checkpoint_sha256="0" * 64, created_at=start
    )
    submission = released("reviews", "Submission").objects.create(
        reference="FV-0000-0000-0000",
        model_version=version,
        kind="early_access",
        created_at=start,
        created_by=person,
    )
    facts = [{}, {"sent_at": start}, {"dead_at": start, "error": "550 no"}, {"skipped_at": start}]
    for number, fact in enumerate(facts):
        released("reviews", "Notice").objects.create(
            key=f"midpoint:{number}",
            recipient=person,
            kind="midpoint",
            submission=submission,
            due_at=start,
            queued_at=start,
            next_attempt_at=start,
            **fact,
        )
    call_command("migrate", verbosity=0)
    rows = list(Notice.objects.order_by("key"))
    assert len({row.reference for row in rows}) == len(rows) == len(facts)
    for row, fact in zip(rows, facts, strict=True):
        kept = {name: getattr(row, name) for name in ("sent_at", "dead_at", "skipped_at")}
        assert kept == dict.fromkeys(kept) | {k: v for k, v in fact.items() if k in kept}
        assert (row.delivery, row.digest_for, row.read_at) == ("immediate", None, None)
        assert row.waiting_since == start
    assert Notice.objects.undelivered().get().error == "550 no"
