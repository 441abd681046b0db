"""Access that stops for now: each side suspends for itself and lifts what it suspended."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from reviews.exceptions import Conflict
from reviews.models import AccessGrant, GrantSuspension
from reviews.models.grant_states import Side
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import grants

# By which action a side suspends access, and lifts what it suspended.
SUSPENDS = {
    Side.LAB: Action.SUSPEND_FOR_LAB,
    Side.AGENCY: Action.SUSPEND_FOR_AGENCY,
    Side.ADMINISTRATION: Action.SUSPEND_AS_ADMINISTRATOR,
}


@transaction.atomic
def suspend(
    grant: AccessGrant, *, side: Side, reason: str, by: User, at: datetime
) -> GrantSuspension:
    """The model cannot be used by the grant until ``side`` resumes it; its time runs on.

    Raises Conflict unless it is authorized and not over, and when the side has suspended it.
    """
    _, grant, at = grants.begin(grant, SUSPENDS[side], by, at)
    if not grant.suspendable_at(at, side):
        raise Conflict(
            "This side has suspended the access already."
            if side in grant.suspended_by_sides(at)
            else "Only access that is authorized and has not ended can be suspended."
        )
    suspension = GrantSuspension.objects.create(
        grant=grant, side=side, reason=reason, suspended_at=at, suspended_by=by
    )
    grants.tell_parties(NoticeKind.GRANT_SUSPENDED, grant, by, SUSPENDS[side], at, side=side)
    return suspension


@transaction.atomic
def resume(grant: AccessGrant, *, side: Side, by: User, at: datetime) -> GrantSuspension:
    """What ``side`` suspended it suspends no longer; another side's suspension stands.

    Raises Conflict when there is nothing of that side to lift, or access has ended.
    """
    _, grant, at = grants.begin(grant, SUSPENDS[side], by, at)
    if not grant.resumable_at(at, side):
        raise Conflict("There is no suspension by this side to lift, or the access has ended.")
    lifted: GrantSuspension = grant.suspensions.in_force(at).get(side=side)
    lifted.resumed_at, lifted.resumed_by = at, by
    lifted.save(update_fields=["resumed_at", "resumed_by"])
    grants.tell_parties(NoticeKind.GRANT_RESUMED, grant, by, SUSPENDS[side], at, side=side)
    return lifted
