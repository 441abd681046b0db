"""A submission's life through the real services: who, when, and how much of 720 hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts import audit
from accounts.models import AuditEvent
from reviews import policy
from reviews.exceptions import (
    Conflict,
    IllegalTransition,
    Incomplete,
    NotPermitted,
    NotVisible,
    StaleForm,
    WindowRefused,
)
from reviews.models import Notice, Submission
from reviews.policy import Action
from reviews.services import attachments, ends, lifecycle, report_content
from tests import factories
from tests import people as people_module

HOURS_720 = timedelta(hours=720)
MICROSECOND = timedelta(microseconds=1)


def refile(people, submission, **changes):
    """A new draft of the same model version, complete."""
    version = submission.model_version
    return factories.draft(
        people,
        family=version.family,
        version=version.version,
        checkpoint_sha256=version.checkpoint_sha256,
        **changes,
    )


def file(people, submission, at):
    return lifecycle.file(
        submission,
        certifier_title="Head of policy",
        revision=submission.revision,
        by=people.northlight_liaison,
        at=at,
    )


def test_filing_opens_720_hours_attaches_agencies_and_tells_the_leads(people, start):
    submission = factories.filed(people)
    assert submission.status == "under_review"
    assert submission.window() == (start, start + HOURS_720)
    assert submission.certified_by == people.northlight_liaison
    agencies = {agency.code for agency in attachments.attached_agencies(submission)}
    assert agencies == {"nsa", "dod", "cisa", "caisi", "treasury", "oncd", "ostp", "outpost"}
    told = set(Notice.objects.values_list("kind", "recipient__email"))
    assert ("filed_receipt", "northlight-liaison@demo.example") in told
    assert ("submission_filed", "nsa-lead@demo.example") in told
    assert not {email for _, email in told if "basalt" in email or "reviewer" in email}
    assert audit.verify() is None


def test_the_planned_partner_release_ends_the_window_earlier(people, start):
    release = start + timedelta(days=9)
    submission = factories.filed(people, planned_partner_release_at=release)
    assert submission.closes_at == release


@pytest.mark.parametrize(
    "local",
    [
        "2026-03-07T12:00",
        "2026-02-20T23:30",
        "2026-10-31T12:00",
        "2026-11-01T00:30",
        "2027-03-13T12:00",
        "2027-11-06T12:00",
    ],
)
def test_a_window_across_a_daylight_saving_night_is_720_elapsed_hours(db, move_clock, local):
    move_clock(datetime(2026, 1, 5, tzinfo=UTC))  # before them all: time never goes back
    people = people_module.create(datetime(2026, 1, 5, tzinfo=UTC))
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("America/New_York"))
    submission = factories.filed(people, at=at)
    submission.refresh_from_db()
    assert submission.closes_at - submission.opens_at == HOURS_720
    assert submission.closes_at == at.astimezone(UTC) + HOURS_720


def test_the_database_refuses_a_longer_window(people, start):
    submission = factories.filed(people)
    rows = Submission.objects.filter(pk=submission.pk)
    for longer in (
        {"closes_at": start + HOURS_720 + MICROSECOND},
        {"closes_at": start + HOURS_720 + MICROSECOND, "allowance": HOURS_720 + MICROSECOND},
        {"opens_at": start - MICROSECOND},
        {"closes_at": start},
        {"planned_partner_release_at": start + timedelta(days=1)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**longer)


def test_the_database_refuses_a_longer_window_in_any_session_time_zone(people):
    """Eastern "30 days" across November are 721 hours; the constraint counts elapsed ones."""
    submission = factories.filed(people, at=datetime(2026, 10, 20, tzinfo=UTC))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL TIME ZONE 'America/New_York'")
        with pytest.raises(IntegrityError), transaction.atomic():
            Submission.objects.filter(pk=submission.pk).update(
                closes_at=submission.opens_at + timedelta(hours=721)
            )


def test_withdrawing_and_filing_again_gives_only_the_rest(people, start, move_clock):
    first = factories.filed(people)
    withdrawn_at = start + timedelta(days=12, minutes=7)
    move_clock(withdrawn_at)
    lifecycle.withdraw(first, by=people.northlight_liaison, at=withdrawn_at)
    refiled_at = start + timedelta(days=40)
    move_clock(refiled_at)
    second = file(people, refile(people, first), refiled_at)
    assert second.closes_at == refiled_at + HOURS_720 - timedelta(days=12, minutes=7)
    assert second.allowance == HOURS_720 - timedelta(days=12, minutes=7)


def test_a_version_reviewed_for_720_hours_cannot_be_filed_though_no_end_was_recorded(
    people, start, move_clock
):
    first = factories.filed(people)
    later = start + HOURS_720
    move_clock(later)
    again = refile(people, first)
    with pytest.raises(WindowRefused, match=f"all of its 720 hours, as {first.reference}"):
        file(people, again, later)
    again.refresh_from_db()
    assert again.status == "draft"


def test_a_version_under_review_cannot_be_filed_again(people, start):
    first = factories.filed(people)
    with pytest.raises(Conflict, match="under review already"):
        file(people, refile(people, first), start)


def test_filing_asks_for_the_core_fields_and_changes_nothing_without_them(people, start):
    submission = factories.draft(people, complete=False)
    with pytest.raises(Incomplete) as refusal:
        file(people, submission, start)
    assert refusal.value.missing == list(submission.package.CORE)
    submission.refresh_from_db()
    assert submission.opens_at is None
    assert not Notice.objects.exists()


def test_filing_checks_the_revision_that_was_checked(people, start):
    submission = factories.draft(people)
    with pytest.raises(StaleForm):
        lifecycle.file(
            submission,
            certifier_title="x",
            revision=submission.revision - 1,
            by=people.northlight_liaison,
            at=start,
        )


def test_a_second_filing_is_illegal(people, start):
    submission = factories.filed(people)
    with pytest.raises(IllegalTransition):
        file(people, submission, start)


def test_answers_cannot_change_after_filing(people, start):
    submission = factories.filed(people)
    with pytest.raises(Conflict):
        lifecycle.revise(
            submission,
            answers={"safeguards": "Others"},
            revision=submission.revision,
            by=people.northlight_liaison,
            at=start,
        )


def test_a_stale_revision_changes_nothing(people, start):
    submission = factories.draft(people)
    with pytest.raises(StaleForm):
        lifecycle.revise(
            submission,
            answers={"safeguards": "Others"},
            revision=1,
            by=people.northlight_admin,
            at=start,
        )
    submission.package.refresh_from_db()
    assert submission.package.safeguards == factories.ANSWERS["safeguards"]


def test_a_checkpoint_keeps_its_name_and_a_name_its_checkpoint(people):
    first = factories.draft(people, family="Aurora", version="4")
    with pytest.raises(ValidationError, match="Aurora 4"):
        factories.draft(
            people,
            family="Borealis",
            version="1",
            checkpoint_sha256=first.model_version.checkpoint_sha256,
        )
    with pytest.raises(ValidationError, match="another checkpoint"):
        factories.draft(people, family="Aurora", version="4")
    elsewhere = factories.draft(
        people,
        "basalt",
        family="Strata",
        version="1",
        checkpoint_sha256=first.model_version.checkpoint_sha256,
    )
    assert elsewhere.model_version != first.model_version


def test_shortening_moves_the_end_only_earlier(people, start):
    submission = factories.filed(people)
    earlier = start + timedelta(days=5)
    lifecycle.shorten(submission, closes_at=earlier, by=people.northlight_liaison, at=start)
    submission.refresh_from_db()
    assert submission.closes_at == earlier
    for wrong in (earlier, earlier + MICROSECOND, start):
        with pytest.raises(WindowRefused):
            lifecycle.shorten(submission, closes_at=wrong, by=people.northlight_liaison, at=start)


def test_withdrawal_ends_all_access_at_that_instant(people, start):
    submission = factories.filed(people)
    factories.document(submission, people)
    grant = factories.grant(submission, people)
    assert policy.may(people.nsa_reviewer, Action.USE_MODEL, grant, at=start)
    lifecycle.withdraw(submission, by=people.northlight_admin, at=start)
    submission.refresh_from_db()
    assert (submission.status, submission.ended_at) == ("withdrawn", start)
    assert not policy.may(people.nsa_reviewer, Action.USE_MODEL, grant, at=start)
    assert not policy.may(people.nsa_reviewer, Action.READ_PACKAGE, submission, at=start)
    assert policy.may(people.northlight_liaison, Action.READ_PACKAGE, submission, at=start)


def test_withdrawing_after_the_end_is_illegal_whether_or_not_it_was_recorded(
    people, start, move_clock
):
    submission = factories.filed(people)
    end = start + HOURS_720
    move_clock(end)
    with pytest.raises(IllegalTransition):
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=end)
    assert ends.record(submission.pk, at=end)
    with pytest.raises(IllegalTransition):
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=end)


@pytest.mark.parametrize("who", ["nsa_lead", "dod_reviewer", "administrator", "superuser"])
def test_only_the_lab_files_shortens_or_withdraws(people, start, who):
    person = getattr(people, who)
    draft, filed = factories.draft(people), factories.filed(people)
    file_as = {"certifier_title": "x", "revision": draft.revision, "by": person, "at": start}
    with pytest.raises(NotVisible):
        lifecycle.file(draft, **file_as)
    refusal = NotPermitted if who in ("nsa_lead", "dod_reviewer") else NotVisible
    with pytest.raises(refusal):
        lifecycle.withdraw(filed, by=person, at=start)
    with pytest.raises(refusal):
        lifecycle.shorten(filed, closes_at=start + timedelta(days=1), by=person, at=start)


def test_expiring_records_the_true_instant_once(people, start, move_clock):
    submission = factories.filed(people)
    end = start + HOURS_720
    assert not ends.record(submission.pk, at=end - MICROSECOND)
    late = end + timedelta(days=7)
    move_clock(late)
    assert ends.record(submission.pk, at=late)
    assert not ends.record(submission.pk, at=late)
    submission.refresh_from_db()
    assert (submission.status, submission.ended_at) == ("expired", end)
    assert submission.report.issued_at == end
    event = AuditEvent.objects.get(action="submission.expired")
    assert (event.actor, event.at, event.details) == (
        "system",
        late,
        {
            "ended_at": end.isoformat(),
            "content_sha256": report_content.sha256(submission.report.content),
        },
    )
