"""What falls when, for one person: ends, due points, access, closeouts.

The calendar, its preview of a day and its feed all ask ``of``, and the due points are those of
services/reminders.py, so none of them can disagree. An entry's words name no lab, no model and
no content; what the person may see besides, a page adds.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Max, Q
from django.urls import reverse

from accounts.models import User
from reviews import policy
from reviews.models import AccessGrant, InformationRequest, Notice, Submission
from reviews.models import grant_queries as queries
from reviews.models.information_request import InformationRequestQuerySet
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services.reminders import SERIES
from reviews.services.series import Row, Series

LONGEST = timedelta(days=366)
LIMIT = 500  # windows, and as many grants and information requests, in one answer
# How long after its own end a grant may still have a point.
AFTER_A_GRANT = timedelta(days=10)

WINDOW_ENDS = "window_ends"
ACCESS_STARTS = "access_starts"
ACCESS_ENDS = "access_ends"
REQUEST_LAPSES = "request_lapses"

# What a window's end takes from whoever could do it before, in the order of a page.
CLOSED_BY_THE_END = {
    Action.READ_PACKAGE: "The lab's answers and documents can no longer be read.",
    Action.DECLARE: "The lab's answers and documents can no longer be read.",
    Action.ADD_DOCUMENT: "Documents can no longer be added.",
    Action.SHORTEN: "The window can no longer be shortened.",
    Action.ASSIGN: "Reviewers can no longer be assigned.",
    Action.ANSWER_ASSIGNMENT: "Reviews can no longer be written or filed; a draft is sealed.",
    Action.FILE_POSITION: "Your agency's position can no longer be filed.",
    Action.CONSULT: "Your office's statement can no longer be recorded.",
    Action.DETERMINE: "A determination can no longer be written or signed.",
    Action.REQUEST_GRANT: "Access to the model can no longer be asked for.",
    Action.DRAFT_INFORMATION_REQUEST: "Information can no longer be asked for.",
}


@dataclass(frozen=True)
class Entry:
    """Something that falls at the instant ``at``.

    ``changed_at`` is when it came to be as it now is. A ``counts_down`` entry only says how
    long something else has still to run.
    """

    at: datetime
    kind: str
    subject: Row
    words: str
    changed_at: datetime
    counts_down: bool = False

    @property
    def submission(self) -> Submission:
        """The submission that it is about, or that its grant is for."""
        subject = self.subject
        return subject if isinstance(subject, Submission) else subject.submission

    @property
    def grant(self) -> AccessGrant | None:
        """The grant that it is about, if it is about one."""
        return self.subject if isinstance(self.subject, AccessGrant) else None

    @property
    def path(self) -> str:
        """The page of its subject."""
        if isinstance(self.subject, Submission):
            return reverse("reviews:submission-detail", args=[self.reference])
        page = "rfi" if self.grant is None else "grant"
        return reverse(f"reviews:{page}-detail", args=[self.reference])

    @property
    def reference(self) -> str:
        """What names its subject, as unguessable as an address."""
        subject = self.subject
        return subject.reference if isinstance(subject, Submission) else str(subject.key)


@dataclass(frozen=True)
class Agenda:
    """The entries in the order of their instants; ``capped`` says that there are more."""

    entries: list[Entry]
    capped: bool


def of(user: User, since: datetime, until: datetime, *, at: datetime) -> Agenda:
    """What falls from ``since`` to before ``until`` of what ``user`` may see at ``at``.

    Takes the same few queries however much it is. Raises ValueError for a range longer than
    ``LONGEST``.
    """
    if until - since > LONGEST:
        raise ValueError("A range is at most 366 days.")
    windows = list(
        _windows(user, since, until, at)
        .select_related("model_version__lab")
        .order_by("closes_at", "reference")[: LIMIT + 1]
    )
    grants = list(
        _grants(user, since, until, at)
        .select_related("submission__model_version__lab", "grantee", "agency", "partner")
        .order_by("ends_at", "key")[: LIMIT + 1]
    )
    readable = policy.allowed(user, Action.READ_INFORMATION_REQUEST, at=at)
    asked = list(
        cast(InformationRequestQuerySet, readable)
        .outstanding(at)
        .filter(issued_at__lt=until, due_at__gte=since)
        .select_related("submission__model_version__lab")
        .order_by("due_at", "key")[: LIMIT + 1]
    )
    capped = any(len(found) > LIMIT for found in (windows, grants, asked))
    del windows[LIMIT:], grants[LIMIT:], asked[LIMIT:]
    found = [
        *_of_windows(user, windows, at),
        *_of_grants(user, grants, at),
        *_of_requests(asked, at),
    ]
    inside = [entry for entry in found if since <= entry.at < until]
    return Agenda(sorted(inside, key=lambda e: (e.at, e.kind, e.reference)), capped)


def closed_by_the_ends(
    user: User, windows: Collection[Submission], until: datetime, *, at: datetime
) -> dict[int, list[str]]:
    """By primary key, what ``user`` may do at ``at`` and no more at ``until``, in words."""
    asked = list(CLOSED_BY_THE_END)
    before = policy.actions_on(user, windows, asked, at=at)
    after = policy.actions_on(user, windows, asked, at=until)
    return {
        pk: [CLOSED_BY_THE_END[action] for action in asked if action in may - after[pk]]
        for pk, may in before.items()
    }


def _windows(user: User, since: datetime, until: datetime, at: datetime) -> Any:
    """Those that have a point in the range: each lies between opening and end."""
    ended_before = Q(ended_at__isnull=False, ended_at__lt=since)
    return (
        policy.allowed(user, Action.VIEW, at=at)
        .filter(opens_at__lt=until, closes_at__gte=since)
        .exclude(ended_before)
    )


def _grants(user: User, since: datetime, until: datetime, at: datetime) -> Any:
    """Those that start in the range, end in it, or ended so lately that a closeout is due in it."""
    late, early = Q(), Q()
    for end in ("ends_at", "revoked_at", *queries.WINDOW_ENDS):
        bounds = queries.OF_AGENCY if end in queries.WINDOW_ENDS else Q()
        after = Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gte": since - AFTER_A_GRANT})
        late &= after | ~bounds if bounds else after
        early |= Q(**{f"{end}__lt": until}) & bounds
    starts = Q(starts_at__gte=since, starts_at__lt=until)
    taken_back = Q(revoked_at__isnull=False, authorized_at__isnull=True)
    return (
        policy.allowed(user, Action.VIEW_GRANT, at=at)
        .filter(starts | late & early, declined_at__isnull=True)
        .exclude(taken_back)
    )


def _of_windows(user: User, windows: Sequence[Submission], at: datetime) -> Iterator[Entry]:
    series = _series_of(Submission, at)
    asked = {action for one in series for action in one.actions}
    may = policy.actions_on(user, windows, asked, at=at)
    shortened = _shortened(windows)
    for window in windows:
        opens_at, closes_at = window.window()
        changed_at = max(shortened.get(window.pk, opens_at), window.ended_at or opens_at)
        yield Entry(
            window.ended_at or closes_at, WINDOW_ENDS, window, "A review window ends", changed_at
        )
        yield from _points(window, may[window.pk], changed_at, series, at)


def _of_grants(user: User, grants: Sequence[AccessGrant], at: datetime) -> Iterator[Entry]:
    numbers, series = [grant.pk for grant in grants], _series_of(AccessGrant, at)
    sides = {
        action: set(
            policy.allowed(user, action, at=at).filter(pk__in=numbers).values_list("pk", flat=True)
        )
        for action in {action for one in series for action in one.actions}
    }
    shortened = _shortened({grant.submission for grant in grants})
    for grant in grants:
        facts = (
            *(grant.requested_at, grant.consented_at, grant.authorized_at, grant.revoked_at),
            *(grant.submission.ended_at, shortened.get(grant.submission_id)),
        )
        changed_at = max(fact for fact in facts if fact)
        end = grant.effective_end()
        if grant.authorized_at is None:
            words = "A request for access to a model lapses"
            yield Entry(end, REQUEST_LAPSES, grant, words, changed_at)
            continue
        if grant.starts_at < end:
            words = "Access to a model starts"
            yield Entry(grant.starts_at, ACCESS_STARTS, grant, words, changed_at)
        yield Entry(end, ACCESS_ENDS, grant, "Access to a model ends", changed_at)
        may = {action for action, found in sides.items() if grant.pk in found}
        yield from _points(grant, may, changed_at, series, at)


def _of_requests(asked: Sequence[InformationRequest], at: datetime) -> Iterator[Entry]:
    """The points of those that wait for the lab; whoever reads one has them in her calendar."""
    series = _series_of(InformationRequest, at)
    shortened = _shortened({one.submission for one in asked})
    for one in asked:
        issued_at = cast(datetime, one.issued_at)
        changed_at = max(shortened.get(one.submission_id, issued_at), issued_at)
        yield from _points(one, {Action.READ_INFORMATION_REQUEST}, changed_at, series, at)


def _points(
    row: Row, may: Collection[Action], changed_at: datetime, all_series: list[Series], at: datetime
) -> Iterator[Entry]:
    """The due points of the reminders that concern whoever ``may`` do these things.

    One that was due while the row was as it is no more is pointless and left out.
    """
    for series in all_series:
        if not set(series.actions) & set(may):
            continue
        for reminder in series.reminders:
            due_at = reminder.due(row)
            if due_at is None or not series.holds(row, due_at):
                continue
            if due_at > at or series.holds(row, at):
                words = reminder.calendar or reminder.subject
                yield Entry(due_at, reminder.kind, row, words, changed_at, not reminder.calendar)


def _series_of(kind: type[Row], at: datetime) -> list[Series]:
    return [series for series in SERIES if series.rows(at).model is kind]


def _shortened(windows: Iterable[Submission]) -> dict[int, datetime]:
    """When each was last shortened, of those that were."""
    told = Notice.objects.filter(
        kind=NoticeKind.WINDOW_SHORTENED, submission__in=[window.pk for window in windows]
    )
    return dict(told.values_list("submission").annotate(at=Max("queued_at")))
