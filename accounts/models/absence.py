"""Absences: while a person is away, her delegate is told of her notices too."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class AbsenceQuerySet(models.QuerySet):
    def at(self, at) -> "AbsenceQuerySet":
        """The absences that include the instant ``at``; the end itself is outside."""
        return self.filter(starts_at__lte=at, ends_at__gt=at)

    def with_delegate(self) -> "AbsenceQuerySet":
        """Those whose delegate still works where the person does."""
        organization = "groups__seat__organization"
        return self.filter(
            **{f"delegate__{organization}": F(f"person__{organization}")},
            delegate__is_active=True,
        ).distinct()


class Absence(models.Model):
    """A person is away. Her delegate gets copies of notices and no authority whatever."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", null=True, blank=True
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(delegate__isnull=True) | ~Q(delegate=F("person")),
                name="absence_delegate_is_another",
            ),
        ]

    def __str__(self):
        return f"{self.person_id} from {self.starts_at} to {self.ends_at}"
