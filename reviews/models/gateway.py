"""A lab's own gateway: what it is told of access, and what the lab says that it enforces.

The portal holds no credential of a model. It tells; the lab's gateway lets in or keeps out.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Organization
from reviews.models.access_grant import AccessGrant
from reviews.models.outgoing import UNSENT, Outgoing
from reviews.models.submission import Submission


class Enforced(StrEnum):
    """What a gateway is to do with a grant at an instant."""

    NOT_BEGUN = "not_begun"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"

    @property
    def label(self):
        return self.replace("_", " ")


class SignalKind(StrEnum):
    """What happened to the access that a gateway enforces."""

    ACTIVATE = "activate"
    CHANGE = "change"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    END = "end"


ENDS = [SignalKind.REVOKE.value, SignalKind.END.value]


def enforced(grant: AccessGrant, at: datetime) -> Enforced:
    """What is to be done with ``grant`` at ``at``, an instant that has come.

    True of the past too: what moved a grant's end since then moved it to a later instant.
    """
    if not grant.authorized_at or max(grant.authorized_at, grant.starts_at) > at:
        return Enforced.NOT_BEGUN
    if grant.over_at(at):
        return Enforced.ENDED
    stops = (one for one in grant.suspensions.all() if one.suspended_at <= at)
    return Enforced.SUSPENDED if any(one.in_force(at) for one in stops) else Enforced.ACTIVE


class GatewayQuerySet(models.QuerySet):
    def in_force(self) -> "GatewayQuerySet":
        """Those that are told."""
        return self.filter(revoked_at__isnull=True)


class Gateway(models.Model):
    """One receiver of a lab. It is told at ``url``; a revoked one never comes back.

    Whoever has its secret address reads the lab's current grants; of that address only a
    hash is kept. ``last_read_at`` is moved once an hour at most.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lab = models.ForeignKey(Organization, models.PROTECT, related_name="gateways")
    name = models.CharField(max_length=60)
    url = models.CharField("address", max_length=500)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    last_read_at = models.DateTimeField(null=True)

    objects = GatewayQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-created_at", "key"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="gateway_revoked_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(url__startswith="https://"), name="gateway_told_over_tls"
            ),
        ]

    def __str__(self):
        return str(self.key)

    def get_absolute_url(self):
        return reverse("reviews:gateway-detail", args=[self.key])


class SignalQuerySet(models.QuerySet):
    def unsent(self) -> "SignalQuerySet":
        """Those that are still to be delivered, to gateways that are told."""
        return self.filter(UNSENT, gateway__revoked_at__isnull=True)

    def dead(self) -> "SignalQuerySet":
        """Those that were given up, of gateways that are told."""
        return self.filter(dead_at__isnull=False, gateway__revoked_at__isnull=True)


class GatewaySignal(Outgoing):
    """One change of what a gateway is to enforce, told until the gateway has taken it.

    ``facts`` is the whole state after it, so of two signals of a grant the one with the higher
    ``sequence`` is true. ``occurred_at`` is the instant of the change by the grant's own facts,
    however late it was written; of kind CHANGE it is when it was written.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="signals")
    grant = models.ForeignKey(AccessGrant, models.PROTECT, related_name="signals")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in SignalKind])
    facts = models.JSONField()
    occurred_at = models.DateTimeField()
    queued_at = models.DateTimeField()

    objects = SignalQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at", "id"], name="signal_waiting", condition=UNSENT),
            models.Index(fields=["gateway", "-queued_at", "-key"], name="signal_newest"),
            models.Index(
                fields=["gateway", "grant"],
                name="signal_of_the_end",
                condition=Q(kind__in=ENDS),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gateway", "grant", "sequence"], name="signal_once_in_sequence"
            ),
            models.UniqueConstraint(
                fields=["gateway", "grant"],
                condition=Q(kind__in=ENDS),
                name="signal_ends_access_once",
            ),
            models.CheckConstraint(
                condition=Q(queued_at__gte=F("occurred_at")), name="signal_after_its_cause"
            ),
        ]

    def __str__(self):
        return str(self.key)

    @property
    def submission(self) -> Submission:
        """The grant's."""
        return self.grant.submission


class GatewayComparison(models.Model):
    """What a lab said that its gateway enforces, and where the portal says otherwise.

    ``mismatches`` holds, of each, the grant, the instant, and the word of either side.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="comparisons")
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    compared = models.PositiveIntegerField()
    # Counted here too, so that a list of comparisons need not read them.
    differing = models.PositiveIntegerField()
    mismatches = models.JSONField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-uploaded_at", "key"]

    def __str__(self):
        return str(self.key)

    def get_absolute_url(self):
        return reverse("reviews:comparison-detail", args=[self.gateway.key, self.key])
