"""What two pages wrote of one review at the same time, put together by the person."""

from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from portal.forms import LongTextField
from reviews.forms.reviewing import ReviewForm, initial
from reviews.models import AgencyReview

HIDDEN = ("revision", "version", "page", "turn")
SAVED, BOTH = "saved", "both"


@dataclass(frozen=True)
class Difference:
    """One field in which the page and what is saved differ; ``joinable`` if both can stand."""

    name: str
    label: str
    typed: str
    saved: str
    joinable: bool


def compare(form: ReviewForm, saved: AgencyReview) -> list[Difference]:
    """Where what was typed is not what is saved."""
    values = initial(saved)
    return [
        Difference(
            name,
            _label(name, field),
            _words(field, typed),
            _words(field, stored),
            isinstance(field, LongTextField),
        )
        for name, field in form.fields.items()
        if name not in HIDDEN
        for typed, stored in [(_shown(form[name].value()), _shown(values.get(name)))]
        if field.has_changed(values.get(name), form[name].data)
    ]


def merged(data: QueryDict, saved: AgencyReview | None) -> QueryDict:
    """What was sent, but with what is saved where the person chose that, or both."""
    chosen = {
        name.removeprefix("take_"): choice
        for name, choice in data.items()
        if name.startswith("take_")
    }
    if saved is None or not chosen:
        return data
    data, values = data.copy(), initial(saved)
    for name, choice in chosen.items():
        stored = _shown(values.get(name))
        if choice == SAVED:
            data.setlist(name, stored)
        elif choice == BOTH:
            data[name] = "\n\n".join([data.get(name, ""), *stored])
    return data


def _shown(value: object) -> list[str]:
    """A field's value as a browser sends it; an empty one as nothing."""
    if value in (None, "", False):
        return []
    if value is True:
        return ["on"]
    several = value if isinstance(value, (list, tuple)) else [value]
    return sorted(str(getattr(one, "key", one)).replace("\r\n", "\n") for one in several)


def _label(name: str, field: forms.Field) -> str:
    line, _, part = name.rpartition("_")
    return f"Score, {line.replace('_', ' ')}" if part == "score" else str(field.label)


def _words(field: forms.Field, values: list[str]) -> str:
    if isinstance(field, forms.BooleanField):
        return "Declared" if values else "Not declared"
    if isinstance(field, (forms.ChoiceField, forms.ModelMultipleChoiceField)):
        labels = {str(code): str(label) for code, label in field.choices}
        return ", ".join(labels.get(value, "a document") for value in values) or "Nothing chosen"
    return "\n".join(values) or "Nothing"
