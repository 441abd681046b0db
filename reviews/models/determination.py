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
from reviews.models.coverage_criterion import CriterionVersion
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


class DeterminationQuerySet(models.QuerySet):
    def unsigned(self) -> "DeterminationQuerySet":
        """Those that wait for their second signer, and were not set aside."""
        return self.filter(signed_at__isnull=True, set_aside_at__isnull=True)

    def signed(self) -> "DeterminationQuerySet":
        """Those that are or were in force, the last first."""
        return self.filter(signed_at__isnull=False).order_by("-number")


class Determination(models.Model):
    """Covered or not, with its reasons. In force from ``signed_at``, by a second signer.

    It is against ``criteria``, and ``supersedes`` an earlier one for a reason. The lab learns of
    it from ``shared_at`` on. One that nobody can sign any more is set aside for another.
    """

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
    criteria = models.ManyToManyField(
        CriterionVersion, through="DeterminationCriterion", related_name="determinations"
    )
    supersedes = models.ForeignKey("self", models.RESTRICT, null=True, related_name="superseded_by")
    supersedes_reason = models.TextField(blank=True)
    shared_at = models.DateTimeField(null=True)
    shared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    set_aside_at = models.DateTimeField(null=True)
    set_aside_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = DeterminationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(
                fields=["-signed_at", "-key"],
                name="determination_newest",
                condition=Q(signed_at__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "number"], name="determination_once"),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(signed_at__isnull=True, set_aside_at__isnull=True),
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
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True, supersedes_reason="")
                | Q(supersedes__isnull=False) & ~Q(supersedes_reason=""),
                name="determination_supersedes_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(shared_at__isnull=True, shared_by__isnull=True)
                | Q(shared_at__isnull=False, shared_by__isnull=False, signed_at__isnull=False),
                name="determination_shared_once_signed",
            ),
            models.CheckConstraint(
                condition=Q(set_aside_at__isnull=True, set_aside_by__isnull=True)
                | Q(set_aside_at__isnull=False, set_aside_by__isnull=False, signed_at__isnull=True),
                name="determination_set_aside_unsigned",
            ),
        ]

    def __str__(self):
        return f"{self.outcome} ({self.number})"


class DeterminationCriterion(models.Model):
    """A determination is against this version of a criterion."""

    determination = models.ForeignKey(Determination, models.CASCADE, related_name="+")
    version = models.ForeignKey(CriterionVersion, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["determination", "version"], name="determination_cites_once"
            )
        ]

    def __str__(self):
        return f"{self.determination_id}: {self.version_id}"


class DeterminationResponse(models.Model):
    """What the lab says to a determination that was shared with it. Written once."""

    determination = models.OneToOneField(
        Determination, models.CASCADE, primary_key=True, related_name="response"
    )
    text = models.TextField()
    responded_at = models.DateTimeField()
    responded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text=""), name="determination_response_has_text")
        ]

    def __str__(self):
        return f"Response to {self.determination_id}"
