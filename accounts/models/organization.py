"""Agencies, labs, trusted partners and vendors."""

from typing import ClassVar

from django.db import models

from accounts.roles import Kind, Size
from accounts.sectors import Sector


class Organization(models.Model):
    """A party to reviews. ``code`` is stable and appears in group names and the audit log.

    ``size`` is a lab's, and empty until an administrator has recorded it.
    """

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=150)
    short_name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.label) for kind in Kind])
    size = models.CharField(
        max_length=6, choices=[(size.value, size.label) for size in Size], blank=True
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in Kind]),
                name="organization_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(size="")
                | models.Q(size__in=[size.value for size in Size], kind=Kind.LAB.value),
                name="organization_size_of_a_lab",
            ),
        ]

    def __str__(self):
        return self.name


class OrganizationSector(models.Model):
    """One critical-infrastructure sector that a trusted partner is of."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="sectors")
    sector = models.PositiveSmallIntegerField(choices=[(one.value, one.label) for one in Sector])

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["sector"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "sector"], name="sector_once"),
            models.CheckConstraint(
                condition=models.Q(sector__in=[one.value for one in Sector]), name="sector_known"
            ),
        ]

    def __str__(self):
        return f"{self.organization_id}: {Sector(self.sector).label}"
