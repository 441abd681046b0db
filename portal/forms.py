"""How forms look and how dates are asked for: every Django form renders as USWDS markup.

``settings.FORM_RENDERER`` names ``FormRenderer``; templates are in templates/django/forms.
What a person typed is shown again after every refusal, also where it is no date.
"""

import re
from datetime import UTC, date, datetime
from typing import NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Input
from django.utils import timezone

from portal.timeline import day_text, hour_text, zone_label

CLASSES = (
    (forms.HiddenInput, ""),
    (forms.MultipleHiddenInput, ""),
    (forms.CheckboxInput, "usa-checkbox__input"),
    (forms.CheckboxSelectMultiple, "usa-checkbox__input"),
    (forms.RadioSelect, "usa-radio__input"),
    (forms.Textarea, "usa-textarea"),
    (forms.Select, "usa-select"),
    # Not usa-file-input: its script previews through data: images, which the policy forbids.
    (forms.FileInput, "fv-file"),
    (Input, "usa-input"),
)
"""The first entry that a widget is an instance of gives its class."""
FRAMED = ("usa-input", "usa-select", "usa-textarea")
"""Inputs whose own frame turns red; a group or a file input has none."""
UNTYPED = (forms.CheckboxInput, forms.RadioSelect, forms.Select, forms.FileInput)
"""Inputs that carry no ``required``; the label says it."""
REMEDIES = (
    (forms.CheckboxInput, "Check this box to continue."),
    (forms.FileInput, "Choose a file."),
    ((forms.CheckboxSelectMultiple, forms.SelectMultiple), "Choose at least one answer."),
    (forms.Select, "Choose an answer."),
    (forms.RadioSelect, "Choose an answer."),
)


class CountedTextarea(forms.Textarea):
    """A text area that says how many characters are left; its field must have a max_length."""


class FileInput(forms.FileInput):
    """A file input that also warns, before the upload, about a file larger than ``max_bytes``."""

    def __init__(self, *, accept="", max_bytes=None, attrs=None):
        attrs = dict(attrs or {})
        if accept:
            attrs["accept"] = accept
        if max_bytes:
            attrs["data-max-bytes"] = max_bytes
        super().__init__(attrs)


class UswdsBoundField(BoundField):
    """A field of a form with what the USWDS markup needs besides the label and the input."""

    @property
    def kind(self) -> str:
        """Which of the layouts in field.html applies: hidden, group, checkbox or single."""
        if self.is_hidden:
            return "hidden"
        if self.use_fieldset:
            return "group"
        return "checkbox" if isinstance(self.field.widget, forms.CheckboxInput) else "single"

    @property
    def mark(self) -> str:
        """The word in parentheses after the label; a field's own ``mark`` comes first."""
        own = getattr(self.field, "mark", None)
        if own is not None:
            return own
        marked = getattr(self.form, "mark_required", True)
        return "required" if marked and self.field.required else ""

    @property
    def count(self) -> int | None:
        """The number of characters a counted text area allows."""
        counted = isinstance(self.field.widget, CountedTextarea)
        return self.field.widget.attrs.get("maxlength") if counted else None

    @property
    def error_target(self) -> str:
        """The id of the input to mend, where a link in the error summary leads."""
        if isinstance(self.field.widget, MemorableDate):
            return f"{self.auto_id}_{self.wrong_part or 'month'}"
        return f"{self.auto_id}_0" if self.use_fieldset else self.id_for_label

    @property
    def wrong_part(self) -> str:
        """The one part of a date that its error is about; empty where it is about all of them."""
        for error in self.errors.as_data():
            return (error.params or {}).get("part", "")
        return ""

    @property
    def messages(self) -> list[str]:
        """The field's errors in words: ours with the remedy where Django's own name none."""
        return [self._words(error) for error in self.errors.as_data()]

    def _words(self, error):
        (text,) = error.messages
        if text == forms.Field.default_error_messages["required"]:
            return self._remedy()
        if error.code == "max_length" and error.code not in self.field.error_messages:
            limit, length = error.params["limit_value"], error.params["show_value"]
            return (
                f"The limit is {limit:,} characters, and this has {length:,}. Shorten it by "
                f"{length - limit:,}."
            )
        return text

    def _remedy(self):
        widget = self.field.widget
        for kind, words in REMEDIES:
            if isinstance(widget, kind):
                return words
        return "Enter an answer."

    @property
    def aria_describedby(self):
        if not self.auto_id or self.is_hidden:
            return ""
        own = self.field.widget.attrs.get("aria-describedby", "")
        parts = [own] if own else []
        if self.help_text:
            parts.append(f"{self.auto_id}_helptext")
        if self.errors:
            parts.append(f"{self.auto_id}_error")
        if self.count:
            parts.append(f"{self.auto_id}_count")
        return " ".join(parts)

    def build_widget_attrs(self, attrs, widget=None):
        attrs = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        added = next((name for kind, name in CLASSES if isinstance(widget, kind)), "")
        if self.count:
            added += " usa-character-count__field"
        if self.errors and added.startswith(FRAMED):
            added += " usa-input--error"
        given = attrs.get("class") or widget.attrs.get("class", "")
        if added or given:
            attrs["class"] = f"{given} {added}".strip()
        # Browsers call these invalid before anybody answered them.
        required = isinstance(widget, UNTYPED) and attrs.pop("required", False)
        if required and isinstance(widget, (forms.Select, forms.CheckboxInput)):
            attrs["aria-required"] = "true"
        if self.use_fieldset:
            # The group carries the state; a radio button may not (ARIA 1.2).
            attrs.pop("aria-invalid", None)
        if isinstance(widget, MemorableDate) and self.errors:
            attrs["wrong"] = self.wrong_part or "all"
        return attrs


class FormRenderer(TemplatesSetting):
    """Renders every form of the project as USWDS markup, from the project's own templates."""

    form_template_name = "django/forms/div.html"
    formset_template_name = "django/forms/formsets/div.html"
    field_template_name = "django/forms/field.html"
    bound_field_class = UswdsBoundField


class LongTextField(forms.CharField):
    """Text of several lines, counted as the browser counts: a line break is one character."""

    widget = CountedTextarea

    def to_python(self, value):
        text = super().to_python(value)
        # Browsers send CR LF; counted so, text the page called short enough would be refused.
        return text.replace("\r\n", "\n").replace("\r", "\n")


class TypedDate(NamedTuple):
    """What was typed into the parts of a date, whether or not it makes one."""

    month: str = ""
    day: str = ""
    year: str = ""
    time: str = ""


class MemorableDate(forms.Widget):
    """A date as a month list, a day and a year: nothing typed is lost, none needs a calendar."""

    template_name = "django/forms/widgets/memorable_date.html"
    use_fieldset = True
    parts = ("month", "day", "year")

    def value_from_datadict(self, data, files, name):
        texts = {part: str(data.get(f"{name}_{part}", "")).strip() for part in self.parts}
        typed = TypedDate(**texts)
        return typed if any(typed) else data.get(name)

    def value_omitted_from_data(self, data, files, name):
        return name not in data and all(f"{name}_{part}" not in data for part in self.parts)

    def id_for_label(self, id_):
        return ""

    def format_value(self, value):
        """Return the parts to show: as typed, or those of a date, an instant or an ISO string."""
        if value is None or isinstance(value, TypedDate):
            return value or TypedDate()
        if isinstance(value, datetime):
            local = timezone.localtime(value) if timezone.is_aware(value) else value
            return TypedDate(str(local.month), str(local.day), str(local.year), hour_text(local))
        found = ISO_DATE.fullmatch(str(value).strip())
        return TypedDate(*found.group("m", "d", "y")) if found else TypedDate(day=str(value))

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        typed = context["widget"]["value"]
        month = typed.month.lstrip("0")
        context["widget"] |= {
            "typed": typed,
            "wrong": context["widget"]["attrs"].get("wrong", ""),
            "months": [
                (str(n), label, str(n) == month) for n, label in enumerate(MONTH_NAMES, start=1)
            ],
            "zone": zone_label() if "time" in self.parts else "",
        }
        return context


class ZonedMemorableDateTime(MemorableDate):
    """A date and a clock time, with the zone they are read in named beside them."""

    parts = ("month", "day", "year", "time")


MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
ISO_DATE = re.compile(r"(?P<y>\d{4})-0?(?P<m>\d{1,2})-0?(?P<d>\d{1,2})")
CLOCK_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:([ap])\.?\s?m\.?)?", re.IGNORECASE)


class DateField(forms.Field):
    """A calendar date without a time; ``clean`` returns a ``datetime.date``."""

    widget = MemorableDate
    default_error_messages = {  # noqa: RUF012
        "required": "Enter a month, a day and a year.",
        "part": "Add the %(part)s.",
        "number": "Enter the %(part)s in digits.",
        "year": "Enter the year with four digits, such as 2027.",
        "unreal": "%(month)s %(year)s has no day %(day)s.",
    }

    def to_python(self, value):
        if isinstance(value, datetime):
            return timezone.localdate(value) if timezone.is_aware(value) else value.date()
        if value in self.empty_values or isinstance(value, date):
            return value or None
        return self._date(self.widget.format_value(value))

    def _date(self, typed):
        numbers = {}
        for part in ("month", "day", "year"):
            text = getattr(typed, part)
            if not text:
                raise self._refusal("part", part=part)
            if not (text.isascii() and text.isdigit()):
                raise self._refusal("number", part=part)
            numbers[part] = int(text)
        if len(typed.year) != 4 or not 1900 <= numbers["year"] < 3000:
            raise self._refusal("year", part="year")
        if not 1 <= numbers["month"] <= 12:
            raise self._refusal("part", part="month")
        try:
            return date(**numbers)
        except ValueError:
            month = MONTH_NAMES[numbers["month"] - 1]
            raise self._refusal(
                "unreal", part="day", month=month, day=typed.day, year=typed.year
            ) from None

    def _refusal(self, code, **params):
        return ValidationError(self.error_messages[code], code=code, params=params)


class ZonedDateTimeField(DateField):
    """A date and clock time in the active zone; ``clean`` returns the instant in UTC.

    A local time that a clock change skips or repeats names no single instant and is refused.
    """

    widget = ZonedMemorableDateTime
    default_error_messages = {  # noqa: RUF012
        "required": "Enter a month, a day, a year and a time.",
        "time": "Enter a time such as 5:00 p.m. or 17:00.",
        "skipped": (
            "%(time)s on %(day)s does not exist in %(zone)s: clocks go forward past it. "
            "Enter a time an hour earlier or later."
        ),
        "repeated": (
            "%(time)s on %(day)s comes twice in %(zone)s, because clocks go back. "
            "Enter a time an hour earlier or later."
        ),
    }

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC) if timezone.is_aware(value) else self._instant(value)
        typed = self.widget.format_value(value)
        day = self._date(typed)
        hour, minute = self._clock(typed.time)
        return self._instant(datetime(day.year, day.month, day.day, hour, minute))  # noqa: DTZ001

    def _clock(self, text):
        text = {"noon": "12 pm", "midnight": "12 am"}.get(text.lower(), text)
        found = CLOCK_TIME.fullmatch(text)
        if found is None or not (found[2] or found[3]):
            raise self._refusal("time", part="time")
        hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
        if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
            raise self._refusal("time", part="time")
        if half:
            hour = hour % 12 + (12 if half == "p" else 0)
        return hour, minute

    def _instant(self, local):
        zone = timezone.get_current_timezone()
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        instant = first.astimezone(UTC)
        if first.utcoffset() != second.utcoffset():
            skipped = instant.astimezone(zone).replace(tzinfo=None) != local
            raise self._refusal(
                "skipped" if skipped else "repeated",
                part="time",
                time=hour_text(local),
                day=day_text(local),
                zone=zone_label(zone),
            )
        return instant


class DayField(forms.DateField):
    """A calendar day in the browser's own date input, far from the ends of the calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {  # noqa: RUF012 - Django's own attribute
        "invalid": "Enter a date as year, month and day, such as 2026-11-01."
    }
    default_validators = [  # noqa: RUF012 - Django's own attribute
        MinValueValidator(date(2000, 1, 1), "Enter a day from the year 2000 on."),
        MaxValueValidator(date(2999, 12, 31), "Enter a day before the year 3000."),
    ]
