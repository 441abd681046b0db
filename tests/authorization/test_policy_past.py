"""From which events of the audit log one learns who had access when."""

import pytest

from accounts import audit
from accounts.models import AuditEvent
from reviews.policy import Action
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    BASALT,
    INSTANTS,
    LAB,
    START,
    at_each_instant,
    person,
    seen,
)

pytestmark = pytest.mark.django_db
OVERSEERS = ADMINISTRATORS | {"auditor"}
WINDOW = ("filed", "shortened", "withdrawn", "concluded", "expired")


@pytest.fixture
def events(world):
    """One event of each kind about Northlight's ``running``, and some that tell of no access."""

    def event(action, object_type, submission, **more):
        about = {"object_type": object_type, "submission": submission.reference} | more
        return audit.record(action, by=audit.SYSTEM, at=START, **about)

    running, basalt = world.running, world.basalt
    return {
        "grant": event("grant.authorized", "grant", running),
        "basalt's grant": event("grant.authorized", "grant", basalt),
        **{step: event(f"submission.{step}", "submission", running) for step in WINDOW},
        "basalt's window": event("submission.filed", "submission", basalt),
        "refused": event("refused.grant-revoke", "grant", running, outcome=audit.REFUSED),
        "reading": event("package.read", "submission", running),
        "review": event("review.filed", "review", running),
        "draft": event("submission.revised", "submission", running),
        "seat": audit.record("seat.given", by=audit.SYSTEM, at=START, object_type="seat"),
        "nothing": audit.record("x", by=audit.SYSTEM, at=START),
    }


def test_a_lab_learns_of_its_own_and_overseers_of_all(world, events):
    expected = {label: set() for label in events} | {
        **dict.fromkeys(("grant", *WINDOW), OVERSEERS | LAB),
        **dict.fromkeys(("basalt's grant", "basalt's window"), OVERSEERS | BASALT),
    }
    found = at_each_instant(world, Action.VIEW_PAST_ACCESS, events)
    assert found == dict.fromkeys(INSTANTS, expected)


def test_how_far_the_whole_log_had_come_is_for_overseers(world, events):
    of_access = {"grant", "basalt's grant", "basalt's window", *WINDOW}
    expected = {label: OVERSEERS if label in of_access else set() for label in events}
    found = at_each_instant(world, Action.OVERSEE_PAST_ACCESS, events)
    assert found == dict.fromkeys(INSTANTS, expected)


@pytest.mark.parametrize("seat", ["northlight:liaison", "northlight:lab_administrator"])
def test_a_labs_seat_is_enough_and_no_other_labs(world, events, seat):
    someone = person(seat)
    own = {"grant", *WINDOW}
    assert seen(someone, Action.VIEW_PAST_ACCESS, events, START) == own
    assert seen(someone, Action.OVERSEE_PAST_ACCESS, events, START) == set()
    someone.groups.clear()
    assert seen(someone, Action.VIEW_PAST_ACCESS, events, START) == set()


def test_an_agency_at_the_submission_learns_nothing_by_it(world, events):
    for seat in ("nsa:lead", "nsa:reviewer", "dod:lead", "nsa:determination_official"):
        assert seen(person(seat), Action.VIEW_PAST_ACCESS, events, START) == set()
    assert AuditEvent.objects.count() > len(events)
