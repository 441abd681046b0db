"""From a lab's draft to the report, in a real browser, by keyboard only."""

import pytest

from reviews.models import AccessGrant, Submission
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


@pytest.fixture
def files(tmp_path):
    """Two documents on the liaison's disk."""
    card, plan = tmp_path / "card.md", tmp_path / "plan.txt"
    card.write_text("# System card\n\nWhat the model does.\n")
    plan.write_text("Weight-security plan.\n")
    return card, plan


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


def test_from_draft_to_report(someone, committed_people, files, move_clock):
    people = committed_people

    def signed_in(code):
        person = someone()
        person.sign_in(getattr(people, code), people.password)
        return person

    liaison = signed_in("northlight_liaison")
    submission = draft_and_file(liaison, files)
    own = f"/submissions/{submission.reference}/"

    administrator = signed_in("administrator")
    assert administrator.open(own) == 404
    assert administrator.open(f"{own}package/") == 404
    administrator.open("/attachments/")
    administrator.sees(submission.reference)
    assert "Aurora" not in administrator.page.content()

    lead = signed_in("nsa_lead")
    lead.follow("Assign a reviewer")
    lead.press("Assign nsa reviewer")
    lead.sees("nsa reviewer, not answered yet")

    reviewer = signed_in("nsa_reviewer")
    reviewer.open(own)
    reviewer.follow("Accept or decline your assignment")
    reviewer.press("Accept")
    reviewer.choose("answer_basic", "no")
    reviewer.press("Declare and go on")
    reviewer.open(f"{own}documents/")
    download = reviewer.page.get_by_role("link", name="Download")
    reviewer.reach(download)
    with reviewer.page.expect_download() as arrived:
        reviewer.page.keyboard.press("Enter")
    assert arrived.value.suggested_filename in ("card.md", "plan.txt")
    reviewer.open("/")
    reviewer.follow("Write and file your review")
    reviewer.choose("access_level_used", "al1")
    reviewer.write(hours_spent="12.5", limits="API only.", concerns="One open question.")
    reviewer.press("Save draft")
    review = submission.agency_reviews.get()

    colleague = signed_in("dod_reviewer")
    assert colleague.open(review.get_absolute_url()) == 404
    colleague.open(f"{own}reviews/")
    assert "One open question." not in colleague.page.content()

    reviewer.open(f"{own}reviews/write/")
    reviewer.tick("no_conflict_declared")
    reviewer.press("File review")
    reviewer.sees("Filed")

    lead.open(f"{own}position/")
    lead.choose("outcome", "concerns_recorded")
    lead.write(summary="One question about exploit development is open.")
    lead.press("File the position")

    official = signed_in("nsa_official")
    official.open(f"{own}determination/consultations/")
    official.press("Ask for consultations")
    oncd = signed_in("oncd_official")
    oncd.follow("Record your office's consultation")
    oncd.write(statement="Consulted; no comment.")
    oncd.press("Record the statement")
    factories.criteria(people)
    official.open(f"{own}determination/write/")
    official.choose("outcome", "covered")
    official.tick("criteria")
    official.write(rationale="Capabilities as published.", authority="Order, section 3(a)")
    official.press("Send to the second signer")
    determination = submission.determinations.get()
    assert official.open(f"/determinations/{determination.key}/sign/") == 403
    signer = signed_in("nsa_signer")
    signer.follow("Sign a determination")
    signer.press("Sign")
    signer.sees("Covered")
    liaison.open(f"{own}determination/")
    liaison.sees("No determination has been shared with your lab.")
    official.open(f"{own}determination/")
    official.follow("Share it with the lab")
    official.press("Share it with the lab")
    liaison.open(f"{own}determination/")
    liaison.sees("Covered")

    move_clock(Submission.objects.get().closes_at)
    assert reviewer.open(f"{own}package/") == 403
    liaison.open(f"{own}report/")
    liaison.sees("One question about exploit development is open.")
    liaison.sees("No view recorded")
    liaison.sees("Covered")
    for code in ("nsa_reviewer", "nsa_lead", "nsa_official", "nsa_signer"):
        assert getattr(people, code).name not in liaison.page.content()


def test_a_grant_is_asked_consented_authorized_used_and_revoked_mid_visit(
    someone, committed_people, start
):
    people = committed_people
    submission = factories.filed(people)

    def signed_in(code):
        person = someone()
        person.sign_in(getattr(people, code), people.password)
        return person

    lead = signed_in("nsa_lead")
    lead.open(f"/submissions/{submission.reference}/access/request/")
    lead.choose("grantee", people.nsa_reviewer.email)
    lead.write(purpose="Measure exploit development.")
    lead.choose("access_level", "al1")
    lead.write(environment="Isolated network")
    for name, day in (("starts_at", "20"), ("ends_at", "30")):
        lead.choose(f"{name}_month", "10")
        lead.write(**{f"{name}_day": day, f"{name}_year": "2026", f"{name}_time": "11:00 a.m."})
    lead.press("Ask for access")
    grant = AccessGrant.objects.get()

    liaison = signed_in("northlight_liaison")
    liaison.follow("Answer a request for access to your model")
    liaison.follow("Consent")
    liaison.press("Consent")
    administrator = signed_in("administrator")
    administrator.follow("Authorize access that the lab consented to")
    administrator.follow("Authorize")
    administrator.press("Authorize")
    administrator.open("/access/")
    administrator.sees("nsa reviewer")

    reviewer = signed_in("nsa_reviewer")
    reviewer.open(grant.get_absolute_url())
    reviewer.press("Show how to reach the model")
    reviewer.sees(factories.ANSWERS["endpoint_reference"])
    reviewer.open(grant.get_absolute_url())
    administrator.open(f"{grant.get_absolute_url()}revoke/")
    administrator.press("Revoke access")
    with reviewer.page.expect_response(
        lambda answer: answer.request.method == "POST"
    ) as next_click:
        reviewer.reach(reviewer.page.get_by_role("button", name="Show how to reach the model"))
        reviewer.page.keyboard.press("Enter")
    assert next_click.value.status == 403
