"""What a report or a letter says, as data: composed when it is issued and never changed.

It names agencies and never a person. An agency that filed nothing is there with nothing
(docs/domain.md section 3, invariant 5). Whatever is read or printed later comes from here.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accounts import audit
from accounts.models import Organization
from reviews.models import AgencyPosition, Determination, LetterEntry, Submission
from reviews.models.agency_review import Outcome
from reviews.models.determination import Coverage
from reviews.services import attachments

NO_VIEW = "No view recorded"
NO_ENTRY = "No issues filed by this date"
NONE_SO_FAR = "No issues so far"
# Of a report that is issued, its page and its PDF are made from this layout for good.
FORMAT = 1

Content = dict[str, Any]


@dataclass(frozen=True)
class AgencyLine:
    """One agency's line in the report; ``position`` is None where no view was recorded."""

    agency: Organization
    position: AgencyPosition | None

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        return NO_VIEW if self.position is None else self.position.get_outcome_display()


def lines(submissions: Collection[Submission]) -> dict[int, list[AgencyLine]]:
    """For each, the reviewing agencies and any that filed before it was detached, by name."""
    latest = {
        (position.submission_id, position.agency_id): position
        for position in AgencyPosition.objects.filter(submission__in=submissions).order_by(
            "version"
        )
    }
    found: dict[int, list[AgencyLine]] = {submission.pk: [] for submission in submissions}
    for pk, agency in _by_name(attachments.reviewing(submissions) | latest.keys()):
        found[pk].append(AgencyLine(agency, latest.get((pk, agency.pk))))
    return found


def _by_name(pairs: Collection[tuple[int, int]]) -> list[tuple[int, Organization]]:
    """(submission, agency) for each pair of numbers, the agencies by name."""
    reviewing: dict[int, list[int]] = defaultdict(list)
    for pk, agency in pairs:
        reviewing[agency].append(pk)
    agencies = Organization.objects.filter(pk__in=reviewing)
    return [(pk, agency) for agency in agencies for pk in reviewing[agency.pk]]


def determinations_for_lab(submissions: Collection[Submission]) -> dict[int, Determination]:
    """Of each that has one, the last determination of which its lab was told."""
    shared = Determination.objects.filter(submission__in=submissions, shared_at__isnull=False)
    return {one.submission_id: one for one in shared.order_by("number")}


def reports(
    ended: Mapping[Submission, datetime], *, issued_by: Organization | None = None
) -> dict[int, Content]:
    """What the report of each says that ended at that instant: three queries for them all.

    Without ``issued_by`` the end of the window issues them. Their place in the log is left out.
    """
    agencies, determinations = lines(ended), determinations_for_lab(ended)
    return {
        one.pk: {
            **_head("report", one, end, issued_by),
            "agencies": [_position(line) for line in agencies[one.pk]],
            "determination": _determination(determinations.get(one.pk)),
        }
        for one, end in ended.items()
    }


def letter(
    submission: Submission, *, at: datetime, issued_by: Organization | None = None
) -> Content:
    """What the letter says when it is issued at that instant; its place in the log is left out."""
    entries = LetterEntry.objects.filter(submission=submission).order_by("version")
    latest = {(submission.pk, entry.agency_id): entry for entry in entries}
    agencies = _by_name(attachments.reviewing([submission]) | latest.keys())
    return {
        **_head("letter", submission, at, issued_by),
        "agencies": [_entry(agency, latest.get((pk, agency.pk))) for pk, agency in agencies],
    }


def _head(kind: str, submission: Submission, at: datetime, by: Organization | None) -> Content:
    opens_at, closes_at = submission.window()
    return {
        "format": FORMAT,
        "kind": kind,
        "reference": submission.reference,
        "lab": submission.lab.name,
        "model": str(submission.model_version),
        "checkpoint_sha256": submission.model_version.checkpoint_sha256,
        "opens_at": _text(opens_at),
        "closes_at": _text(closes_at),
        "issued_at": _text(at),
        "issued_by": by.name if by else "",
    }


def _position(line: AgencyLine) -> Content:
    filed = line.position
    return {
        "code": line.agency.code,
        "name": line.agency.name,
        "outcome": filed.outcome if filed else "",
        "summary": filed.summary if filed else "",
        "filed_at": _text(filed.filed_at) if filed else None,
    }


def _entry(agency: Organization, filed: LetterEntry | None) -> Content:
    return {
        "code": agency.code,
        "name": agency.name,
        "text": filed.text if filed else "",
        "filed_at": _text(filed.filed_at) if filed else None,
    }


def _determination(made: Determination | None) -> Content | None:
    if made is None or made.signed_at is None:
        return None
    return {
        "outcome": made.outcome,
        "rationale": made.rationale,
        "authority": made.authority,
        "external_reference": made.external_reference,
        "signed_at": _text(made.signed_at),
    }


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def placed(content: Content, head: Any) -> Content:
    """The content with its place: right after that event, or head, of the audit log."""
    return content | {"audit_head": {"sequence": head.sequence, "sha256": head.sha256}}


def sha256(content: Content) -> str:
    """The content's own hash, which the event that issued it records."""
    return audit.digest_of(content)


def readable(content: Content) -> Content:
    """The content for a page: instants as such, and outcomes in words."""
    shown: Content = _instants(content)
    for agency in shown["agencies"]:
        agency["says"] = _said(content["kind"], agency)
    if made := shown.get("determination"):
        made["says"] = Coverage(made["outcome"]).label
    return shown


def _said(kind: str, agency: Content) -> str:
    """What there is of an agency, in a few words; empty where its own text says it."""
    if kind == "report":
        return Outcome(agency["outcome"]).label if agency["outcome"] else NO_VIEW
    if agency["filed_at"] is None:
        return NO_ENTRY
    return "Issues so far" if agency["text"] else NONE_SO_FAR


def _instants(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: datetime.fromisoformat(part)
            if key.endswith("_at") and part is not None
            else _instants(part)
            for key, part in value.items()
        }
    return [_instants(part) for part in value] if isinstance(value, list) else value
