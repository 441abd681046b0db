"""Uploading a document or a version of one, and saying which agencies may open it.

The file stands last in every form: when an upload is stopped at the limit, what comes
before it has arrived, and what comes after it never does.
"""

import re
from typing import ClassVar

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from portal.forms import FileInput
from reviews import uploads
from reviews.exceptions import FileRefused
from reviews.models.document import Designation, DocumentKind
from reviews.services import amounts

MOST_AT_ONCE = 20
ALL = "all"
SOME = "some"


EXPECTED = re.compile(r"([0-9a-fA-F]{64})(?:\s+\*?(\S.*))?")


class UploadForm(forms.Form):
    """Files: those that were sent before and are ticked, or one that comes with the form.

    What may be uploaded is said before, and decided by reviews.uploads.
    """

    uploads = forms.ModelMultipleChoiceField(
        None,
        label="Files that have arrived",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expected = forms.CharField(
        label="SHA-256 that you expect",
        help_text="As sha256sum prints it, a line for each file. A file that differs is refused.",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    # An empty file is refused with its name, together with all other content.
    upload = forms.FileField(label="File", allow_empty_file=True, required=False)
    several = False

    def __init__(self, *args, sent, **kwargs):
        super().__init__(*args, **kwargs)
        limit = settings.FORM_FILE_MAX_BYTES
        field = self.fields["upload"]
        field.widget = FileInput(accept=uploads.ACCEPT, max_bytes=limit)
        field.help_text = (
            f"{uploads.TYPES_IN_WORDS}, at most {amounts.size(limit)}. No weights, no "
            "passwords or keys, nothing classified."
        )
        arrived = sent.exclude(sha256="")
        self.fields["uploads"].queryset = arrived
        self.fields["uploads"].label_from_instance = _described
        if not arrived:
            del self.fields["uploads"]
            field.required = field.widget.is_required = True
        elif self.several:
            self.initial.setdefault("uploads", arrived[:MOST_AT_ONCE])

    def clean_expected(self):
        """(SHA-256, file name or nothing) of each line."""
        lines = [line.strip() for line in self.cleaned_data["expected"].splitlines()]
        found = [EXPECTED.fullmatch(line) for line in lines if line]
        if None in found:
            raise forms.ValidationError(
                "On each line give a SHA-256, which is 64 characters 0 to 9 and a to f, and after "
                "it the file’s name if you like."
            )
        return [(one[1].lower(), one[2]) for one in found]

    def clean(self):
        cleaned = super().clean()
        chosen, file = list(cleaned.get("uploads") or ()), cleaned.get("upload")
        if "uploads" in self.fields and not self.errors and not chosen and not file:
            self.add_error("upload", "Tick a file that has arrived, or choose one.")
        if len(chosen) > MOST_AT_ONCE:
            self.add_error("uploads", f"Tick at most {MOST_AT_ONCE}; add the others after them.")
        if len(chosen) + bool(file) > 1 and not self.several:
            self.add_error("upload", "A version is one file: tick one, or choose one.")
        # Alone it is judged when it is taken in; a large file should not be read twice.
        if self.errors and file:
            self.add_error("upload", _needs(file))
        return cleaned

    def stopped(self):
        """The form says that the upload was over the limit; returns the fitting status."""
        refusal = uploads.too_large(settings.FORM_FILE_MAX_BYTES)
        self.errors.pop("upload", None)
        self.add_error(
            "upload", f"{refusal} Larger files can be sent under Documents, “Send files”."
        )
        return refusal.status


def _described(upload):
    return f"{upload.file_name}, {filesizeformat(upload.size)}, SHA-256 {upload.sha256}"


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
        required=False,
        help_text="Agencies that may open the document see it, and no others. Left empty, it is "
        "the file’s name; several files are named so.",
    )
    designation = forms.ChoiceField(
        label="Confidentiality designation",
        choices=[(kind.value, kind.label) for kind in Designation],
        widget=forms.RadioSelect,
    )
    several = True
    field_order: ClassVar = [
        *("uploads", "kind", "title", "designation", "audience", "restricted_to"),
        *("expected", "upload"),
    ]

    def clean(self):
        cleaned = super().clean()
        count = len(cleaned.get("uploads") or ()) + bool(cleaned.get("upload"))
        if count > 1 and cleaned.get("title"):
            self.add_error("title", f"Leave it empty: each of the {count} files has its own name.")
        return cleaned
