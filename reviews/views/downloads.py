"""Handing over a report or a letter as a PDF."""

from io import BytesIO

from django.http import FileResponse

from reviews.services import reading
from reviews.services.report_pdf import CannotRender
from reviews.views.page import submission_page


def send(request, submission, action, make):
    """The PDF that ``make`` makes, on record with its hash; a page with 503 when it cannot.

    Raises NotPermitted when the person may not do ``action`` any more.
    """
    try:
        pdf = make()
    except CannotRender as error:
        return submission_page(
            request,
            "reviews/report_download.html",
            submission,
            title="The PDF cannot be made",
            status=503,
            message=str(error),
        )
    reading.note(submission, action, by=request.user, at=request.at, pdf_sha256=pdf.sha256)
    return FileResponse(
        BytesIO(pdf.file),
        as_attachment=True,
        filename=pdf.name,
        content_type="application/pdf",
        headers={
            "Content-Length": str(len(pdf.file)),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "no-store, private",
        },
    )
