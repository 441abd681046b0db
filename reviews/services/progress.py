"""How far the agencies are with a submission, and its report, as one person may see them.

Whoever sees a submission knows which agencies have filed a position: its history says so too.
Agencies know of each other also the one word of the completion board. Everything else is of
rows that policy lets the person read.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import Organization, User
from reviews import policy
from reviews.models import (
    AgencyPosition,
    AgencyReview,
    Report,
    Submission,
)
from reviews.policy import Action
from reviews.services import assignments, completion, report_content, reports
from reviews.services.assignments import Member
from reviews.services.completion import AgencyState
from reviews.services.report_content import AgencyLine, Content, readable

# What a list of reviews shows of each; the long texts stay in the database.
LISTED = ("key", "submission", "agency", "author", "version", "saved_at", "filed_at")


@dataclass(frozen=True)
class Progress:
    """How far one agency is; ``people`` are those it assigned, for its own people to know."""

    agency: str
    state: AgencyState
    detail: str = ""
    people: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Board:
    """Every agency's progress, and the reviews and positions that the person may read."""

    agencies: list[Progress]
    reviews: list[AgencyReview]
    positions: list[AgencyPosition]
    all_filed: bool


def board(user: User, submission: Submission, *, at: datetime) -> Board:
    """How far each agency is, in the one word that all see, and more of those that she is of."""
    agencies = completion.states(submission, at=at)
    reviews = _latest_of_each(
        policy.allowed(user, Action.READ_REVIEW, at=at)
        .filter(submission=submission)
        .select_related("agency", "author")
        .only(*LISTED, "agency__short_name", "author__name")
        .order_by("agency__name", "author__name", "author_id", "-version")
    )
    positions = {
        position.agency_id: position
        for position in policy.allowed(user, Action.READ_POSITION, at=at)
        .filter(submission=submission)
        .select_related("agency")
        .order_by("agency__name", "version")
    }
    own = {agency.pk for agency in policy.organizations(user, Action.DELIBERATE, submission)}
    people: dict[int, list[Member]] = defaultdict(list)
    for member in assignments.members(submission, own):
        people[member.assignment.agency_id].append(member)
    filed = {review.agency_id for review in reviews if review.filed_at}
    drafted = {review.agency_id for review in reviews if not review.filed_at}

    def detail(agency: int, state: AgencyState) -> str:
        if state.has_filed:
            return ""
        over = state is AgencyState.NO_VIEW_RECORDED
        if agency in filed:
            if over:
                return "A review was filed, and no position."
            return "A review is filed." + (" A next version is begun." if agency in drafted else "")
        return (
            "A draft was begun and not filed: it is sealed." if over and agency in drafted else ""
        )

    return Board(
        [
            Progress(
                row.name,
                row.state,
                detail(row.agency, row.state),
                tuple(people[row.agency]),
            )
            for row in agencies
        ],
        reviews,
        list(positions.values()),
        all(row.state.has_filed for row in agencies),
    )


def _latest_of_each(rows: Iterable[AgencyReview]) -> list[AgencyReview]:
    """Each author's last filed version and, where there is one, the draft after it."""
    kept: dict[tuple[int, int, bool], AgencyReview] = {}
    for review in rows:
        kept.setdefault((review.agency_id, review.author_id, review.filed_at is None), review)
    return list(kept.values())


def _all_filed(lines: list[AgencyLine]) -> bool:
    return all(line.position is not None for line in lines)


@dataclass(frozen=True)
class FinalReport:
    """The report or, while ``issued_at`` is None, which agencies have ``filed`` and no more.

    ``content`` is what it says. ``recorded`` is None until a worker has recorded that the end
    of the window issued it, and until then it has no ``sha256``.
    """

    issued_at: datetime | None
    filed: list[tuple[Organization, bool]] = field(default_factory=list)
    all_filed: bool = False
    content: Content = field(default_factory=dict)
    recorded: Report | None = None
    sha256: str = ""


def report(user: User, submission: Submission, *, at: datetime) -> FinalReport:
    """The report once it is issued, which the clock does at the end; before, who has filed."""
    if not policy.may(user, Action.READ_REPORT, submission, at=at):
        lines = reports.lines(submission)
        filed = [(line.agency, line.position is not None) for line in lines]
        return FinalReport(None, filed=filed, all_filed=_all_filed(lines))
    issued_at = submission.over_at(at)
    assert issued_at is not None  # noqa: S101 - else nobody might read it
    recorded = Report.objects.filter(submission=submission).first()
    if recorded is None:
        return FinalReport(issued_at, content=readable(reports.preview(submission, at=issued_at)))
    return FinalReport(
        issued_at,
        content=readable(recorded.content),
        recorded=recorded,
        sha256=report_content.sha256(recorded.content),
    )
