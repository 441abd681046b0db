"""How each event of the script about preliminary-issues letters is done."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from reviews.demonstration.access_acts import agency_of
from reviews.demonstration.discussion_acts import DiscussionActs
from reviews.demonstration.script import Event, Story, on
from reviews.services import letters

ISSUES = {
    "nsa": "The test harness for exploit development stops at the first refusal, so its scores say "
    "little of the model without safeguards. A run with them reduced would help.",
    "cisa": "The usage policy does not say how operators of critical infrastructure report misuse.",
}


@dataclass
class LetterActs(DiscussionActs):
    """The acts of letters."""

    def enter_letter(self, story: Story, *, by: User, at: datetime) -> None:
        """What the agency has found so far, which for most is nothing."""
        agency = agency_of(by)
        text = ISSUES.get(agency.code, "")
        letters.file_entry(
            self._submission(story),
            agency=agency,
            text=text,
            nothing_so_far=not text,
            by=by,
            at=at,
        )

    def issue_letter(self, story: Story, *, by: User, at: datetime) -> None:
        letters.issue(self._submission(story), by=by, at=at)


def entries(*agencies: str) -> list[Event]:
    """Their leads file, one after the other, on the ninth day."""
    return [on(8.5 + 0.04 * n, f"{code}-lead", "enter_letter") for n, code in enumerate(agencies)]
