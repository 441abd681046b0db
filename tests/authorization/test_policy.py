"""Who may do what to a submission, in each of its states and at each instant.

The table below is written from docs/domain.md and not from policy: a clause that goes missing
there lets somebody in here, or at an instant, that the table does not name.
"""

import pytest

from accounts.models import Organization
from reviews import policy
from reviews.policy import Action
from reviews.services import attachments
from tests import factories
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    AGENCIES,
    BASALT,
    CONSULTED,
    DELIBERATING,
    INSTANTS,
    LAB,
    LEADS,
    OFFICIALS,
    ONLY_ON_BASALT,
    OPEN,
    OPENING,
    UNDECLARED,
    who,
)

pytestmark = pytest.mark.django_db

ASSIGNED = {"nsa_reviewer", "caisi_reviewer", "cisa_reviewer"}

BEFORE = "before the opening"
# What each submission is at each instant: only the clock moves, nothing is recorded.
# "over" is filed and ended with a report; an agency is attached from the filing on.
STATES = {
    name: dict.fromkeys(INSTANTS, "over") | dict.fromkeys(OPEN, "open") | {BEFORE: BEFORE}
    for name in ("running", "basalt")
} | {
    name: dict.fromkeys(INSTANTS, state)
    for name, state in {
        "withdrawn": "withdrawn",
        "expired": "over",
        "concluded": "over",
        "draft": "draft",
        "abandoned": "abandoned",
    }.items()
}

ON_BASALT = {
    "lab": BASALT,
    "deliberating": DELIBERATING | ONLY_ON_BASALT,
    "agencies": AGENCIES | ONLY_ON_BASALT,
    "declared": (AGENCIES | ONLY_ON_BASALT) - UNDECLARED,
    "undeclared": UNDECLARED,
    "assigned": {"dod_reviewer"},
}
ON_NORTHLIGHTS = {
    "lab": LAB,
    "deliberating": DELIBERATING,
    "agencies": AGENCIES,
    "declared": AGENCIES,
    "undeclared": set(),
    "assigned": ASSIGNED,
}
ANYWHERE = {
    "leads": LEADS,
    "officials": OFFICIALS,
    "consulted": CONSULTED,
    "administrators": ADMINISTRATORS,
}

FILED = (BEFORE, "open", "over", "withdrawn")
EVER = ("draft", "abandoned", *FILED)
# action: who, and in which of the states.
TABLE = {
    Action.OWN: {"lab": EVER},
    Action.SHORTEN: {"lab": ("open",)},
    Action.RESPOND: {"lab": FILED},
    Action.ADD_DOCUMENT: {"lab": ("draft", "open")},
    Action.VIEW: {"lab": EVER, "agencies": FILED},
    Action.READ_PACKAGE: {"lab": EVER, "declared": ("open",)},
    Action.DECLARE: {"undeclared": ("open",)},
    Action.DELIBERATE: {"deliberating": FILED},
    Action.READ_DISCUSSION: {"lab": FILED, "deliberating": FILED},
    Action.OPEN_THREAD: {"deliberating": ("open",)},
    Action.OPEN_THREAD_WITH_LAB: {"lab": ("open",), "leads": ("open",), "officials": ("open",)},
    Action.RECUSE: {"agencies": ("open",)},
    Action.ASSIGN: {"leads": ("open",)},
    Action.ANSWER_ASSIGNMENT: {"assigned": ("open",)},
    Action.WRITE_REVIEW: {"assigned": ("open",)},
    Action.WRITE_NOTE: {"agencies": ("open",)},
    Action.FILE_POSITION: {"leads": ("open",)},
    Action.READ_REPORT: {"lab": ("over",), "agencies": ("over",)},
    Action.EXPORT_SUBMISSIONS: {"lab": EVER, "leads": FILED, "officials": FILED},
    Action.ISSUE_REPORT: {"leads": ("open",)},
    Action.FILE_LETTER_ENTRY: {"leads": ("open",)},
    Action.PREVIEW_LETTER: {"leads": FILED, "officials": FILED},
    Action.ISSUE_LETTER: {"leads": ("open",)},
    Action.READ_LETTER: {"lab": FILED, "agencies": FILED},
    Action.CONSULT: {"consulted": ("open",)},
    Action.DETERMINE: {"officials": ("open",)},
    Action.REQUEST_GRANT: {"leads": ("open",)},
    Action.PROPOSE_PARTNER: {"leads": FILED},
    Action.DRAFT_INFORMATION_REQUEST: {"deliberating": ("open",)},
    Action.ADMINISTER: {"administrators": FILED},
}


def expected(action, name, instant):
    """The codes of the people whom the table lets do ``action`` to that submission then."""
    casts = ANYWHERE | (ON_BASALT if name == "basalt" else ON_NORTHLIGHTS)
    if name not in ("running", "basalt"):
        casts = casts | {"assigned": set()}
    return {
        code
        for group, states in TABLE[action].items()
        if STATES[name][instant] in states
        for code in casts[group]
    }


def test_the_table_names_every_action_on_submissions():
    assert set(TABLE) == {
        action
        for action, rules in policy.RULES.items()
        if rules[0].over._meta.model_name == "submission"
    }


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("action", TABLE)
def test_who_may(world, action, instant):
    assert who(world, action, world.submissions, INSTANTS[instant]) == {
        name: expected(action, name, instant) for name in world.submissions
    }


ONLY_IN_THE_WINDOW = {
    "submissions": [
        *(Action.SHORTEN, Action.RECUSE, Action.ASSIGN, Action.WRITE_REVIEW, Action.CONSULT),
        *(Action.ANSWER_ASSIGNMENT, Action.DECLARE),
        *(Action.FILE_POSITION, Action.ISSUE_REPORT, Action.DETERMINE, Action.REQUEST_GRANT),
        *(Action.FILE_LETTER_ENTRY, Action.ISSUE_LETTER),
        *(Action.WRITE_NOTE, Action.DRAFT_INFORMATION_REQUEST, Action.OPEN_THREAD),
    ],
    "requests": [
        *(Action.EDIT_INFORMATION_REQUEST, Action.ISSUE_INFORMATION_REQUEST),
        *(Action.TAKE_BACK_INFORMATION_REQUEST, Action.JOIN_INFORMATION_REQUEST),
    ],
    "determinations": [Action.SIGN_DETERMINATION],
    "grants": [Action.CONSENT_GRANT, Action.AUTHORIZE_GRANT],
}
THE_LABS_ALONE = {
    "submissions": [Action.READ_PACKAGE],
    "documents": [Action.VIEW_DOCUMENT],
    "versions": [Action.READ_DOCUMENT],
}


def test_agencies_attached_to_a_draft_by_a_slip_can_do_nothing_there(world):
    """The window is a fact of its own: no attachment opens it."""
    for agency in Organization.objects.filter(kind="agency"):
        attachments.grant_codenames(world.draft, agency)
    world.running.assignments.update(submission=world.draft)
    world.running.determinations.update(submission=world.draft)
    world.running.grants.update(submission=world.draft)
    factories.declare(world.draft, [getattr(world.people, code) for code in sorted(AGENCIES)])
    world.running.information_requests.update(submission=world.draft)
    document = factories.document(world.draft, world.people)
    rows = {
        "submissions": {"of the draft": world.draft},
        "determinations": {"of the draft": world.determinations["unsigned"]},
        "grants": {"of the draft": world.grants["nsa"]},
        "requests": {"of the draft": world.requests["nsa"]},
        "documents": {"of the draft": document},
        "versions": {"of the draft": document.versions.get()},
    }
    assert "nsa_lead" in who(world, Action.VIEW, rows["submissions"], OPENING)["of the draft"]
    for table, people in ((ONLY_IN_THE_WINDOW, set()), (THE_LABS_ALONE, LAB)):
        for kind, actions in table.items():
            for action in actions:
                found = who(world, action, rows[kind], OPENING)
                assert found == {"of the draft": people}, action
