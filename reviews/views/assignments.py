"""Pages of assigning: whom to assign and why, a reviewer's answer, everybody's workload."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from portal import keyset
from portal.context import Link
from reviews import policy
from reviews.exceptions import Conflict
from reviews.forms.assignments import AcceptForm, AssignForm, DeclineForm, EndForm, NeedsForm
from reviews.models import Assignment
from reviews.policy import Action
from reviews.services import assignments, suggestions, workload
from reviews.views.page import (
    find_submission,
    invalid,
    refused,
    require_a_way,
    speaks_for,
    submission_page,
)

SECTION = "Reviews and positions"
MOST_AT_ONCE = 50
SHOWN = 5  # suggestions; everybody can be assigned by hand
CURSOR = {"email": keyset.address}


@require_http_methods(["GET", "POST"])
def review_assign(request, reference):
    """One more reviewer of the lead's agency is responsible for its review."""
    submission = find_submission(request, reference, Action.ASSIGN)
    agencies, agency = speaks_for(request, Action.ASSIGN, submission)
    members = assignments.members(submission, [agency.pk])
    form = AssignForm(
        request.POST if request.method == "POST" else None,
        reviewers=assignments.possible_reviewers(submission, agency, by=request.user),
        assigned=[one.assignment.reviewer_id for one in members if one.assignment.is_in_force()],
    )
    status = invalid(form)
    if form.is_valid():
        reviewer = form.cleaned_data["reviewer"]
        try:
            assignments.assign(
                submission, reviewer=reviewer, agency=agency, by=request.user, at=request.at
            )
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, f"{reviewer.name} is assigned for {agency.short_name}.")
            return redirect("reviews:review-list", reference)
    needs = NeedsForm(request.GET)
    facts = suggestions.for_assigning(submission, agency, by=request.user, at=request.at)
    ranked, ruled_out = suggestions.rank(facts, needs=needs.fields_needed(), at=request.at)
    return submission_page(
        request,
        "reviews/review_assign.html",
        submission,
        title="Assign a reviewer",
        section=SECTION,
        status=status if request.method == "POST" or needs.is_valid() else 400,
        form=form,
        agency=agency,
        action=f"{request.path}?agency={agency.code}",
        agencies=agencies,
        members=members,
        needs=needs,
        suggestions=ranked[:SHOWN],
        ruled_out=ruled_out[:SHOWN],
        tie=suggestions.TIE,
    )


@require_POST
def assignment_end(request, reference):
    """A reviewer of the lead's agency is not assigned any more."""
    submission = find_submission(request, reference, Action.ASSIGN)
    _, agency = speaks_for(request, Action.ASSIGN, submission)
    assigned = Assignment.objects.filter(submission=submission, agency=agency)
    people = User.objects.filter(pk__in=assigned.values("reviewer"))
    form = EndForm(request.POST, reviewers=people)
    if not form.is_valid():
        raise Conflict("This person was never assigned. Look through the list again.")
    reviewer = form.cleaned_data["reviewer"]
    assignments.end(submission, reviewer=reviewer, agency=agency, by=request.user, at=request.at)
    messages.success(request, f"{reviewer.name} is not assigned for {agency.short_name} any more.")
    return redirect(f"{reverse('reviews:review-assign', args=[reference])}?agency={agency.code}")


@require_http_methods(["GET", "POST"])
def assignment_accept(request, reference):
    """The reviewer has accepted her assignment."""
    submission, agencies, agency, assignment = _own(request, reference)
    if request.method == "POST":
        assignments.accept(submission, agency=agency, by=request.user, at=request.at)
        messages.success(request, f"You accepted the review for {agency.short_name}.")
        return redirect(f"{reverse('reviews:review-write', args=[reference])}?agency={agency.code}")
    return submission_page(
        request,
        "reviews/assignment_accept.html",
        submission,
        title="Your assignment",
        section=SECTION,
        agency=agency,
        agencies=agencies,
        assignment=assignment,
    )


@require_http_methods(["GET", "POST"])
def assignments_accept(request):
    """The reviewer has accepted those that she checked, all of them or none."""
    require_a_way(request, Action.ANSWER_ASSIGNMENT)
    waiting = assignments.unanswered(request.user, at=request.at)[:MOST_AT_ONCE]
    form = AcceptForm(request.POST if request.method == "POST" else None, waiting=waiting)
    status = invalid(form)
    if form.is_valid():
        accepted = form.cleaned_data["checked"]
        assignments.accept_all(accepted, by=request.user, at=request.at)
        count = len(accepted)
        messages.success(request, f"You accepted {count} review{'' if count == 1 else 's'}.")
        return redirect("reviews:home")
    return render(
        request,
        "reviews/assignments_accept.html",
        {
            "form": form,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Assigned to you", "")],
        },
        status=status,
    )


@require_http_methods(["GET", "POST"])
def assignment_decline(request, reference):
    """The reviewer does not write this review, and her leads are told."""
    submission, agencies, agency, assignment = _own(request, reference)
    form = DeclineForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        try:
            assignments.decline(
                submission,
                agency=agency,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=request.at,
            )
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "You declined the review. Your agency's leads are told.")
            return redirect("reviews:submission-detail", reference)
    return submission_page(
        request,
        "reviews/assignment_decline.html",
        submission,
        title="Decline your assignment",
        section=SECTION,
        status=status,
        form=form,
        agency=agency,
        agencies=agencies,
        assignment=assignment,
        cancel_url=f"{reverse('reviews:assignment-accept', args=[reference])}?agency={agency.code}",
    )


def _own(request, reference):
    """(the submission, the agencies that assigned her, the one chosen, her assignment)."""
    submission = find_submission(request, reference, Action.ANSWER_ASSIGNMENT)
    agencies, agency = speaks_for(request, Action.ANSWER_ASSIGNMENT, submission)
    hers = Assignment.objects.filter(submission=submission, agency=agency, reviewer=request.user)
    return submission, agencies, agency, hers.select_related("assigned_by").get()


@require_GET
def workload_list(request):
    """What each reviewer of the agencies that the person leads has to do, by email address."""
    require_a_way(request, Action.LEAD_AGENCY)
    agencies = policy.allowed(request.user, Action.LEAD_AGENCY, at=request.at)
    people = workload.reviewers(agencies).prefetch_related("expertise_tags")
    page = keyset.page(request, people, CURSOR)
    loads = workload.of(page.rows, agencies, by=request.user, at=request.at)
    return render(
        request,
        "reviews/workload_list.html",
        {
            "rows": [(person, loads[person.pk]) for person in page.rows],
            "agencies": agencies,
            "previous_url": page.previous_url,
            "next_url": page.next_url,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Workload", "")],
        },
    )
