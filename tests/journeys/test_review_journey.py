"""Access to the model during a review, in a real browser, by keyboard only."""

import pytest

from reviews.models import AccessGrant
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


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
