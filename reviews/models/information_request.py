"""What agencies ask of a lab during a review, and what it answers (docs/domain.md section 5)."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse

from accounts.models import Organization
from reviews.models.document import Document
from reviews.models.submission import Submission
from reviews.models.words import who_and_when


class RequestState(StrEnum):
    """How far a request is at an instant."""

    DRAFT = "draft"
    DROPPED = "dropped"
    ASKED = "asked"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    TAKEN_BACK = "taken_back"
    UNANSWERED = "unanswered"

    @property
    def label(self):
        if self == "unanswered":
            return "No answer recorded"
        return self.replace("_", " ").capitalize()


class InformationRequestQuerySet(models.QuerySet):
    def drafts(self) -> "InformationRequestQuerySet":
        """Those that were neither issued nor dropped."""
        return self.filter(issued_at__isnull=True, taken_back_at__isnull=True)

    def outstanding(self, at: datetime) -> "InformationRequestQuerySet":
        """Those that the lab can answer at ``at`` and has not answered."""
        answers = RequestAnswer.objects.filter(request=OuterRef("pk"))
        return self.filter(
            ~Exists(answers),
            issued_at__isnull=False,
            taken_back_at__isnull=True,
            submission__opens_at__lte=at,
            submission__review_ends_at__gt=at,
        )


class InformationRequestManager(models.Manager.from_queryset(InformationRequestQuerySet)):
    def get_queryset(self):
        """Each with ``answered_at``, the instant of its first answer, None without one."""
        answers = RequestAnswer.objects.filter(request=OuterRef("pk")).order_by("answered_at")
        first = Subquery(answers.values("answered_at")[:1])
        return super().get_queryset().annotate(answered_at=first)


class InformationRequest(models.Model):
    """One question to the lab: a draft until ``issued_at``, and never edited after.

    ``agency`` drafted it and alone issues it or takes it back; it asks jointly with whoever
    joined. ``number`` counts what the lab was asked, so that it sees no gaps. ``revision``
    counts changes to the draft, so that a stale form is noticed.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="information_requests")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)
    subject = models.CharField(max_length=200)
    question = models.TextField()
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="follow_ups")
    number = models.PositiveIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    taken_back_reason = models.TextField(blank=True)

    objects = InformationRequestManager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            *who_and_when("information_request", ("issued", "taken_back")),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True, number__isnull=True, due_at__isnull=True)
                | Q(
                    issued_at__isnull=False,
                    number__isnull=False,
                    due_at__isnull=False,
                    due_at__gt=F("issued_at"),
                ),
                name="information_request_due_once_issued",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True)
                | Q(taken_back_at__isnull=True)
                | ~Q(taken_back_reason=""),
                name="information_request_taken_back_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["submission", "number"], name="information_request_number_once"
            ),
        ]

    def __str__(self):
        return f"{self.submission_id}: {self.number or 'draft'}"

    def get_absolute_url(self):
        return reverse("reviews:rfi-detail", args=[self.key])

    @property
    def is_draft(self) -> bool:
        """Whether it was neither issued nor dropped."""
        return self.issued_at is None and self.taken_back_at is None

    def deadline(self) -> datetime | None:
        """When an answer is due: as issued, or at the window's end if that is earlier now."""
        return self.due_at and min(self.due_at, self.submission.window()[1])

    def overdue_since(self) -> datetime | None:
        """From when on it is late while unanswered; None where the window ends first."""
        closes_at = self.submission.window()[1]
        return self.due_at if self.due_at and self.due_at < closes_at else None

    def outstanding_at(self, at: datetime) -> bool:
        """Whether the lab can answer it at ``at`` and has not; the one-row form."""
        return self.state_at(at) in (RequestState.ASKED, RequestState.OVERDUE)

    def state_at(self, at: datetime) -> RequestState:
        """How far it is at ``at``; for a row that was found by the manager."""
        if self.taken_back_at:
            return RequestState.TAKEN_BACK if self.issued_at else RequestState.DROPPED
        if self.issued_at is None:
            return RequestState.DRAFT
        if self.answered_at:
            return RequestState.ANSWERED
        if not self.submission.is_open(at):
            return RequestState.UNANSWERED
        late = self.overdue_since()
        return RequestState.OVERDUE if late and late <= at else RequestState.ASKED


class RequestParty(models.Model):
    """An agency that asks: the one that drafted the request, or one that joined it."""

    request = models.ForeignKey(InformationRequest, models.CASCADE, related_name="parties")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    joined_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["joined_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "agency"], name="request_party_once")
        ]

    def __str__(self):
        return f"{self.agency_id} in {self.request_id}"


class RequestAnswer(models.Model):
    """What the lab answered, in words or documents of the submission; never edited."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(InformationRequest, models.CASCADE, related_name="answers")
    text = models.TextField(blank=True)
    documents = models.ManyToManyField(Document, related_name="+", blank=True)
    answered_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["answered_at", "id"]

    def __str__(self):
        return f"{self.request_id}, {self.answered_at}"

    @property
    def submission_id(self) -> int:
        """The request's."""
        return self.request.submission_id
