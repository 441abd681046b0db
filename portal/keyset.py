"""Pages of a long list by key: the next page begins after the last row shown.

Nothing is counted and nothing is skipped over, so a page costs the same wherever it is. A
cursor is in the address, so its columns must tell nothing: no row number that counts what
others have, too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q

SIZE = 50
CURSORS = ("after", "before")


@dataclass(frozen=True)
class Page:
    """The rows of one page and the addresses of its neighbours, empty where there is none."""

    rows: list[Any]
    previous_url: str
    next_url: str


def instant(text: str) -> datetime:
    """The instant that a cursor names. Raises ValueError for anything else."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None or not 1900 < value.year < 2900:
        raise ValueError("An instant needs its zone and a year that has one.")
    return value


def reference(text: str) -> str:
    """The public reference that a cursor names. Raises ValueError for anything else."""
    if not text.isascii() or not text.replace("-", "").isalnum():
        raise ValueError("No row has such a reference.")
    return text


def address(text: str) -> str:
    """The mail address that a cursor names. Raises ValueError for anything else."""
    if "@" not in text or len(text) > 254 or not text.isprintable():
        raise ValueError("Nobody has such an address.")
    return text


def number(text: str) -> int:
    """The row number that a cursor names. Raises ValueError for anything else."""
    if len(text) > 18:
        raise ValueError("No row has such a number.")
    return int(text)


def page(request, rows, keys, *, descending=False, size=SIZE, forget=()):
    """The page of ``rows`` that the request's address asks for.

    ``keys`` maps columns, the last of them unique, to how a cursor's text is read.
    Its neighbours' addresses keep every parameter but those to ``forget``. Raises BadRequest
    for a cursor that no page has written.
    """
    backward = "before" in request.GET
    cursor = request.GET.get("before" if backward else "after", "")
    down = descending != backward
    if cursor:
        rows = rows.filter(_beyond(_read(cursor, keys), down))
    ordered = rows.order_by(*(f"-{name}" if down else name for name in keys))
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backward:
        found.reverse()
    earlier, later = (more, bool(cursor)) if backward else (bool(cursor), more)
    kept = request.GET.copy()
    for name in (*CURSORS, *forget):
        kept.pop(name, None)
    return Page(
        found,
        _address(kept, "before", found[:1], keys) if earlier else "",
        _address(kept, "after", found[-1:], keys) if later else "",
    )


def _read(cursor, keys):
    texts = cursor.split("~")
    try:
        return {name: read(text) for (name, read), text in zip(keys.items(), texts, strict=True)}
    except ValueError:
        raise BadRequest("The address names no page of this list.") from None


def _beyond(values, down):
    side = "lt" if down else "gt"
    (name, value), *rest = values.items()
    if not rest:
        return Q(**{f"{name}__{side}": value})
    # The first part alone bounds the range for the index; the second settles ties.
    return Q(**{f"{name}__{side}e": value}) & (
        Q(**{f"{name}__{side}": value}) | Q(**{name: value}) & _beyond(dict(rest), down)
    )


def _address(kept, cursor, row, keys):
    query = kept.copy()
    # Beyond the last row of a list that has shrunk, the neighbour is its first page.
    for found in row:
        values = (getattr(found, name) for name in keys)
        query[cursor] = "~".join(
            value.isoformat() if isinstance(value, datetime) else str(value) for value in values
        )
    return f"?{query.urlencode()}"
