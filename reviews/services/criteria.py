"""The register of criteria: a version proposed by one keeper, in force by the word of another.

Only public references and titles are kept here; docs/domain.md section 5.
"""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import Organization, User
from reviews import policy
from reviews.exceptions import Conflict
from reviews.models import CoverageCriterion, CriterionVersion
from reviews.policy import Action
from reviews.services import determination_record, timekeeping


@transaction.atomic
def propose(
    *,
    reference: str,
    title: str = "",
    external_reference: str = "",
    retires: bool = False,
    keeper: Organization,
    by: User,
    at: datetime,
) -> CriterionVersion:
    """The next version of that criterion, perhaps its first, waits for another keeper.

    One that retires keeps what is in force as it is written. Raises NotVisible when ``by`` does
    not speak for the keeper, Conflict when there is nothing to retire or nothing changes.
    """
    criterion, _ = CoverageCriterion.objects.get_or_create(reference=reference)
    criterion, at = _begin(criterion.pk, at)
    policy.check(by, Action.PROPOSE_CRITERION, keeper, at=at)
    current = CriterionVersion.objects.in_force().filter(criterion=criterion).first()
    if retires:
        if current is None:
            raise Conflict(f"No version of {reference} is in force, so there is none to retire.")
        title, external_reference = current.title, current.external_reference
    last = criterion.versions.order_by("-number").first()
    for said in filter(None, (current, last)):
        if (said.title, said.external_reference, said.retires) == (
            title,
            external_reference,
            retires,
        ):
            raise Conflict(f"This is what version {said.number} of {reference} says already.")
    version = CriterionVersion.objects.create(
        criterion=criterion,
        number=criterion.versions.count() + 1,
        title=title,
        external_reference=external_reference,
        retires=retires,
        proposed_at=at,
        proposed_by=by,
        proposed_for=keeper,
    )
    _record("criterion.proposed", version, by, keeper, at)
    return version


@transaction.atomic
def confirm(version: CriterionVersion, *, by: User, at: datetime) -> CriterionVersion:
    """The version is in force, or retires its criterion; no earlier one can be cited any more.

    Raises NotPermitted for whoever proposed it and for the keeper that did, Conflict when it is
    confirmed already or a later one was proposed.
    """
    _, at = _begin(version.criterion_id, at)
    version.refresh_from_db()
    policy.check(by, Action.CONFIRM_CRITERION, version, at=at)
    if version.confirmed_at:
        raise Conflict("This version has been confirmed already.")
    if version.criterion.versions.filter(number__gt=version.number).exists():
        raise Conflict("A later version was proposed since. Read and confirm that one.")
    keepers = policy.allowed(by, Action.PROPOSE_CRITERION, at=at)
    keeper = keepers.exclude(pk=version.proposed_for_id)[0]
    version.confirmed_at, version.confirmed_by, version.confirmed_for = at, by, keeper
    version.save(update_fields=["confirmed_at", "confirmed_by", "confirmed_for"])
    _record("criterion.confirmed", version, by, keeper, at)
    return version


def _begin(criterion: int, at: datetime) -> tuple[CoverageCriterion, datetime]:
    """(the criterion, locked until the transaction ends; the instant to decide by)."""
    locked = CoverageCriterion.objects.select_for_update().get(pk=criterion)
    return locked, timekeeping.after_lock(at)


def _record(
    action: str, version: CriterionVersion, by: User, keeper: Organization, at: datetime
) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="criterion",
        object_reference=version.key,
        organization=keeper.code,
        reference=version.criterion.reference,
        number=version.number,
        retires=version.retires,
        content_sha256=determination_record.digest_of_criterion(version),
    )
