"""What notices say. Never a lab, a model or any content: that something waits, and a link.

See docs/domain.md section 3, invariant 14. Every mail carries the statement of the
order's section 3(c).
"""

import secrets
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.policy import Compat32
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import dateformat
from django.utils.crypto import salted_hmac

from accounts.models import User
from reviews.models import Notice
from reviews.models.notice import ESCALATIONS, OF_DISCUSSION, Delivery, NoticeKind, Topic
from reviews.request_words import EVENTS as REQUEST_EVENTS
from reviews.wording import Wording as Wording

NO_LICENCE = (
    "Nothing in Foreview approves, denies or holds a release. Taking part is voluntary "
    "(Executive Order 14409, section 3(c))."
)
MUTING = "mute"
# Where a notice about a submission leads, when not to its overview.
PAGES: dict[str, str] = {NoticeKind.REVIEWER_LEFT: "review-assign"}


# {end} is the exact end of the window, or of the access, in the reader's zone; {lapse} is when
# access lapses unless it is recertified.
EVENTS = {
    NoticeKind.FILED_RECEIPT: Wording(
        Topic.LEGAL,
        "Your submission is filed",
        "Your submission is filed and its review window is open. It ends on {end}.",
    ),
    NoticeKind.SUBMISSION_FILED: Wording(
        Topic.LEGAL,
        "A new submission",
        "A new submission is open for review. Its window ends on {end}.",
    ),
    NoticeKind.WINDOW_SHORTENED: Wording(
        Topic.LEGAL,
        "A review window now ends earlier",
        "The lab shortened a review window that you follow. It now ends on {end}.",
    ),
    NoticeKind.WITHDRAWN: Wording(
        Topic.LEGAL,
        "A submission was withdrawn",
        "A submission that you follow was withdrawn. All access to its documents and model "
        "has ended.",
    ),
    NoticeKind.CONCLUDED: Wording(
        Topic.LEGAL,
        "A review concluded",
        "A review that you follow concluded and its report is issued. All access of agencies to "
        "the lab's documents and model has ended.",
    ),
    NoticeKind.WINDOW_ENDED: Wording(
        Topic.LEGAL,
        "A review window ended",
        "A review window that you follow ended on {end}. All access of agencies to the lab's "
        "documents and model has ended.",
    ),
    NoticeKind.ASSIGNED: Wording(
        Topic.REQUESTS,
        "A review is assigned to you",
        "Your lead assigned a review to you. The window ends on {end}.",
    ),
    NoticeKind.COAUTHOR_ADDED: Wording(
        Topic.REQUESTS,
        "A colleague asks you to write a review together",
        "A reviewer of your agency asks you to write a review together. The window ends on {end}.",
    ),
    NoticeKind.REVIEWER_LEFT: Wording(
        Topic.REQUESTS,
        "A reviewer left a review",
        "A reviewer whom your agency had assigned declined, or has a conflict of interest. See who "
        "else could be assigned: the window ends on {end}.",
    ),
    NoticeKind.REVIEW_FILED: Wording(
        Topic.ACTIVITY,
        "A review was filed",
        "A reviewer of your agency filed a review.",
    ),
    NoticeKind.POSITION_FILED: Wording(
        Topic.ACTIVITY,
        "An agency filed its position",
        "An agency filed its position on a submission that you follow.",
    ),
    NoticeKind.LETTER_ISSUED: Wording(
        Topic.LEGAL,
        "A preliminary-issues letter was issued",
        "The preliminary-issues letter on a submission that you follow was issued. The review "
        "goes on until {end}.",
    ),
    NoticeKind.CONSULTATION_REQUESTED: Wording(
        Topic.REQUESTS,
        "Your consultation is asked for",
        "NSA asks for your office's consultation on a submission. The window ends on {end}.",
    ),
    NoticeKind.SIGNATURE_NEEDED: Wording(
        Topic.REQUESTS,
        "A determination waits for a second signer",
        "A determination waits for a second signer. The window ends on {end}.",
    ),
    NoticeKind.DETERMINATION_ISSUED: Wording(
        Topic.LEGAL,
        "A determination was issued",
        "A determination was issued on a submission that you follow.",
    ),
    NoticeKind.DETERMINATION_SHARED: Wording(
        Topic.LEGAL,
        "A determination was shared with your lab",
        "A determination on a submission of your lab was shared with your lab. If an earlier one "
        "was, this one takes its place.",
    ),
    NoticeKind.THREAD_OPENED: Wording(
        Topic.ACTIVITY,
        "A discussion was opened",
        "A discussion that you can read was opened on a submission that you follow.",
    ),
    NoticeKind.POSTED: Wording(
        Topic.ACTIVITY,
        "A post in a discussion",
        "A post was added to a discussion that you can read.",
    ),
    NoticeKind.MENTIONED: Wording(
        Topic.REQUESTS,
        "A colleague asks you to read a post",
        "A colleague asks you to read a post in a discussion.",
    ),
    NoticeKind.GRANT_REQUESTED: Wording(
        Topic.REQUESTS,
        "A request for access waits for your lab",
        "An agency asks for access to a model of your lab, until {end}. Consent or decline.",
    ),
    NoticeKind.GRANT_DECLINED: Wording(
        Topic.LEGAL,
        "A request for access was declined",
        "The lab declined a request for access that you made.",
    ),
    NoticeKind.GRANT_CONSENTED: Wording(
        Topic.REQUESTS,
        "A request for access waits for an administrator",
        "A lab consented to a request for access until {end}. It waits for an administrator.",
    ),
    NoticeKind.GRANT_NARROWED: Wording(
        Topic.LEGAL,
        "A lab consented to less than was asked for",
        "The lab consented to a request for access that you are a party to, with less than was "
        "asked for. Once it is authorized, access ends on {end}.",
    ),
    NoticeKind.GRANT_AUTHORIZED: Wording(
        Topic.LEGAL,
        "Access was authorized",
        "A request for access that you are a party to was authorized. Access ends on {end}.",
    ),
    NoticeKind.PARTNER_PROPOSED: Wording(
        Topic.REQUESTS,
        "A trusted partner is proposed",
        "An agency proposes that a trusted partner be given access to a model until {end}. The "
        "government's agreement waits for an administrator.",
    ),
    NoticeKind.TERMS_TO_ACCEPT: Wording(
        Topic.REQUESTS,
        "Terms wait for your acceptance",
        "Both sides have agreed that your organization may use a model until {end}. Read the "
        "terms and accept them before access begins.",
    ),
    NoticeKind.TERMS_ACCEPTED: Wording(
        Topic.LEGAL,
        "A trusted partner accepted the terms",
        "A trusted partner accepted the terms of access that you are a party to. Access ends on "
        "{end}.",
    ),
    NoticeKind.TERMS_SUPERSEDED: Wording(
        Topic.LEGAL,
        "New terms wait for your acceptance",
        "The terms that your organization accepted are superseded. Access to a model lapses on "
        "{accept_by} unless the new ones are accepted before.",
    ),
    NoticeKind.EXTENSION_REQUESTED: Wording(
        Topic.REQUESTS,
        "A later end of access is asked for",
        "An agency asks that its access to a model of your lab last longer. It now ends on {end}. "
        "Consent or decline.",
    ),
    NoticeKind.EXTENSION_CONSENTED: Wording(
        Topic.REQUESTS,
        "A later end of access waits for an administrator",
        "A lab consented to a later end of access that now ends on {end}. It waits for an "
        "administrator.",
    ),
    NoticeKind.EXTENSION_DECLINED: Wording(
        Topic.LEGAL,
        "A later end of access was declined",
        "The lab declined a later end of access that you are a party to. It ends on {end}.",
    ),
    NoticeKind.GRANT_EXTENDED: Wording(
        Topic.LEGAL,
        "Access lasts longer",
        "Access that you are a party to was extended. It now ends on {end}.",
    ),
    NoticeKind.GRANT_SUSPENDED: Wording(
        Topic.LEGAL,
        "Access is suspended",
        "Access that you are a party to is suspended until whoever suspended it resumes it. Its "
        "end does not move: {end}.",
    ),
    NoticeKind.GRANT_RESUMED: Wording(
        Topic.LEGAL,
        "A suspension of access was lifted",
        "A suspension of access that you are a party to was lifted. Access ends on {end}.",
    ),
    NoticeKind.GRANT_REVOKED: Wording(
        Topic.LEGAL,
        "Access, or a request for it, has ended",
        "Access that you are a party to, or a request for it, was revoked or taken back.",
    ),
    NoticeKind.GATEWAY_UNREACHED: Wording(
        Topic.LEGAL,
        "A lab's gateway does not take what it is told",
        "A lab's gateway has not taken what it was told of access. Until it does, it may let in "
        "whose access has ended, or keep out whose access lives.",
    ),
    NoticeKind.GATEWAY_DIFFERS: Wording(
        Topic.LEGAL,
        "A lab's gateway and Foreview differ about access",
        "What a lab says that its gateway enforces is not what Foreview has on record about "
        "access.",
    ),
    **REQUEST_EVENTS,
}


class _Unfolded(Compat32):
    """Most headers are one short line, which the base would take apart and put together again."""

    def fold_binary(self, name: str, value: str) -> bytes:
        line = f"{name}: {value}"
        if len(line) <= (self.max_line_length or 0) and line.isascii() and line.isprintable():
            return f"{line}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


class Mail(EmailMultiAlternatives):
    """A mail whose boundary is not looked for in every line: nobody who writes one knows it."""

    def message(self, **_: Any) -> Any:
        """The mail as it goes on the wire."""
        composed = super().message()
        composed.policy = _Unfolded()
        composed.set_boundary(f"={secrets.token_hex(16)}")
        return composed

    def envelope(self) -> tuple[str, list[str], bytes]:
        """What is said to a mail server of it: the sender, the recipients and the content.

        Raises ValueError for an address or a text that cannot be said.
        """
        recipients = [_address_on_the_wire(one) for one in self.recipients()]
        content = self.message().as_bytes(linesep="\r\n")
        return _address_on_the_wire(self.from_email), recipients, content


@lru_cache(maxsize=1024)
def _address_on_the_wire(address: str) -> str:
    return cast(str, sanitize_address(address, "utf-8"))


@dataclass(frozen=True)
class Line:
    """A notice in its recipient's words: subject, sentence and where it leads."""

    subject: str
    sentence: str
    path: str


def line(notice: Notice, wording: Wording, sees: bool) -> Line:
    """What the notice says to its recipient; the same in her mail and in her inbox.

    ``sees`` tells whether she may see the submission, which decides where it leads.
    """
    sentence = wording.sentence.format(**_ends(notice))
    if notice.on_behalf_of is not None:
        sentence = f"For {notice.on_behalf_of.name}, who is away: {sentence}"
    return Line(wording.subject, sentence, address_of(notice, sees))


def compose(notice: Notice, wording: Wording, sees: bool) -> Mail:
    """The mail of one notice. Its Message-ID is the same however often it is sent."""
    said = line(notice, wording, sees)
    headers = {
        "Message-ID": _address(notice.reference.hex),
        # One thread a submission for each reader, whatever order its mails arrive in.
        "References": (thread := _thread(notice)),
        "In-Reply-To": thread,
    }
    if Delivery.MUTED in wording.topic.deliveries:
        headers |= _unsubscribing(notice.recipient, wording.topic)
    context = {"lines": [said], "sentence": said.sentence}
    subject = f"{said.subject} ({notice.submission.reference})"
    return _message(notice.recipient, subject, "notice", context, headers)


def compose_digest(notices: Sequence[tuple[Notice, Wording, bool]]) -> Mail:
    """One mail of several notices to one person, for one day, named as the first of them is."""
    first = min((notice for notice, _, _ in notices), key=lambda notice: notice.pk)
    lines = [line(*one) for one in notices]
    count = f"{len(lines)} notice{'' if len(lines) == 1 else 's'}"
    headers = {"Message-ID": _address(first.reference.hex)}
    return _message(first.recipient, f"{count} of the day", "digest", {"lines": lines}, headers)


def _message(
    recipient: User,
    subject: str,
    template: str,
    context: dict[str, Any],
    headers: dict[str, str],
) -> Mail:
    context |= {
        "site": settings.SITE_URL,
        "subject": subject,
        "statement": NO_LICENCE,
        "choose_path": reverse("reviews:delivery-choose"),
    }
    message = Mail(
        subject=f"Foreview: {subject}",
        body=render_to_string(f"emails/{template}.txt", context),
        # What comes back goes to the mailbox of bounces; people see the sender.
        from_email=settings.BOUNCE_EMAIL or settings.DEFAULT_FROM_EMAIL,
        to=[recipient.email],
        headers={
            "From": settings.DEFAULT_FROM_EMAIL,
            "Auto-Submitted": "auto-generated",
            **headers,
        },
    )
    message.attach_alternative(render_to_string(f"emails/{template}.html", context), "text/html")
    return message


def _unsubscribing(recipient: User, topic: Topic) -> dict[str, str]:
    """RFC 8058: one request, without signing in, mutes the topic."""
    token = signing.Signer(salt=MUTING).sign_object([recipient.email, topic.value])
    return {
        "List-Unsubscribe": f"<{settings.SITE_URL}{reverse('reviews:topic-mute', args=[token])}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def muting(token: str) -> tuple[str, Topic] | None:
    """(address, topic) of a mail's unsubscribing link; None for a token that no mail had."""
    try:
        email, topic = signing.Signer(salt=MUTING).unsign_object(token)
    except signing.BadSignature:
        return None
    return email, Topic(topic)


def _address(name: str) -> str:
    return f"<{name}@{urlsplit(settings.SITE_URL).hostname}>"


def _thread(notice: Notice) -> str:
    about = f"{notice.recipient.email}:{notice.submission.reference}"
    return _address(salted_hmac("thread", about, algorithm="sha256").hexdigest()[:32])


def address_of(notice: Notice, sees: bool) -> str:
    """The page that the notice leads to.

    An escalation's is the attachments for administrators, who see no submission, and the
    submission for whoever ``sees`` it. One of a discussion leads to the list of threads.
    """
    if notice.grant is not None:
        return reverse("reviews:grant-detail", args=[notice.grant.key])
    if notice.information_request is not None:
        return notice.information_request.get_absolute_url()
    escalated = notice.kind in ESCALATIONS and not sees
    page = "attachment-edit" if escalated else PAGES.get(notice.kind, "submission-detail")
    if notice.kind in OF_DISCUSSION:
        page = "thread-list"
    return reverse(f"reviews:{page}", args=[notice.submission.reference])


def _ends(notice: Notice) -> dict[str, str]:
    """The instants that a sentence may name: when access ends, lapses, an answer is due."""
    grant, person = notice.grant, notice.recipient
    if grant is None:
        end = _instant(notice.submission.closes_at, person)
        asked = notice.information_request
        due = _instant(asked.deadline(), person) if asked else end
        return dict.fromkeys(("end", "lapse", "accept_by"), end) | {"due": due}
    end = grant.over_at(notice.due_at) or grant.planned_end()
    return {
        **dict.fromkeys(("end", "due"), _instant(end, person)),
        "lapse": _instant(grant.effective_end(), person),
        "accept_by": _instant(grant.terms_until or end, person),
    }


def _instant(end: datetime | None, reader: User) -> str:
    if end is None:
        return ""
    local = end.astimezone(zoneinfo.ZoneInfo(reader.zone))
    return dateformat.format(local, "F j, Y, g:i a T")
