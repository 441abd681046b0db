"""The report's pages: before and after issuing, what a lab never reads, the lab's response."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from reviews.models import Report
from reviews.services import agency_reviews, attachments, determinations, lifecycle
from reviews.workflow import Status
from tests import factories

AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")
SUMMARY = "SUMMARY-1d20"
CANARY = "CANARY-8e5b"


def page(name, submission):
    return reverse(f"reviews:{name}", args=[submission.reference])


def text_of(response):
    return response.content.decode()


@pytest.fixture
def signed_in():
    """A browser in which that person is signed in."""

    def sign_in(person):
        browser = Client()
        browser.force_login(person)
        return browser

    return sign_in


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
    determinations.write(
        submission,
        outcome="covered",
        rationale=f"{CANARY} unsigned rationale",
        authority=CANARY,
        by=people.nsa_official,
        at=at,
    )
    agency_reviews.recuse(submission, reason=CANARY, by=people.recused, at=at)


def test_before_issuing_the_lab_sees_only_who_has_filed(people, submission, signed_in):
    write_canaries(submission, people)
    everybody_files(submission, people, ["nsa", "dod"])
    answer = signed_in(people.northlight_liaison).get(page("report-detail", submission))
    shown = text_of(answer)
    assert {agency.code: filed for agency, filed in answer.context["progress"]} == {
        "nsa": True,
        "dod": True,
        "cisa": False,
        "caisi": False,
        "treasury": False,
    }
    for words in (CANARY, CANARY.lower(), SUMMARY, "oncerns recorded", "Issue the report"):
        assert words not in shown
    assert "Nothing here authorizes or withholds a release" in shown
    assert answer.context["lines"] == []


def test_report_names_agencies_and_nobody(people, submission, signed_in):
    write_canaries(submission, people)
    everybody_files(submission, people)
    lead = signed_in(people.nsa_lead)
    confirmation = text_of(lead.get(page("report-issue", submission)))
    assert "The report will say that none was made" in confirmation
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
    assert "Not made." in shown
    assert "Nothing here authorizes or withholds a release" in shown
    assert lead.post(page("report-issue", submission)).status_code == 403


def test_report_holds_the_signed_determination(people, submission, signed_in, start):
    determinations.request_consultations(submission, by=people.nsa_official, at=start)
    determination = determinations.write(
        submission,
        outcome="covered",
        rationale="Reasons in plain words.",
        authority="Director, NSA",
        by=people.nsa_official,
        at=start,
    )
    determinations.sign(determination, by=people.nsa_signer, at=start)
    everybody_files(submission, people)
    lead = signed_in(people.nsa_lead)
    assert "in force: Covered" in text_of(lead.get(page("report-issue", submission)))
    lead.post(page("report-issue", submission))
    shown = text_of(signed_in(people.northlight_liaison).get(page("report-detail", submission)))
    assert "Reasons in plain words." in shown
    assert "nsa official" not in shown
    assert "nsa signer" not in shown


def test_issuing_waits_for_every_agency_and_says_for_which(people, submission, signed_in):
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


def test_clock_issues_the_report_even_when_nobody_records_it(
    people, submission, signed_in, move_clock
):
    everybody_files(submission, people, ["nsa"])
    move_clock(submission.closes_at)
    assert not Report.objects.exists()
    lab = signed_in(people.northlight_liaison)

    def seen():
        answer = lab.get(page("report-detail", submission))
        assert answer.context["issued_at"] == submission.closes_at
        return {line.agency.code: line.outcome for line in answer.context["lines"]}

    unrecorded = seen()
    lifecycle.expire(submission.pk, at=submission.closes_at)
    assert seen() == unrecorded
    assert unrecorded == {
        "nsa": "Concerns recorded",
        "dod": "No view recorded",
        "cisa": "No view recorded",
        "caisi": "No view recorded",
        "treasury": "No view recorded",
    }


def test_withdrawn_submission_has_no_report(people, submission, signed_in, start):
    everybody_files(submission, people, ["nsa"])
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=start)
    for code in ("northlight_liaison", "dod_lead"):
        shown = text_of(signed_in(getattr(people, code)).get(page("report-detail", submission)))
        assert "there is no report" in shown
        assert SUMMARY not in shown


def test_lab_responds_once(people, submission, signed_in):
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


def test_lab_responds_after_the_end(people, submission, signed_in, move_clock):
    move_clock(submission.closes_at)
    lifecycle.expire(submission.pk, at=submission.closes_at)
    answer = signed_in(people.northlight_liaison).post(
        page("report-respond", submission), {"response": "Noted."}
    )
    assert answer.status_code == 302


def test_who_may_not_is_refused(people, submission, signed_in, move_clock):
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


def test_report_asks_as_much_for_ten_reviews_as_for_one(people, submission, signed_in):
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
    # Once issued: the determination in force is asked for, and nothing for each agency.
    assert after <= before[1] + 1
