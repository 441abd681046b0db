"""Pages of the agencies' reviews: the board, assigning, writing, the position, recusal."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reviews import policy
from reviews.exceptions import Conflict, Incomplete, NotPermitted, StaleForm
from reviews.forms.agency_reviews import (
    AssignForm,
    PositionForm,
    RecuseForm,
    ReviewForm,
    initial,
    place,
)
from reviews.models import AgencyPosition, AgencyReview, Assignment, Submission
from reviews.models.agency_review import Criterion
from reviews.policy import Action
from reviews.services import agency_reviews, progress, reading
from reviews.services.progress import LISTED
from reviews.views.page import find, find_submission, invalid, refused, submission_page
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
    )


def _write_label(user, reviews):
    own = [review for review in reviews if review.author_id == user.pk]
    if any(review.filed_at is None for review in own):
        return "Continue your draft"
    return "Begin the next version" if own else "Write your review"


def speaks_for(request, action, submission):
    """(the agencies that the person may act for, the one that she chose or the first).

    Raises NotPermitted for one that is not, or not any more, among them.
    """
    agencies = {row.code: row for row in policy.organizations(request.user, action, submission)}
    code = request.GET.get("agency", next(iter(agencies)))
    if code not in agencies:
        raise NotPermitted("You do not do this for that agency now. Nothing was saved or filed.")
    return list(agencies.values()), agencies[code]


@require_http_methods(["GET", "POST"])
def review_assign(request, reference):
    """One more reviewer of the lead's agency is responsible for its review."""
    submission = find_submission(request, reference, Action.ASSIGN)
    agencies, agency = speaks_for(request, Action.ASSIGN, submission)
    assignments = list(
        Assignment.objects.filter(submission=submission, agency=agency)
        .select_related("reviewer", "assigned_by")
        .order_by("assigned_at", "pk")
    )
    form = AssignForm(
        request.POST if request.method == "POST" else None,
        reviewers=agency_reviews.possible_reviewers(submission, agency, by=request.user),
        assigned=[assignment.reviewer_id for assignment in assignments],
    )
    status = invalid(form)
    if form.is_valid():
        reviewer = form.cleaned_data["reviewer"]
        try:
            agency_reviews.assign(
                submission, reviewer=reviewer, agency=agency, by=request.user, at=request.at
            )
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, f"{reviewer.name} is assigned for {agency.short_name}.")
            return redirect("reviews:review-list", reference)
    return submission_page(
        request,
        "reviews/review_assign.html",
        submission,
        title="Assign a reviewer",
        status=status,
        form=form,
        agency=agency,
        action=f"{request.path}?agency={agency.code}",
        agencies=agencies,
        assignments=assignments,
        recused=set(submission.recusals.values_list("person", flat=True)),
    )


@require_http_methods(["GET", "POST"])
def review_write(request, reference):
    """The reviewer's draft is as typed, or filed as a version that is never edited."""
    submission = find_submission(request, reference, Action.WRITE_REVIEW)
    agencies, agency = speaks_for(request, Action.WRITE_REVIEW, submission)
    saved = _saved(submission, agency, request.user)
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at).filter(
        submission=submission
    )
    status, outcome = 200, ""
    if request.method == "POST":
        form = ReviewForm(request.POST, documents=documents)
        review, status, outcome = _take(request, submission, agency, form, saved)
        if review is not None:
            return redirect(review if review.filed_at else request.get_full_path())
        saved = _saved(submission, agency, request.user)
    else:
        form = ReviewForm(documents=documents, initial=initial(saved))
    return submission_page(
        request,
        "reviews/review_write.html",
        submission,
        title=f"Review for {agency.short_name}",
        status=status,
        form=form,
        agency=agency,
        agencies=agencies,
        saved=saved,
        outcome=outcome,
        version=place(saved)["version"],
        **(_content(saved, request) if outcome == "stale" and saved else {}),
    )


def _saved(submission, agency, author):
    """The author's draft for that agency or, without one, her last filed version."""
    return (
        AgencyReview.objects.filter(submission=submission, agency=agency, author=author)
        .prefetch_related("ratings", "evidence")
        .order_by("-version")
        .first()
    )


def _take(request, submission, agency, form, saved):
    """(the review saved or filed, or None; the page's status; what became of the text)."""
    filing = "file" in request.POST
    if not form.is_valid():
        if filing:
            form.name_missing(agency_reviews.missing_for_filing(form.answers(), form.ratings()))
        return None, 422, "unsaved"
    given = {"agency": agency, **form.written(), "by": request.user, "at": request.at}
    try:
        if not filing:
            review = agency_reviews.save_draft(submission, **given)
            messages.success(request, "Draft saved. It counts only once you file it.")
            return review, 200, ""
        try:
            review = agency_reviews.file_review(submission, **given)
        except Incomplete as error:
            # Refused or not, what was typed must not be lost with the page.
            form.opened_on(agency_reviews.save_draft(submission, **given))
            form.name_missing(error.missing)
            return None, 422, "kept"
    except StaleForm as error:
        status = refused(form, error)
        form.opened_on(_saved(submission, agency, request.user))
        return None, status, "stale"
    messages.success(request, f"Review filed, version {review.version}.")
    return review, 200, ""


@require_GET
def review_detail(request, key):
    """The person reads one version of a review that is hers to read."""
    review = find(request, Action.READ_REVIEW, key=key)
    review.submission = submission = Submission.objects.select_related("model_version__lab").get(
        pk=review.submission_id
    )
    reading.note(review, Action.READ_REVIEW, by=request.user, at=request.at)
    versions = list(
        policy.allowed(request.user, Action.READ_REVIEW, at=request.at)
        .filter(submission=submission, agency=review.agency_id, author=review.author_id)
        .only(*LISTED)
        .order_by("-version")
    )
    return submission_page(
        request,
        "reviews/review_detail.html",
        submission,
        title=f"Review by {review.agency.short_name}, version {review.version}",
        review=review,
        versions=versions,
        newest_filed=next((row for row in versions if row.filed_at), None),
        under_review=submission.status_at(request.at) == Status.UNDER_REVIEW,
        own=review.author_id == request.user.pk,
        **_content(review, request),
    )


def _content(review, request):
    """What ``_review_content.html`` shows; of the documents only those open to the reader."""
    ratings = {rating.criterion: rating for rating in review.ratings.all()}
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    return {
        "shown": review,
        "ratings": [(line.label, ratings[line]) for line in Criterion if line in ratings],
        "documents": list(documents.filter(pk__in=review.evidence.values("pk"))),
    }


@require_http_methods(["GET", "POST"])
def position_file(request, reference):
    """The agency's position is as given; an earlier one is kept and superseded."""
    submission = find_submission(request, reference, Action.FILE_POSITION)
    agencies, agency = speaks_for(request, Action.FILE_POSITION, submission)
    earlier = AgencyPosition.objects.filter(submission=submission, agency=agency)
    form = PositionForm(
        request.POST if request.method == "POST" else None,
        initial={"version": earlier.count() + 1},
    )
    status = invalid(form)
    if form.is_valid():
        try:
            agency_reviews.file_position(
                submission,
                agency=agency,
                outcome=form.cleaned_data["outcome"],
                summary=form.cleaned_data["summary"],
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
        earlier=earlier.select_related("filed_by").order_by("-version"),
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
