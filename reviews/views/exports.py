"""The list of submissions as a file: at once, or prepared and fetched from a page of its own."""

from urllib.parse import parse_qsl

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import FileResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.context import Link
from reviews import policy
from reviews.forms.submissions import SubmissionFilter
from reviews.models.export import ExportFormat
from reviews.policy import Action
from reviews.services import exports
from reviews.services.export_files import CONTENT_TYPES
from reviews.views.home_tasks import SHOWN, Task, said
from reviews.views.page import find, require_a_way


@require_POST
def submissions_export(request):
    """The submissions of the list's filter as a file; a large one is prepared meanwhile."""
    require_a_way(request, Action.EXPORT_SUBMISSIONS)
    form, kind = SubmissionFilter(request.GET), request.POST.get("format")
    if kind not in list(ExportFormat):
        raise BadRequest("A file of submissions is CSV or XLSX.")
    if not form.is_valid():
        return redirect(f"{reverse('reviews:submission-list')}?{request.GET.urlencode()}")
    wanted = {"kind": ExportFormat(kind), "asked": form.asked, "by": request.user}
    file = exports.at_once(**wanted, at=request.at)
    if file is not None:
        return _attachment(file, ExportFormat(kind))
    exports.ask(**wanted, at=request.at)
    messages.success(request, "The file is being prepared. When it is ready, Home says so too.")
    return redirect("reviews:export-list")


@require_GET
def export_list(request):
    """The person's files that were prepared, are being prepared or failed."""
    require_a_way(request, Action.READ_EXPORT)
    own = list(_own(request))
    return render(
        request,
        "reviews/export_list.html",
        {
            "rows": [(export, _words(export)) for export in own],
            "unfinished": any(export.expires_at is None for export in own),
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Submissions", reverse("reviews:submission-list")),
                Link("Files", ""),
            ],
        },
    )


@require_GET
def export_download(request, key):
    """The file is handed to the person who asked for it, and that is on record."""
    export = find(request, Action.READ_EXPORT, key=key)
    file = exports.open_for_reading(export, by=request.user, at=request.at)
    return _attachment(file, ExportFormat(export.format))


def tasks(request):
    """What Home says of files that are ready and not fetched yet."""
    waiting = _own(request).filter(ready_at__isnull=False, read_at__isnull=True)
    return [
        Task(
            "Download the file of submissions that you asked for",
            reverse("reviews:export-list"),
            f"{export.format.upper()}, {export.row_count:,} submissions",
            said("Kept until", export.expires_at),
            export.expires_at,
        )
        for export in waiting[:SHOWN]
    ]


def _own(request):
    return policy.allowed(request.user, Action.READ_EXPORT, at=request.at)


def _words(export):
    """What was asked for, in words."""
    form = SubmissionFilter(dict(parse_qsl(export.query)))
    if not form.is_valid():
        return export.query
    choices = {
        name: dict(getattr(form.fields[name], "choices", ())).get(value, f"“{value}”")
        for name, value in form.asked.items()
    }
    return ", ".join(choices.values()) or "All submissions"


def _attachment(file, kind):
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"submissions.{kind.value}",
        content_type=CONTENT_TYPES[kind],
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "no-store, private",
        },
    )
