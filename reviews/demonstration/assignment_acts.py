"""How each event of the script about assigning is done, and what its people know and declare."""

from dataclasses import dataclass
from datetime import datetime

from accounts import absences, expertise
from accounts.models import User
from accounts.models.expertise_tag import Expertise
from reviews import policy
from reviews.demonstration.access_acts import AccessActs, after, agency_of
from reviews.demonstration.script import Story
from reviews.policy import Action
from reviews.services import assignments, declarations

QUESTIONS = [
    "Do you, your spouse or your minor child own shares in the lab, or lend it money?",
    "Did you work for the lab, or were you paid by it, in the last two years?",
    "Are you looking for work at the lab, or has it offered you any?",
]
KNOWN = {
    "nsa-reviewer": [Expertise.VULNERABILITY_DISCOVERY, Expertise.EXPLOIT_DEVELOPMENT],
    "nsa-second-reviewer": [Expertise.AUTONOMY, Expertise.ELICITATION, Expertise.SAFEGUARDS],
    "cisa-reviewer": [Expertise.CRITICAL_INFRASTRUCTURE, Expertise.SOFTWARE_SUPPLY_CHAIN],
    "caisi-reviewer": [Expertise.ELICITATION, Expertise.SAFEGUARDS],
    "treasury-reviewer": [Expertise.CRITICAL_INFRASTRUCTURE],
}


@dataclass
class AssignmentActs(AccessActs):
    """The acts of assigning and declaring."""

    def know(self, *, by: User, at: datetime) -> None:
        """An administrator sets the questions, and reviewers say what they know."""
        for position, text in enumerate(QUESTIONS, start=1):
            declarations.add_question(text, position=position, by=by, at=at)
        for code, tags in KNOWN.items():
            expertise.tag(self.people[code], tags=tags, by=self.people[code], at=at)

    def assign(self, story: Story, *, reviewer: str = "", by: User, at: datetime) -> None:
        """The lead assigns a reviewer of her agency, the first unless said otherwise."""
        agency = agency_of(by)
        assignments.assign(
            self._submission(story),
            reviewer=self.people[reviewer or f"{agency.code}-reviewer"],
            agency=agency,
            by=by,
            at=at,
        )

    def accept_assignment(self, story: Story, *, by: User, at: datetime) -> None:
        assignments.accept(self._submission(story), agency=agency_of(by), by=by, at=at)

    def decline_assignment(self, story: Story, *, reason: str, by: User, at: datetime) -> None:
        assignments.decline(
            self._submission(story), agency=agency_of(by), reason=reason, by=by, at=at
        )

    def be_away(self, story: Story, *, start: float, end: float, by: User, at: datetime) -> None:
        """In days from the filing; her lead gets copies of her notices."""
        submission = self._submission(story)
        absences.add(
            delegate=self.people[f"{agency_of(by).code}-lead"],
            starts_at=after(submission, start),
            ends_at=after(submission, end),
            by=by,
            at=at,
        )

    def declare(self, story: Story, *, by: User, at: datetime) -> None:
        """No conflict of interest; whoever declared already does nothing."""
        submission = self._submission(story)
        if policy.may(by, Action.DECLARE, submission, at=at):
            answers = dict.fromkeys(declarations.questions(at).values(), False)
            declarations.declare(submission, answers=answers, by=by, at=at)
