"""Tags of the visual base: instants, status, icons, and chrome rendered once.

What a row of a long list needs is also a plain function, so that a view can prepare
fifty rows and the template only prints them.
"""

import functools

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import timeline

register = template.Library()

STATUS_LABELS = {
    "draft": "Draft",
    "under_review": "Under review",
    "concluded": "Concluded",
    "expired": "Expired",
    "withdrawn": "Withdrawn",
}

FROZEN_LIMIT = 64
"""Copies one frozen block keeps: a few values of a few names, never one per person."""


@register.simple_tag
def instant(value) -> SafeString:
    """Return ``value`` as a ``<time>`` with hour and zone in the active zone; nothing for None."""
    return instant_html(value)


def instant_html(value) -> SafeString:
    """Return what ``{% instant %}`` prints, for a view that prepares many rows."""
    return SafeString(timeline.instant_element(value))


@functools.cache
def status_html(code: str) -> SafeString:
    """Return the tag of a submission's status; an unknown code is an error, not an empty tag."""
    return format_html('<span class="fv-status fv-status--{}">{}</span>', code, STATUS_LABELS[code])


register.filter("status_tag", status_html)


@register.simple_tag
@functools.lru_cache(maxsize=256)
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon of the USWDS sprite: decoration, or an image when it carries a label."""
    sprite = static("uswds/img/sprite.svg")
    if label:
        return format_html(
            '<svg class="usa-icon" role="img" focusable="false" aria-label="{}">'
            '<use href="{}#{}"></use></svg>',
            label,
            sprite,
            name,
        )
    return format_html(
        '<svg class="usa-icon" aria-hidden="true" focusable="false" role="img">'
        '<use href="{}#{}"></use></svg>',
        sprite,
        name,
    )


class FrozenNode(template.Node):
    """Content that depends on nothing but the named variables, rendered once for each value."""

    def __init__(self, names, nodelist):
        self.names = names
        self.nodelist = nodelist
        self.kept: dict[tuple, SafeString] = {}

    def render(self, context):
        key = tuple(name.resolve(context, ignore_failures=True) for name in self.names)
        text = self.kept.get(key)
        if text is None:
            text = self.nodelist.render(context)
            if len(self.kept) < FROZEN_LIMIT and not context.template.engine.debug:
                self.kept[key] = text
        return text


@register.tag
def frozen(parser, token):
    """Render the block once per process for each value of the variables named after the tag.

    Everything inside must depend on those variables alone: another person gets the same bytes.
    """
    names = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    nodelist = parser.parse(("endfrozen",))
    parser.delete_first_token()
    return FrozenNode(names, nodelist)


@register.filter
def errors_of(form_or_formset):
    """Return every error of a form or formset as (text, id of the input, or "") in page order."""
    forms = getattr(form_or_formset, "forms", None)
    found = []
    if forms is None:
        forms = [form_or_formset]
    else:
        found += [(text, "") for text in form_or_formset.non_form_errors()]
    for form in forms:
        found += [(text, "") for text in form.non_field_errors()]
        for field in form:
            target = "" if field.is_hidden else getattr(field, "error_target", field.id_for_label)
            label = str(field.label).rstrip(".?:")
            texts = getattr(field, "messages", field.errors)
            found += [(f"{label}: {text}", target) for text in texts]
    return found
