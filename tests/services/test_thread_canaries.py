"""Random discussions by random people: each word is found only where its audience reads.

Threads, posts, edits and mentions by whoever may, each text with a canary of its own; then
every page of every person is fetched, and the log, the inboxes and the mails, too.
"""

import random
import re

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from reviews import emails, policy
from reviews.models import Notice, Post, Thread
from reviews.models.discussion import Audience
from reviews.policy import Action
from reviews.services import agency_reviews, attachments, discussion, notices
from tests import factories
from tests.discussions import edited, opened, posted
from tests.people import SEATS
from tests.services.agency_pages import signed_in, text_of

CANARY = re.compile(r"canary[0-9]+x")
WORDS = 30
OF_SUBMISSION = (
    *("submission-detail", "submission-history", "thread-list", "thread-choose", "review-list"),
    *("report-detail", "document-list", "determination-detail", "submission-grants"),
)

pytestmark = pytest.mark.once
# NSA's recused reviewer and a detached agency's are among those who must find nothing.
AGENCIES = {"nsa", "dod", "cisa", "caisi", "treasury"}


class Talk:
    """One submission on which random people say random things; who may read each is noted."""

    def __init__(self, people, seed, start):
        self.people, self.chance = people, random.Random(seed)
        self.submissions = [factories.filed(people), factories.filed(people, "basalt")]
        for submission in self.submissions:
            attachments.detach(
                submission,
                factories.organization("outpost"),
                by=people.administrator,
                at=start,
            )
            agency_reviews.recuse(submission, reason="", by=people.recused, at=start)
        self.readers: dict[str, set[str]] = {}

    def who(self, thread):
        """Who reads it, told from the seats of tests/people.py and not by policy."""
        if thread.audience == Audience.OWN_AGENCY:
            offices = {thread.agency.code}
        else:
            offices = AGENCIES | (
                {thread.submission.lab.code} if thread.audience == Audience.WITH_LAB else set()
            )
        reading = {"reviewer", "lead", "determination_official", "liaison", "lab_administrator"}
        return {
            code
            for code, seats in SEATS.items()
            if any(office in offices and role in reading for office, role in seats)
        } - {"recused", "disabled"}

    def say(self, thread):
        """A word that nobody has said yet, for the readers of ``thread``."""
        word = f"canary{len(self.readers)}x"
        self.readers[word] = self.who(thread)
        return word

    def step(self):
        """One more thread, post or edit, by somebody who may."""
        act = self.chance.choice([self.open, self.post, self.post, self.edit])
        by = self.chance.choice([getattr(self.people, code) for code in SEATS])
        act(by)

    def said(self, submission, agency, by):
        """Whom she names, of those offered to her."""
        offered = list(discussion.mentionable(submission, agency, by=by))
        count = self.chance.randint(0, len(offered))
        return {"mentions": self.chance.sample(offered, count)}

    def open(self, by):
        submission = self.chance.choice(self.submissions)
        heard_by = self.chance.choice(list(Audience))
        action = discussion.OPENING[heard_by]
        if not policy.may(by, action, submission, at=factories.now()):
            return
        agency = self.chance.choice(list(policy.organizations(by, action, submission)))
        title, text = (f"canary{len(self.readers) + extra}x" for extra in (0, 1))
        said = self.said(submission, agency, by)
        thread = opened(submission, heard_by, by, agency.code, title=title, text=text, **said)
        for word in (title, text):
            self.readers[word] = self.who(thread)

    def post(self, by):
        threads = list(policy.allowed(by, Action.POST_IN_THREAD, at=factories.now()).order_by("pk"))
        if threads:
            thread = self.chance.choice(threads)
            offices = list(policy.organizations(by, Action.POST_IN_THREAD, thread))
            agency = self.chance.choice(offices)
            said = self.said(thread.submission, agency, by)
            posted(thread, by, agency.code, self.say(thread), **said)

    def edit(self, by):
        posts = list(policy.allowed(by, Action.EDIT_POST, at=factories.now()).order_by("pk"))
        if posts:
            post = self.chance.choice(posts)
            edited(post, self.say(post.thread))

    def addresses(self):
        """Every page on which a word could be, whoever may open it."""
        for submission in self.submissions:
            for name in OF_SUBMISSION:
                yield reverse(f"reviews:{name}", args=[submission.reference])
        for thread in Thread.objects.all():
            yield thread.get_absolute_url()
        for post in Post.objects.all():
            yield reverse("reviews:post-history", args=[post.key])
            yield reverse("reviews:post-edit", args=[post.key])
        for name in ("home", "submission-list", "notice-list", "agenda-list", "grant-list"):
            yield reverse(f"reviews:{name}")
        yield reverse("accounts:audit-list")


@pytest.mark.parametrize("seed", [1, 2])
def test_each_word_is_found_where_its_audience_reads_and_nowhere_else(people, start, seed):
    talk = Talk(people, seed, start)
    while len(talk.readers) < WORDS:
        talk.step()
    assert {thread.audience for thread in Thread.objects.all()} == set(Audience)
    found = {word: set() for word in talk.readers}
    addresses = list(talk.addresses())
    for code in SEATS:
        browser = signed_in(getattr(people, code))
        for address in addresses:
            for word in CANARY.findall(text_of(browser.get(address))):
                found[word].add(code)
    assert found == talk.readers
    for notice in Notice.objects.all():
        mail = emails.compose(notice, notices.wording(notice.kind), True)
        assert CANARY.findall(mail.subject + mail.body + mail.alternatives[0][0]) == []
    for event in AuditEvent.objects.all():
        assert CANARY.findall(f"{event.details} {event.object_reference}") == []


@pytest.mark.parametrize("seed", [3])
def test_whoever_is_told_may_read_what_it_is_about(people, start, seed):
    """Each notice of a post goes to somebody who reads the post's thread, and names no other."""
    talk = Talk(people, seed, start)
    while len(talk.readers) < WORDS:
        talk.step()
    told = Notice.objects.filter(kind__in=["thread_opened", "posted", "mentioned"])
    assert told
    for notice in told:
        key = notice.key.split(":")[2]
        thread = Post.objects.get(key=key).thread
        assert policy.may(notice.recipient, Action.READ_THREAD, thread, at=start)
        assert notice.recipient.email in {getattr(people, code).email for code in talk.who(thread)}
