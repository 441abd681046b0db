"""The way about: which sections a person has, where she is, and that each link answers her."""

import pytest
from django.urls import reverse

from portal.context import SECTIONS
from tests.services.agency_pages import signed_in

PEOPLE = {
    "administrator": ["Home", "Access", "People", "Calendar", "Notices", "Operations", "Profile"],
    "auditor": ["Home", "Access", "Notices", "Audit log", "Profile"],
    "northlight_liaison": ["Home", "Submissions", "Access", "Calendar", "Notices", "Profile"],
    "nsa_reviewer": ["Home", "Submissions", "Access", "Calendar", "Notices", "Profile"],
    "nsa_lead": ["Home", "Submissions", "Access", "Calendar", "Notices", "Profile"],
}


def labels(links):
    return [link.label for link in links]


def said(links):
    return {link.label: link.current for link in links if link.current}


@pytest.mark.parametrize("name", PEOPLE)
def test_each_place_that_a_person_is_shown_answers_her(people, name):
    browser = signed_in(getattr(people, name))
    sections = browser.get("/").context["navigation"]
    assert labels(sections) == PEOPLE[name]
    for section in sections:
        page = browser.get(section.url)
        assert page.status_code == 200
        for place in page.context["local_navigation"]:
            assert browser.get(place.url).status_code == 200


def test_a_place_is_marked_once_and_what_is_below_it_too(people):
    browser = signed_in(people.administrator)
    board = browser.get(reverse("reviews:board-detail")).context
    assert said(board["navigation"]) == {"Access": "true"}
    assert said(board["local_navigation"]) == {"Board": "page"}
    terms = browser.get(reverse("reviews:terms-publish")).context
    assert said(terms["local_navigation"]) == {"Terms": "true"}
    home = browser.get("/").context
    assert said(home["navigation"]) == {"Home": "page"}
    assert home["local_navigation"] == []


def test_a_place_that_is_not_among_hers_is_marked_by_its_section(people):
    page = signed_in(people.northlight_liaison).get(reverse("reviews:terms-list")).context
    assert said(page["navigation"]) == {"Access": "true"}
    assert "Terms" not in labels(page["local_navigation"])
    assert said(page["local_navigation"]) == {}


def test_who_has_one_place_of_a_section_has_no_second_row(people):
    page = signed_in(people.nsa_reviewer).get(reverse("reviews:grant-list")).context
    assert said(page["navigation"]) == {"Access": "page"}
    assert page["local_navigation"] == []


def test_no_two_places_share_an_address():
    urls = [reverse(name) for places in SECTIONS.values() for _, name, _ in places]
    assert len(urls) == len(set(urls))
