"""Notices: the outbox. A row commits with its cause and is delivered after."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.access_grant import AccessGrant
from reviews.models.submission import Submission


class NoticeKind(StrEnum):
    """What a notice says; the texts are in reviews/emails.py."""

    FILED_RECEIPT = "filed_receipt"
    SUBMISSION_FILED = "submission_filed"
    WINDOW_SHORTENED = "window_shortened"
    WITHDRAWN = "withdrawn"
    CONCLUDED = "concluded"
    WINDOW_ENDED = "window_ended"
    MIDPOINT = "midpoint"
    ENDS_IN_7_DAYS = "ends_in_7_days"
    ENDS_IN_3_DAYS = "ends_in_3_days"
    ENDS_IN_1_DAY = "ends_in_1_day"
    ASSIGNED = "assigned"
    REVIEW_FILED = "review_filed"
    POSITION_FILED = "position_filed"
    CONSULTATION_REQUESTED = "consultation_requested"
    SIGNATURE_NEEDED = "signature_needed"
    DETERMINATION_ISSUED = "determination_issued"
    GRANT_REQUESTED = "grant_requested"
    GRANT_DECLINED = "grant_declined"
    GRANT_CONSENTED = "grant_consented"
    GRANT_AUTHORIZED = "grant_authorized"
    GRANT_REVOKED = "grant_revoked"


class Notice(models.Model):
    """One thing that one person is told, once: unique on ``key``.

    ``due_at`` is the point in the window that it belongs to, never the day of sending.
    Waiting while none of ``sent_at``, ``skipped_at``, ``dead_at`` is set.
    """

    key = models.CharField(max_length=200, unique=True)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(
        max_length=30, choices=[(kind.value, kind.value) for kind in NoticeKind]
    )
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="notices")
    grant = models.ForeignKey(AccessGrant, models.CASCADE, null=True, related_name="notices")
    due_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    skipped_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at", "id"],
                name="notice_waiting",
                condition=Q(sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True),
            )
        ]

    def __str__(self):
        return self.key
