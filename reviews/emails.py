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
from reviews.event_words import EVENTS as EVENTS
from reviews.models import Notice
from reviews.models.notice import ESCALATIONS, OF_DISCUSSION, Delivery, NoticeKind, Topic
from reviews.wording import Wording as Wording

NO_LICENCE = (
    "Nothing in Foreview approves, denies or holds a release. Taking part is voluntary "
    "(Executive Order 14409, section 3(c))."
)
MUTING = "mute"
# Where a notice about a submission leads, when not to its overview.
PAGES: dict[str, str] = {
    NoticeKind.FILE_QUARANTINED: "document-list",
    NoticeKind.REVIEWER_LEFT: "review-assign",
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
