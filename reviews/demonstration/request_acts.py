"""How each event of the script about information requests is done."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import User
from reviews.demonstration.access_acts import agency_of
from reviews.demonstration.determination_acts import DeterminationActs
from reviews.demonstration.script import Story
from reviews.models import Document, InformationRequest
from reviews.services import information_requests


@dataclass
class RequestActs(DeterminationActs):
    """What was asked so far, by the script's own names, and the acts of asking and answering."""

    asked: dict[tuple[str, str], InformationRequest] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)

    def draft_request(
        self, story: Story, *, ask: str, subject: str, question: str, by: User, at: datetime
    ) -> None:
        self.asked[story.code, ask] = information_requests.draft(
            self._submission(story),
            agency=agency_of(by),
            subject=subject,
            question=question,
            key=uuid.uuid4(),
            by=by,
            at=at,
        )

    def join_request(self, story: Story, *, ask: str, by: User, at: datetime) -> None:
        asked = self.asked[story.code, ask]
        information_requests.join(asked, agency=agency_of(by), by=by, at=at)

    def issue_request(self, story: Story, *, ask: str, days: int, by: User, at: datetime) -> None:
        asked = self.asked[story.code, ask]
        information_requests.issue(asked, days=days, revision=asked.revision, by=by, at=at)

    def answer_request(
        self,
        story: Story,
        *,
        ask: str,
        text: str,
        kinds: tuple[str, ...] = (),
        by: User,
        at: datetime,
    ) -> None:
        information_requests.answer(
            self.asked[story.code, ask],
            text=text,
            documents=[self.documents[story.code, kind] for kind in kinds],
            key=uuid.uuid4(),
            by=by,
            at=at,
        )
