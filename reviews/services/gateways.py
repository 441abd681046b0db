"""A lab's gateways: added, revoked and read by the lab's own word; what died is sent again."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import Organization, User
from reviews import policy
from reviews.exceptions import Conflict, NotVisible
from reviews.models import Gateway, GatewaySignal
from reviews.policy import Action
from reviews.services import current_grants, outbox, receivers, rows, timekeeping

MOST = 5  # in force, of one lab
READ_NOTED = timedelta(hours=1)


@transaction.atomic
def add(lab: Organization, *, name: str, url: str, by: User, at: datetime) -> tuple[Gateway, str]:
    """(a gateway that is told from now on, the token of its secret address).

    Only the token's SHA-256 is kept, so nobody can be told it again. Raises Conflict for an
    address that may not be told, or one gateway too many.
    """
    lab = Organization.objects.select_for_update(no_key=True).get(pk=lab.pk)
    at = timekeeping.after_lock(at)
    policy.check(by, Action.ADD_GATEWAY, lab, at=at)
    if why := receivers.refusal(url):
        raise Conflict(why)
    if Gateway.objects.in_force().filter(lab=lab).count() >= MOST:
        raise Conflict(f"A lab has at most {MOST} gateways. Revoke one before you add another.")
    token = secrets.token_urlsafe(32)
    gateway = Gateway.objects.create(
        lab=lab, name=name, url=url, token_sha256=_sha256(token), created_at=at, created_by=by
    )
    _record("gateway.added", gateway, by=by, at=at, name=name)
    return gateway, token


@transaction.atomic
def revoke(gateway: Gateway, *, by: User, at: datetime) -> Gateway:
    """It is told nothing more, and its secret address leads nowhere. Raises Conflict twice."""
    gateway, at = _begin(gateway, by, at)
    if gateway.revoked_at:
        raise Conflict("This gateway was revoked already.")
    gateway.revoked_at, gateway.revoked_by = at, by
    gateway.save(update_fields=["revoked_at", "revoked_by"])
    _record("gateway.revoked", gateway, by=by, at=at)
    return gateway


@transaction.atomic
def send_again(gateway: Gateway, *, by: User, at: datetime) -> int:
    """What was given up of the gateway waits to be sent from now on; how many signals."""
    gateway, at = _begin(gateway, by, at)
    dead = gateway.signals.dead().select_related("grant__submission")
    again = list(dead.select_for_update(of=("self",)).order_by("pk"))
    GatewaySignal.objects.filter(pk__in=[one.pk for one in again]).update(**outbox.anew(at))
    audit.append(
        [rows.entry("signal.requeued", one, by=by, for_=gateway.lab, at=at) for one in again]
    )
    return len(again)


@transaction.atomic
def read(token: str, *, at: datetime) -> str | None:
    """The current grants that the token's address leads to; None for one that leads nowhere.

    Reading is on record once an hour, so that a gateway that asks each minute floods nothing.
    """
    found = Gateway.objects.filter(token_sha256=_sha256(token)).select_related("lab").first()
    if found is None or found.revoked_at:
        return None
    before = Q(last_read_at__isnull=True) | Q(last_read_at__lte=at - READ_NOTED)
    if Gateway.objects.filter(before, pk=found.pk).update(last_read_at=at):
        _record("gateway.read", found, by=audit.SYSTEM, at=at)
    return current_grants.document(found, at=at)


def _begin(gateway: Gateway, by: User, at: datetime) -> tuple[Gateway, datetime]:
    locked = Gateway.objects.select_for_update(of=("self",), no_key=True).select_related("lab")
    row = locked.filter(pk=gateway.pk).first()
    if row is None:
        raise NotVisible
    at = timekeeping.after_lock(at)
    policy.check(by, Action.MANAGE_GATEWAY, row, at=at)
    return row, at


def _record(
    action: str, gateway: Gateway, *, by: audit.Actor, at: datetime, **details: Any
) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="gateway",
        object_reference=gateway.key,
        organization=gateway.lab.code,
        **details,
    )


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
