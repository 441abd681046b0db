"""NSA's determination of whether a model is covered, and the consultations before it.

Executive Order 14409, section 3(a); docs/domain.md section 3, invariants 6 and 7.
Superseded, never edited. Holds an outcome, a rationale, an authority and an external
reference: never a threshold, a score or a benchmark item.
"""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Organization
from reviews.models.submission import Submission


class Coverage(StrEnum):
    COVERED = "covered"
    NOT_COVERED = "not_covered"

    @property
    def label(self):
        return self.replace("_", " ").capitalize()


class Consultation(models.Model):
    """What one consulted office said, or that it was asked and has not said anything."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="consultations")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    statement = models.TextField(blank=True)
    recorded_at = models.DateTimeField(null=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["organization__name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "organization"], name="consultation_once"
            ),
            models.CheckConstraint(
                condition=Q(recorded_at__isnull=True, recorded_by__isnull=True)
                | Q(recorded_at__isnull=False, recorded_by__isnull=False),
                name="consultation_recorded_who_and_when",
            ),
        ]

    def __str__(self):
        return f"{self.organization_id} on {self.submission_id}"


class Determination(models.Model):
    """Covered or not, with its reasons. In force from ``signed_at``, by a second signer."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="determinations")
    number = models.PositiveIntegerField(default=1)
    outcome = models.CharField(
        max_length=12, choices=[(kind.value, kind.label) for kind in Coverage]
    )
    rationale = models.TextField("unclassified rationale")
    authority = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=200, blank=True)
    written_at = models.DateTimeField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "number"], name="determination_once"),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(signed_at__isnull=True),
                name="determination_one_unsigned",
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signer__isnull=True)
                | Q(signed_at__isnull=False, signer__isnull=False),
                name="determination_signed_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(signer__isnull=True) | ~Q(signer=F("author")),
                name="determination_second_signer",
            ),
            models.CheckConstraint(condition=~Q(rationale=""), name="determination_has_rationale"),
            models.CheckConstraint(
                condition=Q(outcome__in=[kind.value for kind in Coverage]),
                name="determination_outcome_known",
            ),
        ]

    def __str__(self):
        return f"{self.outcome} ({self.number})"
