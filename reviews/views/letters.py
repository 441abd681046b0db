"""Pages of the preliminary-issues letter: its entries, the preview, the letter once issued."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reviews.exceptions import Conflict
from reviews.forms.letters import IssueForm, LetterEntryForm
from reviews.policy import Action
from reviews.services import letters, report_content, report_pdf
from reviews.views.downloads import send
from reviews.views.page import find_submission, invalid, refused, speaks_for, submission_page

TITLE = "Preliminary-issues letter"


@require_GET
def letter_detail(request, reference):
    """The person reads the letter once it is issued; before that, leads read it as it stands."""
    submission = find_submission(request, reference)
    letter = content = None
    if Action.READ_LETTER in submission.may:
        letter = letters.issued(submission)
        content = letter.content
    elif Action.PREVIEW_LETTER in submission.may:
        content = letters.preview(submission, at=request.at)
    return submission_page(
        request,
        "reviews/letter_detail.html",
        submission,
        title=TITLE,
        letter=letter,
        content=content and report_content.readable(content),
        content_sha256=letter and report_content.sha256(letter.content),
    )


@require_http_methods(["GET", "POST"])
def letter_file(request, reference):
    """The agency's entry is as given; an earlier one is kept and superseded."""
    submission = find_submission(request, reference, Action.FILE_LETTER_ENTRY)
    agencies, agency = speaks_for(request, Action.FILE_LETTER_ENTRY, submission)
    earlier = letters.entries(submission, agency)
    form = LetterEntryForm(
        request.POST if request.method == "POST" else None,
        initial={"version": earlier.count() + 1},
    )
    status = invalid(form)
    if form.is_valid():
        try:
            letters.file_entry(
                submission, agency=agency, **form.entry(), by=request.user, at=request.at
            )
        except Conflict as error:
            status = refused(form, error)
            form.opened_on(earlier.count() + 1)
        else:
            messages.success(request, f"The entry of {agency.short_name} is filed.")
            return redirect("reviews:letter-detail", reference)
    return submission_page(
        request,
        "reviews/letter_file.html",
        submission,
        title=f"Entry of {agency.short_name} for the letter",
        section="Preliminary letter",
        status=status,
        form=form,
        agency=agency,
        action=f"{request.path}?agency={agency.code}",
        agencies=agencies,
        earlier=earlier.select_related("filed_by"),
        letter=letters.issued(submission),
    )


@require_http_methods(["GET", "POST"])
def letter_issue(request, reference):
    """The letter is the lab's to read, and its entries are closed."""
    submission = find_submission(request, reference, Action.ISSUE_LETTER)
    form = IssueForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            letters.issue(submission, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "The letter is issued. The lab can read it now.")
            return redirect("reviews:letter-detail", reference)
    content = report_content.readable(letters.preview(submission, at=request.at))
    return submission_page(
        request,
        "reviews/letter_issue.html",
        submission,
        title="Issue the letter",
        section="Preliminary letter",
        status=status,
        form=form,
        letter=letters.issued(submission),
        content=content,
        silent=[agency["name"] for agency in content["agencies"] if not agency["filed_at"]],
        cancel_url=reverse("reviews:letter-detail", args=[reference]),
    )


@require_GET
def letter_download(request, reference):
    """The letter is handed to the person as a PDF, and that is on record."""
    submission = find_submission(request, reference, Action.READ_LETTER)
    letter = letters.issued(submission)
    return send(request, submission, Action.READ_LETTER, lambda: report_pdf.letter(letter))
