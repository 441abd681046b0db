"""Uploading a document or a version of one, and saying which agencies may open it.

The file stands last in every form: when an upload is stopped at the limit, what comes
before it has arrived, and what comes after it never does.
"""

from typing import ClassVar

from django import forms
from django.conf import settings

from portal.forms import FileInput
from reviews import uploads
from reviews.exceptions import FileRefused
from reviews.models.document import Designation, DocumentKind

ALL = "all"
SOME = "some"


class UploadForm(forms.Form):
    """One file. What may be uploaded is said before, and decided by reviews.uploads."""

    # An empty file is refused with its name, together with all other content.
    upload = forms.FileField(label="File", allow_empty_file=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit = settings.DOCUMENT_MAX_BYTES
        field = self.fields["upload"]
        field.widget = FileInput(accept=uploads.ACCEPT, max_bytes=limit)
        field.widget.is_required = True
        field.help_text = (
            f"{uploads.TYPES_IN_WORDS}, at most {limit // (1024 * 1024)} MB. No weights, no "
            "passwords or keys, nothing classified."
        )

    def clean(self):
        cleaned = super().clean()
        # Alone it is judged when it is taken in; a large file should not be read twice.
        if self.errors and cleaned.get("upload"):
            self.add_error("upload", _needs(cleaned["upload"]))
        return cleaned

    def stopped(self):
        """The form says that the upload was over the limit; returns the fitting status."""
        refusal = uploads.too_large()
        self.errors.pop("upload", None)
        self.add_error("upload", str(refusal))
        return refusal.status


def _needs(upload):
    """What the file needs when the form comes back: another one, or to be chosen again."""
    name = uploads.display_name(upload.name)
    try:
        uploads.inspect(upload, name)
    except FileRefused as refusal:
        return str(refusal)
    return (
        f"Choose “{name}” again when the rest is answered: a browser does not keep a chosen file."
    )


class AudienceForm(forms.Form):
    """Every attached agency, or only those that are ticked: said outright, never by default."""

    audience = forms.ChoiceField(
        label="Which agencies may open it?",
        choices=[
            (ALL, "Every agency attached to this submission"),
            (SOME, "Only the agencies ticked below"),
        ],
        widget=forms.RadioSelect,
    )
    restricted_to = forms.ModelMultipleChoiceField(
        None,
        label="If only some, which agencies?",
        help_text="The others do not learn that the document exists.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, readers, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["restricted_to"].queryset = readers

    def clean(self):
        cleaned = super().clean()
        ticked = cleaned.get("restricted_to")
        if cleaned.get("audience") == SOME and not ticked and "restricted_to" not in self.errors:
            self.add_error(
                "restricted_to", "Tick at least one agency, or choose every attached agency."
            )
        if cleaned.get("audience") == ALL and ticked:
            self.add_error(
                "audience",
                "You chose every agency and also ticked some. Choose only the ticked ones, or "
                "untick them.",
            )
        return cleaned


class RestrictForm(AudienceForm):
    """Who may open a document from now on; opened on who may now."""

    def __init__(self, data=None, *, document, readers):
        listed = list(document.restricted_to.all())
        initial = {"audience": SOME if listed else ALL, "restricted_to": listed}
        super().__init__(data, initial=initial, readers=readers)


class DocumentForm(UploadForm, AudienceForm):
    """A new document with its first version."""

    kind = forms.ChoiceField(
        label="Kind of document",
        choices=[("", "Select"), *((kind.value, kind.label) for kind in DocumentKind)],
    )
    title = forms.CharField(
        label="Title",
        max_length=200,
        help_text="Agencies that may open the document see it, and no others.",
    )
    designation = forms.ChoiceField(
        label="Confidentiality designation",
        choices=[(kind.value, kind.label) for kind in Designation],
        widget=forms.RadioSelect,
    )
    field_order: ClassVar = [
        "kind",
        "title",
        "designation",
        "audience",
        "restricted_to",
        "upload",
    ]
