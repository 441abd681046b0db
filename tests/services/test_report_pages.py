"""The report's pages: before and after issuing, what a lab never reads, the lab's response."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from reviews.models import Report
from reviews.services import (
    agency_reviews,
    attachments,
    determinations,
    ends,
    lifecycle,
    reports,
)
from reviews.workflow import Status
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in, text_of

AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")
SUMMARY = "SUMMARY-1d20"
CANARY = "CANARY-8e5b"


@pytest.fixture
def submission(people, start):
    """Under review by the five agencies that have people in these tests."""
    submission = factories.filed(people)
    attachments.detach(
        submission, factories.organization("outpost"), by=people.administrator, at=start
    )
    return submission


def everybody_files(submission, people, agencies=AGENCIES):
    for agency in agencies:
        factories.position_filed(submission, people, agency, summary=SUMMARY)


def write_canaries(submission, people):
    """Names, emails, drafts and unfiled text that no lab may ever read."""
    for person in User.objects.filter(groups__seat__organization__kind="agency").distinct():
        person.name = f"{CANARY} {person.pk}"
        person.email = f"{CANARY.lower()}-{person.pk}@demo.example"
        person.save()
    texts = {
        name: f"{CANARY} {name}"
        for name in ("limits", "concerns", "suggested_mitigations", "dissent", "external_reference")
    }
    factories.review_filed(submission, people, "nsa", **texts)
    factories.review_drafted(submission, people, "dod", **texts)
    at = factories.now()
    determinations.request_consultations(submission, by=people.nsa_official, at=at)
    determinations.record_consultation(
        submission, statement=f"{CANARY} statement", by=people.oncd_official, at=at
    )
    factories.determination(
        submission, people, rationale=f"{CANARY} unsigned rationale", authority=CANARY
    )
    agency_reviews.recuse(submission, reason=CANARY, by=people.recused, at=at)


def test_before_issuing_the_lab_sees_only_who_has_filed(people, submission):
    write_canaries(submission, people)
    everybody_files(submission, people, ["nsa", "dod"])
    answer = signed_in(people.northlight_liaison).get(page("report-detail", submission))
    shown = text_of(answer)
    assert {agency.code: filed for agency, filed in answer.context["report"].filed} == {
        "nsa": True,
        "dod": True,
        "cisa": False,
        "caisi": False,
        "treasury": False,
    }
    for words in (CANARY, CANARY.lower(), SUMMARY, "oncerns recorded", "Issue the report"):
        assert words not in shown
    assert answer.context["report"].content == {}


def test_report_names_agencies_and_nobody(people, submission):
    write_canaries(submission, people)
    everybody_files(submission, people)
    lead = signed_in(people.nsa_lead)
    confirmation = text_of(lead.get(page("report-issue", submission)))
    assert "The report says that none was shared" in confirmation
    assert not Report.objects.exists()
    answer = lead.post(page("report-issue", submission))
    assert (answer.status_code, answer.url) == (302, page("report-detail", submission))
    submission.refresh_from_db()
    assert submission.status == Status.CONCLUDED
    shown = text_of(signed_in(people.northlight_liaison).get(page("report-detail", submission)))
    for words in (CANARY, CANARY.lower()):
        assert words not in shown
    assert shown.count(SUMMARY) == 5
    assert shown.count("Concerns recorded") == 5
    assert "National Security Agency" in shown
    assert "No determination has been shared with the lab." in shown
    assert lead.post(page("report-issue", submission)).status_code == 403


def test_preview_shows_what_the_lab_will_read_and_no_position_too_early(people, submission):
    lead = signed_in(people.nsa_lead)
    everybody_files(submission, people, ["dod", "cisa"])
    early = lead.get(page("report-issue", submission))
    said = {one["code"]: one["says"] for one in early.context["content"]["agencies"]}
    assert said == {"dod": "Filed", "cisa": "Filed"} | dict.fromkeys(
        ("nsa", "caisi", "treasury"), "No view recorded"
    )
    assert SUMMARY not in text_of(early)
    everybody_files(submission, people, ["nsa"])
    assert text_of(lead.get(page("report-issue", submission))).count(SUMMARY) == 3
    everybody_files(submission, people, ["caisi", "treasury"])
    preview = lead.get(page("report-issue", submission)).context["content"]["agencies"]
    lead.post(page("report-issue", submission))
    lab = signed_in(people.northlight_liaison).get(page("report-detail", submission))
    assert lab.context["report"].content["agencies"] == preview


def test_report_holds_the_signed_determination(people, submission, start):
    factories.determination(submission, people, state="shared", rationale="Reasons in plain words.")
    everybody_files(submission, people)
    lead = signed_in(people.nsa_lead)
    assert "in force: Covered" in text_of(lead.get(page("report-issue", submission)))
    lead.post(page("report-issue", submission))
    shown = text_of(signed_in(people.northlight_liaison).get(page("report-detail", submission)))
    assert "Reasons in plain words." in shown
    assert "nsa official" not in shown
    assert "nsa signer" not in shown


def test_issuing_waits_for_every_agency_and_says_for_which(people, submission):
    everybody_files(submission, people, ["nsa", "dod", "cisa"])
    lead = signed_in(people.nsa_lead)
    url = page("report-issue", submission)
    shown = text_of(lead.get(url))
    assert "Department of the Treasury" in shown
    assert '<button class="usa-button usa-button--secondary">' not in shown
    answer = lead.post(url)
    assert answer.status_code == 409
    assert "The report waits for positions from: Treasury, CAISI." in text_of(answer)
    submission.refresh_from_db()
    assert (submission.status, Report.objects.count()) == (Status.UNDER_REVIEW, 0)


def test_clock_issues_the_report_even_when_nobody_records_it(people, submission, move_clock):
    everybody_files(submission, people, ["nsa"])
    move_clock(submission.closes_at)
    assert not Report.objects.exists()
    lab = signed_in(people.northlight_liaison)

    def seen():
        answer = lab.get(page("report-detail", submission))
        assert answer.context["report"].issued_at == submission.closes_at
        assert "by the end of the window" in text_of(answer)
        return {one["code"]: one["says"] for one in answer.context["report"].content["agencies"]}

    unrecorded = seen()
    ends.record(submission.pk, at=submission.closes_at)
    assert seen() == unrecorded
    assert unrecorded == {
        "nsa": "Concerns recorded",
        "dod": "No view recorded",
        "cisa": "No view recorded",
        "caisi": "No view recorded",
        "treasury": "No view recorded",
    }


def test_report_says_which_agency_issued_it_and_when(people, submission):
    everybody_files(submission, people)
    signed_in(people.dod_lead).post(page("report-issue", submission))
    for code in ("northlight_liaison", "dod_lead", "nsa_reviewer"):
        answer = signed_in(getattr(people, code)).get(page("report-detail", submission))
        content = content_of(answer)
        assert answer.context["report"].content["issued_by"] == "Department of Defense"
        assert "11:00 a.m. EDT</time><br>by Department of Defense, with a position from" in content
        assert "dod lead" not in content


@pytest.mark.parametrize("name", ["report-detail", "review-list"])
def test_issuing_is_offered_only_when_it_would_succeed(people, submission, name):
    lead = signed_in(people.nsa_lead)
    link = f'href="{page("report-issue", submission)}"'
    for agency in AGENCIES:
        assert link not in text_of(lead.get(page(name, submission)))
        everybody_files(submission, people, [agency])
    assert link in text_of(lead.get(page(name, submission)))
    assert lead.post(page("report-issue", submission)).status_code == 302
    assert link not in text_of(lead.get(page(name, submission)))


def test_lab_reads_the_statement_once_in_the_page_s_content(people, submission):
    lab = signed_in(people.northlight_liaison)
    content = content_of(lab.get(page("report-detail", submission)))
    assert content.count("Nothing in Foreview approves, denies or holds a release") == 1
    assert "withholds a release" not in content


def test_withdrawn_submission_has_no_report(people, submission, start):
    everybody_files(submission, people, ["nsa"])
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=start)
    for code in ("northlight_liaison", "dod_lead"):
        shown = text_of(signed_in(getattr(people, code)).get(page("report-detail", submission)))
        assert "there is no report" in shown
        assert SUMMARY not in shown


def test_lab_responds_once(people, submission):
    everybody_files(submission, people)
    lab, lead = signed_in(people.northlight_liaison), signed_in(people.nsa_lead)
    url = page("report-respond", submission)
    assert "no report to respond to yet" in text_of(lab.get(url))
    early = lab.post(url, {"response": "Typed early."})
    assert early.status_code == 409
    assert "Typed early." in text_of(early)
    lead.post(page("report-issue", submission))
    assert lab.post(url, {"response": " "}).status_code == 422
    assert lab.post(url, {"response": "The lab will follow up."}).status_code == 302
    late = lab.post(url, {"response": "Typed again."})
    assert late.status_code == 409
    assert "Typed again." in text_of(late)
    for browser in (lab, lead):
        assert "The lab will follow up." in text_of(browser.get(page("report-detail", submission)))
    assert Report.objects.get().response == "The lab will follow up."


def test_lab_responds_after_the_end(people, submission, move_clock):
    move_clock(submission.closes_at)
    ends.record(submission.pk, at=submission.closes_at)
    answer = signed_in(people.northlight_liaison).post(
        page("report-respond", submission), {"response": "Noted."}
    )
    assert answer.status_code == 302


def test_who_may_not_is_refused(people, submission, move_clock):
    for code, issue, respond, read in (
        ("northlight_liaison", 403, 200, 200),
        ("nsa_reviewer", 403, 403, 200),
        ("oncd_official", 403, 403, 200),
        ("basalt_liaison", 404, 404, 404),
        ("administrator", 404, 404, 404),
        ("unattached", 404, 404, 404),
        ("superuser", 404, 404, 404),
    ):
        browser = signed_in(getattr(people, code))
        assert browser.get(page("report-issue", submission)).status_code == issue, code
        assert browser.post(page("report-issue", submission)).status_code == issue, code
        assert browser.get(page("report-respond", submission)).status_code == respond, code
        assert browser.get(page("report-detail", submission)).status_code == read, code
    move_clock(submission.closes_at)
    assert signed_in(people.nsa_lead).post(page("report-issue", submission)).status_code == 403


def test_report_asks_as_much_for_ten_reviews_as_for_one(people, submission):
    def queries(person):
        browser = signed_in(person)
        browser.get(page("report-detail", submission))  # fills what is kept per process
        with CaptureQueriesContext(connection) as asked:
            browser.get(page("report-detail", submission))
        return len(asked)

    factories.review_filed(submission, people, "nsa")
    factories.position_filed(submission, people, "nsa")
    before = queries(people.nsa_lead), queries(people.northlight_liaison)
    for agency in AGENCIES:
        factories.review_filed(submission, people, agency)
        factories.review_filed(submission, people, agency)
        factories.position_filed(submission, people, agency)
    assert (queries(people.nsa_lead), queries(people.northlight_liaison)) == before
    signed_in(people.nsa_lead).post(page("report-issue", submission))
    after = queries(people.northlight_liaison)
    # Once issued: one row, in place of the three questions by which it is composed.
    assert after == before[1] - 2


def test_the_lab_can_respond_from_the_instant_of_the_end(people, submission, move_clock):
    move_clock(submission.closes_at)
    lab = signed_in(people.northlight_liaison)
    assert page("report-respond", submission) in text_of(lab.get(page("report-detail", submission)))
    shown = text_of(lab.get(page("report-respond", submission)))
    assert "There is no report to respond to yet" not in shown
    assert "Record the response" in shown
    answer = lab.post(page("report-respond", submission), {"response": "Noted."})
    assert answer.status_code == 302
    assert Report.objects.get().response == "Noted."


def test_no_page_tells_how_long_the_audit_log_is(people, submission):
    """It counts what every lab and agency did."""
    everybody_files(submission, people)
    reports.issue(submission, by=people.nsa_lead, at=factories.now())
    head = Report.objects.get().content["audit_head"]
    shown = text_of(signed_in(people.northlight_liaison).get(page("report-detail", submission)))
    assert head["sha256"] in shown
    assert f">{head['sequence']}<" not in shown
