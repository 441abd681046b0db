"""How each event of the script about discussions is done."""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import User
from reviews.demonstration.access_acts import agency_of
from reviews.demonstration.request_acts import RequestActs
from reviews.demonstration.script import Story
from reviews.models import Post, Thread
from reviews.models.discussion import Audience
from reviews.services import discussion


@dataclass
class DiscussionActs(RequestActs):
    """The threads so far, by the script's own names, and the acts of discussion."""

    threads: dict[tuple[str, str], Thread] = field(default_factory=dict)
    posts: dict[tuple[str, str], Post] = field(default_factory=dict)

    def open_thread(
        self,
        story: Story,
        *,
        thread: str,
        heard_by: str,
        title: str,
        text: str,
        tell: tuple[str, ...] = (),
        about: tuple[str, ...] = (),
        by: User,
        at: datetime,
    ) -> None:
        opened = discussion.open_thread(
            self._submission(story),
            heard_by=Audience(heard_by),
            title=title,
            **self._said(story, text, tell, about, by, at),
            by=by,
            at=at,
        )
        self.threads[story.code, thread] = opened
        self.posts[story.code, thread] = opened.posts.get()

    def post(
        self,
        story: Story,
        *,
        thread: str,
        text: str,
        tell: tuple[str, ...] = (),
        about: tuple[str, ...] = (),
        by: User,
        at: datetime,
    ) -> None:
        self.posts[story.code, thread] = discussion.post(
            self.threads[story.code, thread],
            **self._said(story, text, tell, about, by, at),
            by=by,
            at=at,
        )

    def edit_post(self, story: Story, *, thread: str, text: str, by: User, at: datetime) -> None:
        """The thread's newest post says something else."""
        post = self.posts[story.code, thread]
        discussion.edit(post, text=text, revision=post.revision, by=by, at=at)

    def _said(self, story, text, tell, about, by, at):
        if about:  # she names what she can open
            self.declare(story, by=by, at=at)
        return {
            "agency": agency_of(by),
            "text": text,
            "mentions": [self.people[code] for code in tell],
            "documents": [self.documents[story.code, kind] for kind in about],
        }
