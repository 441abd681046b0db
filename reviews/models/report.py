"""The final report to the lab: that it was issued, when, and the lab's response."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.submission import Submission


class Report(models.Model):
    """The report exists from ``issued_at``. Its content is what agencies had filed by then.

    ``content`` is written with the row and never changed; services/report_content.py says what
    is in it. ``issued_by`` is empty when the end of the window issued it.
    """

    submission = models.OneToOneField(Submission, models.CASCADE, primary_key=True)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    content = models.JSONField()
    response = models.TextField("the lab's response", blank=True)
    responded_at = models.DateTimeField(null=True)
    responded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(responded_at__isnull=True, responded_by__isnull=True)
                | Q(responded_at__isnull=False, responded_by__isnull=False),
                name="report_responded_who_and_when",
            )
        ]

    def __str__(self):
        return f"Report on {self.submission_id}"
