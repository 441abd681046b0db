"""The list of submissions finds what it shows, and an overview says when access really ends."""

from datetime import timedelta

import pytest

from tests import factories
from tests.services.agency_pages import content_of, signed_in


@pytest.fixture
def aurora(people):
    """A submission of Northlight's model Aurora 4, beside one of another family and version."""
    factories.filed(people, family="Borealis", version="44")
    return factories.filed(people, family="Aurora", version="4")


@pytest.mark.parametrize(
    "typed", ["aurora", "Aurora 4", "Northlight Aurora", " 4  aurora ", "northlight aurora 4"]
)
def test_a_search_finds_what_a_line_shows(people, aurora, typed):
    rows = signed_in(people.nsa_lead).get("/submissions/", {"q": typed}).context["rows"]
    assert [row.url for row in rows] == [aurora.get_absolute_url()]


def test_every_word_must_be_there(people, aurora):
    browser = signed_in(people.nsa_lead)
    for typed in ("Aurora 44", "Basalt Aurora", f"{aurora.reference} Borealis"):
        assert browser.get("/submissions/", {"q": typed}).context["rows"] == []
    (row,) = browser.get("/submissions/", {"q": aurora.reference}).context["rows"]
    assert row.url == aurora.get_absolute_url()


def test_an_overview_says_when_access_ended_or_will(people, aurora, settings, move_clock, start):
    settings.RECERTIFICATION_DAYS = 9
    factories.grant(aurora, people, ends_at=start + timedelta(days=20))
    factories.grant(aurora, people, "dod", state="revoked")
    shown = content_of(signed_in(people.northlight_liaison).get(aurora.get_absolute_url()))
    assert "Live, until" in shown
    assert "unless renewed" in shown
    assert "Revoked, until" not in shown
    assert "Revoked, <time" in shown
