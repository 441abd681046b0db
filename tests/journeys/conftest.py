"""A real browser against a real server, on a copy of the database, driven by keyboard alone."""

import os
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from reviews import clock

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 800}
COUNTED = ("steps", "clicks")


@pytest.fixture(scope="session")
def playwright():
    """The driver. While its event loop runs, Django keeps connections apart from before.

    Both sets are closed while they can be seen, or they would hold the database for ever.
    """
    connections.close_all()
    with sync_playwright() as started:
        yield started
        connections.close_all()


@pytest.fixture(scope="session")
def browser_type_launch_args():
    """Debian's Chromium, which the set-up brought."""
    return {"executable_path": os.environ["CHROMIUM"], "args": FLAGS}


@pytest.fixture
def server(committed):
    """The portal on loopback, serving this test's copy of the database."""
    live = LiveServer("127.0.0.1")
    yield live.url
    live.stop()


class Person:
    """One person's browser window. Everything is done with the keyboard.

    Since she signed in she has taken so many ``steps``; all but typing are ``clicks``.
    """

    def __init__(self, context, url):
        self.page = context.new_page()
        self.url = url
        self.problems = []
        self.steps = self.clicks = 0
        self.stretches = {}
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.problems.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )

    def open(self, path):
        """Go to an address, as from a mail; the answer's ``status``."""
        self._step()
        self.status = self.page.goto(self.url + path).status
        return self.status

    def reach(self, target):
        """Tab until ``target`` has the focus."""
        target.first.wait_for(state="attached")
        for _ in range(250):
            if target.first.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached by keyboard on {self.page.url}")

    def field(self, name):
        """The form's control of that name."""
        return self.page.locator(f"main [name='{name}']")

    def write(self, **values):
        """Type into text fields, by name."""
        self._step(clicks=0)
        for name, text in values.items():
            self.reach(self.field(name))
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(text)

    def choose(self, name, value):
        """Take one radio button of a group, or one option of a list."""
        self._step()
        if self.field(name).first.evaluate("element => element.tagName") == "SELECT":
            self.reach(self.field(name))
            options = self.field(name).locator("option")
            self.page.keyboard.press("Home")
            for _ in range(options.count()):
                if self.field(name).input_value() == value:
                    return
                self.page.keyboard.press("ArrowDown")
            offered = options.evaluate_all("all => all.map(option => [option.value, option.text])")
            raise AssertionError(f"{name} offers {offered}, and not {value}")
        wanted = self.page.locator(f"main [name='{name}'][value='{value}']")
        group = self.field(name)
        self._reach_any(group)
        self.page.keyboard.press("Space")
        for _ in range(group.count()):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        assert wanted.is_checked(), (name, value)

    def tick(self, name, value=None):
        """Tick a box."""
        self._step()
        box = (
            self.field(name)
            if value is None
            else self.page.locator(f"main [name='{name}'][value='{value}']")
        )
        self.reach(box)
        self.page.keyboard.press("Space")

    def attach(self, name, path):
        """Choose a file; the dialogue itself is the operating system's and not the page's."""
        self._step()
        self.reach(self.field(name))
        self.field(name).set_input_files(path)

    def press(self, words, role="button"):
        """Reach a button (or link) and press Enter; the next page is there after."""
        self._step()
        self.reach(self.page.get_by_role(role, name=words, exact=role == "button"))
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follow(self, words):
        """Reach a link and press Enter."""
        self.press(words, role="link")

    def download(self, words):
        """Reach a link and press Enter; the file that arrives."""
        self._step()
        self.reach(self.page.get_by_role("link", name=words))
        with self.page.expect_download() as arrived:
            self.page.keyboard.press("Enter")
        return arrived.value

    def sees(self, words):
        """The page says so."""
        expect(self.page.locator("main")).to_contain_text(words)

    def sign_in(self, person, password):
        """Through the sign-in page."""
        self.open("/sign-in/")
        self.write(username=person.email, password=password)
        self.press("Sign in")
        self.sees("What waits for me")
        self.steps = self.clicks = 0

    @contextmanager
    def counted(self, stretch):
        """How many clicks this takes is among ``stretches`` afterwards, by its name."""
        before = self.clicks
        yield
        self.stretches[stretch] = self.clicks - before

    def _step(self, *, clicks=1):
        self.steps += 1
        self.clicks += clicks

    def _reach_any(self, group):
        for _ in range(250):
            if group.evaluate_all("all => all.includes(document.activeElement)"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{group} cannot be reached by keyboard on {self.page.url}")


@pytest.fixture
def someone(browser, server):
    """Make a Person with a browser of her own; afterwards none had an error."""
    contexts, persons = [], []

    def make(viewport=WIDE):
        context = browser.new_context(viewport=viewport)
        contexts.append(context)
        persons.append(Person(context, server))
        return persons[-1]

    yield make
    for context in contexts:
        context.close()
    assert [person.problems for person in persons] == [[] for _ in persons]


@pytest.fixture
def at_work(someone, committed_people, capsys):
    """``at_work(code)`` is that person, signed in: anew when time has passed, for sessions end.

    What each had to do is printed at the end.
    """
    persons, everyone = {}, {}

    def enter(code):
        now = code, clock.system()
        if now not in persons:
            persons[now] = someone()
            persons[now].sign_in(getattr(committed_people, code), committed_people.password)
            everyone.setdefault(code, []).append(persons[now])
        return persons[now]

    yield enter
    with capsys.disabled():
        print(f"\n\n{'role':30}{'steps':>6}{'clicks':>8}")
        for code, windows in everyone.items():
            steps, clicks = (sum(getattr(one, what) for one in windows) for what in COUNTED)
            print(f"{code.replace('_', ' '):30}{steps:6}{clicks:8}")
        for person in persons.values():
            for stretch, clicks in person.stretches.items():
                print(f"{stretch}: {clicks} clicks")


def going(at_work, submission):
    """``go(code, page)``: that person opens a page, of the submission unless it begins with "/"."""

    def go(code, page=""):
        person = at_work(code)
        person.open(page if page.startswith("/") else submission.get_absolute_url() + page)
        return person

    return go


def violations(page):
    """What axe finds wrong, and whether the page scrolls sideways at 320 pixels."""
    found = []
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append((viewport["width"], violation["id"], nodes))
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > NARROW["width"]:
        found.append((NARROW["width"], "scrolls sideways", wide))
    return found
