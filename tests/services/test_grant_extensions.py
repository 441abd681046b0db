"""More time for access that has not ended: three words again, and never beyond the window."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from reviews.exceptions import Conflict, NotPermitted, WindowRefused
from reviews.models import AccessGrant, GrantExtension, Notice
from reviews.services import access, agency_reviews, extensions, lifecycle
from tests import factories
from tests.services.grant_pages import body, url, when

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
REASON = {"reason": "Two runs are left."}


@pytest.fixture
def grant(submission, people):
    return factories.grant(submission, people)


@pytest.fixture
def asked(grant, people, start):
    return extensions.request(
        grant, ends_at=start + 20 * DAY, reason="Two runs are left.", by=people.nsa_lead, at=start
    )


def step(grant, verb):
    return url(grant, f"extension/{verb}")


def end(grant):
    return AccessGrant.objects.get(pk=grant.pk).ends_at


def test_asked_consented_authorized_in_place(act, submission, grant, people, start):
    """The same grant lives on; until the last word it has its old end."""
    before, later = grant.ends_at, start + 11 * DAY
    sent = when("ends_at", later) | REASON
    assert act("nsa_lead", "post", url(grant, "extend"), sent).status_code == 302
    assert end(grant) == before
    assert "Two runs are left." in body(act("northlight_liaison", "get", step(grant, "consent")))
    assert act("northlight_liaison", "post", step(grant, "consent")).status_code == 302
    assert end(grant) == before
    assert act("administrator", "post", step(grant, "authorize")).status_code == 302
    assert end(grant) == later
    fresh = AccessGrant.objects.get(pk=grant.pk)
    assert fresh.live_at(before)
    assert not fresh.live_at(later)
    told = {kind: set() for kind in ("extension_requested", "extension_consented")}
    told["grant_extended"] = set()
    for notice in Notice.objects.filter(kind__in=told):
        told[notice.kind].add(notice.recipient)
    lab = {people.northlight_liaison, people.northlight_admin}
    assert told == {
        "extension_requested": lab,
        "extension_consented": {people.administrator, people.second_administrator},
        "grant_extended": lab | {people.nsa_lead, people.nsa_reviewer},
    }
    actions = AuditEvent.objects.filter(object_reference=str(grant.key)).order_by("sequence")
    assert [event.action for event in actions][-3:] == [
        "grant.extension_requested",
        "grant.extension_consented",
        "grant.extended",
    ]
    page = body(act("nsa_reviewer", "get", url(grant)))
    assert "NSA asked for an end on" in page
    assert "Authorized until" in page


def test_what_was_asked_for_at_first_stays_on_record(act, submission, people, start):
    grant = factories.grant(submission, people, state="requested", ends_at=start + 20 * DAY)
    access.consent(grant, ends_at=start + 5 * DAY, by=people.northlight_liaison, at=start)
    grant = access.authorize(grant, by=people.administrator, at=start)
    for days, asked in ((10, start + 20 * DAY), (25, None)):
        one = extensions.request(
            grant, ends_at=start + days * DAY, reason="", by=people.nsa_lead, at=start
        )
        extensions.consent(one, by=people.northlight_liaison, at=start)
        extensions.authorize(one, by=people.administrator, at=start)
        grant = AccessGrant.objects.get()
        assert (grant.ends_at, grant.asked_ends_at) == (start + days * DAY, asked)


def test_it_is_cut_to_the_window_and_to_the_window_as_it_is_when_authorized(
    submission, grant, people, start
):
    extension = extensions.request(
        grant, ends_at=start + 90 * DAY, reason="All.", by=people.nsa_lead, at=start
    )
    assert extension.ends_at == submission.closes_at
    extensions.consent(extension, by=people.northlight_liaison, at=start)
    sooner = start + 15 * DAY
    lifecycle.shorten(submission, closes_at=sooner, by=people.northlight_liaison, at=start)
    extensions.authorize(extension, by=people.administrator, at=start)
    assert end(grant) == sooner
    with pytest.raises(WindowRefused, match="nobody extends that"):
        extensions.request(
            grant, ends_at=start + 90 * DAY, reason="All.", by=people.nsa_lead, at=start
        )


def test_when_the_window_became_too_short_nothing_is_authorized(submission, asked, people, start):
    extensions.consent(asked, by=people.northlight_liaison, at=start)
    sooner = start + 5 * DAY
    lifecycle.shorten(submission, closes_at=sooner, by=people.northlight_liaison, at=start)
    with pytest.raises(WindowRefused, match="no later than this access"):
        extensions.authorize(asked, by=people.administrator, at=start)
    asked.refresh_from_db()
    assert asked.authorized_at is None


@pytest.mark.parametrize("days", [9, 10])
def test_an_end_that_is_no_later_is_refused_and_what_was_typed_is_kept(act, grant, start, days):
    sent = when("ends_at", start + days * DAY) | REASON
    response = act("nsa_lead", "post", url(grant, "extend"), sent)
    assert response.status_code == 409
    assert "later than the one that this access has" in body(response)
    assert "Two runs are left." in body(response)


def test_one_waits_at_a_time_and_it_can_be_taken_back(act, grant, asked, people, start):
    with pytest.raises(Conflict, match="waits already"):
        extensions.request(grant, ends_at=start + 25 * DAY, reason="", by=people.nsa_lead, at=start)
    assert act("nsa_lead", "post", step(grant, "withdraw")).status_code == 302
    assert act("nsa_lead", "post", step(grant, "withdraw")).status_code == 409
    assert act("northlight_liaison", "post", step(grant, "consent")).status_code == 409
    extensions.request(grant, ends_at=start + 25 * DAY, reason="", by=people.nsa_lead, at=start)


def test_declined_it_keeps_its_end_and_the_lead_reads_why(act, grant, asked, people):
    before = grant.ends_at
    assert act("northlight_liaison", "post", step(grant, "decline")).status_code == 422
    sent = {"reason": "No capacity."}
    assert act("northlight_liaison", "post", step(grant, "decline"), sent).status_code == 302
    assert "No capacity." in body(act("nsa_lead", "get", url(grant)))
    assert act("administrator", "post", step(grant, "authorize")).status_code == 409
    assert end(grant) == before


def test_nothing_is_extended_once_it_is_over(grant, asked, people, start, move_clock):
    extensions.consent(asked, by=people.northlight_liaison, at=start)
    over = grant.ends_at
    move_clock(over)
    with pytest.raises(Conflict, match="has not ended"):
        extensions.authorize(asked, by=people.administrator, at=over)
    with pytest.raises(Conflict, match="has not ended"):
        extensions.request(grant, ends_at=over + DAY, reason="", by=people.nsa_lead, at=over)
    assert not AccessGrant.objects.get(pk=grant.pk).live_at(over)


def test_a_revoked_grant_does_not_come_back_by_an_extension(grant, asked, people, start):
    extensions.consent(asked, by=people.northlight_liaison, at=start)
    access.revoke(grant, reason="", by=people.northlight_liaison, at=start)
    with pytest.raises(Conflict, match="has not ended"):
        extensions.authorize(asked, by=people.administrator, at=start)
    assert not AccessGrant.objects.get(pk=grant.pk).live_at(start)


def test_a_suspended_grant_stays_suspended(act, submission, people, start):
    grant = factories.grant(submission, people, state="suspended")
    extension = extensions.request(
        grant, ends_at=start + 20 * DAY, reason="", by=people.nsa_lead, at=start
    )
    extensions.consent(extension, by=people.northlight_liaison, at=start)
    extensions.authorize(extension, by=people.administrator, at=start)
    assert end(grant) == start + 20 * DAY
    assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403


def test_for_somebody_who_left_the_submission_nothing_is_authorized(grant, asked, people, start):
    extensions.consent(asked, by=people.northlight_liaison, at=start)
    agency_reviews.recuse(grant.submission, reason="", by=people.nsa_reviewer, at=start)
    with pytest.raises(Conflict):
        extensions.authorize(asked, by=people.administrator, at=start)


def test_the_lab_speaks_first(asked, people, start):
    with pytest.raises(Conflict, match="lab has consented"):
        extensions.authorize(asked, by=people.administrator, at=start)
    with pytest.raises(NotPermitted):
        extensions.consent(asked, by=people.nsa_lead, at=start)


def test_there_is_no_page_where_nothing_was_asked(act, grant):
    for who in ("northlight_liaison", "nsa_lead", "administrator"):
        assert act(who, "get", step(grant, "consent")).status_code == 404


@pytest.mark.parametrize(
    "facts", [{"consented_by": "requested_by"}, {"authorized_by": "consented_by"}]
)
def test_the_database_takes_no_two_words_of_one_person(asked, people, start, facts):
    whole = {
        "consented_at": start,
        "consented_by": people.northlight_liaison,
        "authorized_at": start,
        "authorized_by": people.administrator,
    }
    people_by_word = {"requested_by": people.nsa_lead} | whole
    changed = {name: people_by_word[other] for name, other in facts.items()}
    row = GrantExtension.objects.filter(pk=asked.pk)
    with pytest.raises(IntegrityError, match="words"), transaction.atomic():
        row.update(**whole | changed)
    assert row.update(**whole) == 1
