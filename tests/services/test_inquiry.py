"""A designation inquiry: fewer answers, NSA and the offices it consults, its own end."""

import pytest

from reviews.models import Submission
from reviews.services import attachments, lifecycle, reports
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in

SHORT = {
    "intended_uses": "General assistance and code.",
    "cyber_capability_claims": "Finds known weakness classes.",
    "risk_summary": "Assessed at an intermediate checkpoint.",
    "contacts": "Duty desk, at any hour.",
}


@pytest.fixture
def draft(people):
    """An inquiry with the few answers that it needs."""
    draft = factories.draft(people, complete=False, kind="designation_inquiry", **SHORT)
    return Submission.objects.get(pk=draft.pk)


def filed(draft, people):
    return lifecycle.file(
        draft,
        certifier_title="Head of policy",
        revision=draft.revision,
        by=people.northlight_liaison,
        at=factories.now(),
    )


def test_an_inquiry_asks_for_less_and_is_filed_with_it(people, draft):
    liaison = signed_in(people.northlight_liaison)
    shown = content_of(liaison.get(page("submission-file", draft)))
    assert "Capabilities and contacts" in shown
    for step in ("Release and access", "Safeguards and terms"):
        assert step not in shown
    assert "NSA, and ONCD, OSTP and CISA, which it consults" in shown
    assert filed(draft, people).opens_at == factories.now()


@pytest.mark.parametrize("name", SHORT)
def test_what_an_inquiry_needs_is_needed(people, draft, name):
    setattr(draft.package, name, " ")
    assert draft.package.missing() == [name]


@pytest.mark.parametrize("step", ["access", "capabilities", "safeguards"])
def test_the_steps_of_early_access_are_not_an_inquirys(people, draft, step):
    liaison = signed_in(people.northlight_liaison)
    assert liaison.get(f"{draft.get_absolute_url()}edit/{step}/").status_code == 404
    assert liaison.get(f"{draft.get_absolute_url()}edit/inquiry/").status_code == 200


def test_a_draft_that_becomes_an_inquiry_goes_on_with_its_own_steps(people):
    draft = factories.draft(people)
    liaison = signed_in(people.northlight_liaison)
    version = draft.model_version
    answer = liaison.post(
        f"{draft.get_absolute_url()}edit/model/",
        {
            "revision": draft.revision,
            "kind": "designation_inquiry",
            "family": version.family,
            "version": version.version,
            "checkpoint_sha256": version.checkpoint_sha256,
            "intended_uses": "Code.",
        },
    )
    assert answer.url == f"{draft.get_absolute_url()}edit/inquiry/"


def test_only_nsa_and_the_consulted_offices_see_an_inquiry(people, draft):
    submission = filed(draft, people)
    agencies = attachments.attached_agencies(submission).values_list("code", flat=True)
    assert set(agencies) == {"nsa", "oncd", "ostp", "cisa"}
    sees = {
        "nsa_reviewer": 200,
        "nsa_lead": 200,
        "nsa_official": 200,
        "oncd_official": 200,
        "cisa_lead": 200,  # who is consulted too
        "cisa_reviewer": 404,
        "caisi_lead": 404,
        "dod_reviewer": 404,
        "treasury_lead": 404,
    }
    assert {
        code: signed_in(getattr(people, code)).get(submission.get_absolute_url()).status_code
        for code in sees
    } == sees


def test_an_inquiry_ends_with_nsas_position_alone(people, draft):
    submission = filed(draft, people)
    assert [agency.code for agency in reports.outstanding(submission)] == ["nsa"]
    factories.position_filed(submission, people, "nsa", "no_concerns_recorded")
    reports.issue(submission, by=people.nsa_lead, at=factories.now())
    submission.refresh_from_db()
    assert submission.status == "concluded"
