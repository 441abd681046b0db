"""Submissions as guardian's defaults would keep them: generic keys, no direct table."""

from typing import ClassVar

from django.db import models

from reviews.models import ModelVersion


class GenericSubmission(models.Model):
    """The portal's submissions, seen by a model that has no permission table of its own."""

    reference = models.CharField(max_length=20)
    model_version = models.ForeignKey(ModelVersion, models.DO_NOTHING, related_name="+")
    status = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    opens_at = models.DateTimeField(null=True)
    closes_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "reviews_submission"
        default_permissions = ("view", "change", "delete")
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self):
        return self.reference
