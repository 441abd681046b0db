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


_parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
_parser.enable("table").disable("image")
_parser.validateLink = _is_absolute
# A page has its own outline, so a heading here is a paragraph in bold.
for _kind, _markup in (("open", "<p><strong>"), ("close", "</strong></p>\n")):
    _parser.add_render_rule(
        f"heading_{_kind}", lambda *arguments, markup=_markup, **options: markup
    )

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
    web or mail address.
    """
    return SafeString(_cleaner.clean(_parser.render(text)))
