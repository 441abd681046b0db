"""``{{ text|markdown }}``: what people wrote, formatted and safe."""

from django import template

from portal import markdown

register = template.Library()
register.filter("markdown", markdown.html)
