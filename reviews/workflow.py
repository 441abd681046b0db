"""The life of a submission as a table (docs/domain.md section 4).

There is no step that approves, returns, holds or extends: none is in the table.
docs/workflow.md is generated from it and a test fails on a difference.
"""

from enum import StrEnum

from reviews.exceptions import IllegalTransition


class Status(StrEnum):
    """What has been recorded of a submission. What is true now, the clock says."""

    DRAFT = "draft"
    UNDER_REVIEW = "under_review"
    CONCLUDED = "concluded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return self.replace("_", " ").capitalize()


class Step(StrEnum):
    """What can happen to a submission."""

    FILE = "file"
    CONCLUDE = "conclude"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"

    @property
    def who(self) -> str:
        return {
            Step.FILE: "The lab",
            Step.CONCLUDE: "An agency lead, once every reviewing agency has filed or recused",
            Step.EXPIRE: "The clock",
            Step.WITHDRAW: "The lab",
        }[self]


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.DRAFT, Step.FILE): Status.UNDER_REVIEW,
    (Status.DRAFT, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.UNDER_REVIEW, Step.CONCLUDE): Status.CONCLUDED,
    (Status.UNDER_REVIEW, Step.EXPIRE): Status.EXPIRED,
    (Status.UNDER_REVIEW, Step.WITHDRAW): Status.WITHDRAWN,
}

_REFUSALS = {
    Step.FILE: "Only a draft can be filed: this one has been filed already, or was withdrawn.",
    Step.CONCLUDE: "Only a submission under review can be concluded.",
    Step.EXPIRE: "Only a submission under review can expire.",
    Step.WITHDRAW: "This submission has ended, so there is nothing to withdraw.",
}


def possible(status: str, step: Step) -> bool:
    """Whether the table has ``step`` from ``status``."""
    return (Status(status), step) in TRANSITIONS


def advance(status: str, step: Step) -> Status:
    """The status after ``step``. Raises IllegalTransition when the table has none."""
    try:
        return TRANSITIONS[Status(status), step]
    except KeyError:
        raise IllegalTransition(
            f"{_REFUSALS[step]} It is now: {Status(status).label.lower()}."
        ) from None


def as_markdown() -> str:
    """The table as docs/workflow.md shows it."""
    rows = "\n".join(
        f"| {status.label} | {step.value} | {step.who} | {after.label} |"
        for (status, step), after in TRANSITIONS.items()
    )
    finals = [s.label.lower() for s in Status if not any(possible(s, step) for step in Step)]
    return (
        "# The life of a submission\n\n"
        "Generated from reviews/workflow.py by `python3 run.py manage workflow --write`.\n\n"
        "| from | step | by | to |\n|---|---|---|---|\n"
        f"{rows}\n\n"
        f"Nothing follows: {', '.join(finals)}. The window may be shortened by the lab while "
        "under review; nothing extends or pauses it.\n"
    )
