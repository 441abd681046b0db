"""Access from the request to the closeout, an agency's and a partner's, by keyboard alone."""

from datetime import timedelta

import pytest

from accounts import audit, partners
from accounts.sectors import Sector
from reviews.models import AccessGrant
from tests import factories
from tests.journeys.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]
DAY = timedelta(days=1)


@pytest.fixture
def signed_in(someone, committed_people):
    """Somebody's browser, signed in, each time anew: sessions end as time passes."""

    def enter(code):
        person = someone()
        person.sign_in(getattr(committed_people, code), committed_people.password)
        return person

    return enter


def write_date(person, name, day, month="10"):
    """Eleven in the morning of that day."""
    person.choose(f"{name}_month", month)
    parts = {"day": day, "year": "2026", "time": "11:00 a.m."}
    person.write(**{f"{name}_{part}": text for part, text in parts.items()})


def clean(person):
    assert violations(person.page) == [], person.page.url
    person.page.set_viewport_size({"width": 1280, "height": 900})


def step(person, grant, words, sees):
    """Open the grant, follow its button, confirm; every page on the way is accessible."""
    person.open(grant.get_absolute_url())
    clean(person)
    person.follow(words)
    clean(person)
    person.press(words)
    person.sees(sees)


def test_an_agencys_access_from_request_to_closeout(
    signed_in, committed_people, start, move_clock, settings
):
    people = committed_people
    submission = factories.filed(people)
    lead = signed_in("nsa_lead")
    lead.open(f"/submissions/{submission.reference}/access/request/")
    clean(lead)
    lead.choose("grantee", people.nsa_reviewer.email)
    lead.tick("users", people.nsa_lead.email)
    lead.write(purpose="Measure exploit development.", environment="Isolated network")
    lead.choose("access_level", "al2")
    write_date(lead, "starts_at", "20")
    write_date(lead, "ends_at", "30")
    lead.press("Ask for access")
    grant = AccessGrant.objects.get()

    liaison = signed_in("northlight_liaison")
    liaison.follow("Answer a request for access to your model")
    liaison.follow("Consent")
    clean(liaison)
    liaison.choose("access_level", "al1")
    liaison.tick("users", people.nsa_lead.email)  # she is left out
    liaison.press("Consent")
    liaison.sees("(asked for: ")
    grant.refresh_from_db()
    assert (grant.access_level, grant.asked_access_level) == ("al1", "al2")
    assert grant.users.get().dropped_at

    administrator = signed_in("administrator")
    step(administrator, grant, "Authorize", "Live")
    reviewer = signed_in("nsa_reviewer")
    reviewer.open(grant.get_absolute_url())
    clean(reviewer)
    reviewer.press("Show how to reach the model")
    reviewer.sees(factories.ANSWERS["endpoint_reference"])
    clean(reviewer)

    lead.open(grant.get_absolute_url())
    lead.follow("Ask for more time")
    write_date(lead, "ends_at", "5", month="11")
    lead.write(reason="Two runs are left.")
    clean(lead)
    lead.press("Ask for more time")
    step(liaison, grant, "Consent to the later end", "Later end asked for")
    step(administrator, grant, "Authorize the later end", "Nov. 5, 2026")
    step(liaison, grant, "Suspend access for the lab", "Suspended")
    reviewer.open(grant.get_absolute_url())
    reviewer.sees("Northlight suspended it on")
    step(liaison, grant, "Resume access for the lab", "Live")
    step(administrator, grant, "Revoke access", "Revoked")
    reviewer.open(grant.get_absolute_url())
    reviewer.sees("An administrator revoked it")

    for person, side in ((reviewer, "agency"), (liaison, "lab")):
        person.open(grant.get_absolute_url())
        person.follow(f"Attest closeout for the {side}")
        clean(person)
        person.tick("credentials_disabled")
        person.tick("copies_gone")
        person.press(f"Attest closeout for the {side}")
    liaison.sees("Closed out")
    clean(liaison)


def test_a_partner_from_proposal_to_closeout(
    signed_in, committed_people, start, move_clock, settings
):
    people, settings.RECERTIFICATION_DAYS = committed_people, 40
    submission = factories.filed(people, planned_partner_release_at=start + 5 * DAY)
    utility = factories.organization("keystone-utility")
    partners.tag(utility, sectors=[Sector.ENERGY.value], by=audit.SYSTEM, at=start)

    administrator = signed_in("administrator")
    administrator.open("/partners/")
    clean(administrator)
    administrator.follow("terms for trusted partners")
    administrator.follow("Publish a version")
    administrator.write(text="Use the model for the purpose agreed on.")
    clean(administrator)
    administrator.press("Publish")
    administrator.sees("Version 1")

    lead = signed_in("nsa_lead")
    lead.open(f"/submissions/{submission.reference}/access/")
    lead.follow("Propose a partner")
    lead.choose("grantee", people.partner_contact.email)
    lead.write(purpose="Look for weaknesses in grid control.", environment="Test network")
    lead.choose("access_level", "al1")
    clean(lead)
    lead.press("Propose the partner")
    lead.sees("Waiting for the lab's consent")
    grant = AccessGrant.objects.get()

    step(administrator, grant, "Agree for the government", "Agreed for the government")
    liaison = signed_in("northlight_liaison")
    liaison.follow("Answer a request for access to your model")
    liaison.follow("Consent")
    clean(liaison)
    liaison.press("Consent")
    liaison.sees("Waiting for the partner")

    contact = signed_in("partner_contact")
    contact.follow("Read and accept the terms")
    contact.follow("Accept the terms")
    contact.sees("Use the model for the purpose agreed on.")
    contact.tick("accepted")
    clean(contact)
    contact.press("Accept the terms")
    contact.sees("Scheduled")
    clean(contact)

    move_clock(grant.starts_at)
    contact = signed_in("partner_contact")
    clean(contact)
    contact.open(grant.get_absolute_url())
    contact.press("Show how to reach the model")
    contact.sees(factories.ANSWERS["endpoint_reference"])
    administrator = signed_in("administrator")
    administrator.open("/access/board/")
    administrator.follow("By sector")
    administrator.sees("Energy")
    clean(administrator)
    liaison = signed_in("northlight_liaison")
    step(liaison, grant, "Revoke access", "Revoked")
    contact.open(grant.get_absolute_url())
    contact.sees("The lab revoked it")
    contact.follow("Attest closeout for the partner")
    contact.tick("credentials_disabled")
    contact.tick("copies_gone")
    contact.press("Attest closeout for the partner")
    contact.sees("Closeout attested for Keystone Utility")
    clean(contact)
