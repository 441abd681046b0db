"""The auditor's account of NSA's discretion: counts, times, reasons, the log's word; no content."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import labs
from portal import keyset
from reviews.models import Determination
from reviews.services import determinations, discretion, lifecycle
from reviews.services.discretion import Fate
from tests import factories
from tests.services.agency_pages import content_of, signed_in, text_of

CANARY = "CANARY-0e42"
URL = "reviews:discretion-list"
DAY = timedelta(days=1)


def account(determination):
    return reverse("reviews:discretion-detail", args=[determination.key])


def counted(group):
    return {fate: number for fate, number in group.counts.items() if number}


def test_what_became_of_submissions_is_counted_by_lab_and_size(people, start, at_instant):
    labs.measure(factories.organization("basalt"), size="small", by=people.administrator, at=start)
    late = factories.filed(people)
    lifecycle.shorten(late, closes_at=start + DAY, by=people.northlight_liaison, at=start)
    waiting = factories.determination(factories.filed(people, "basalt"), people)
    assert waiting.signed_at is None
    lifecycle.withdraw(factories.filed(people), by=people.northlight_liaison, at=start)
    factories.filed(people)
    factories.draft(people)
    filed = [factories.filed(people) for _ in range(3)]
    basalts = [factories.filed(people, "basalt") for _ in range(2)]
    not_covered = {"outcome": "not_covered"}
    changed = not_covered | {"supersedes_reason": "Measured again."}
    for day, submission, said in (
        (2, basalts[0], not_covered),
        (3, filed[0], {}),
        (4, filed[0], changed),  # which does not change how long the first took
        (5, filed[1], {}),
        (9, basalts[1], not_covered),
        (10, filed[2], {}),
    ):
        with at_instant(start + day * DAY):
            factories.determination(submission, people, state="signed", **said)
    found = discretion.summary(at=start + 11 * DAY)
    basalt, northlight = found.labs
    assert (basalt.label, northlight.label) == ("Basalt", "Northlight")
    assert counted(northlight) == {
        Fate.COVERED: 2,
        Fate.NOT_COVERED: 1,
        Fate.NOT_MADE: 1,
        Fate.WITHDRAWN: 1,
        Fate.NONE_YET: 1,
    }
    assert counted(basalt) == {Fate.NOT_COVERED: 2, Fate.NONE_YET: 1}
    assert (northlight.median, northlight.longest) == (5 * DAY, 10 * DAY)
    assert (basalt.median, basalt.longest) == (5.5 * DAY, 9 * DAY)
    assert (found.whole.median, found.whole.longest) == (5 * DAY, 10 * DAY)
    assert sum(found.whole.numbers) == 9
    assert [(group.label, counted(group), group.median) for group in found.sizes] == [
        ("Fewer than 50 people", counted(basalt), basalt.median),
        ("Not recorded", counted(northlight), northlight.median),
    ]
    end = discretion.summary(at=start + 60 * DAY)
    assert (end.whole.counts[Fate.NONE_YET], end.whole.counts[Fate.NOT_MADE]) == (0, 3)


def test_without_a_determination_no_time_is_told(people):
    found = discretion.summary(at=factories.now())
    assert (found.labs, found.sizes, found.whole.median) == ([], [], None)
    factories.filed(people)
    assert discretion.summary(at=factories.now()).whole.longest is None
    shown = content_of(signed_in(people.auditor).get(reverse(URL)))
    assert "No determination has been signed." in shown


def test_each_is_shown_with_what_became_of_it_and_no_content_of_the_lab(people, start):
    submission = factories.filed(people, family=CANARY, version=CANARY)
    first = factories.determination(submission, people, state="shared", rationale="Rationale-1")
    determinations.respond(first, text=CANARY, by=people.northlight_liaison, at=start)
    determinations.record_consultation(
        submission, statement=CANARY, by=people.oncd_official, at=start
    )
    second = factories.determination(
        submission, people, state="signed", supersedes_reason="A second measurement."
    )
    waiting = factories.determination(
        submission, people, rationale=CANARY, supersedes_reason=CANARY
    )
    auditor = signed_in(people.auditor)
    shown = content_of(auditor.get(reverse(URL)))
    assert "2 of 2 on this page agree with the audit log." in shown
    assert "Superseded by number 2" in shown
    assert "A second measurement." in shown
    assert "Shared with the lab, which responded" in shown
    assert "CC-1, version 1" in shown
    assert "A second measurement." in content_of(auditor.get(account(first)))
    detail = content_of(auditor.get(account(second)))
    for words in ("A second measurement.", "Number 1", "Agrees", "ONCD", "None recorded"):
        assert words in detail
    assert "Rationale-1" in content_of(auditor.get(account(first)))
    assert auditor.get(account(waiting)).status_code == 404
    for text in (shown, detail, content_of(auditor.get(account(first)))):
        assert CANARY not in text
        assert "nsa official" not in text


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *(("northlight_liaison", 404), ("administrator", 404), ("superuser", 404)),
        *(("nsa_official", 403), ("nsa_lead", 403)),  # they see the determination
    ],
)
def test_nobody_else_has_the_account(people, code, status):
    signed = factories.determination(factories.filed(people), people, state="signed")
    browser = signed_in(getattr(people, code))
    assert browser.get(reverse(URL)).status_code == 404
    assert browser.get(account(signed)).status_code == status


def test_what_the_log_does_not_bear_out_is_shown(people):
    rows = [
        factories.determination(factories.filed(people), people, state="signed") for _ in range(2)
    ]
    Determination.objects.filter(pk=rows[0].pk).update(outcome="not_covered")
    auditor = signed_in(people.auditor)
    shown = content_of(auditor.get(reverse(URL)))
    assert "1 of 2 on this page agree" in shown
    assert "<strong>Differs:</strong> outcome" in shown
    assert "The audit log says otherwise" not in shown
    Determination.objects.filter(pk=rows[1].pk).update(signed_at=None, signer=None)
    shown = content_of(auditor.get(reverse(URL)))
    assert "Signed determinations on record: 1. By the log: 2." in shown


def test_pages_cost_a_fixed_number_of_queries_and_go_on(people, monkeypatch):
    auditor = signed_in(people.auditor)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert auditor.get(reverse(URL)).status_code == 200
        return len(asked)

    def signed():
        return factories.determination(factories.filed(people), people, state="signed")

    rows = [signed()]
    queries()
    before = queries()
    rows = sorted([*rows, signed(), signed(), signed()], key=lambda row: row.key)
    assert queries() == before
    monkeypatch.setattr(keyset.page, "__kwdefaults__", keyset.page.__kwdefaults__ | {"size": 3})
    first = auditor.get(reverse(URL)).context["page"]
    assert [row.determination for row in first.rows] == rows[:0:-1]
    second = auditor.get(reverse(URL) + first.next_url).context["page"]
    assert [row.determination for row in second.rows] == rows[:1]
    assert auditor.get(f"{reverse(URL)}?after=x~y").status_code == 400


def test_the_way_there_is_beside_the_audit_log(people):
    page = signed_in(people.auditor).get(reverse(URL))
    assert reverse("accounts:audit-list") in text_of(page)
    assert [link.label for link in page.context["local_navigation"]] == [
        "Audit log",
        "Use of discretion",
        "Quarantine",
    ]
