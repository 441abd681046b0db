"""Submissions as rows of a file, and the file: text and numbers, nothing that computes."""

import csv
import io
import itertools
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from reviews import clock
from reviews.models import AgencyPosition, Submission
from reviews.models.export import ExportFormat
from reviews.models.submission import SubmissionKind
from reviews.services.grant_export import cell
from reviews.workflow import Status

COLUMNS = (
    *("Submission", "Kind", "Lab", "Model version", "State"),
    *("Opens (UTC)", "Closes (UTC)", "Ended (UTC)", "Day of window", "Agencies that have filed"),
    "As of (UTC)",
)
# A sheet holds 1,048,576.
MOST_ROWS = 1_000_000
CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Characters that no XML may have; the library itself escapes the other control characters.
NOT_IN_XML = re.compile("[\ufffe\uffff]")

Row = tuple[Any, ...]


def rows_of(submissions: list[Submission], at: datetime) -> list[Row]:
    """A row of each, as it is at ``at``: one query for them all.

    Which agencies have filed, everybody on a submission knows.
    """
    positions = AgencyPosition.objects.filter(submission__in=submissions)
    agencies = Count("agency", distinct=True)
    filed = dict(positions.values("submission").values_list("submission", agencies))
    return [_row(submission, filed.get(submission.pk, 0), at) for submission in submissions]


def _row(submission: Submission, filed: int, at: datetime) -> Row:
    state = submission.status_at(at)
    return (
        submission.reference,
        SubmissionKind(submission.kind).label,
        submission.lab.short_name,
        str(submission.model_version),
        state.label,
        submission.opens_at,
        submission.closes_at,
        submission.over_at(at),
        clock.day(submission.window()[0], at) if state is Status.UNDER_REVIEW else None,
        None if submission.opens_at is None else filed,
        at,
    )


def write(kind: ExportFormat, file: Any, rows: Iterable[Row]) -> None:
    """The binary ``file`` holds a line of headings and the rows; few of them are in memory."""
    lines = itertools.chain([COLUMNS], rows)
    return _write_csv(file, lines) if kind is ExportFormat.CSV else _write_xlsx(file, lines)


def _write_csv(file: Any, lines: Iterable[Row]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        csv.writer(text).writerows([cell(value) for value in line] for line in lines)
    finally:
        text.detach()  # or the file would be closed with it


def _write_xlsx(file: Any, lines: Iterable[Row]) -> None:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(file, options) as book:
        sheet = book.add_worksheet("Submissions")
        for number, line in enumerate(lines):
            for column, value in enumerate(line):
                if isinstance(value, int):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    sheet.write_string(number, column, _text(value))


def _text(value: Any) -> str:
    """As a text cell: what stands in one is never computed, so it needs no apostrophe."""
    text = cell(value) if isinstance(value, datetime) else str(value)
    return NOT_IN_XML.sub("\ufffd", text)
