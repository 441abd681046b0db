"""The determination after it is signed, its audit, and the register of criteria: who may."""

import pytest

from accounts.models import Organization
from reviews.models import CriterionVersion, Determination
from reviews.policy import Action
from tests.authorization.policy_world import (
    AGENCIES,
    LAB,
    OFFICIALS,
    OPENING,
    START,
    always,
    at_each_instant,
    everyone,
    person,
    seen,
    while_open,
    who,
)

pytestmark = pytest.mark.django_db

NOBODY_IS_THESE = {"anonymous", "superuser", "disabled"}
# Reviewers, leads and officials of every agency, attached anywhere or not.
AGENCIES_PEOPLE = AGENCIES | {"unattached", "recused"}


@pytest.fixture
def shared(world):
    """The signed one, shared with the lab."""
    row = world.determinations["signed"]
    Determination.objects.filter(pk=row.pk).update(
        shared_at=START, shared_by=world.people.nsa_signer
    )
    return {"shared": row}


def test_the_lab_reads_a_determination_once_it_is_shared(world, shared):
    assert at_each_instant(world, Action.READ_DETERMINATION, shared) == always(
        {"shared": LAB | AGENCIES}
    )


def test_who_shares_a_determination(world):
    """NSA's officials, while the window is open, one that is signed."""
    none = {label: set() for label in world.determinations}
    assert at_each_instant(world, Action.SHARE_DETERMINATION, world.determinations) == while_open(
        none | {"signed": OFFICIALS}, none
    )


def test_who_responds_to_a_determination(world, shared):
    """The lab it was shared with, whenever."""
    none = {label: set() for label in world.determinations}
    found = at_each_instant(world, Action.RESPOND_TO_DETERMINATION, world.determinations)
    assert found == always(none | {"signed": LAB})


def test_a_determination_that_was_not_shared_is_not_responded_to(world):
    none = {label: set() for label in world.determinations}
    assert who(world, Action.RESPOND_TO_DETERMINATION, world.determinations, OPENING) == none


def test_a_determination_on_a_draft_is_not_responded_to(world, shared):
    Determination.objects.filter(pk=shared["shared"].pk).update(submission=world.draft)
    assert who(world, Action.RESPOND_TO_DETERMINATION, shared, OPENING) == {"shared": set()}


def test_auditors_alone_audit_what_is_signed(world):
    none = {label: set() for label in world.determinations}
    assert at_each_instant(world, Action.AUDIT_DISCRETION, world.determinations) == always(
        none | {"signed": {"auditor"}}
    )


def test_who_reads_the_register(world):
    """What two keepers agreed on, whoever has a seat; what is proposed, agencies' people."""
    anybody = set(everyone(world)) - NOBODY_IS_THESE
    assert at_each_instant(world, Action.READ_CRITERIA, world.criteria) == always(
        {"in force": anybody, "proposed": AGENCIES_PEOPLE}
    )


def test_who_learns_where_the_classified_text_is_kept(world):
    assert at_each_instant(world, Action.LOCATE_CRITERIA, world.criteria) == always(
        dict.fromkeys(world.criteria, AGENCIES_PEOPLE)
    )


KEEPERS = {
    "nsa": {"nsa_lead", *OFFICIALS},
    "dod": {"dod_lead"},
    "cisa": {"cisa_lead"},
    "caisi": {"caisi_lead"},
    "treasury": {"treasury_lead"},
    "oncd": {"oncd_official"},
    "ostp": set(),
}


def test_who_proposes_for_which_keeper(world):
    organizations = {each.code: each for each in Organization.objects.all()}
    assert at_each_instant(world, Action.PROPOSE_CRITERION, organizations) == always(
        {code: KEEPERS.get(code, set()) for code in organizations}
    )
    assert seen(person("outpost:lead"), Action.PROPOSE_CRITERION, organizations, OPENING) == set()
    official = person("ostp:consulted_official")
    assert seen(official, Action.PROPOSE_CRITERION, organizations, OPENING) == {"ostp"}


def test_who_confirms_what_nsa_proposed(world):
    others = set().union(*(people for code, people in KEEPERS.items() if code != "nsa"))
    assert at_each_instant(world, Action.CONFIRM_CRITERION, world.criteria) == always(
        dict.fromkeys(world.criteria, others)
    )


def test_a_confirmation_is_another_persons_for_another_keeper(world):
    rows = {"proposed": world.criteria["proposed"]}

    def confirms(someone):
        return seen(someone, Action.CONFIRM_CRITERION, rows, OPENING) == {"proposed"}

    both = person("nsa:lead", "dod:lead")
    assert confirms(both)
    assert not confirms(person("nsa:lead", "outpost:lead", "dod:reviewer"))
    CriterionVersion.objects.filter(pk=rows["proposed"].pk).update(proposed_by=both)
    assert not confirms(both)
    assert confirms(person("nsa:lead", "dod:lead"))
