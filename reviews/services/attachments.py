"""Attaching organizations to submissions: the only code that writes guardian's rows."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organization, Seat, User
from accounts.roles import CONSULTED, NSA, Kind, Role
from reviews import audience, policy, rules
from reviews.exceptions import Conflict, NotPermitted
from reviews.models import Submission, SubmissionGroupObjectPermission
from reviews.models.grant_states import EndReason
from reviews.models.permissions import CODENAMES
from reviews.models.submission import SubmissionKind
from reviews.services import departures, rows


def grant_codenames(
    submission: Submission, organization: Organization, *, roles: Collection[Role] = tuple(Role)
) -> None:
    """Every seat of the organization with one of the roles has its role's codenames there.

    Again changes nothing.
    """
    permissions = {
        permission.codename: permission
        for permission in Permission.objects.filter(
            content_type__app_label="reviews", content_type__model="submission"
        )
    }
    seats = Seat.objects.filter(organization=organization, role__in=roles)
    SubmissionGroupObjectPermission.objects.bulk_create(
        [
            SubmissionGroupObjectPermission(
                content_object=submission, group_id=group, permission=permissions[codename]
            )
            for role, group in seats.values_list("role", "group")
            for codename in sorted(CODENAMES.get(role, ()))
        ],
        ignore_conflicts=True,
    )


def attach_agencies(submission: Submission) -> None:
    """The agencies that take part from the filing on are attached.

    Every agency; of an inquiry only NSA, which determines, and the offices that it consults,
    for their consultation alone.
    """
    agencies = Organization.objects.filter(kind=Kind.AGENCY)
    if submission.kind != SubmissionKind.DESIGNATION_INQUIRY:
        for agency in agencies:
            grant_codenames(submission, agency)
        return
    for agency in agencies.filter(code__in=[NSA, *CONSULTED]):
        roles = tuple(Role) if agency.code == NSA else (Role.CONSULTED_OFFICIAL,)
        grant_codenames(submission, agency, roles=roles)


@transaction.atomic
def attach(submission: Submission, organization: Organization, *, by: User, at: datetime) -> None:
    """The agency's seats reach the submission.

    Raises Conflict for any but an agency, or after the end, and NotPermitted for one where
    ``by`` herself would read by it.
    """
    submission, _, at = _begin(submission, organization, by, at)
    grant_codenames(submission, organization)
    _record("submission.agency_attached", submission, organization, by, at)


@transaction.atomic
def detach(submission: Submission, organization: Organization, *, by: User, at: datetime) -> None:
    """The agency's seats no longer reach the submission, nor its people the model.

    What they wrote stays.

    Raises Conflict for any but an agency, or after the end, and NotPermitted for one where
    ``by`` herself would read by it.
    """
    submission, _, at = _begin(submission, organization, by, at)
    SubmissionGroupObjectPermission.objects.filter(
        content_object=submission, group__seat__organization=organization
    ).delete()
    _record("submission.agency_detached", submission, organization, by, at)
    departures.end_all(
        submission.grants.filter(agency=organization),
        because=EndReason.DETACHED,
        by=by,
        for_=_administering(submission, by),
        at=at,
    )


def _begin(
    submission: Submission, organization: Organization, by: User, at: datetime
) -> tuple[Submission, Submission, datetime]:
    begun = submission, _, at = rows.begin(submission, policy.Action.ADMINISTER, by=by, at=at)
    if organization.kind != Kind.AGENCY:
        raise Conflict("Only agencies are attached to a submission or detached from it.")
    if Seat.objects.held_by(by).filter(organization=organization, role__in=CODENAMES).exists():
        raise NotPermitted(
            "Your own seat there would reach the submission. Ask another administrator."
        )
    if submission.over_at(at):
        raise Conflict("The review has ended, so who took part in it no longer changes.")
    return begun


def attached_agencies(submission: Submission) -> QuerySet[Organization]:
    """The agencies attached to the submission, by name."""
    return _seated(submission, policy.Action.VIEW).filter(kind=Kind.AGENCY)


def reviewing_agencies(submission: Submission) -> QuerySet[Organization]:
    """Those of them that file a position: the ones with a lead's seat."""
    return _seated(submission, policy.Action.FILE_POSITION)


def reviewing(submissions: Collection[Submission]) -> set[tuple[int, int]]:
    """(submission, agency) for each of ``reviewing_agencies`` of them all: one query."""
    leading = SubmissionGroupObjectPermission.objects.filter(
        content_object__in=[submission.pk for submission in submissions],
        permission=rules.permission_number("lead_submission"),
        group__seat__role=Role.LEAD,
    )
    return set(leading.values_list("content_object", "group__seat__organization"))


def leads_of(submission: Any) -> QuerySet[SubmissionGroupObjectPermission]:
    """The rows that attach leads' seats to the submission that an outer query names."""
    return SubmissionGroupObjectPermission.objects.filter(
        content_object=submission, permission__codename="lead_submission"
    )


def _seated(submission: Submission, action: policy.Action) -> QuerySet[Organization]:
    there = Seat.objects.filter(audience.seats(action, submission))
    return Organization.objects.filter(pk__in=there.values("organization"))


def _record(
    action: str, submission: Submission, organization: Organization, by: User, at: datetime
) -> None:
    administering = _administering(submission, by)
    rows.record(
        action, submission, by=by, for_=administering, at=at, agency=organization.short_name
    )


def _administering(submission: Submission, by: User) -> Organization | None:
    return policy.organizations(by, policy.Action.ADMINISTER, submission).first()


def possible_readers() -> QuerySet[Organization]:
    """The agencies to which a lab may restrict a document."""
    return Organization.objects.filter(kind=Kind.AGENCY)
