"""Markdown to PDF, for the demonstration's files: the same text always gives the same bytes.

Knows the little Markdown that the texts in documents/ use: headings, paragraphs, lists and
tables. The file has a title, a language, an outline by section and page numbers.
"""

from datetime import UTC, datetime
from itertools import groupby

from fpdf import FPDF, FontFace, TextStyle, ViewerPreferences

# A PDF must carry a date. The day of Executive Order 14409 keeps the bytes the same.
CREATED = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
MARGIN = 22
LINE = 5.2
BULLET = 5


class _Paper(FPDF):
    """Letter pages with the designation above and the title and page number below."""

    def __init__(self, *, title, author, designation):
        super().__init__(format="Letter")
        self.set_title(title)
        self.set_author(author)
        self.set_subject(designation)
        self.set_creator("Foreview demonstration")
        self.set_lang("en-US")
        self.set_creation_date(CREATED)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN)
        self.set_section_title_styles(
            TextStyle("helvetica", "B", 18, l_margin=MARGIN, t_margin=4, b_margin=5),
            TextStyle("helvetica", "B", 12.5, l_margin=MARGIN, t_margin=4, b_margin=2),
        )
        self.designation = f"{author} - {designation}"

    def header(self):
        self._small(self.designation, y=12)
        self.set_y(MARGIN)

    def footer(self):
        self._small(f"{self.title} - page {self.page_no()} of {{nb}}", y=-14)

    def _small(self, text, *, y):
        self.set_y(y)
        self.set_font("helvetica", size=8.5)
        self.set_text_color(80)
        self.cell(0, 4, text, new_x="LMARGIN", new_y="NEXT")
        self.set_text_color(0)


def render(text, *, author, designation):
    """The bytes of a PDF whose title is the first line of ``text``, a level-one heading."""
    first, _, body = text.strip().partition("\n")
    title = first.removeprefix("# ")
    paper = _Paper(title=title, author=author, designation=designation)
    paper.add_page()
    paper.start_section(title)
    for kind, lines in _blocks(body):
        paper.set_font("helvetica", size=10.5)
        _WRITE[kind](paper, lines)
    return bytes(paper.output())


def _blocks(body):
    """Pairs of a kind and the lines of one block; a blank line ends a block."""
    for filled, lines in groupby(body.splitlines(), key=lambda line: bool(line.strip())):
        if filled:
            block = []
            for line in lines:
                if line.startswith("  "):  # goes on from the line before
                    block[-1] += f" {line.strip()}"
                else:
                    block.append(line)
            yield _kind(block[0]), block


def _kind(line):
    marks = {"## ": "section", "- ": "items", "| ": "table"}
    return next((kind for mark, kind in marks.items() if line.startswith(mark)), "paragraph")


def _section(paper, lines):
    paper.start_section(lines[0].removeprefix("## "), level=1)


def _paragraph(paper, lines):
    paper.multi_cell(0, LINE, " ".join(lines), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(2.5)


def _items(paper, lines):
    for line in lines:
        paper.set_x(MARGIN)
        paper.cell(BULLET, LINE, chr(149))
        paper.multi_cell(0, LINE, line.removeprefix("- "), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(2.5)


def _table(paper, lines):
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]
    paper.set_font("helvetica", size=9.5)
    paper.set_draw_color(170)
    with paper.table(
        [rows[0], *rows[2:]],
        col_widths=[2] + [1] * (len(rows[0]) - 1),
        headings_style=FontFace(emphasis="BOLD", fill_color=(232, 236, 241)),
        text_align="LEFT",
        line_height=LINE,
        borders_layout="HORIZONTAL_LINES",
        padding=1,
    ):
        pass
    paper.ln(3.5)


_WRITE = {"section": _section, "paragraph": _paragraph, "items": _items, "table": _table}
