"""From a lab's draft to the report through a whole window, for every role, by keyboard only."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from reviews.models import Submission
from reviews.services import ends
from tests import factories
from tests.journeys.conftest import going
from tests.journeys.test_shorter_windows import (
    a_criterion_is_kept,
    determine,
    it_is_determined,
    sign,
)
from tests.links import walk
from tests.people import SEATS

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]
DAY = timedelta(days=1)
FILING = "filing a review from Home"
AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury", "oncd")
QUESTION = "Which scaffold found the weaknesses?"
CONCERN = "One question about exploit development is open."
DISSENT = "One of two reviewers would record none."


@pytest.fixture
def files(tmp_path):
    """Two documents on the liaison's disk."""
    card, plan = tmp_path / "card.md", tmp_path / "plan.txt"
    card.write_text("# System card\n\nWhat the model does.\n")
    plan.write_text("Weight-security plan.\n")
    return card, plan


def test_from_an_empty_database_to_the_report(at_work, committed_people, files, start, move_clock):
    assert not Submission.objects.exists()
    submission = draft_and_file(at_work("northlight_liaison"), files)
    go = going(at_work, submission)
    others_see_their_home(go)
    one_reviews(go)
    another_reviews(go, submission)
    one_is_recused(go)
    positions_disagree(go)
    agencies_ask_together(go)

    move_clock(start + 10 * DAY)
    the_lab_answers(go)
    they_discuss(go)
    the_letter_is_issued(go)
    a_criterion_is_kept(go)
    it_is_determined(go)
    the_lab_is_told_no_name(go, committed_people)

    move_clock(start + 20 * DAY)
    it_is_superseded(go)

    submission.refresh_from_db()
    move_clock(submission.closes_at)
    ends.record_overdue(at=submission.closes_at)
    it_is_over_for_agencies(go)
    the_lab_reads_the_report(go)
    the_lab_is_told_no_name(go, committed_people)
    discretion_is_accounted_for(go)


def draft_and_file(liaison, files):
    """The liaison drafts in four steps, adds two documents, checks and files."""
    liaison.follow("Start a submission")
    liaison.choose("kind", "early_access")
    liaison.write(family="Aurora", version="4", checkpoint_sha256=factories.sha256("aurora 4"))
    liaison.press("Create the draft")
    liaison.tick("modalities", "text")
    liaison.write(intended_uses="General assistance and code.")
    liaison.choose("weights", "closed")
    liaison.press("Save and continue")
    liaison.choose("access_level", "al1")
    liaison.tick("access_means", "api")
    liaison.write(endpoint_reference="Register entry 17")
    liaison.press("Save and continue")
    liaison.write(
        cyber_capability_claims="Finds known weakness classes.",
        safety_framework_tier="Tier 2",
        risk_summary="Assessed against the framework.",
    )
    liaison.press("Save and continue")
    liaison.write(
        safeguards="Filters.",
        weight_security="Two enclaves.",
        contacts="Duty desk, at any hour.",
        nondisclosure_reference="NDA-1",
    )
    liaison.press("Save and check your answers")
    check = liaison.page.url.removeprefix(liaison.url)
    submission = Submission.objects.get()
    for title, path in zip(("System card", "Weight-security plan"), files, strict=True):
        liaison.open(f"/submissions/{submission.reference}/documents/new/")
        liaison.choose("kind", "model_card" if title == "System card" else "weight_security_plan")
        liaison.write(title=title)
        liaison.choose("designation", "confidential_commercial")
        liaison.choose("audience", "all")
        liaison.attach("upload", path)
        liaison.press("Add the document")
        liaison.sees(title)
        liaison.sees("no scanner is configured")
    liaison.open(check)
    liaison.sees("System card")
    liaison.tick("certified")
    liaison.write(certifier_title="Head of policy")
    liaison.press("File this submission")
    liaison.sees("Day 1 of 30")
    return submission


def others_see_their_home(go):
    """Whoever reads no submission sees a Home, and nothing of what the lab gave."""
    administrator = go("administrator", "/")
    administrator.follow("People")
    administrator.follow("Attachments")
    administrator.sees("CAISI, CISA, DoD, NSA")
    assert "Aurora" not in administrator.page.content()
    for code in ("administrator", "auditor", "clearinghouse_coordinator", "partner_contact"):
        other = go(code, "/")
        other.sees("Nothing waits for you.")
        assert [go(code, page).status for page in ("", "package/")] == [404, 404]


def one_reviews(go):
    """NSA's reviewer is assigned, accepts, declares, reads, and files from Home."""
    lead = go("nsa_lead", "/")
    lead.follow("Assign a reviewer")
    lead.press("Assign nsa reviewer")
    lead.sees("nsa reviewer, not answered yet")

    reviewer = go("nsa_reviewer")
    reviewer.follow("Accept or decline your assignment")
    reviewer.press("Accept")
    declare(reviewer)
    go("nsa_reviewer", "package/").sees("Finds known weakness classes.")
    reviewer.follow("Documents")
    assert reviewer.download("Download").suggested_filename in ("card.md", "plan.txt")
    with reviewer.counted(FILING):
        reviewer.open("/")
        reviewer.follow("Write and file your review")
        reviewer.choose("access_level_used", "al1")
        reviewer.write(hours_spent="12.5", limits="API only.", concerns="One open question.")
        reviewer.tick("no_conflict_declared")
        reviewer.press("File review")
    reviewer.sees("Filed")
    assert reviewer.stretches[FILING] <= 6


def declare(person):
    """She has no conflict of interest, so what she wanted to read is open to her."""
    person.choose("answer_basic", "no")
    person.press("Declare and go on")


def another_reviews(go, submission):
    """DoD's reviewer writes the contrary, which nobody else reads before it is filed."""
    lead = go("dod_lead", "/")
    lead.follow("Assign a reviewer")
    lead.press("Assign dod reviewer")

    reviewer = go("dod_reviewer", "/")
    reviewer.follow("Write and file your review")
    declare(reviewer)
    reviewer.choose("access_level_used", "al1")
    reviewer.write(hours_spent="30", limits="None.", concerns="None found.")
    reviewer.choose("exploit_development_score", "1")
    reviewer.choose("exploit_development_confidence", "high")
    reviewer.write(exploit_development_evidence="Forty guided attempts.")
    reviewer.press("Save draft")
    draft = submission.agency_reviews.get(filed_at=None)
    nsa = go("nsa_reviewer", "reviews/")
    assert "Forty guided attempts." not in nsa.page.content()
    assert nsa.open(draft.get_absolute_url()) == 404
    go("dod_reviewer", "reviews/")
    assert "One open question." not in reviewer.page.content()

    reviewer.follow("Continue your draft")
    reviewer.tick("no_conflict_declared")
    reviewer.press("File review")
    go("dod_reviewer", "reviews/").follow("NSA, version 1")
    reviewer.sees("One open question.")
    go("nsa_reviewer", "reviews/").follow("DoD, version 1")
    nsa.sees("Forty guided attempts.")


def one_is_recused(go):
    """CISA's reviewer says that she has a conflict: she reads nothing, and CISA takes no part."""
    lead = go("cisa_lead", "/")
    lead.follow("Assign a reviewer")
    lead.press("Assign cisa reviewer")
    reviewer = go("cisa_reviewer", "/")
    reviewer.follow("Write and file your review")
    reviewer.choose("answer_basic", "yes")
    reviewer.press("Declare and go on")
    reviewer.sees("You answered yes to")
    reviewer.press("Recuse myself")
    reviewer.sees("It is closed to you.")
    assert [go("cisa_reviewer", page).status for page in ("", "package/")] == [404, 404]

    go("cisa_lead", "reviews/").sees("cisa reviewer, recused")
    lead.follow("File position")
    lead.choose("outcome", "recused")
    lead.press("File the position")
    expect(row(lead, "Cybersecurity")).to_contain_text("Recused")
    expect(row(lead, "Defense")).to_contain_text("Drafted")
    expect(row(lead, "AI Standards")).to_contain_text("Unassigned")


def row(person, agency):
    """The first row of a table that is about the agency."""
    return person.page.locator("main tbody tr").filter(has_text=agency).first


def positions_disagree(go):
    """NSA records concerns and a dissent, DoD no concern; each reads both once its own is filed."""
    nsa = go("nsa_lead", "/")
    nsa.follow("File your agency's position")
    nsa.choose("outcome", "concerns_recorded")
    nsa.write(summary=CONCERN, dissent=DISSENT)
    nsa.press("File the position")
    dod = go("dod_lead", "reviews/")
    assert CONCERN not in dod.page.content()
    dod.follow("File position")
    dod.choose("outcome", "no_concerns_recorded")
    dod.press("File the position")
    go("nsa_lead", "reviews/")
    for words in (CONCERN, DISSENT, "Concerns recorded", "No concerns recorded"):
        nsa.sees(words)
        dod.sees(words)


def agencies_ask_together(go):
    """NSA drafts a question, DoD joins it, and NSA issues it with the day on which it is due."""
    nsa = go("nsa_lead")
    nsa.follow("Information requests")
    nsa.follow("Draft a request")
    nsa.write(subject="Elicitation", question=QUESTION)
    nsa.press("Save draft")
    assert "Elicitation" not in go("northlight_liaison", "requests/").page.content()
    dod = go("dod_lead", "requests/")
    dod.follow("Draft: Elicitation")
    dod.press("Join for DoD")
    go("nsa_lead", "/").follow("Issue an information request")
    nsa.follow("Issue to the lab")
    nsa.choose("days", "10")
    nsa.press("Issue to the lab")
    nsa.sees("Nov. 3, 2026, 5:00 p.m. EST")


def the_lab_answers(go):
    """The lab answers both agencies at once, and they read it once they have declared."""
    liaison = go("northlight_liaison", "/")
    liaison.follow("Answer an information request")
    liaison.sees(QUESTION)
    liaison.sees("NSA, DoD")
    liaison.follow(re.compile("^Answer$"))
    liaison.write(text="The one of appendix C.")
    liaison.press("Record the answer")
    for code in ("nsa_lead", "dod_lead"):
        lead = go(code, "requests/")
        lead.follow("Request 1: Elicitation")
        lead.follow("Declare it")
        declare(lead)
        go(code, "requests/").follow("Request 1: Elicitation")
        lead.sees("The one of appendix C.")


def they_discuss(go):
    """NSA asks in a thread that says that the lab reads it, and the lab replies to all agencies."""
    lead = go("nsa_lead")
    lead.follow("Discussion")
    lead.follow("Open a thread")
    lead.follow("The lab reads this too")
    lead.sees("The lab and other agencies see your agency’s name, not yours.")
    lead.write(title="Test hours", text="May we test on Sunday?")
    lead.press("Post to the lab")
    liaison = go("northlight_liaison")
    liaison.follow("Discussion")
    liaison.sees("The lab and all agencies")
    liaison.follow("Test hours")
    liaison.sees("All reviewing agencies read this")
    liaison.write(text="Yes, from noon on.")
    liaison.press("Post to all agencies")
    for code in ("nsa_lead", "dod_lead"):
        reader = go(code, "discussion/")
        reader.follow("Test hours")
        reader.sees("Yes, from noon on.")


def the_letter_is_issued(go):
    """Two leads file what was found so far; the lab reads it once it is issued."""
    nsa = go("nsa_lead")
    nsa.follow("Preliminary letter")
    nsa.follow("File your agency's entry")
    nsa.choose("so_far", "issues")
    nsa.write(text="Exploit development is open.")
    nsa.press("File the entry")
    dod = go("dod_lead", "letter/")
    dod.follow("File your agency's entry")
    dod.choose("so_far", "none")
    dod.press("File the entry")
    liaison = go("northlight_liaison", "letter/")
    assert "Exploit development is open." not in liaison.page.content()
    dod.follow("Issue the letter")
    dod.sees("No entry is filed by")
    dod.press("Issue the letter")
    go("northlight_liaison").follow("Preliminary letter")
    expect(row(liaison, "National Security")).to_contain_text("Exploit development is open.")
    expect(row(liaison, "Defense")).to_contain_text("No issues so far")
    expect(row(liaison, "AI Standards")).to_contain_text("No issues filed by this date")


def it_is_superseded(go):
    """The second determination is the lab's to read as it is signed, and the lab responds to it."""
    reason = "The lab's answer to request 1."
    official = go("nsa_official", "determination/")
    official.follow("Write a determination that supersedes it")
    determine(official, "not_covered", supersedes_reason=reason, rationale="Needs an expert.")
    sign(go("nsa_signer", "/"), "Not covered")
    liaison = go("northlight_liaison")
    liaison.follow("Determination")
    liaison.sees("Not covered")
    liaison.sees(reason)
    liaison.follow("Respond to it")
    liaison.write(text="We see it the same way.")
    liaison.press("Record the response")
    go("nsa_official", "determination/").sees("We see it the same way.")


def it_is_over_for_agencies(go):
    """What the lab gave is closed to agencies; the report says to all that some kept silent."""
    for code in ("nsa_reviewer", "dod_lead", "oncd_official"):
        assert go(code, "package/").status == 403
        go(code, "report/").sees("No view recorded")
    silent = go("caisi_lead", "reviews/")
    expect(row(silent, "AI Standards")).to_contain_text("No view recorded")
    silent.sees(DISSENT)


def the_lab_reads_the_report(go):
    """It gives positions and silence, and no dissent within; the lab keeps it and responds."""
    liaison = go("northlight_liaison", "/")
    liaison.follow("Read the report")
    for agency, says in (
        ("National Security", CONCERN),
        ("Defense", "No concerns recorded"),
        ("Cybersecurity", "Recused"),
        ("AI Standards", "No view recorded"),
        ("Treasury", "No view recorded"),
    ):
        expect(row(liaison, agency)).to_contain_text(says)
    liaison.sees("Not covered")
    assert DISSENT not in liaison.page.content()
    printed = liaison.download("Download the report (PDF)").path()
    assert printed.read_bytes().startswith(b"%PDF-")
    liaison.follow("Respond to the report")
    liaison.write(response="The open question is being looked at.")
    liaison.press("Record the response")
    liaison.sees("The open question is being looked at.")


def the_lab_is_told_no_name(go, people):
    """None of the kinds of page that the lab reaches by links names anybody of an agency."""
    liaison = go("northlight_liaison", "/")
    names = [getattr(people, code).name for code in SEATS if code.startswith(AGENCIES)]

    def visit(path):
        page = liaison.page.request.get(liaison.url + path).text()
        return page, re.findall(r'<a [^>]*href="(/[^"#]*)', page.replace("&amp;", "&"))

    for _, path, page in walk(visit):
        assert [name for name in names if name in page] == [], path


def discretion_is_accounted_for(go):
    """The auditor sees what was determined, superseded and why, and not of which model."""
    auditor = go("auditor", "/")
    auditor.follow("Open the audit log")
    auditor.follow("Use of discretion")
    for words in ("Northlight", "Not covered", "CC-1", "Superseded by number 2", "request 1"):
        auditor.sees(words)
    auditor.sees("2 of 2 on this page agree with the audit log.")
    assert "Aurora" not in auditor.page.content()
