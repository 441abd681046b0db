"""A trusted partner's access: who sees it, who may say which word, and who may use it."""

from datetime import timedelta

import pytest

from accounts import audit, seats
from accounts.models import User
from reviews import clock, policy
from reviews.models import AccessGrant, GrantUser, Notice, PartnerTerms
from reviews.policy import Action
from tests import factories
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    END,
    INSTANTS,
    LAB,
    LAST,
    LEADS,
    OPENING,
    START,
    always,
    at_each_instant,
    everyone,
    person,
    seen,
)

pytestmark = pytest.mark.django_db
STATES = ("requested", "agreed", "consented", "awaiting", "scheduled")
KNOWN = ("awaiting", "scheduled")  # to the partner: both sides have agreed
CONTACT = {"partner_contact"}


@pytest.fixture
def grants(world):
    """One grant that got as far as each state, all proposed by NSA's lead."""
    with clock.rehearsal(START):
        submission = factories.with_release(world.people)
        return {
            state: factories.partner_grant(submission, world.people, state=state)
            for state in STATES
        }


def each(*groups, known=frozenset()):
    """The people of ``groups`` for every grant, and ``known`` where the partner knows of it."""
    return {state: set().union(*groups, known if state in KNOWN else ()) for state in STATES}


LEAD = {"nsa_lead"}
TABLE = {
    Action.VIEW_GRANT: each(LAB, LEAD, ADMINISTRATORS, known=CONTACT),
    Action.READ_GRANT: each(LAB, LEAD, known=CONTACT),
    Action.KNOW_PEOPLE: each(LEAD, ADMINISTRATORS),
    Action.TAKE_BACK_REQUEST: each(LEAD),
    Action.TAKE_BACK_AGREEMENT: each(ADMINISTRATORS),
    Action.ACCEPT_TERMS: each(known=CONTACT),
    Action.CONSENT_GRANT: each(LAB),
    Action.AUTHORIZE_GRANT: each(ADMINISTRATORS),
    Action.REVOKE_GRANT: each(LAB, LEAD, ADMINISTRATORS),
    Action.RECERTIFY_GRANT: each(LEAD),
    Action.ATTEST_FOR_AGENCY: each(known=CONTACT),
    Action.ATTEST_FOR_LAB: each(LAB),
    Action.TRACK_GRANTS: each(LAB, ADMINISTRATORS, {"auditor"}),
}


@pytest.mark.parametrize("action", TABLE)
def test_who_may_and_no_window_bounds_it(world, grants, action):
    assert at_each_instant(world, action, grants) == always(TABLE[action])


def test_only_a_contact_of_the_partner_uses_it_while_it_lasts(world, grants):
    nobody = each()
    expected = dict.fromkeys(INSTANTS, nobody)
    for instant in ("the last microsecond", "the end"):
        expected[instant] = nobody | {"scheduled": CONTACT}
    assert at_each_instant(world, Action.USE_MODEL, grants) == expected
    grant = grants["scheduled"]
    assert OPENING < grant.starts_at < LAST < END < grant.effective_end()


def test_a_colleague_sees_it_and_only_who_is_named_uses_it(world, grants):
    colleague = person("keystone-utility:partner_contact")
    assert seen(colleague, Action.VIEW_GRANT, grants, END) == set(KNOWN)
    assert seen(colleague, Action.USE_MODEL, grants, END) == set()
    AccessGrant.objects.filter(pk=grants["scheduled"].pk).update(grantee=colleague)
    assert seen(colleague, Action.USE_MODEL, grants, END) == {"scheduled"}


@pytest.mark.parametrize("action", [Action.VIEW_GRANT, Action.READ_GRANT, Action.USE_MODEL])
def test_an_agencys_person_sees_nothing_though_named(world, grants, action):
    someone = person("nsa:reviewer")
    for grant in grants.values():
        GrantUser.objects.create(grant=grant, person=someone)
    assert seen(someone, action, grants, END) == set()


def test_another_partner_sees_nothing_though_named(world, grants):
    bank = seats.found_organization(
        code="harbor-bank",
        name="Harbor Bank",
        short_name="Harbor",
        kind="partner",
        by=audit.SYSTEM,
        at=START,
    )
    other = User.objects.create_user("bank@test.example", "bank contact")
    seats.give(person=other, organization=bank, role="partner_contact", by=audit.SYSTEM, at=START)
    AccessGrant.objects.filter(pk__in=[grant.pk for grant in grants.values()]).update(grantee=other)
    for action in (Action.VIEW_GRANT, Action.ACCEPT_TERMS, Action.USE_MODEL):
        assert seen(other, action, grants, END) == set()


@pytest.mark.parametrize("party", ["requested_by", "grantee", "consented_by", "agreed_by", ""])
@pytest.mark.parametrize(
    ("seat", "action", "refused"),
    [
        ("northlight:liaison", Action.CONSENT_GRANT, ("requested_by", "grantee", "agreed_by")),
        (
            "caisi:administrator",
            Action.AUTHORIZE_GRANT,
            ("requested_by", "grantee", "consented_by"),
        ),
    ],
)
def test_a_party_gives_no_other_word_after_the_window_either(
    world, grants, seat, action, refused, party
):
    someone, rows = person(seat), {"requested": grants["requested"]}
    consented = {"consented_at": START, "consented_by": world.people.northlight_liaison}
    if party == "agreed_by":
        consented = {"agreed_at": START, "agreed_by": world.people.administrator}
    AccessGrant.objects.filter(pk=grants["requested"].pk).update(**consented)
    assert seen(someone, action, rows, END) == {"requested"}
    if party:
        AccessGrant.objects.filter(pk=grants["requested"].pk).update(**{party: someone})
    assert seen(someone, action, rows, END) == (set() if party in refused else {"requested"})


@pytest.mark.parametrize("party", ["requested_by", "consented_by", "agreed_by", ""])
def test_whoever_gave_another_word_accepts_no_terms(world, grants, party):
    someone, rows = person("keystone-utility:partner_contact"), {"it": grants["awaiting"]}
    if party:
        AccessGrant.objects.filter(pk=grants["awaiting"].pk).update(**{party: someone})
    assert seen(someone, Action.ACCEPT_TERMS, rows, END) == (set() if party else {"it"})


def test_an_agencys_own_grant_is_bound_to_its_window_still(world):
    for action in (Action.CONSENT_GRANT, Action.AUTHORIZE_GRANT):
        for who in everyone(world).values():
            assert seen(who, action, world.grants, END) == set()


def test_leads_propose_from_filing_on(world):
    rows = {"running": world.running, "draft": world.draft}
    proposing = {"running": LEADS, "draft": set()}
    assert at_each_instant(world, Action.PROPOSE_PARTNER, rows) == always(proposing)


def test_terms_are_read_by_whoever_has_a_seat_and_published_by_administrators(world, grants):
    rows = {"first": PartnerTerms.objects.get()}
    seated = {
        code for code in everyone(world) if code not in ("anonymous", "superuser", "disabled")
    }
    assert at_each_instant(world, Action.READ_TERMS, rows) == always({"first": seated})
    assert at_each_instant(world, Action.PUBLISH_TERMS, rows) == always({"first": ADMINISTRATORS})


def test_a_partner_reads_its_notices_once_both_have_agreed_and_no_others(world, grants):
    contact = world.people.partner_contact
    Notice.objects.all().delete()
    rows = {
        state: Notice.objects.create(
            key=state,
            kind="terms_to_accept",
            recipient=contact,
            submission=grant.submission,
            grant=grant,
            due_at=START,
            queued_at=START,
            waiting_since=START,
            next_attempt_at=START,
        )
        for state, grant in grants.items()
    }
    assert seen(contact, Action.READ_NOTICE, rows, START) == set(KNOWN)
    someone = person("nsa:reviewer")
    for grant in grants.values():
        GrantUser.objects.create(grant=grant, person=someone)
    Notice.objects.update(recipient=someone)
    assert seen(someone, Action.READ_NOTICE, rows, START) == set()
    Notice.objects.update(recipient=world.people.vendor_contact)
    assert seen(contact, Action.READ_NOTICE, rows, START) == set()
    Notice.objects.update(recipient=contact)
    AccessGrant.objects.exclude(partner=None).update(partner=factories.organization("nsa"))
    assert seen(contact, Action.READ_NOTICE, rows, START) == set()
    assert not policy.allowed(contact, Action.VIEW, at=START + timedelta(days=1)).exists()
