"""Pages of the final report: what it will say, what it says, and the lab's response.

No page names a person of an agency, and none shows an outcome before the report is issued.
"""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from reviews.exceptions import Conflict
from reviews.forms.reports import IssueForm, ResponseForm
from reviews.policy import Action
from reviews.services import progress, report_pdf, reports
from reviews.views.downloads import send
from reviews.views.page import find_submission, invalid, refused, submission_page


@require_GET
def report_detail(request, reference):
    """The person reads the report once it is issued; before that, only which agencies filed."""
    submission = find_submission(request, reference)
    return submission_page(
        request,
        "reviews/report_detail.html",
        submission,
        title="Report to the lab",
        report=progress.report(request.user, submission, at=request.at),
    )


@require_http_methods(["GET", "POST"])
def report_issue(request, reference):
    """The report is the lab's to read, and the submission concluded."""
    submission = find_submission(request, reference, Action.ISSUE_REPORT)
    form = IssueForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            reports.issue(submission, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "The report is issued and the review concluded.")
            return redirect("reviews:report-detail", reference)
    return submission_page(
        request,
        "reviews/report_issue.html",
        submission,
        title="Issue the report",
        status=status,
        form=form,
        outstanding=reports.outstanding(submission),
        content=reports.preview_for(request.user, submission, at=request.at),
        determination=reports.determination_in_force(submission),
    )


@require_GET
def report_download(request, reference):
    """The report is handed to the person as a PDF, and that is on record."""
    submission = find_submission(request, reference, Action.READ_REPORT)
    issued = reports.issued(submission, at=request.at)
    return send(request, submission, Action.READ_REPORT, lambda: report_pdf.report(issued))


@require_http_methods(["GET", "POST"])
def report_respond(request, reference):
    """The lab's response stands with the report."""
    submission = find_submission(request, reference, Action.RESPOND)
    form = ResponseForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        try:
            reports.respond(submission, **form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "Your lab's response is on record with the report.")
            return redirect("reviews:report-detail", reference)
    return submission_page(
        request,
        "reviews/report_respond.html",
        submission,
        title="Respond to the report",
        status=status,
        form=form,
        report=reports.issued(submission, at=request.at),
    )
