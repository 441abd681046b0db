"""Who makes a file of submissions, and who fetches one."""

from datetime import timedelta

import pytest

from reviews import policy
from reviews.models import Export, Recusal
from reviews.policy import Action
from tests.authorization.policy_world import (
    BASALT,
    INSTANTS,
    LAB,
    LEADS,
    OFFICIALS,
    OPENING,
    START,
    detach,
    person,
    seen,
    who,
)

pytestmark = pytest.mark.django_db


def exported(world, someone):
    return seen(someone, Action.EXPORT_SUBMISSIONS, world.submissions, OPENING)


@pytest.mark.parametrize("instant", INSTANTS)
def test_leads_officials_and_the_lab_export_what_they_see(world, instant):
    found = who(world, Action.EXPORT_SUBMISSIONS, world.submissions, INSTANTS[instant])
    filed = dict.fromkeys(("running", "withdrawn", "expired", "concluded"), LAB | LEADS | OFFICIALS)
    drafts = dict.fromkeys(("draft", "abandoned"), LAB)
    assert found == filed | drafts | {"basalt": BASALT | LEADS | OFFICIALS}


@pytest.mark.parametrize(
    "seat",
    [
        *("nsa:reviewer", "oncd:consulted_official", "oncd:administrator", "treasury:auditor"),
        *("keystone-utility:partner_contact", "ridgeline-software:vendor_contact"),
    ],
)
def test_nobody_else_has_a_way(world, seat):
    someone = person(seat)
    for action in (Action.EXPORT_SUBMISSIONS, Action.READ_EXPORT):
        assert not policy.has_a_way(someone, action, at=OPENING)


def test_a_lead_who_is_recused_or_not_attached_exports_the_others_alone(world):
    filed = {"running", "withdrawn", "expired", "concluded", "basalt"}
    someone = person("nsa:lead")
    assert exported(world, someone) == filed
    Recusal.objects.create(
        submission=world.running, person=someone, declared_at=START, declared_by=someone
    )
    detach(world.concluded, "nsa:lead")
    assert exported(world, someone) == filed - {"running", "concluded"}


def test_a_reviewers_seat_elsewhere_adds_nothing_to_a_leads(world):
    detach(world.running, "nsa:lead")
    someone = person("nsa:lead", "nsa:reviewer")
    assert policy.may(someone, Action.VIEW, world.running, at=OPENING)
    assert "running" not in exported(world, someone)


def test_a_file_is_its_persons_alone_and_until_it_expires(world):
    hour = timedelta(hours=1)
    lead, other = person("nsa:lead"), person("nsa:lead")
    facts = {"person": lead, "format": "csv", "asked_at": START}
    files = {
        "waiting": Export.objects.create(**facts),
        "ready": Export.objects.create(**facts, ready_at=START, expires_at=OPENING + hour),
        "expired": Export.objects.create(**facts, ready_at=START, expires_at=OPENING),
        "another's": Export.objects.create(**facts | {"person": other}),
    }
    assert seen(lead, Action.READ_EXPORT, files, OPENING) == {"waiting", "ready"}
    assert seen(lead, Action.READ_EXPORT, files, OPENING + hour) == {"waiting"}
    lead.groups.clear()
    assert seen(lead, Action.READ_EXPORT, files, OPENING) == set()
