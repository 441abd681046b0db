"""Two pages write one review at the same time: nothing that was typed in either is lost."""

import json

import pytest

from reviews.models import AgencyReview
from reviews.services import assignments, coauthors
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in
from tests.services.test_review_pages import sent
from tests.services.test_reviewing import OTHER, PAGE, autosave

OPENED = "One open question."
QUESTION = '<a class="usa-link" href="#id_take_concerns_0">Concerns: Choose which to keep.</a>'


@pytest.fixture
def url(submission):
    return page("review-write", submission)


@pytest.fixture
def draft(submission, reviewer):
    """A draft that two windows were opened on; the other saved newer concerns since."""
    autosave(reviewer, submission, page=OTHER, turn="1")
    return AgencyReview.objects.get()


@pytest.fixture
def newer(draft, submission, reviewer):
    autosave(reviewer, submission, concerns="Theirs.", revision="1", page=OTHER, turn="2")
    return draft


def window(*, touched=(), **changes):
    """What the window sends that was opened on the draft's first revision.

    ``touched``: the fields that it says its person changed, each with what it said before.
    """
    told = {name: [was] for name, was in dict(touched).items()}
    return sent(**{"revision": "1", "save": "1", "touched": json.dumps(told)} | changes)


def asked(answer):
    """By field that the page asks about, the choice that is marked."""
    return {row.name: row.choice.value() for row in answer.context["differences"]}


# Changed on one side.


def test_what_this_window_did_not_change_takes_the_newer_text(newer, reviewer, url):
    """Only mitigations were typed here: the concerns of the other window stay."""
    mine = window(touched={"suggested_mitigations": ""}, suggested_mitigations="Mine.")
    answer = reviewer.post(url, mine)
    assert answer.status_code == 302
    newer.refresh_from_db()
    assert (newer.concerns, newer.suggested_mitigations) == ("Theirs.", "Mine.")
    shown = content_of(reviewer.get(url))
    assert "Saved. What was saved in another window since is kept: Concerns." in shown


def test_every_kind_of_field_takes_what_is_newer(people, submission, draft, reviewer, url):
    card = factories.document(submission, people)
    saved = {
        "evidence": [str(card.key)],
        "hours_spent": "4",
        "access_level_used": "al2",
        "vulnerability_discovery_score": "4",
        "external_reference": "R-7",
    }
    autosave(reviewer, submission, **saved, revision="1", page=OTHER, turn="2")
    assert (
        reviewer.post(url, window(touched={"limits": "API only."}, limits="L")).status_code == 302
    )
    draft.refresh_from_db()
    assert (str(draft.hours_spent), draft.access_level_used) == ("4.0", "al2")
    assert (draft.external_reference, draft.limits) == ("R-7", "L")
    assert draft.ratings.get(criterion="vulnerability_discovery").score == 4
    assert list(draft.evidence.all()) == [card]


def test_a_document_that_closed_in_between_is_neither_asked_about_nor_lost(
    people, submission, draft, reviewer, url
):
    card = factories.document(submission, people)
    other = {"evidence": [str(card.key)], "revision": "1", "page": OTHER, "turn": "2"}
    autosave(reviewer, submission, **other)
    card.restrictions.create(organization=factories.organization("dod"))
    assert (
        reviewer.post(url, window(touched={"limits": "API only."}, limits="L")).status_code == 302
    )
    assert list(draft.evidence.all()) == [card]


def test_what_both_typed_alike_is_no_difference(newer, reviewer, url):
    same = window(touched={"concerns": OPENED}, concerns="Theirs.")
    assert reviewer.post(url, same).status_code == 302
    assert "Draft saved." in content_of(reviewer.get(url))


def test_what_was_not_seen_is_saved_and_not_filed(newer, reviewer, url):
    mine = window(touched={"limits": "API only."}, limits="Mine.", save=None, file="1")
    assert reviewer.post(url, mine).status_code == 302
    newer.refresh_from_db()
    assert (newer.filed_at, newer.concerns, newer.limits) == (None, "Theirs.", "Mine.")
    shown = content_of(reviewer.get(url))
    assert "Not filed yet. What was saved in another window since is kept: Concerns." in shown
    # What the window shows is what is saved: it is filed.
    newest = mine | {"revision": "3", "concerns": "Theirs.", "touched": "{}"}
    assert reviewer.post(url, newest).url == newer.get_absolute_url()


def test_a_late_sending_of_the_page_that_saved_last_joins_nothing(newer, reviewer, url):
    old = window(touched={"limits": "API only."}, limits="Old.", page=OTHER, turn="1", file="1")
    assert reviewer.post(url, old).status_code == 409
    newer.refresh_from_db()
    assert (newer.concerns, newer.limits, newer.filed_at) == ("Theirs.", "API only.", None)


def test_after_a_filing_no_next_version_begins_unasked(newer, submission, reviewer, url):
    filing = sent(revision="2", concerns="Theirs.", page=OTHER, turn="3", file="1")
    reviewer.post(url, filing)
    mine = window(touched={"suggested_mitigations": ""}, suggested_mitigations="Mine.")
    answer = reviewer.post(url, mine)
    assert answer.status_code == 409
    assert AgencyReview.objects.count() == 1
    assert answer.context["form"]["suggested_mitigations"].value() == "Mine."
    assert answer.context["form"]["concerns"].value() == "Theirs."
    # Nor is one that the other window began meanwhile taken for the version typed here.
    following = {"version": "2", "revision": "0", "concerns": "Theirs.", "turn": "4"}
    autosave(reviewer, submission, **following, page=OTHER)
    assert reviewer.post(url, mine).status_code == 409
    assert AgencyReview.objects.get(version=2).suggested_mitigations == ""


# Changed on both sides.


def test_what_both_changed_is_asked_and_nothing_is_marked(newer, reviewer, url):
    mine = window(touched={"concerns": OPENED}, concerns="Mine.", hours_spent="12.5")
    answer = reviewer.post(url, mine)
    assert (answer.status_code, asked(answer)) == (409, {"concerns": ""})
    shown = content_of(answer).partition("What differs")[2].partition("</section>")[0]
    assert "checked" not in shown
    assert "Theirs." in shown
    newer.refresh_from_db()
    assert newer.concerns == "Theirs."


def test_who_does_not_choose_is_asked_again_and_loses_nothing(newer, reviewer, url):
    again = window(
        revision="2", concerns="Mine.", dissent="Also.", touched={"concerns": OPENED}
    ) | {"asked": "concerns"}
    for button in ({"save": "1"}, {"file": "1", "save": None}, {"take_concerns": "neither"}):
        answer = reviewer.post(url, {k: v for k, v in (again | button).items() if v is not None})
        assert (answer.status_code, list(asked(answer))) == (422, ["concerns"])
        shown = content_of(answer)
        assert QUESTION in shown
        assert 'id="id_take_concerns" aria-describedby="id_take_concerns_error"' in shown
        form = answer.context["form"]
        assert (form["concerns"].value(), form["dissent"].value()) == ("Mine.", "Also.")
        assert json.loads(answer.context["touched"]) == {"concerns": [OPENED]}
        newer.refresh_from_db()
        assert (newer.concerns, newer.revision, newer.filed_at) == ("Theirs.", 2, None)
    assert reviewer.post(url, again | {"take_concerns": "both"}).status_code == 302
    newer.refresh_from_db()
    assert (newer.concerns, newer.dissent) == ("Mine.\n\nTheirs.", "Also.")


def test_one_choice_made_stays_made_while_another_is_open(draft, submission, reviewer, url):
    theirs = {"concerns": "Theirs.", "limits": "Their limits.", "revision": "1"}
    autosave(reviewer, submission, **theirs, page=OTHER, turn="2")
    mine = window(
        touched={"concerns": OPENED, "limits": "API only."},
        **{"concerns": "Mine.", "limits": "My limits.", "revision": "2"},
    )
    mine |= {"asked": ["limits", "concerns"], "take_limits": "both"}
    answer = reviewer.post(url, mine)
    assert (answer.status_code, asked(answer)) == (422, {"limits": "both", "concerns": None})
    assert answer.context["form"]["limits"].value() == "My limits."
    assert list(answer.context["form"].errors) == ["take_concerns"]


@pytest.mark.parametrize("choice", [{"take_concerns": "mine"}, {}])
def test_a_choice_about_what_was_saved_before_is_asked_anew(
    newer, submission, reviewer, url, choice
):
    """Between the question and the answer the other window saved once more."""
    autosave(reviewer, submission, concerns="Theirs, newest.", revision="2", page=OTHER, turn="3")
    mine = window(revision="2", touched={"concerns": OPENED}, concerns="Mine.")
    answer = reviewer.post(url, mine | {"asked": "concerns"} | choice)
    assert (answer.status_code, asked(answer)) == (409, {"concerns": ""})
    newer.refresh_from_db()
    assert newer.concerns == "Theirs, newest."


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ("Theirs. And mine.", "mine"),
        ("Their", ""),  # a part of a word is another word
        ("", "saved"),
        ("Theirs", "saved"),
    ],
)
def test_marked_is_what_loses_nothing(newer, reviewer, url, typed, marked):
    answer = reviewer.post(url, window(touched={"concerns": OPENED}, concerns=typed))
    assert (answer.status_code, asked(answer)) == (409, {"concerns": marked})


def test_neither_a_declaration_nor_an_assessment_is_marked(draft, submission, reviewer, url):
    theirs = {"no_conflict_declared": None, "vulnerability_discovery_score": "3"}
    autosave(reviewer, submission, **theirs, revision="1", page=OTHER, turn="2")
    mine = window(vulnerability_discovery_score="", hours_spent="13")
    answer = reviewer.post(url, mine | {"touched": ""})
    assert asked(answer) == {
        "hours_spent": "",
        "vulnerability_discovery_score": "",
        "no_conflict_declared": "",
    }


# Pages that cannot tell.


@pytest.mark.parametrize("told", [None, "", "concerns", "[]", '{"concerns": "x"}', "[" * 100_000])
def test_without_word_from_the_page_every_difference_is_asked(newer, reviewer, url, told):
    mine = sent(revision="1", suggested_mitigations="Mine.", save="1", touched=told)
    answer = reviewer.post(url, mine)
    assert (answer.status_code, asked(answer)) == (
        409,
        {"concerns": "", "suggested_mitigations": "mine"},
    )
    assert answer.context["touched"] == ""
    assert answer.context["form"]["concerns"].value() == OPENED
    newer.refresh_from_db()
    assert (newer.concerns, newer.suggested_mitigations) == ("Theirs.", "")


def test_without_word_from_the_page_the_same_text_is_just_saved(newer, reviewer, url):
    same = sent(revision="1", concerns="Theirs.", save="1")
    assert reviewer.post(url, same).status_code == 302


def test_the_page_as_given_tells_nothing_until_its_script_does(newer, reviewer, url):
    """Else what is typed into it without the script would count as not changed."""
    blank = '<input type="hidden" name="touched" autocomplete="off">'
    told = window(touched={"concerns": OPENED}, concerns="Mine.")
    for answer in (reviewer.get(url), reviewer.post(url, told)):
        assert blank in content_of(answer)
    assert 'data-touched="{&quot;concerns&quot;: [&quot;One open question.&quot;]}"' in (
        content_of(answer)
    )


def test_what_is_saved_does_not_count_as_changed_any_more(draft, reviewer, url):
    """Hours that cannot be read are still this window's alone."""
    mine = window(
        touched={"concerns": OPENED, "hours_spent": "12.5"}, concerns="Mine.", hours_spent="x"
    )
    answer = reviewer.post(url, mine)
    assert answer.status_code == 422
    assert json.loads(answer.context["touched"]) == {"hours_spent": ["12.5"]}


# Two people.


@pytest.fixture
def together(people, submission, draft):
    """(the draft that two write, the browser of the author's colleague, her page's address)."""
    assignments.assign(
        submission,
        reviewer=people.recused,
        agency=factories.organization("nsa"),
        by=people.nsa_lead,
        at=factories.now(),
    )
    coauthors.choose(draft, [people.recused], by=people.nsa_reviewer, at=factories.now())
    return signed_in(people.recused), f"{page('review-write', submission)}?review={draft.key}"


def test_two_people_change_one_field_each_and_both_stay(together, newer, reviewer, url):
    browser, hers = together
    mine = window(touched={"suggested_mitigations": ""}, suggested_mitigations="Hers.")
    assert browser.post(hers, mine).status_code == 302
    newer.refresh_from_db()
    assert (newer.concerns, newer.suggested_mitigations) == ("Theirs.", "Hers.")
    assert (
        "Saved. What was saved by a colleague or in another window since is kept: Concerns."
        in content_of(browser.get(hers))
    )
    # And back: the author goes on in the page that saved before her colleague did.
    back = window(touched={"concerns": "Theirs."}, concerns="Theirs. More.", revision="2")
    assert reviewer.post(url, back | {"page": OTHER, "turn": "3"}).status_code == 302
    newer.refresh_from_db()
    assert (newer.concerns, newer.suggested_mitigations) == ("Theirs. More.", "Hers.")


def test_two_people_who_changed_one_field_choose(together, newer, url):
    browser, hers = together
    mine = window(touched={"concerns": OPENED}, concerns="Hers.")
    answer = browser.post(hers, mine)
    assert (answer.status_code, asked(answer)) == (409, {"concerns": ""})
    undecided = mine | {"revision": "2", "asked": "concerns"}
    assert browser.post(hers, undecided).status_code == 422
    newer.refresh_from_db()
    assert newer.concerns == "Theirs."
    assert browser.post(hers, undecided | {"take_concerns": "both"}).status_code == 302
    newer.refresh_from_db()
    assert newer.concerns == "Hers.\n\nTheirs."


def test_a_colleague_files_nothing_unseen_and_declares_for_herself(together, newer):
    browser, hers = together
    mine = window(touched={"limits": "API only."}, limits="Hers.", save=None, file="1")
    assert browser.post(hers, mine).url == hers
    newer.refresh_from_db()
    assert (newer.filed_at, newer.concerns, newer.limits) == (None, "Theirs.", "Hers.")
    assert newer.no_conflict_declared is True  # as her page says, not as the last one did


# Words.


def test_hours_with_two_decimals_are_said_plainly(submission, reviewer, url):
    answer = reviewer.post(url, sent(hours_spent="12.55", save="1"))
    assert answer.status_code == 422
    shown = content_of(answer)
    assert "Enter hours with at most one decimal, such as 12.5." in shown
    assert "What could be read is saved as your draft. Correct what is named below." in shown
    assert "Not filed yet" not in shown
    filing = content_of(reviewer.post(url, sent(hours_spent="12.55", revision="1", file="1")))
    assert "Not filed yet. What could be read is saved as your draft." in filing


def test_a_page_is_told_by_name_what_could_not_be_read(submission, reviewer):
    _, answer = autosave(reviewer, submission, hours_spent="x", page=PAGE, turn="1")
    assert answer["unread"] == ["hours_spent"]
