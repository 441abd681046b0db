"""A large file is sent from a browser while everything goes wrong; it arrives unchanged."""

import hashlib
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from reviews.models import DocumentVersion, Upload
from tests import factories
from tests import people as people_module
from tests.benchmarks.people import cookies
from tests.faults.browser import HERE
from tests.faults.proxy import Proxy
from tests.journeys.conftest import NARROW, violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]
ROUNDS = int(os.environ.get("SENDING_ROUNDS", "6"))
SEED = int(os.environ.get("SENDING_SEED", "14409"))
ARRIVED = "Arrived. Choose “Describe and add” to say what it is."
MEGABYTE = 1024 * 1024
SPEED = 4 * MEGABYTE  # bytes a second, or all would be over before anything went wrong


class Sending:
    """The liaison's browser on the page that sends; ``interrupt`` is what goes wrong."""

    def __init__(self, browser, web, proxy, session, path, file):
        self.web, self.proxy, self.file = web, proxy, file
        self.path = f"http://{HERE}:{proxy.port}{path}"
        self.context = browser.new_context(viewport=NARROW)
        self.context.add_cookies(
            [{"name": "session", "value": session, "url": f"http://{HERE}:{proxy.port}"}]
        )
        self.problems, self.heard = [], set()
        self.page = self.open()

    def open(self):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(self.path)
        page.get_by_label("Files", exact=True).set_input_files(self.file)
        return page

    def reload(self):
        self.page.close(run_before_unload=False)
        self.page = self.open()

    def kill_server(self):
        self.web.kill()
        time.sleep(0.5)
        self.web.start()

    def cut_connection(self):
        self.proxy.refuse()
        time.sleep(0.5)
        self.proxy.listen()

    def go_offline(self):
        self.context.set_offline(True)
        time.sleep(0.5)
        self.context.set_offline(False)

    def pause(self):
        self.page.get_by_role("button", name="Pause").click()
        expect(self.page.locator(".fv-send__words")).to_contain_text("Paused")
        self.page.get_by_role("button", name="Continue").click()

    def goes_on_from(self, received):
        """More arrives than had by then."""
        until = time.monotonic() + 60
        while not Upload.objects.filter(received__gt=received).exists():
            assert time.monotonic() < until, self.page.locator("main").inner_text()
            if (go := self.page.get_by_role("button", name="Continue")).count():
                go.click()
            time.sleep(0.1)


INTERRUPTIONS = ("reload", "kill_server", "cut_connection", "go_offline", "pause")


@pytest.fixture
def liaison(held_clock, web):
    held_clock.move(datetime.now(UTC))
    people = people_module.create(held_clock.at)
    draft = factories.draft(people)
    held_clock.release()
    session = cookies(vars(people), "northlight_liaison")["northlight_liaison"]
    return draft, session.partition("=")[2]


@pytest.fixture
def proxy(web):
    with Proxy(web.port, speed=SPEED) as slow:
        yield slow


def test_a_file_arrives_whatever_happens_on_the_way(browser, web, proxy, liaison, tmp_path, capsys):
    draft, session = liaison
    chance = random.Random(SEED)
    size = (2 * ROUNDS + 2) * SPEED
    content = (b"%064d\n" % SEED) * (size // 65)
    file = tmp_path / "evaluation.txt"
    file.write_bytes(content)
    path = f"/submissions/{draft.reference}/uploads/"
    sending = Sending(browser, web, proxy, session, path, file)
    sending.goes_on_from(0)
    done = Counter()
    for _ in range(ROUNDS):
        kind = chance.choice(INTERRUPTIONS)
        time.sleep(chance.uniform(0.1, 0.9))
        assert not Upload.objects.get().complete
        getattr(sending, kind)()
        sending.goes_on_from(Upload.objects.get().received)
        done[kind] += 1
    page = sending.page
    said = page.locator("[data-said]")
    expect(page.locator(".fv-send__words")).to_have_text(ARRIVED, timeout=120_000)
    expect(said).to_have_text(f"evaluation.txt: {ARRIVED}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    sha256 = hashlib.sha256(content).hexdigest()
    assert Upload.objects.get().sha256 == sha256
    page.get_by_role("link", name="Describe and add").click()
    page.get_by_label("Kind of document").select_option("evaluation_report")
    page.get_by_text("Trade secret", exact=True).click()
    page.get_by_text("Every agency attached to this submission").click()
    page.get_by_label("SHA-256 that you expect").fill(f"{sha256}  evaluation.txt")
    page.get_by_role("button", name="Add the document").click()
    expect(page.get_by_text("“evaluation” is added.")).to_be_visible(timeout=60_000)
    version = DocumentVersion.objects.get()
    assert (version.sha256, version.size) == (sha256, len(content))
    assert sending.problems == []
    sending.context.close()
    kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in sorted(done.items()))
    with capsys.disabled():
        print(
            f"\nsending: {len(content) // MEGABYTE} MB, {ROUNDS} interruptions ({kinds}), the same "
            "SHA-256"
        )
