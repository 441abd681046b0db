"""One row by its key, under policy: a hidden row and none are the same."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import User
from reviews import policy
from reviews.actions import Action
from reviews.exceptions import NotPermitted, NotVisible
from reviews.models import Submission
from reviews.rules import Standing


def find(user: User, action: Action, *, at: datetime, **key: Any) -> Any:
    """The row of the action's kind with that key, when ``user`` may do ``action`` to it.

    Raises as ``check`` does, after the same queries for a hidden row as for none.
    """
    who = Standing.of(user)
    kind = policy.RULES[action][0].over
    seen_by, path = policy.SEEN_BY.get(kind, (action, "pk"))
    answers = {
        "is_seen": Exists(policy.rows(who, seen_by, at).filter(pk=OuterRef(path))),
        "is_allowed": Exists(policy.rows(who, action, at).filter(pk=OuterRef("pk"))),
    }
    row = kind._default_manager.filter(**key).annotate(**answers).first()
    if row is None or not (row.is_seen or row.is_allowed):
        raise NotVisible
    if not row.is_allowed:
        raise NotPermitted
    return row


def find_submission(
    user: User, reference: str, *, at: datetime, **facts: Any
) -> tuple[Submission, set[Action]]:
    """The submission with its ``facts`` annotated, and what ``user`` may do to it.

    Raises NotVisible for one outside her view, after the same query as for none.
    """
    visible = policy.allowed(user, Action.VIEW, at=at).select_related("model_version__lab")
    try:
        row = visible.annotate(**facts).get(reference=reference)
    except Submission.DoesNotExist:
        raise NotVisible from None
    return row, policy.actions(user, row, at=at)
