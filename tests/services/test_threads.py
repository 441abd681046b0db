"""Threads by their services: who is told, what is kept, and what nobody can change."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import AuditEvent
from reviews import emails
from reviews.exceptions import Conflict, NotPermitted, NotVisible, StaleForm
from reviews.models import Notice, Post, PostAttachment, PostMention, PostVersion, Thread
from reviews.models.notice import OF_DISCUSSION
from reviews.services import agency_reviews, discussion, notices
from tests import factories
from tests.discussions import edited, opened, posted
from tests.factories import organization

AUDIENCES = ("own_agency", "agencies", "with_lab")
CANARY = "CANARY-4c1d"


def told(*kinds):
    """(kind, address) of everybody who has a notice of a discussion."""
    rows = Notice.objects.filter(kind__in=kinds or OF_DISCUSSION)
    return sorted(rows.values_list("kind", "recipient__email"))


def notices_for(kind, *people):
    return sorted((kind, person.email) for person in people)


# Who is told.


def test_who_opens_a_thread_within_the_agencies_tells_only_whom_she_names(people, submission):
    opened(submission, "own_agency", people.nsa_lead)
    opened(submission, "agencies", people.nsa_lead)
    assert told() == []
    opened(submission, "agencies", people.nsa_lead, mentions=[people.nsa_reviewer])
    assert told() == notices_for("mentioned", people.nsa_reviewer)


def test_a_thread_with_the_lab_is_told_to_the_other_side(people, submission):
    lab = [people.northlight_liaison, people.northlight_admin]
    leads = [people.nsa_lead, people.dod_lead, people.cisa_lead, people.caisi_lead]
    opened(submission, "with_lab", people.nsa_lead)
    assert told() == notices_for("thread_opened", *lab)
    Notice.objects.all().delete()
    thread = opened(submission, "with_lab", people.northlight_liaison, "northlight")
    assert told() == notices_for("thread_opened", *leads, people.treasury_lead)
    Notice.objects.all().delete()
    posted(thread, people.nsa_official)
    assert told() == notices_for("posted", *lab)


def test_a_post_is_told_to_who_took_part_and_still_reads_the_thread(people, submission, start):
    thread = opened(submission, "agencies", people.nsa_lead, mentions=[people.nsa_reviewer])
    posted(thread, people.dod_reviewer, "dod")
    posted(thread, people.caisi_lead, "caisi")
    Notice.objects.all().delete()
    agency_reviews.recuse(submission, reason="", by=people.caisi_lead, at=start)
    posted(thread, people.cisa_lead, "cisa", mentions=[people.cisa_reviewer])
    assert told() == [
        *notices_for("mentioned", people.cisa_reviewer),
        *notices_for("posted", people.dod_reviewer, people.nsa_lead, people.nsa_reviewer),
    ]


def test_a_colleague_who_took_part_and_is_named_gets_one_notice(people, submission):
    thread = opened(submission, "own_agency", people.nsa_lead)
    posted(thread, people.nsa_reviewer)
    Notice.objects.all().delete()
    posted(thread, people.nsa_lead, mentions=[people.nsa_reviewer])
    assert told() == notices_for("mentioned", people.nsa_reviewer)


@pytest.mark.parametrize("heard_by", AUDIENCES)
def test_a_mail_says_only_that_something_waits(people, submission, heard_by):
    document = factories.document(submission, people, title=CANARY)
    thread = opened(
        submission,
        heard_by,
        people.nsa_lead,
        title=CANARY,
        text=CANARY,
        mentions=[people.nsa_reviewer],
        documents=[document],
    )
    posted(thread, people.nsa_lead, text=CANARY)
    rows = Notice.objects.filter(kind__in=OF_DISCUSSION)
    assert rows
    for notice in rows:
        mail = emails.compose(notice, notices.wording(notice.kind), True)
        whole = "".join([mail.subject, mail.body, mail.alternatives[0][0]])
        for secret in (CANARY, "nsa lead", "NSA", "Northlight", "Family", str(thread.key)):
            assert secret not in whole
        assert f"/submissions/{submission.reference}/discussion/" in mail.body


# Who may be named, and what may be attached.


@pytest.mark.parametrize("heard_by", AUDIENCES)
def test_only_a_colleague_who_reads_the_thread_is_named(people, submission, heard_by, start):
    agency_reviews.recuse(submission, reason="", by=people.recused, at=start)
    colleagues = discussion.mentionable(submission, organization("nsa"), by=people.nsa_lead)
    assert set(colleagues) == {people.nsa_reviewer, people.nsa_official, people.nsa_signer}
    wrong = [people.dod_lead, people.northlight_liaison, people.recused, people.administrator]
    for person in [*wrong, people.nsa_lead, people.disabled]:
        with pytest.raises(Conflict, match="only colleagues at NSA"):
            opened(submission, heard_by, people.nsa_lead, mentions=[person])
    assert not Notice.objects.filter(kind="mentioned").exists()


def test_the_labs_people_name_each_other_alone(people, submission):
    lab = organization("northlight")
    colleagues = discussion.mentionable(submission, lab, by=people.northlight_liaison)
    assert set(colleagues) == {people.northlight_admin}
    with pytest.raises(Conflict):
        opened(
            submission,
            "with_lab",
            people.northlight_liaison,
            "northlight",
            mentions=[people.nsa_lead],
        )


def test_a_document_that_the_writer_may_not_view_is_not_attached(people, submission):
    hers = factories.document(submission, people)
    closed = factories.document(submission, people, restricted_to=["dod"])
    other = factories.document(factories.filed(people), people)
    opened(submission, "agencies", people.nsa_lead, documents=[hers, closed, other])
    assert [row.document for row in PostAttachment.objects.all()] == [hers]


# Posting for whom.


def test_nobody_speaks_for_another_organization(people, submission):
    thread = opened(submission, "agencies", people.nsa_lead)
    for wrong in ("dod", "northlight"):
        with pytest.raises(Conflict, match=r"You (cannot do this for|do not write for)"):
            posted(thread, people.nsa_lead, wrong)
        with pytest.raises(Conflict, match=r"You (cannot do this for|do not write for)"):
            opened(submission, "agencies", people.nsa_lead, wrong)
    assert Post.objects.count() == 1


@pytest.mark.parametrize(
    ("heard_by", "code", "agency", "error"),
    [
        ("own_agency", "northlight_liaison", "northlight", NotPermitted),
        ("agencies", "northlight_liaison", "northlight", NotPermitted),
        ("with_lab", "nsa_reviewer", "nsa", NotPermitted),
        ("agencies", "oncd_official", "oncd", NotPermitted),
        ("with_lab", "basalt_liaison", "basalt", NotVisible),
        ("agencies", "administrator", "oncd", NotVisible),
    ],
)
def test_who_opens_no_thread(people, submission, heard_by, code, agency, error):
    with pytest.raises(error):
        opened(submission, heard_by, getattr(people, code), agency)
    assert not Thread.objects.exists()


def test_nothing_is_written_or_edited_after_the_window(people, submission, move_clock):
    thread = opened(submission, "agencies", people.nsa_lead)
    move_clock(submission.closes_at)
    with pytest.raises(NotPermitted):
        posted(thread, people.nsa_lead)
    with pytest.raises(NotPermitted):
        edited(thread.posts.get())
    with pytest.raises(NotPermitted):
        opened(submission, "agencies", people.nsa_lead)
    assert (Thread.objects.count(), Post.objects.get().text) == (1, "First.")


def test_a_second_click_posts_once(people, submission):
    key = uuid4()
    thread = opened(submission, "agencies", people.nsa_lead, key=key)
    for again in (
        lambda: opened(submission, "agencies", people.nsa_lead, key=key),
        lambda: posted(thread, people.nsa_lead, key=key),
    ):
        with pytest.raises(StaleForm, match="posted already"):
            again()
    assert (Thread.objects.count(), Post.objects.count()) == (1, 1)


# Edits.


def test_an_edit_keeps_every_earlier_text(people, submission, start):
    post = opened(submission, "agencies", people.nsa_lead, text="One.").posts.get()
    post = edited(edited(post, "Two."), "Three.")
    assert (post.text, post.revision, post.edited_at) == ("Three.", 3, start)
    assert list(post.versions.order_by("number").values_list("number", "text")) == [
        (1, "One."),
        (2, "Two."),
    ]


def test_the_same_text_is_no_edit(people, submission):
    post = edited(opened(submission, "agencies", people.nsa_lead, text="One.").posts.get(), "One.")
    assert (post.revision, post.edited_at, PostVersion.objects.count()) == (1, None, 0)


def test_an_edit_from_a_second_window_is_refused(people, submission):
    post = opened(submission, "agencies", people.nsa_lead, text="One.").posts.get()
    edited(Post.objects.get(), "Two.")
    with pytest.raises(StaleForm):
        discussion.edit(post, text="Three.", revision=1, by=people.nsa_lead, at=factories.now())
    assert Post.objects.get().text == "Two."


# On record.


def test_what_is_written_is_on_record_without_what_it_says(people, submission):
    for heard_by in AUDIENCES:
        thread = opened(submission, heard_by, people.nsa_lead, title=CANARY, text=CANARY)
        edited(posted(thread, people.nsa_lead, text=CANARY), f"{CANARY} again")
    events = AuditEvent.objects.filter(object_type__in=["thread", "post"]).order_by("sequence")
    assert [event.action for event in events] == [
        f"{step}_{heard_by}"
        for heard_by in AUDIENCES
        for step in ("thread.opened", "post.written", "post.edited")
    ]
    for event in events:
        assert (event.actor, event.organization) == (people.nsa_lead.email, "nsa")
        assert CANARY not in str(event.details)


# What no statement changes: in the database itself.


@pytest.fixture
def rows(people, submission):
    """A thread, its edited post, and rows that each could be moved to."""
    thread = opened(submission, "own_agency", people.nsa_lead)
    post = edited(thread.posts.get())
    wide = opened(submission, "with_lab", people.nsa_lead)
    elsewhere = factories.filed(people)
    dod = organization("dod")
    return {
        "thread": thread.pk,
        "post": post.pk,
        "wide": wide.pk,
        "submission": elsewhere.pk,
        "dod": dod.pk,
        "person": people.dod_lead.pk,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reviews_thread SET audience = 'agencies' WHERE id = {thread}",
        "UPDATE reviews_thread SET audience = 'with_lab' WHERE id = {thread}",
        "UPDATE reviews_thread SET audience = 'own_agency' WHERE id = {wide}",
        "UPDATE reviews_thread SET agency_id = {dod} WHERE id = {thread}",
        "UPDATE reviews_thread SET submission_id = {submission} WHERE id = {thread}",
        "UPDATE reviews_thread SET title = 'x', audience = 'agencies'",
        "UPDATE reviews_post SET thread_id = {wide} WHERE id = {post}",
        "UPDATE reviews_post SET organization_id = {dod} WHERE id = {post}",
        "UPDATE reviews_post SET author_id = {person} WHERE id = {post}",
        "UPDATE reviews_postversion SET text = 'x' WHERE post_id = {post}",
        "UPDATE reviews_postversion SET post_id = {post} + 1 WHERE post_id = {post}",
    ],
)
def test_the_database_refuses_another_audience(rows, statement):
    before = list(Thread.objects.order_by("pk").values())
    with (
        pytest.raises(DatabaseError, match="stays"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(**rows))
    assert list(Thread.objects.order_by("pk").values()) == before


def test_no_row_takes_the_place_of_a_thread(rows):
    """SQLite's way to replace a row, which is neither an update nor a delete to its triggers."""
    if connection.vendor != "sqlite":
        return
    values = "id, key, 'with_lab', title, opened_at, posted_at, agency_id, opened_by_id"
    columns = "id, key, audience, title, opened_at, posted_at, agency_id, opened_by_id"
    with (
        pytest.raises(DatabaseError, match="stays"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT OR REPLACE INTO reviews_thread ({columns}, submission_id) "
            f"SELECT {values}, submission_id FROM reviews_thread WHERE id = {rows['thread']}"
        )
    assert Thread.objects.get(pk=rows["thread"]).audience == "own_agency"


def test_what_does_change_is_saved(rows):
    """The same statements as Django's own: a whole row saved, with its audience as it was."""
    thread = Thread.objects.get(pk=rows["thread"])
    thread.save()
    thread.audience = "agencies"
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        thread.save()
    post = Post.objects.get(pk=rows["post"])
    post.text = "Later."
    post.save()
    assert Post.objects.get(pk=rows["post"]).text == "Later."
    assert PostMention.objects.count() == 0
