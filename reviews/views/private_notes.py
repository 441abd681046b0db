"""A person's own notes on a submission: a page that also stands beside the review."""

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.timeline import instant_text
from reviews.exceptions import NotPermitted, StaleForm
from reviews.forms.private_notes import NoteForm
from reviews.policy import Action
from reviews.services import private_notes
from reviews.services.autosaving import Sending
from reviews.views.page import find_submission, framed, invalid, refused, submission_page


@framed
@require_http_methods(["GET", "POST"])
def note_write(request, reference):
    """The person's note is as typed. Nobody else reads it; after the end she only reads it."""
    submission = find_submission(request, reference)
    note = private_notes.of(request.user, submission, at=request.at)
    status, writable = 200, Action.WRITE_NOTE in submission.may
    if not writable and (note is None or request.method == "POST"):
        raise NotPermitted
    if request.method == "POST":
        form = NoteForm(request.POST)
        status = invalid(form)
        if form.is_valid():
            sent = form.cleaned_data
            try:
                note = private_notes.save(
                    submission,
                    text=sent["text"],
                    sent=Sending(sent["revision"] or 0, sent["page"], sent["turn"] or 0),
                    by=request.user,
                    at=request.at,
                )
            except StaleForm as error:
                status = refused(form, error)
                note = private_notes.of(request.user, submission, at=request.at)
                form.opened_on(note)
            else:
                if "autosave" not in request.POST:
                    messages.success(request, "Your notes are saved.")
                    return redirect(request.get_full_path())
        if "autosave" in request.POST:
            return _answer(form, note, status)
    else:
        form = NoteForm(
            initial={"text": note.text, "revision": note.revision} if note else {"revision": 0}
        )
    return submission_page(
        request,
        "reviews/note_write.html",
        submission,
        title="Your private notes",
        status=status,
        form=form,
        note=note,
        writable=writable,
        stale=note if status == 409 else None,
        series=f"{reference}/note/{request.user.email}",
    )


def _answer(form, note, status):
    if status != 200:
        errors = [str(form.fields[name].label) for name in form.errors if name in form.fields]
        return JsonResponse({"errors": errors}, status=status)
    return JsonResponse(
        {"revision": note.revision, "saved": instant_text(note.saved_at), "errors": []}
    )
