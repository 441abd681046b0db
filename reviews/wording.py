"""What the notices of one kind say, whatever the kind."""

from dataclasses import dataclass

from reviews.models.notice import Topic


@dataclass(frozen=True)
class Wording:
    """What the notices of one kind say, and by which topic their delivery is chosen."""

    topic: Topic
    subject: str
    sentence: str
