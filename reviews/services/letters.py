"""The preliminary-issues letter of day 10: its entries, the preview, issuing it once.

Each agency's lead files what the agency has found so far, "none so far" included. Any lead
issues the letter; the lab reads nothing of it before.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import Organization, User
from reviews import audience, policy
from reviews.exceptions import Conflict, Incomplete
from reviews.models import LetterEntry, PreliminaryLetter, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, report_content, rows
from reviews.services.report_content import Content

CLOSED = "The letter is issued, so nothing more is filed for it. Say it in your agency's position."


def entries(submission: Submission, agency: Organization) -> QuerySet[LetterEntry]:
    """The versions of the agency's entry, the one that counts first."""
    return LetterEntry.objects.filter(submission=submission, agency=agency).order_by("-version")


@transaction.atomic
def file_entry(
    submission: Submission,
    *,
    agency: Organization,
    text: str,
    nothing_so_far: bool,
    version: int | None = None,
    by: User,
    at: datetime,
) -> LetterEntry:
    """The agency's entry as of now; an earlier one is kept and superseded.

    Raises Incomplete unless it is either issues in words or none so far, Conflict once the
    letter is issued, and StaleForm when this is no longer going to be the given ``version``.
    """
    submission, _, at = rows.begin(submission, Action.FILE_LETTER_ENTRY, by=by, at=at)
    rows.require_agency(by, Action.FILE_LETTER_ENTRY, submission, agency)
    if issued(submission):
        raise Conflict(CLOSED)
    if bool(text) == nothing_so_far:
        raise Incomplete("Say which issues there are so far, or that there are none.", ["text"])
    following = entries(submission, agency).count() + 1
    rows.require_next(following, version)
    entry = LetterEntry.objects.create(
        submission=submission,
        agency=agency,
        version=following,
        text=text,
        nothing_so_far=nothing_so_far,
        filed_at=at,
        filed_by=by,
    )
    rows.record(
        "letter.entry_filed",
        submission,
        by=by,
        for_=agency,
        at=at,
        version=following,
        nothing_so_far=nothing_so_far,
    )
    return entry


def issued(submission: Submission) -> PreliminaryLetter | None:
    """The letter; None before it is issued."""
    return PreliminaryLetter.objects.filter(submission=submission).first()


def preview(
    submission: Submission, *, at: datetime, issued_by: Organization | None = None
) -> Content:
    """What the letter would say if it were issued at that instant."""
    return report_content.letter(submission, at=at, issued_by=issued_by)


@transaction.atomic
def issue(submission: Submission, *, by: User, at: datetime) -> PreliminaryLetter:
    """The letter is the lab's to read, and its entries are closed. Raises Conflict a second time.

    An agency that filed no entry is in it all the same.
    """
    submission, _, at = rows.begin(submission, Action.ISSUE_LETTER, by=by, at=at)
    if issued(submission):
        raise Conflict("The letter is issued already.")
    agency = policy.organizations(by, Action.ISSUE_LETTER, submission).first()
    content = report_content.placed(
        preview(submission, at=at, issued_by=agency), audit.locked_head()
    )
    letter = PreliminaryLetter.objects.create(
        submission=submission, issued_at=at, issued_by=by, content=content
    )
    rows.record(
        "letter.issued",
        submission,
        by=by,
        for_=agency,
        at=at,
        content_sha256=report_content.sha256(content),
    )
    notices.queue(
        NoticeKind.LETTER_ISSUED,
        submission,
        audience.people(Action.VIEW, submission),
        due_at=at,
        at=at,
    )
    return letter
