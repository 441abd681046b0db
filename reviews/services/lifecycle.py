"""A submission's life: drafted, filed, shortened, withdrawn, expired (docs/domain.md section 4).

Concluding is in services/reports.py, because the report is what concludes.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Organization, User
from reviews import audience, clock, policy, workflow
from reviews.exceptions import Conflict, IllegalTransition, Incomplete, StaleForm, WindowRefused
from reviews.models import ModelVersion, Package, Submission
from reviews.models.grant_states import EndReason
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import attachments, departures, ends, gateway_signals, notices, rows
from reviews.workflow import Status, Step

IDENTITY = ("family", "version", "checkpoint_sha256")


@transaction.atomic
def draft(
    lab: Organization,
    *,
    kind: str,
    family: str,
    version: str,
    checkpoint_sha256: str,
    lab_tracking_id: str = "",
    by: User,
    at: datetime,
) -> Submission:
    """A new draft of ``lab`` that only the lab sees.

    Raises ValidationError when the version contradicts one that the lab has recorded.
    """
    _lock_lab(lab)
    policy.check(by, Action.DRAFT, lab, at=at)
    submission = Submission.objects.create(
        model_version=_version(lab, family, version, checkpoint_sha256, at),
        kind=kind,
        lab_tracking_id=lab_tracking_id,
        created_at=at,
        created_by=by,
    )
    Package.objects.create(submission=submission)
    attachments.grant_codenames(submission, lab)
    rows.record("submission.drafted", submission, by=by, for_=lab, at=at)
    return submission


def _lock_lab(lab: Organization) -> None:
    """One new model version of a lab at a time."""
    Organization.objects.select_for_update(no_key=True).get(pk=lab.pk)


def _lock_version(submission: Submission) -> ModelVersion:
    """The submission's model version, locked. Raises StaleForm when it was just corrected."""
    version = (
        ModelVersion.objects.select_for_update(no_key=True)
        .filter(submissions=submission.pk)
        .first()
    )
    if version is None:
        raise StaleForm("Somebody else changed this draft just now. Open it again.")
    return version


def _version(
    lab: Organization,
    family: str,
    version: str,
    checkpoint_sha256: str,
    at: datetime,
    *,
    correcting: ModelVersion | None = None,
) -> ModelVersion:
    """The lab's version of that identity, found, new, or the one being corrected."""
    others = ModelVersion.objects.filter(lab=lab)
    if correcting is not None:
        others = others.exclude(pk=correcting.pk)
    known = others.filter(checkpoint_sha256=checkpoint_sha256).first()
    if known is not None:
        if (known.family, known.version) != (family, version):
            raise ValidationError(
                {
                    "checkpoint_sha256": f"Your lab has recorded this checkpoint as {known}. "
                    "A checkpoint keeps its name: use that one, or check the SHA-256."
                }
            )
        return known
    if others.filter(family=family, version=version).exists():
        raise ValidationError(
            {
                "version": f"Your lab has recorded {family} {version} with another checkpoint. "
                "Give this checkpoint a version of its own, or check the SHA-256."
            }
        )
    found = correcting or ModelVersion(lab=lab, created_at=at)
    found.family, found.version, found.checkpoint_sha256 = family, version, checkpoint_sha256
    found.save()
    return found


@transaction.atomic
def revise(
    submission: Submission,
    *,
    answers: dict[str, Any],
    revision: int,
    step: str = "",
    by: User,
    at: datetime,
) -> Submission:
    """The draft's answers are as given; blanks are kept as blanks.

    ``answers`` holds fields of the submission and of its package; ``step`` is the page's word
    for them, which the history shows. Raises Conflict once filed, StaleForm when
    ``revision`` is not the present one.
    """
    _lock_lab(submission.lab)
    _lock_version(submission)
    submission, _, at = rows.begin(submission, Action.OWN, by=by, at=at)
    if submission.status != Status.DRAFT:
        raise Conflict("This submission has been filed, so its answers can no longer change.")
    rows.require_revision(submission, revision)
    _identify(submission, answers, at)
    for name, value in answers.items():
        if name in IDENTITY:
            continue
        owner = submission if hasattr(submission, name) else submission.package
        setattr(owner, name, value)
    submission.revision += 1
    submission.package.save()
    submission.save()
    rows.record(
        "submission.revised",
        submission,
        by=by,
        for_=submission.lab,
        at=at,
        fields=sorted(answers),
        step=step,
    )
    return submission


def _identify(submission: Submission, answers: dict[str, Any], at: datetime) -> None:
    """The draft binds to the version that ``answers`` name.

    A version that no other submission has was only this draft's: it is corrected in place.
    """
    version = submission.model_version
    identity = {name: answers.get(name, getattr(version, name)) for name in IDENTITY}
    shared = version.submissions.exclude(pk=submission.pk).exists()
    correcting = None if shared else version
    submission.model_version = _version(submission.lab, **identity, at=at, correcting=correcting)
    if submission.model_version != version and not shared:
        submission.save(update_fields=["model_version"])
        version.delete()


@transaction.atomic
def file(
    submission: Submission, *, certifier_title: str, revision: int, by: User, at: datetime
) -> Submission:
    """The window is open, every agency attached, the certification on record.

    Raises IllegalTransition when filed already, Incomplete when core fields are blank,
    StaleForm when the answers changed since they were checked, WindowRefused when no time is
    left for this model version.
    """
    version = _lock_version(submission)
    submission, _, at = rows.begin(submission, Action.OWN, by=by, at=at)
    status = workflow.advance(submission.status, Step.FILE)
    rows.require_revision(submission, revision)
    missing = submission.package.missing()
    if missing:
        raise Incomplete("Some required answers are still missing.", missing)
    if submission.model_version_id != version.pk:
        raise StaleForm("Somebody else changed this draft just now. Open it again.")
    for pk in version.submissions.overdue(at).values_list("pk", flat=True):
        ends.record(pk, at=at)
    window = window_if_filed(submission, at=at)
    submission.status = status
    submission.opens_at, submission.closes_at = window.opens_at, window.closes_at
    submission.allowance = window.allowance
    submission.certified_by, submission.certifier_title = by, certifier_title
    submission.save()
    attachments.attach_agencies(submission)
    rows.record(
        "submission.filed",
        submission,
        by=by,
        for_=submission.lab,
        at=at,
        closes_at=window.closes_at.isoformat(),
    )
    notices.queue(
        NoticeKind.FILED_RECEIPT,
        submission,
        audience.people(Action.OWN, submission),
        due_at=at,
        at=at,
    )
    notices.queue(
        NoticeKind.SUBMISSION_FILED,
        submission,
        {
            *audience.people(Action.FILE_POSITION, submission),
            *audience.people(Action.DETERMINE, submission),
        },
        due_at=at,
        at=at,
    )
    return submission


def window_if_filed(submission: Submission, *, at: datetime) -> clock.Window:
    """The window that filing at ``at`` would open; changes nothing.

    Raises WindowRefused when no time is left, Conflict while the version is under review;
    either names the submissions that took the time.
    """
    used, taken = timedelta(0), []
    for sibling in submission.model_version.submissions.filed().order_by("opens_at"):
        if sibling.is_open(at):
            raise Conflict(
                f"This model version is under review already, as {sibling.reference}. Withdraw "
                "that submission first; the rest of its 720 hours stays."
            )
        used += (sibling.ended_at or sibling.window()[1]) - sibling.window()[0]
        taken.append(sibling.reference)
    if used >= clock.FULL_WINDOW:
        raise WindowRefused(
            "This model version has been open for review for all of its 720 hours, as "
            f"{' and '.join(taken)}. To have another checkpoint reviewed, enter its "
            "version and SHA-256 instead."
        )
    return clock.window(
        at,
        used=used,
        planned_partner_release_at=submission.planned_partner_release_at,
    )


@transaction.atomic
def shorten(submission: Submission, *, closes_at: datetime, by: User, at: datetime) -> Submission:
    """The window ends at ``closes_at``, earlier than before, and all access by then.

    Raises WindowRefused for an end that is not earlier.
    """
    submission, _, at = rows.begin(submission, Action.SHORTEN, by=by, at=at)
    submission.closes_at = end = clock.shortened(*submission.window(), to=closes_at, at=at)
    submission.save(update_fields=["closes_at"])
    inside = submission.grants.filter(partner=None)
    inside.filter(starts_at__lt=end, ends_at__gt=end).update(ends_at=end)
    gateway_signals.note(submission, at)
    rows.record(
        "submission.shortened",
        submission,
        by=by,
        for_=submission.lab,
        at=at,
        closes_at=submission.window()[1].isoformat(),
    )
    notices.queue(
        NoticeKind.WINDOW_SHORTENED,
        submission,
        audience.people(Action.VIEW, submission),
        due_at=end,
        at=at,
    )
    return submission


@transaction.atomic
def withdraw(submission: Submission, *, by: User, at: datetime) -> Submission:
    """Withdrawn, without a reason asked; all access by it ended at this instant.

    Raises IllegalTransition when the submission has ended.
    """
    submission, _, at = rows.begin(submission, Action.OWN, by=by, at=at)
    if submission.status_at(at) == Status.EXPIRED:
        raise IllegalTransition("The window has ended, so there is nothing to withdraw.")
    submission.status = workflow.advance(submission.status, Step.WITHDRAW)
    submission.ended_at = at
    submission.save(update_fields=["status", "ended_at"])
    gateway_signals.note(submission, at)
    departures.end_all(
        submission.grants.exclude(partner=None),
        because=EndReason.WITHDRAWN,
        by=by,
        for_=submission.lab,
        at=at,
    )
    rows.record("submission.withdrawn", submission, by=by, for_=submission.lab, at=at)
    if submission.opens_at:
        notices.queue(
            NoticeKind.WITHDRAWN,
            submission,
            audience.people(Action.VIEW, submission),
            due_at=at,
            at=at,
        )
    return submission
