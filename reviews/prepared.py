"""Queries that Django puts together once for what a person holds, and not for each page.

It takes longer to write such a query than PostgreSQL to answer it. The text follows from the
person's standing alone, which every page reads anew: who holds something else asks another.
"""

from collections.abc import Callable
from datetime import UTC, datetime
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
) -> list[tuple[Any, ...]]:
    """The rows of ``query``, which names ``AT`` and ``PK`` where ``at`` and ``pk`` are meant.

    ``query`` is a function of a module; nothing but ``who`` decides what it asks.
    """
    text, parameters = _text(query, who)
    if not text:
        return []
    adapted = connection.ops.adapt_datetimefield_value
    meant = {adapted(AT): adapted(at), PK: pk}
    with connection.cursor() as cursor:
        cursor.execute(text, [meant.get(one, one) for one in parameters])
        return cursor.fetchall()


@lru_cache(maxsize=4096)
def _text(query: Callable[[Standing], QuerySet[Any]], who: Standing) -> tuple[str, tuple[Any, ...]]:
    try:
        return query(who).query.sql_with_params()
    except EmptyResultSet:
        return "", ()
