"""Access to a lab's model: who sees, answers, authorizes, revokes and attests; who may use it."""

from datetime import timedelta

import pytest

from accounts.models import Organization
from reviews.models import AccessGrant, Declaration, GrantExtension, GrantUser
from reviews.models.grant_states import EndReason, Side
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
OVERSEEN = {label: ADMINISTRATORS | {"auditor"} for label in THE_LABS}

TABLE = {
    Action.VIEW_GRANT: always(joined(THE_LABS, THE_LEADS, THE_GRANTEES, ADMINISTERED)),
    Action.READ_GRANT: always(joined(THE_LABS, THE_LEADS, THE_GRANTEES)),
    Action.KNOW_PEOPLE: always(joined(THE_LEADS, THE_GRANTEES, ADMINISTERED)),
    Action.TAKE_BACK_REQUEST: always(THE_LEADS),
    Action.TAKE_BACK_AGREEMENT: always(NOBODY),
    Action.CONSENT_GRANT: while_open(THE_LABS, NOBODY),
    Action.AUTHORIZE_GRANT: while_open(ADMINISTERED, NOBODY),
    Action.REVOKE_GRANT: always(joined(THE_LABS, THE_LEADS, ADMINISTERED)),
    Action.RECERTIFY_GRANT: always(THE_LEADS),
    Action.OVERSEE_CLOSEOUT: always(OVERSEEN),
    Action.TRACK_GRANTS: always(joined(THE_LABS, OVERSEEN)),
    Action.EXPORT_GRANTS: always(joined(THE_LABS, OVERSEEN)),
    Action.REVOKE_GRANTS: always(joined(THE_LABS, ADMINISTERED)),
    Action.EXTEND_GRANT: while_open(THE_LEADS, NOBODY),
    Action.SUSPEND_FOR_LAB: always(THE_LABS),
    Action.SUSPEND_FOR_AGENCY: always(THE_LEADS),
    Action.SUSPEND_AS_ADMINISTRATOR: always(ADMINISTERED),
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
EXTENSION_TABLE = {
    Action.CONSENT_EXTENSION: while_open(THE_LABS, NOBODY),
    Action.AUTHORIZE_EXTENSION: while_open(ADMINISTERED, NOBODY),
}


@pytest.mark.parametrize("action", EXTENSION_TABLE)
def test_who_may_answer_an_extension(world, action):
    assert at_each_instant(world, action, world.extensions) == EXTENSION_TABLE[action]


@pytest.mark.parametrize("party", ["requested_by", "consented_by", "grantee", ""])
@pytest.mark.parametrize(
    ("seat", "action", "refused"),
    [
        ("northlight:liaison", Action.CONSENT_EXTENSION, ("requested_by", "grantee")),
        (
            "caisi:administrator",
            Action.AUTHORIZE_EXTENSION,
            ("requested_by", "grantee", "consented_by"),
        ),
    ],
)
def test_a_party_to_an_extension_gives_no_other_word(world, seat, action, refused, party):
    someone, grant, row = person(seat), world.grants["dod"], world.extensions["dod"]
    consented = {"consented_at": START, "consented_by": world.people.northlight_liaison}
    GrantExtension.objects.filter(pk=row.pk).update(**consented)
    assert seen(someone, action, {"dod": row}, OPENING) == {"dod"}
    if party == "grantee":
        AccessGrant.objects.filter(pk=grant.pk).update(grantee=someone)
    elif party:
        GrantExtension.objects.filter(pk=row.pk).update(**{party: someone})
    assert seen(someone, action, {"dod": row}, OPENING) == (set() if party in refused else {"dod"})


@pytest.mark.parametrize("action", EXTENSION_TABLE)
def test_a_draft_is_no_open_window_for_an_extension(world, action):
    AccessGrant.objects.update(submission=world.submissions["draft"])
    answers = at_each_instant(world, action, world.extensions)
    assert answers == dict.fromkeys(INSTANTS, NOBODY)


def test_a_lead_asks_for_more_time_for_the_agency_that_she_leads(world):
    someone = person("nsa:reviewer", "dod:lead")
    assert seen(someone, Action.EXTEND_GRANT, world.grants, OPENING) == {"dod"}


LEAD_ACTIONS = [
    *(Action.VIEW_GRANT, Action.REVOKE_GRANT),
    *(Action.SUSPEND_FOR_AGENCY, Action.ATTEST_FOR_AGENCY, Action.RECERTIFY_GRANT),
]


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


@pytest.mark.parametrize(
    ("seat", "action"),
    [
        ("northlight:liaison", Action.SUSPEND_FOR_LAB),
        ("dod:lead", Action.SUSPEND_FOR_AGENCY),
        ("dod:lead", Action.RECERTIFY_GRANT),
        ("caisi:administrator", Action.SUSPEND_AS_ADMINISTRATOR),
    ],
)
def test_nobody_resumes_or_prolongs_her_own_access(world, seat, action):
    someone = person(seat)
    assert "dod" in seen(someone, action, world.grants, OPENING)
    rows = waiting(world, grantee=someone)
    assert seen(someone, action, rows, OPENING) == set()


NAMED_NOWHERE = [
    ("caisi:administrator", Action.AUTHORIZE_GRANT, "dod"),
    ("northlight:liaison", Action.CONSENT_GRANT, "dod"),
    ("dod:lead", Action.SUSPEND_FOR_AGENCY, "dod"),
    ("dod:lead", Action.RECERTIFY_GRANT, "dod"),
]


@pytest.mark.parametrize(("seat", "action", "label"), NAMED_NOWHERE)
def test_nobody_answers_for_a_grant_that_ever_named_her(world, seat, action, label):
    someone, rows = person(seat), waiting(world)
    assert label in seen(someone, action, rows, OPENING)
    one = GrantUser.objects.create(grant=rows[label], person=someone)
    assert label not in seen(someone, action, rows, OPENING)
    GrantUser.objects.filter(pk=one.pk).update(dropped_at=OPENING)
    assert label not in seen(someone, action, rows, OPENING)


@pytest.mark.parametrize("action", [Action.USE_MODEL, Action.VIEW_GRANT])
def test_whoever_is_named_besides_uses_it_while_her_dates_last_and_sees_it_while_left_on_it(
    world, action
):
    someone, rows = world.people.nsa_lead, {"nsa": world.grants["nsa"]}
    if action is Action.VIEW_GRANT:
        someone = person("nsa:reviewer")
    assert seen(someone, action, rows, OPENING) == set()
    one = GrantUser.objects.create(grant=rows["nsa"], person=someone)
    assert seen(someone, action, rows, OPENING) == {"nsa"}
    GrantUser.objects.filter(pk=one.pk).update(lapses_at=OPENING + TICK)
    assert seen(someone, action, rows, OPENING) == {"nsa"}
    afterwards = set() if action is Action.USE_MODEL else {"nsa"}
    assert seen(someone, action, rows, OPENING + TICK) == afterwards
    GrantUser.objects.filter(pk=one.pk).update(lapses_at=None, dropped_at=OPENING)
    assert seen(someone, action, rows, OPENING) == set()


@pytest.mark.parametrize("action", GRANTEE_ACTIONS)
def test_that_it_names_another_gives_a_colleague_nothing(world, action):
    rows = {"nsa": world.grants["nsa"]}
    GrantUser.objects.create(grant=rows["nsa"], person=person("nsa:reviewer"))
    assert seen(person("nsa:reviewer"), action, rows, OPENING) == set()


@pytest.mark.parametrize(
    ("seat", "action"),
    [
        ("northlight:liaison", Action.CONSENT_EXTENSION),
        ("caisi:administrator", Action.AUTHORIZE_EXTENSION),
    ],
)
def test_nobody_answers_for_an_extension_of_a_grant_that_ever_named_her(world, seat, action):
    someone, another, rows = person(seat), person(seat), {"dod": world.extensions["dod"]}
    GrantUser.objects.create(grant=world.grants["dod"], person=someone, dropped_at=START)
    assert seen(someone, action, rows, OPENING) == set()
    assert seen(another, action, rows, OPENING) == {"dod"}


def test_whoever_uses_the_model_has_declared(world):
    someone, rows = world.people.nsa_reviewer, {"nsa": world.grants["nsa"]}
    assert seen(someone, Action.USE_MODEL, rows, OPENING) == {"nsa"}
    Declaration.objects.filter(submission=world.running, person=someone).delete()
    assert seen(someone, Action.USE_MODEL, rows, OPENING) == set()


# Live: each fact of a grant and of its window

DAY = timedelta(days=1)
LIVE = {"authorized_at": START + DAY, "starts_at": START + 2 * DAY, "ends_at": START + 9 * DAY}
LIVE |= {"lapses_at": None, "lapses_because": ""}
LAPSES = {"lapses_at": START + 4 * DAY, "lapses_because": EndReason.TRAINING_LAPSED}
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
        # So does the instant at which it lapses, with the window open and its end to come.
        (LIVE | LAPSES, START + 4 * DAY - TICK, True),
        (LIVE | LAPSES, START + 4 * DAY, False),
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


@pytest.mark.parametrize(
    ("facts", "live"),
    [
        ([], True),
        ([(Side.LAB, None)], False),
        ([(Side.LAB, OPENING)], True),
        ([(Side.LAB, OPENING + TICK)], False),
        # Each side lifts its own; what one lifted before says nothing of another's.
        ([(Side.LAB, OPENING), (Side.ADMINISTRATION, None)], False),
        ([(Side.LAB, OPENING), (Side.LAB, None)], False),
        ([(Side.LAB, OPENING), (Side.AGENCY, OPENING)], True),
    ],
)
def test_a_suspended_grant_is_not_live_until_every_side_has_lifted_its_own(world, facts, live):
    rows = {"nsa": world.grants["nsa"], "on basalt": world.grants["on basalt"]}
    administrator = world.people.administrator
    for side, resumed_at in facts:
        rows["nsa"].suspensions.create(
            side=side,
            suspended_at=START,
            suspended_by=administrator,
            resumed_at=resumed_at,
            resumed_by=administrator if resumed_at else None,
        )
    found = seen(world.people.nsa_reviewer, Action.USE_MODEL, rows, OPENING)
    assert found == ({"nsa", "on basalt"} if live else {"on basalt"})


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
