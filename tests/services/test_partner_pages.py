"""The pages of trusted partners: setting one up, proposing it, its terms, its own grant."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Organization
from accounts.sectors import Sector
from reviews.exceptions import WindowRefused
from reviews.models import AccessGrant, PartnerTerms, TermsAcceptance
from reviews.services import partner_terms, tracking
from reviews.services.tracking import Tracked
from tests import factories
from tests.services.grant_pages import body, url, when

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TEXT = "Use the model for the purpose agreed on.\n\n<script>alert(1)</script>"


@pytest.fixture
def submission(people):
    return factories.with_release(people)


@pytest.fixture
def asked(submission, people):
    """What the form of a proposal sends."""
    release = submission.planned_partner_release_at
    return {
        "grantee": people.partner_contact.email,
        "purpose": "Look for weaknesses in grid control.",
        "access_level": "al1",
        "safeguards": "in_place",
        "environment": "Test network",
        **when("starts_at", release + DAY),
        **when("ends_at", release + 11 * DAY),
    }


def propose(submission):
    return reverse("reviews:partner-propose", args=[submission.reference])


def test_without_a_planned_release_no_partner(people, start):
    submission = factories.filed(people)
    with pytest.raises(WindowRefused, match="named no planned partner release"):
        factories.partner_grant(
            submission, people, starts_at=start + 21 * DAY, ends_at=start + 22 * DAY
        )


def test_a_partner_is_proposed_agreed_accepted_and_reached(
    act, submission, asked, people, start, move_clock
):
    publish = reverse("reviews:terms-publish")
    sent = {"text": TEXT, **when("accept_by", start + 14 * DAY)}
    assert act("administrator", "post", publish, sent).status_code == 302
    page = act("nsa_lead", "get", propose(submission))
    assert "partner contact, Keystone Utility" in body(page)
    assert act("nsa_lead", "post", propose(submission), asked).status_code == 302
    grant = AccessGrant.objects.get()
    assert grant.partner == factories.organization("keystone-utility")

    waits = body(act("nsa_lead", "get", url(grant)))
    assert "Northlight has not consented yet. Its liaison can." in waits
    assert "The government has not agreed yet" in waits
    assert act("partner_contact", "get", url(grant)).status_code == 404
    assert "Agree to a trusted partner" in body(act("administrator", "get", "/"))
    page = act("administrator", "get", url(grant, "authorize"))
    assert "The review window does not bound this access." in body(page)
    assert act("administrator", "post", url(grant, "authorize")).status_code == 302
    page = act("northlight_liaison", "get", url(grant, "consent"))
    assert "Keystone Utility accepts the terms" in body(page)
    assert "not after the window ends" not in body(page)
    assert act("northlight_liaison", "post", url(grant, "consent")).status_code == 302

    assert "Read and accept the terms" in body(act("partner_contact", "get", "/"))
    page = act("partner_contact", "get", url(grant, "accept"))
    assert "Use the model for the purpose agreed on." in body(page)
    assert "<script>alert" not in body(page)
    sha256 = PartnerTerms.objects.get().sha256
    unread = act("partner_contact", "post", url(grant, "accept"), {"sha256": sha256})
    assert unread.status_code == 422
    assert "Check this to accept the terms." in body(unread)
    assert not TermsAcceptance.objects.exists()
    accepted = {"sha256": sha256, "accepted": "on"}
    assert act("partner_contact", "post", url(grant, "accept"), accepted).status_code == 302

    shown = body(act("partner_contact", "get", url(grant)))
    assert "Look for weaknesses in grid control." in shown
    assert people.nsa_lead.name not in shown
    assert people.northlight_liaison.name in shown
    assert act("partner_contact", "post", url(grant, "use")).status_code == 403
    move_clock(grant.starts_at)
    reached = act("partner_contact", "post", url(grant, "use"))
    assert "Endpoint entry 17" in body(reached)
    for path in (submission.get_absolute_url(), "/access/board/", "/submissions/"):
        assert factories.ANSWERS["risk_summary"] not in body(act("partner_contact", "get", path))
    assert act("partner_contact", "get", submission.get_absolute_url()).status_code == 404


def test_newer_terms_are_to_be_read_first(act, submission, people, start):
    grant = factories.partner_grant(submission, people, state="awaiting")
    first = PartnerTerms.objects.get()
    partner_terms.publish(
        "The second text.", accept_by=start + DAY, by=people.administrator, at=start
    )
    sent = {"sha256": first.sha256, "accepted": "on"}
    page = act("partner_contact", "post", url(grant, "accept"), sent)
    assert page.status_code == 422
    assert "Newer terms were published after you opened this page." in body(page)
    assert "The second text." in body(page)
    assert not TermsAcceptance.objects.exists()
    latest = PartnerTerms.objects.last()
    assert f'value="{latest.sha256}"' in body(page)
    sent = {"sha256": latest.sha256, "accepted": "on"}
    assert act("partner_contact", "post", url(grant, "accept"), sent).status_code == 302
    assert TermsAcceptance.objects.get().terms == latest


def test_a_start_at_the_release_as_it_is_shown_is_the_release(act, people, asked, start):
    release = start + timedelta(days=5, seconds=37)
    submission = factories.filed(people, planned_partner_release_at=release)
    shown = when("starts_at", release)
    sent = asked | shown | when("ends_at", release + DAY)
    assert act("nsa_lead", "post", propose(submission), sent).status_code == 302
    assert AccessGrant.objects.get().starts_at == release


@pytest.mark.parametrize(
    ("changes", "words", "status"),
    [
        ({"grantee": "nsa-reviewer@demo.example"}, "Choose a contact of a trusted partner.", 422),
        ({"starts_at_year": "2025"}, "no earlier than the planned partner release", 409),
        ({"ends_at_year": "2027"}, "lasts 720 hours at most", 409),
        ({"purpose": ""}, "Enter", 422),
    ],
)
def test_what_cannot_be_proposed_is_said_and_kept(act, submission, asked, changes, words, status):
    page = act("nsa_lead", "post", propose(submission), asked | changes)
    assert page.status_code == status
    assert words in body(page)
    assert "Test network" in body(page)
    assert not AccessGrant.objects.exists()


def test_without_a_planned_release_the_page_says_so(act, people):
    page = act("nsa_lead", "get", propose(factories.filed(people)))
    assert page.status_code == 200
    assert "named no planned partner release" in body(page)


def test_a_partner_is_set_up_with_its_sectors(act, people):
    page = act("administrator", "get", "/partners/")
    assert "Keystone Utility" in body(page)
    assert "None recorded" in body(page)
    sent = {
        "name": "Harbor Bank",
        "short_name": "Harbor",
        "code": "harbor-bank",
        "sectors": [Sector.FINANCIAL_SERVICES.value, Sector.COMMUNICATIONS.value],
    }
    answer = act("administrator", "post", "/partners/new/", sent)
    assert (answer.status_code, answer.url) == (302, "/seats/harbor-bank/give/")
    bank = Organization.objects.get(code="harbor-bank")
    assert bank.kind == "partner"
    assert "Financial services" in body(act("administrator", "get", "/partners/"))
    event = AuditEvent.objects.get(action="organization.tagged")
    assert event.details["sectors"] == ["Communications", "Financial services"]
    again = act("administrator", "post", "/partners/new/", sent)
    assert again.status_code == 422
    assert "An organization with this code exists." in body(again)
    edit = "/partners/harbor-bank/"
    energy = {"sectors": [Sector.ENERGY.value]}
    for _ in range(2):  # the second changes nothing
        assert act("administrator", "post", edit, energy).status_code == 302
    assert [one.sector for one in bank.sectors.all()] == [Sector.ENERGY]
    assert AuditEvent.objects.filter(action="organization.tagged").count() == 2
    assert act("administrator", "post", edit, {"sectors": ["17"]}).status_code == 422
    assert act("administrator", "get", "/partners/nsa/").status_code == 404
    assert act("nsa_lead", "get", "/partners/").status_code == 404


def test_terms_are_listed_with_their_hash(act, people, start):
    assert "No terms are published." in body(act("partner_contact", "get", "/terms/"))
    terms = factories.terms(people, "The first text.")
    assert terms.sha256 in body(act("partner_contact", "get", "/terms/"))
    assert "The first text." in body(act("partner_contact", "get", "/terms/1/"))
    assert act("partner_contact", "get", "/terms/2/").status_code == 404
    assert act("partner_contact", "get", "/terms/publish/").status_code == 404
    late = {"text": "Another.", **when("accept_by", start - DAY)}
    page = act("administrator", "post", "/terms/publish/", late)
    assert page.status_code == 409
    assert "has not passed" in body(page)
    assert "Another." in body(page)


def test_the_board_counts_by_partner_and_by_each_of_its_sectors(
    act, submission, people, start, move_clock, settings
):
    settings.RECERTIFICATION_DAYS = 40
    utility = factories.organization("keystone-utility")
    utility.sectors.create(sector=Sector.ENERGY)
    utility.sectors.create(sector=Sector.DAMS)
    factories.partner_grant(submission, people, state="scheduled")
    factories.partner_grant(submission, people, state="awaiting")
    factories.grant(submission, people)
    board = tracking.board(people.auditor, "lab", at=start)
    assert board.counts[Tracked.AWAITING_TERMS] == 1
    assert board.counts[Tracked.LIVE] == 1
    at = submission.planned_partner_release_at + DAY
    move_clock(at)
    partners = tracking.board(people.auditor, "partner", at=at).lines
    assert [(line.code, line.counts[Tracked.LIVE]) for line in partners] == [
        ("keystone-utility", 1)
    ]
    sectors = tracking.board(people.auditor, "sector", at=at).lines
    assert [(line.name, line.counts[Tracked.LIVE]) for line in sectors] == [
        ("Dams", 1),
        ("Energy", 1),
    ]
    page = body(act("administrator", "get", "/access/board/"))
    assert "By sector" in page
    for query, found in (
        ("partner=keystone-utility", 2),
        (f"sector={Sector.DAMS.value}", 2),
        (f"sector={Sector.CHEMICAL.value}", 0),
    ):
        page = act("administrator", "get", f"/access/timeline/?{query}")
        assert page.status_code == 200
        assert body(page).count('scope="row"') == found, query
    listed = act("administrator", "get", "/access/?partner=keystone-utility")
    assert body(listed).count("Keystone Utility") >= 2
    export = b"".join(act("auditor", "get", "/access/export.csv?partner=keystone-utility"))
    assert export.decode().count("Keystone Utility") == 2


def test_a_lab_is_offered_its_own_partners_only(act, submission, people, start):
    assert "Keystone" not in body(act("northlight_liaison", "get", "/access/timeline/"))
    factories.partner_grant(submission, people)
    assert "Keystone" in body(act("northlight_liaison", "get", "/access/timeline/"))
    assert "Keystone" not in body(act("basalt_liaison", "get", "/access/timeline/"))
