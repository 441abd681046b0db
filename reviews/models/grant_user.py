"""The people whom a grant names besides its grantee: a team's, each by name."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class GrantUserQuerySet(models.QuerySet):
    def in_force(self, at: datetime) -> "GrantUserQuerySet":
        """Those that are left on their grant at ``at`` and whose own dates have not passed."""
        lasting = Q(lapses_at__isnull=True) | Q(lapses_at__gt=at)
        return self.filter(lasting, dropped_at__isnull=True)


class GrantUser(models.Model):
    """One more person who may use the model by a grant, while her own dates last.

    Whoever is left off never comes back on that grant: a new one is asked for.
    """

    grant = models.ForeignKey("reviews.AccessGrant", models.PROTECT, related_name="users")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    lapses_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    objects = GrantUserQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["person__name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["grant", "person"], name="named_once_on_a_grant"),
        ]

    def __str__(self):
        return f"{self.grant_id}: {self.person_id}"

    def in_force(self, at: datetime) -> bool:
        """Whether she is left on the grant at ``at`` and her own dates have not passed."""
        return self.dropped_at is None and (self.lapses_at is None or self.lapses_at > at)
