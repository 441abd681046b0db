"""Information requests: who drafts, reads, issues, joins and answers one; who reads answers."""

import pytest

from accounts.models import Organization
from reviews.models import InformationRequest
from reviews.policy import Action
from tests.authorization.policy_world import (
    AGENCIES,
    BASALT,
    DELIBERATING,
    INSTANTS,
    LAB,
    LEADS,
    OFFICIALS,
    ONLY_ON_BASALT,
    OPENING,
    UNDECLARED,
    always,
    at_each_instant,
    attach,
    person,
    seen,
    while_open,
)

pytestmark = pytest.mark.django_db

LABELS = ("nsa", "nsa's draft", "dod", "on basalt")
NOBODY = {label: set() for label in LABELS}
OF_NSA = {"nsa_lead"} | OFFICIALS
THE_DRAFTING_AGENCY = {
    "nsa": OF_NSA,
    "nsa's draft": OF_NSA,
    "dod": {"dod_lead"},
    "on basalt": {"dod_lead"},
}
# What deliberates in the agencies of ``running``, and on Basalt's besides those detached there.
IN_AGENCIES = {
    "nsa": DELIBERATING,
    "nsa's draft": DELIBERATING,
    "dod": DELIBERATING,
    "on basalt": DELIBERATING | ONLY_ON_BASALT,
}
TO_THE_LAB = {"nsa": LAB, "nsa's draft": set(), "dod": LAB, "on basalt": BASALT}


def joined(*tables):
    """The people of every table, request by request."""
    return {label: set().union(*(table[label] for table in tables)) for label in LABELS}


THE_CONSULTED = {
    "nsa": {"oncd_official"},
    "nsa's draft": set(),
    "dod": {"oncd_official"},
    "on basalt": {"oncd_official"},
}
TABLE = {
    Action.READ_INFORMATION_REQUEST: while_open(
        joined(IN_AGENCIES, TO_THE_LAB, THE_CONSULTED), joined(IN_AGENCIES, TO_THE_LAB)
    ),
    Action.EDIT_INFORMATION_REQUEST: while_open(THE_DRAFTING_AGENCY, NOBODY),
    Action.ISSUE_INFORMATION_REQUEST: while_open(THE_DRAFTING_AGENCY, NOBODY),
    Action.TAKE_BACK_INFORMATION_REQUEST: while_open(THE_DRAFTING_AGENCY, NOBODY),
    Action.JOIN_INFORMATION_REQUEST: while_open(
        {
            "nsa": LEADS - {"nsa_lead"},
            "nsa's draft": LEADS - {"nsa_lead"},
            "dod": LEADS - {"dod_lead"},
            "on basalt": LEADS - {"dod_lead"},
        },
        NOBODY,
    ),
    Action.ANSWER_INFORMATION_REQUEST: while_open(TO_THE_LAB, NOBODY),
}


@pytest.mark.parametrize("action", TABLE)
def test_who_may(world, action):
    assert at_each_instant(world, action, world.requests) == TABLE[action]


def test_who_reads_an_answer(world):
    """Agencies only inside the window, like the lab's other material; the lab for good."""
    labs = {"nsa": LAB, "on basalt": BASALT}
    then = {"nsa": LAB | AGENCIES, "on basalt": BASALT | (AGENCIES | ONLY_ON_BASALT) - UNDECLARED}
    found = at_each_instant(world, Action.READ_INFORMATION_ANSWER, world.answers)
    assert found == while_open(then, labs)


def test_a_reviewer_drafts_and_issues_nothing(world):
    reviewer = person("nsa:reviewer")
    drafts = seen(reviewer, Action.DRAFT_INFORMATION_REQUEST, world.submissions, OPENING)
    assert drafts == {"running", "basalt"}
    for action in (
        Action.EDIT_INFORMATION_REQUEST,
        Action.ISSUE_INFORMATION_REQUEST,
        Action.TAKE_BACK_INFORMATION_REQUEST,
        Action.JOIN_INFORMATION_REQUEST,
    ):
        assert seen(reviewer, action, world.requests, OPENING) == set(), action


def test_who_leads_two_agencies_joins_for_the_other(world):
    both = person("nsa:lead", "dod:lead")
    found = seen(both, Action.JOIN_INFORMATION_REQUEST, world.requests, OPENING)
    assert found == set(LABELS)
    # A lead's seat is what joins: no other seat at another agency does.
    mixed = person("nsa:lead", "dod:reviewer")
    found = seen(mixed, Action.JOIN_INFORMATION_REQUEST, world.requests, OPENING)
    assert found == {"dod", "on basalt"}
    # And an attached one: Outpost is detached from ``running``.
    elsewhere = person("nsa:lead", "outpost:lead")
    found = seen(elsewhere, Action.JOIN_INFORMATION_REQUEST, world.requests, OPENING)
    assert found == {"dod", "on basalt"}
    # As a lead's: what else that seat may do here is not enough.
    attach(world.running, "outpost:lead", "view_submission", "read_package", "deliberate")
    found = seen(elsewhere, Action.JOIN_INFORMATION_REQUEST, world.requests, OPENING)
    assert found == {"dod", "on basalt"}


def test_a_detached_agency_does_nothing_more_to_what_it_drafted(world):
    outpost = Organization.objects.get(code="outpost")
    InformationRequest.objects.filter(pk=world.requests["nsa"].pk).update(agency=outpost)
    found = seen(
        person("outpost:lead", "dod:lead"),
        Action.ISSUE_INFORMATION_REQUEST,
        {"nsa": world.requests["nsa"]},
        OPENING,
    )
    assert found == set()


@pytest.mark.parametrize("state", ["withdrawn", "expired", "concluded"])
def test_what_agencies_asked_stays_and_what_the_lab_answered_closes(world, state):
    """However the review ended: their own words are kept, the lab's are its material."""
    asked, answer = world.requests["nsa"], world.answers["nsa"]
    InformationRequest.objects.filter(pk=asked.pk).update(submission=world.submissions[state])
    rows = {"nsa": asked}
    lead, official = world.people.nsa_lead, world.people.oncd_official
    liaison = world.people.northlight_liaison
    for at in INSTANTS.values():
        assert seen(lead, Action.READ_INFORMATION_REQUEST, rows, at) == {"nsa"}
        assert seen(official, Action.READ_INFORMATION_REQUEST, rows, at) == set()
        assert seen(lead, Action.READ_INFORMATION_ANSWER, {"nsa": answer}, at) == set()
        assert seen(liaison, Action.READ_INFORMATION_ANSWER, {"nsa": answer}, at) == {"nsa"}
        assert seen(liaison, Action.ANSWER_INFORMATION_REQUEST, rows, at) == set()
        assert seen(lead, Action.ISSUE_INFORMATION_REQUEST, rows, at) == set()


def test_the_labs_view_of_a_draft_does_not_depend_on_time(world):
    draft = {"nsa's draft": world.requests["nsa's draft"]}
    found = at_each_instant(world, Action.READ_INFORMATION_REQUEST, draft)
    assert found == always({"nsa's draft": DELIBERATING})
