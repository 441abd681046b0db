"""How every write begins: lock the submission, read the clock again, ask policy again.

Locks are taken in one order everywhere: lab, model version, submission, its other rows, and
the audit head last (``audit.record``), so that no two writes wait for each other.
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model

from accounts import audit
from accounts.models import AuditEvent, Organization, User
from reviews import policy
from reviews.exceptions import Conflict, NotVisible, StaleForm
from reviews.models import (
    AccessGrant,
    AgencyReview,
    Determination,
    Document,
    GatewaySignal,
    InformationRequest,
    Post,
    Submission,
    Thread,
    Upload,
)
from reviews.services import timekeeping

# What the audit log calls each kind of row.
KINDS: dict[type[Model], str] = {
    AccessGrant: "grant",
    AgencyReview: "review",
    Determination: "determination",
    Document: "document",
    GatewaySignal: "signal",
    InformationRequest: "information_request",
    Post: "post",
    Submission: "submission",
    Thread: "thread",
    Upload: "upload",
}


def lock_submission(pk: int) -> Submission:
    """The submission, locked until the transaction ends. Raises NotVisible when it is gone."""
    row: Submission | None = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("model_version__lab")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise NotVisible
    return row


def begin(
    row: Any, action: policy.Action, *, by: User, at: datetime
) -> tuple[Submission, Any, datetime]:
    """(the locked submission, the row as it now is, the instant to decide by).

    Raises NotPermitted or NotVisible when ``by`` may not, at that instant, do ``action``.
    """
    submission = lock_submission(row.pk if isinstance(row, Submission) else row.submission_id)
    at = timekeeping.after_lock(at)
    if not isinstance(row, Submission):
        try:
            row.refresh_from_db()
        except ObjectDoesNotExist:
            raise NotVisible from None
    policy.check(by, action, row, at=at)
    return submission, submission if isinstance(row, Submission) else row, at


def record(
    action: str,
    row: Any,
    *,
    by: audit.Actor,
    for_: Organization | None,
    at: datetime,
    **details: Any,
) -> None:
    """The event about ``row`` stands in the audit log, done by ``by`` for the organization."""
    audit.append([entry(action, row, by=by, for_=for_, at=at, **details)])


def entry(
    action: str,
    row: Any,
    *,
    by: audit.Actor,
    for_: Organization | None,
    at: datetime,
    **details: Any,
) -> AuditEvent:
    """The event about ``row``, for ``audit.append``."""
    submission = row if isinstance(row, Submission) else row.submission
    return audit.entry(
        action,
        by=by,
        at=at,
        object_type=KINDS[type(row)],
        object_reference=submission.reference if row is submission else row.key,
        submission=submission.reference,
        organization=for_.code if for_ else "",
        **details,
    )


def require_agency(by: User, action: policy.Action, row: Any, agency: Organization) -> None:
    """Nothing, when ``by`` does ``action`` to ``row`` in the agency's name; else Conflict."""
    if not policy.organizations(by, action, row).contains(agency):
        raise Conflict(f"You cannot do this for {agency.short_name}.")


def require_revision(row: Model, revision: int) -> None:
    """Nothing, when the form was opened on the row's present revision; else StaleForm."""
    if row.revision != revision:  # type: ignore[attr-defined]
        raise StaleForm(
            "This was changed after you opened it, by somebody else or in another window. What you "
            "typed is below: compare it with what is saved now, then save again."
        )


def require_next(following: int, version: int | None) -> None:
    """Nothing, when the form was to become the version that follows now; else StaleForm."""
    if version is not None and version != following:
        raise StaleForm(
            f"Version {following - 1} was filed after you opened this form, by a colleague, from "
            "another window or by a second click. Nothing more was filed or saved. What you "
            f"typed is below; it would now be version {following}."
        )
