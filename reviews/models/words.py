"""What a row keeps of somebody's word: who gave it and when, both or neither."""

from django.db.models import CheckConstraint, Q


def who_and_when(kind: str, facts: tuple[str, ...]) -> list[CheckConstraint]:
    """Of each fact the database keeps its ``_at`` and its ``_by``, or neither."""
    return [
        CheckConstraint(
            condition=Q(**{f"{fact}_at__isnull": True, f"{fact}_by__isnull": True})
            | Q(**{f"{fact}_at__isnull": False, f"{fact}_by__isnull": False}),
            name=f"{kind}_{fact}_who_and_when",
        )
        for fact in facts
    ]
