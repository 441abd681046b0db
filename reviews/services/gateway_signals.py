"""What labs' gateways are told of access: a row for each change, written with its cause.

A gateway was told a state last; when the facts and the clock now say another, that is a
signal, with the whole state and the next number of its sequence. So writing twice writes
nothing, whoever writes: the step itself, in its transaction, or the sweep, for what time alone
causes. Nothing here decides about access.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from reviews import clock
from reviews.models import AccessGrant, Gateway, GatewaySignal, GrantUser, Submission
from reviews.models.gateway import ENDS, Enforced, SignalKind, enforced
from reviews.services import rows, timekeeping

LAB = "submission__model_version__lab"
# Longer than any grant can last from its authorization on, a partner's included.
LONGEST = 2 * clock.FULL_WINDOW
# An answer that came too late is none to us, and the gateway has taken the message.
_MAY_HOLD = Q(sent_at__isnull=False) | Q(attempts__gt=0)
_END_TAKEN = GatewaySignal.objects.filter(
    gateway=OuterRef("gateway"), grant=OuterRef("grant"), kind__in=ENDS, sent_at__isnull=False
)


def facts(grant: AccessGrant, at: datetime) -> dict[str, Any]:
    """All that a gateway needs to enforce the grant, as it is at ``at``.

    ``until`` is when access ends by what is known now, and ``users`` says it for each person
    whose account is not disabled: a gateway keeps it by its own clock.
    """
    version = grant.submission.model_version
    named = [one.person for one in grant.users.all() if one.in_force(at)]
    return {
        "grant": str(grant.key),
        "state": enforced(grant, at).value,
        "submission": grant.submission.reference,
        "model": {
            "family": version.family,
            "version": version.version,
            "checkpoint_sha256": version.checkpoint_sha256,
        },
        "agency": grant.agency.code,
        "partner": grant.partner.code if grant.partner else "",
        "subject": grant.grantee.email,
        "users": {
            person.email: grant.end_for(person).isoformat()
            for person in (grant.grantee, *named)
            if person.is_active
        },
        "level": grant.access_level,
        "safeguards": grant.safeguards,
        "environment": grant.environment,
        "until": grant.effective_end().isoformat(),
    }


def related(grants: QuerySet[AccessGrant]) -> QuerySet[AccessGrant]:
    """The grants with all that ``facts`` reads, in a fixed number of queries."""
    return grants.select_related(
        "agency", "partner", "grantee", "submission__model_version__lab"
    ).prefetch_related("suspensions", "users__person")


def note(submission: Submission, at: datetime, *grants: AccessGrant) -> int:
    """Each gateway of the lab has a row for what it was not told of the grants; how many are new.

    All of the submission's without ``grants``. They are locked, so that no two writers give out
    the same number.
    """
    gateways = list(Gateway.objects.in_force().filter(lab=submission.model_version.lab_id))
    if not gateways:
        return 0
    asked = submission.grants.filter(authorized_at__isnull=False)
    if grants:
        asked = asked.filter(pk__in=[grant.pk for grant in grants])
    locked = related(asked).select_for_update(of=("self",), no_key=True)
    found = list(locked.order_by("pk"))
    told, numbers, taken = _last_told(gateways, found), _numbers(found), _last_taken(found)
    signals = [
        signal
        for gateway in gateways
        for grant in found
        if (
            signal := _next(
                gateway, grant, told.get((gateway.pk, grant.pk)), taken.get(grant.pk), numbers, at
            )
        )
    ]
    return len(GatewaySignal.objects.bulk_create(signals))


def _last_told(
    gateways: Iterable[Gateway], grants: Iterable[AccessGrant]
) -> dict[tuple[int, int], GatewaySignal]:
    said = GatewaySignal.objects.filter(gateway__in=gateways, grant__in=grants).order_by("sequence")
    return {(one.gateway_id, one.grant_id): one for one in said}


def _last_taken(grants: Iterable[AccessGrant]) -> dict[int, Enforced]:
    """What a gateway may hold of each grant of whose end it has not heard.

    Its receiver may be the next gateway's, too.
    """
    held = GatewaySignal.objects.filter(_MAY_HOLD, ~Exists(_END_TAKEN), grant__in=grants)
    return {one.grant_id: Enforced(one.facts["state"]) for one in held.order_by("sequence")}


def _numbers(grants: Iterable[AccessGrant]) -> dict[int, int]:
    """The highest number of each grant at any gateway: one that replaces another goes on."""
    said = GatewaySignal.objects.filter(grant__in=grants).values_list("grant")
    return dict(said.annotate(highest=Max("sequence")))


def _next(
    gateway: Gateway,
    grant: AccessGrant,
    last: GatewaySignal | None,
    taken: Enforced | None,
    numbers: dict[int, int],
    at: datetime,
) -> GatewaySignal | None:
    """What the gateway is to be told of the grant; None when it knows."""
    now = facts(grant, at)
    if last is not None and last.facts == now:
        return None
    state = Enforced(now["state"])
    if last is None and state is Enforced.ACTIVE:
        taken = None
    kind = _kind(grant, Enforced(last.facts["state"]) if last else taken, state)
    if kind is None:
        return None
    return GatewaySignal(
        gateway=gateway,
        grant=grant,
        sequence=numbers.get(grant.pk, 0) + 1,
        kind=kind,
        facts=now,
        occurred_at=_occurred_at(grant, kind, at),
        queued_at=at,
        waiting_since=at,
        next_attempt_at=at,
    )


def _kind(grant: AccessGrant, before: Enforced | None, now: Enforced) -> SignalKind | None:
    """What the step from one state to another is called; None when a gateway need not know.

    It lets nobody in unless told, and what has ended stays so.
    """
    if now is Enforced.NOT_BEGUN:
        return None
    if before is None:
        return SignalKind.ACTIVATE if now is Enforced.ACTIVE else None
    if before is Enforced.ENDED:
        return None
    if now is Enforced.ENDED:
        revoked = grant.revoked_at == grant.effective_end()
        return SignalKind.REVOKE if revoked else SignalKind.END
    if before is now:
        return SignalKind.CHANGE
    return SignalKind.SUSPEND if now is Enforced.SUSPENDED else SignalKind.RESUME


def _occurred_at(grant: AccessGrant, kind: SignalKind, at: datetime) -> datetime:
    """The instant of the change by the grant's own facts; of any other, when it is written."""
    if kind in ENDS:
        return grant.effective_end()
    if kind not in (SignalKind.ACTIVATE, SignalKind.RESUME):
        return at
    begins: list[datetime] = [one.resumed_at for one in grant.suspensions.all() if one.resumed_at]
    if kind is SignalKind.ACTIVATE and grant.authorized_at:
        begins += [grant.authorized_at, grant.starts_at]
    return max(begins)


def sweep(*, at: datetime) -> int:
    """Every gateway has its rows for what time alone has caused by ``at``; how many are new.

    Starts, ends and lapses. A second sweep finds nothing left to write.
    """
    new = 0
    for gateway in Gateway.objects.in_force().order_by("pk"):
        numbers = untold(gateway, at).values_list("submission", flat=True)
        for number in sorted(set(numbers)):
            new += _of_one(number, at)
    return new


@transaction.atomic
def _of_one(number: int, at: datetime) -> int:
    submission = rows.lock_submission(number)
    return note(submission, timekeeping.after_lock(at))


def untold(gateway: Gateway, at: datetime) -> QuerySet[AccessGrant]:
    """The grants of which time alone has made something that the gateway was not told by ``at``."""
    said = GatewaySignal.objects.filter(gateway=gateway, grant=OuterRef("pk"))
    ended = said.filter(kind__in=ENDS)
    since = GatewaySignal.objects.filter(
        gateway=gateway, grant=OuterRef("grant"), queued_at__gte=OuterRef("lapses_at")
    )
    lapsed = GrantUser.objects.filter(
        ~Exists(since), grant=OuterRef("pk"), dropped_at__isnull=True, lapses_at__lte=at
    )
    grants = AccessGrant.objects.filter(**{LAB: gateway.lab_id})
    going = grants.filter(Exists(said), ~Exists(ended))
    closed = Q(submission__review_ends_at__isnull=True, partner__isnull=True)
    # What a gateway before this one took, its receiver may keep letting in until the end it knows.
    held = GatewaySignal.objects.filter(_MAY_HOLD, ~Exists(_END_TAKEN), grant=OuterRef("pk"))
    inherited = grants.filter(~Exists(said), Exists(held), authorized_at__gt=at - LONGEST)
    changed = (
        grants.live(at).filter(~Exists(said)),
        inherited,
        going.over_since(at),
        going.filter(closed | Exists(lapsed)),
    )
    return grants.filter(reduce(or_, (Q(pk__in=some.values("pk")) for some in changed)))
