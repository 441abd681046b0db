"""A lab drafts a submission: first what it is about, then its answers, step by step."""

from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from portal.context import Link
from portal.templatetags.foreview import instant_html
from portal.timeline import span_text
from reviews import clock, policy
from reviews.exceptions import Conflict, NotPermitted, NotVisible, StaleForm
from reviews.forms.drafting import RELEASES, AccessStep, CreateForm, step_url, steps_of
from reviews.policy import Action
from reviews.services import lifecycle
from reviews.views.page import find_submission, invalid, refused, submission_page
from reviews.workflow import Status

CHECK = "Check and file"


@require_http_methods(["GET", "POST"])
def submission_create(request):
    """A new draft of the person's lab exists, and its first step is open."""
    labs = policy.allowed(request.user, Action.DRAFT, at=request.at).order_by("name")
    if not labs:
        raise NotPermitted("Only an AI lab's liaison or administrator can draft a submission.")
    form = CreateForm(_sent(request), labs=labs)
    if form.is_bound and form.is_valid():
        try:
            submission = lifecycle.draft(
                form.chosen_lab, **form.identity, by=request.user, at=request.at
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"The draft {submission.reference} is saved.")
            return redirect(step_url(submission, next(iter(steps_of(submission)))))
    title = "New submission"
    context = {
        "form": form,
        "title": title,
        "breadcrumbs": [
            Link("Home", reverse("reviews:home")),
            Link("Submissions", reverse("reviews:submission-list")),
            Link(title, ""),
        ],
    }
    return render(request, "reviews/submission_create.html", context, status=invalid(form))


@require_http_methods(["GET", "POST"])
def submission_edit(request, reference, step):
    """One step of the draft's answers is saved as typed, blanks included."""
    submission = find_submission(request, reference, Action.OWN)
    forms = steps_of(submission)
    if step not in forms:
        raise NotVisible
    require_draft(submission, request.at)
    form = forms[step](_sent(request), submission=submission, at=request.at)
    status, differences = 200, None
    if form.is_bound:
        status = invalid(form)
        if form.is_valid():
            try:
                revised = lifecycle.revise(
                    submission,
                    answers=form.answers,
                    revision=form.opened_on,
                    step=form.label,
                    by=request.user,
                    at=request.at,
                )
            except StaleForm as error:
                status = refused(form, error)
                submission = find_submission(request, reference, Action.OWN)
                differences = form.compare(submission)
            except ValidationError as error:
                form.add_error(None, error)
                status = invalid(form)
            else:
                messages.success(request, "Saved.")
                return redirect(_after(request, revised, step))
    return submission_page(
        request,
        "reviews/submission_edit.html",
        submission,
        title=form.title,
        status=status,
        form=form,
        stale=differences is not None,
        differences=differences,
        steps=steps(submission, step),
        outlook=outlook(submission, request.at),
        back_url=_neighbour(submission, step, -1),
        last=_neighbour(submission, step, 1) is None,
    )


def require_draft(submission, at):
    """Nothing while the submission is a draft; else Conflict, in words that name its state."""
    state = submission.status_at(at)
    if state != Status.DRAFT:
        raise Conflict(
            "Only a draft's answers can change, and this submission is no draft any more. "
            f"It is now: {state.label.lower()}."
        )


def steps(submission, current=None):
    """The step indicator; ``current`` is a step's slug, or None for the last, which files.

    A step is complete when every answer of it that filing needs is saved.
    """
    missing = submission.package.missing()
    return [
        {"label": form.label, "current": slug == current, "complete": form.complete(missing)}
        for slug, form in steps_of(submission).items()
    ] + [{"label": CHECK, "current": current is None, "complete": False}]


class Outlook(NamedTuple):
    """What filing a draft at some instant would do: it opens ``window``, or is refused.

    ``short`` says how long the window would be where the planned partner release ends it.
    """

    window: clock.Window | None = None
    refusal: str = ""
    short: str = ""
    level: str = "info"


def outlook(submission, at):
    """The draft's outlook at ``at``, from the answers as they are saved."""
    try:
        window = lifecycle.window_if_filed(submission, at=at)
    except Conflict as error:
        return Outlook(refusal=str(error))
    length = window.closes_at - window.opens_at
    if length == window.allowance:
        return Outlook(window)
    short = format_html(
        "Your window would be {} if you filed now, because it ends at the planned partner "
        'release, {}. <a class="usa-link" href="{}#id_{}">Change the planned partner release</a> '
        "if that is not what you plan.",
        span_text(length),
        instant_html(window.closes_at),
        step_url(submission, AccessStep.slug),
        RELEASES[0],
    )
    # A window of hours is more often a slip than a plan.
    return Outlook(window, short=short, level="warning" if length < clock.DAY else "info")


def _sent(request):
    return request.POST if request.method == "POST" else None


def _neighbour(submission, step, by):
    slugs = list(steps_of(submission))
    index = slugs.index(step) + by
    return step_url(submission, slugs[index]) if 0 <= index < len(slugs) else None


def _after(request, submission, step):
    following = _neighbour(submission, step, 1)
    if request.POST.get("then") == "check" or following is None:
        return reverse("reviews:submission-file", args=[submission.reference])
    return following
