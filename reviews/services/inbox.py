"""What a person's inbox shows, and how many of it are unread."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from reviews import policy
from reviews.models import Notice
from reviews.models.notice import NoticeQuerySet
from reviews.policy import Action
from reviews.rules import Standing

COUNTED = 99  # beyond it, how many are unread is of no use to anybody
# Notices are read whatever the time, so that this instant stands for each.
WHENEVER = datetime(2000, 1, 1, tzinfo=UTC)


def rows(person: User, *, at: datetime) -> NoticeQuerySet:
    """What the person's inbox shows: what still stands, of what she may see."""
    return cast(NoticeQuerySet, policy.allowed(person, Action.READ_NOTICE, at=at)).standing()


def unread(person: User) -> int:
    """How many of them are unread; one more than ``COUNTED`` stands for any number more."""
    if (counting := _counting(Standing.of(person))) is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(*counting)
        return len(cursor.fetchall())


@lru_cache(maxsize=1024)
def _counting(who: Standing) -> tuple[str, tuple[Any, ...]] | None:
    """The SQL of that, which every page runs; None when nothing can be in the inbox.

    It follows from what the person holds alone, and building it would take longer than it.
    """
    condition = policy.holds(who, Action.READ_NOTICE, at=WHENEVER)
    if condition is None:
        return None
    found = Notice.objects.filter(condition).unread().values_list("pk")
    try:
        return found[: COUNTED + 1].query.sql_with_params()
    except EmptyResultSet:
        return None


def mark_read(meant: QuerySet[Notice], *, at: datetime) -> int:
    """The unread ones among them are read since ``at``; how many."""
    return meant.filter(read_at__isnull=True).update(read_at=at)
