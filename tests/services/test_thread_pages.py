"""The discussion's pages: writing, and that no request widens an audience."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reviews.models import Notice, Post, Thread
from tests import factories
from tests.discussions import edited, opened, posted
from tests.services.agency_pages import content_of, page, signed_in, text_of

TITLE, FIRST = "TITLE-1f", "FIRST-2e"


def address(name, *args):
    return reverse(f"reviews:{name}", args=args)


def create(submission, heard_by, agency="nsa"):
    return f"{address('thread-create', submission.reference, heard_by)}?agency={agency}"


def sent(browser, url, **changes):
    """What a browser sends from the form at ``url``; None leaves a field out."""
    form = browser.get(url).context["form"]
    values = {
        name: form[name].value() for name in ("band", "key", "revision") if name in form.fields
    }
    values |= {"text": "Said."} | ({"title": "Subject"} if "title" in form.fields else {})
    return {name: value for name, value in (values | changes).items() if value is not None}


# At the point of writing.


@pytest.mark.parametrize(
    ("code", "heard_by", "agency", "words", "button"),
    [
        ("nsa_reviewer", "own_agency", "nsa", "Only NSA reads this", "Post to NSA only"),
        (
            *("nsa_reviewer", "agencies", "nsa"),
            *("All reviewing agencies read this", "Post to all agencies"),
        ),
        ("nsa_lead", "with_lab", "nsa", "The lab reads this too", "Post to the lab"),
        (
            *("northlight_liaison", "with_lab", "northlight"),
            *("All reviewing agencies read this", "Post to all agencies"),
        ),
    ],
)
def test_the_audience_stands_above_the_text_and_on_the_button(
    people, submission, code, heard_by, agency, words, button
):
    browser = signed_in(getattr(people, code))
    choices = browser.get(page("thread-choose", submission)).context["choices"]
    url = next(one.url for one in choices if heard_by in one.url)
    assert url == create(submission, heard_by, agency)
    first = browser.get(url)
    browser.post(url, sent(browser, url))
    for answer in (first, browser.get(Thread.objects.get().get_absolute_url())):
        shown = content_of(answer).partition('<form class="fv-form"')[2].partition("</form>")[0]
        band, text = shown.index(f'class="fv-band fv-band--{heard_by}"'), shown.index("<textarea")
        assert band < shown.index(words) < text < shown.index(f">{button}</button>")
        assert 'aria-describedby="band' in shown
    assert answer.context["band"].save == button.replace("Post to", "Save for")


def test_whoever_may_not_write_is_told_why(people, submission, move_clock):
    thread = opened(submission, "with_lab", people.nsa_lead)
    answer = signed_in(people.nsa_reviewer).get(thread.get_absolute_url())
    assert "leads and determination officials write" in content_of(answer)
    assert "<textarea" not in content_of(answer)
    move_clock(submission.closes_at)
    answer = signed_in(people.nsa_lead).get(thread.get_absolute_url())
    assert "nothing is added or changed" in content_of(answer)
    assert "/edit/" not in content_of(answer)


# What no request does: widen an audience.


@pytest.mark.parametrize("other", ["agencies", "with_lab"])
def test_a_form_for_one_audience_sent_to_anothers_address_is_refused(people, submission, other):
    """The text is kept, nothing is posted, and the page says anew who reads it."""
    browser = signed_in(people.nsa_lead)
    form = sent(browser, create(submission, "own_agency"), text=FIRST, title=TITLE)
    answer = browser.post(create(submission, other), form)
    assert answer.status_code == 409
    assert not Thread.objects.exists()
    shown = content_of(answer)
    assert "opened for other readers than its address says" in shown
    assert FIRST in shown
    assert TITLE in shown
    assert f'class="fv-band fv-band--{other}"' in shown
    again = {name: answer.context["form"][name].value() for name in form}
    assert browser.post(create(submission, other), again).status_code == 302
    assert Thread.objects.get().audience == other


def test_a_reply_to_one_thread_sent_to_another_is_refused(people, submission):
    own, wide = (
        opened(submission, heard_by, people.nsa_lead) for heard_by in ("own_agency", "with_lab")
    )
    twin = opened(submission, "own_agency", people.nsa_lead)
    browser = signed_in(people.nsa_lead)
    form = sent(browser, own.get_absolute_url(), text=FIRST)
    for other in (wide, twin):
        answer = browser.post(other.get_absolute_url(), form)
        assert answer.status_code == 409
        assert FIRST in content_of(answer)
        assert other.posts.count() == 1
    assert browser.post(own.get_absolute_url(), form | {"band": ""}).status_code == 409
    assert browser.post(own.get_absolute_url(), form).status_code == 302


def test_fields_of_the_audience_are_ignored(people, submission):
    """In a new thread, a reply and an edit: the audience, the agency and the thread stay."""
    wide = opened(submission, "with_lab", people.nsa_lead)
    browser = signed_in(people.nsa_lead)
    forged = {
        "audience": "with_lab",
        "heard_by": "with_lab",
        "agency": "dod",
        "thread": wide.pk,
        "organization": "dod",
    }
    url = create(submission, "own_agency")
    assert browser.post(url, sent(browser, url) | forged).status_code == 302
    thread = Thread.objects.exclude(pk=wide.pk).get()
    url = thread.get_absolute_url()
    assert browser.post(url, sent(browser, url) | forged).status_code == 302
    post = thread.posts.earliest("pk")
    url = address("post-edit", post.key)
    assert browser.post(url, sent(browser, url, text="Other.") | forged).status_code == 302
    thread.refresh_from_db()
    assert (thread.audience, thread.agency.code) == ("own_agency", "nsa")
    assert [(row.thread_id, row.organization.code) for row in thread.posts.all()] == [
        (thread.pk, "nsa"),
        (thread.pk, "nsa"),
    ]
    assert wide.posts.count() == 1


@pytest.mark.parametrize(
    "heard_by", ["everybody", "own-agency", "OWN_AGENCY", "own_agency/with_lab"]
)
def test_no_other_audience_has_an_address(people, submission, heard_by):
    url = f"/submissions/{submission.reference}/discussion/new/{heard_by}/"
    assert signed_in(people.nsa_lead).get(url).status_code == 404


@pytest.mark.parametrize("agency", ["dod", "northlight", "nowhere", ""])
def test_no_thread_is_opened_for_another_agency(people, submission, agency):
    browser = signed_in(people.nsa_lead)
    form = sent(browser, create(submission, "own_agency"))
    for answer in (
        browser.get(create(submission, "own_agency", agency)),
        browser.post(create(submission, "own_agency", agency), form),
    ):
        assert answer.status_code == 403
    assert not Thread.objects.exists()


@pytest.mark.parametrize("code", ["dod_lead", "northlight_liaison", "recused", "basalt_liaison"])
def test_a_forged_mention_is_refused(people, submission, code):
    """Not a colleague who reads the thread, whatever else she is; nobody is told."""
    if code == "recused":
        signed_in(people.recused).post(page("review-recuse", submission), {})
    browser = signed_in(people.nsa_lead)
    url = create(submission, "agencies")
    form = sent(browser, url, text=FIRST, mentions=[getattr(people, code).email])
    answer = browser.post(url, form)
    assert answer.status_code == 422
    assert answer.context["form"].errors["mentions"] == [
        "One of these people does not read this thread, or is no colleague of yours. Choose from "
        "the list."
    ]
    assert FIRST in content_of(answer)
    assert getattr(people, code).email not in content_of(answer)
    assert not Thread.objects.exists()
    assert not Notice.objects.filter(kind="mentioned").exists()


# Filling in, again and late.


@pytest.mark.parametrize(
    "changes", [{"text": ""}, {"text": " "}, {"title": ""}, {"text": "x" * 20_001}, {"key": "x"}]
)
def test_a_bad_form_keeps_what_was_typed(people, submission, changes):
    browser = signed_in(people.nsa_lead)
    url = create(submission, "agencies")
    answer = browser.post(url, sent(browser, url, **{"text": FIRST, "title": TITLE} | changes))
    assert answer.status_code == 422
    for name, typed in ({"text": FIRST, "title": TITLE} | changes).items():
        assert answer.context["form"][name].value() == typed
    assert not Thread.objects.exists()


def test_a_second_click_is_told_so_and_can_be_sent_again(people, submission):
    browser = signed_in(people.nsa_lead)
    thread = opened(submission, "agencies", people.nsa_lead)
    form = sent(browser, thread.get_absolute_url(), text=FIRST)
    assert browser.post(thread.get_absolute_url(), form).status_code == 302
    answer = browser.post(thread.get_absolute_url(), form)
    assert answer.status_code == 409
    assert thread.posts.count() == 2
    again = form | {"key": answer.context["form"]["key"].value()}
    assert again["key"] != form["key"]
    assert browser.post(thread.get_absolute_url(), again).status_code == 302


def test_an_edit_from_a_second_window_shows_both_texts(people, submission):
    post = opened(submission, "agencies", people.nsa_lead).posts.get()
    browser, url = signed_in(people.nsa_lead), address("post-edit", post.key)
    form = sent(browser, url, text="From the second window")
    browser.post(url, form | {"text": "From the first window"})
    answer = browser.post(url, form)
    assert answer.status_code == 409
    shown = content_of(answer)
    assert "From the first window" in shown
    assert "From the second window" in shown
    again = form | {"revision": answer.context["form"]["revision"].value()}
    assert browser.post(url, again).status_code == 302
    assert Post.objects.get().text == "From the second window"


def test_what_was_typed_survives_the_end_of_the_window(people, submission, move_clock):
    browser, thread = signed_in(people.nsa_lead), opened(submission, "agencies", people.nsa_lead)
    form = sent(browser, thread.get_absolute_url(), text=f"{FIRST} " * 20)
    move_clock(submission.closes_at)
    answer = browser.post(thread.get_absolute_url(), form)
    assert answer.status_code == 403
    assert FIRST in text_of(answer)
    assert thread.posts.count() == 1


# Long ones, and text that is not only text.


def test_pages_cost_the_same_whatever_they_hold(people, submission):
    document = factories.document(submission, people)
    extras = {"mentions": [people.nsa_reviewer], "documents": [document]}
    thread = opened(submission, "agencies", people.nsa_lead, **extras)
    browser = signed_in(people.nsa_official)
    urls = [page("thread-list", submission), thread.get_absolute_url()]

    def cost(url):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(url).status_code == 200
        return len(queries)

    before = [cost(url) for url in urls]
    for _ in range(8):
        edited(posted(thread, people.nsa_lead, **extras))
        opened(submission, "with_lab", people.dod_lead, "dod")
    assert [cost(url) for url in urls] == before


def test_long_threads_and_lists_have_pages(people, submission, move_clock, start):
    thread = opened(submission, "agencies", people.nsa_lead, text="The oldest.")
    Post.objects.bulk_create(
        Post(
            thread=thread,
            organization=thread.agency,
            author=people.nsa_lead,
            text=f"Number {number}.",
            posted_at=start,
            key=uuid4(),
        )
        for number in range(60)
    )
    browser = signed_in(people.dod_reviewer)
    first = browser.get(thread.get_absolute_url())
    second = browser.get(thread.get_absolute_url() + first.context["page"].next_url)
    shown = [row.post.text for answer in (first, second) for row in answer.context["page"].rows]
    assert (len(first.context["page"].rows), len(shown), len(set(shown))) == (50, 61, 61)
    for wrong in ("x~y", f"{start.isoformat()}~1"):
        answer = browser.get(thread.get_absolute_url(), {"after": wrong})
        assert answer.status_code == 400


def test_text_is_shown_formatted_and_safe(people, submission):
    text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
    post = opened(
        submission, "agencies", people.nsa_lead, title="<b>Subject</b>", text=text
    ).posts.get()
    browser = signed_in(people.dod_lead)
    for url in (post.thread.get_absolute_url(), address("post-history", post.key)):
        shown = content_of(browser.get(url))
        assert "<p><strong>Bold</strong> &lt;script&gt;alert(1)&lt;/script&gt; [x](java" in shown
        assert "&lt;b&gt;Subject&lt;/b&gt;" in shown
        assert "<script>" not in shown
