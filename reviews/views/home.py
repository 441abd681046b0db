"""Home: what waits for me, what ends soon, counts by state, for each of a person's roles."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import (
    Exists,
    IntegerField,
    OuterRef,
    Prefetch,
    Subquery,
    prefetch_related_objects,
)
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.models import SeatRequest, User
from accounts.roles import LAB_ROLES, Role
from portal.context import AGENCY_ROLES, seats_of
from portal.templatetags.foreview import instant_html
from reviews import policy, prepared
from reviews.forms.submissions import in_state
from reviews.models import (
    Consultation,
    CriterionVersion,
    Determination,
    Report,
    Submission,
)
from reviews.models.submission import ModelVersion
from reviews.policy import Action
from reviews.rules import Standing
from reviews.views import exports, home_access, home_requests, home_reviews
from reviews.views.home_reviews import of, there
from reviews.views.home_tasks import (
    OF_A_KIND,
    SubmissionTask,
    Task,
    in_order,
    open_to,
    said,
    submission_tasks,
)
from reviews.workflow import Status

NAMES = ModelVersion.objects.select_related("lab").only("family", "version", "lab__short_name")
# How long a report stays among what waits, answered or not.
RECENT = timedelta(days=30)
# Beyond this a count says "99+": an exact count of a large list costs more than the list.
COUNTED = 100


@dataclass(frozen=True)
class Count:
    """How many submissions are in a state, and the list of them."""

    label: str
    count: str
    url: str


@require_GET
def home(request):
    """The person's own day: every row passed policy, every list is short."""
    seats = seats_of(request)
    roles = {seat.role for seat in seats}
    sees_submissions = bool(roles & (LAB_ROLES | AGENCY_ROLES))
    waiting = [task for make in _for_roles(roles) for task in make(request, seats)]
    if policy.has_a_way(request.user, Action.READ_EXPORT, at=request.at):
        waiting += exports.tasks(request)
    ending = _ending(request) if sees_submissions else []
    waited_for = [task.submission for task in waiting if isinstance(task, SubmissionTask)]
    # All names at once: two tables fewer in each question.
    prefetch_related_objects([*waited_for, *ending], Prefetch("model_version", NAMES))
    return render(
        request,
        "reviews/home.html",
        {
            "waiting": in_order(waiting),
            "ending": [_end(submission) for submission in ending],
            "access": home_access.ending(request),
            "counts": _counts(request) if sees_submissions else [],
            "sees_submissions": sees_submissions,
            "may_audit": policy.has_a_way(request.user, Action.AUDIT, at=request.at),
            "may_draft": policy.has_a_way(request.user, Action.DRAFT, at=request.at),
        },
    )


def _for_roles(roles):
    makers = [make for role, makers in WAITING.items() if role in roles for make in makers]
    return list(dict.fromkeys(makers))  # what waits for two of her roles waits once


def _drafts(request, seats):
    drafts = (
        policy.allowed(request.user, Action.OWN, at=request.at)
        .filter(status=Status.DRAFT)
        .select_related("model_version__lab")
        .order_by("-created_at", "-reference")
    )
    return submission_tasks("Finish and file a draft", "reviews:submission-file", drafts)


def _seats_to_confirm(request, seats):
    asked = (
        SeatRequest.objects.waiting()
        .exclude(requested_by=request.user)
        .exclude(person=request.user)
        .select_related("person", "seat__organization")
        .order_by("requested_at")
    )
    return [
        Task(
            "Confirm a seat, or decline it",
            reverse("accounts:seat-list"),
            f"{one.seat} for {one.person.name}",
            said("Asked for", one.requested_at),
        )
        for one in asked[:OF_A_KIND]
    ]


def _determinations(request, seats):
    tasks = submission_tasks(
        "Ask for consultations, or write the determination",
        "reviews:determination-detail",
        open_to(request, Action.DETERMINE).filter(~there(Determination)),
    )
    unsigned = (
        policy.allowed(request.user, Action.SIGN_DETERMINATION, at=request.at)
        .unsigned()
        .select_related("submission")
        .order_by("written_at")
    )
    return [
        *_of_determinations("Sign a determination as its second signer", "sign", unsigned),
        *_unshared(request),
        *tasks,
    ]


def _unshared(request):
    """Those in force that the lab was not told of: whether it is, is for officials to decide."""
    later = Determination.objects.signed().filter(
        submission=OuterRef("submission"), number__gt=OuterRef("number")
    )
    signed = policy.allowed(request.user, Action.SHARE_DETERMINATION, at=request.at).filter(
        ~Exists(later), shared_at=None
    )
    return _of_determinations(
        "Decide whether to share a determination with the lab",
        "share",
        signed.select_related("submission").order_by("submission__review_ends_at", "pk"),
    )


def _of_determinations(text, step, determinations):
    return [
        Task(
            text,
            reverse(f"reviews:determination-{step}", args=[one.key]),
            f"Submission {one.submission.reference}",
            said("Window ends", one.submission.closes_at),
            one.submission.closes_at,
        )
        for one in determinations[:OF_A_KIND]
    ]


def _consultations(request, seats):
    offices = of(seats, Role.CONSULTED_OFFICIAL)
    asked = Consultation.objects.filter(
        submission=OuterRef("pk"), organization__in=offices, recorded_at=None
    )
    return submission_tasks(
        "Record your office's consultation",
        "reviews:consultation-record",
        open_to(request, Action.CONSULT).filter(
            Exists(asked), ~there(Determination, present=("signed_at",))
        ),
    )


def _criteria(request, seats):
    """Versions of criteria that wait for a second keeper, once each."""
    waiting = policy.allowed(request.user, Action.CONFIRM_CRITERION, at=request.at).filter(
        confirmed_at=None, pk__in=CriterionVersion.objects.last_of_each()
    )
    return [
        Task(
            "Confirm a criterion of the register",
            reverse("reviews:criterion-confirm", args=[version.key]),
            f"{version}, proposed by {version.proposed_for.short_name}",
            said("Proposed", version.proposed_at),
        )
        for version in waiting.select_related("criterion", "proposed_for").order_by("proposed_at")[
            :OF_A_KIND
        ]
    ]


def _shared(request, seats):
    """What the lab was told of lately and has not responded to; a response is never needed."""
    determinations = (
        policy.allowed(request.user, Action.RESPOND_TO_DETERMINATION, at=request.at)
        .filter(shared_at__gt=request.at - RECENT, response=None)
        .select_related("submission__model_version__lab")
        .order_by("-shared_at")
    )
    return [
        Task(
            "Read the determination",
            reverse("reviews:determination-detail", args=[one.submission.reference]),
            f"{one.submission.model_version}, {one.submission.reference}",
            said("Shared", one.shared_at),
        )
        for one in determinations[:OF_A_KIND]
    ]


def _reports(request, seats):
    unanswered = Report.objects.filter(
        submission__in=policy.allowed(request.user, Action.RESPOND, at=request.at),
        responded_at=None,
        issued_at__gt=request.at - RECENT,
    ).select_related("submission__model_version__lab")
    return [
        Task(
            "Read the report",
            reverse("reviews:report-detail", args=[report.submission.reference]),
            f"{report.submission.model_version}, {report.submission.reference}",
            said("Issued", report.issued_at),
        )
        for report in unanswered.order_by("-issued_at")[:OF_A_KIND]
    ]


_OF_LAB = [
    home_requests.to_answer,
    _drafts,
    home_access.consents,
    _shared,
    _reports,
    home_access.closeouts_of_lab,
]
WAITING = {
    Role.LIAISON: _OF_LAB,
    Role.LAB_ADMINISTRATOR: _OF_LAB,
    Role.REVIEWER: [home_reviews.unanswered, home_reviews.reviews],
    Role.LEAD: [
        home_reviews.reports_to_issue,
        home_reviews.assignments,
        home_reviews.positions,
        home_reviews.letter_entries,
        home_requests.to_issue,
        home_access.recertifications,
        home_access.closeouts_of_agency,
        _criteria,
    ],
    Role.PARTNER_CONTACT: [home_access.terms_to_accept, home_access.closeouts_of_agency],
    Role.DETERMINATION_OFFICIAL: [_determinations, _criteria],
    Role.CONSULTED_OFFICIAL: [_consultations, _criteria],
    Role.ADMINISTRATOR: [_seats_to_confirm, home_access.authorizations],
}


def _ending(request):
    return list(open_to(request, Action.VIEW).window_open(request.at)[:OF_A_KIND])


def _end(submission):
    return Task(
        f"{submission.lab.short_name} {submission.model_version}",
        submission.get_absolute_url(),
        submission.reference,
        instant_html(submission.closes_at),
    )


class Capped(Subquery):
    """How many rows a query with a limit has, as a part of another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()


def _counts(request):
    who = Standing.of(request.user)
    numbers = prepared.rows(_in_each_state, who, at=request.at)[0]
    return [
        Count(
            state.label,
            f"{COUNTED - 1}+" if number == COUNTED else str(number),
            f"{reverse('reviews:submission-list')}?state={state}",
        )
        for state, number in zip(_states(who), numbers, strict=True)
    ]


def _in_each_state(who):
    """One row: how many of those that she may see are in each of the states."""
    visible = Submission.objects.filter(policy.holds(who, Action.VIEW, at=prepared.AT)).order_by()
    found = {state: visible.filter(in_state(state, prepared.AT)) for state in _states(who)}
    # Few of all are open, and only their ends are in an index: else PostgreSQL walks the table.
    found[Status.UNDER_REVIEW] = found[Status.UNDER_REVIEW].order_by("review_ends_at")
    capped = [Capped(rows.values("pk")[:COUNTED]) for rows in found.values()]
    return User.objects.filter(pk=who.person).values_list(*capped)


def _states(who):
    return [state for state in Status if state != Status.DRAFT or who.organizations(LAB_ROLES)]
