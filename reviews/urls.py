"""Home, submissions and all that belongs to them. A name is ``noun-verb``."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from reviews.models.discussion import Audience
from reviews.views import (
    access_grants,
    agency_reviews,
    assignments,
    attachments,
    bulk_revocation,
    calendar,
    closeouts,
    criteria,
    declarations,
    determinations,
    discretion,
    discussion,
    documents,
    drafting,
    gateways,
    grant_timeline,
    health,
    home,
    information_requests,
    letters,
    lifecycle,
    notices,
    partners,
    past_access,
    private_notes,
    reports,
    reviewing,
    submissions,
    tracking,
)


class ReferenceConverter(StringConverter):
    """A submission's public reference; any other text names no page."""

    regex = "FV(?:-[0-9A-Z]{4}){3}"


class AudienceConverter(StringConverter):
    """Who is to read a thread; any other text names no page."""

    regex = "|".join(Audience)


register_converter(ReferenceConverter, "ref")
register_converter(AudienceConverter, "audience")
app_name = "reviews"
urlpatterns = [
    path("", home.home, name="home"),
    path("submissions/", submissions.submission_list, name="submission-list"),
    path("submissions/new/", drafting.submission_create, name="submission-create"),
    path(
        "submissions/<ref:reference>/",
        submissions.submission_detail,
        name="submission-detail",
    ),
    path(
        "submissions/<ref:reference>/package/",
        submissions.package_detail,
        name="package-detail",
    ),
    path(
        "submissions/<ref:reference>/history/",
        submissions.submission_history,
        name="submission-history",
    ),
    path(
        "submissions/<ref:reference>/edit/<slug:step>/",
        drafting.submission_edit,
        name="submission-edit",
    ),
    path(
        "submissions/<ref:reference>/openings/",
        submissions.opening_list,
        name="opening-list",
    ),
    path("submissions/<ref:reference>/file/", lifecycle.submission_file, name="submission-file"),
    path(
        "submissions/<ref:reference>/shorten/",
        lifecycle.submission_shorten,
        name="submission-shorten",
    ),
    path(
        "submissions/<ref:reference>/withdraw/",
        lifecycle.submission_withdraw,
        name="submission-withdraw",
    ),
    path(
        "submissions/<ref:reference>/documents/",
        documents.document_list,
        name="document-list",
    ),
    path(
        "submissions/<ref:reference>/documents/new/",
        documents.document_add,
        name="document-add",
    ),
    path("documents/<uuid:key>/", documents.document_detail, name="document-detail"),
    path("documents/<uuid:key>/new-version/", documents.version_add, name="version-add"),
    path("documents/<uuid:key>/restrict/", documents.document_restrict, name="document-restrict"),
    path(
        "documents/<uuid:key>/<int:number>/download/",
        documents.version_download,
        name="version-download",
    ),
    path(
        "documents/<uuid:key>/<int:number>/pages/<int:page>/",
        documents.version_detail,
        name="version-detail",
    ),
    path("submissions/<ref:reference>/reviews/", agency_reviews.review_list, name="review-list"),
    path(
        "submissions/<ref:reference>/reviews/assign/",
        assignments.review_assign,
        name="review-assign",
    ),
    path(
        "submissions/<ref:reference>/reviews/assign/end/",
        assignments.assignment_end,
        name="assignment-end",
    ),
    path(
        "submissions/<ref:reference>/reviews/accept/",
        assignments.assignment_accept,
        name="assignment-accept",
    ),
    path(
        "submissions/<ref:reference>/reviews/decline/",
        assignments.assignment_decline,
        name="assignment-decline",
    ),
    path(
        "submissions/<ref:reference>/declare/",
        declarations.declaration_file,
        name="declaration-file",
    ),
    path("questions/", declarations.question_list, name="question-list"),
    path("questions/new/", declarations.question_add, name="question-add"),
    path("questions/<uuid:key>/end/", declarations.question_end, name="question-end"),
    path("workload/", assignments.workload_list, name="workload-list"),
    path(
        "submissions/<ref:reference>/reviews/write/",
        reviewing.review_write,
        name="review-write",
    ),
    path("reviews/<uuid:key>/", reviewing.review_detail, name="review-detail"),
    path("reviews/<uuid:key>/changes/", reviewing.review_history, name="review-history"),
    path("reviews/<uuid:key>/coauthors/", reviewing.coauthor_choose, name="coauthor-choose"),
    path("submissions/<ref:reference>/reading/", documents.reading_list, name="reading-list"),
    path("submissions/<ref:reference>/notes/", private_notes.note_write, name="note-write"),
    path(
        "submissions/<ref:reference>/position/",
        agency_reviews.position_file,
        name="position-file",
    ),
    path(
        "submissions/<ref:reference>/recuse/",
        agency_reviews.review_recuse,
        name="review-recuse",
    ),
    path(
        "submissions/<ref:reference>/determination/",
        determinations.determination_detail,
        name="determination-detail",
    ),
    path(
        "submissions/<ref:reference>/determination/consultations/",
        determinations.consultation_request,
        name="consultation-request",
    ),
    path(
        "submissions/<ref:reference>/determination/consultation/",
        determinations.consultation_record,
        name="consultation-record",
    ),
    path(
        "submissions/<ref:reference>/determination/write/",
        determinations.determination_write,
        name="determination-write",
    ),
    path(
        "determinations/<uuid:key>/sign/",
        determinations.determination_sign,
        name="determination-sign",
    ),
    path(
        "determinations/<uuid:key>/share/",
        determinations.determination_share,
        name="determination-share",
    ),
    path(
        "determinations/<uuid:key>/respond/",
        determinations.determination_respond,
        name="determination-respond",
    ),
    path("criteria/", criteria.criterion_list, name="criterion-list"),
    path("criteria/propose/", criteria.criterion_propose, name="criterion-propose"),
    path("criteria/<uuid:key>/confirm/", criteria.criterion_confirm, name="criterion-confirm"),
    path("discretion/", discretion.discretion_list, name="discretion-list"),
    path("discretion/<uuid:key>/", discretion.discretion_detail, name="discretion-detail"),
    path(
        "submissions/<ref:reference>/requests/",
        information_requests.rfi_list,
        name="rfi-list",
    ),
    path(
        "submissions/<ref:reference>/requests/write/",
        information_requests.rfi_write,
        name="rfi-write",
    ),
    path("requests/<uuid:key>/", information_requests.rfi_detail, name="rfi-detail"),
    path("requests/<uuid:key>/edit/", information_requests.rfi_edit, name="rfi-edit"),
    path("requests/<uuid:key>/issue/", information_requests.rfi_issue, name="rfi-issue"),
    path("requests/<uuid:key>/join/", information_requests.rfi_join, name="rfi-join"),
    path("requests/<uuid:key>/answer/", information_requests.rfi_answer, name="rfi-answer"),
    path("requests/<uuid:key>/withdraw/", information_requests.rfi_withdraw, name="rfi-withdraw"),
    path("submissions/<ref:reference>/discussion/", discussion.thread_list, name="thread-list"),
    path(
        "submissions/<ref:reference>/discussion/new/",
        discussion.thread_choose,
        name="thread-choose",
    ),
    path(
        "submissions/<ref:reference>/discussion/new/<audience:heard_by>/",
        discussion.thread_create,
        name="thread-create",
    ),
    path("discussion/<uuid:key>/", discussion.thread_detail, name="thread-detail"),
    path("posts/<uuid:key>/edit/", discussion.post_edit, name="post-edit"),
    path("posts/<uuid:key>/history/", discussion.post_history, name="post-history"),
    path("submissions/<ref:reference>/report/", reports.report_detail, name="report-detail"),
    path("submissions/<ref:reference>/report/issue/", reports.report_issue, name="report-issue"),
    path(
        "submissions/<ref:reference>/report/respond/",
        reports.report_respond,
        name="report-respond",
    ),
    path(
        "submissions/<ref:reference>/report/report.pdf",
        reports.report_download,
        name="report-download",
    ),
    path("submissions/<ref:reference>/letter/", letters.letter_detail, name="letter-detail"),
    path("submissions/<ref:reference>/letter/file/", letters.letter_file, name="letter-file"),
    path("submissions/<ref:reference>/letter/issue/", letters.letter_issue, name="letter-issue"),
    path(
        "submissions/<ref:reference>/letter/letter.pdf",
        letters.letter_download,
        name="letter-download",
    ),
    path("access/", access_grants.grant_list, name="grant-list"),
    path(
        "submissions/<ref:reference>/access/",
        access_grants.submission_grants,
        name="submission-grants",
    ),
    path(
        "submissions/<ref:reference>/access/request/",
        access_grants.grant_request,
        name="grant-request",
    ),
    path(
        "submissions/<ref:reference>/access/propose/",
        partners.partner_propose,
        name="partner-propose",
    ),
    path("access/<uuid:key>/", access_grants.grant_detail, name="grant-detail"),
    path("access/board/", tracking.board_detail, name="board-detail"),
    path("access/timeline/", grant_timeline.timeline_detail, name="timeline-detail"),
    path("access/revoke/", bulk_revocation.grants_revoke, name="grants-revoke"),
    path("access/export.csv", tracking.grants_export, name="grants-export"),
    path("access/closeouts/", closeouts.closeout_list, name="closeout-list"),
    path("access/as-of/", past_access.past_list, name="past-list"),
    path("access/<uuid:key>/consent/", access_grants.grant_consent, name="grant-consent"),
    path("access/<uuid:key>/decline/", access_grants.grant_decline, name="grant-decline"),
    path("access/<uuid:key>/authorize/", access_grants.grant_authorize, name="grant-authorize"),
    path("access/<uuid:key>/accept/", access_grants.grant_accept, name="grant-accept"),
    path("terms/", partners.terms_list, name="terms-list"),
    path("terms/publish/", partners.terms_publish, name="terms-publish"),
    path("terms/<int:version>/", partners.terms_detail, name="terms-detail"),
    path("access/<uuid:key>/extend/", access_grants.grant_extend, name="grant-extend"),
    path(
        "access/<uuid:key>/extension/consent/",
        access_grants.extension_consent,
        name="extension-consent",
    ),
    path(
        "access/<uuid:key>/extension/decline/",
        access_grants.extension_decline,
        name="extension-decline",
    ),
    path(
        "access/<uuid:key>/extension/authorize/",
        access_grants.extension_authorize,
        name="extension-authorize",
    ),
    path(
        "access/<uuid:key>/extension/withdraw/",
        access_grants.extension_withdraw,
        name="extension-withdraw",
    ),
    path("access/<uuid:key>/recertify/", access_grants.grant_recertify, name="grant-recertify"),
    path("access/<uuid:key>/suspend/", access_grants.grant_suspend, name="grant-suspend"),
    path("access/<uuid:key>/resume/", access_grants.grant_resume, name="grant-resume"),
    path("access/<uuid:key>/revoke/", access_grants.grant_revoke, name="grant-revoke"),
    path("access/<uuid:key>/use/", access_grants.grant_use, name="grant-use"),
    path("access/<uuid:key>/attest/", access_grants.grant_attest, name="grant-attest"),
    path("gateways/", gateways.gateway_list, name="gateway-list"),
    path("gateways/new/", gateways.gateway_add, name="gateway-add"),
    path("gateways/<uuid:key>/", gateways.gateway_detail, name="gateway-detail"),
    path("gateways/<uuid:key>/revoke/", gateways.gateway_revoke, name="gateway-revoke"),
    path("gateways/<uuid:key>/again/", gateways.signal_requeue, name="signal-requeue"),
    path("gateways/<uuid:key>/compare/", gateways.comparison_add, name="comparison-add"),
    path(
        "gateways/<uuid:key>/compare/<uuid:comparison>/",
        gateways.comparison_detail,
        name="comparison-detail",
    ),
    path("gateways/current/<str:token>.jws", gateways.gateway_download, name="gateway-download"),
    path(".well-known/jwks.json", gateways.key_list, name="key-list"),
    path("notices/", notices.notice_list, name="notice-list"),
    path("notices/<uuid:reference>/", notices.notice_detail, name="notice-detail"),
    path("notices/read/", notices.notice_read, name="notice-read"),
    path("notices/undelivered/", notices.delivery_list, name="delivery-list"),
    path("notices/undelivered/again/", notices.delivery_requeue, name="delivery-requeue"),
    path("calendar/", calendar.agenda_list, name="agenda-list"),
    path("calendar/day/", calendar.agenda_detail, name="agenda-detail"),
    path("calendar/feed/", calendar.feed_detail, name="feed-detail"),
    path("calendar/feed/new/", calendar.feed_create, name="feed-create"),
    path("calendar/feed/revoke/", calendar.feed_revoke, name="feed-revoke"),
    path("calendar/feed/<str:token>.ics", calendar.feed_download, name="feed-download"),
    path("notices/settings/", notices.delivery_choose, name="delivery-choose"),
    path("notices/mute/<str:token>/", notices.topic_mute, name="topic-mute"),
    path("health/", health.health_detail, name="health-detail"),
    path("attachments/", attachments.attachment_list, name="attachment-list"),
    path("attachments/<ref:reference>/", attachments.attachment_edit, name="attachment-edit"),
]
