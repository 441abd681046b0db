"""Seats: a role at an organization, held by the members of one auth group."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q

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


class SeatRequestQuerySet(models.QuerySet):
    def waiting(self) -> "SeatRequestQuerySet":
        """Those that nobody has answered."""
        return self.filter(confirmed_at=None, declined_at=None)


class SeatRequest(models.Model):
    """One administrator asks that a person be given a seat; another confirms or declines.

    What it asks for is done by ``confirmed_by``, and never by ``requested_by`` or for herself:
    the database says so too.
    """

    seat = models.ForeignKey(Seat, models.PROTECT, related_name="requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    confirmed_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    declined_at = models.DateTimeField(null=True)

    objects = SeatRequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(requested_by=F("person")), name="seat_request_for_another"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None)
                | (~Q(confirmed_by=F("requested_by")) & ~Q(confirmed_by=F("person"))),
                name="seat_request_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, declined_at=None),
                name="seat_request_confirmed_once",
            ),
            models.CheckConstraint(
                condition=Q(declined_by=None, declined_at=None)
                | Q(declined_by__isnull=False, declined_at__isnull=False),
                name="seat_request_declined_once",
            ),
            models.UniqueConstraint(
                fields=["seat", "person"],
                condition=Q(confirmed_at=None, declined_at=None),
                name="seat_request_waiting_once",
            ),
        ]

    def __str__(self):
        return f"{self.seat} for {self.person}"
