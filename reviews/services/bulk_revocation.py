"""Revoking many grants at once: what a preview listed, and nothing else, or nothing at all."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from reviews import policy
from reviews.exceptions import Conflict, StaleForm
from reviews.models import AccessGrant
from reviews.policy import Action
from reviews.services import access, rows, timekeeping

# Each revocation writes an event and its notices behind one lock that every write needs.
MOST = 100


@dataclass(frozen=True)
class Preview:
    """What revoking would end, what it would leave and why; ``more`` match than one go takes."""

    ending: list[AccessGrant]
    staying: list[tuple[AccessGrant, str]]
    more: bool
    digest: str


def preview(chosen: Callable[[datetime], Q], *, by: User, at: datetime) -> Preview:
    """What ``revoke`` would do to what ``by`` may revoke of ``chosen``, by the agreed end."""
    order = ("ends_at", "key")
    allowed: Any = policy.allowed(by, Action.REVOKE_GRANTS, at=at)
    found = allowed.running(at).filter(chosen(at))
    numbers = list(found.order_by(*order).values_list("pk", flat=True)[: MOST + 1])
    more = len(numbers) > MOST
    grants = list(
        AccessGrant.objects.filter(pk__in=numbers[:MOST])
        .select_related("submission__model_version__lab", "agency", "partner", "grantee")
        .prefetch_related("suspensions")
        .order_by(*order)
    )
    ending = [grant for grant in grants if grant.revocable_at(at)]
    staying = [
        (grant, access.nothing_to_revoke(grant, at))
        for grant in grants
        if not grant.revocable_at(at)
    ]
    return Preview(ending, staying, more, _digest(ending, at))


def _digest(grants: list[AccessGrant], at: datetime) -> str:
    """Which grants, and what each is: another set, or one of another state, has another digest."""
    lines = sorted(f"{grant.key} {grant.state_at(at)}" for grant in grants)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@transaction.atomic
def revoke(
    chosen: Callable[[datetime], Q],
    *,
    digest: str,
    reason: str,
    by: User,
    at: datetime,
    only: Collection[str] | None = None,
) -> list[AccessGrant]:
    """What the preview with that ``digest`` listed is revoked, each with its own event.

    Of that, with ``only``, the grants that have those keys. Raises StaleForm when the list would
    now be another, and Conflict when nothing is left to revoke: then nothing is revoked.
    """
    seen = preview(chosen, by=by, at=at)
    locked = sorted({grant.submission_id for grant in seen.ending})
    # All before the first event: each locks the audit log's head, which comes last.
    for submission in locked:
        rows.lock_submission(submission)
    numbers = [grant.pk for grant in seen.ending]
    list(AccessGrant.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk"))
    at = timekeeping.after_lock(at)
    now = preview(chosen, by=by, at=at)
    if now.digest != digest or not {grant.submission_id for grant in now.ending} <= set(locked):
        raise StaleForm(
            "What would end has changed since you opened this page, so nothing was revoked. The "
            "list below is as it is now: read it, then revoke."
        )
    if not now.ending:
        raise Conflict("None of these grants can be revoked, so nothing was done.")
    ending = [grant for grant in now.ending if only is None or str(grant.key) in only]
    if not ending:
        raise Conflict("Check at least one grant to revoke. Nothing was done.")
    return [access.revoke(grant, reason=reason, by=by, at=at) for grant in ending]
