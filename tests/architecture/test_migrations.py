"""The migrations say what the models say, and bring a released database along with its data."""

import itertools
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Organization
from reviews.models import (
    AccessGrant,
    Determination,
    Gateway,
    GatewaySignal,
    Notice,
    Report,
    Submission,
)
from reviews.services import gateway_signals, report_content
from tests.conftest import database_copy

DAY = timedelta(days=1)
numbers = itertools.count(1)
# The last released state of each application that has one to migrate from.
RELEASED = [("accounts", "0004_seat_requests"), ("reviews", "0002_gray_box")]


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.fixture
def released(django_db_setup, django_db_blocker):
    """``released("reviews", "Notice")`` is the last release's model, in a database of its own."""
    with django_db_blocker.unblock(), database_copy(f"released{next(numbers)}", empty=True):
        executor = MigrationExecutor(connection)
        executor.migrate(RELEASED)
        yield executor.loader.project_state(RELEASED).apps.get_model


def filed(released, start):
    """(a person, a submission that is under review) in the last release's tables."""
    person = released("accounts", "User").objects.create(email="a@test.example", name="Reader")
    lab = released("accounts", "Organization").objects.create(
        code="lab", name="Lab", short_name="Lab", kind="lab"
    )
    version = released("reviews", "ModelVersion").objects.create(
        lab=lab, family="F", version="1", checkpoint_sha256="0" * 64, created_at=start
    )
    return person, released("reviews", "Submission").objects.create(
        reference="FV-0000-0000-0000",
        model_version=version,
        kind="early_access",
        status="under_review",
        created_at=start,
        created_by=person,
        opens_at=start,
        closes_at=start + 10 * DAY,
        allowance=30 * DAY,
        certified_by=person,
    )


def test_notices_of_the_last_release_go_on(released, start):
    """Sent, waiting and dead ones keep their facts, and each gets a reference of its own."""
    person, submission = filed(released, start)
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


@pytest.mark.parametrize("revoked", [False, True])
def test_access_of_the_last_release_goes_on(released, start, revoked):
    """It lives as long as it did, with its safeguards in place; a revocation claims no cause."""
    person, submission = filed(released, start)
    others = [
        released("accounts", "User").objects.create(email=f"{name}@test.example", name=name)
        for name in ("lead", "liaison", "administrator")
    ]
    agency = released("accounts", "Organization").objects.create(
        code="agency", name="Agency", short_name="Agency", kind="agency"
    )
    words = ("requested", "consented", "authorized")
    facts = {f"{word}_at": start for word in words}
    facts |= {f"{word}_by": other for word, other in zip(words, others, strict=True)}
    if revoked:
        facts |= {"revoked_at": start + DAY, "revoked_by": others[0]}
    released("reviews", "AccessGrant").objects.create(
        submission=submission,
        agency=agency,
        grantee=person,
        purpose="Purpose",
        access_level="al3",
        environment="Network",
        starts_at=start,
        ends_at=start + 9 * DAY,
        **facts,
    )
    call_command("migrate", verbosity=0)
    grant = AccessGrant.objects.get()
    assert (grant.access_level, grant.safeguards, grant.narrowed) == ("al3", "in_place", False)
    assert grant.lab == grant.submission.lab
    assert grant.live_at(start + 2 * DAY) is not revoked
    assert AccessGrant.objects.live(start + 2 * DAY).exists() is not revoked
    assert grant.end_reason_at(start + 2 * DAY) is None
    assert grant.extendable_at(start + 8 * DAY) is not revoked


def test_access_of_the_last_release_is_told_to_a_gateway_that_is_added_now(released, start):
    """What lives is told once, with its end and without anybody named besides; no more is."""
    person, submission = filed(released, start)
    lead = released("accounts", "User").objects.create(email="lead@test.example", name="lead")
    administrator = released("accounts", "User").objects.create(
        email="administrator@test.example", name="administrator"
    )
    liaison = released("accounts", "User").objects.create(
        email="liaison@test.example", name="liaison"
    )
    agency = released("accounts", "Organization").objects.create(
        code="agency", name="Agency", short_name="Agency", kind="agency"
    )
    for ends_at in (start + DAY, start + 9 * DAY):
        released("reviews", "AccessGrant").objects.create(
            submission=submission,
            agency=agency,
            grantee=person,
            purpose="Purpose",
            access_level="al1",
            environment="Network",
            starts_at=start,
            ends_at=ends_at,
            requested_at=start,
            requested_by=lead,
            consented_at=start,
            consented_by=liaison,
            authorized_at=start,
            authorized_by=administrator,
        )
    call_command("migrate", verbosity=0)
    at = start + 2 * DAY
    Gateway.objects.create(
        lab_id=submission.model_version.lab_id,
        name="Gateway",
        url="https://gateway.example/",
        token_sha256="0" * 64,
        created_at=at,
        created_by_id=liaison.pk,
    )
    assert [gateway_signals.sweep(at=at) for _ in range(2)] == [1, 0]
    signal = GatewaySignal.objects.get()
    assert (signal.kind, signal.occurred_at) == ("activate", start)
    assert signal.facts["users"] == {person.email: (start + 9 * DAY).isoformat()}


def test_reports_of_the_last_release_get_the_content_that_they_had(released, start):
    """From the rows: who filed what and who issued it; and their place in the log."""
    person, submission = filed(released, start)
    agency = released("accounts", "Organization").objects
    nsa = agency.filter(code="nsa").first() or agency.create(
        code="nsa", name="National Security Agency", short_name="NSA", kind="agency"
    )
    for version, summary in ((1, "Superseded."), (2, "In force.")):
        released("reviews", "AgencyPosition").objects.create(
            submission=submission,
            agency=nsa,
            version=version,
            outcome="concerns_recorded",
            summary=summary,
            filed_at=start,
            filed_by=person,
        )
    end = start + DAY
    released("reviews", "Submission").objects.update(status="concluded", ended_at=end)
    released("reviews", "Report").objects.create(
        submission=submission, issued_at=end, issued_by=person
    )
    events = released("accounts", "AuditEvent").objects
    event = events.create(
        sequence=(events.order_by("-sequence").values_list("sequence", flat=True).first() or 0) + 1,
        at=end,
        actor="a@test.example",
        organization="nsa",
        action="submission.concluded",
        outcome="done",
        submission=submission.reference,
        previous_sha256="c" * 64,
        sha256="d" * 64,
    )
    call_command("migrate", verbosity=0)
    content = Report.objects.get().content
    assert content["agencies"] == [
        {
            "code": "nsa",
            "name": nsa.name,
            "outcome": "concerns_recorded",
            "summary": "In force.",
            "filed_at": start.isoformat(timespec="microseconds"),
        }
    ]
    assert (content["issued_by"], content["determination"]) == (nsa.name, None)
    assert content["audit_head"] == {"sequence": event.sequence - 1, "sha256": "c" * 64}
    # What is composed today from the same rows says the same.
    row = Submission.objects.select_related("model_version__lab").get()
    issuer = Organization.objects.get(code="nsa")
    composed = report_content.reports({row: end}, issued_by=issuer)[row.pk]
    assert composed == {key: value for key, value in content.items() if key != "audit_head"}


def test_determinations_of_the_last_release_go_on(released, start):
    """Labs have read what was signed, so it is shared; the chain is known, and cites nothing."""
    person, submission = filed(released, start)
    signer = released("accounts", "User").objects.create(email="b@test.example", name="Signer")
    for number in (1, 2, 3):
        signed = {"signed_at": start + number * DAY, "signer": signer} if number < 3 else {}
        released("reviews", "Determination").objects.create(
            submission=submission,
            number=number,
            outcome="covered",
            rationale="Reasons.",
            authority="Director",
            written_at=start,
            author=person,
            **signed,
        )
    call_command("migrate", verbosity=0)
    third, second, first = Determination.objects.all()
    assert (first.supersedes, second.supersedes, third.supersedes) == (None, first, None)
    assert (first.supersedes_reason, third.supersedes_reason) == ("", "")
    assert second.supersedes_reason == "No reason was asked for at the time."
    shared = [(row.shared_at, row.shared_by_id) for row in (first, second, third)]
    assert shared == [(start + DAY, signer.pk), (start + 2 * DAY, signer.pk), (None, None)]
    assert not any(row.criteria.exists() for row in (first, second, third))
