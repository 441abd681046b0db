"""A window that the lab ends on day 12, and an inquiry from its draft to its answer."""

import re
from datetime import timedelta

import pytest

from reviews.models import AgencyReview, Submission
from tests import factories
from tests.journeys.conftest import going

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]
DAY = timedelta(days=1)


def test_a_withdrawal_on_day_12(at_work, committed_people, start, move_clock):
    people = committed_people
    submission = factories.filed(people)
    factories.review_filed(submission, people)
    draft = factories.review_drafted(submission, people, "dod")
    go = going(at_work, submission)

    move_clock(start + 11 * DAY)
    assert go("nsa_reviewer", "package/").status == 200
    reviewer = go("dod_reviewer", "/")
    reviewer.follow("Write and file your review")

    liaison = go("northlight_liaison")
    liaison.sees("Day 12 of 30")
    liaison.follow("Withdraw")
    for words in (
        "Every agency's access to your documents and model ends at once",
        "No reason is asked, and none is recorded.",
        "456 hours are left if you withdraw now.",
        "This cannot be taken back.",
    ):
        liaison.sees(words)
    liaison.press("Withdraw")
    liaison.sees(f"{submission.reference} is withdrawn.")
    go("northlight_liaison", "report/").sees("so there is no report.")

    with reviewer.page.expect_response(lambda answer: answer.request.method == "POST") as filing:
        reviewer.press("File review")
    assert filing.value.status == 403
    assert AgencyReview.objects.get(pk=draft.pk).filed_at is None
    for code in ("nsa_reviewer", "dod_reviewer", "caisi_lead"):
        assert go(code, "package/").status == 403
        go(code).sees("Withdrawn")
    go("dod_reviewer", "reviews/").sees("Sealed draft")
    go("nsa_reviewer", "reviews/").follow("NSA, version 1")
    at_work("nsa_reviewer").sees(factories.REVIEW["concerns"])


def test_an_inquiry_from_its_draft_to_its_answer(at_work, committed_people):
    submission = draft_and_file_inquiry(at_work("northlight_liaison"))
    go = going(at_work, submission)
    assert [go(code).status for code in ("dod_lead", "cisa_reviewer", "caisi_lead")] == [404] * 3
    a_criterion_is_kept(go)
    it_is_determined(go)

    lead = go("nsa_lead", "/")
    lead.follow("File your agency's position")
    lead.choose("outcome", "no_concerns_recorded")
    lead.press("File the position")
    go("nsa_lead", "/").follow("Issue the report")
    lead.press("Issue the report")
    lead.sees("Concluded")
    assert go("nsa_lead", "package/").status == 403
    liaison = go("northlight_liaison", "/")
    liaison.follow("Read the report")
    liaison.sees("Covered")
    assert "Department of Defense" not in liaison.page.content()


def draft_and_file_inquiry(liaison):
    """Two steps and no document: what the model is, what it can do so far, and whom to reach."""
    liaison.follow("Start a submission")
    liaison.choose("kind", "designation_inquiry")
    liaison.write(family="Borealis", version="1", checkpoint_sha256=factories.sha256("borealis"))
    liaison.press("Create the draft")
    assert liaison.page.title().startswith("Step 1 of 3")
    liaison.write(intended_uses="General assistance and code.")
    liaison.press("Save and continue")
    liaison.write(
        cyber_capability_claims="Finds known weakness classes.",
        risk_summary="Half of the framework's tests are run.",
        contacts="Duty desk, at any hour.",
    )
    liaison.press("Save and check your answers")
    liaison.tick("certified")
    liaison.write(certifier_title="Head of policy")
    liaison.press("File this submission")
    liaison.sees("Designation inquiry")
    liaison.sees("Day 1 of 30")
    return Submission.objects.get()


def a_criterion_is_kept(go):
    """NSA proposes a criterion of the register, and DoD confirms it."""
    nsa = go("nsa_lead", "/")
    nsa.follow("Submissions")
    nsa.follow("Criteria")
    nsa.follow("Propose a criterion")
    nsa.write(reference="CC-1", title="Finds unknown flaws unaided")
    nsa.press(re.compile("^Propose"))
    dod = go("dod_lead", "/")
    dod.follow("Confirm a criterion of the register")
    dod.press("Confirm")
    dod.sees("Finds unknown flaws unaided")


def it_is_determined(go):
    """ONCD is consulted, one official writes, another signs, and the lab is told."""
    official = go("nsa_official", "/")
    official.follow("Ask for consultations, or write the determination")
    official.follow("Ask for consultations")
    official.press("Ask for consultations")
    oncd = go("oncd_official", "/")
    oncd.follow("Record your office's consultation")
    oncd.write(statement="Consulted; no comment.")
    oncd.press("Record the statement")

    go("nsa_official", "/").follow("Ask for consultations, or write the determination")
    official.sees("Consulted; no comment.")
    official.follow("Write the determination")
    determine(official, "covered", rationale="Capabilities as published.")
    sign(go("nsa_signer", "/"), "Covered")
    liaison = go("northlight_liaison", "determination/")
    liaison.sees("No determination has been shared with your lab.")
    go("nsa_official", "determination/").follow("Share it with the lab")
    official.press("Share it with the lab")
    go("northlight_liaison", "determination/").sees("Capabilities as published.")


def determine(official, outcome, **words):
    """She writes it for another to sign."""
    official.choose("outcome", outcome)
    official.tick("criteria")
    official.write(**words)
    official.press("Send to the second signer")
    official.sees("You wrote it, so somebody else signs it.")


def sign(signer, outcome):
    """The second official signs what waits on her Home."""
    signer.follow("Sign a determination")
    signer.sees(outcome)
    signer.press("Sign")
