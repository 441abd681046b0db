"""Queries that Django puts together once for what a person holds, and not for each page.

It takes longer to write such a query than PostgreSQL to answer it. The text follows from the
person's standing alone, which every page reads anew: who holds something else asks another.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from reviews.rules import Standing

# Where a query is put together they stand for the instant and the row that are asked about.
AT = datetime(1789, 4, 30, 12, 0, 0, 1, tzinfo=UTC)
PK = -1789


def rows(
    query: Callable[[Standing], QuerySet[Any]],
    who: Standing,
    *,
    at: datetime | None = None,
    pk: int | None = None,
    around: str = "",
) -> list[tuple[Any, ...]]:
    """The rows of ``query``, which names ``AT`` and ``PK`` where ``at`` and ``pk`` are meant.

    ``query`` is a function of a module; nothing but ``who`` decides what it asks. ``AT`` may be
    shifted by a length of time, and the instant is then. ``around`` is SQL in which "{}" is the
    query.
    """
    text, parameters = _text(query, who)
    if not text:
        return []
    adapted = connection.ops.adapt_datetimefield_value
    meant = [
        adapted(at + one) if isinstance(one, timedelta) and at else pk if one == PK else one
        for one in parameters
    ]
    with connection.cursor() as cursor:
        cursor.execute(around.replace("{}", text) or text, meant)
        return cursor.fetchall()


@lru_cache(maxsize=4096)
def _text(query: Callable[[Standing], QuerySet[Any]], who: Standing) -> tuple[str, tuple[Any, ...]]:
    try:
        text, parameters = query(who).query.sql_with_params()
        return text, tuple(_shift(one) for one in parameters)
    except EmptyResultSet:
        return "", ()


def _shift(parameter: Any) -> Any:
    """How far from ``AT`` an instant near it is; anything else as it is."""
    value = parameter
    if isinstance(value, str) and value[:4] == str(AT.year):  # as SQLite is given instants
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    near = isinstance(value, datetime) and value.year == AT.year
    return value - AT if near else parameter
