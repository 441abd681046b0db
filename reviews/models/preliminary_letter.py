"""The preliminary-issues letter: what each agency files for it, and the letter once issued."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from reviews import clock
from reviews.models.submission import Submission

DUE_ON_DAY = 10


def letter_due_at(submission: Submission) -> datetime:
    """Day 10 of the submission's window, or its end if that is earlier."""
    return clock.point_of_day(*submission.window(), DUE_ON_DAY)


class LetterEntry(models.Model):
    """What one agency has the letter say: its issues so far, or that there are none so far.

    A later version supersedes; none is edited.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="letter_entries")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    text = models.TextField("issues so far", blank=True)
    nothing_so_far = models.BooleanField(default=False)
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["agency__name", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "agency", "version"], name="letter_entry_version_once"
            ),
            models.CheckConstraint(
                condition=Q(nothing_so_far=True, text="") | Q(nothing_so_far=False) & ~Q(text=""),
                name="letter_entry_issues_or_none",
            ),
        ]

    def __str__(self):
        return f"{self.agency_id}, {self.version}, on {self.submission_id}"


class PreliminaryLetter(models.Model):
    """The letter as the lab reads it, from ``issued_at`` on; nothing in it changes."""

    submission = models.OneToOneField(
        Submission, models.CASCADE, primary_key=True, related_name="letter"
    )
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    content = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"Letter on {self.submission_id}"
