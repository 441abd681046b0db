"""What agencies write: assignments, reviews, positions, recusals (docs/domain.md section 5)."""

import uuid
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.models import Organization
from accounts.roles import Role
from reviews.models.autosaved import Autosaved
from reviews.models.document import Document
from reviews.models.package import AccessLevel
from reviews.models.submission import Submission


class Criterion(StrEnum):
    """The rubric's seven lines."""

    VULNERABILITY_DISCOVERY = "vulnerability_discovery"
    EXPLOIT_DEVELOPMENT = "exploit_development"
    AUTONOMOUS_OPERATION = "autonomous_operation"
    CRITICAL_INFRASTRUCTURE_UPLIFT = "critical_infrastructure_uplift"
    SAFEGUARD_ROBUSTNESS = "safeguard_robustness"
    WEIGHT_AND_ACCESS_SECURITY = "weight_and_access_security"
    ELICITATION_ADEQUACY = "elicitation_adequacy"

    @property
    def label(self):
        if self == "critical_infrastructure_uplift":
            return "Critical-infrastructure uplift"
        return self.replace("_", " ").capitalize()


class Confidence(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def label(self):
        return self.capitalize()


class Outcome(StrEnum):
    """What an agency's position may be. Silence is none of these: "no view recorded"."""

    NO_CONCERNS_RECORDED = "no_concerns_recorded"
    CONCERNS_RECORDED = "concerns_recorded"
    MITIGATIONS_SUGGESTED = "mitigations_suggested"
    RECUSED = "recused"

    @property
    def label(self):
        return self.replace("_", " ").capitalize()


class AssignmentQuerySet(models.QuerySet):
    def in_force(self) -> "AssignmentQuerySet":
        """Those that the reviewer has not declined and no lead has ended."""
        return self.filter(declined_at__isnull=True, ended_at__isnull=True)

    def unfinished(self) -> "AssignmentQuerySet":
        """Those in force whose reviewer has filed nothing."""
        filed = AgencyReview.objects.written_by(OuterRef("reviewer")).filter(
            submission=OuterRef("submission"),
            agency=OuterRef("agency"),
            filed_at__isnull=False,
        )
        return self.in_force().filter(~Exists(filed))

    def still_reviewing(self) -> "AssignmentQuerySet":
        """Those in force whose reviewer still has her seat at the agency and is not recused."""
        held = {"group__seat__role": Role.REVIEWER, "group__seat__organization": OuterRef("agency")}
        members = get_user_model().groups.through.objects.filter(user=OuterRef("reviewer"), **held)
        recused = Recusal.objects.filter(
            submission=OuterRef("submission"), person=OuterRef("reviewer")
        )
        return self.in_force().filter(Exists(members), ~Exists(recused), reviewer__is_active=True)


class Assignment(models.Model):
    """A lead made a reviewer of her agency responsible for a review, for the last time so far.

    She may accept it or decline it; one that she has not answered is as good as accepted. A lead
    may end it. What was before is in the audit log.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="assignments")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="assignments")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments"
    )
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    decline_reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "agency", "reviewer"], name="assignment_once"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(declined_at__isnull=True),
                name="assignment_one_answer",
            ),
            models.CheckConstraint(
                condition=Q(decline_reason="") | Q(declined_at__isnull=False),
                name="assignment_reason_of_declining",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="assignment_ended_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.reviewer_id} on {self.submission_id}"

    def is_in_force(self) -> bool:
        """Whether the reviewer has not declined it and no lead has ended it."""
        return self.declined_at is None and self.ended_at is None


class Recusal(models.Model):
    """A person who must not touch a submission. Blocks every access to it, from any seat."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="recusals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="recusals")
    reason = models.TextField(blank=True)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "person"], name="recusal_once")
        ]

    def __str__(self):
        return f"{self.person_id} from {self.submission_id}"


class AgencyReviewQuerySet(models.QuerySet):
    def written_by(self, person: Any) -> "AgencyReviewQuerySet":
        """Those that the person wrote, alone or with others; a row may come twice."""
        return self.filter(Q(author=person) | Q(coauthors__person=person))


class AgencyReview(Autosaved):
    """One version of a reviewer's review. A draft until ``filed_at``; never edited after.

    A draft that the end finds unfiled stays as it is: sealed, and never counted as a view.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="agency_reviews")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True)
    access_level_used = models.CharField(
        max_length=3,
        choices=[(level.value, level.label) for level in AccessLevel],
        blank=True,
    )
    hours_spent = models.DecimalField(
        max_digits=6, decimal_places=1, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    limits = models.TextField("limits of this review", blank=True)
    concerns = models.TextField(blank=True)
    suggested_mitigations = models.TextField(blank=True)
    dissent = models.TextField(blank=True)
    external_reference = models.CharField(max_length=200, blank=True)
    no_conflict_declared = models.BooleanField(
        "I have no conflict of interest in this submission", default=False
    )
    evidence = models.ManyToManyField(
        Document, verbose_name="documents relied upon", related_name="+", blank=True
    )

    objects = AgencyReviewQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["agency__name", "author__name", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "agency", "author", "version"], name="review_version_once"
            ),
            models.UniqueConstraint(
                fields=["submission", "agency", "author"],
                condition=Q(filed_at__isnull=True),
                name="review_one_draft",
            ),
            models.CheckConstraint(
                condition=Q(filed_at__isnull=True) | Q(no_conflict_declared=True),
                name="review_filed_without_conflict",
            ),
        ]

    def __str__(self):
        return f"{self.agency_id} review {self.version} of {self.submission_id}"

    def get_absolute_url(self):
        return reverse("reviews:review-detail", args=[self.key])


class Coauthor(models.Model):
    """A colleague of the author's agency who writes this version of the review with her."""

    review = models.ForeignKey(AgencyReview, models.CASCADE, related_name="coauthors")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["person__name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["review", "person"], name="coauthor_once")
        ]

    def __str__(self):
        return f"{self.person_id} on {self.review_id}"


class Rating(models.Model):
    """One rubric line of a review: a score from 0 to 4, or not assessed."""

    review = models.ForeignKey(AgencyReview, models.CASCADE, related_name="ratings")
    criterion = models.CharField(
        max_length=32, choices=[(line.value, line.label) for line in Criterion]
    )
    score = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(4)]
    )
    confidence = models.CharField(
        max_length=6, choices=[(level.value, level.label) for level in Confidence], blank=True
    )
    evidence = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["review", "criterion"], name="rating_once"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=4), name="rating_0_to_4"
            ),
        ]

    def __str__(self):
        return f"{self.criterion}: {'not assessed' if self.score is None else self.score}"


class AgencyPosition(models.Model):
    """An agency's view, filed by its lead. A later version supersedes; none is edited."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="positions")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    outcome = models.CharField(
        max_length=24, choices=[(outcome.value, outcome.label) for outcome in Outcome]
    )
    summary = models.TextField("summary for the lab", blank=True)
    # Of part of the agency's reviewers, for agencies alone to read.
    dissent = models.TextField(blank=True)
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["agency__name", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "agency", "version"], name="position_version_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome.value for outcome in Outcome]),
                name="position_outcome_known",
            ),
        ]

    def __str__(self):
        return f"{self.agency_id}: {self.outcome}"
