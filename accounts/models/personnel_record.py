"""Personnel records: until when a person may be given access to a lab's model."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class PersonnelRecord(models.Model):
    """A person's nondisclosure terms and insider-risk training, and a wider limit if she has one.

    Who has none on record gets no access. Access that is given lasts no longer than either date
    (docs/domain.md section 6).
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        primary_key=True,
        related_name="personnel_record",
    )
    nondisclosure_until = models.DateTimeField("nondisclosure terms until")
    training_until = models.DateTimeField("insider-risk training until")
    # An exception from settings.GRANTS_PER_PERSON; empty for who has none.
    most_grants = models.PositiveSmallIntegerField(null=True)
    most_grants_reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(recorded_by__isnull=True) | ~Q(recorded_by=F("person")),
                name="personnel_recorded_by_another",
            ),
            models.CheckConstraint(
                condition=Q(most_grants__isnull=True, most_grants_reason="")
                | Q(most_grants__isnull=False) & ~Q(most_grants_reason=""),
                name="personnel_exception_has_a_reason",
            ),
        ]

    def __str__(self):
        return f"Personnel record of {self.person_id}"

    def lasts_until(self) -> datetime:
        """When the first of the two dates comes."""
        return min(self.nondisclosure_until, self.training_until)
