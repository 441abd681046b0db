"""What a draft says before it is filed: which steps are complete, and what filing would meet."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from reviews.forms.drafting import STEPS
from reviews.services import lifecycle
from tests import factories
from tests.services.lab_pages import (
    FILING,
    IDENTITY,
    VERSION,
    date_parts,
    edit_url,
    file_url,
    text_of,
    url,
)

pytestmark = pytest.mark.django_db

SEGMENT = re.compile(
    r'<li class="usa-step-indicator__segment(.*?)"( aria-current="step")?>'
    r'<span class="usa-step-indicator__segment-label">(.*?) '
    r'<span class="usa-sr-only">(.*?)</span>'
)
NOW = "Your window would be"
CANNOT = "This cannot be filed now"


def pages(lab, submission):
    """Every page of a draft, as text."""
    addresses = [edit_url(submission, step) for step in STEPS] + [file_url(submission)]
    return [text_of(lab.get(address)) for address in addresses]


class TestSteps:
    def said(self, lab, address):
        """(its label, whether it is the current one, its colour and its words) of each step."""
        return [
            (label, bool(current), look.rpartition("--")[2], words)
            for look, current, label, words in SEGMENT.findall(text_of(lab.get(address)))
        ]

    def test_step_without_its_answers_is_not_completed(self, lab, people):
        submission = factories.draft(people, complete=False)
        assert self.said(lab, edit_url(submission, "safeguards")) == [
            ("Model", False, "", "not completed"),
            ("Release and access", False, "", "not completed"),
            ("Capabilities and risks", False, "", "not completed"),
            ("Safeguards and terms", True, "current", "not completed"),
            ("Check and file", False, "", "not completed"),
        ]

    def test_step_with_its_answers_is_completed_wherever_one_is(self, lab, people):
        answers = {"intended_uses": "Code.", "weights": "closed", "safeguards": "Filters."}
        submission = factories.draft(people, complete=False, access_level="al1", **answers)
        assert self.said(lab, edit_url(submission, "model")) == [
            ("Model", True, "current", "completed"),
            ("Release and access", False, "complete", "completed"),
            ("Capabilities and risks", False, "", "not completed"),
            ("Safeguards and terms", False, "", "not completed"),
            ("Check and file", False, "", "not completed"),
        ]

    def test_filing_itself_is_not_completed_by_opening_it(self, lab, people):
        *steps, last = self.said(lab, file_url(factories.draft(people)))
        assert {words for *_, words in steps} == {"completed"}
        assert last == ("Check and file", True, "current", "not completed")

    def test_queries_stay_the_same(self, lab, people, move_clock, start):
        counts = set()
        for number in range(1, 4):
            submission = factories.draft(people, **VERSION)
            for step in STEPS:
                with CaptureQueriesContext(connection) as captured:
                    lab.get(edit_url(submission, step))
                counts.add(len(captured))
            filed = factories.filed(people, **VERSION)
            move_clock(start + timedelta(hours=number))
            lifecycle.withdraw(filed, by=people.northlight_liaison, at=factories.now())
        assert len(counts) == 1


class TestVersionWithoutTime:
    def test_version_under_review_is_said_at_the_first_step(self, lab, people):
        first = factories.filed(people, **VERSION)
        page = text_of(lab.post(url("submission-create"), IDENTITY, follow=True))
        assert CANNOT in page
        assert f"is under review already, as {first.reference}. Withdraw that submission" in page

    def test_version_changed_to_one_under_review_is_said_on_the_next_page(self, lab, people):
        first = factories.filed(people, **VERSION)
        submission = factories.draft(people)
        typed = IDENTITY | {"revision": submission.revision}
        response = lab.post(edit_url(submission, "model"), typed, follow=True)
        assert response.redirect_chain == [(edit_url(submission, "access"), 302)]
        assert f"as {first.reference}. Withdraw" in text_of(response)

    def test_version_whose_hours_are_used_up_is_said_on_every_page(
        self, lab, people, move_clock, start
    ):
        first = factories.filed(people, **VERSION)
        move_clock(start + timedelta(hours=100))
        lifecycle.withdraw(first, by=people.northlight_liaison, at=factories.now())
        second = factories.filed(people, **VERSION)
        submission = factories.draft(people, **VERSION)
        move_clock(second.closes_at)
        for page in pages(lab, submission):
            assert CANNOT in page
            assert f"720 hours, as {first.reference} and {second.reference}. To have" in page
            assert "enter its version and SHA-256 instead" in page

    def test_hours_that_are_left_are_no_obstacle(self, lab, people, move_clock, start):
        first = factories.filed(people, **VERSION)
        move_clock(start + timedelta(hours=100))
        lifecycle.withdraw(first, by=people.northlight_liaison, at=factories.now())
        for page in pages(lab, factories.draft(people, **VERSION)):
            assert CANNOT not in page
            assert NOW not in page

    def test_same_checkpoint_of_another_lab_leaves_no_trace(self, lab, people):
        factories.filed(people, "basalt", **VERSION)
        for page in pages(lab, factories.draft(people, **VERSION)):
            assert CANNOT not in page


class TestShortWindow:
    @pytest.mark.parametrize(
        ("ahead", "says", "level"),
        [
            (timedelta(minutes=40), "40 minutes", "warning"),
            (timedelta(seconds=30), "less than a minute", "warning"),
            (timedelta(hours=23, minutes=59), "23 hours 59 minutes", "warning"),
            (timedelta(hours=24), "1 day", "info"),
            (timedelta(days=20, hours=3), "20 days 3 hours", "info"),
        ],
    )
    def test_every_page_says_how_long_and_why(self, lab, people, start, ahead, says, level):
        submission = factories.draft(people, planned_partner_release_at=start + ahead)
        change = f"{edit_url(submission, 'access')}#id_planned_partner_release_at"
        for page in pages(lab, submission):
            assert f"{NOW} {says} if you filed now, because it ends at the planned" in page
            assert f'href="{change}"' in page
            alert, _, _ = page.partition(NOW)
            assert alert.rpartition('class="usa-alert usa-alert--')[2].startswith(level)

    def test_release_minutes_ahead_is_said_as_soon_as_it_is_saved(self, lab, people):
        submission = factories.draft(people)
        typed = date_parts("planned_partner_release_at", "10", "20", "2026", "11:40 am")
        address = edit_url(submission, "access")
        page = lab.post(address, typed | {"revision": submission.revision}, follow=True)
        assert f"{NOW} 40 minutes" in text_of(page)
        assert "Oct. 20, 2026, 11:40 a.m. EDT" in text_of(page)

    def test_filing_asks_nothing_more(self, lab, people, start):
        release = start + timedelta(minutes=40)
        submission = factories.draft(people, planned_partner_release_at=release)
        response = lab.post(file_url(submission), FILING | {"revision": submission.revision})
        assert response.status_code == 302
        submission.refresh_from_db()
        assert submission.closes_at == release

    @pytest.mark.parametrize("hours", [None, 720, 900])
    def test_release_that_takes_nothing_is_not_mentioned(self, lab, people, start, hours):
        release = hours and start + timedelta(hours=hours)
        submission = factories.draft(people, planned_partner_release_at=release)
        assert not [page for page in pages(lab, submission) if NOW in page]


def test_event_names_the_step_that_was_changed(lab, people):
    submission = factories.draft(people)
    typed = {"contacts": "New desk.", "revision": submission.revision}
    lab.post(edit_url(submission, "safeguards"), typed)
    event = AuditEvent.objects.filter(action="submission.revised").latest("sequence")
    assert event.details["step"] == "Safeguards and terms"
    assert "contacts" in event.details["fields"]
