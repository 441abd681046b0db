"""Files of the list of submissions that are prepared in the background, kept for a day."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.submission import Submission


class ExportFormat(StrEnum):
    """What a file of submissions can be; the value is what its name ends with."""

    CSV = "csv"
    XLSX = "xlsx"


class ExportState(StrEnum):
    """How far a file is."""

    WAITING = "waiting"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"

    @property
    def label(self):
        return self.capitalize()


UNFINISHED = Q(ready_at__isnull=True, failed_at__isnull=True)


class Export(models.Model):
    """One file that a person asked for: what she asked, how far it is, what it became.

    ``query`` is the list's filter as an address has it. Whoever prepares the file holds the row
    until ``claimed_until``; ``row_count`` is how many rows it has so far.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    format = models.CharField(max_length=4, choices=[(one.value, one.name) for one in ExportFormat])
    query = models.CharField(max_length=2000, blank=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    submissions = models.ManyToManyField(Submission, through="ExportedSubmission")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(format__in=[one.value for one in ExportFormat]),
                name="export_format_known",
            ),
            models.CheckConstraint(
                condition=Q(ready_at__isnull=True) | Q(failed_at__isnull=True),
                name="export_ready_or_failed",
            ),
            models.CheckConstraint(
                condition=UNFINISHED | Q(expires_at__isnull=False),
                name="export_finished_expires",
            ),
        ]

    def __str__(self):
        return str(self.key)

    @property
    def state(self) -> ExportState:
        """How far it is; a preparation that stopped midway is still one."""
        if self.ready_at:
            return ExportState.READY
        if self.failed_at:
            return ExportState.FAILED
        return ExportState.PREPARING if self.started_at else ExportState.WAITING

    def storage_names(self) -> list[str]:
        """Where the file of each attempt is stored, if anywhere; the last is the finished one's."""
        return [f"exports/{self.key.hex}-{number}" for number in range(1, self.attempts + 1)]


class ExportedSubmission(models.Model):
    """A submission that stands in a file: whoever loses sight of it loses the file."""

    export = models.ForeignKey(Export, models.CASCADE)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["export", "submission"], name="exported_once")
        ]

    def __str__(self):
        return f"{self.submission_id} in {self.export_id}"
