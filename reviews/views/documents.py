"""A lab adds documents and says who may open them; readers download them, on record."""

from http import HTTPStatus

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reviews import policy, uploads
from reviews.exceptions import Conflict, FileRefused, NotVisible
from reviews.forms.documents import DocumentForm, RestrictForm, UploadForm
from reviews.models import DocumentVersion
from reviews.policy import Action
from reviews.services import attachments, citations, documents, downloads, receiving, scanning
from reviews.views import ranges
from reviews.views.page import (
    find,
    find_submission,
    framed,
    invalid,
    refused,
    require_declaration,
    submission_page,
)


@require_GET
def document_list(request, reference):
    """The documents that the person may know of, each with its newest version."""
    submission = find_submission(request, reference)
    require_declaration(request, submission)
    return submission_page(
        request,
        "reviews/document_list.html",
        submission,
        title="Documents",
        over_at=submission.over_at(request.at),
        **listing(request, submission),
    )


def listing(request, submission):
    """What ``_document_rows.html`` needs, in as many queries however many documents there are."""
    known = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    documents = known.filter(submission=submission).prefetch_related(
        Prefetch("versions", _versions(request)), "restricted_to"
    )
    agencies = set(attachments.possible_readers())
    return {
        "documents": [(document, _only_for(document, agencies)) for document in documents],
        "scanner": scanning.name(),
    }


def _only_for(document, agencies):
    """The agencies on the document's list; none where it lists all, which restricts nobody."""
    listed = document.restricted_to.all()
    return [] if agencies.issubset(listed) else listed


def _versions(request):
    """Versions, each saying whether the person may download it: ``readable``."""
    allowed = policy.allowed(request.user, Action.READ_DOCUMENT, at=request.at)
    return DocumentVersion.objects.annotate(readable=Exists(allowed.filter(pk=OuterRef("pk"))))


@require_http_methods(["GET", "POST"])
def document_add(request, reference):
    """The submission has a document for each file."""
    submission = find_submission(request, reference, Action.ADD_DOCUMENT)
    form = DocumentForm(
        *_sent(request), readers=attachments.possible_readers(), sent=submission.uploads.all()
    )

    def add():
        said = form.cleaned_data
        facts = documents.Facts(said["kind"], said["designation"], said["restricted_to"])
        chosen = list(said.get("uploads") or ())
        with receiving.arrived(chosen) as files:
            files += filter(None, [said["upload"]])
            return documents.add_all(
                submission,
                [(said["title"] or uploads.stem(file.name), file) for file in files],
                facts,
                sent=chosen,
                expected=said["expected"],
                by=request.user,
                at=request.at,
            )

    status, added = _take(request, form, add)
    if added is not None:
        named = ", ".join(f"“{document.title}”" for document in added)
        messages.success(request, f"{named} {'is' if len(added) == 1 else 'are'} added.")
        return redirect("reviews:document-list", submission.reference)
    return submission_page(
        request,
        "reviews/document_add.html",
        submission,
        title="Add a document",
        status=status,
        form=form,
        scanner=scanning.name(),
        cancel_url=reverse("reviews:document-list", args=[submission.reference]),
    )


@require_GET
def document_detail(request, key):
    """One document with all of its versions; nothing changes."""
    document = find(request, Action.VIEW_DOCUMENT, key=key)
    return submission_page(
        request,
        "reviews/document_detail.html",
        document.submission,
        title=document.title,
        document=document,
        only_for=_only_for(document, set(attachments.possible_readers())),
        versions=_versions(request).filter(document=document).select_related("uploaded_by"),
        manageable=policy.may(request.user, Action.MANAGE_DOCUMENT, document, at=request.at),
        scanner=scanning.name(),
    )


@require_http_methods(["GET", "POST"])
def version_add(request, key):
    """The document has a newer version; the earlier ones are kept."""
    document = find(request, Action.MANAGE_DOCUMENT, key=key)
    form = UploadForm(*_sent(request), sent=document.submission.uploads.all())

    def add():
        chosen = list(form.cleaned_data.get("uploads") or ())
        with receiving.arrived(chosen) as files:
            return documents.add_version(
                document,
                upload=[*files, form.cleaned_data["upload"]][0],
                sent=chosen,
                expected=form.cleaned_data["expected"],
                by=request.user,
                at=request.at,
            )

    status, version = _take(request, form, add)
    if version is not None:
        messages.success(request, f"Version {version.number} of “{document.title}” is added.")
        return redirect(document)
    return submission_page(
        request,
        "reviews/version_add.html",
        document.submission,
        title=f"New version of “{document.title}”",
        status=status,
        form=form,
        document=document,
        scanner=scanning.name(),
        cancel_url=document.get_absolute_url(),
    )


@require_http_methods(["GET", "POST"])
def document_restrict(request, key):
    """Only the chosen agencies, or all attached, may open the document or know of it."""
    document = find(request, Action.MANAGE_DOCUMENT, key=key)
    data = request.POST if request.method == "POST" else None
    form = RestrictForm(data, document=document, readers=attachments.possible_readers())
    status = invalid(form)
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data["restricted_to"]
        try:
            documents.restrict(document, restricted_to=chosen, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, f"Who may open “{document.title}” is saved.")
            return redirect(document)
    return submission_page(
        request,
        "reviews/document_restrict.html",
        document.submission,
        title=f"Who may open “{document.title}”",
        status=status,
        form=form,
        document=document,
        consequences=[
            "An agency left off can no longer open the document or see that it exists.",
            "A copy that someone downloaded before stays where it is: it is on record in the "
            "audit log.",
        ],
        cancel_url=document.get_absolute_url(),
    )


@require_GET
def version_download(request, key, number):
    """The file, or the part that is asked for, as it was uploaded; that is on record."""
    version = find(request, Action.READ_DOCUMENT, document__key=key, number=number)
    tag = f'"{version.sha256}"'
    try:
        part = ranges.asked_for(request, version.size, tag)
    except ranges.NotSatisfiable:
        headers = {"Content-Range": f"bytes */{version.size}"}
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    file = downloads.open_for_reading(
        version, by=request.user, at=request.at, part=part.content_range if part else None
    )
    whole = part or ranges.Part(0, version.size, version.size)
    file.seek(whole.start)
    answer = FileResponse(
        downloads.WhileAllowed(file, version, request.user, length=whole.length),
        status=HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK,
        as_attachment=True,
        filename=version.file_name,
        content_type="application/octet-stream",
        headers={
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "no-store, private",
            **({"Content-Range": part.content_range} if part else {}),
        },
    )
    answer["Content-Length"] = whole.length  # Django would say how much there is up to the end
    return answer


@framed
@require_GET
def version_detail(request, key, number, page):
    """The person reads one page of a version as text, and that is on record."""
    if not 0 < page < 100_000:
        raise NotVisible
    version = find(request, Action.READ_DOCUMENT, document__key=key, number=number)
    document = version.document
    read = downloads.read_page(version, page, by=request.user, at=request.at)
    if read is not None and read.number != page:  # the log names the page that is shown
        where = {"key": key, "number": number, "page": read.number}
        url = reverse("reviews:version-detail", kwargs=where)
        return redirect(f"{url}?pane=1" if "pane" in request.GET else url)
    return submission_page(
        request,
        "reviews/version_detail.html",
        document.submission,
        title=document.title,
        section="Documents",
        document=document,
        version=version,
        read=read,
        reference=citations.reference(version, read.number if read else None),
        newest=document.versions.order_by("-number").values_list("number", flat=True)[0],
    )


@framed
@require_GET
def reading_list(request, reference):
    """What there is to read, for the pane beside a review."""
    submission = find_submission(request, reference, Action.READ_PACKAGE)
    return submission_page(
        request,
        "reviews/reading_list.html",
        submission,
        title="What there is to read",
        section="Documents",
        **listing(request, submission),
    )


def _sent(request):
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _take(request, form, add):
    """(the page's status, what ``add`` made of a form that could be taken, or None)."""
    if getattr(request, "upload_too_large", False):
        return form.stopped(), None
    if form.is_bound and form.is_valid():
        try:
            return 200, add()
        except (FileRefused, Conflict) as error:
            return refused(form, error), None
    return invalid(form), None
