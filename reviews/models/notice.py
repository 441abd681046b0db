"""Notices: outbox and inbox in one. A row commits with its cause and is delivered after."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.access_grant import AccessGrant
from reviews.models.information_request import InformationRequest
from reviews.models.outgoing import Outgoing
from reviews.models.submission import Submission


class NoticeKind(StrEnum):
    """What a notice of something that happened says; the texts are in reviews/emails.py.

    A reminder's kind is named where its series is declared, in services/reminders.py.
    """

    FILED_RECEIPT = "filed_receipt"
    SUBMISSION_FILED = "submission_filed"
    WINDOW_SHORTENED = "window_shortened"
    WITHDRAWN = "withdrawn"
    CONCLUDED = "concluded"
    FILE_QUARANTINED = "file_quarantined"
    WINDOW_ENDED = "window_ended"
    ASSIGNED = "assigned"
    COAUTHOR_ADDED = "coauthor_added"
    REVIEWER_LEFT = "reviewer_left"
    REVIEW_FILED = "review_filed"
    POSITION_FILED = "position_filed"
    LETTER_ISSUED = "letter_issued"
    CONSULTATION_REQUESTED = "consultation_requested"
    SIGNATURE_NEEDED = "signature_needed"
    DETERMINATION_ISSUED = "determination_issued"
    DETERMINATION_SHARED = "determination_shared"
    THREAD_OPENED = "thread_opened"
    POSTED = "posted"
    MENTIONED = "mentioned"
    GRANT_REQUESTED = "grant_requested"
    GRANT_DECLINED = "grant_declined"
    GRANT_CONSENTED = "grant_consented"
    GRANT_NARROWED = "grant_narrowed"
    GRANT_AUTHORIZED = "grant_authorized"
    PARTNER_PROPOSED = "partner_proposed"
    TERMS_TO_ACCEPT = "terms_to_accept"
    TERMS_ACCEPTED = "terms_accepted"
    TERMS_SUPERSEDED = "terms_superseded"
    EXTENSION_REQUESTED = "extension_requested"
    EXTENSION_CONSENTED = "extension_consented"
    EXTENSION_DECLINED = "extension_declined"
    GRANT_EXTENDED = "grant_extended"
    GRANT_SUSPENDED = "grant_suspended"
    GRANT_RESUMED = "grant_resumed"
    GRANT_REVOKED = "grant_revoked"
    GATEWAY_UNREACHED = "gateway_unreached"
    GATEWAY_DIFFERS = "gateway_differs"
    INFORMATION_REQUEST_DRAFTED = "information_request_drafted"
    INFORMATION_REQUESTED = "information_requested"
    INFORMATION_ANSWERED = "information_answered"
    INFORMATION_REQUEST_TAKEN_BACK = "information_request_taken_back"


class Delivery(StrEnum):
    """How a notice leaves the portal; in the inbox it stands in any case."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"
    MUTED = "muted"

    @property
    def label(self):
        return {
            "immediate": "A mail at once",
            "digest": "In one mail a day",
        }.get(self, "No mail, only the inbox")


class Topic(StrEnum):
    """What a person chooses a delivery for, once for all kinds of the topic.

    What has legal meaning is mailed at once, whatever anybody chose.
    """

    LEGAL = "legal"
    REQUESTS = "requests"
    REMINDERS = "reminders"
    ACTIVITY = "activity"

    @property
    def label(self):
        return {
            "legal": "Windows and access: opened, changed, ended; files in quarantine",
            "requests": "What others ask of you",
            "reminders": "Reminders",
        }.get(self, "What others filed")

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """What may be chosen for it."""
        return {
            Topic.LEGAL: (Delivery.IMMEDIATE,),
            Topic.REQUESTS: (Delivery.IMMEDIATE, Delivery.DIGEST),
        }.get(self, tuple(Delivery))


# Reminders that go on to administrators, who see of a submission only that it exists.
ESCALATED_UNASSIGNED = "nobody_assigned_still"
ESCALATED_IDLE = "no_activity_still"
ESCALATIONS = (ESCALATED_UNASSIGNED, ESCALATED_IDLE)
OF_DISCUSSION = (NoticeKind.THREAD_OPENED, NoticeKind.POSTED, NoticeKind.MENTIONED)


class NoticeQuerySet(models.QuerySet):
    def standing(self) -> "NoticeQuerySet":
        """Those that the inbox shows: no later fact has made them pointless."""
        return self.filter(skipped_at__isnull=True)

    def unread(self) -> "NoticeQuerySet":
        """Those of them that their recipient has not marked as read."""
        return self.standing().filter(read_at__isnull=True)

    def undelivered(self) -> "NoticeQuerySet":
        """Mail that a server refused for good, or that came back."""
        return self.filter(Q(dead_at__isnull=False) | Q(bounced_at__isnull=False))


class Notice(Outgoing):
    """One thing that one person is told, once: unique on ``key``.

    ``due_at`` is the point in the window that it belongs to, never the day of sending. Mail
    waits while none of ``sent_at``, ``skipped_at``, ``dead_at`` is set, unless it is muted;
    ``waiting_since`` is when it should first have left, or was last queued again.
    ``reference`` names it outside the portal: its Message-ID. ``digest_for`` is the day, in
    the recipient's zone, whose one mail it is part of. A delegate's copy says
    ``on_behalf_of`` whom.
    """

    key = models.CharField(max_length=200, unique=True)
    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    kind = models.CharField(max_length=40)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="notices")
    grant = models.ForeignKey(AccessGrant, models.CASCADE, null=True, related_name="notices")
    information_request = models.ForeignKey(
        InformationRequest, models.CASCADE, null=True, related_name="+"
    )
    delivery = models.CharField(
        max_length=9,
        choices=[(delivery.value, delivery.label) for delivery in Delivery],
        default=Delivery.IMMEDIATE.value,
    )
    digest_for = models.DateField(null=True)
    due_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    skipped_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at", "id"],
                name="notice_waiting",
                condition=Q(sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True)
                & ~Q(delivery="muted"),
            ),
            models.Index(
                fields=["waiting_since"],
                name="notice_unsent",
                condition=Q(sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True)
                & ~Q(delivery="muted"),
            ),
            models.Index(
                fields=["recipient", "digest_for", "id"],
                name="notice_of_digest",
                condition=Q(sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True)
                & Q(digest_for__isnull=False),
            ),
            models.Index(
                fields=["recipient", "-queued_at", "-reference"],
                name="notice_inbox",
                condition=Q(skipped_at__isnull=True),
            ),
            models.Index(
                fields=["recipient"],
                name="notice_unread",
                condition=Q(skipped_at__isnull=True, read_at__isnull=True),
            ),
            models.Index(
                fields=["-queued_at", "-reference"],
                name="notice_undelivered",
                condition=Q(dead_at__isnull=False) | Q(bounced_at__isnull=False),
            ),
            models.Index(fields=["kind", "submission", "due_at"], name="notice_of_point"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(delivery="digest", digest_for__isnull=False)
                | ~Q(delivery="digest") & Q(digest_for__isnull=True),
                name="notice_digest_has_its_day",
            ),
        ]

    def __str__(self):
        return self.key


class NoticeChoice(models.Model):
    """How one person wants the notices of one topic; without a row, at once."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_choices"
    )
    topic = models.CharField(max_length=10, choices=[(topic.value, topic.label) for topic in Topic])
    delivery = models.CharField(
        max_length=9, choices=[(delivery.value, delivery.label) for delivery in Delivery]
    )

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "topic"], name="notice_choice_once"),
            models.CheckConstraint(
                condition=Q(topic="requests", delivery__in=["immediate", "digest"])
                | Q(topic__in=["reminders", "activity"]),
                name="notice_choice_allowed",
            ),
        ]

    def __str__(self):
        return f"{self.person_id}: {self.topic} {self.delivery}"
