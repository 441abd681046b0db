"""Whether a notice still holds when its mail is about to leave.

Its recipient must see what it is about now, and a reminder must be its series' latest and
concern her still. Asked for a batch at once, and again while the batch lasts.
"""

from collections.abc import Sequence
from datetime import datetime

from reviews import audience, policy
from reviews.models import Notice
from reviews.models.notice import ESCALATIONS, NoticeKind
from reviews.policy import Action
from reviews.services.reminders import REMINDERS, SERIES_OF


class Validity:
    """What is true at ``at`` of a batch of notices; ``holds`` answers for one of them."""

    def __init__(self, batch: Sequence[Notice], at: datetime) -> None:
        self.at = at
        self._viewers = audience.viewers({notice.submission for notice in batch})
        self._concerned: dict[tuple[str, type, int], set[int]] = {}

    def holds(self, notice: Notice, at: datetime) -> bool:
        """Whether the notice is still worth sending at ``at``, by what was read at ``self.at``."""
        if not self._reaches(notice):
            return False
        if notice.kind == NoticeKind.WINDOW_SHORTENED:
            # Of several shortenings only the last is worth a mail.
            return notice.due_at == notice.submission.closes_at
        return notice.kind not in REMINDERS or self._concerns(notice, at)

    def _reaches(self, notice: Notice) -> bool:
        """Whether the recipient sees what the notice is about."""
        if notice.grant is not None:
            return policy.may(notice.recipient, Action.VIEW_GRANT, notice.grant, at=self.at)
        if (asked := notice.information_request) is not None:
            seen = Action.READ_INFORMATION_REQUEST
            return policy.may(notice.recipient, seen, asked, at=self.at)
        if (notice.submission_id, notice.recipient_id) in self._viewers:
            return True
        return notice.kind in ESCALATIONS and policy.may(
            notice.recipient, Action.ADMINISTER, notice.submission, at=self.at
        )

    def _concerns(self, notice: Notice, at: datetime) -> bool:
        """Whether the reminder is its series' latest and its recipient still concerned."""
        series = SERIES_OF[notice.kind]
        row = notice.grant or notice.information_request or notice.submission
        current = series.current(row, at)
        if current is None or (current[0].kind, current[1]) != (notice.kind, notice.due_at):
            return False
        where = (notice.kind, type(row), row.pk)
        if where not in self._concerned:
            asked = series.rows(self.at).filter(pk=row.pk).exists()
            people = current[0].concerns(row) if asked else ()
            self._concerned[where] = {person.pk for person in people}
        # Between two readings only the clock moves: a window may end.
        over = notice.grant is None and notice.submission.over_at(at)
        person = notice.on_behalf_of_id or notice.recipient_id
        return person in self._concerned[where] and not over
