"""The screen on which a review is written, what was written, and who writes it together."""

from uuid import UUID

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.timeline import instant_text
from reviews import policy
from reviews.exceptions import Conflict, Incomplete, NotVisible, StaleForm
from reviews.forms import merging
from reviews.forms.reviewing import CoauthorForm, ReviewForm, initial, place
from reviews.models import AgencyReview, Submission
from reviews.models.agency_review import Criterion
from reviews.policy import Action
from reviews.services import agency_reviews, citations, coauthors, differences, reading
from reviews.services.progress import LISTED
from reviews.views.page import (
    find,
    find_submission,
    invalid,
    refused,
    speaks_for,
    submission_page,
)
from reviews.workflow import Status

TEXTS = ("limits", "concerns", "suggested_mitigations", "dissent")


@require_http_methods(["GET", "POST"])
@csp_update({"frame-src": [SELF]})
def review_write(request, reference):
    """The draft is as typed, or filed as a version that is never edited.

    With ``review`` in the address, a version of a colleague's, it is the one written with her.
    """
    submission = find_submission(request, reference, Action.WRITE_REVIEW)
    agencies, agency = speaks_for(request, Action.WRITE_REVIEW, submission)
    shared = _shared(request, submission, agency)
    author = _author(request, submission, agency)
    saved = agency_reviews.latest_of(submission, agency, author)
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at).filter(
        submission=submission
    )
    status, outcome, differing = 200, "", []
    if request.method == "POST":
        form = ReviewForm(request.POST, documents=documents)
        given = {"agency": agency, "author": author, "by": request.user, "at": request.at}
        if "autosave" in request.POST:
            return _autosave(submission, form, given)
        if differing := merging.undecided(form, saved):
            status, outcome = 422, "stale"
        else:
            form = merging.chosen(ReviewForm(request.POST, documents=documents), saved)
            review, form, status, outcome = _take(request, submission, form, given)
            if review is not None:
                return redirect(review if review.filed_at else request.get_full_path())
            saved = agency_reviews.latest_of(submission, agency, author)
            if outcome == "stale" and saved:
                differing = merging.compare(form, saved)
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
        author=author,
        shared=shared,
        saved=saved,
        outcome=outcome,
        version=place(saved)["version"],
        differences=differing,
        touched=merging.handed_on(form),
        series=f"{reference}/{agency.code}/{author.email}/{request.user.email}",
    )


def _shared(request, submission, agency):
    """The reviews of colleagues that the person writes with them: of each its last version."""
    later = AgencyReview.objects.filter(
        submission=submission,
        agency=agency,
        author=OuterRef("author"),
        version__gt=OuterRef("version"),
    )
    return list(
        policy.allowed(request.user, Action.CONTINUE_REVIEW, at=request.at)
        .filter(submission=submission, agency=agency)
        .filter(~Exists(later))
        .exclude(author=request.user)
        .select_related("author")
        .only("key", "version", "filed_at", "author__name")
        .order_by("author__name", "author")
    )


def _author(request, submission, agency):
    """Whose review the page is for. Raises as ``find`` does for one that is not hers to write."""
    if "review" not in request.GET:
        return request.user
    try:
        key = UUID(request.GET["review"])
    except ValueError:
        raise NotVisible from None
    here = {"submission": submission, "agency": agency}
    author = find(request, Action.CONTINUE_REVIEW, key=key, **here).author
    latest = agency_reviews.latest_of(submission, agency, author)
    policy.check(request.user, Action.CONTINUE_REVIEW, latest, at=request.at)
    return author


def _autosave(submission, form, given):
    """What could be read of the form is saved; the answer says what could not."""
    form.is_valid()
    try:
        review = agency_reviews.save_draft(submission, **form.written(), **given)
    except StaleForm:
        return JsonResponse({}, status=409)
    return JsonResponse(
        {
            "revision": review.revision,
            "version": review.version,
            "saved": instant_text(review.saved_at),
            "errors": [str(form.fields[name].label) for name in form.errors if name in form.fields],
            "unread": list(form.errors),
        }
    )


def _take(request, submission, form, given, kept=()):
    """(the review saved or filed, or None; the form; its page's status; what became of the text).

    ``kept`` names what was saved elsewhere and stands in the form unseen: it is not filed so.
    """
    filing = "file" in request.POST and not kept
    whole, written = form.is_valid(), form.written()
    lost = _leading_nowhere(request, submission, form) if filing else {}
    if lost or not whole:
        outcome = _keep(submission, form, written, given, "kept" if filing else "drafted")
        for name, text in lost.items():
            form.add_error(name, text)
        if filing:
            form.name_missing(
                agency_reviews.missing_for_filing(written["answers"], written["ratings"])
            )
        return None, form, 422, outcome
    try:
        if not filing:
            review = agency_reviews.save_draft(submission, **written, **given)
            _tell(request, review, kept)
            return review, form, 200, ""
        try:
            review = agency_reviews.file_review(submission, **written, **given)
        except Incomplete as error:
            # Refused or not, what was typed must not be lost with the page.
            merging.is_saved(form, agency_reviews.save_draft(submission, **written, **given))
            form.name_missing(error.missing)
            return None, form, 422, "kept"
    except StaleForm as error:
        latest = agency_reviews.latest_of(submission, given["agency"], given["author"])
        newer, labels = merging.with_newer(form, latest)
        if merging.stands(form, latest):
            kept = dict.fromkeys([*kept, *labels])
            return _take(request, submission, newer, given, kept)
        return None, newer, refused(newer, error), "stale"
    messages.success(request, f"Review filed, version {review.version}.")
    return review, form, 200, ""


def _tell(request, review, kept):
    """The person reads that her draft is saved, and what of it she did not write in this page."""
    if not kept:
        messages.success(request, "Draft saved. It counts only once you file it.")
        return
    where = "in another window"
    if review.coauthors.exists():
        where = "by a colleague or in another window"
    words = f"What was saved {where} since is kept: {', '.join(kept)}."
    if "file" in request.POST:
        messages.warning(request, f"Not filed yet. {words} Read it, then file.")
    else:
        messages.success(request, f"Saved. {words}")


def _keep(submission, form, written, given, outcome):
    """What could be read is saved though the rest was refused; ``outcome``, unless it was not."""
    try:
        merging.is_saved(form, agency_reviews.save_draft(submission, **written, **given))
    except StaleForm:
        return "unsaved"
    return outcome


def _leading_nowhere(request, submission, form):
    """By field, what to do about its references to no document that is open to the person."""
    texts = form.texts()
    known = citations.sources(texts.values(), submission, reader=request.user, at=request.at)
    return {
        name: f"{', '.join(unknown)}: there is no such document, or it is not open to you. Copy "
        "the reference again from the document's page, or take it out."
        for name, text in texts.items()
        if (unknown := citations.unknown(text, known))
    }


@require_GET
def review_detail(request, key):
    """The person reads one version of a review that is hers to read."""
    review, versions = _readable(request, key)
    return submission_page(
        request,
        "reviews/review_detail.html",
        review.submission,
        title=f"Review by {review.agency.short_name}, version {review.version}",
        review=review,
        versions=versions,
        newest_filed=next((row for row in versions if row.filed_at), None),
        under_review=review.submission.status_at(request.at) == Status.UNDER_REVIEW,
        may_continue=policy.may(request.user, Action.CONTINUE_REVIEW, versions[0], at=request.at),
        **_content(review, request),
    )


def _readable(request, key):
    """(the review, which the log says was read, and the readable versions of its series)."""
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
    return review, versions


def _content(review, request):
    """What ``_review_content.html`` shows; of the documents only those open to the reader."""
    ratings = {rating.criterion: rating for rating in review.ratings.all()}
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    texts = [getattr(review, name) for name in TEXTS]
    texts += [rating.evidence for rating in ratings.values()]
    return {
        "shown": review,
        "ratings": [(line.label, ratings[line]) for line in Criterion if line in ratings],
        "documents": list(documents.filter(pk__in=review.evidence.values("pk"))),
        "authors": [review.author, *(one.person for one in _coauthors(review))],
        "sources": citations.sources(texts, review.submission, reader=request.user, at=request.at),
    }


def _coauthors(review):
    return review.coauthors.select_related("person").only("person__name")


@require_GET
def review_history(request, key):
    """The person sees what changed from one version of a review to another."""
    review, versions = _readable(request, key)
    earlier = [row for row in versions if row.version < review.version]
    wanted = request.GET.get("from", "")
    before = next((row for row in earlier if str(row.version) == wanted), None)
    before = before or next(iter(earlier), None)
    changes = []
    if before is not None:
        old, new = (_said(AgencyReview.objects.get(pk=row.pk), request) for row in (before, review))
        changes = [
            (label, differences.pieces(old[label], new[label]))
            for label in new
            if old[label] != new[label]
        ]
    return submission_page(
        request,
        "reviews/review_history.html",
        review.submission,
        title=f"Changes in version {review.version}",
        section="Reviews and positions",
        review=review,
        earlier=earlier,
        before=before,
        changes=changes,
    )


def _said(review, request):
    """What a review says, by the words on its page; of documents only those open to the reader."""
    named = ("hours_spent", *TEXTS, "external_reference")
    fields = {name: ReviewForm.base_fields[name].label for name in named}
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    documents = documents.filter(pk__in=review.evidence.values("pk")).order_by("title", "pk")
    said = {"Access level used": review.get_access_level_used_display()}
    said |= {label: str(getattr(review, name) or "") for name, label in fields.items()}
    ratings = {rating.criterion: rating for rating in review.ratings.all()}
    said["Documents relied upon"] = "\n".join(document.title for document in documents)
    for line in Criterion:
        if line in ratings:
            score = ratings[line].score
            words = "Not assessed" if score is None else f"{score} of 4"
            if ratings[line].confidence:
                words += f", {ratings[line].get_confidence_display().lower()} confidence"
            said[line.label] = words
            said[f"{line.label}: evidence"] = ratings[line].evidence
    return said


@require_http_methods(["GET", "POST"])
def coauthor_choose(request, key):
    """Exactly the chosen colleagues write the draft with its author."""
    review = find(request, Action.CHOOSE_COAUTHORS, key=key)
    form = CoauthorForm(
        request.POST if request.method == "POST" else None,
        people=coauthors.possible(review),
        initial={"people": [one.person for one in _coauthors(review)]},
    )
    status = invalid(form)
    write = f"{reverse('reviews:review-write', args=[review.submission.reference])}"
    write += f"?agency={review.agency.code}"
    if form.is_valid():
        try:
            coauthors.choose(review, form.cleaned_data["people"], by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "Who writes this review is saved.")
            return redirect(write)
    return submission_page(
        request,
        "reviews/coauthor_choose.html",
        review.submission,
        title="Who writes this review",
        section="Reviews and positions",
        status=status,
        form=form,
        cancel_url=write,
    )
