"""Forms of the discussion. Each says in a hidden ``band`` for which audience it was opened."""

import uuid

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from portal.forms import CountedTextarea, LongTextField
from reviews.exceptions import StaleForm
from reviews.forms.reviewing import LARGEST, DocumentChoices
from reviews.models import Document

LONGEST = 20_000
FORMATTING = (
    "Unclassified only. Plain text, or Markdown: **bold**, *italics*, - lists, > quotations and "
    "[links](https://example.gov). An image or HTML is shown as typed."
)


def _text():
    # The band above is read out with the text box.
    widget = CountedTextarea({"aria-describedby": "band"})
    return LongTextField(label="Post", help_text=FORMATTING, max_length=LONGEST, widget=widget)


class BandedForm(forms.Form):
    """A form that knows the audience that it was opened for, beside the one of its address."""

    band = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)

    def require_band(self, band: str) -> None:
        """Nothing, when the form was opened for that audience; else StaleForm."""
        if self.data.get("band") != band:
            raise StaleForm(
                "This form was opened for other readers than its address says. Nothing was "
                "posted. What you typed is below. Read above the text box who reads this, then "
                "send it again."
            )

    def opened_on(self, **place: object) -> None:
        """Sent again, the form counts as opened with these hidden values; the rest stays."""
        self.data = self.data.copy()
        for name, value in place.items():
            self.data[name] = str(value)


class PeopleChoices(forms.ModelMultipleChoiceField):
    default_error_messages = {  # noqa: RUF012
        "invalid_choice": (
            "One of these people does not read this thread, or is no colleague of yours. Choose "
            "from the list."
        ),
    }

    def clean(self, value):
        try:
            return super().clean(value)
        except ValidationError as error:
            if error.code == "invalid":  # Django's own words would repeat what was sent
                raise ValidationError(self.error_messages["invalid_choice"]) from None
            words = self.error_messages.get(error.code, self.error_messages["invalid_choice"])
            raise ValidationError(words) from None

    def label_from_instance(self, person: User) -> str:
        return f"{person.name}, {person.email}"


class PostForm(BandedForm):
    """One post. ``key`` is the form's own, so that a second click does not post twice."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid.uuid4)
    text = _text()
    mentions = PeopleChoices(
        queryset=User.objects.none(),
        to_field_name="email",
        label="Tell these colleagues",
        help_text="They get a notice that says only that a post waits for them. All of them can "
        "read this thread.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    documents = DocumentChoices(
        queryset=Document.objects.none(),
        to_field_name="key",
        label="Documents that this is about",
        help_text="A reader sees only those that are open to that reader.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args, people, documents, **kwargs):
        super().__init__(*args, **kwargs)
        for name, choices in (("mentions", people), ("documents", documents)):
            self.fields[name].queryset = choices

    def said(self) -> dict[str, object]:
        """What the service takes of a form without errors."""
        return {
            name: self.cleaned_data[name]
            for name in (*("text", "mentions", "documents", "key"), *self.headings())
        }

    def headings(self) -> list[str]:
        """The fields above the band."""
        return [name for name in ("title",) if name in self.fields]


class ThreadForm(PostForm):
    """A thread with its first post."""

    title = forms.CharField(
        label="Subject",
        help_text="The same people read it as read the posts.",
        max_length=200,
        widget=forms.TextInput({"aria-describedby": "band"}),
    )


class EditForm(BandedForm):
    """Another text for a post. ``revision`` is that of the post the form was opened on."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST)
    text = _text()
