"""What every step with a grant begins and ends with: the lock, the record, the notices."""

from datetime import datetime
from typing import Any

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.models import AccessGrant, GrantUser, Submission
from reviews.models.grant_states import EndReason, GrantState
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import gateway_signals, notices, rows


def tell_parties(
    kind: NoticeKind,
    grant: AccessGrant,
    by: User,
    action: Action,
    at: datetime,
    **details: Any,
) -> None:
    """What was done is on record, and its parties are told."""
    event = kind.replace("_", ".", 1)
    record(event, grant, by, policy.organizations(by, action, grant).first(), at, **details)
    notify(kind, grant, parties(grant, at), at)


def parties(grant: AccessGrant, at: datetime) -> set[User]:
    """Its grantee and the people named besides, its sponsor, a partner's and the lab's people."""
    return {
        *(audience.contacts(grant.partner, grant.submission) if grant.partner else ()),
        grant.grantee,
        grant.requested_by,
        *(one.person for one in users(grant, at).select_related("person")),
        *audience.people(Action.OWN, grant.submission),
    }


def users(grant: AccessGrant, at: datetime) -> Any:
    """The rows of those named besides the grantee who may use it at ``at``, if it is live."""
    return grant.users.in_force(at)


def naming(person: User, at: datetime) -> Any:
    """The grants that name ``person`` besides their grantee, for a condition's ``pk__in``."""
    return GrantUser.objects.in_force(at).filter(person=person).values("grant")


def revoke(grant: AccessGrant, *, because: EndReason, reason: str, by: User, at: datetime) -> None:
    """Its access, or the request for it, has ended for that reason. Nothing is said of it yet."""
    grant.revoked_at, grant.revoked_by = at, by
    grant.revoked_because, grant.revocation_reason = because, reason
    grant.save(update_fields=["revoked_at", "revoked_by", "revoked_because", "revocation_reason"])


def tell_if_agreed(grant: AccessGrant, at: datetime) -> None:
    """The partner's people are told that terms wait for them, once both sides have agreed."""
    if grant.state_at(at) is GrantState.AWAITING_TERMS:
        notify(
            NoticeKind.TERMS_TO_ACCEPT,
            grant,
            audience.contacts(grant.holder(), grant.submission),
            at,
        )


def record(
    action: str,
    grant: AccessGrant,
    by: User,
    for_: Organization | None,
    at: datetime,
    **details: Any,
) -> None:
    """What was done to the grant is on record, with whose it is; the lab's gateways are told."""
    whose = {"agency": grant.agency.short_name, "grantee": grant.grantee.email}
    rows.record(action, grant, by=by, for_=for_, at=at, **whose, **details)
    if grant.authorized_at:
        gateway_signals.note(grant.submission, at, grant)


def begin(
    grant: AccessGrant, action: policy.Action, by: User, at: datetime
) -> tuple[Submission, AccessGrant, datetime]:
    """As ``rows.begin``; the grant leads to the submission that is locked."""
    submission, grant, at = rows.begin(grant, action, by=by, at=at)
    grant.submission = submission
    return submission, grant, at


def notify(kind: NoticeKind, grant: AccessGrant, people: Any, at: datetime) -> None:
    """Each of ``people`` is told of the grant."""
    notices.queue(kind, grant.submission, people, due_at=at, at=at, grant=grant)
