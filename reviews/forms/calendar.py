"""Which month, or which day, a calendar page shows; both stand in the address."""

import re
from datetime import date

from django import forms

from portal.forms import DateField

YEARS = range(1900, 3000)
MONTH = re.compile(r"(\d{4})-(\d{1,2})", re.ASCII)


class MonthForm(forms.Form):
    """A month by its number; ``cleaned_data`` has its first day, or None for the present one."""

    month = forms.CharField(
        label="Month", required=False, help_text="Year and number of the month, such as 2026-11"
    )
    mark_required = False

    def clean_month(self):
        text = self.cleaned_data["month"].strip()
        if not text:
            return None
        found = MONTH.fullmatch(text)
        if found is None:
            raise forms.ValidationError("Write the year and the month's number, such as 2026-11.")
        year, number = map(int, found.groups())
        if year not in YEARS:
            raise forms.ValidationError("The calendar has the years 1900 to 2999. Choose another.")
        if not 1 <= number <= 12:
            raise forms.ValidationError("A year has the months 01 to 12. Choose one of them.")
        return date(year, number, 1)


class DayForm(forms.Form):
    """A calendar day of the viewer's zone."""

    day = DateField(label="Which day")
    mark_required = False
