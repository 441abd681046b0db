"""How far the agencies are with a submission, and its report, as one person may see them.

Whoever sees a submission knows which agencies have filed a position: its history says so too.
Everything else is of rows that policy lets the person read.
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
    Assignment,
    Report,
    Submission,
)
from reviews.models.agency_review import Outcome
from reviews.policy import Action
from reviews.services import report_content, reports
from reviews.services.report_content import NO_VIEW, AgencyLine, Content, readable
from reviews.workflow import Status

# What a list of reviews shows of each; the long texts stay in the database.
LISTED = ("key", "submission", "agency", "author", "version", "saved_at", "filed_at")


@dataclass(frozen=True)
class Progress:
    """How far one agency is, in words; ``people`` are the reviewers it assigned."""

    agency: str
    state: str
    detail: str = ""
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Board:
    """Every agency's progress, and the reviews and positions that the person may read."""

    agencies: list[Progress]
    reviews: list[AgencyReview]
    positions: list[AgencyPosition]
    all_filed: bool


def board(user: User, submission: Submission, *, at: datetime) -> Board:
    """How far each agency is as ``user`` may know it: more of those that she is of."""
    lines = reports.lines(submission)
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
    assigned = _assigned(submission, own)
    filed = {review.agency_id for review in reviews if review.filed_at}
    drafted = {review.agency_id for review in reviews if not review.filed_at}

    def state(line: AgencyLine) -> tuple[str, str]:
        agency = line.agency.pk
        if line.position is not None:
            read = positions.get(agency)
            recused = read is not None and read.outcome == Outcome.RECUSED
            return ("Recused" if recused else "Position filed"), ""
        if submission.status_at(at) != Status.UNDER_REVIEW:
            if agency in filed:
                return NO_VIEW, "A review was filed, and no position."
            if agency in drafted:
                return NO_VIEW, "A draft was begun and not filed: it is sealed."
            return NO_VIEW, ""
        if agency in filed:
            return "Review filed", "A next version is begun." if agency in drafted else ""
        if agency in drafted:
            return "Draft begun", ""
        if agency in own:
            return ("Assigned" if agency in assigned else "Nobody assigned"), ""
        return "No position yet", ""

    return Board(
        [
            Progress(line.agency.name, *state(line), tuple(assigned.get(line.agency.pk, ())))
            for line in lines
        ],
        reviews,
        list(positions.values()),
        _all_filed(lines),
    )


def _assigned(submission: Submission, agencies: Iterable[int]) -> dict[int, list[str]]:
    """By agency, the names of those assigned there who are not recused."""
    names: dict[int, list[str]] = defaultdict(list)
    for agency, name in (
        Assignment.objects.still_reviewing()
        .filter(submission=submission, agency__in=agencies)
        .order_by("reviewer__name")
        .values_list("agency", "reviewer__name")
    ):
        names[agency].append(name)
    return names


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
