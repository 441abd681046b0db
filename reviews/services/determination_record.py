"""Determinations and criteria held against the audit log: what differs from what was recorded.

An event has the SHA-256 of all that its determination said then; the log's own chain protects the
event. So a change that no page made shows, whoever made it.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import CriterionVersion, Determination, DeterminationResponse
from reviews.models.document import DocumentVersion, ScanState
from reviews.models.submission import Submission

WRITTEN, SET_ASIDE, ISSUED, SHARED, ANSWERED = (
    f"determination.{step}" for step in ("written", "set_aside", "issued", "shared", "answered")
)
STEPS = (WRITTEN, SET_ASIDE, ISSUED, SHARED, ANSWERED)


@dataclass(frozen=True)
class Comparison:
    """How a determination compares with the log; it ``agrees`` where nothing differs.

    ``hashed`` is False for one of which no hash was recorded, before there were any.
    """

    hashed: bool = True
    differs: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return self.hashed and not self.differs


def digest(determination: Determination) -> str:
    """The SHA-256, in hexadecimal, of all that it says and who wrote and signed it when."""
    earlier = determination.supersedes
    return _sha256(
        {
            "submission": determination.submission.reference,
            "key": str(determination.key),
            "number": determination.number,
            "outcome": determination.outcome,
            "rationale": determination.rationale,
            "authority": determination.authority,
            "external_reference": determination.external_reference,
            "criteria": sorted(
                [one.criterion.reference, one.number, one.title]
                for one in determination.criteria.all()
            ),
            "written": [determination.author.email, _instant(determination.written_at)],
            "signed": [
                determination.signer.email if determination.signer else "",
                _instant(determination.signed_at),
            ],
            "supersedes": [earlier.number if earlier else None, determination.supersedes_reason],
        }
    )


def digest_of_criterion(version: CriterionVersion) -> str:
    """The same of a version of a criterion, and who proposed and confirmed it when."""
    confirmed = [version.confirmed_by, version.confirmed_for]
    return _sha256(
        {
            "reference": version.criterion.reference,
            "number": version.number,
            "title": version.title,
            "external_reference": version.external_reference,
            "retires": version.retires,
            "proposed": [
                *(version.proposed_by.email, version.proposed_for.code),
                _instant(version.proposed_at),
            ],
            "confirmed": [
                *(str(one) if one else "" for one in confirmed),
                _instant(version.confirmed_at),
            ],
        }
    )


def digest_of_response(response: DeterminationResponse) -> str:
    """The same of what the lab answered."""
    return _sha256({"key": str(response.determination.key), "text": response.text})


def criteria(determination: Determination) -> list[str]:
    """What it is against, in words: each criterion with its version."""
    return sorted(str(version) for version in determination.criteria.all())


def evidence(submission: Submission) -> dict[str, str]:
    """By document, the SHA-256 of its latest version that the scanner called clean."""
    versions = DocumentVersion.objects.filter(
        document__submission=submission, scan_state=ScanState.CLEAN
    ).order_by("document", "number")
    return {str(key): sha256 for key, sha256 in versions.values_list("document__key", "sha256")}


def whole(determinations: QuerySet[Determination]) -> QuerySet[Determination]:
    """The same, with all that a comparison reads: three queries however many there are."""
    return determinations.select_related(
        *("submission", "author", "signer", "supersedes", "shared_by", "set_aside_by"),
        *("response__responded_by", "response__determination"),
    ).prefetch_related("criteria__criterion")


def compare(determinations: Sequence[Determination]) -> dict[int, Comparison]:
    """By primary key, how each of them compares with the log: one query for them all."""
    references = {one.submission.reference for one in determinations}
    told: dict[str, dict[str, AuditEvent]] = defaultdict(dict)
    for event in AuditEvent.objects.filter(
        submission__in=references, action__in=STEPS, outcome=audit.DONE
    ).order_by("sequence"):
        told[event.object_reference][event.action] = event
    return {one.pk: _compared(one, told[str(one.key)]) for one in determinations}


def _compared(row: Determination, told: dict[str, AuditEvent]) -> Comparison:
    event = told.get(ISSUED if row.signed_at else WRITTEN)
    if event is None:
        return Comparison(differs=["nothing in the log says that it was made"])
    hashed = "content_sha256" in event.details
    found = _named(row, event)
    if hashed and not found and event.details["content_sha256"] != digest(row):
        found.append("what it says")
    if not row.signed_at and ISSUED in told:
        found.append("its signature is gone")
    response = getattr(row, "response", None)
    for step, what, at, person in (
        (SHARED, "sharing", row.shared_at, row.shared_by),
        (SET_ASIDE, "setting aside", row.set_aside_at, row.set_aside_by),
        (
            *(ANSWERED, "the lab's response"),
            *((response.responded_at, response.responded_by) if response else (None, None)),
        ),
    ):
        then = told.get(step)
        if (then and (then.at, then.actor)) != (person and (at, person.email)):
            # What was signed before hashes were recorded was shared without a word.
            found += [what] if hashed or then else []
    answered = told.get(ANSWERED)
    if response and answered and answered.details["content_sha256"] != digest_of_response(response):
        found.append("the words of the lab's response")
    if any(audit.digest(each) != each.sha256 for each in told.values()):
        found.append("its events in the log")
    return Comparison(hashed, found)


def _named(row: Determination, event: AuditEvent) -> list[str]:
    """Which of the facts that the event tells differ; of the texts it tells only the hash."""
    said = event.details
    facts = {
        "outcome": (said["coverage"], row.outcome),
        "number": (said["number"], row.number),
        "criteria": (said.get("criteria", []), criteria(row)),
    }
    if row.signer:
        facts["who signed"] = (event.actor, row.signer.email)
        facts["when it was signed"] = (event.at, row.signed_at)
    return [name for name, (then, now) in facts.items() if then != now]


def without_a_row() -> list[str]:
    """The determinations that the log says were written, of which there is no row any more."""
    written = AuditEvent.objects.filter(action=WRITTEN, outcome=audit.DONE).order_by("sequence")
    told = dict(written.values_list("object_reference", "submission"))
    there = {str(key) for key in Determination.objects.values_list("key", flat=True)}
    return [f"{reference}, {key}" for key, reference in told.items() if key not in there]


def numbers() -> tuple[int, int]:
    """(how many determinations are signed, of how many the log says that they were)."""
    issued = AuditEvent.objects.filter(action=ISSUED, outcome=audit.DONE)
    return Determination.objects.signed().count(), issued.count()


def altered_criteria() -> list[str]:
    """The versions of criteria that are not as their events recorded them."""
    told = AuditEvent.objects.filter(
        action__in=["criterion.proposed", "criterion.confirmed"], outcome=audit.DONE
    )
    recorded = {
        event.object_reference: event.details["content_sha256"]
        for event in told.order_by("sequence")
    }
    people = ("criterion", "proposed_by", "proposed_for", "confirmed_by", "confirmed_for")
    versions = list(CriterionVersion.objects.select_related(*people))
    differing = [
        str(version)
        for version in versions
        if recorded.pop(str(version.key), None) != digest_of_criterion(version)
    ]
    return [*differing, *(f"{key}, gone" for key in recorded)]


def _sha256(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


def chunks(size: int = 500) -> Iterable[list[Determination]]:
    """All determinations, ``size`` at a time, with all that a comparison reads."""
    last = 0
    while found := list(
        whole(Determination.objects.all()).filter(pk__gt=last).order_by("pk")[:size]
    ):
        yield found
        last = found[-1].pk
