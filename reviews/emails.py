"""What notices say. Never a lab, a model or any content: that something waits, and a link.

See docs/domain.md section 3, invariant 14. Every mail carries the statement of the
order's section 3(c).
"""

import zoneinfo
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import dateformat
from django.utils.crypto import salted_hmac

from reviews.models import Notice
from reviews.models.notice import NoticeKind

NO_LICENCE = (
    "Nothing in Foreview approves, denies or holds a release. Taking part is voluntary "
    "(Executive Order 14409, section 3(c))."
)

# (subject, sentence); {end} is the exact end of the window in the reader's zone.
TEXTS = {
    NoticeKind.FILED_RECEIPT: (
        "Your submission is filed",
        "Your submission is filed and its review window is open. It ends on {end}.",
    ),
    NoticeKind.SUBMISSION_FILED: (
        "A new submission",
        "A new submission is open for review. Its window ends on {end}.",
    ),
    NoticeKind.WINDOW_SHORTENED: (
        "A review window now ends earlier",
        "The lab shortened a review window that you follow. It now ends on {end}.",
    ),
    NoticeKind.WITHDRAWN: (
        "A submission was withdrawn",
        "A submission that you follow was withdrawn. All access to its documents and model "
        "has ended.",
    ),
    NoticeKind.CONCLUDED: (
        "A review concluded",
        "A review that you follow concluded and its report is issued. All access to the lab's "
        "documents and model has ended.",
    ),
    NoticeKind.WINDOW_ENDED: (
        "A review window ended",
        "A review window that you follow ended on {end}. All access to the lab's documents and "
        "model has ended.",
    ),
    NoticeKind.MIDPOINT: (
        "A review window is at its midpoint",
        "A review window that you follow has reached its midpoint. It ends on {end}.",
    ),
    NoticeKind.ENDS_IN_7_DAYS: (
        "A review window ends within 7 days",
        "A review window that you follow ends on {end}. See what is outstanding.",
    ),
    NoticeKind.ENDS_IN_3_DAYS: (
        "A review window ends within 3 days",
        "A review window that you follow ends on {end}. See what is outstanding.",
    ),
    NoticeKind.ENDS_IN_1_DAY: (
        "A review window ends within 1 day",
        "A review window that you follow ends on {end}. See what is outstanding.",
    ),
    NoticeKind.ASSIGNED: (
        "A review is assigned to you",
        "Your lead assigned a review to you. The window ends on {end}.",
    ),
    NoticeKind.REVIEW_FILED: (
        "A review was filed",
        "A reviewer of your agency filed a review.",
    ),
    NoticeKind.POSITION_FILED: (
        "An agency filed its position",
        "An agency filed its position on a submission that you follow.",
    ),
    NoticeKind.CONSULTATION_REQUESTED: (
        "Your consultation is asked for",
        "NSA asks for your office's consultation on a submission. The window ends on {end}.",
    ),
    NoticeKind.SIGNATURE_NEEDED: (
        "A determination waits for a second signer",
        "A determination waits for a second signer. The window ends on {end}.",
    ),
    NoticeKind.DETERMINATION_ISSUED: (
        "A determination was issued",
        "A determination was issued on a submission that you follow.",
    ),
    NoticeKind.GRANT_REQUESTED: (
        "A request for access waits for your lab",
        "An agency asks for access to a model of your lab. Consent or decline.",
    ),
    NoticeKind.GRANT_DECLINED: (
        "A request for access was declined",
        "The lab declined a request for access that you made.",
    ),
    NoticeKind.GRANT_CONSENTED: (
        "A request for access waits for an administrator",
        "A lab consented to a request for access. It waits for an administrator.",
    ),
    NoticeKind.GRANT_AUTHORIZED: (
        "Access was authorized",
        "A request for access that you are a party to was authorized.",
    ),
    NoticeKind.GRANT_REVOKED: (
        "Access, or a request for it, has ended",
        "Access that you are a party to, or a request for it, was revoked or taken back.",
    ),
}


def compose(notice: Notice, connection: Any = None) -> EmailMessage:
    """The message for one notice. Its Message-ID is the same however often it is sent."""
    subject, sentence = TEXTS[NoticeKind(notice.kind)]
    body = "\n\n".join(
        [
            sentence.format(end=_end(notice)),
            f"Open it: {settings.SITE_URL}{_path(notice)}",
            NO_LICENCE,
            "You get this mail because of your seat in Foreview. Please do not reply.",
        ]
    )
    return EmailMessage(
        subject=f"Foreview: {subject}",
        body=body + "\n",
        to=[notice.recipient.email],
        connection=connection,
        headers={
            "Message-ID": _message_id(notice),
            "Auto-Submitted": "auto-generated",
        },
    )


def _message_id(notice: Notice) -> str:
    # A row's number would tell how much mail others get.
    name = salted_hmac("notice", notice.key, algorithm="sha256").hexdigest()[:32]
    return f"<{name}@{urlsplit(settings.SITE_URL).hostname}>"


def _path(notice: Notice) -> str:
    if notice.grant is not None:
        return reverse("reviews:grant-detail", args=[notice.grant.key])
    return reverse("reviews:submission-detail", args=[notice.submission.reference])


def _end(notice: Notice) -> str:
    closes_at = notice.submission.closes_at
    if closes_at is None:
        return ""
    local = closes_at.astimezone(zoneinfo.ZoneInfo(notice.recipient.zone))
    return dateformat.format(local, "F j, Y, g:i a T")
