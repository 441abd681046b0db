"""Writing a review is interrupted again and again, at random; nothing that was typed is lost."""

import os
import random
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from reviews.models import AgencyReview
from tests import factories
from tests import people as people_module
from tests.benchmarks.people import cookies
from tests.faults.browser import HERE

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]
ROUNDS = int(os.environ.get("AUTOSAVE_ROUNDS", "20"))
SEED = int(os.environ.get("AUTOSAVE_SEED", "14409"))
FIELDS = ("limits", "concerns", "suggested_mitigations", "dissent", "exploit_development_evidence")


class Writing:
    """One reviewer's browser; ``interrupt`` does one of the things that go wrong."""

    def __init__(self, browser, web, session, path, chance):
        self.web, self.path, self.chance = web, f"http://{HERE}:{web.port}{path}", chance
        self.context = browser.new_context()
        self.context.add_cookies(
            [{"name": "session", "value": session, "url": f"http://{HERE}:{web.port}"}]
        )
        self.problems = []
        self.conflicts = 0
        self.joined = 0
        self.besides = {}
        self.page = self.open()

    def open(self):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(self.path)
        page.locator("form[data-ready]").wait_for()
        return page

    def type(self, page, field, words):
        page.locator(f"[name={field}]").fill(words)

    def wait(self):
        time.sleep(self.chance.choice([0, 0.2, 1.4, 1.6, 2.2]))

    def closed_tab(self, field, words):
        self.type(self.page, field, words)
        self.wait()
        self.page.close()
        self.page = self.open()

    def reloaded(self, field, words):
        self.type(self.page, field, words)
        self.wait()
        self.page.reload()
        self.page.locator("form[data-ready]").wait_for()

    def lost_network(self, field, words):
        self.context.set_offline(True)
        self.type(self.page, field, words)
        self.wait()
        if closing := self.chance.random() < 0.5:
            self.page.close()
        self.context.set_offline(False)
        if closing:
            self.page = self.open()

    def killed_server(self, field, words):
        self.type(self.page, field, words)
        self.wait()
        self.web.kill()
        more = f"{words} more"
        self.type(self.page, field, more)
        self.wait()
        if closing := self.chance.random() < 0.5:
            self.page.close()
        self.web.start()
        if closing:
            self.page = self.open()

    def two_tabs(self, field, words):
        """Both tabs are open and write; then only the first is left."""
        other = self.open()
        self.type(other, field, f"{words} other")
        self.type(self.page, field, words)
        self.wait()
        for page in (other, self.page):
            self.settle(page)
        other.close()

    def two_fields(self, field, words):
        """Two tabs change a field each: both stay, and nobody is asked."""
        other, elsewhere = self.open(), self.chance.choice([one for one in FIELDS if one != field])
        self.type(other, elsewhere, f"{words} elsewhere")
        self.besides = {elsewhere: f"{words} elsewhere"}
        self.settle(other)
        other.close()
        self.type(self.page, field, words)
        asked = self.conflicts
        self.settle(self.page)
        assert self.conflicts == asked

    def left_undecided(self, field, words):
        """The tab is closed where it asks which to keep, and opened again."""
        other = self.open()
        self.type(other, field, f"{words} other")
        self.settle(other)
        other.close()
        self.type(self.page, field, f"{words} mine")
        self.besides = {field: f"{words} mine"}
        self.page.get_by_role("button", name="Compare and choose").click(timeout=30_000)
        self.page.locator("form[data-differs][data-ready]").wait_for()
        if self.chance.random() < 0.5:
            self.page.get_by_role("button", name="Save draft").click()
            left_open = self.page.get_by_role("link", name="Choose which to keep.")
            expect(left_open).to_be_visible(timeout=30_000)
            self.page.locator("form[data-differs][data-ready]").wait_for()
        self.page.close()
        self.page = self.open()

    def settle(self, page):
        """Everything is saved; where two writings differ, the person keeps both."""
        saved = page.locator("form[data-ready]:not([data-unsaved])")
        compare = page.get_by_role("button", name="Compare and choose")
        expect(saved.or_(compare)).to_be_visible(timeout=30_000)
        if compare.count():
            compare.click()
            asked, joined = page.locator("form[data-differs]"), page.get_by_text("is kept: ")
            expect(asked.or_(joined)).to_be_visible(timeout=30_000)
            if asked.count():
                self.conflicts += 1
                for both in page.get_by_text("Keep both, mine first").all():
                    both.click()
                page.get_by_role("button", name="Save draft").click()
                expect(page.get_by_text("Draft saved.")).to_be_visible()
            else:
                self.joined += 1
            page.locator("form[data-ready]").wait_for()


# What was typed besides, where it was.
MORE = {"killed_server": " more", "two_tabs": " other", "left_undecided": " other"}
INTERRUPTIONS = (
    *("closed_tab", "reloaded", "lost_network", "killed_server", "two_tabs", "two_fields"),
    "left_undecided",
)


def said(field):
    """What the database has in that field of the one review."""
    review = AgencyReview.objects.prefetch_related("ratings").get()
    if field == "exploit_development_evidence":
        return review.ratings.get(criterion="exploit_development").evidence
    return getattr(review, field)


def test_nothing_typed_is_lost(browser, web, held_clock, capsys):
    held_clock.move(datetime.now(UTC))
    people = people_module.create(held_clock.at)
    submission = factories.filed(people)
    factories.assigned(submission, people)
    held_clock.release()
    session = cookies(vars(people), "nsa_reviewer")["nsa_reviewer"].partition("=")[2]
    path = f"/submissions/{submission.reference}/reviews/write/"
    chance = random.Random(SEED)
    writing = Writing(browser, web, session, path, chance)
    done = Counter()
    for number in range(ROUNDS):
        kind, field = chance.choice(INTERRUPTIONS), chance.choice(FIELDS)
        words = f"typed-{number}-{chance.randrange(10**6)}"
        getattr(writing, kind)(field, words)
        writing.settle(writing.page)
        wanted = [f"{words}{MORE.get(kind, '')}", words]
        saved = said(field)
        assert [text for text in wanted if text not in saved] == [], (number, kind, saved)
        for elsewhere, text in writing.besides.items():
            assert text in said(elsewhere), (number, kind)
        writing.besides = {}
        done[kind] += 1
    assert writing.problems == []
    writing.context.close()
    kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in sorted(done.items()))
    with capsys.disabled():
        print(
            f"\nautosave: {ROUNDS} interruptions ({kinds}), {writing.conflicts} conflicts merged "
            f"by the person, {writing.joined} joined unasked, nothing lost"
        )
