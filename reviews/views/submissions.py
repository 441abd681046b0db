"""The list of submissions, one submission's overview, its answers and its history."""

from dataclasses import dataclass

from django.db.models import F
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from accounts.roles import Role
from portal import keyset
from portal.context import Link, seats_of
from portal.templatetags.foreview import instant_html, status_html
from portal.timeline import span_text
from reviews import clock, policy
from reviews.forms.submissions import SubmissionFilter
from reviews.models import AgencyPosition, Assignment
from reviews.models.determination import Coverage
from reviews.models.saved_filter import FilterPlace
from reviews.models.submission import SubmissionKind
from reviews.policy import Action
from reviews.rules import There
from reviews.services import agency_reviews, completion, history, reading, reports
from reviews.views.home_access import until
from reviews.views.page import LINE_OF_A_GRANT, find_submission, framed, submission_page
from reviews.views.saved_links import links
from reviews.views.window import timeline
from reviews.workflow import Status

HISTORY_PAGE = 50
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, ready to print."""

    url: str
    model: str
    facts: str
    state: SafeString
    window: str
    ends: SafeString
    next_step: SafeString


@dataclass(frozen=True, slots=True)
class Line:
    """One agency on the overview, and how far it is in words."""

    agency: str
    state: str
    has_filed: bool


@require_GET
def submission_list(request):
    """The submissions that the person may see, filtered, a page of 50 at a time."""
    form = SubmissionFilter(request.GET)
    visible = policy.allowed(request.user, Action.VIEW, at=request.at)
    page = keyset.page(
        request,
        form.rows(visible, request.at).select_related("model_version__lab"),
        form.keys,
        descending=not form.cleaned_data.get("sort"),
    )
    open_now = [submission for submission in page.rows if submission.is_open(request.at)]
    taken = _taken(request)
    may = policy.actions_on(request.user, open_now, taken, at=request.at, taken=taken)
    return render(
        request,
        "reviews/submission_list.html",
        {
            "form": form,
            "rows": [
                _row(submission, request.at, may.get(submission.pk, ())) for submission in page.rows
            ],
            "previous_url": page.previous_url,
            "next_url": page.next_url,
            "saved": links(request, FilterPlace.SUBMISSIONS, "reviews:submission-list"),
            "may_export": policy.has_a_way(request.user, Action.EXPORT_SUBMISSIONS, at=request.at),
            "may_draft": policy.has_a_way(request.user, Action.DRAFT, at=request.at),
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Submissions", "")],
        },
        status=200 if form.is_valid() else 400,
    )


def _taken(request):
    """For each next step, the condition on submissions that it has been taken."""
    leads = [seat.organization_id for seat in seats_of(request) if seat.role == Role.LEAD]
    here = {"expression": F("pk"), "key": "submission", "each": True}
    return {
        Action.ANSWER_ASSIGNMENT: agency_reviews.filed_by(request.user),
        Action.FILE_POSITION: There(**here, model=AgencyPosition, agency=leads),
    }


def _row(submission, at, may):
    state = submission.status_at(at)
    url = f"/submissions/{submission.reference}/"
    window = ""
    if state == Status.UNDER_REVIEW:
        day = clock.day(submission.opens_at, at)
        days = clock.days(submission.opens_at, submission.closes_at)
        window = f"Day {day} of {days}, {span_text(submission.closes_at - at)} left"
    return Row(
        url,
        f"{submission.lab.short_name} {submission.model_version}",
        f"{submission.reference}, {SubmissionKind(submission.kind).label.lower()}",
        status_html(state.value),
        window,
        instant_html(submission.over_at(at) or submission.closes_at),
        _next_step(submission, state, url, may),
    )


def _next_step(submission, state, url, may):
    if state == Status.DRAFT:
        where, words = "file/", "Check and file"
    elif Action.ANSWER_ASSIGNMENT in may:
        where, words = "reviews/write/", "Write review"
    elif Action.FILE_POSITION in may:
        where, words = "position/", "File position"
    else:
        return SafeString("")
    return format_html(
        '<a class="usa-link" href="{}{}">{}<span class="usa-sr-only"> for {}</span></a>',
        url,
        where,
        words,
        submission.reference,
    )


@require_GET
def submission_detail(request, reference):
    """One submission's overview: its window, who has filed, what the person may do next."""
    taken = {f"has_{step}": was for step, was in _taken(request).items()}
    taken["is_unanswered"] = There(
        F("pk"),
        model=Assignment,
        key="submission",
        absent=("accepted_at", "declined_at", "ended_at"),
        each=True,
        reviewer=request.user.pk,
    )
    readable = policy.allowed(request.user, Action.READ_DETERMINATION, at=request.at)
    outcome = reports.outcome_in_force(readable)
    submission = find_submission(request, reference, outcome=outcome, **taken)
    filed = submission.opens_at is not None
    over_at = submission.over_at(request.at)
    board = _board(submission, request.at) if filed else []
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    grants = policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
    return submission_page(
        request,
        "reviews/submission_detail.html",
        submission,
        title=f"Submission {submission.reference}",
        window=timeline(submission.opens_at, submission.closes_at, request.at, over_at)
        if filed
        else None,
        over_at=over_at,
        board=board,
        all_filed=all(row.has_filed for row in board),
        outcome=Coverage(submission.outcome).label if submission.outcome else "",
        documents=documents.filter(submission=submission)
        .only("key", "title", "kind")
        .order_by("-created_at", "-pk")[:SHOWN],
        grants=_grants(submission, grants, request.at),
        lines=history.lines(
            submission, seats_of(request), first=0, count=SHOWN, but=history.READINGS
        ),
    )


@require_GET
def opening_list(request, reference):
    """The lab sees which agency opened which of its documents, and when; never a person."""
    submission = find_submission(request, reference, Action.OWN)
    return submission_page(
        request,
        "reviews/opening_list.html",
        submission,
        title="Who opened what",
        openings=history.openings(submission),
    )


def _board(submission, at):
    """Each agency and how far it is: for the lab, whether it has filed and no more."""
    if Action.OWN not in submission.may:
        return [
            Line(row.short_name, row.state.label, row.state.has_filed)
            for row in completion.states(submission, at=at)
        ]
    unfiled = "No view recorded" if submission.over_at(at) else "Not yet filed"
    return [
        Line(agency, "Filed" if has_filed else unfiled, has_filed)
        for agency, has_filed in reports.filed_by_agency(submission)
    ]


def _grants(submission, visible, at):
    """(grant, its state in words, when it ends or ended) of the latest few."""
    latest = (
        visible.filter(submission=submission)
        .select_related("agency", "partner", "grantee")
        .prefetch_related("suspensions")
        .only("submission", *LINE_OF_A_GRANT)[:SHOWN]
    )
    for grant in latest:
        grant.submission = submission
    return [(grant, grant.state_at(at).label, _end(grant, at)) for grant in latest]


def _end(grant, at):
    end = grant.effective_end()
    if end <= at:
        return instant_html(end)
    return format_html("until {}", until(grant))


@framed
@require_GET
def package_detail(request, reference):
    """The lab's answers; for agencies only while the window is open."""
    submission = find_submission(request, reference, Action.READ_PACKAGE)
    reading.note(submission, Action.READ_PACKAGE, by=request.user, at=request.at)
    return submission_page(
        request,
        "reviews/package_detail.html",
        submission,
        title="Answers",
        answers=submission.package.answers(),
    )


@require_GET
def submission_history(request, reference):
    """What happened to the submission, as far as the person's side may know."""
    submission = find_submission(request, reference)
    page = request.GET.get("page", "1")
    number = int(page) if page.isdecimal() and 0 < len(page) < 6 else 1
    first = max(number - 1, 0) * HISTORY_PAGE
    lines = history.lines(submission, seats_of(request), first=first, count=HISTORY_PAGE + 1)
    return submission_page(
        request,
        "reviews/submission_history.html",
        submission,
        title="History",
        lines=lines[:HISTORY_PAGE],
        previous_url=f"?page={number - 1}" if number > 1 else None,
        next_url=f"?page={number + 1}" if len(lines) > HISTORY_PAGE else None,
    )
