"""What stands in a file of submissions, whatever people typed: text, and nothing that computes."""

import csv
import io
import re
import zipfile
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.models.export import ExportFormat
from reviews.services import export_files
from reviews.services.export_files import COLUMNS
from reviews.services.grant_export import FORMULA
from tests import factories

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# What the database can hold in a text: anything but NUL and lone surrogates.
HOSTILE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
STARTS = st.sampled_from([*FORMULA, "@SUM(", "=cmd|' /C calc'!A0", "http://x.example", "1", ""])
CELLS = st.builds(str.__add__, STARTS, HOSTILE)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4)


# What XML or the file format itself writes in another way.
AMBIGUOUS = re.compile("\r|_x[0-9A-Fa-f]{4}_|[\ufffe\uffff]")


def written(kind, rows):
    file = io.BytesIO()
    export_files.write(kind, file, rows)
    return file.getvalue()


def read_csv(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def sheet(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert [name for name in archive.namelist() if "sheet" in name] == [
            "xl/worksheets/sheet1.xml"
        ]
        return ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314


def shown(element):
    """The text of a cell as a reader shows it: _x0001_ stands for the control character."""
    text = "".join(element.itertext())
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


@given(ROWS)
def test_no_cell_of_a_csv_file_begins_like_a_formula(rows):
    lines = read_csv(written(ExportFormat.CSV, rows))
    assert lines[0] == list(COLUMNS)
    for line, row in zip(lines[1:], rows, strict=True):
        for cell, typed in zip(line, row, strict=True):
            assert not cell.startswith(FORMULA)
            assert cell.removeprefix("'") == typed.removeprefix("'")


@given(ROWS)
def test_no_cell_of_an_xlsx_file_is_a_formula_a_link_or_a_guess(rows):
    data = written(ExportFormat.XLSX, rows)
    root = sheet(data)
    assert list(root.iter(f"{NAMESPACE}f")) == list(root.iter(f"{NAMESPACE}hyperlink")) == []
    cells = list(root.iter(f"{NAMESPACE}c"))
    assert {cell.get("t") for cell in cells} == {"inlineStr"}
    if any(AMBIGUOUS.search(typed) for row in rows for typed in row):
        return
    typed = [text for row in rows for text in row]
    assert [shown(cell) for cell in cells[len(COLUMNS) :]] == typed


def test_rows_are_as_the_list_shows_them(people, start, move_clock):
    running = factories.filed(people, family="=1+1", version="@2")
    factories.position_filed(running, people)
    factories.position_filed(running, people, "dod")
    factories.position_filed(running, people, "dod")
    draft = factories.draft(people, family="Draft", version="1")
    at = start + timedelta(days=2)
    first, second = export_files.rows_of([running, draft], at)
    closes_at = running.closes_at
    facts = ("Early access", "Northlight", "=1+1 @2", "Under review", start, closes_at, None, 3, 2)
    assert first == (running.reference, *facts, at)
    facts = ("Early access", "Northlight", "Draft 1", "Draft", *[None] * 5)
    assert second == (draft.reference, *facts, at)
    ((*_, state, _, _, ended, day, filed, _),) = export_files.rows_of([running], closes_at)
    assert (state, ended, day, filed) == ("Expired", closes_at, None, 2)


def test_instants_are_utc_and_say_so(people, start):
    rows = export_files.rows_of([factories.filed(people)], start)
    line = dict(zip(*read_csv(written(ExportFormat.CSV, rows)), strict=True))
    for name in ("Opens (UTC)", "As of (UTC)"):
        assert line[name] == "2026-10-20T15:00:00+00:00"
    assert datetime.fromisoformat(line["Closes (UTC)"]) == start + timedelta(days=30)
    texts = [shown(cell) for cell in sheet(written(ExportFormat.XLSX, rows)).iter(f"{NAMESPACE}c")]
    assert texts.count("2026-10-20T15:00:00+00:00") == 2


@pytest.mark.parametrize("size", [1, 30])
def test_a_chunk_costs_one_query(people, start, django_assert_num_queries, size):
    submissions = [factories.draft(people, complete=False) for _ in range(size)]
    for submission in submissions:
        assert submission.lab
    with django_assert_num_queries(1):
        assert len(export_files.rows_of(submissions, start)) == size
