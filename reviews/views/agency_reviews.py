"""Pages of the agencies' reviews: the board, the position, recusal."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reviews.exceptions import Conflict, Incomplete
from reviews.forms.agency_reviews import PositionForm, RecuseForm
from reviews.models import AgencyPosition
from reviews.policy import Action
from reviews.services import agency_reviews, progress
from reviews.views.page import find_submission, invalid, refused, speaks_for, submission_page
from reviews.workflow import Status


@require_GET
def review_list(request, reference):
    """The person sees how far each agency is, and the reviews and positions that she may read."""
    submission = find_submission(request, reference, Action.DELIBERATE)
    board = progress.board(request.user, submission, at=request.at)
    return submission_page(
        request,
        "reviews/review_list.html",
        submission,
        title="Reviews and positions",
        board=board,
        under_review=submission.status_at(request.at) == Status.UNDER_REVIEW,
        write_label=_write_label(request.user, board.reviews),
        unanswered=_unanswered(request.user, board) and Action.ANSWER_ASSIGNMENT in submission.may,
    )


def _unanswered(user, board):
    hers = (one.assignment for row in board.agencies for one in row.people)
    return any(
        one.reviewer_id == user.pk and one.is_in_force() and one.accepted_at is None for one in hers
    )


def _write_label(user, reviews):
    own = [review for review in reviews if review.author_id == user.pk]
    if any(review.filed_at is None for review in own):
        return "Continue your draft"
    return "Begin the next version" if own else "Write your review"


@require_http_methods(["GET", "POST"])
def position_file(request, reference):
    """The agency's position is as given; an earlier one is kept and superseded."""
    submission = find_submission(request, reference, Action.FILE_POSITION)
    agencies, agency = speaks_for(request, Action.FILE_POSITION, submission)
    earlier = AgencyPosition.objects.filter(submission=submission, agency=agency)
    earlier = earlier.select_related("filed_by").order_by("-version")
    last = earlier.first()
    said = {name: getattr(last, name) for name in ("outcome", "summary", "dissent")} if last else {}
    form = PositionForm(
        request.POST if request.method == "POST" else None,
        initial=said | {"version": earlier.count() + 1},
    )
    status = invalid(form)
    if form.is_valid():
        try:
            agency_reviews.file_position(
                submission,
                agency=agency,
                outcome=form.cleaned_data["outcome"],
                summary=form.cleaned_data["summary"],
                dissent=form.cleaned_data["dissent"],
                version=form.cleaned_data["version"],
                by=request.user,
                at=request.at,
            )
        except Incomplete as error:
            form.add_error("summary", str(error))
            status = 422
        except Conflict as error:
            status = refused(form, error)
            form.opened_on(earlier.count() + 1)
        else:
            messages.success(request, f"The position of {agency.short_name} is filed.")
            return redirect("reviews:review-list", reference)
    return submission_page(
        request,
        "reviews/position_file.html",
        submission,
        title=f"Position of {agency.short_name}",
        status=status,
        form=form,
        agency=agency,
        action=f"{request.path}?agency={agency.code}",
        agencies=agencies,
        earlier=earlier,
    )


@require_http_methods(["GET", "POST"])
def review_recuse(request, reference):
    """The person can no longer reach the submission, from any seat."""
    submission = find_submission(request, reference, Action.RECUSE)
    form = RecuseForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        agency_reviews.recuse(submission, **form.cleaned_data, by=request.user, at=request.at)
        messages.success(request, f"You are recused from {reference}. It is closed to you.")
        return redirect("reviews:submission-list")
    return submission_page(
        request,
        "reviews/review_recuse.html",
        submission,
        title="Recuse yourself",
        status=status,
        form=form,
        cancel_url=reverse("reviews:submission-detail", args=[reference]),
    )
