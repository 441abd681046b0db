"""Submissions and the immutable model versions that they bind to (docs/domain.md section 4)."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Organization
from reviews import clock
from reviews.exceptions import Conflict
from reviews.workflow import Status

# Crockford's base 32: no letter that reads as a digit. 12 characters are 60 random bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

sha256_format = RegexValidator(
    r"\A[0-9a-f]{64}\Z", "A SHA-256 is 64 characters, each 0 to 9 or a to f."
)


def new_reference():
    """A public reference such as ``FV-7K3M-Q9XD-0B2T``: random, so it tells nothing."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"FV-{text[:4]}-{text[4:8]}-{text[8:]}"


class SubmissionKind(StrEnum):
    EARLY_ACCESS = "early_access"
    DESIGNATION_INQUIRY = "designation_inquiry"

    @property
    def label(self):
        return self.replace("_", " ").capitalize()


class ModelVersion(models.Model):
    """One checkpoint of a lab's model. Once filed never edited: reviews and grants bind to it.

    The 720 hours are counted over all of its submissions.
    """

    lab = models.ForeignKey(Organization, models.PROTECT, related_name="model_versions")
    family = models.CharField("model family", max_length=100)
    version = models.CharField(max_length=60)
    checkpoint_sha256 = models.CharField(
        "checkpoint SHA-256", max_length=64, validators=[sha256_format]
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lab", "checkpoint_sha256"], name="checkpoint_once"),
            models.UniqueConstraint(fields=["lab", "family", "version"], name="version_once"),
        ]

    def __str__(self):
        return f"{self.family} {self.version}"


class SubmissionQuerySet(models.QuerySet):
    def window_open(self, at: datetime) -> "SubmissionQuerySet":
        """Submissions under review whose window includes the instant ``at``."""
        return self.filter(opens_at__lte=at, review_ends_at__gt=at)

    def overdue(self, at: datetime) -> "SubmissionQuerySet":
        """Submissions whose end has come and is not yet recorded."""
        return self.filter(status=Status.UNDER_REVIEW, closes_at__lte=at)

    def replacing(self, version: Any, opened: Any) -> "SubmissionQuerySet":
        """Those that stand in place of one of the model version that opened at ``opened``.

        Filed later and not withdrawn. Both may be columns of an outer query.
        """
        return self.filter(model_version=version, opens_at__gt=opened).exclude(
            status=Status.WITHDRAWN
        )

    def filed(self) -> "SubmissionQuerySet":
        """Submissions that a lab has filed, whatever came after."""
        return self.filter(opens_at__isnull=False)


class Submission(models.Model):
    """A frontier model that a lab has volunteered for review before release.

    ``status`` is what has been recorded; ``window_open`` is what is true now. No column says
    "open", so no stopped worker can leave one saying so. ``allowance`` is what was left of
    the model version's 720 hours at filing; the database refuses a longer window.
    ``revision`` counts changes to the lab's answers, so that a stale form is noticed.
    """

    reference = models.CharField(max_length=20, unique=True, default=new_reference, editable=False)
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="submissions")
    kind = models.CharField(
        max_length=20, choices=[(kind.value, kind.label) for kind in SubmissionKind]
    )
    lab_tracking_id = models.CharField("your own tracking ID", max_length=60, blank=True)
    status = models.CharField(
        max_length=12,
        choices=[(status.value, status.label) for status in Status],
        default=Status.DRAFT,
        editable=False,
    )
    revision = models.PositiveIntegerField(default=1, editable=False)
    planned_partner_release_at = models.DateTimeField(
        "planned partner release", null=True, blank=True
    )
    planned_public_release_at = models.DateTimeField(
        "planned public release", null=True, blank=True
    )
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    opens_at = models.DateTimeField(null=True, editable=False)
    closes_at = models.DateTimeField(null=True, editable=False)
    allowance = models.DurationField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    certified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    certifier_title = models.CharField(max_length=150, blank=True, editable=False)

    # An instant that the database computes, and no flag: nobody writes it and the clock still
    # decides. Its statistics tell PostgreSQL how few windows are open; status and end apart
    # it takes for independent.
    review_ends_at = models.GeneratedField(
        expression=models.Case(models.When(status=Status.UNDER_REVIEW.value, then=F("closes_at"))),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
        null=True,
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            ("view_submission", "See the submission's page"),
            ("own_submission", "Act for the lab that files it"),
            ("read_package", "Read the lab's answers and documents"),
            ("deliberate", "Read and take part in the agencies' deliberation"),
            ("review_submission", "Write and file agency reviews"),
            ("lead_submission", "Assign, file the position, sponsor access"),
            ("determine_submission", "Issue the determination"),
            ("consult_submission", "Record a consultation"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["review_ends_at", "reference"],
                name="submission_review_ends",
                condition=Q(review_ends_at__isnull=False),
            ),
            models.Index(fields=["-created_at", "-reference"], name="submission_newest"),
            models.Index(fields=["closes_at", "reference"], name="submission_by_end"),
            models.Index(fields=["status", "closes_at", "reference"], name="submission_status_end"),
            models.Index(
                fields=["status", "-created_at", "-reference"], name="submission_status_newest"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]),
                name="submission_status_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    opens_at__isnull=True,
                    closes_at__isnull=True,
                    allowance__isnull=True,
                    certified_by__isnull=True,
                    status__in=[Status.DRAFT, Status.WITHDRAWN],
                )
                | Q(
                    opens_at__isnull=False,
                    closes_at__isnull=False,
                    allowance__isnull=False,
                    certified_by__isnull=False,
                )
                & ~Q(status=Status.DRAFT),
                name="submission_window_from_filing",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True)
                | Q(
                    closes_at__gt=F("opens_at"),
                    allowance__lte=clock.FULL_WINDOW,
                    allowance__gt=timedelta(0),
                ),
                name="submission_allowance_720_hours",
            ),
            # A difference of instants is exact; adding an interval to one would follow the
            # database session's time zone across a daylight-saving change.
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True)
                | Q(allowance__gte=F("closes_at") - F("opens_at")),
                name="submission_window_within_allowance",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True)
                | Q(planned_partner_release_at__isnull=True)
                | Q(closes_at__lte=F("planned_partner_release_at")),
                name="submission_closes_before_release",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, status__in=[Status.DRAFT, Status.UNDER_REVIEW])
                | Q(
                    ended_at__isnull=False,
                    status__in=[Status.CONCLUDED, Status.EXPIRED, Status.WITHDRAWN],
                ),
                name="submission_ended_when_over",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True)
                | Q(closes_at__isnull=True)
                | Q(ended_at__lte=F("closes_at")),
                name="submission_ended_within_window",
            ),
            models.UniqueConstraint(
                fields=["model_version"],
                condition=Q(status=Status.UNDER_REVIEW),
                name="submission_one_window_per_version",
            ),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("reviews:submission-detail", args=[self.reference])

    @property
    def lab(self) -> Organization:
        return self.model_version.lab

    def is_open(self, at: datetime) -> bool:
        """Whether the window includes ``at``; the one-row form of ``window_open``."""
        return self.status == Status.UNDER_REVIEW and clock.is_open(*self.window(), at)

    def window(self) -> tuple[datetime, datetime]:
        """When the window opens and closes. Raises Conflict before filing."""
        if self.opens_at is None or self.closes_at is None:
            raise Conflict("This submission has not been filed.")
        return self.opens_at, self.closes_at

    def status_at(self, at: datetime) -> Status:
        """The status as the clock has it: an end that no worker has recorded counts."""
        if self.status == Status.UNDER_REVIEW and at >= self.window()[1]:
            return Status.EXPIRED
        return Status(self.status)

    def over_at(self, at: datetime) -> datetime | None:
        """When the window ended as seen at ``at``; None while it runs or before filing."""
        if self.ended_at or self.opens_at is None:
            return self.ended_at
        closes_at = self.window()[1]
        return closes_at if at >= closes_at else None
