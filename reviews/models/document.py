"""Documents: named things with kept versions, each version one file in quarantine or clean."""

import uuid
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Organization
from reviews.models.submission import Submission, sha256_format


class DocumentKind(StrEnum):
    MODEL_CARD = "model_card"
    RISK_ASSESSMENT = "risk_assessment"
    EVALUATION_REPORT = "evaluation_report"
    THIRD_PARTY_REPORT = "third_party_report"
    SAFETY_FRAMEWORK = "safety_framework"
    SAFEGUARDS = "safeguards"
    WEIGHT_SECURITY_PLAN = "weight_security_plan"
    USAGE_POLICY = "usage_policy"
    NONDISCLOSURE_TERMS = "nondisclosure_terms"
    OTHER = "other"

    @property
    def label(self):
        special = {
            "model_card": "System or model card",
            "third_party_report": "Third-party report",
            "safeguards": "Safeguards description",
            "weight_security_plan": "Weight-security plan",
        }
        return special.get(self, self.replace("_", " ").capitalize())


class Designation(StrEnum):
    """The lab's confidentiality designation."""

    CONFIDENTIAL_COMMERCIAL = "confidential_commercial"
    TRADE_SECRET = "trade_secret"  # noqa: S105 - a designation, not a password
    SECURITY_SENSITIVE = "security_sensitive"
    NONE = "none"

    @property
    def label(self):
        special = {
            "confidential_commercial": "Confidential commercial information",
            "none": "No confidentiality claimed",
        }
        return special.get(self, self.replace("_", " ").capitalize())


class ScanState(StrEnum):
    """What the scanner said. Only ``clean`` may be downloaded."""

    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"

    @property
    def label(self):
        return self.capitalize()


class FileWarning(StrEnum):
    """What a file holds that its readers are warned of; the codes are file_parser's."""

    MACROS = "macros"
    JAVASCRIPT = "javascript"
    EMBEDDED = "embedded"
    OUTSIDE = "outside"

    @property
    def label(self):
        return {
            "macros": "It holds macros. Do not enable them.",
            "javascript": "It holds scripts or starts programs. Open it without scripts.",
            "embedded": "Other files are inside it, which nobody has opened here.",
            "outside": "It fetches something from outside when it is opened. Open it offline.",
        }[self]


QUARANTINED = (ScanState.INFECTED, ScanState.UNSCANNABLE)


class Document(models.Model):
    """A document of a submission. ``restricted_to``, when not empty, is who may know of it."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="documents")
    kind = models.CharField(
        max_length=20, choices=[(kind.value, kind.label) for kind in DocumentKind]
    )
    title = models.CharField(max_length=200)
    designation = models.CharField(
        "confidentiality designation",
        max_length=24,
        choices=[(kind.value, kind.label) for kind in Designation],
    )
    restricted_to = models.ManyToManyField(
        Organization, through="DocumentRestriction", related_name="+", blank=True
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("reviews:document-detail", args=[self.key])


class DocumentRestriction(models.Model):
    """One agency that the lab lets open a restricted document."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="restrictions")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["document", "organization"], name="document_restriction_once"
            )
        ]

    def __str__(self):
        return f"{self.document_id} for {self.organization_id}"


class DocumentVersion(models.Model):
    """One uploaded file. Stored under a random key; the name is for display only."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    storage_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file_name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField("size in bytes")
    sha256 = models.CharField("SHA-256", max_length=64, validators=[sha256_format])
    warnings = models.CharField("what readers are warned of", max_length=100, blank=True)
    scan_state = models.CharField(
        max_length=12,
        choices=[(state.value, state.label) for state in ScanState],
        default=ScanState.WAITING,
    )
    scan_note = models.CharField(max_length=200, blank=True)
    scanned_at = models.DateTimeField(null=True)
    scanner = models.CharField("scanner and its signatures", max_length=100, blank=True)
    scan_attempts = models.PositiveIntegerField(default=0)
    next_scan_at = models.DateTimeField(null=True)
    scan_claimed_until = models.DateTimeField(null=True)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(
                fields=["uploaded_at", "id"],
                name="document_version_waiting",
                condition=Q(scan_state="waiting"),
            ),
            models.Index(
                fields=["-scanned_at", "-storage_key"],
                name="document_version_quarantined",
                condition=Q(scan_state__in=["infected", "unscannable"]),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "number"], name="document_version_once"),
            models.CheckConstraint(
                condition=Q(scan_state__in=[state.value for state in ScanState]),
                name="document_version_scan_state_known",
            ),
        ]

    def __str__(self):
        return f"{self.file_name}, version {self.number}"

    @property
    def cautions(self):
        """What readers are warned of, in sentences."""
        return [FileWarning(code).label for code in self.warnings.split(",") if code]

    @property
    def storage_name(self):
        """Where the bytes are in the documents storage."""
        text = self.storage_key.hex
        return f"{text[:2]}/{text}"

    def open(self) -> "File[Any]":
        """The stored bytes, open for reading. Only services.downloads may hand them on."""
        return storages["documents"].open(self.storage_name)
