"""Who reads which notice, who sends one again, who sees how the portal runs, whom notices reach."""

import pytest

from accounts.models import User
from reviews import audience, policy
from reviews.models import GrantUser, Heartbeat
from reviews.models.notice import ESCALATED_IDLE, ESCALATED_UNASSIGNED
from reviews.policy import Action
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    AGENCIES,
    BASALT,
    INSTANTS,
    LAB,
    ONLY_ON_BASALT,
    OPENING,
    notice,
    person,
)
from tests.people import SEATS

pytestmark = pytest.mark.django_db


def readers(world, kind="filed_receipt", *, of="running", at=OPENING, **facts):
    """The codes of those who read a notice of that kind when it is addressed to them."""
    found = set()
    for code in SEATS:
        someone = getattr(world.people, code)
        row = notice(world.submissions[of], someone, kind, **facts)
        if policy.may(someone, Action.READ_NOTICE, row, at=at):
            found.add(code)
    return found


@pytest.mark.parametrize("instant", INSTANTS)
def test_those_who_see_the_submission_read_what_they_are_told_of_it(world, instant):
    assert readers(world, at=INSTANTS[instant]) == LAB | AGENCIES
    assert readers(world, of="basalt", at=INSTANTS[instant]) == BASALT | AGENCIES | ONLY_ON_BASALT


def test_administrators_read_only_of_access_and_of_what_went_on_to_them(world):
    for kind in (ESCALATED_IDLE, ESCALATED_UNASSIGNED):
        assert readers(world, kind) == LAB | AGENCIES | ADMINISTRATORS
        on_basalt = BASALT | AGENCIES | ONLY_ON_BASALT | ADMINISTRATORS
        assert readers(world, kind, of="basalt") == on_basalt
    assert readers(world, grant=world.grants["nsa"]) >= ADMINISTRATORS


@pytest.mark.parametrize("instant", INSTANTS)
def test_of_access_those_read_who_see_the_grant(world, instant):
    """The lab, the agency's lead, the holder, at any time; nobody else of the agencies."""
    at = INSTANTS[instant]
    for label, parties in {
        "nsa": {"nsa_lead", "nsa_reviewer"},
        "dod": {"dod_lead", "dod_reviewer"},
    }.items():
        grant = world.grants[label]
        expected = LAB | parties | ADMINISTRATORS
        assert readers(world, "grant_authorized", at=at, grant=grant) == expected
        seeing = {
            code
            for code in SEATS
            if policy.may(getattr(world.people, code), Action.VIEW_GRANT, grant, at=at)
        }
        assert seeing == expected


@pytest.mark.parametrize("instant", INSTANTS)
def test_at_any_time_administrators_read_what_went_on_to_them_and_send_again(world, instant):
    at = INSTANTS[instant]
    assert readers(world, ESCALATED_IDLE, at=at) >= ADMINISTRATORS
    lost = notice(world.running, world.people.nsa_lead, dead_at=OPENING)
    sign = Heartbeat.objects.create(name="sweep:ends", at=OPENING)
    for code in ADMINISTRATORS:
        someone = getattr(world.people, code)
        assert policy.may(someone, Action.REQUEUE_NOTICE, lost, at=at)
        assert policy.may(someone, Action.OPERATE, sign, at=at)


def test_a_holder_who_moved_to_another_agency_reads_no_more_of_it(world):
    grant = world.grants["nsa"]
    someone = person("dod:reviewer")
    grant.grantee = someone
    grant.save()
    told = notice(world.running, someone, "grant_authorized", grant=grant)
    assert not policy.may(someone, Action.READ_NOTICE, told, at=OPENING)


def test_whoever_is_named_besides_reads_of_it_until_she_is_left_off(world):
    grant, someone = world.grants["nsa"], person("nsa:reviewer")
    told = notice(world.running, someone, "grant_authorized", grant=grant)
    another = GrantUser.objects.create(grant=grant, person=person("nsa:reviewer"))
    assert not policy.may(someone, Action.READ_NOTICE, told, at=OPENING)
    GrantUser.objects.filter(pk=another.pk).update(person=someone)
    assert policy.may(someone, Action.READ_NOTICE, told, at=OPENING)
    GrantUser.objects.filter(pk=another.pk).update(dropped_at=OPENING)
    assert not policy.may(someone, Action.READ_NOTICE, told, at=OPENING)


@pytest.mark.parametrize("recipient", ["nsa_lead", "nsa_reviewer", "northlight_liaison"])
def test_nobody_reads_what_another_is_told(world, recipient):
    """Not even who is a party to the same grant, or works in the same seat."""
    told = getattr(world.people, recipient)
    theirs = [
        notice(world.running, told, ESCALATED_IDLE),
        notice(world.running, told, "grant_authorized", grant=world.grants["nsa"]),
    ]
    for code in set(SEATS) - {recipient}:
        someone = getattr(world.people, code)
        for row in theirs:
            assert not policy.may(someone, Action.READ_NOTICE, row, at=OPENING), code


def test_recusal_closes_what_one_was_told(world):
    someone = person("nsa:reviewer", "caisi:administrator")
    told = [notice(world.running, someone), notice(world.running, someone, ESCALATED_IDLE)]
    assert all(policy.may(someone, Action.READ_NOTICE, row, at=OPENING) for row in told)
    world.running.recusals.create(person=someone, declared_at=OPENING, declared_by=someone)
    assert not any(policy.may(someone, Action.READ_NOTICE, row, at=OPENING) for row in told)


@pytest.mark.parametrize("fact", ["dead_at", "bounced_at"])
def test_administrators_alone_send_again_what_did_not_arrive(world, fact):
    lost = notice(world.running, world.people.nsa_lead, **{fact: OPENING})
    sent = notice(world.running, world.people.nsa_lead, sent_at=OPENING)
    for code in SEATS:
        someone = getattr(world.people, code)
        may = policy.may(someone, Action.REQUEUE_NOTICE, lost, at=OPENING)
        assert may is (code in ADMINISTRATORS), code
        assert not policy.may(someone, Action.REQUEUE_NOTICE, sent, at=OPENING)


def test_administrators_alone_see_how_the_portal_runs(world):
    sign = Heartbeat.objects.create(name="sweep:ends", at=OPENING)
    may = {
        code
        for code in SEATS
        if policy.may(getattr(world.people, code), Action.OPERATE, sign, at=OPENING)
    }
    assert may == ADMINISTRATORS


def test_viewers_are_exactly_those_who_may_view(world):
    """The set that mail goes by, and the question that pages ask, agree on everybody."""
    world.running.recusals.create(
        person=world.people.dod_lead, declared_at=OPENING, declared_by=world.people.dod_lead
    )
    submissions = list(world.submissions.values())
    pairs = {
        (submission.pk, someone.pk)
        for submission in submissions
        for someone in User.objects.all()
        if policy.may(someone, Action.VIEW, submission, at=OPENING)
    }
    assert audience.viewers(submissions) == pairs
    assert audience.viewers([world.draft]) == {one for one in pairs if one[0] == world.draft.pk}
    followers = audience.followers(submissions)
    assert {(pk, one.pk) for pk, people in followers.items() for one in people} == pairs


def test_a_role_that_lost_the_codename_is_no_viewer_by_an_old_row(world, monkeypatch):
    from reviews.models.permissions import CODENAMES

    monkeypatch.setitem(CODENAMES, "reviewer", frozenset())
    reviewers = set(User.objects.filter(groups__seat__role="reviewer").values_list("pk", flat=True))
    assert not reviewers & {someone for _, someone in audience.viewers([world.running])}
