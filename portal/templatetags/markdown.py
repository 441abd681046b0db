"""What people wrote, formatted and safe: ``{{ text|markdown }}``, and with references in it."""

from django import template

from portal import markdown

register = template.Library()
register.filter("markdown", markdown.html)


@register.filter
def referring(text, references):
    """The text as ``markdown`` has it, with what ``references.linked`` makes links of."""
    return references.linked(markdown.html(text))
