"""Who reads what of a discussion: of everybody in tests/people.py, exactly."""

import re

import pytest
from django.urls import reverse

from tests import factories
from tests.discussions import edited, opened, posted
from tests.people import SEATS
from tests.services.agency_pages import content_of, page, signed_in, text_of

NSA = {"nsa_reviewer", "nsa_lead", "nsa_official", "nsa_signer", "recused"}
AGENCIES = {"dod", "cisa", "caisi", "treasury"}
DELIBERATING = (
    NSA | {f"{agency}_{role}" for agency in AGENCIES for role in ("reviewer", "lead")}
) | {"unattached"}
LAB = {"northlight_liaison", "northlight_admin"}
READERS = {"own_agency": NSA, "agencies": DELIBERATING, "with_lab": DELIBERATING | LAB}
WRITERS = READERS | {
    "with_lab": {code for code in DELIBERATING if code.endswith("_lead")}
    | {"nsa_official", "nsa_signer"}
    | LAB
}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
TITLE, FIRST, BEFORE, NOW = "TITLE-1f", "FIRST-2e", "BEFORE-3d", "NOW-4c"
PARTS = {
    "subject": ("thread", TITLE),
    "first": ("thread", FIRST),
    "now": ("thread", NOW),
    "before": ("post", BEFORE),
    "agency": ("thread", "NSA"),
    "author": ("thread", "NSA, nsa lead"),
    "mentioned": ("thread", "Told: nsa reviewer"),
    "document": ("thread", "PAPER-5b"),
    "editor": ("post", "NSA, nsa official"),
}


@pytest.mark.parametrize("heard_by", READERS)
def test_who_gets_what(people, submission, heard_by):
    """Of everybody in tests/people.py: subject, texts, edits, form, names, history."""
    document = factories.document(submission, people, restricted_to=["nsa"], title="PAPER-5b")
    thread = opened(
        submission,
        heard_by,
        people.nsa_lead,
        title=TITLE,
        text=FIRST,
        mentions=[people.nsa_reviewer],
        documents=[document],
    )
    post = edited(posted(thread, people.nsa_official, text=BEFORE), NOW)
    found = {part: set() for part in ("listed", *PARTS, "form", "history")}
    for code in SEATS:
        browser = signed_in(getattr(people, code))
        shown = {
            "listed": TITLE in text_of(browser.get(page("thread-list", submission))),
            "history": "hread opened"
            in text_of(browser.get(page("submission-history", submission))),
        }
        thread_page, post_page = (
            browser.get(thread.get_absolute_url()),
            browser.get(reverse("reviews:post-history", args=[post.key])),
        )
        statuses = {thread_page.status_code, post_page.status_code}
        assert len(statuses) == 1
        texts = {"thread": content_of(thread_page), "post": content_of(post_page)}
        shown |= {part: text in texts[where] for part, (where, text) in PARTS.items()}
        shown["form"] = thread_page.status_code == 200 and bool(thread_page.context["form"])
        for part, is_shown in shown.items():
            if is_shown:
                found[part].add(code)
    readers = READERS[heard_by]
    named = {"author", "mentioned", "editor"}
    assert found == {
        **{part: NSA if part in named else readers for part in PARTS},
        "document": NSA | (LAB & readers),
        "listed": readers,
        "history": readers,
        "form": WRITERS[heard_by],
    }


def test_nobody_is_named_to_the_other_side(people, submission):
    """Each side reads its own people's names, and of the other the organization alone."""
    thread = opened(submission, "with_lab", people.nsa_lead, mentions=[people.nsa_reviewer])
    posted(thread, people.dod_lead, "dod")
    posted(thread, people.northlight_liaison, "northlight", mentions=[people.northlight_admin])
    names = {code: getattr(people, code).name for code in SEATS}
    expected = {
        "northlight_admin": {"northlight_liaison", "northlight_admin"},
        "nsa_signer": {"nsa_lead", "nsa_reviewer"},
        "dod_reviewer": {"dod_lead"},
        "caisi_reviewer": set(),
    }
    for code, known in expected.items():
        browser = signed_in(getattr(people, code))
        browser.get("/")
        for url in (thread.get_absolute_url(), page("thread-list", submission)):
            shown = content_of(browser.get(url)).partition('id="posts"')[2]
            assert {other for other, name in names.items() if name in shown} <= known, url
        answer = browser.get(thread.get_absolute_url())
        posts = content_of(answer).partition('id="posts"')[2]
        assert {other for other, name in names.items() if name in posts} == known, code


def test_the_list_of_colleagues_is_of_the_own_organization(people, submission):
    thread = opened(submission, "with_lab", people.nsa_lead)
    listed = {}
    for code in ("northlight_liaison", "dod_lead", "nsa_official"):
        form = signed_in(getattr(people, code)).get(thread.get_absolute_url()).context["form"]
        listed[code] = {person.email for person in form.fields["mentions"].queryset}
    assert listed == {
        "northlight_liaison": {people.northlight_admin.email},
        "dod_lead": {people.dod_reviewer.email},
        "nsa_official": {
            getattr(people, code).email
            for code in ("nsa_lead", "nsa_reviewer", "nsa_signer", "recused")
        },
    }


def test_what_agencies_say_among_themselves_changes_no_byte_for_the_lab(people, submission):
    """Nor for an office that is only consulted: pages, counts, inbox, all as before."""
    addresses = [
        *(page(f"submission-{name}", submission) for name in ("detail", "history")),
        *(page(name, submission) for name in ("thread-list", "review-list", "report-detail")),
        *("/", "/notices/", "/submissions/", "/calendar/"),
    ]

    def shown(code):
        browser = signed_in(getattr(people, code))
        return [TOKEN.sub("", text_of(browser.get(address))) for address in addresses]

    outside = ("northlight_liaison", "oncd_official", "basalt_liaison", "administrator")
    before = {code: shown(code) for code in outside}
    inside = shown("nsa_reviewer")
    for heard_by in ("own_agency", "agencies"):
        thread = opened(submission, heard_by, people.nsa_lead, mentions=[people.nsa_reviewer])
        edited(posted(thread, people.nsa_reviewer))
    assert {code: shown(code) for code in outside} == before
    assert shown("nsa_reviewer") != inside


def test_history_tells_each_side_what_it_may_know(people, submission):
    for heard_by in READERS:
        opened(submission, heard_by, people.nsa_lead)
    said = {
        "nsa_reviewer": ["nsa lead"] * 3,
        "dod_lead": ["NSA"] * 2,
        "northlight_liaison": ["NSA"],
        "oncd_official": [],
    }
    url = page("submission-history", submission)
    for code, expected in said.items():
        lines = signed_in(getattr(people, code)).get(url).context["lines"]
        assert [line.who for line in lines if line.what.startswith("Thread")] == expected, code


def test_a_consulted_official_sees_nothing_of_her_agencys_discussion(people, submission):
    """CISA's lead sees it by that seat; a colleague who is only consulted does not."""
    opened(submission, "own_agency", people.cisa_reviewer, "cisa", title=TITLE)
    people.cisa_lead.groups.remove(people.cisa_lead.groups.get(name="cisa:lead"))
    browser = signed_in(people.cisa_lead)
    assert browser.get(page("thread-list", submission)).status_code == 403
    lines = browser.get(page("submission-history", submission)).context["lines"]
    assert [line.what for line in lines if line.what.startswith("Thread")] == []
