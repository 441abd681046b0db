"""The page that says who had access at a past instant, by the audit log alone."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEvent, User
from portal import keyset
from reviews.models import AccessGrant
from reviews.models.grant_states import Side
from reviews.services import access, lifecycle, suspensions
from reviews.views import past_access
from tests import factories
from tests.services.test_audit import TABLE, TRIGGERS, sql

pytestmark = pytest.mark.django_db
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


@pytest.fixture
def look(act, move_clock, start):
    """The page as of an instant, asked 100 days after the start."""

    def ask(who, at, **more):
        move_clock(start + 100 * DAY)
        return act(who, "get", reverse("reviews:past-list"), {"at": at.isoformat()} | more)

    return ask


def text(answer):
    """What a person reads of the page, below its heading."""
    body = answer.content.decode().partition("<h1")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body))


def rows(answer):
    """{reference: state} of the page's rows."""
    return {row.reference: row.state for row in answer.context["page"].rows}


def grant_of(people, lab="northlight", **changes):
    """A grant of a submission of its own, live unless said otherwise."""
    return factories.grant(factories.filed(people, lab), people, lab=lab, **changes)


@pytest.mark.parametrize("who", ["administrator", "auditor", "northlight_liaison"])
def test_it_says_who_had_live_access(look, people, start, who):
    grant = grant_of(people, users=[people.nsa_lead])
    page = look(who, start + DAY)
    assert page.status_code == 200
    assert rows(page) == {grant.submission.reference: "Live"}
    assert people.nsa_reviewer.name in text(page)
    assert people.nsa_lead.name in text(page)
    assert ("AL1" in text(page), "NSA" in text(page)) == (True, True)
    opens = who != "auditor"
    assert (grant.get_absolute_url() in page.content.decode()) == opens
    assert (str(grant.submission.model_version) in text(page)) == (who == "northlight_liaison")


def test_the_answer_is_of_that_instant_and_not_of_the_rows(look, people, start, move_clock):
    grant = grant_of(people)
    move_clock(start + 2 * DAY)
    access.revoke(grant, reason="", by=people.administrator, at=start + 2 * DAY)
    AccessGrant.objects.update(ends_at=start + HOUR, authorized_at=None, authorized_by=None)
    reference = grant.submission.reference
    assert rows(look("auditor", start - TICK)) == {}
    assert rows(look("auditor", start)) == {reference: "Live"}
    assert rows(look("auditor", start + 2 * DAY - TICK)) == {reference: "Live"}
    assert rows(look("auditor", start + 2 * DAY)) == {}
    after = look("auditor", start + 2 * DAY, show="all")
    assert rows(after) == {reference: "Revoked. An administrator revoked it"}


def test_what_is_not_live_is_shown_on_request(look, people, start, move_clock):
    live, waits = grant_of(people), grant_of(people, state="requested")
    stopped, declined = grant_of(people), grant_of(people, state="declined")
    suspensions.suspend(stopped, side=Side.LAB, reason="", by=people.northlight_admin, at=start)
    withdrawn = grant_of(people)
    move_clock(start + HOUR)
    lifecycle.withdraw(withdrawn.submission, by=people.northlight_liaison, at=start + HOUR)
    states = {
        live.submission.reference: "Live",
        waits.submission.reference: "Waiting for the lab's consent",
        stopped.submission.reference: "Suspended by: lab",
    }
    assert rows(look("administrator", start + DAY, show="not_over")) == states
    states |= {
        declined.submission.reference: "Declined. The lab declined the request",
        withdrawn.submission.reference: "Ended. The lab withdrew the submission",
    }
    assert rows(look("administrator", start + DAY, show="all")) == states
    one = {"show": "all", "submission": stopped.submission.reference.lower()}
    assert list(rows(look("auditor", start + DAY, **one))) == [stopped.submission.reference]


@pytest.mark.parametrize(
    "who", ["nsa_lead", "nsa_reviewer", "partner_contact", "vendor_contact", "superuser"]
)
def test_for_others_there_is_no_such_page(look, people, start, who):
    grant_of(people)
    assert look(who, start).status_code == 404


def test_a_lab_learns_of_its_own_models_and_no_count(look, people, start):
    own, other = grant_of(people), grant_of(people, "basalt")
    page = look("northlight_liaison", start + DAY, show="all")
    assert list(rows(page)) == [own.submission.reference]
    for hidden in (other.submission.reference, "Basalt", people.nsa_reviewer.email):
        assert hidden not in text(page)
    assert not re.search(r"event \d", text(page))
    evidence = page.context["evidence"]
    last = AuditEvent.objects.filter(submission=own.submission.reference).last()
    assert (evidence.number, evidence.sha256, evidence.verified) == (None, last.sha256, False)


@pytest.mark.parametrize("who", ["administrator", "auditor"])
def test_it_names_the_last_event_and_says_that_the_log_holds(look, people, start, who, move_clock):
    grant_of(people)
    last = AuditEvent.objects.order_by("sequence").last()
    move_clock(start + DAY)
    grant_of(people)
    page = text(look(who, start + HOUR))
    assert f"The audit log up to event {last.sequence}," in page
    assert last.sha256 in page
    assert "every event up to there follows the one before it" in page
    assert "The audit log holds nothing from so early" in text(look(who, start - 9 * DAY))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2027-02-01T00:00:00+00:00", "Enter an instant that has passed."),
        ("yesterday", "Add the month"),
        ("2026-10-20", "Enter a time such as"),
        ("9999-99-99T00:00:00+00:00", "Add the month"),
    ],
)
def test_what_is_no_past_instant_is_refused(act, people, move_clock, start, at, said):
    move_clock(start + 100 * DAY)
    page = act("auditor", "get", reverse("reviews:past-list"), {"at": at})
    assert page.status_code == 400
    assert said in text(page)
    assert "evidence" not in page.context


def test_a_typed_time_is_in_the_readers_zone_and_the_address_in_utc(act, people, start):
    grant_of(people)
    User.objects.filter(pk=people.auditor.pk).update(zone="America/Los_Angeles")
    people.auditor.refresh_from_db()
    typed = {"at_month": "10", "at_day": "20", "at_year": "2026", "at_time": "8:00 am"}
    page = act("auditor", "get", reverse("reviews:past-list"), typed)
    assert page.context["then"] == start
    assert "Oct. 20, 2026, 8:00 a.m. PDT" in text(page)
    address = "?at=2026-10-20T15%3A00%3A00%2B00%3A00"
    assert f'href="{address}"' in page.content.decode()
    again = act("administrator", "get", reverse("reviews:past-list") + address)
    assert (again.context["then"], rows(again)) == (start, rows(page))


def test_without_an_instant_it_is_now(act, people, start):
    grant = grant_of(people)
    page = act("auditor", "get", reverse("reviews:past-list"))
    assert (page.context["then"], list(rows(page))) == (start, [grant.submission.reference])


def test_pages_go_on_by_key(act, people, start, monkeypatch):
    grants = {grant_of(people).submission.reference for _ in range(5)}
    monkeypatch.setattr(past_access.keyset, "page", partial(keyset.page, size=2))
    address, found, sizes = reverse("reviews:past-list"), [], []
    query = "?show=all"
    while query:
        page = act("auditor", "get", address + query)
        found += rows(page)
        sizes.append(len(rows(page)))
        query = page.context["page"].next_url
    assert (set(found), len(found), sizes) == (grants, 5, [2, 2, 1])
    assert act("auditor", "get", address + "?after=x").status_code == 400


@pytest.mark.parametrize("who", ["auditor", "northlight_liaison"])
@pytest.mark.parametrize("show", ["", "all"])
def test_a_page_costs_the_same_however_many_grants_there_were(look, people, start, who, show):
    first, second = grant_of(people), grant_of(people)
    for agency in ("nsa", "dod", "dod", "dod"):
        factories.grant(second.submission, people, agency)

    def cost(**more):
        with CaptureQueriesContext(connection) as queries:
            page = look(who, start + DAY, show=show, **more)
        return len(page.context["page"].rows), len(queries)

    cost()  # what a process asks once
    one, queries = cost(submission=first.submission.reference)
    assert (one, cost()) == (1, (6, queries))


@pytest.fixture
def unguarded(db):
    """The log without its triggers, as an owner of the database could have it; rolled back."""
    for statement in TRIGGERS[connection.vendor]:
        sql(statement)


@pytest.mark.parametrize("who", ["auditor", "northlight_liaison"])
@pytest.mark.parametrize("long", [False, True])
def test_an_altered_event_is_told(look, people, start, unguarded, monkeypatch, who, long):
    grant_of(people)
    event = AuditEvent.objects.get(action="grant.requested")
    later = {"ends_at": (start + 20 * DAY).isoformat()}
    AuditEvent.objects.filter(pk=event.pk).update(details=event.details | later)
    if long:
        monkeypatch.setattr(past_access, "VERIFIED_AT_ONCE", 0)
    page = text(look(who, start + DAY))
    assert "The audit log is not whole up to there" in page
    assert "An event of this was changed after it was recorded." in page
    assert "every event up to there follows" not in page
    told = {
        ("auditor", False): f"Event {event.pk} was changed after it was recorded.",
        ("auditor", True): f"Event {event.pk} of the log, on which this page rests, is not as",
    }.get((who, long), "What this page rests on is not as it was recorded.")
    assert told in page
    if who != "auditor":
        assert str(event.pk) not in page.partition("does not hold")[2].partition("As of")[0]


def test_an_event_taken_out_is_told(look, people, start, unguarded):
    grant_of(people)
    gone = AuditEvent.objects.get(action="grant.authorized")
    sql(f"DELETE FROM {TABLE} WHERE sequence = {gone.pk}")
    page = look("auditor", start + DAY)
    assert rows(page) == {}
    said = f"Event {gone.pk} was recorded last, and the log ends at {gone.pk - 1}."
    assert said in text(page)
    with transaction.atomic():
        audit.record("x", by=audit.SYSTEM, at=start + 2 * DAY)
    said = f"Event {gone.pk} is missing: the next one found is {gone.pk + 1}."
    assert said in text(look("auditor", start + DAY))


def test_what_was_changed_later_breaks_no_answer(look, people, start, move_clock, unguarded):
    grant_of(people)
    move_clock(start + 2 * DAY)
    grant_of(people)
    later = AuditEvent.objects.filter(at__gt=start + DAY).order_by("sequence")
    AuditEvent.objects.filter(pk__gt=later.first().pk).update(actor="x")
    assert "every event up to there follows" in text(look("auditor", start + DAY))
    assert "is not whole up to there" in text(look("auditor", start + 3 * DAY))


def test_a_long_log_is_verified_when_asked_for(look, people, start, unguarded, monkeypatch):
    grant_of(people)
    AuditEvent.objects.filter(sequence=2).update(actor="x")
    monkeypatch.setattr(past_access, "VERIFIED_AT_ONCE", 3)
    page = look("auditor", start + DAY)
    assert "this page has checked only the events that it shows" in text(page)
    assert "does not hold" not in text(page)
    assert "&amp;verify=1" in page.content.decode()
    asked = look("auditor", start + DAY, verify="1")
    assert "Event 2 was changed after it was recorded." in text(asked)
    assert "verify" not in asked.context["address"]


def test_an_event_of_an_earlier_release_is_said_to_lack_its_facts(look, people, start, unguarded):
    """It held no start, no people and no level; the authorization held the end."""
    live, revoked = grant_of(people), grant_of(people, state="revoked")
    for event in AuditEvent.objects.filter(object_type="grant"):
        kept = {name: event.details[name] for name in ("ends_at",) if name in event.details}
        event.details = kept if event.action == "grant.authorized" else {}
        AuditEvent.objects.filter(pk=event.pk).update(
            details=event.details, sha256=audit.digest(event)
        )
    page = look("auditor", start + DAY, show="all")
    said = "Not certain: the events are of an earlier release and do not tell its start."
    assert said in text(page)
    found = {row.reference: row for row in page.context["page"].rows}
    assert found[live.submission.reference].doubt == "start"
    assert found[live.submission.reference].people == [("Not recorded", "")]
    assert found[live.submission.reference].level == "Level not recorded"
    assert found[revoked.submission.reference].doubt == ""
    assert found[revoked.submission.reference].state == "Revoked. Why is not on record"
    assert list(rows(look("auditor", start + DAY))) == [live.submission.reference]


@pytest.mark.parametrize(
    ("who", "there"),
    [("administrator", True), ("northlight_liaison", True), ("nsa_lead", False)],
)
def test_the_list_of_access_leads_there(act, people, who, there):
    page = act(who, "get", reverse("reviews:grant-list")).content.decode()
    assert (reverse("reviews:past-list") in page) == there
