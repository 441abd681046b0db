from reviews.models.access_grant import AccessGrant
from reviews.models.agency_review import (
    AgencyPosition,
    AgencyReview,
    Assignment,
    Coauthor,
    Rating,
    Recusal,
)
from reviews.models.calendar_feed import CalendarFeed
from reviews.models.determination import Consultation, Determination
from reviews.models.document import Document, DocumentVersion
from reviews.models.export import Export, ExportedSubmission
from reviews.models.gateway import Gateway, GatewayComparison, GatewaySignal
from reviews.models.grant_extension import GrantExtension
from reviews.models.grant_suspension import GrantSuspension
from reviews.models.grant_user import GrantUser
from reviews.models.heartbeat import Heartbeat
from reviews.models.notice import Notice, NoticeChoice
from reviews.models.package import Package
from reviews.models.partner_terms import PartnerTerms, TermsAcceptance
from reviews.models.permissions import SubmissionGroupObjectPermission
from reviews.models.private_note import PrivateNote
from reviews.models.report import Report
from reviews.models.saved_filter import SavedFilter
from reviews.models.submission import ModelVersion, Submission

__all__ = [
    "AccessGrant",
    "AgencyPosition",
    "AgencyReview",
    "Assignment",
    "CalendarFeed",
    "Coauthor",
    "Consultation",
    "Determination",
    "Document",
    "DocumentVersion",
    "Export",
    "ExportedSubmission",
    "Gateway",
    "GatewayComparison",
    "GatewaySignal",
    "GrantExtension",
    "GrantSuspension",
    "GrantUser",
    "Heartbeat",
    "ModelVersion",
    "Notice",
    "NoticeChoice",
    "Package",
    "PartnerTerms",
    "PrivateNote",
    "Rating",
    "Recusal",
    "Report",
    "SavedFilter",
    "Submission",
    "SubmissionGroupObjectPermission",
    "TermsAcceptance",
]
