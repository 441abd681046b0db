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
from reviews.models.coverage_criterion import CoverageCriterion, CriterionVersion
from reviews.models.declaration import Declaration, RecusalQuestion
from reviews.models.determination import (
    Consultation,
    Determination,
    DeterminationCriterion,
    DeterminationResponse,
)
from reviews.models.discussion import Post, PostAttachment, PostMention, PostVersion, Thread
from reviews.models.document import Document, DocumentVersion
from reviews.models.export import Export, ExportedSubmission
from reviews.models.gateway import Gateway, GatewayComparison, GatewaySignal
from reviews.models.grant_extension import GrantExtension
from reviews.models.grant_suspension import GrantSuspension
from reviews.models.grant_user import GrantUser
from reviews.models.heartbeat import Heartbeat
from reviews.models.information_request import (
    InformationRequest,
    RequestAnswer,
    RequestParty,
)
from reviews.models.notice import Notice, NoticeChoice
from reviews.models.package import Package
from reviews.models.partner_terms import PartnerTerms, TermsAcceptance
from reviews.models.permissions import SubmissionGroupObjectPermission
from reviews.models.preliminary_letter import LetterEntry, PreliminaryLetter
from reviews.models.private_note import PrivateNote
from reviews.models.report import Report
from reviews.models.saved_filter import SavedFilter
from reviews.models.submission import ModelVersion, Submission
from reviews.models.upload import Upload

__all__ = [
    "AccessGrant",
    "AgencyPosition",
    "AgencyReview",
    "Assignment",
    "CalendarFeed",
    "Coauthor",
    "Consultation",
    "CoverageCriterion",
    "CriterionVersion",
    "Declaration",
    "Determination",
    "DeterminationCriterion",
    "DeterminationResponse",
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
    "InformationRequest",
    "LetterEntry",
    "ModelVersion",
    "Notice",
    "NoticeChoice",
    "Package",
    "PartnerTerms",
    "Post",
    "PostAttachment",
    "PostMention",
    "PostVersion",
    "PreliminaryLetter",
    "PrivateNote",
    "Rating",
    "Recusal",
    "RecusalQuestion",
    "Report",
    "RequestAnswer",
    "RequestParty",
    "SavedFilter",
    "Submission",
    "SubmissionGroupObjectPermission",
    "TermsAcceptance",
    "Thread",
    "Upload",
]
