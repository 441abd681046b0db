"""What tests of forms share: a form with one field of every kind, and its markup as elements."""

from html.parser import HTMLParser

from django import forms

from portal.forms import DateField, FileInput, LongTextField, ZonedDateTimeField


class Sample(forms.Form):
    """One field of every kind."""

    name = forms.CharField(label="Model name", help_text="As announced.", max_length=50)
    email = forms.EmailField(label="Contact email?")
    kind = forms.ChoiceField(
        label="Kind", widget=forms.RadioSelect, choices=[("a", "Early access"), ("b", "Inquiry")]
    )
    modalities = forms.MultipleChoiceField(
        label="Modalities",
        widget=forms.CheckboxSelectMultiple,
        choices=[("t", "Text"), ("i", "Images")],
    )
    level = forms.ChoiceField(label="Level", choices=[("", "Select"), ("1", "AL1")])
    summary = LongTextField(label="Summary", max_length=20)
    notes = forms.CharField(label="Notes", widget=forms.Textarea, required=False, max_length=5000)
    release = DateField(label="Release", help_text="To partners.")
    starts = ZonedDateTimeField(label="Starts")
    file = forms.FileField(label="File", widget=FileInput(accept=".pdf", max_bytes=1000))
    certify = forms.BooleanField(label="I certify.")
    version = forms.CharField(widget=forms.HiddenInput, required=False)


class Elements(HTMLParser):
    """Every element of a fragment, as (tag, attributes)."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def where(self, **wanted):
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [a for _, a in self.found if wanted.items() <= a.items()]

    def one(self, **wanted):
        (only,) = self.where(**wanted)
        return only


def single(field, data=None, **form_attributes):
    """Return a form of one field named ``x``, bound to ``data`` where given."""
    return type("One", (forms.Form,), {"x": field, **form_attributes})(data)


def when(month="", day="", year="", time=""):
    return {"x_month": month, "x_day": day, "x_year": year, "x_time": time}
