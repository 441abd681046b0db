from reviews.models.access_grant import AccessGrant
from reviews.models.agency_review import (
    AgencyPosition,
    AgencyReview,
    Assignment,
    Rating,
    Recusal,
)
from reviews.models.determination import Consultation, Determination
from reviews.models.document import Document, DocumentVersion
from reviews.models.notice import Notice
from reviews.models.package import Package
from reviews.models.permissions import SubmissionGroupObjectPermission
from reviews.models.report import Report
from reviews.models.submission import ModelVersion, Submission

__all__ = [
    "AccessGrant",
    "AgencyPosition",
    "AgencyReview",
    "Assignment",
    "Consultation",
    "Determination",
    "Document",
    "DocumentVersion",
    "ModelVersion",
    "Notice",
    "Package",
    "Rating",
    "Recusal",
    "Report",
    "Submission",
    "SubmissionGroupObjectPermission",
]
