"""Who opened what a lab or an agency wrote: the audit log hears of it, as of a download."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from reviews import policy
from reviews.models import AgencyReview, Submission
from reviews.policy import Action
from reviews.services import rows

EVENTS = {Action.READ_PACKAGE: "package.read", Action.READ_REVIEW: "review.read"}


@transaction.atomic
def note(row: Submission | AgencyReview, action: Action, *, by: User, at: datetime) -> None:
    """The audit log says that ``by`` opened the answers, or the review. Nothing else changes."""
    submission = row if isinstance(row, Submission) else row.submission
    reader = policy.organizations(by, action, submission).first()
    rows.record(EVENTS[action], row, by=by, for_=reader, at=at)
