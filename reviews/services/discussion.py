"""Discussion: threads opened, posts written and edited (docs/domain.md section 5).

Who reads a thread is said once, when it is opened; nothing here changes it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.exceptions import Conflict, StaleForm
from reviews.models import (
    Document,
    Post,
    PostAttachment,
    PostMention,
    PostVersion,
    Submission,
    Thread,
)
from reviews.models.discussion import Audience
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, rows

OPENING = {
    Audience.OWN_AGENCY: Action.OPEN_THREAD,
    Audience.AGENCIES: Action.OPEN_THREAD,
    Audience.WITH_LAB: Action.OPEN_THREAD_WITH_LAB,
}


class Said(TypedDict):
    """A post as its author wrote it, speaking for ``agency``, which may be the lab.

    ``key`` is the form's own, so that a second click does not post twice.
    """

    agency: Organization
    text: str
    mentions: Iterable[User]
    documents: Iterable[Document]
    key: NotRequired[UUID | None]


def mentionable(submission: Submission, agency: Organization, *, by: User) -> QuerySet[User]:
    """Whom ``by`` may name in speaking for ``agency``, by name: colleagues there.

    Each of them reads every thread in which the agency can post.
    """
    colleagues = audience.people(Action.READ_DISCUSSION, submission, of=agency)
    return colleagues.exclude(pk=by.pk)


@transaction.atomic
def open_thread(
    submission: Submission,
    *,
    heard_by: Audience,
    title: str,
    by: User,
    at: datetime,
    **said: Unpack[Said],
) -> Thread:
    """A thread with a first post, read by ``heard_by`` and nobody else for good.

    Raises Conflict as ``post`` does.
    """
    action = OPENING[heard_by]
    submission, _, at = rows.begin(submission, action, by=by, at=at)
    rows.require_agency(by, action, submission, said["agency"])
    thread = Thread.objects.create(
        submission=submission,
        audience=heard_by,
        agency=said["agency"],
        title=title,
        opened_at=at,
        opened_by=by,
        posted_at=at,
    )
    _write(thread, said, NoticeKind.THREAD_OPENED, by, at)
    rows.record(f"thread.opened_{heard_by}", thread, by=by, for_=said["agency"], at=at)
    return thread


def speakers(by: User, thread: Thread) -> QuerySet[Organization]:
    """For whom ``by`` may write in the thread, by name: with the lab, only where she leads."""
    if thread.audience == Audience.WITH_LAB:
        return policy.organizations(by, Action.OPEN_THREAD_WITH_LAB, thread.submission)
    found = policy.organizations(by, Action.POST_IN_THREAD, thread)
    own = thread.audience == Audience.OWN_AGENCY
    return found.filter(pk=thread.agency_id) if own else found


@transaction.atomic
def post(thread: Thread, *, by: User, at: datetime, **said: Unpack[Said]) -> Post:
    """The thread has one more post, for whoever reads the thread.

    Raises Conflict for an agency that ``by`` does not speak for there and for a mention of
    somebody who is not ``mentionable``, StaleForm when the form's ``key`` was used already.
    """
    _, thread, at = rows.begin(thread, Action.POST_IN_THREAD, by=by, at=at)
    if not speakers(by, thread).contains(said["agency"]):
        raise Conflict(f"You do not write for {said['agency'].short_name} there.")
    thread.posted_at = at
    thread.save(update_fields=["posted_at"])
    written = _write(thread, said, NoticeKind.POSTED, by, at)
    rows.record(f"post.written_{thread.audience}", written, by=by, for_=said["agency"], at=at)
    return written


@transaction.atomic
def edit(post: Post, *, text: str, revision: int, by: User, at: datetime) -> Post:
    """The post says ``text``; what it said before is kept, for whoever reads the thread.

    Raises StaleForm when it was edited after the form was opened.
    """
    _, post, at = rows.begin(post, Action.EDIT_POST, by=by, at=at)
    rows.require_revision(post, revision)
    if text == post.text:
        return post
    PostVersion.objects.create(post=post, number=post.revision, text=post.text, edited_at=at)
    post.text, post.edited_at, post.revision = text, at, post.revision + 1
    post.save(update_fields=["text", "edited_at", "revision"])
    code = f"post.edited_{post.thread.audience}"
    rows.record(code, post, by=by, for_=post.organization, at=at, revision=post.revision)
    return post


def _write(thread: Thread, said: Said, kind: NoticeKind, by: User, at: datetime) -> Post:
    submission, agency, key = thread.submission, said["agency"], said.get("key")
    if key and Post.objects.filter(key=key).exists():
        raise StaleForm(
            "This was posted already, by a second click or from another window. Nothing more was "
            "posted. What you typed is below."
        )
    wanted = {person.pk for person in said["mentions"]}
    mentioned = list(mentionable(submission, agency, by=by).filter(pk__in=wanted))
    if len(mentioned) < len(wanted):
        raise Conflict(f"You can tell only colleagues at {agency.short_name} who read this thread.")
    told = _concerned(thread, agency).exclude(pk__in=[by.pk, *wanted])
    named = {"key": key} if key else {}
    post = Post.objects.create(
        thread=thread, organization=agency, author=by, text=said["text"], posted_at=at, **named
    )
    PostMention.objects.bulk_create(PostMention(post=post, person=person) for person in mentioned)
    readable = policy.allowed(by, Action.VIEW_DOCUMENT, at=at).filter(
        submission=submission, pk__in=[document.pk for document in said["documents"]]
    )
    PostAttachment.objects.bulk_create(
        PostAttachment(post=post, document=document) for document in readable
    )
    for about, people in ((NoticeKind.MENTIONED, mentioned), (kind, told)):
        notices.queue(about, submission, people, due_at=at, at=at, part=post.key)
    return post


def _concerned(thread: Thread, speaker: Organization) -> QuerySet[User]:
    """Who took part in the thread and reads it now; with the lab, also the other side."""
    earlier = Post.objects.filter(thread=thread)
    mentions = PostMention.objects.filter(post__in=earlier.values("pk"))
    concerned = Q(pk__in=earlier.values("author")) | Q(pk__in=mentions.values("person"))
    if thread.audience == Audience.WITH_LAB:
        from_lab = speaker == thread.submission.lab
        other = audience.people(Action.ASSIGN if from_lab else Action.OWN, thread.submission)
        concerned |= Q(pk__in=other.values("pk"))
    return audience.readers(thread).filter(concerned)
