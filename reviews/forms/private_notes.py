"""The form of a person's own notes."""

from django import forms

from portal.forms import LongTextField
from reviews.forms.reviewing import LARGEST, ReviewForm
from reviews.models import PrivateNote


class NoteForm(forms.Form):
    """Notes as they are typed; the hidden fields are those of ``ReviewForm``."""

    revision = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=0, max_value=LARGEST
    )
    page = ReviewForm.base_fields["page"]
    turn = ReviewForm.base_fields["turn"]
    text = LongTextField(
        label="Notes",
        help_text="Only you read them, also after the window. Markdown; nothing classified.",
        required=False,
        max_length=50_000,
    )

    def opened_on(self, saved: PrivateNote | None) -> None:
        """Sent again, the form counts as opened on what is saved now; what was typed stays."""
        self.data = self.data.copy()
        self.data["revision"] = str(saved.revision if saved else 0)
