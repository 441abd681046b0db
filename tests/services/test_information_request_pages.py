"""The pages of information requests: who sees what, each form, and what is never lost."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reviews.models import InformationRequest, RequestAnswer
from reviews.services import information_requests
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in, text_of
from tests.services.asking import draft, join

CANARY = "CANARY-5d20"


@pytest.fixture
def lead(people):
    """A browser in which NSA's lead is signed in."""
    return signed_in(people.nsa_lead)


@pytest.fixture
def liaison(people):
    """A browser in which the lab's liaison is signed in."""
    return signed_in(people.northlight_liaison)


def step(verb, asked):
    return reverse(f"reviews:rfi-{verb}", args=[asked.key])


def key_of(response):
    return response.context["form"]["key"].value()


# Drafting


def test_a_draft_is_written_after_a_look_at_what_is_asked_already(people, submission, lead):
    other = factories.information_request(submission, people, "dod", state="draft")
    dropped = factories.information_request(submission, people, "dod", state="draft")
    information_requests.take_back(dropped, reason="", by=people.dod_lead, at=factories.now())
    url = page("rfi-write", submission)
    shown = lead.get(url)
    words = content_of(shown)
    assert words.index("Has it been asked already?") < words.index("A new request for NSA")
    assert other.subject in words
    assert dropped.subject not in words
    assert f'action="{step("join", other)}?agency=nsa"' in words
    sent = {"key": key_of(shown), "subject": "Scaffold", "question": "Which one?"}
    answer = lead.post(url, sent)
    asked = InformationRequest.objects.get(key=sent["key"])
    assert (answer.status_code, answer.url) == (302, asked.get_absolute_url())
    assert (asked.question, asked.agency.code, asked.drafted_by) == (
        "Which one?",
        "nsa",
        people.nsa_lead,
    )


def test_a_second_click_saves_nothing_more_and_loses_nothing(submission, lead):
    url = page("rfi-write", submission)
    sent = {"key": key_of(lead.get(url)), "subject": "Scaffold", "question": CANARY}
    assert lead.post(url, sent).status_code == 302
    again = lead.post(url, sent)
    assert again.status_code == 409
    assert CANARY in text_of(again)
    assert InformationRequest.objects.count() == 1
    # Who means it sends the page as it came back.
    assert lead.post(url, sent | {"key": key_of(again)}).status_code == 302
    assert InformationRequest.objects.count() == 2


def test_a_form_without_its_key_is_refused_in_words(submission, lead):
    url = page("rfi-write", submission)
    for key in ({}, {"key": "x"}):
        answer = lead.post(url, {"subject": CANARY, "question": ""} | key)
        assert answer.status_code == 422
        assert answer.context["form"].errors["key"] == [
            "This form was not sent whole. Open it again."
        ]
        assert 'href="#id_question"' in text_of(answer)
        assert CANARY in text_of(answer)


def test_nobody_writes_for_another_agency(submission, lead):
    sent = {"key": uuid.uuid4(), "subject": "S", "question": "Q"}
    assert lead.post(f"{page('rfi-write', submission)}?agency=dod", sent).status_code == 403
    assert not InformationRequest.objects.exists()


def test_a_follow_up_names_the_request_that_it_follows(people, submission, lead, liaison):
    first = factories.information_request(submission, people, state="answered")
    url = f"{page('rfi-write', submission)}?follows={first.key}"
    assert f"{page('rfi-write', submission)}?follows={first.key}" in content_of(
        lead.get(first.get_absolute_url())
    )
    form = lead.get(url).context["form"]
    assert str(form["follows"].value()) == str(first.key)
    sent = {"key": form["key"].value(), "subject": "More", "question": "Q", "follows": first.key}
    lead.post(url, sent)
    second = InformationRequest.objects.get(follows=first)
    assert "Draft: More" in content_of(lead.get(first.get_absolute_url()))
    assert "More" not in content_of(liaison.get(first.get_absolute_url()))
    information_requests.issue(second, days=3, revision=1, by=people.nsa_lead, at=factories.now())
    assert "Follow-up of request 1" in content_of(liaison.get(page("rfi-list", submission)))
    assert "Request 2: More" in content_of(liaison.get(first.get_absolute_url()))
    wrong = lead.post(url, sent | {"key": uuid.uuid4(), "follows": "x"})
    assert wrong.context["form"].errors["follows"] == ["Choose a request from the list."]


# Changing, joining, issuing


def test_a_second_window_gets_409_with_both_texts(people, submission, lead):
    asked = factories.information_request(submission, people, state="draft")
    url = step("edit", asked)
    form = lead.get(url).context["form"]
    assert form["question"].value() == asked.question
    sent = {"revision": form["revision"].value(), "subject": "S"}
    assert lead.post(url, sent | {"question": "From the first"}).status_code == 302
    answer = lead.post(url, sent | {"question": "From the second"})
    assert answer.status_code == 409
    assert "From the first" in text_of(answer)
    assert "From the second" in text_of(answer)
    revision = answer.context["form"]["revision"].value()
    again = lead.post(url, sent | {"question": "From the second", "revision": revision})
    assert again.status_code == 302
    asked.refresh_from_db()
    assert asked.question == "From the second"


def test_join_is_one_click_and_a_second_one_says_so(people, submission):
    asked = factories.information_request(submission, people, state="draft")
    browser = signed_in(people.dod_lead)
    button = f"{step('join', asked)}?agency=dod"
    assert f'action="{button}"' in content_of(browser.get(page("rfi-list", submission)))
    assert browser.post(button).status_code == 302
    words = content_of(browser.get(page("rfi-list", submission)))
    assert "NSA, DoD" in words
    assert button not in words
    assert browser.post(button).status_code == 409
    assert browser.post(f"{step('join', asked)}?agency=nsa").status_code == 403
    assert browser.get(button).status_code == 405


def test_issuing_offers_days_up_to_the_windows_end(people, submission, lead, move_clock, start):
    asked = factories.information_request(submission, people, state="draft")
    url = step("issue", asked)
    form = lead.get(url).context["form"]
    assert form["days"].value() == 3
    assert [days for days, _ in form.fields["days"].choices] == list(range(1, 11))
    assert form.fields["days"].choices[2][1] == "3 business days: Oct. 23, 2026, 5:00 p.m. EDT"
    # Filed on Tuesday, October 20; the window ends on Thursday, November 19, at 10 a.m.
    move_clock(start.replace(month=11, day=17))
    form = lead.get(url).context["form"]
    assert form.fields["days"].choices[1:] == [
        (2, "2 business days: Nov. 19, 2026, 10:00 a.m. EST, when the window ends")
    ]
    assert form["days"].value() == 2
    answer = lead.post(url, {"revision": 1, "days": 3})
    assert answer.context["form"].errors["days"] == ["Choose a number of days from the list."]
    assert lead.post(url, {"revision": 1, "days": 2}).status_code == 302
    asked.refresh_from_db()
    assert (asked.number, asked.due_at) == (1, submission.closes_at)
    assert lead.post(url, {"revision": 1, "days": 2}).status_code == 409


def test_what_was_changed_meanwhile_is_not_issued_unseen(people, submission, lead):
    asked = factories.information_request(submission, people, state="draft")
    lead.post(step("edit", asked), {"revision": 1, "subject": "S", "question": CANARY})
    answer = lead.post(step("issue", asked), {"revision": 1, "days": 3})
    assert answer.status_code == 409
    assert CANARY in content_of(answer)
    assert lead.post(step("issue", asked), {"revision": 2, "days": 3}).status_code == 302


def test_taking_back_needs_words_for_the_lab(people, submission, lead, liaison):
    asked = factories.information_request(submission, people)
    answer = lead.post(step("withdraw", asked), {"reason": ""})
    assert answer.status_code == 422
    assert lead.post(step("withdraw", asked), {"reason": CANARY}).status_code == 302
    for browser in (lead, liaison):
        assert CANARY in content_of(browser.get(asked.get_absolute_url()))
    assert "Taken back" in content_of(liaison.get(page("rfi-list", submission)))
    assert "No answer is needed" in content_of(liaison.get(step("answer", asked)))
    answer = liaison.post(step("answer", asked), {"key": uuid.uuid4(), "text": "Typed"})
    assert answer.status_code == 409
    assert "Typed" in content_of(answer)


# Answering


def test_the_lab_answers_with_words_and_documents(people, submission, lead, liaison):
    asked = factories.information_request(submission, people)
    card = factories.document(submission, people, title="Card of the scaffold")
    url = step("answer", asked)
    sent = {"key": key_of(liaison.get(url)), "text": "Appendix C.", "documents": [card.key]}
    assert liaison.post(url, sent).status_code == 302
    for browser in (lead, liaison, signed_in(people.oncd_official)):
        words = content_of(browser.get(asked.get_absolute_url()))
        assert "Appendix C." in words
        assert "Card of the scaffold" in words
    assert liaison.post(url, sent).status_code == 409
    again = liaison.post(url, sent | {"key": uuid.uuid4(), "text": "And D."})
    assert again.status_code == 302
    assert RequestAnswer.objects.count() == 2
    empty = liaison.post(url, {"key": uuid.uuid4(), "text": ""})
    assert empty.status_code == 422
    assert empty.context["form"].errors["text"] == ["Write an answer or choose a document."]


def test_documents_that_are_closed_to_an_agency_stay_hidden(people, submission, lead):
    closed = factories.document(submission, people, restricted_to=["dod"], title=CANARY)
    asked = factories.information_request(submission, people)
    factories.information_answer(asked, people, documents=[closed])
    assert CANARY in content_of(signed_in(people.dod_lead).get(asked.get_absolute_url()))
    words = content_of(lead.get(asked.get_absolute_url()))
    assert "The one in appendix C." in words
    assert CANARY not in words
    assert str(closed.key) not in words


def test_no_form_offers_another_submissions_documents(people, submission, liaison):
    elsewhere = factories.document(factories.filed(people), people, title=CANARY)
    asked = factories.information_request(submission, people)
    url = step("answer", asked)
    assert CANARY not in text_of(liaison.get(url))
    sent = {"key": uuid.uuid4(), "text": "T", "documents": [elsewhere.key]}
    assert liaison.post(url, sent).status_code == 422


def test_answers_close_to_agencies_with_the_window(people, submission, lead, liaison, move_clock):
    asked = factories.information_request(submission, people)
    factories.information_answer(asked, people, text=CANARY)
    move_clock(submission.closes_at)
    words = content_of(lead.get(asked.get_absolute_url()))
    assert asked.question in words
    assert "have been closed to agencies since" in words
    assert CANARY not in words
    assert CANARY in content_of(liaison.get(asked.get_absolute_url()))
    assert signed_in(people.oncd_official).get(asked.get_absolute_url()).status_code == 404
    for verb in ("edit", "issue", "withdraw"):
        assert lead.get(step(verb, asked)).status_code == 403
    sent = {"key": uuid.uuid4(), "text": f"{CANARY}: the scaffold of the second appendix."}
    late = liaison.post(step("answer", asked), sent)
    assert late.status_code == 403
    assert CANARY in text_of(late)


def test_opening_a_request_is_on_record(people, submission, lead):
    asked = factories.information_request(submission, people)
    lead.get(asked.get_absolute_url())
    history = text_of(lead.get(page("submission-history", submission)))
    assert "Information request opened" in history
    assert "Information request opened" not in text_of(
        signed_in(people.dod_lead).get(page("submission-history", submission))
    )


# What a lab never learns


def test_a_lab_learns_of_no_draft_and_of_no_person(people, submission, liaison):
    asked = draft(submission, "nsa", people.nsa_reviewer, subject="Asked")
    information_requests.issue(
        asked, days=3, revision=1, by=people.nsa_official, at=factories.now()
    )
    join(asked, people, "dod")
    unsent = draft(submission, "caisi", people.caisi_reviewer, subject=CANARY, question=CANARY)
    join(unsent, people, "cisa")
    dropped = draft(submission, "dod", people.dod_lead, subject=CANARY)
    information_requests.take_back(dropped, reason=CANARY, by=people.dod_lead, at=factories.now())
    pages = {
        *(page("rfi-list", submission), asked.get_absolute_url(), step("answer", asked)),
        *(page("submission-history", submission), page("submission-detail", submission)),
        *("/", "/notices/", "/calendar/"),
    }
    names = {person.name for code, person in vars(people).items() if code != "password"}
    names -= {"northlight liaison", "northlight admin"}
    for url in pages:
        answer = liaison.get(url)
        assert answer.status_code == 200, url
        shown = text_of(answer)
        assert CANARY not in shown, url
        assert str(unsent.key) not in shown, url
        if url != page("submission-detail", submission):  # which lists who has filed
            assert "CAISI" not in content_of(answer), url
        assert "drafted" not in content_of(answer).lower(), url
        assert {name for name in names if name in shown} == set(), url
    assert "NSA, DoD" in content_of(liaison.get(asked.get_absolute_url()))
    history = text_of(liaison.get(page("submission-history", submission)))
    assert "Information request issued to the lab" in history


def test_a_draft_is_to_the_lab_a_page_that_does_not_exist(people, submission, liaison):
    unsent = factories.information_request(submission, people, state="draft")
    absent = uuid.UUID("00000000-0000-4000-8000-000000000000")
    for verb in ("detail", "edit", "issue", "withdraw", "answer"):
        hidden = liaison.get(step(verb, unsent))
        none = liaison.get(reverse(f"reviews:rfi-{verb}", args=[absent]))
        assert hidden.status_code == none.status_code == 404
        assert hidden.content == none.content


def test_who_reads_of_a_draft_in_the_history(people, submission):
    """Agencies that deliberate, by the agency's name; nobody whom they only consult."""
    draft(submission, "nsa", people.nsa_reviewer)
    words = "Information request drafted"
    own, other, consulted, lab = (
        content_of(signed_in(getattr(people, code)).get(page("submission-history", submission)))
        for code in ("nsa_lead", "dod_lead", "oncd_official", "northlight_liaison")
    )
    assert [words in shown for shown in (own, other, consulted, lab)] == [True, True, False, False]
    assert "nsa reviewer" in own
    assert "nsa reviewer" not in other


def test_another_agency_reads_no_name_on_a_request(people, submission):
    asked = factories.information_request(submission, people)
    assert "Drafted by nsa lead" in content_of(
        signed_in(people.nsa_reviewer).get(asked.get_absolute_url())
    )
    for code in ("dod_lead", "oncd_official"):
        shown = content_of(signed_in(getattr(people, code)).get(asked.get_absolute_url()))
        assert "nsa lead" not in shown
        assert asked.question in shown


# Lists


def test_a_consulted_official_sees_what_was_issued(people, submission, move_clock):
    sent = factories.information_request(submission, people)
    unsent = factories.information_request(submission, people, state="draft")
    browser = signed_in(people.oncd_official)
    words = content_of(browser.get(page("rfi-list", submission)))
    assert sent.subject in words
    assert unsent.subject not in words
    move_clock(submission.closes_at)
    assert sent.subject not in content_of(browser.get(page("rfi-list", submission)))


def test_the_list_says_how_far_each_is(people, submission, liaison, move_clock):
    late = factories.information_request(submission, people, days=1)
    factories.information_request(submission, people, days=9)
    factories.information_request(submission, people, state="answered")
    move_clock(late.due_at)
    states = [row.state for row in liaison.get(page("rfi-list", submission)).context["rows"]]
    assert sorted(text.partition(" <")[0] for text in states) == [
        "Answered",
        "Asked",
        "Overdue since",
    ]


@pytest.mark.parametrize("code", ["nsa_lead", "northlight_liaison"])
@pytest.mark.parametrize("name", ["rfi-list", "rfi-write"])
def test_a_list_costs_the_same_however_long_it_is(people, submission, code, name):
    if (code, name) == ("northlight_liaison", "rfi-write"):
        assert signed_in(people.northlight_liaison).get(page(name, submission)).status_code == 403
        return
    browser = signed_in(getattr(people, code))
    factories.information_request(submission, people)
    counts = []
    for number in (1, 60):
        for _ in range(number - 1):
            join(factories.information_request(submission, people, "dod"), people, "cisa")
        browser.get(page(name, submission))
        with CaptureQueriesContext(connection) as asked:
            shown = browser.get(page(name, submission)).context["rows"]
        counts.append(len(asked))
        assert len(shown) == min(number, 50)
    assert counts[0] == counts[1]


def test_a_long_list_has_pages_and_no_cursor_tells_a_lab_of_drafts(people, submission, liaison):
    for _ in range(51):
        factories.information_request(submission, people)
    first = liaison.get(page("rfi-list", submission))
    later = liaison.get(page("rfi-list", submission) + first.context["page"].next_url)
    shown = [row.name for answer in (first, later) for row in answer.context["rows"]]
    assert sorted(shown) == sorted(f"Request {number}" for number in range(1, 52))
