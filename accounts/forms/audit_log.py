"""Filtering the audit log; everything is in the address."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from accounts import audit

YEARS = [
    MinValueValidator(date(2000, 1, 1), "Enter a day from the year 2000 on."),
    MaxValueValidator(date(2999, 12, 31), "Enter a day before the year 3000."),
]


class DayField(forms.DateField):
    """A calendar day in the browser's own date input."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {  # noqa: RUF012 - Django's own attribute
        "invalid": "Enter a date as year, month and day, such as 2026-11-01."
    }


class AuditFilter(forms.Form):
    """Which events to show, newest first."""

    mark_required = False
    actor = forms.CharField(label="Who (email address)", required=False, max_length=254)
    action = forms.CharField(label="What (code begins with)", required=False, max_length=60)
    submission = forms.CharField(label="Submission (reference)", required=False, max_length=20)
    outcome = forms.ChoiceField(
        label="Outcome",
        required=False,
        choices=[("", "Any outcome"), (audit.DONE, "Done"), (audit.REFUSED, "Refused")],
    )
    since = DayField(label="From", required=False, validators=YEARS)
    until = DayField(label="To", required=False, validators=YEARS)

    def rows(self, events):
        """Those of ``events`` that match; none for a filter that cannot be read."""
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        wanted = {
            "actor": asked["actor"],
            "action__startswith": asked["action"],
            "submission": asked["submission"].upper(),
            "outcome": asked["outcome"],
            "at__gte": asked["since"] and _midnight(asked["since"]),
            "at__lt": asked["until"] and _midnight(asked["until"] + timedelta(days=1)),
        }
        return events.filter(**{name: value for name, value in wanted.items() if value})


def _midnight(day):
    return timezone.make_aware(datetime.combine(day, time.min))
