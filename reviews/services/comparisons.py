"""Where what a lab says that its gateway enforces is not what the portal has on record.

The lab uploads, for each grant, what its gateway did with it at an instant; the portal answers
for that instant by its own facts. A grant of another lab is as unknown as one that never was.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from reviews import audience, policy
from reviews.exceptions import Conflict, FileRefused
from reviews.models import AccessGrant, Gateway, GatewayComparison, Submission
from reviews.models.gateway import Enforced, enforced
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import gateway_signals, notices, rows, timekeeping

COLUMNS = ("grant", "state", "as_of")
MAX_BYTES, MAX_ROWS, MAX_COLUMNS = 2 * 1024 * 1024, 10_000, 20
SAID = (Enforced.ACTIVE, Enforced.SUSPENDED, Enforced.ENDED)
UNKNOWN = "unknown"
NOT_LISTED = "not_listed"


@dataclass(frozen=True)
class Line:
    """One grant as the lab's gateway had it at ``as_of``."""

    grant: UUID
    state: Enforced
    as_of: datetime


def too_large() -> FileRefused:
    """The refusal of a file over the limit."""
    return FileRefused(f"The file is larger than {MAX_BYTES // 10**6} MB. Split it.", status=413)


def parse(name: str, content: bytes, *, at: datetime) -> list[Line]:
    """What the file says, CSV or JSON by its name. Raises FileRefused with the first fault."""
    if len(content) > MAX_BYTES:
        raise too_large()
    try:
        text = content.decode("utf-8-sig")
        said = _json(text) if name.lower().endswith(".json") else _csv(text)
    except (UnicodeDecodeError, ValueError, csv.Error, RecursionError) as failure:
        raise FileRefused("The file is no CSV and no JSON that can be read.", 422) from failure
    if len(said) > MAX_ROWS:
        raise FileRefused(f"The file has more than {MAX_ROWS:,} grants. Split it.", 413)
    if not said:
        raise FileRefused("The file names no grant.", 422)
    lines = [_line(number, row, at) for number, row in enumerate(said, start=1)]
    if len({line.grant for line in lines}) < len(lines):
        raise FileRefused("The file names a grant twice.", 422)
    return lines


def _csv(text: str) -> list[Any]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if len(reader.fieldnames or ()) > MAX_COLUMNS:
        raise FileRefused(f"The file has more than {MAX_COLUMNS} columns.", 422)
    return list(islice(reader, MAX_ROWS + 1))


def _json(text: str) -> list[Any]:
    said = json.loads(text)
    if not isinstance(said, list):
        raise ValueError("A list is expected.")
    return said


def _line(number: int, row: Any, at: datetime) -> Line:
    fields = [row.get(name) for name in COLUMNS] if isinstance(row, dict) else []
    if not fields or not all(isinstance(field, str) for field in fields):
        raise FileRefused(f"Grant {number}: {', '.join(COLUMNS)} are expected, each a text.", 422)
    grant, state, as_of = (str(field).strip() for field in fields)
    try:
        line = Line(UUID(grant), Enforced(state.lower()), datetime.fromisoformat(as_of))
    except ValueError as failure:
        raise FileRefused(
            f"Grant {number}: expected are its key, its state and an instant with its zone, such "
            "as 2026-12-01T15:00:00Z.",
            422,
        ) from failure
    if line.state not in SAID:
        raise FileRefused(f"Grant {number}: the state is one of {', '.join(SAID)}.", 422)
    if line.as_of.tzinfo is None or not 1900 < line.as_of.year < 2900 or line.as_of > at:
        raise FileRefused(f"Grant {number}: its instant needs a zone and must have come.", 422)
    return line


@transaction.atomic
def compare(
    gateway: Gateway, *, name: str, content: bytes, by: User, at: datetime
) -> GatewayComparison:
    """The lab's word is on record with every difference; who can mend one has been told.

    Raises FileRefused for a file that says nothing that can be compared, Conflict for a gateway
    that is revoked.
    """
    at = timekeeping.after_lock(at)
    policy.check(by, Action.MANAGE_GATEWAY, gateway, at=at)
    gateway.refresh_from_db(fields=["revoked_at"])
    if gateway.revoked_at:
        raise Conflict("This gateway is revoked, so there is nothing to compare it with.")
    lines = parse(name, content, at=at)
    of_lab = AccessGrant.objects.filter(**{gateway_signals.LAB: gateway.lab_id})
    named = gateway_signals.related(of_lab.filter(key__in=[line.grant for line in lines]))
    known = {grant.key: grant for grant in named}
    found = list(differences(lines, known))
    as_of = max(line.as_of for line in lines)
    # A suspension that was lifted since says nothing of that instant.
    unnamed = gateway_signals.related(of_lab.live(at).exclude(key__in=known))
    left_out = [grant for grant in unnamed if enforced(grant, as_of) is Enforced.ACTIVE]
    found += [
        _difference(grant.key, as_of, NOT_LISTED, Enforced.ACTIVE, None) for grant in left_out
    ]
    row = GatewayComparison.objects.create(
        gateway=gateway,
        uploaded_at=at,
        uploaded_by=by,
        sha256=hashlib.sha256(content).hexdigest(),
        compared=len(lines),
        differing=len(found),
        mismatches=found,
    )
    known |= {grant.key: grant for grant in left_out}
    differing = [known[UUID(one["grant"])] for one in found if UUID(one["grant"]) in known]
    for number in sorted({grant.submission_id for grant in differing}):
        rows.lock_submission(number)
    _tell(row, differing, at)
    audit.record(
        "gateway.attested",
        by=by,
        at=at,
        object_type="gateway",
        object_reference=gateway.key,
        organization=gateway.lab.code,
        sha256=row.sha256,
        compared=row.compared,
        mismatches=row.differing,
    )
    return row


def differences(lines: Iterable[Line], known: dict[UUID, AccessGrant]) -> Iterable[dict[str, str]]:
    """Each line of which the portal, at the line's own instant, says otherwise."""
    for line in lines:
        grant = known.get(line.grant)
        if grant is None:
            yield _difference(line.grant, line.as_of, line.state, UNKNOWN, None)
            continue
        ours = enforced(grant, line.as_of)
        shut = ours is Enforced.NOT_BEGUN and line.state is not Enforced.ACTIVE
        if ours is not line.state and not shut:
            yield _difference(line.grant, line.as_of, line.state, ours, grant.over_at(line.as_of))


def _difference(
    grant: UUID, as_of: datetime, lab: str, portal: str, ended_at: datetime | None
) -> dict[str, str]:
    return {
        "grant": str(grant),
        "as_of": as_of.isoformat(),
        "lab": str(lab),
        "portal": str(portal),
        "ended_at": ended_at.isoformat() if ended_at else "",
    }


def _tell(row: GatewayComparison, grants: Iterable[AccessGrant], at: datetime) -> None:
    """The lab's people and the administrators hear of it, once a day for each submission."""
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    first: dict[Submission, AccessGrant] = {}
    for grant in sorted(grants, key=lambda grant: grant.pk):
        first.setdefault(grant.submission, grant)
    for submission, grant in first.items():
        told = {
            *audience.people(Action.OWN, submission),
            *audience.people(Action.ADMINISTER, submission),
        }
        notices.queue(
            NoticeKind.GATEWAY_DIFFERS,
            submission,
            told,
            due_at=today,
            at=at,
            grant=grant,
            part=row.gateway.key,
        )
