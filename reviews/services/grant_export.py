"""Grants as a CSV file: without content, on record before the first line, never all in memory."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import User
from reviews import policy
from reviews.models import grant_queries as queries
from reviews.policy import Action

COLUMNS = {
    "Grant": "key",
    "Submission": "submission__reference",
    "Lab": "lab__short_name",
    "Agency": "agency__short_name",
    "Partner": "partner__short_name",
    "Person": "grantee__name",
    "Access level": "access_level",
    "Safeguards": "safeguards",
    "State": "state",
    "Start": "starts_at",
    "End": "end",
    "Asked": "requested_at",
    "Consented": "consented_at",
    "Declined": "declined_at",
    "Agreed": "agreed_at",
    "Authorized": "authorized_at",
    "Revoked": "revoked_at",
    "Agency's closeout": "agency_attested_at",
    "Lab's closeout": "lab_attested_at",
}
AT_ONCE = 2000
# What a spreadsheet would take for a formula begins with one of these (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that keeps nothing: what is written is what ``write`` returns."""

    def write(self, line: str) -> str:
        return line


@transaction.atomic
def export(matching: Q, *, asked: dict[str, str], by: User, at: datetime) -> Iterator[str]:
    """The lines of the file: those of the grants that ``by`` may export and that match.

    That she exported so many, and what she ``asked`` for, is on record. Instants are UTC.
    """
    grants = policy.allowed(by, Action.EXPORT_GRANTS, at=at).filter(matching)
    audit.record(
        "grants.exported", by=by, at=at, object_type="grant", count=grants.count(), filter=asked
    )
    found = grants.annotate(state=queries.state(at), end=queries.effective_end())
    return _lines(found.order_by("ends_at", "key").values_list(*COLUMNS.values()))


def _lines(found: Any) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in found.iterator(chunk_size=AT_ONCE):
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> str:
    """The value as a cell's text: instants in UTC, nothing that a spreadsheet would compute."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
