"""Threads and posts of the tests, reached by walking the real services."""

from reviews.models.discussion import Audience
from reviews.services import discussion
from tests.factories import now, organization


def opened(submission, heard_by, by, agency="nsa", *, title="Subject", text="First.", **said):
    """A thread for that audience, opened by ``by`` for the organization with that code."""
    return discussion.open_thread(
        submission,
        heard_by=Audience(heard_by),
        title=title,
        agency=organization(agency),
        text=text,
        **{"mentions": [], "documents": []} | said,
        by=by,
        at=now(),
    )


def posted(thread, by, agency="nsa", text="More.", **said):
    """One more post in the thread."""
    said = {"mentions": [], "documents": []} | said
    return discussion.post(thread, agency=organization(agency), text=text, **said, by=by, at=now())


def edited(post, text="Other."):
    """The post, edited by its author."""
    return discussion.edit(post, text=text, revision=post.revision, by=post.author, at=now())
