"""``{% csrf_token %}`` in every template: Django's, and beside it whose form it is."""

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.crypto import salted_hmac
from django.utils.html import format_html

register = template.Library()
FIELD = "typist"


def mark(user) -> str:
    """Return what names ``user`` in a form, and tells nobody else who she is."""
    return salted_hmac(FIELD, str(user.pk)).hexdigest()


class OwnedTokenNode(CsrfTokenNode):
    """The token, and the mark of whoever the form is drawn for when she is signed in."""

    def render(self, context):
        token = super().render(context)
        user = getattr(getattr(context, "request", None), "user", None)
        if not token or user is None or not user.is_authenticated:
            return token
        return token + format_html('<input type="hidden" name="{}" value="{}">', FIELD, mark(user))


@register.tag
def csrf_token(parser, token):
    return OwnedTokenNode()
