"""What was issued stays as it was, and the log shows when it does not."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import audit
from accounts.models import AuditEvent, Organization
from reviews.models import AgencyPosition, PreliminaryLetter, Report
from reviews.services import ends, issued_records, letters, report_content
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in
from tests.services.issued_documents import concluded, under_review

SUMMARY = "SUMMARY-55e0"


@pytest.fixture
def issued(people):
    """A submission with its letter and its report, concluded, and the lab's response."""
    submission = under_review(people)
    letters.issue(submission, by=people.nsa_lead, at=factories.now())
    concluded(submission, people, summary=SUMMARY)
    return submission


def broken():
    return list(issued_records.broken())


def follows(content, event):
    """Whether the content names the event before that one, and the event the content's hash."""
    before = {"sequence": event.sequence - 1, "sha256": event.previous_sha256}
    return content["audit_head"] == before and event.details[
        "content_sha256"
    ] == report_content.sha256(content)


def test_a_report_names_the_head_before_its_event(people, issued):
    event = AuditEvent.objects.get(action="submission.concluded")
    assert follows(Report.objects.get().content, event)
    assert audit.verify() is None


def test_each_of_many_ends_names_the_head_before_its_own_event(people, start, move_clock):
    submissions = [factories.filed(people) for _ in range(3)]
    move_clock(submissions[0].closes_at)
    assert ends.record_overdue(at=submissions[0].closes_at) == 3
    heads = set()
    for submission in submissions:
        content = Report.objects.get(submission=submission).content
        event = AuditEvent.objects.get(action="submission.expired", submission=submission.reference)
        assert follows(content, event)
        heads.add(content["audit_head"]["sequence"])
    assert len(heads) == 3
    assert audit.verify() is None


def test_the_page_says_what_was_issued_whatever_rows_say_later(people, issued):
    lab = signed_in(people.northlight_liaison)
    shown = content_of(lab.get(page("report-detail", issued)))
    AgencyPosition.objects.update(summary="Rewritten.", outcome="recused")
    Organization.objects.filter(code="nsa").update(name="Another name")
    assert content_of(lab.get(page("report-detail", issued))) == shown
    assert shown.count(SUMMARY) == 5


def test_verifying_finds_what_was_changed_by_sql(issued):
    assert broken() == []
    call_command("verify_reports")
    for table, what in (("report", "report"), ("preliminaryletter", "letter")):
        model = {"report": Report, "letter": PreliminaryLetter}[what]
        kept = model.objects.get().content
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE reviews_{table} SET content = REPLACE(CAST(content AS text), %s, %s)"
                if connection.vendor == "sqlite"
                else f"UPDATE reviews_{table} SET content = "
                "REPLACE(CAST(content AS text), %s, %s)::jsonb",
                ["National Security Agency", "Nobody at all"],
            )
        assert model.objects.get().content != kept
        assert broken() == [f"The {what} on {issued.reference}: {issued_records.CHANGED}"]
        with pytest.raises(CommandError, match="changed after it was issued"):
            call_command("verify_reports")
        model.objects.update(content=kept)
    Report.objects.update(response="Something else.")
    assert broken() == [
        f"The response to the report on {issued.reference}: it was changed after it was recorded"
    ]


def test_verifying_finds_a_moved_place_and_a_report_that_was_made_up(people, issued):
    content = Report.objects.get().content
    head = content["audit_head"] | {"sequence": content["audit_head"]["sequence"] - 1}
    Report.objects.update(content=content | {"audit_head": head})
    assert broken() == [f"The report on {issued.reference}: {issued_records.CHANGED}"]
    Report.objects.update(content=content)
    other = factories.filed(people)
    Report.objects.create(submission=other, issued_at=factories.now(), content=content)
    assert broken() == [f"The report on {other.reference}: the log does not know of it"]


def test_verifying_finds_a_response_that_nobody_gave(people, issued, move_clock):
    other = factories.filed(people)
    move_clock(other.closes_at)
    ends.record(other.pk, at=other.closes_at)
    assert broken() == []
    Report.objects.filter(submission=other).update(
        response="Said by nobody.",
        responded_at=factories.now(),
        responded_by=people.northlight_liaison,
    )
    assert len(broken()) == 1


def test_a_draft_that_the_end_finds_is_sealed_and_never_counted(people, move_clock):
    """Its own agency reads it for good; nobody changes it; the report knows nothing of it."""
    submission = under_review(people)
    draft = factories.review_drafted(submission, people, "nsa", concerns=SUMMARY)
    move_clock(submission.closes_at)
    ends.record(submission.pk, at=submission.closes_at)
    author, lead = signed_in(people.nsa_reviewer), signed_in(people.nsa_lead)
    for browser in (author, lead):
        assert SUMMARY in content_of(browser.get(draft.get_absolute_url()))
    for code in ("dod_lead", "dod_reviewer", "northlight_liaison"):
        assert signed_in(getattr(people, code)).get(draft.get_absolute_url()).status_code == 404
    typed = {"revision": "1", "concerns": "Rewritten."}
    assert author.post(page("review-write", submission), typed).status_code == 403
    assert author.post(page("review-write", submission), typed | {"file": "1"}).status_code == 403
    draft.refresh_from_db()
    assert (draft.concerns, draft.filed_at, draft.revision) == (SUMMARY, None, 1)
    content = Report.objects.get().content
    assert SUMMARY not in str(content)
    assert {agency["outcome"] for agency in content["agencies"]} == {""}
