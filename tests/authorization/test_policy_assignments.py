"""Assignments that were declined or ended, and what opens only to who has declared."""

import pytest

from accounts.models import Organization
from reviews.models import Assignment, Declaration, RecusalQuestion
from reviews.policy import Action
from tests import factories
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    LEADS,
    OPENING,
    START,
    always,
    at_each_instant,
    person,
    seen,
    who,
)

pytestmark = pytest.mark.django_db

OF_ASSIGNED = (Action.ANSWER_ASSIGNMENT, Action.WRITE_REVIEW)


def assign(submission, reviewer, agency, **facts):
    """The agency assigned the reviewer there."""
    return Assignment.objects.create(
        submission=submission,
        agency=Organization.objects.get(code=agency),
        reviewer=reviewer,
        assigned_by=reviewer,
        assigned_at=START,
        **facts,
    )


@pytest.mark.parametrize("action", OF_ASSIGNED)
def test_an_assignment_that_was_declined_or_ended_gives_nothing(world, action):
    declined, ended, accepted = (person("dod:reviewer") for _ in range(3))
    assign(world.running, declined, "dod", declined_at=START)
    assign(world.running, ended, "dod", ended_at=START, ended_by=world.people.dod_lead)
    assign(world.running, accepted, "dod", accepted_at=START)
    rows = {"running": world.running}
    assert [seen(one, action, rows, OPENING) for one in (declined, ended, accepted)] == [
        set(),
        set(),
        {"running"},
    ]


def test_one_agencys_declined_assignment_leaves_the_others(world):
    someone = person("dod:reviewer", "cisa:reviewer")
    assign(world.running, someone, "dod", declined_at=START)
    rows = {"running": world.running}
    assert seen(someone, Action.WRITE_REVIEW, rows, OPENING) == set()
    assign(world.running, someone, "cisa")
    assert seen(someone, Action.WRITE_REVIEW, rows, OPENING) == {"running"}


def what_opens(world, someone):
    """By action, the rows of ``running`` and ``basalt`` on which she may do it."""
    both = {"running": world.running, "basalt": world.basalt}
    documents = {label: world.documents[label] for label in ("plain", "basalt's")}
    versions = {label: world.versions[label] for label in documents}
    rows = {
        Action.READ_PACKAGE: both,
        Action.WRITE_REVIEW: both,
        Action.DECLARE: both,
        Action.RECUSE: both,
        Action.VIEW: both,
        Action.ANSWER_ASSIGNMENT: both,
        Action.VIEW_DOCUMENT: documents,
        Action.READ_DOCUMENT: versions,
    }
    return {action: seen(someone, action, row, OPENING) for action, row in rows.items()}


@pytest.mark.parametrize("seat", ["dod:reviewer", "nsa:determination_official"])
def test_who_has_not_declared_reads_nothing_and_may_declare(world, seat):
    someone = person(seat)
    agency = seat.partition(":")[0]
    for submission in (world.running, world.basalt):
        assign(submission, someone, agency)
    assigned = {"running", "basalt"} if seat == "dod:reviewer" else set()
    both = {"running", "basalt"}
    # A colleague's declaration, and her own on another submission, are neither hers nor here.
    Declaration.objects.filter(submission=world.running, person=someone).delete()
    assert what_opens(world, someone) == {
        Action.READ_PACKAGE: {"basalt"},
        Action.WRITE_REVIEW: assigned - {"running"},
        Action.DECLARE: {"running"},
        Action.RECUSE: both,
        Action.VIEW: both,
        Action.ANSWER_ASSIGNMENT: assigned,
        Action.VIEW_DOCUMENT: {"basalt's"},
        Action.READ_DOCUMENT: {"basalt's"},
    }
    factories.declare(world.running, [someone])
    assert what_opens(world, someone) == {
        Action.READ_PACKAGE: both,
        Action.WRITE_REVIEW: assigned,
        Action.DECLARE: set(),
        Action.RECUSE: both,
        Action.VIEW: both,
        Action.ANSWER_ASSIGNMENT: assigned,
        Action.VIEW_DOCUMENT: {"plain", "basalt's"},
        Action.READ_DOCUMENT: {"plain", "basalt's"},
    }


def test_a_lab_reads_its_own_without_declaring(world):
    assert not Declaration.objects.filter(person=world.people.northlight_liaison).exists()
    opens = what_opens(world, world.people.northlight_liaison)
    assert (opens[Action.READ_PACKAGE], opens[Action.DECLARE]) == ({"running"}, set())
    assert (opens[Action.VIEW_DOCUMENT], opens[Action.READ_DOCUMENT]) == ({"plain"}, {"plain"})


def test_a_lead_leads_her_own_agency(world):
    agencies = {each.code: each for each in Organization.objects.all()}
    expected = {code: {f"{code}_lead"} & LEADS for code in agencies}
    assert at_each_instant(world, Action.LEAD_AGENCY, agencies) == always(expected)


def test_administrators_alone_keep_the_questions(world):
    questions = {"asked": world.question, "retired": RecusalQuestion.objects.last()}
    found = who(world, Action.ADMINISTER_QUESTIONS, questions, OPENING)
    assert found == dict.fromkeys(questions, ADMINISTRATORS)
