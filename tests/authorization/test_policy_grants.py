"""Access to a lab's model: who sees, answers, authorizes, revokes and attests; who may use it."""

from datetime import timedelta

import pytest

from accounts.models import Organization
from reviews.models import AccessGrant
from reviews.policy import Action
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    BASALT,
    END,
    INSTANTS,
    LAB,
    LAST,
    OPENING,
    START,
    TICK,
    always,
    at_each_instant,
    person,
    seen,
    while_open,
)

pytestmark = pytest.mark.django_db

THE_LABS = {"nsa": LAB, "dod": LAB, "on basalt": BASALT}
THE_LEADS = {"nsa": {"nsa_lead"}, "dod": {"dod_lead"}, "on basalt": {"nsa_lead"}}
THE_GRANTEES = {"nsa": {"nsa_reviewer"}, "dod": {"dod_reviewer"}, "on basalt": {"nsa_reviewer"}}
NOBODY = {label: set() for label in THE_LABS}


def joined(*tables):
    """The people of every table, grant by grant."""
    return {label: set().union(*(table[label] for table in tables)) for label in THE_LABS}


ADMINISTERED = {label: ADMINISTRATORS for label in THE_LABS}  # noqa: C420 - one set, never changed

TABLE = {
    Action.VIEW_GRANT: always(joined(THE_LABS, THE_LEADS, THE_GRANTEES, ADMINISTERED)),
    Action.CONSENT_GRANT: while_open(THE_LABS, NOBODY),
    Action.AUTHORIZE_GRANT: while_open(ADMINISTERED, NOBODY),
    Action.REVOKE_GRANT: always(joined(THE_LABS, THE_LEADS, ADMINISTERED)),
    Action.ATTEST_FOR_AGENCY: always(joined(THE_LEADS, THE_GRANTEES)),
    Action.ATTEST_FOR_LAB: always(THE_LABS),
}


@pytest.mark.parametrize("action", TABLE)
def test_who_may(world, action):
    assert at_each_instant(world, action, world.grants) == TABLE[action]


def test_who_may_use_model(world):
    """Its grantee, while it is authorized and lasts: DoD's is not authorized, NSA's has 10 days."""
    only_nsa = NOBODY | {"nsa": {"nsa_reviewer"}, "on basalt": {"nsa_reviewer"}}
    assert at_each_instant(world, Action.USE_MODEL, world.grants) == dict.fromkeys(
        INSTANTS, NOBODY
    ) | {"the opening": only_nsa}


def test_access_level_and_rank_do_not_help_a_colleague(world):
    """Only the person named, the agency's own lead, and no other seat of the agency."""
    for seat in ("nsa:reviewer", "nsa:determination_official"):
        colleague = person(seat)
        for action in (Action.VIEW_GRANT, Action.USE_MODEL, Action.ATTEST_FOR_AGENCY):
            assert seen(colleague, action, world.grants, OPENING) == set()
    second_lead = person("nsa:lead")
    assert seen(second_lead, Action.VIEW_GRANT, world.grants, OPENING) == {"nsa", "on basalt"}
    assert seen(second_lead, Action.USE_MODEL, world.grants, OPENING) == set()


GRANTEE_ACTIONS = [Action.VIEW_GRANT, Action.USE_MODEL, Action.ATTEST_FOR_AGENCY]
LEAD_ACTIONS = [Action.VIEW_GRANT, Action.REVOKE_GRANT, Action.ATTEST_FOR_AGENCY]


@pytest.mark.parametrize("action", GRANTEE_ACTIONS)
def test_a_grantee_who_left_the_agency_has_nothing(world, action):
    """Her other agency is attached too; the grant is not its."""
    someone = person("dod:reviewer")
    rows = {"nsa": world.grants["nsa"]}
    AccessGrant.objects.filter(pk=rows["nsa"].pk).update(grantee=someone)
    assert seen(someone, action, rows, OPENING) == set()
    AccessGrant.objects.filter(pk=rows["nsa"].pk).update(
        agency=Organization.objects.get(code="dod")
    )
    assert seen(someone, action, rows, OPENING) == {"nsa"}


@pytest.mark.parametrize("action", LEAD_ACTIONS)
def test_a_lead_acts_on_the_grants_of_the_agency_that_she_leads(world, action):
    """Reviewer at NSA and lead at DoD: DoD's only."""
    someone = person("nsa:reviewer", "dod:lead")
    assert seen(someone, action, world.grants, OPENING) == {"dod"}


def test_a_sponsor_who_left_the_agency_has_nothing(world):
    someone = person("dod:lead")
    AccessGrant.objects.update(requested_by=someone)
    assert seen(someone, Action.VIEW_GRANT, world.grants, OPENING) == {"dod"}


def waiting(world, **facts):
    """DoD's request, with these facts."""
    AccessGrant.objects.filter(pk=world.grants["dod"].pk).update(**facts)
    return {"dod": world.grants["dod"]}


@pytest.mark.parametrize("party", ["requested_by", "grantee", "consented_by"])
def test_a_party_who_is_an_administrator_too_does_not_authorize(world, party):
    administrator = person("nsa:lead", "northlight:liaison", "caisi:administrator")
    consented = {"consented_at": START, "consented_by": world.people.northlight_liaison}
    for rows in (waiting(world), waiting(world, **consented)):
        assert seen(administrator, Action.AUTHORIZE_GRANT, rows, OPENING) == {"dod"}
    rows = waiting(world, **consented | {party: administrator})
    assert seen(administrator, Action.AUTHORIZE_GRANT, rows, OPENING) == set()
    assert seen(administrator, Action.REVOKE_GRANT, rows, OPENING) == {"dod"}


@pytest.mark.parametrize("party", ["requested_by", "grantee"])
def test_a_party_who_is_of_the_lab_too_does_not_consent(world, party):
    liaison = person("dod:lead", "northlight:liaison")
    assert seen(liaison, Action.CONSENT_GRANT, waiting(world), OPENING) == {"dod"}
    rows = waiting(world, **{party: liaison})
    assert seen(liaison, Action.CONSENT_GRANT, rows, OPENING) == set()
    assert seen(liaison, Action.REVOKE_GRANT, rows, OPENING) == {"dod"}


# Live: each fact of a grant and of its window

DAY = timedelta(days=1)
LIVE = {"authorized_at": START + DAY, "starts_at": START + 2 * DAY, "ends_at": START + 9 * DAY}
AUTHORIZED_LATER = LIVE | {"authorized_at": START + 3 * DAY}


@pytest.mark.parametrize(
    ("facts", "at", "live"),
    [
        (LIVE, START + 2 * DAY, True),
        (LIVE, START + 2 * DAY - TICK, False),
        (LIVE, START + 9 * DAY - TICK, True),
        (LIVE, START + 9 * DAY, False),
        (AUTHORIZED_LATER, START + 3 * DAY, True),
        (AUTHORIZED_LATER, START + 3 * DAY - TICK, False),
        (LIVE | {"authorized_at": None, "authorized_by": None}, START + 3 * DAY, False),
        (LIVE | {"revoked_at": START + 5 * DAY}, START + 6 * DAY, False),
        # Written, but from an instant that has not come: revoked is revoked.
        (LIVE | {"revoked_at": START + 5 * DAY}, START + 4 * DAY, False),
        # The window bounds a grant whose own times do not.
        (LIVE | {"ends_at": END + DAY}, LAST, True),
        (LIVE | {"ends_at": END + DAY}, END, False),
        (LIVE | {"starts_at": START - DAY, "authorized_at": START - DAY}, START, True),
        (LIVE | {"starts_at": START - DAY, "authorized_at": START - DAY}, START - TICK, False),
    ],
)
def test_a_grant_is_live_when_every_fact_says_so(world, facts, at, live):
    revoked = {"revoked_by": world.people.administrator} if "revoked_at" in facts else {}
    AccessGrant.objects.filter(pk=world.grants["nsa"].pk).update(**facts, **revoked)
    rows = {"nsa": world.grants["nsa"]}
    found = seen(world.people.nsa_reviewer, Action.USE_MODEL, rows, at)
    assert found == ({"nsa"} if live else set())


@pytest.mark.parametrize("name", ["withdrawn", "concluded", "expired"])
def test_a_grant_ends_with_its_submission_whatever_its_own_end(world, name):
    """The clock is inside the window as it was; the recorded status ends access alone."""
    rows = {"nsa": world.grants["nsa"]}
    reviewer = world.people.nsa_reviewer
    at = OPENING + TICK
    assert seen(reviewer, Action.USE_MODEL, rows, at) == {"nsa"}
    AccessGrant.objects.filter(pk=rows["nsa"].pk).update(submission=world.submissions[name])
    assert seen(reviewer, Action.USE_MODEL, rows, at) == set()
    assert seen(reviewer, Action.VIEW_GRANT, rows, at) == {"nsa"}
