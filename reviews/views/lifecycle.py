"""A lab files a submission, shortens its window or withdraws it. Nobody else can."""

from datetime import timedelta

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from portal.templatetags.foreview import instant_html
from portal.timeline import instant_text, span_text
from reviews import clock, policy, workflow
from reviews.exceptions import Conflict, IllegalTransition, StaleForm, WindowRefused
from reviews.forms.drafting import steps_of
from reviews.forms.lifecycle import FilingForm, ShortenForm
from reviews.models.submission import SubmissionKind
from reviews.policy import Action
from reviews.services import attachments, lifecycle
from reviews.views.documents import listing
from reviews.views.drafting import CHECK, outlook, steps
from reviews.views.home_tasks import SHOWN
from reviews.views.page import find_submission, invalid, refused, submission_page
from reviews.workflow import Step


@require_http_methods(["GET", "POST"])
def submission_file(request, reference):
    """The submission is filed with its certification, and its window is open."""
    submission = find_submission(request, reference, Action.OWN)
    workflow.advance(submission.status_at(request.at), Step.FILE)
    form = FilingForm(request.POST if request.method == "POST" else None, submission=submission)
    status = 200
    if form.is_bound:
        status = invalid(form)
        if form.is_valid():
            try:
                filed = lifecycle.file(
                    submission,
                    certifier_title=form.cleaned_data["certifier_title"],
                    revision=form.opened_on,
                    by=request.user,
                    at=request.at,
                )
            except IllegalTransition:
                raise
            except StaleForm:
                status = refused(form, StaleForm(CHANGED))
                submission = find_submission(request, reference, Action.OWN)
                form.reopen(submission)
            except Conflict as error:
                status = refused(form, error)
            else:
                messages.success(
                    request,
                    f"Filed. The review window is open, and ends {instant_text(filed.closes_at)}.",
                )
                return redirect(filed)
    return submission_page(
        request,
        "reviews/submission_file.html",
        submission,
        title=CHECK,
        status=status,
        form=form,
        steps=steps(submission),
        **_answers(submission, request.at),
        **_filing(submission, request.at),
        **listing(request, submission),
    )


CHANGED = (
    "Somebody else changed the answers after you opened this page, so nothing was filed. They "
    "are shown as they are now: read them, certify them and file again."
)


def _answers(submission, at):
    """Every step with its answers, and the questions that must be answered before filing."""
    sections = [
        (step.title, step(submission=submission, at=at).summary())
        for step in steps_of(submission).values()
    ]
    blank = submission.package.missing()
    return {
        "sections": sections,
        "missing": [
            answer for _, answers in sections for answer in answers if answer.name in blank
        ],
    }


def _filing(submission, at):
    """What filing at ``at`` does, in sentences; or why it cannot be done then."""
    found = outlook(submission, at)
    window = found.window
    if window is None:
        return {"outlook": found, "consequences": []}
    end = format_html(
        "The window ends at most 720 hours later, or at the planned partner release if that is "
        "earlier. Filed now, it ends {} ({} from now).",
        instant_html(window.closes_at),
        span_text(window.closes_at - window.opens_at),
    )
    if submission.kind == SubmissionKind.DESIGNATION_INQUIRY:
        agencies = "NSA, and ONCD, OSTP and CISA, which it consults"
    else:
        agencies = ", ".join(agency.short_name for agency in attachments.possible_readers())
    return {
        "outlook": found,
        "consequences": [
            "The review window opens at the instant you file. Nobody can extend or pause it.",
            end,
            *_cumulative(window),
            f"These agencies can read the answers and the documents until the end: {agencies}. "
            "A restricted document is open only to the agencies on its list.",
            "The answers above can no longer change. Documents can be added until the end.",
            "You can shorten the window, or withdraw without giving a reason, at any time "
            "before the end.",
        ],
    }


def _cumulative(window):
    used = clock.FULL_WINDOW - window.allowance
    if not used:
        return []
    return [
        f"This model version has been open for review before, for {_hours(used)}. The 720 hours "
        f"are counted over all of its windows, so {_hours(window.allowance)} are left."
    ]


def _hours(span):
    minutes = span // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    return f"{hours} hours {rest} minutes" if rest else f"{hours} hours"


@require_http_methods(["GET", "POST"])
def submission_shorten(request, reference):
    """The window ends at the instant that the lab chose, earlier than before."""
    submission = find_submission(request, reference, Action.SHORTEN)
    form = ShortenForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = invalid(form)
        if form.is_valid():
            try:
                shortened = lifecycle.shorten(
                    submission,
                    closes_at=form.cleaned_data["closes_at"],
                    by=request.user,
                    at=request.at,
                )
            except WindowRefused as error:
                status = refused(form, error)
            else:
                end = instant_text(shortened.closes_at)
                messages.success(request, f"The window now ends {end}.")
                return redirect(shortened)
    return submission_page(
        request,
        "reviews/submission_shorten.html",
        submission,
        title="Shorten the window",
        status=status,
        form=form,
        consequences=[
            format_html("As it stands, the window ends {}.", instant_html(submission.closes_at)),
            "At the new end, all agencies' access to your documents and model ends. Their "
            "access grants that run longer end then too; trusted partners' do not.",
            "This cannot be taken back: nobody, your lab included, can move the end later.",
            "Everyone taking part is told the new end by mail.",
        ],
    )


@require_http_methods(["GET", "POST"])
def submission_withdraw(request, reference):
    """The submission is withdrawn, and every agency's access to it ended at that instant."""
    submission = find_submission(request, reference, Action.OWN)
    workflow.advance(submission.status_at(request.at), Step.WITHDRAW)
    if request.method == "POST":
        withdrawn = lifecycle.withdraw(submission, by=request.user, at=request.at)
        messages.success(request, f"{withdrawn.reference} is withdrawn.")
        return redirect(withdrawn)
    return submission_page(
        request,
        "reviews/submission_withdraw.html",
        submission,
        title="Withdraw",
        consequences=_withdrawing(request, submission),
    )


def _withdrawing(request, submission):
    """What it does, in words: of a filed one also which access and requests end by it."""
    at = request.at
    if submission.opens_at is None:
        return [
            "The draft is closed and can no longer be filed. No agency has seen it.",
            "Your lab keeps the answers and documents, to read.",
            "No reason is asked. You can draft a new submission at any time.",
        ]
    rest = submission.allowance - (at - submission.opens_at)
    grants = policy.allowed(request.user, Action.VIEW_GRANT, at=at).filter(submission=submission)
    live = list(grants.live(at).select_related("agency", "partner", "grantee")[: SHOWN + 1])
    more = len(live) > SHOWN
    asked = policy.allowed(request.user, Action.READ_INFORMATION_REQUEST, at=at)
    unanswered = asked.outstanding(at).filter(submission=submission).count()
    return [
        "Every agency's access to your documents and model ends at once, and every access grant "
        "with it, trusted partners' included.",
        *(f"It ends for {one.grantee.name}, {one.holder().short_name}." for one in live[:SHOWN]),
        *(["It ends for others too: the page of the submission's access names all."] * more),
        *([f"Information requests that then need no answer: {unanswered}."] * bool(unanswered)),
        "No report is issued, and no letter that is not issued yet.",
        "No reason is asked, and none is recorded. It says nothing about your model or your lab.",
        "Agencies keep what they wrote. Your lab keeps its own material.",
        f"Filing this model version again opens a window of the rest: {_hours(rest)} "
        "are left if you withdraw now.",
        "This cannot be taken back. Everyone taking part is told by mail.",
    ]
