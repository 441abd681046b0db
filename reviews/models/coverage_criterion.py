"""The register of criteria by which a model is found to be covered or not.

Public reference and title only; what is classified is kept elsewhere and named by a reference
(Executive Order 14409, section 3(a); docs/domain.md section 3, invariant 7).
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Organization

reference_format = RegexValidator(
    r"^[A-Z0-9]+(-[A-Z0-9]+)*\Z",
    "Enter capital letters, digits and hyphens, such as CC-3.",
)


class CoverageCriterion(models.Model):
    """One criterion, by its public reference. What it says is in its versions."""

    reference = models.CharField(max_length=20, unique=True, validators=[reference_format])

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["reference"]
        verbose_name_plural = "coverage criteria"

    def __str__(self):
        return self.reference


class CriterionVersionQuerySet(models.QuerySet):
    def confirmed(self) -> "CriterionVersionQuerySet":
        """Those that a second keeper has confirmed."""
        return self.filter(confirmed_at__isnull=False)

    def latest(self) -> "CriterionVersionQuerySet":
        """Those that no confirmed version of the same criterion follows."""
        later = CriterionVersion.objects.confirmed().filter(
            criterion=OuterRef("criterion"), number__gt=OuterRef("number")
        )
        return self.filter(~Exists(later))

    def last_of_each(self) -> "CriterionVersionQuerySet":
        """The last version of each criterion, confirmed or not."""
        later = CriterionVersion.objects.filter(
            criterion=OuterRef("criterion"), number__gt=OuterRef("number")
        )
        return self.filter(~Exists(later))

    def in_force(self) -> "CriterionVersionQuerySet":
        """Those that a determination can cite: the latest confirmed, unless that retires it."""
        return self.confirmed().latest().filter(retires=False)


class CriterionVersion(models.Model):
    """What a criterion says, or that it is ``retires``-d, once a second keeper confirms.

    Written once. ``external_reference`` says where the classified text is kept. An unconfirmed
    version that another one follows has no effect and stays on record.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    criterion = models.ForeignKey(CoverageCriterion, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=200, blank=True)
    retires = models.BooleanField(default=False)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_for = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    confirmed_for = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")

    objects = CriterionVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["criterion__reference", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["criterion", "number"], name="criterion_version_once"),
            models.CheckConstraint(
                condition=Q(
                    confirmed_at__isnull=True, confirmed_by__isnull=True, confirmed_for__isnull=True
                )
                | Q(
                    confirmed_at__isnull=False,
                    confirmed_by__isnull=False,
                    confirmed_for__isnull=False,
                ),
                name="criterion_confirmed_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_for__isnull=True)
                | ~Q(confirmed_for=F("proposed_for")) & ~Q(confirmed_by=F("proposed_by")),
                name="criterion_takes_two_keepers",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="criterion_has_title"),
        ]

    def __str__(self):
        return f"{self.criterion.reference}, version {self.number}"
