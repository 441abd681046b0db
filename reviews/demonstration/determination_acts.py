"""The register of criteria, consultations, determinations: how those events are done."""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import User
from reviews.demonstration.access_acts import agency_of
from reviews.demonstration.assignment_acts import AssignmentActs
from reviews.demonstration.script import Story
from reviews.models import CriterionVersion, Determination
from reviews.services import criteria, determinations

AUTHORITY = "Executive Order 14409, section 3(a)"
# Invented titles, in order: (reference, title, who proposed it, who of another keeper confirmed).
REGISTER = [
    ("CC-1", "Finding unknown weaknesses in widely used software", "nsa-lead", "caisi-lead"),
    ("CC-2", "Turning a weakness into a working exploit", "nsa-lead", "dod-lead"),
    ("CC-3", "Sustained operation in a defended network", "dod-lead", "nsa-official"),
    ("CC-4", "Uplift against critical infrastructure", "cisa-lead", "oncd-official"),
    ("CC-5", "Persistence of safeguards under pressure", "caisi-lead", "nsa-lead"),
    ("CC-4", "Uplift against operators of critical infrastructure", "cisa-lead", "treasury-lead"),
    ("CC-6", "Loss of oversight in delegated work", "caisi-lead", ""),
]


@dataclass
class DeterminationActs(AssignmentActs):
    """What was written so far, by the script's own names, and the acts of determining."""

    written: dict[str, Determination] = field(default_factory=dict)

    def keep_register(self, *, at: datetime) -> None:
        """The keepers have agreed on all criteria but the last, which waits."""
        for reference, title, proposer, second in REGISTER:
            by = self.people[proposer]
            version = criteria.propose(
                reference=reference,
                title=title,
                external_reference=f"NSA-AISC-C-26-{reference[3:]:0>4}",
                keeper=agency_of(by),
                by=by,
                at=at,
            )
            if second:
                criteria.confirm(version, by=self.people[second], at=at)

    def ask_consultations(self, story: Story, *, by: User, at: datetime) -> None:
        determinations.request_consultations(self._submission(story), by=by, at=at)

    def consult(self, story: Story, *, statement: str, by: User, at: datetime) -> None:
        self.declare(story, by=by, at=at)
        determinations.record_consultation(
            self._submission(story), statement=statement, by=by, at=at
        )

    def determine(
        self,
        story: Story,
        *,
        outcome: str,
        against: tuple[str, ...],
        rationale: str,
        reference: str,
        because: str = "",
        by: User,
        at: datetime,
    ) -> None:
        """Against the criteria of these references; ``because`` it supersedes another."""
        self.declare(story, by=by, at=at)
        in_force = CriterionVersion.objects.in_force()
        self.written[story.code] = determinations.write(
            self._submission(story),
            outcome=outcome,
            rationale=rationale,
            authority=AUTHORITY,
            criteria=list(in_force.filter(criterion__reference__in=against)),
            external_reference=reference,
            supersedes_reason=because,
            by=by,
            at=at,
        )

    def sign(self, story: Story, *, by: User, at: datetime) -> None:
        determinations.sign(self.written[story.code], by=by, at=at)

    def share(self, story: Story, *, by: User, at: datetime) -> None:
        determinations.share(self.written[story.code], by=by, at=at)

    def answer_determination(self, story: Story, *, text: str, by: User, at: datetime) -> None:
        determinations.respond(self.written[story.code], text=text, by=by, at=at)
