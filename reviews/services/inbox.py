"""What a person's inbox shows, and how many of it are unread."""

from datetime import datetime
from typing import cast

from django.db.models import QuerySet

from accounts.models import User
from reviews import policy, prepared
from reviews.models import Notice
from reviews.models.notice import NoticeQuerySet
from reviews.policy import Action
from reviews.rules import Standing

COUNTED = 99  # beyond it, how many are unread is of no use to anybody


def rows(person: User, *, at: datetime) -> NoticeQuerySet:
    """What the person's inbox shows: what still stands, of what she may see."""
    return cast(NoticeQuerySet, policy.allowed(person, Action.READ_NOTICE, at=at)).standing()


def unread(person: User) -> int:
    """How many of them are unread; one more than ``COUNTED`` stands for any number more."""
    return len(prepared.rows(_unread, Standing.of(person)))


def _unread(who: Standing) -> QuerySet[Notice]:
    condition = policy.holds(who, Action.READ_NOTICE, at=prepared.AT)
    if condition is None:
        return Notice.objects.none()
    return Notice.objects.filter(condition).unread().values_list("pk")[: COUNTED + 1]


def mark_read(meant: QuerySet[Notice], *, at: datetime) -> int:
    """The unread ones among them are read since ``at``; how many."""
    return meant.filter(read_at__isnull=True).update(read_at=at)
