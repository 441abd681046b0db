"""Pages of the discussion: threads, one thread with its posts, a post's edits and history."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organization
from portal import keyset
from reviews import policy
from reviews.exceptions import Conflict, NotPermitted, StaleForm
from reviews.forms.discussion import EditForm, PostForm, ThreadForm
from reviews.models import Post, PostAttachment, PostMention, Submission, Thread
from reviews.models.discussion import Audience
from reviews.policy import Action
from reviews.services import discussion
from reviews.views.bands import Band, band, band_of
from reviews.views.page import (
    find,
    find_submission,
    invalid,
    refused,
    speaks_for,
    submission_page,
)

NEWEST = {"posted_at": keyset.instant, "key": UUID}
SECTION = "Discussion"


@dataclass(frozen=True)
class Choice:
    """One audience that a thread can be opened for, and the address of its form."""

    band: Band
    url: str


@dataclass(frozen=True)
class Row:
    """One post as its reader sees it; ``author`` is empty but for her own organization's."""

    post: Post
    author: str
    mentioned: list[str]
    documents: list
    may_edit: bool


@require_GET
def thread_list(request, reference):
    """The threads that the person may read, the one with the newest post first."""
    submission = find_submission(request, reference, Action.READ_DISCUSSION)
    threads = (
        policy.allowed(request.user, Action.READ_THREAD, at=request.at)
        .filter(submission=submission)
        .select_related("agency", "opened_by")
    )
    return submission_page(
        request,
        "reviews/thread_list.html",
        submission,
        title=SECTION,
        page=keyset.page(request, threads, NEWEST, descending=True),
        own=_own(request, Action.READ_DISCUSSION, submission),
        may_open=submission.may & set(discussion.OPENING.values()),
    )


def _own(request, action, row):
    """The organizations that the person reads for, whose people she knows by name."""
    organizations = policy.organizations(request.user, action, row)
    return set(organizations.values_list("pk", flat=True))


@require_GET
def thread_choose(request, reference):
    """The person chooses who is to read a new thread; the form for it is another page."""
    submission = find_submission(request, reference, Action.READ_DISCUSSION)
    choices = [
        Choice(band(heard_by, agency, submission, agency, reference), f"{url}?agency={agency.code}")
        for heard_by, action in discussion.OPENING.items()
        if action in submission.may
        for url in [reverse("reviews:thread-create", args=[reference, heard_by])]
        for agency in policy.organizations(request.user, action, submission)
    ]
    if not choices:
        raise NotPermitted
    return submission_page(
        request,
        "reviews/thread_choose.html",
        submission,
        title="Who is to read it?",
        section=SECTION,
        choices=choices,
    )


@require_http_methods(["GET", "POST"])
def thread_create(request, reference, heard_by):
    """A thread for the audience that the address names has its first post."""
    action = discussion.OPENING[Audience(heard_by)]
    submission = find_submission(request, reference, action)
    agencies, agency = speaks_for(request, action, submission)
    shown = band(heard_by, agency, submission, agency, reference)
    form = _post_form(ThreadForm, request, submission, agency, shown)
    thread, status = None, 200
    if request.method == "POST":
        thread, status = _take(
            form,
            shown,
            lambda: discussion.open_thread(
                submission,
                heard_by=Audience(heard_by),
                agency=agency,
                **form.said(),
                by=request.user,
                at=request.at,
            ),
        )
    if thread is not None:
        messages.success(request, "The thread is open.")
        return redirect(thread)
    return submission_page(
        request,
        "reviews/thread_create.html",
        submission,
        title="Open a thread",
        section=SECTION,
        status=status,
        form=form,
        band=shown,
        agency=agency,
        agencies=agencies,
        action=f"{request.path}?agency={agency.code}",
    )


def _post_form(kind, request, submission, agency, shown):
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    return kind(
        request.POST if request.method == "POST" else None,
        people=discussion.mentionable(submission, agency, by=request.user),
        documents=documents.filter(submission=submission),
        initial={"band": shown.token},
    )


def _take(form, shown, write):
    """(what ``write`` made, or None; the page's status). The form shows what was refused."""
    again = {"band": shown.token}
    try:
        form.require_band(shown.token)
        if not form.is_valid():
            return None, invalid(form)
        return write(), 200
    except StaleForm as error:
        if "key" in form.fields:
            again["key"] = uuid.uuid4()
        status = refused(form, error)
    except Conflict as error:
        status = refused(form, error)
    form.opened_on(**again)
    return None, status


@require_http_methods(["GET", "POST"])
def thread_detail(request, key):
    """The thread's posts, newest first; whoever may write there adds one."""
    writes = Action.POST_IN_THREAD
    thread = find(request, writes if request.method == "POST" else Action.READ_THREAD, key=key)
    submission = _submission_of(thread)
    own = _own(request, Action.READ_THREAD, thread)
    form, speaker, agencies, status = None, None, [], 200
    if policy.may(request.user, writes, thread, at=request.at):
        speakers = discussion.speakers(request.user, thread)
        agencies, speaker = speaks_for(request, writes, thread, speakers)
    shown = band_of(thread, submission, speaker or Organization.objects.filter(pk__in=own)[0])
    if speaker is not None:
        form = _post_form(PostForm, request, submission, speaker, shown)
    if request.method == "POST":
        post, status = _take(
            form,
            shown,
            lambda: discussion.post(
                thread, agency=speaker, **form.said(), by=request.user, at=request.at
            ),
        )
        if post is not None:
            messages.success(request, "Your post is in the thread.")
            return redirect(thread)
    posts = thread.posts.select_related("author", "organization")
    page = keyset.page(request, posts, NEWEST, descending=True)
    page.rows[:] = _rows(request, page.rows, own)
    return submission_page(
        request,
        "reviews/thread_detail.html",
        submission,
        title=thread.title,
        section=SECTION,
        status=status,
        thread=thread,
        page=page,
        form=form,
        band=shown,
        agency=speaker,
        agencies=agencies,
        action=f"{request.path}?agency={speaker.code}" if speaker else "",
        is_open=submission.is_open(request.at),
    )


def _submission_of(thread):
    thread.submission = Submission.objects.select_related("model_version__lab").get(
        pk=thread.submission_id
    )
    thread.agency = Organization.objects.get(pk=thread.agency_id)
    return thread.submission


def _rows(request, posts, own):
    """The posts as the reader sees them: people of her own side by name, of others none."""
    readable = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    editable = policy.allowed(request.user, Action.EDIT_POST, at=request.at)
    edits = set(editable.filter(pk__in=[post.pk for post in posts]).values_list("pk", flat=True))
    mentioned, documents = defaultdict(list), defaultdict(list)
    for mention in (
        PostMention.objects.filter(post__in=posts, post__organization__in=own)
        .select_related("person")
        .order_by("person__name")
    ):
        mentioned[mention.post_id].append(mention.person.name)
    for attachment in (
        PostAttachment.objects.filter(post__in=posts, document__in=readable)
        .select_related("document")
        .order_by("document__title")
    ):
        documents[attachment.post_id].append(attachment.document)
    return [
        Row(
            post,
            post.author.name if post.organization_id in own else "",
            mentioned[post.pk],
            documents[post.pk],
            post.pk in edits,
        )
        for post in posts
    ]


@require_http_methods(["GET", "POST"])
def post_edit(request, key):
    """The author's post says something else; what it said before stays to be read."""
    post = find(request, Action.EDIT_POST, key=key)
    thread = Thread.objects.get(pk=post.thread_id)
    submission = _submission_of(thread)
    post.thread = thread
    speaker = post.organization
    shown = band_of(thread, submission, speaker)
    form = EditForm(
        request.POST if request.method == "POST" else None,
        initial={"band": shown.token, "revision": post.revision, "text": post.text},
    )
    status, edited = 200, None
    if request.method == "POST":
        edited, status = _take(
            form,
            shown,
            lambda: discussion.edit(
                post,
                text=form.cleaned_data["text"],
                revision=form.cleaned_data["revision"],
                by=request.user,
                at=request.at,
            ),
        )
        if edited is not None:
            messages.success(request, "Your post is changed. Its earlier text is kept.")
            return redirect(thread)
        post.refresh_from_db(fields=["text", "revision", "edited_at"])
        if status == 409:
            form.opened_on(band=shown.token, revision=post.revision)
    return submission_page(
        request,
        "reviews/post_edit.html",
        submission,
        title="Edit your post",
        section=SECTION,
        status=status,
        thread=thread,
        post=post,
        form=form,
        band=shown,
        action=request.path,
    )


@require_GET
def post_history(request, key):
    """What a post says and what it said before, for whoever reads the thread."""
    thread = find(request, Action.READ_THREAD, posts__key=key)
    submission = _submission_of(thread)
    post = Post.objects.select_related("author", "organization").get(key=key)
    own = _own(request, Action.READ_THREAD, thread)
    reader = Organization.objects.filter(pk__in=own)[0]
    return submission_page(
        request,
        "reviews/post_history.html",
        submission,
        title="History of a post",
        section=SECTION,
        thread=thread,
        post=post,
        author=post.author.name if post.organization_id in own else "",
        band=band_of(thread, submission, reader),
        page=keyset.page(request, post.versions.all(), {"number": keyset.number}, descending=True),
    )
