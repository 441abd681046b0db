"""Who opened what a lab or an agency wrote: the audit log hears of it, as of a download."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from reviews import policy
from reviews.models import AgencyReview, InformationRequest, Submission
from reviews.policy import Action
from reviews.services import rows, timekeeping

EVENTS = {
    Action.READ_PACKAGE: "package.read",
    Action.READ_REVIEW: "review.read",
    Action.READ_INFORMATION_REQUEST: "information_request.read",
    Action.READ_LETTER: "letter.downloaded",
    Action.READ_REPORT: "report.downloaded",
}


@transaction.atomic
def note(
    row: Submission | AgencyReview | InformationRequest,
    action: Action,
    *,
    by: User,
    at: datetime,
    **details: str,
) -> None:
    """The audit log says that ``by`` opened, or took, what the action reads. No more changes.

    Raises NotPermitted or NotVisible when she may not any more.
    """
    at = timekeeping.after_lock(at)
    policy.check(by, action, row, at=at)
    readers = list(policy.organizations(by, action, row))
    # A review of her own agency she reads for that one, whatever other seat would do, too.
    own = [agency for agency in readers if agency.pk == getattr(row, "agency_id", None)]
    rows.record(EVENTS[action], row, by=by, for_=[*own, *readers][0], at=at, **details)
