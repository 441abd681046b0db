"""A person's own notes on a submission. That she saved them is on record; what they say is not."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from reviews import policy
from reviews.models import PrivateNote, Submission
from reviews.policy import Action
from reviews.services import rows
from reviews.services.autosaving import Sending, is_old, mark


def of(person: User, submission: Submission, *, at: datetime) -> PrivateNote | None:
    """The person's note on the submission; None when there is none, or none that she may read."""
    found: PrivateNote | None = (
        policy.allowed(person, Action.READ_NOTE, at=at).filter(submission=submission).first()
    )
    return found


@transaction.atomic
def save(
    submission: Submission, *, text: str, sent: Sending, by: User, at: datetime
) -> PrivateNote:
    """The note is as typed. Raises StaleForm when another window saved in between."""
    submission, _, at = rows.begin(submission, Action.WRITE_NOTE, by=by, at=at)
    note, _ = PrivateNote.objects.get_or_create(
        submission=submission, person=by, defaults={"saved_at": at}
    )
    if is_old(note, sent, by=by):
        return note
    note.text = text
    mark(note, sent, by=by, at=at)
    note.save()
    rows.record("note.saved", submission, by=by, for_=None, at=at)
    return note
