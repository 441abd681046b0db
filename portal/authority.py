"""How the pages of accounts reach ``reviews``, so that accounts never imports it."""

from functools import partial

from accounts import seats
from reviews import policy
from reviews.exceptions import NotVisible
from reviews.policy import Action
from reviews.services import departures, readiness


def allowed(request, action):
    """Every row on which the person may do ``action`` now; raises NotVisible when there is none.

    For pages that exist only for those who have something on them.
    """
    rows = policy.allowed(request.user, Action(action), at=request.at)
    if not rows.exists():
        raise NotVisible
    return rows


def led_agencies(request):
    """The agencies that the person leads, perhaps none."""
    return policy.allowed(request.user, Action.LEAD_AGENCY, at=request.at)


def take_seat(*, person, organization, role, by, at):
    """As ``seats.take``, and the access to models that the seat carried has ended with it."""
    take = partial(seats.take, person=person, organization=organization, role=role, by=by, at=at)
    return departures.end_with_seat(take, person=person, agency=organization, by=by, at=at)


def record_personnel(person, **said):
    """As ``personnel.record``, and the person's access lapses by the new dates."""
    return readiness.record(person, **said)
