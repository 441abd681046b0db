"""What two pages wrote of one review at the same time, put together.

The page tells which fields its person changed, and what each said before (static/js/autosave.js).
Of those that only one side changed the change stands; where both did, the person chooses.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from portal.forms import LongTextField
from reviews.forms.reviewing import ReviewForm, initial, place
from reviews.models import AgencyReview

HIDDEN = ("revision", "version", "page", "turn")
DECLARATION = "no_conflict_declared"
MINE, SAVED, BOTH = "mine", "saved", "both"
UNDECIDED = "Choose which to keep."


@dataclass(frozen=True)
class Difference:
    """One field in which the page and what is saved differ, and the choice between them."""

    name: str
    label: str
    typed: str
    saved: str
    choice: BoundField


def touched(form: ReviewForm) -> dict[str, list[str]] | None:
    """What each field that the person changed said before; None if no script could tell."""
    try:
        told = json.loads(form.data.get("touched", ""))
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not all(isinstance(was, list) for was in told.values()):
        return None
    return {name: [str(one) for one in was] for name, was in told.items()}


def handed_on(form: ReviewForm) -> str:
    """``touched`` for the page that shows the form again; empty if nothing is known of it."""
    told = touched(form) if form.is_bound else None
    return "" if told is None else json.dumps(told)


def is_saved(form: ReviewForm, saved: AgencyReview) -> None:
    """Sent again, the form counts as opened on ``saved``, which has all of it that was read."""
    told, unread = touched(form), set(form.errors)
    form.opened_on(saved)
    if told is not None:
        form.data["touched"] = json.dumps({name: told[name] for name in told if name in unread})


def compare(
    form: ReviewForm, saved: AgencyReview, asked: Collection[str] | None = None
) -> list[Difference]:
    """Where the person has to choose; the form has a field for each choice.

    Marked is only what loses nothing, or with ``asked``, the fields that she was asked about
    before, what she chose.
    """
    values = _stored(form, saved)
    names = [name for name in _contested(form, saved, values) if asked is None or name in asked]
    form.data = form.data.copy()
    for name in names:
        field = form.fields[name]
        choices = [(MINE, "Keep mine"), (SAVED, "Take what is saved")]
        if isinstance(field, LongTextField):
            choices.append((BOTH, "Keep both, mine first"))
        form.fields[f"take_{name}"] = forms.ChoiceField(
            label=_label(name, field),
            choices=choices,
            widget=forms.RadioSelect,
            error_messages={"required": UNDECIDED, "invalid_choice": UNDECIDED},
        )
        if asked is None:
            form.data[f"take_{name}"] = _harmless(field, *_both(form, name, values))
    form.order_fields([f"take_{name}" for name in names])
    return [
        Difference(name, _label(name, field), _words(field, mine), _words(field, theirs), choice)
        for name in names
        for field, choice in [(form.fields[name], form[f"take_{name}"])]
        for mine, theirs in [_both(form, name, values)]
    ]


def undecided(form: ReviewForm, saved: AgencyReview | None) -> list[Difference]:
    """All that the page asked about, when the person left a choice open; the form names each."""
    asked = form.data.getlist("asked")
    if saved is None or not asked:
        return []
    if any(form.data.get(key) != str(number) for key, number in place(saved).items()):
        return []  # what is saved now is not what she was asked about: it is compared anew
    found = compare(form, saved, asked)
    return found if any(name.startswith("take_") for name in form.errors) else []


def chosen(form: ReviewForm, saved: AgencyReview | None) -> ReviewForm:
    """The form, but with what is saved where the person chose that, or both."""
    choices = {
        name: form.data[f"take_{name}"]
        for name in form.fields
        if name not in HIDDEN and f"take_{name}" in form.data
    }
    if saved is None or not choices:
        return form
    data, values = form.data.copy(), _stored(form, saved)
    for name, choice in choices.items():
        stored = _shown(values.get(name))
        if choice == SAVED:
            data.setlist(name, stored)
        elif choice == BOTH:
            data[name] = "\n\n".join([data.get(name, ""), *stored])
    return _again(form, data)


def with_newer(form: ReviewForm, saved: AgencyReview | None) -> tuple[ReviewForm, list[str]]:
    """The form opened on ``saved``, with what is saved in each field that she did not change.

    And the labels of those fields. Without the page's word for it no field counts as such.
    """
    data, labels, told = form.data.copy(), [], touched(form)
    if saved is not None and told is not None:
        values = _stored(form, saved)
        for name in _differing(form, saved, values):
            if name not in told:
                data.setlist(name, _shown(values.get(name)))
                labels.append(_label(name, form.fields[name]))
    again = _again(form, data)
    again.opened_on(saved)
    return again, labels


def stands(form: ReviewForm, saved: AgencyReview | None) -> bool:
    """Whether the form, which was opened on an earlier draft, needs no choice to be saved now.

    What was filed since is never followed by a next version unasked, nor a page's own later
    sending by an earlier one.
    """
    if saved is None or saved.filed_at:
        return False
    if form.data.get("version") not in (None, "", str(saved.version)):
        return False
    if saved.saved_from and form.data.get("page") == saved.saved_from:
        return False
    return not _contested(form, saved, _stored(form, saved))


def _again(form: ReviewForm, data: QueryDict) -> ReviewForm:
    return ReviewForm(data, documents=form.fields["evidence"].queryset)


def _stored(form: ReviewForm, saved: AgencyReview) -> dict[str, object]:
    """What is saved, as far as it is open to the person."""
    values = initial(saved)
    open_to_her = set(form.fields["evidence"].queryset)
    values["evidence"] = [one for one in saved.evidence.all() if one in open_to_her]
    return values


def _differing(form: ReviewForm, saved: AgencyReview, values: dict[str, object]) -> list[str]:
    """The fields in which what was typed is not what is saved.

    Of those who write together each declares for herself: that is no difference.
    """
    own = (*HIDDEN, DECLARATION) if saved.coauthors.all() else HIDDEN
    return [
        name
        for name, field in form.fields.items()
        if name not in own
        if not name.startswith("take_")
        if field.has_changed(values.get(name), form[name].data)
    ]


def _contested(form: ReviewForm, saved: AgencyReview, values: dict[str, object]) -> list[str]:
    """The fields that differ because both sides changed them, as far as the page can tell."""
    told, names = touched(form), _differing(form, saved, values)
    if told is None:
        return names
    return [name for name in names if name in told and _moved(form, name, values, told[name])]


def _moved(form: ReviewForm, name: str, values: dict[str, object], was: list[str]) -> bool:
    """Whether the other side changed the field since it said ``was``."""
    before, field = QueryDict(mutable=True), form.fields[name]
    before.setlist(name, was)
    said = field.widget.value_from_datadict(before, {}, name)
    return bool(field.has_changed(values.get(name), said))


def _both(form: ReviewForm, name: str, values: dict[str, object]) -> tuple[list[str], list[str]]:
    return _shown(form[name].value()), _shown(values.get(name))


def _harmless(field: forms.Field, mine: list[str], theirs: list[str]) -> str:
    """The choice that loses nothing of either; empty where each does."""
    if _within(field, mine, theirs):
        return SAVED
    return MINE if _within(field, theirs, mine) else ""


def _within(field: forms.Field, part: list[str], whole: list[str]) -> bool:
    """Whether who keeps ``whole`` keeps ``part``; of a text, its words as they stand there."""
    if isinstance(field, (forms.BooleanField, forms.TypedChoiceField)):
        return False  # not declared and not assessed are answers
    if not isinstance(field, LongTextField):
        return set(part) <= set(whole)
    words = re.escape("".join(part).strip())
    return not words or re.search(rf"(?<!\w){words}(?!\w)", "".join(whole)) is not None


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
