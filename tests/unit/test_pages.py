"""The frame of every page: error pages, the banner, blocks rendered once, status tags."""

import re

import pytest
from django import forms
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.test import RequestFactory

from portal.templatetags.foreview import icon, status_html


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 500, 503])
def test_an_error_page_needs_neither_request_nor_person(status):
    html = render_to_string(f"{status}.html")
    assert html.count("<h1>") == 1
    assert "your administrator" in html
    assert "Nothing in Foreview approves, denies or holds a release." in html
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)


def test_the_page_of_what_is_not_there_is_the_same_for_every_cause():
    plain = render_to_string("404.html")
    telling = {
        "message": "Northlight",
        "messages": ["Northlight"],
        "navigation": [{"label": "Northlight", "url": "/", "current": True}],
        "side_navigation": [{"label": "Northlight", "url": "/", "current": True}],
        "breadcrumbs": [{"label": "Northlight", "url": "/"}],
        "signed_in_name": "Northlight",
        "sign_out_url": "/",
        "lab_page": True,
    }
    assert render_to_string("404.html", telling) == plain
    assert "Northlight" in render_to_string("403.html", telling)


@pytest.mark.parametrize("status", [400, 403, 409, 413])
def test_a_reason_that_is_given_is_shown_and_escaped(status):
    html = render_to_string(f"{status}.html", {"message": "The <window> ended."})
    assert "The &lt;window&gt; ended." in html


def test_the_banner_claims_nothing_in_the_demonstration():
    official = "An official website of the United States government"
    html = render_to_string("400.html", {"demonstration": True})
    assert official not in html
    assert "Not an official website of the United States government" in html
    assert "us_flag" not in html
    assert official in render_to_string("400.html", {"demonstration": False})


def test_a_frozen_block_is_rendered_once_for_each_value():
    engine = Engine(libraries={"foreview": "portal.templatetags.foreview"})
    template = engine.from_string("{% load foreview %}{% frozen a %}{{ a }}{{ b }}{% endfrozen %}")
    assert template.render(Context({"a": 1, "b": "x"})) == "1x"
    assert template.render(Context({"a": 1, "b": "y"})) == "1x"
    assert template.render(Context({"a": 2, "b": "y"})) == "2y"
    assert template.render(Context({"b": "z"})) == "z"


def test_a_status_without_a_label_is_an_error():
    assert status_html("under_review") == (
        '<span class="fv-status fv-status--under_review">Under review</span>'
    )
    with pytest.raises(KeyError):
        status_html("approved")


def test_an_icon_is_decoration_unless_it_has_a_label():
    assert 'aria-hidden="true"' in icon("check")
    assert icon("check").count("sprite.svg#check") == 1
    assert 'aria-label="Passed"' in icon("check", "Passed")
    assert "aria-hidden" not in icon("check", "Passed")


class Asked(forms.Form):
    """A filter with an order, as the lists have."""

    q = forms.CharField(required=False)
    sort = forms.CharField(required=False)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "<title> | Foreview</title>"),
        ({"q": ""}, "<title> | Foreview</title>"),
        ({"sort": "ends"}, "<title> | Foreview</title>"),
        ({"q": "Aurora", "sort": "ends"}, "<title>, filtered | Foreview</title>"),
    ],
)
def test_the_title_says_that_a_list_is_filtered(asked, words):
    get = RequestFactory().get("/", asked)
    assert words in render_to_string("base.html", {"form": Asked(get.GET), "request": get})
    post = RequestFactory().post("/", asked)
    sent = render_to_string("base.html", {"form": Asked(post.POST), "request": post})
    assert "filtered" not in sent


def test_a_form_is_sent_to_its_own_address_without_what_a_link_added():
    request = RequestFactory().get("/seats/?role=lead&email=a")
    html = render_to_string("components/form.html", {"form": Asked(), "request": request})
    assert 'action="/seats/?role=lead&amp;email=a"' in html
    named = render_to_string("components/form.html", {"action": "/there/", "request": request})
    assert 'action="/there/"' in named
    found = render_to_string("components/filter.html", {"form": Asked(), "request": request})
    assert 'action="/seats/"' in found


def test_a_link_to_change_an_answer_keeps_the_questions_capitals():
    answers = [{"question": "Checkpoint SHA-256", "answer": "0", "change_url": "/"}]
    assert "> Checkpoint SHA-256</span>" in render_to_string(
        "components/summary_list.html", {"answers": answers}
    )
