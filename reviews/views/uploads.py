"""Sending files: a page for people, and the tus protocol 1.0.0 for the script on it.

The protocol's creation, expiration and termination extensions are spoken; tus.io says what
each header means.
"""

import base64
from functools import wraps
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviews import uploads
from reviews.exceptions import Conflict, FileRefused
from reviews.policy import Action
from reviews.services import amounts, receiving
from reviews.views.page import find, find_submission, submission_page

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"


def tus(view):
    """The view speaks the protocol: other versions are told so, and refusals are plain text."""

    @wraps(view)
    def speaking(request, *args, **kwargs):
        if request.headers.get("Tus-Resumable") != VERSION:
            answer = _said("This address is for resumable uploads only.", 412)
            answer["Tus-Version"] = VERSION
        else:
            try:
                answer = view(request, *args, **kwargs)
            except FileRefused as refusal:
                answer = _said(str(refusal), refusal.status)
            except Conflict as conflict:
                answer = _said(str(conflict), HTTPStatus.CONFLICT)
        answer["Tus-Resumable"] = VERSION
        return answer

    return speaking


def _said(words, status):
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")


@require_GET
def upload_list(request, reference):
    """What is on its way to the submission; the page's script sends more."""
    submission = find_submission(request, reference, Action.ADD_DOCUMENT)
    rows = list(submission.uploads.select_related("begun_by"))
    return submission_page(
        request,
        "reviews/upload_list.html",
        submission,
        title="Send files",
        section="Documents",
        uploads=rows,
        arrived=sum(upload.complete for upload in rows),
        accept=uploads.ACCEPT,
        types=uploads.TYPES_IN_WORDS,
        most=amounts.size(settings.DOCUMENT_MAX_BYTES),
        most_else=amounts.size(uploads.most_in_one_piece()),
    )


@require_POST
@tus
def upload_add(request, reference):
    """An upload is begun; its address is in Location."""
    submission = find_submission(request, reference, Action.ADD_DOCUMENT)
    facts = _metadata(request.headers.get("Upload-Metadata", ""))
    upload = receiving.begin(
        submission,
        name=facts.get("filename", ""),
        size=_number(request, "Upload-Length"),
        modified=facts.get("modified", ""),
        by=request.user,
        at=request.at,
    )
    answer = HttpResponse(status=HTTPStatus.CREATED)
    answer["Location"] = reverse("reviews:upload-write", args=[upload.key])
    answer["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return answer


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@tus
def upload_write(request, key):
    """HEAD says how much has arrived, PATCH brings more, DELETE removes it."""
    upload = find(request, Action.SEND_UPLOAD, key=key)
    if request.method == "DELETE":
        receiving.drop(upload, by=request.user, at=request.at)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if request.method == "PATCH":
        if request.content_type != BYTES:
            return _said(f"Bytes come as {BYTES}.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        offset = _number(request, "Upload-Offset")
        upload = receiving.receive(upload, request, offset=offset, by=request.user, at=request.at)
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer["Upload-Offset"] = upload.received
    answer["Upload-Length"] = upload.size
    answer["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return answer


@require_POST
def upload_end(request, key):
    """The upload is removed, by a button of the page."""
    upload = find(request, Action.SEND_UPLOAD, key=key)
    receiving.drop(upload, by=request.user, at=request.at)
    messages.success(request, f"“{upload.file_name}” is removed.")
    return redirect("reviews:upload-list", upload.submission.reference)


def _number(request, header):
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise FileRefused(f"{header} must be a number of bytes.")
    return int(text)


def _metadata(text):
    """The names and texts of Upload-Metadata. Raises FileRefused for what is none."""
    found = {}
    try:
        for pair in filter(None, text.split(",")):
            name, _, value = pair.strip().partition(" ")
            found[name] = base64.b64decode(value, validate=True).decode()
    except ValueError:  # no base64, not ASCII, or no UTF-8
        raise FileRefused("Upload-Metadata cannot be read.") from None
    return found
