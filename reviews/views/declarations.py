"""Declaring no conflict of interest before the first opening, and administrators' questions."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.context import Link
from reviews import policy
from reviews.exceptions import Conflict, NotPermitted
from reviews.forms.declarations import DeclarationForm, QuestionForm
from reviews.models.declaration import BASIC_QUESTION
from reviews.policy import Action
from reviews.services import agency_reviews, declarations
from reviews.views.page import find_submission, invalid, refused, require_a_way, submission_page

TITLE = "Recusal questions"
RETIRED_SHOWN = 20
# What opens by declaring, besides the pages of the submission itself, by URL name.
OPENED = ("rfi-detail", "document-detail", "version-detail")


@require_http_methods(["GET", "POST"])
def declaration_file(request, reference):
    """The person has declared that she has no conflict of interest, or has recused herself."""
    submission = find_submission(request, reference)
    if Action.DECLARE not in submission.may:
        if Action.RECUSE in submission.may:  # she declared before, perhaps by a first click
            return redirect(_after(request, submission))
        raise NotPermitted
    questions = declarations.questions(request.at)
    form = DeclarationForm(request.POST if request.method == "POST" else None, questions=questions)
    status, kept = invalid(form), []
    if form.is_valid():
        answers, given = form.answers(), {"by": request.user, "at": request.at}
        if not any(answers.values()):
            try:
                declarations.declare(submission, answers=answers, **given)
            except Conflict as error:
                status = refused(form, error)
            else:
                messages.success(request, f"Your declaration on {reference} is recorded.")
                return redirect(_after(request, submission))
        elif "recuse" in request.POST:
            agency_reviews.recuse(submission, reason=declarations.conflicts(answers), **given)
            messages.success(request, f"You are recused from {reference}. It is closed to you.")
            return redirect("reviews:submission-list")
        else:
            kept = form.sent()
    return submission_page(
        request,
        "reviews/declaration_file.html",
        submission,
        title="Before you read",
        status=status,
        form=form,
        kept=kept,
        conflicts=[text for text, yes in form.answers().items() if yes] if kept else [],
    )


def _after(request, submission):
    """Where she wanted to go: what opens by declaring, or else the lab's answers."""
    target = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(target, None):
        try:
            match = resolve(urlsplit(target).path)
        except Resolver404:
            match = None
        own = target.startswith(submission.get_absolute_url())
        if own or (match and match.url_name in OPENED):
            return target
    return reverse("reviews:package-detail", args=[submission.reference])


@require_GET
def question_list(request):
    """The questions that are asked now, and the last that were retired."""
    rows = _questions(request)
    return render(
        request,
        "reviews/question_list.html",
        {
            "asked": rows.in_force(request.at),
            "basic": BASIC_QUESTION,
            "retired": rows.filter(retired_at__lte=request.at).order_by("-retired_at", "-key")[
                :RETIRED_SHOWN
            ],
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link(TITLE, "")],
        },
    )


@require_http_methods(["GET", "POST"])
def question_add(request):
    """One more question is asked of everybody who declares from now on."""
    rows = _questions(request)
    last = rows.in_force(request.at).last()
    form = QuestionForm(
        request.POST if request.method == "POST" else None,
        initial={"position": last.position + 1 if last and last.position < 99 else 1},
    )
    status = invalid(form)
    if form.is_valid():
        try:
            declarations.add_question(**form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "The question is asked from now on.")
            return redirect("reviews:question-list")
    return render(
        request,
        "reviews/question_add.html",
        {
            "form": form,
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link(TITLE, reverse("reviews:question-list")),
                Link("Add a question", ""),
            ],
        },
        status=status,
    )


@require_POST
def question_end(request, key):
    """The question is asked no more."""
    question = get_object_or_404(_questions(request), key=key)
    declarations.retire_question(question, by=request.user, at=request.at)
    messages.success(request, "The question is asked no more. What was answered to it stays.")
    return redirect("reviews:question-list")


def _questions(request):
    require_a_way(request, Action.ADMINISTER_QUESTIONS)
    return policy.allowed(request.user, Action.ADMINISTER_QUESTIONS, at=request.at)
