"""The preliminary-issues letter: who files for it, reads its preview, issues it, and reads it."""

import pytest

from reviews.models import PreliminaryLetter
from reviews.policy import Action
from tests.authorization.policy_world import (
    AGENCIES,
    END,
    LAB,
    LEADS,
    OFFICIALS,
    OPENING,
    attach,
    detach,
    person,
    seen,
    who,
)

pytestmark = pytest.mark.django_db


def may(world, action, at=OPENING):
    """The codes of those who may do it to ``running``."""
    return who(world, action, {"running": world.running}, at)["running"]


def test_nobody_reads_a_letter_that_is_not_issued(world):
    assert may(world, Action.READ_LETTER) == LAB | AGENCIES
    PreliminaryLetter.objects.filter(submission=world.running).delete()
    assert may(world, Action.READ_LETTER) == set()
    assert may(world, Action.PREVIEW_LETTER) == LEADS | OFFICIALS


def test_a_letter_on_another_submission_opens_none_here(world):
    """The row of ``basalt`` stays, and the people who are on both still read nothing of this."""
    PreliminaryLetter.objects.exclude(submission=world.basalt).delete()
    rows = {"running": world.running, "basalt": world.basalt}
    assert seen(world.people.nsa_lead, Action.READ_LETTER, rows, OPENING) == {"basalt"}


def test_the_letter_stays_readable_after_the_end(world):
    assert may(world, Action.READ_LETTER, END) == LAB | AGENCIES
    for action in (Action.FILE_LETTER_ENTRY, Action.ISSUE_LETTER):
        assert may(world, action, END) == set()


@pytest.mark.parametrize(
    ("codename", "seat", "actions"),
    [
        (
            "lead_submission",
            "dod:lead",
            {Action.FILE_LETTER_ENTRY, Action.PREVIEW_LETTER, Action.ISSUE_LETTER},
        ),
        ("determine_submission", "nsa:determination_official", {Action.PREVIEW_LETTER}),
        ("view_submission", "dod:lead", {Action.READ_LETTER}),
        ("deliberate", "dod:lead", set()),
        ("review_submission", "dod:reviewer", set()),
    ],
)
def test_each_codename_alone(world, codename, seat, actions):
    detach(world.running, seat)
    attach(world.running, seat, codename)
    asked = {
        *(Action.FILE_LETTER_ENTRY, Action.PREVIEW_LETTER),
        *(Action.ISSUE_LETTER, Action.READ_LETTER),
    }
    rows = {"running": world.running}
    assert {one for one in asked if seen(person(seat), one, rows, OPENING)} == actions
