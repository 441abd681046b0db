"""What ends when a person, or an agency, leaves a submission: the access that it carried."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Organization, User
from accounts.roles import Kind
from reviews import audience, policy
from reviews.models import AccessGrant, GrantUser
from reviews.models.grant_states import EndReason
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import grants, rows, timekeeping


@transaction.atomic
def end_with_seat(
    take: Callable[[], Any], *, person: User, agency: Organization, by: User, at: datetime
) -> Any:
    """What ``take`` returns, which takes a seat; the access that it carried has ended with it."""
    named = Q(grantee=person) | Q(pk__in=grants.naming(person, at))
    here = Q(partner=agency) | Q(agency=agency, partner=None)
    theirs = AccessGrant.objects.running(at).filter(named, here)
    numbers = sorted(set(theirs.values_list("submission", flat=True)))
    submissions = [rows.lock_submission(number) for number in numbers]
    at = timekeeping.after_lock(at)
    taken = take()
    for submission in submissions:
        left = audience.people(Action.VIEW, submission, of=agency)
        if agency.kind == Kind.PARTNER:
            left = audience.contacts(agency, submission)
        if not left.contains(person):
            end_of_one(
                person,
                submission.grants.filter(here),
                because=EndReason.SEAT_REMOVED,
                by=by,
                for_=policy.organizations(by, Action.ADMINISTER, submission).first(),
                at=at,
            )
    return taken


def end_of_one(
    person: User,
    among: Any,
    *,
    because: EndReason,
    by: User,
    for_: Organization | None,
    at: datetime,
) -> None:
    """What is hers of ``among`` is revoked; on others' grants she is named no more.

    The caller has locked the submission.
    """
    end_all(among.filter(grantee=person), because=because, by=by, for_=for_, at=at)
    named = GrantUser.objects.filter(grant__in=among.running(at), person=person)
    for one in named.filter(dropped_at__isnull=True).select_related("grant__submission"):
        drop(one, by=by, for_=for_, at=at)


def drop(one: GrantUser, *, by: User, for_: Organization | None, at: datetime) -> None:
    """The person may not use the model by that grant any more. The submission is locked."""
    one.dropped_at = at
    one.save(update_fields=["dropped_at"])
    grants.record("grant.user_dropped", one.grant, by, for_, at, user=one.person.email)


def end_all(
    ending: Any, *, because: EndReason, by: User, for_: Organization | None, at: datetime
) -> None:
    """Each of ``ending`` that is not over is revoked, because its holder left the submission.

    The caller has locked the submission.
    """
    for grant in ending.running(at).select_related("submission", "agency", "partner", "grantee"):
        grants.revoke(grant, because=because, reason=f"{because.label}.", by=by, at=at)
        grants.record("grant.revoked", grant, by, for_, at, because=because)
        grants.notify(NoticeKind.GRANT_REVOKED, grant, grants.parties(grant, at), at)
