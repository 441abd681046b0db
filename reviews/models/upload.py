"""Uploads: files on their way in, each as far as it has arrived, until it becomes a version."""

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reviews.models.submission import Submission


class Upload(models.Model):
    """A file that a lab is sending, of which the first ``received`` bytes are on the disk.

    ``writer`` is the connection that sends it now: a newer one takes its place. ``sha256`` is
    known once all has arrived. ``modified`` is what the browser says of the file's last change,
    so that it knows the same file again.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="uploads")
    file_name = models.CharField(max_length=255)
    modified = models.CharField(max_length=20, blank=True)
    size = models.PositiveBigIntegerField("size in bytes")
    received = models.PositiveBigIntegerField("bytes received", default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    writer = models.UUIDField(null=True)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["begun_at", "id"]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="upload_expires")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(received__lte=F("size")), name="upload_within_its_size"
            ),
            models.CheckConstraint(
                condition=Q(sha256="") | Q(received=F("size")), name="upload_hashed_when_complete"
            ),
        ]

    def __str__(self):
        return f"{self.file_name}, {self.received} of {self.size} bytes"

    @property
    def complete(self) -> bool:
        """Whether all of it has arrived and is hashed."""
        return bool(self.sha256)

    @property
    def percent(self) -> int:
        """How much of it has arrived, rounded down."""
        return 100 * self.received // self.size

    @property
    def path(self) -> Path:
        """Where its bytes are: on a disk that web processes and the worker of scans share."""
        return Path(settings.UPLOADS_DIR) / self.key.hex
