"""Suspension of access to a lab's model: one side's stop, which the same side lifts."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reviews.models.grant_states import Side


class GrantSuspensionQuerySet(models.QuerySet):
    def in_force(self, at: datetime) -> "GrantSuspensionQuerySet":
        """Those that are not lifted by ``at``, whenever they began."""
        return self.filter(Q(resumed_at__isnull=True) | Q(resumed_at__gt=at))


class GrantSuspension(models.Model):
    """One side's stop to a grant's use. The grant's time runs on meanwhile."""

    grant = models.ForeignKey("reviews.AccessGrant", models.PROTECT, related_name="suspensions")
    side = models.CharField(max_length=14, choices=[(side.value, side.value) for side in Side])
    reason = models.TextField(blank=True)
    suspended_at = models.DateTimeField()
    suspended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    resumed_at = models.DateTimeField(null=True)
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = GrantSuspensionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["suspended_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["grant", "side"],
                condition=Q(resumed_at__isnull=True),
                name="suspended_once_by_each_side",
            ),
            models.CheckConstraint(
                condition=Q(resumed_at__isnull=True, resumed_by__isnull=True)
                | Q(resumed_at__gte=F("suspended_at"), resumed_by__isnull=False),
                name="suspension_resumed_who_and_when",
            ),
        ]

    def __str__(self):
        return f"{self.grant_id}: {self.side}"

    def in_force(self, at: datetime) -> bool:
        """Whether it is not lifted by ``at``."""
        return self.resumed_at is None or self.resumed_at > at
