"""Seats: a role at an organization, held by the members of one auth group."""

from typing import Any, ClassVar

from django.contrib.auth.models import Group
from django.db import models

from accounts.models.organization import Organization
from accounts.roles import Role


class SeatQuerySet(models.QuerySet):
    def held_by(self, user: Any) -> "SeatQuerySet":
        """The seats of ``user``; none for a person who is disabled or not signed in."""
        return self.filter(group__user=user.pk, group__user__is_active=True)


class Seat(models.Model):
    """A role at an organization. Membership of ``group`` is the only record of who holds it."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="seats")
    role = models.CharField(max_length=30, choices=[(role.value, role.label) for role in Role])
    group = models.OneToOneField(Group, models.PROTECT, related_name="seat")

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "role"], name="seat_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="seat_role_known"
            ),
        ]

    def __str__(self):
        return f"{Role(self.role).label}, {self.organization.short_name}"

    @property
    def code(self):
        """The seat's stable name, such as ``nsa:reviewer``."""
        return f"{self.organization.code}:{self.role}"
