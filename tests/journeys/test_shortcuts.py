"""Keys that lead somewhere: with real keys, and none of them while a person types."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests import factories
from tests.journeys.conftest import NARROW, WIDE, violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


def focused(page):
    """The text of what has the focus, or its name."""
    return page.evaluate("document.activeElement.name || document.activeElement.textContent")


@pytest.fixture
def lead(committed_people, someone):
    for version in ("1", "2", "3"):
        factories.filed(committed_people, family="Aurora", version=version)
    lead = someone()
    lead.sign_in(committed_people.nsa_lead, committed_people.password)
    return lead


def go(lead, server, key, path):
    lead.page.keyboard.press("g")
    lead.page.keyboard.press(key)
    expect(lead.page).to_have_url(server + path)


def test_places_rows_and_the_search_field(lead, server):
    page = lead.page
    for key, path in {
        **{"n": "/notices/", "c": "/calendar/", "a": "/access/"},
        **{"h": "/", "s": "/submissions/"},
    }.items():
        go(lead, server, key, path)
    first, second, third = page.locator("main tbody th a").all_inner_texts()
    for key, words in zip(
        "jjkkjjjj", [first, second, first, first, second, *[third] * 3], strict=True
    ):
        page.keyboard.press(key)
        assert focused(page) == words
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type("g s j ? /")
    expect(page.locator("[name=q]")).to_have_value("g s j ? /")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page).to_have_url(f"{server}/submissions/")


def test_the_list_of_keys_opens_and_gives_the_focus_back(lead, server):
    page = lead.page
    lead.open("/submissions/")
    page.keyboard.press("j")
    before = focused(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_role("row", name="g then s Go to Submissions")).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    assert violations(page) == []
    page.set_viewport_size(WIDE)
    for key in ("j", "g", "s", "?"):
        page.keyboard.press(key)
    expect(page.locator("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert focused(page) == before
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page).to_have_url(f"{server}/submissions/")


def test_modifiers_and_what_follows_late_mean_nothing(lead, server):
    page = lead.page
    lead.open("/calendar/")
    page.keyboard.press("g")
    page.keyboard.press("Control+s")
    page.keyboard.press("Alt+j")
    page.keyboard.press("g")
    page.wait_for_timeout(2100)
    page.keyboard.press("s")
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.keyboard.press("s")
    page.wait_for_timeout(300)
    expect(page).to_have_url(f"{server}/calendar/")


def test_whoever_switched_them_off_presses_keys_in_vain(lead, server, committed_people):
    page = lead.page
    lead.follow("Keyboard shortcuts")
    lead.sees("They are on.")
    assert violations(page) == []
    page.set_viewport_size(NARROW)
    lead.follow("Switch them off on your profile")
    lead.tick("shortcuts")
    lead.press("Save settings")
    lead.sees("Your settings are saved.")
    assert not User.objects.get(pk=committed_people.nsa_lead.pk).shortcuts
    for key in ("g", "s", "?", "j", "/"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    expect(page).to_have_url(f"{server}/profile/")
    expect(page.locator("dialog")).to_have_count(0)
    lead.open("/shortcuts/")
    lead.sees("They are off.")


def test_a_filter_is_saved_and_the_list_exported(lead, server):
    page = lead.page
    lead.open("/submissions/")
    lead.choose("state", "under_review")
    lead.press("Apply")
    lead.follow("Save this filter")
    assert violations(page) == []
    page.set_viewport_size(WIDE)
    lead.write(name="Open now")
    lead.press("Save filter")
    lead.sees("The filter “Open now” is saved.")
    assert violations(page) == []
    lead.reach(page.get_by_role("button", name="Export all that match as CSV"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "submissions.csv"
    lead.open("/submissions/")
    lead.follow("Open now")
    expect(page).to_have_url(f"{server}/submissions/?state=under_review")
    lead.open("/filters/submissions/")
    lead.press("Remove Open now")
    lead.sees("You saved none for this list.")
    lead.open("/exports/")
    lead.sees("You have no file.")
    assert violations(page) == []
