"""How NSA uses its discretion, for auditors: times, outcomes, reasons, and the log's word on it.

No content of a lab: submissions by their reference, and what NSA wrote in unclassified words.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal import keyset
from portal.context import Link
from portal.timeline import span_text
from reviews import policy
from reviews.models import Consultation, Determination
from reviews.policy import Action
from reviews.services import determination_record, discretion
from reviews.services.determination_record import Comparison
from reviews.services.discretion import Fate
from reviews.views.page import find, require_a_way

TITLE = "Use of discretion"
CURSOR = {"signed_at": keyset.instant, "key": UUID}


@dataclass(frozen=True, slots=True)
class Row:
    """One signed determination, ready to print."""

    determination: Determination
    lab: str
    taken: str
    criteria: list[str]
    superseded_by: Determination | None
    responded_at: object
    compared: Comparison


@require_GET
def discretion_list(request):
    """The counts, and every signed determination, the newest first."""
    require_a_way(request, Action.AUDIT_DISCRETION)
    signed = policy.allowed(request.user, Action.AUDIT_DISCRETION, at=request.at)
    page = keyset.page(request, _whole(signed), CURSOR, descending=True)
    page.rows[:] = _rows(page.rows)
    summary = discretion.summary(at=request.at)
    in_table, in_log = determination_record.numbers()
    return render(
        request,
        "reviews/discretion_list.html",
        {
            "page": page,
            "fates": list(Fate),
            "tables": [
                ("By lab", "Lab", _printed([*summary.labs, summary.whole])),
                ("By size of the lab", "Size", _printed(summary.sizes)),
            ],
            "median": summary.whole.median and span_text(summary.whole.median),
            "longest": summary.whole.longest and span_text(summary.whole.longest),
            "agreeing": sum(row.compared.agrees for row in page.rows),
            "in_table": in_table,
            "in_log": in_log,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link(TITLE, "")],
        },
    )


def _printed(groups):
    return [
        {
            "label": group.label,
            "numbers": [
                (fate.label, number) for fate, number in zip(Fate, group.numbers, strict=True)
            ],
            "median": span_text(group.median) if group.median is not None else "None yet",
            "longest": span_text(group.longest) if group.longest is not None else "None yet",
        }
        for group in groups
    ]


def _whole(signed):
    """The determinations with all that a row shows and compares."""
    later = Prefetch("superseded_by", Determination.objects.signed())
    whole = determination_record.whole(signed)
    return whole.select_related("submission__model_version__lab").prefetch_related(later)


def _rows(determinations):
    compared = determination_record.compare(determinations)
    return [
        Row(
            one,
            one.submission.lab.short_name,
            span_text(one.signed_at - one.submission.opens_at),
            determination_record.criteria(one),
            next(iter(one.superseded_by.all()), None),
            one.response.responded_at if hasattr(one, "response") else None,
            compared[one.pk],
        )
        for one in determinations
    ]


@require_GET
def discretion_detail(request, key):
    """One determination's account: its unclassified rationale, and what was asked before it."""
    found = find(request, Action.AUDIT_DISCRETION, key=key)
    (row,) = _rows(list(_whole(Determination.objects.filter(pk=found.pk))))
    asked = Consultation.objects.filter(submission=found.submission_id)
    title = f"Determination {found.number} on {row.determination.submission.reference}"
    return render(
        request,
        "reviews/discretion_detail.html",
        {
            "row": row,
            "title": title,
            "consultations": asked.select_related("organization").defer("statement"),
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link(TITLE, reverse("reviews:discretion-list")),
                Link(title, ""),
            ],
        },
    )
