"""What people wrote in Markdown, as HTML that is safe on any page."""

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

TAGS = {
    *("a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}


def _is_absolute(address: str) -> bool:
    """Whether the address says where it leads: nothing relative, and no other scheme."""
    return address.lower().startswith(("http://", "https://", "mailto:"))


def _made(*, tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable("image")
    parser.validateLink = _is_absolute
    # A page has its own outline, so a heading here is a paragraph in bold.
    for kind, markup in (("open", "<p><strong>"), ("close", "</strong></p>\n")):
        parser.add_render_rule(
            f"heading_{kind}", lambda *arguments, markup=markup, **options: markup
        )
    return parser.enable("table") if tables else parser


_parser, _without_tables = _made(tables=True), _made(tables=False)
# A short text can claim millions of cells: a row is filled up to the width of its table's head.
MOST_CELLS = 5_000

# The parser lets no HTML through; whatever it may get wrong is taken out after it.
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
    set_tag_attribute_values={"table": {"class": "usa-table"}},
    link_rel="noopener noreferrer",
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)


def html(text: str) -> SafeString:
    """The text as HTML: paragraphs, emphasis, lists, quotations, code, tables and links.

    No HTML of the writer's is in it, no image, no heading, and no link but to an absolute
    web or mail address. Beyond ``MOST_CELLS`` no table is one.
    """
    lines = text.splitlines()
    cells = len(lines) * max((line.count("|") for line in lines), default=0)
    parser = _parser if cells <= MOST_CELLS else _without_tables
    return SafeString(_cleaner.clean(parser.render(text)))
