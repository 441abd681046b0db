"""Out of office: who may be a delegate, what she is told, and what she is never told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import absences, audit, seats
from accounts.exceptions import AbsenceRefused
from accounts.models import Absence, AuditEvent, User
from reviews import policy
from reviews.models import Notice
from reviews.models.notice import NoticeKind
from reviews.policy import ON_SUBMISSIONS
from reviews.services import delivery, inbox, notices
from tests import factories
from tests.services.agency_pages import content_of, signed_in
from tests.services.lab_pages import date_parts

PAGE, END = reverse("accounts:absence-add"), reverse("accounts:absence-end")
DAY = timedelta(days=1)


def typed(delegate, starts=("10", "20", "2026", "11:00 a.m."), ends=("10", "30", "2026", "noon")):
    """What a browser sends; the times are Eastern."""
    return {
        **date_parts("starts_at", *starts),
        **date_parts("ends_at", *ends),
        "delegate": delegate.email if delegate else "",
    }


def away(person, delegate, start, *, days=10):
    return absences.add(
        delegate=delegate, starts_at=start, ends_at=start + days * DAY, by=person, at=start
    )


def seated(person, organization, role, start):
    seats.give(
        person=person,
        organization=factories.organization(organization),
        role=role,
        by=audit.SYSTEM,
        at=start,
    )
    return person


def test_an_absence_is_noted_shown_and_on_record(people, start):
    browser = signed_in(people.nsa_lead)
    assert browser.post(PAGE, typed(people.nsa_reviewer)).status_code == 302
    absence = Absence.objects.get()
    assert (absence.person, absence.delegate) == (people.nsa_lead, people.nsa_reviewer)
    assert (absence.starts_at, absence.ends_at) == (start, start + 10 * DAY + timedelta(hours=1))
    page = content_of(browser.get(PAGE))
    assert "Oct. 20, 2026, 11:00 a.m. EDT" in page
    assert "Oct. 30, 2026, 12:00 p.m. EDT" in page
    assert "You are away now." in page
    assert "A delegate gets copies and nothing else: no seat, no authority" in page
    event = AuditEvent.objects.get(action="absence.added")
    assert (event.actor, event.details["delegate"]) == (
        people.nsa_lead.email,
        people.nsa_reviewer.email,
    )
    for code, stands_in in (("nsa_reviewer", [absence]), ("nsa_official", [])):
        answer = signed_in(getattr(people, code)).get(PAGE)
        assert list(answer.context["stands_in"]) == stands_in
        assert ("You stand in for" in content_of(answer)) is bool(stands_in)


def test_only_somebody_else_with_a_seat_where_one_has_one_is_offered(people):
    offered = set(absences.colleagues(people.nsa_lead).values_list("name", flat=True))
    assert offered == {"nsa reviewer", "nsa official", "nsa signer", "recused"}
    assert set(absences.colleagues(people.basalt_liaison)) == set()
    assert set(absences.colleagues(people.superuser)) == set()
    page = content_of(signed_in(people.basalt_liaison).get(PAGE))
    assert "nobody who could get copies" in page
    assert "<form" not in page


@pytest.mark.parametrize("code", ["nsa_lead", "dod_lead", "northlight_liaison", "disabled", None])
def test_nobody_else_can_be_sent(people, start, code):
    delegate = getattr(people, code) if code else None
    answer = signed_in(people.nsa_lead).post(PAGE, typed(delegate))
    assert answer.status_code == 422
    assert "delegate" in answer.context["form"].errors
    if delegate:
        with pytest.raises(AbsenceRefused):
            away(people.nsa_lead, delegate, start)
    assert not Absence.objects.exists()


def test_a_delegate_that_is_no_text_at_all_is_refused(people):
    sent = typed(None) | {"delegate": "\x00"}
    assert signed_in(people.nsa_lead).post(PAGE, sent).status_code == 422


@pytest.mark.parametrize(
    ("starts", "ends", "field", "words"),
    [
        (("10", "30", "2026", "noon"), ("10", "30", "2026", "noon"), "ends_at", "later than"),
        (("10", "30", "2026", "noon"), ("10", "29", "2026", "noon"), "ends_at", "later than"),
        (("10", "1", "2026", "noon"), ("10", "20", "2026", "11:00 am"), "ends_at", "to come"),
        (("10", "30", "2026", "noon"), ("10", "30", "2098", "noon"), "ends_at", "366 days"),
        (("10", "32", "2026", "noon"), ("10", "30", "2026", "noon"), "starts_at", "no day 32"),
        (("11", "1", "2026", "1:30 am"), ("11", "3", "2026", "noon"), "starts_at", "twice"),
    ],
)
def test_times_that_make_no_absence_are_refused_with_a_reason(people, starts, ends, field, words):
    answer = signed_in(people.nsa_lead).post(PAGE, typed(people.nsa_reviewer, starts, ends))
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [(0, 10, True), (-3, 1, True), (2, 3, True), (9, 20, True), (10, 12, False)],
)
def test_absences_do_not_overlap(people, start, first, last, overlaps):
    away(people.nsa_lead, people.nsa_reviewer, start)
    away(people.nsa_official, people.nsa_reviewer, start)  # another person's is no matter
    facts = {
        "delegate": people.nsa_signer,
        "starts_at": start + first * DAY,
        "ends_at": start + last * DAY,
        "by": people.nsa_lead,
        "at": start,
    }
    if overlaps:
        with pytest.raises(AbsenceRefused, match="overlaps"):
            absences.add(**facts)
    else:
        absences.add(**facts)
    answer = signed_in(people.nsa_lead).post(PAGE, typed(people.nsa_signer))
    assert (answer.status_code, "overlaps" in content_of(answer)) == (422, True)


def test_there_is_a_most_that_one_can_note(people, start, move_clock):
    for number in range(absences.MOST_TO_COME):
        begins = start + (2 * number + 30) * DAY
        absences.add(
            delegate=people.nsa_reviewer,
            starts_at=begins,
            ends_at=begins + DAY,
            by=people.nsa_lead,
            at=start,
        )
    browser = signed_in(people.nsa_lead)
    answer = browser.post(PAGE, typed(people.nsa_signer))
    assert answer.status_code == 422
    assert "You noted 20 absences that are not over" in content_of(answer)
    assert "Take one back first" in content_of(answer)
    away(people.nsa_official, people.nsa_reviewer, start)  # another person's are no matter
    move_clock(start + 31 * DAY)
    sent = typed(people.nsa_signer, ("11", "20", "2026", "noon"), ("11", "21", "2026", "8:00 am"))
    assert signed_in(people.nsa_lead).post(PAGE, sent).status_code == 302


def test_who_works_elsewhere_now_does_not_see_that_a_colleague_is_away(people, start):
    delegate = people.nsa_reviewer
    away(people.nsa_lead, delegate, start)
    seated(delegate, "dod", "reviewer", start)
    assert "You stand in for" in content_of(signed_in(delegate).get(PAGE))
    nsa = factories.organization("nsa")
    seats.take(person=delegate, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
    page = content_of(signed_in(delegate).get(PAGE))
    assert "You stand in for" not in page
    assert people.nsa_lead.name not in page


@pytest.mark.postgresql
def test_noting_one_waits_for_nobody_who_names_the_person(people, start):
    """As a write does that has the audit log's head already: each would wait for the other."""
    with CaptureQueriesContext(connection) as queries:
        away(people.nsa_lead, people.nsa_reviewer, start)
    locks = [query["sql"] for query in queries if '"accounts_user"' in query["sql"]]
    assert any("FOR NO KEY UPDATE" in sql for sql in locks)
    assert not any("FOR UPDATE" in sql for sql in locks)


def test_ending_early(people, start, move_clock):
    absence = away(people.nsa_lead, people.nsa_reviewer, start)
    browser = signed_in(people.nsa_lead)
    move_clock(start + DAY)
    for _ in range(2):
        sent = {"starts_at": absence.starts_at.isoformat()}
        assert browser.post(END, sent).status_code == 302
    absence.refresh_from_db()
    assert absence.ends_at == start + DAY
    assert AuditEvent.objects.filter(action="absence.ended").count() == 1
    assert "You are away now" not in content_of(browser.get(PAGE))
    away(people.nsa_lead, people.nsa_reviewer, start + DAY)  # the end itself is outside


def test_one_that_has_not_begun_is_taken_back(people, start):
    absence = away(people.nsa_lead, people.nsa_reviewer, start + DAY)
    browser = signed_in(people.nsa_lead)
    browser.post(END, {"starts_at": absence.starts_at.isoformat()})
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        *("", "x", "2026-10-20T15:00:00", "2026-10-20T15:00:00+00:00"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_another_persons_absence_cannot_be_ended(people, start, sent):
    away(people.nsa_lead, people.nsa_reviewer, start)
    assert signed_in(people.nsa_reviewer).post(END, {"starts_at": sent}).status_code == 404
    assert Absence.objects.get().ends_at == start + 10 * DAY


# What a delegate is told.


def copies(delegate, **facts):
    return Notice.objects.filter(recipient=delegate, on_behalf_of__isnull=False, **facts)


def test_the_delegate_has_a_copy_that_says_for_whom_and_no_authority(people, start, smtp):
    delegate = people.nsa_official
    away(people.nsa_lead, delegate, start)
    submission = factories.filed(people)
    may = policy.actions_on(delegate, [submission], ON_SUBMISSIONS, at=start)
    factories.review_filed(submission, people)
    copy = copies(delegate, kind=NoticeKind.REVIEW_FILED).get()
    assert copy.on_behalf_of == people.nsa_lead
    page = content_of(signed_in(delegate).get(reverse("reviews:notice-list")))
    assert "For nsa lead, who is away: A reviewer of your agency filed a review." in page
    delivery.deliver_notices()
    mail = [m for m in smtp.messages if m["To"] == delegate.email]
    assert any("For nsa lead" in m.get_body(("plain",)).get_content() for m in mail)
    assert policy.actions_on(delegate, [submission], ON_SUBMISSIONS, at=start) == may
    path = f"/submissions/{submission.reference}/position/"
    assert signed_in(delegate).get(path).status_code == 403


def test_no_copy_before_or_after(people, start):
    away(people.nsa_lead, people.nsa_official, start + DAY, days=1)
    submission = factories.filed(people)
    notices.queue(
        NoticeKind.WITHDRAWN, submission, [people.nsa_lead], due_at=start, at=start + 2 * DAY
    )
    assert not copies(people.nsa_official).exists()


def test_a_delegate_who_does_not_see_the_submission_is_told_nothing_of_it(people, start, smtp):
    """The auditor sits where the lead does, and no seat of hers reaches any submission."""
    delegate = people.auditor
    away(people.treasury_lead, delegate, start)
    factories.filed(people)
    assert not copies(delegate).exists()
    inbox = signed_in(delegate).get(reverse("reviews:notice-list"))
    assert inbox.context["rows"] == []
    delivery.deliver_notices()
    assert delegate.email not in {message["To"] for message in smtp.messages}
    assert not copies(delegate, skipped_at__isnull=True).exists()


def test_a_recused_delegate_is_told_nothing(people, start, smtp):
    away(people.nsa_lead, people.recused, start)
    submission = factories.filed(people)
    submission.recusals.create(person=people.recused, declared_at=start, declared_by=people.recused)
    factories.review_filed(submission, people)
    assert list(inbox.rows(people.recused, at=start)) == []
    delivery.deliver_notices()
    assert people.recused.email not in {message["To"] for message in smtp.messages}


def test_a_delegate_who_may_not_see_the_grant_is_not_told_of_it(people, start):
    """A reviewer sees the submission, and not who else has access to its model."""
    other = User.objects.create_user("other-reviewer@demo.example", "other reviewer", "x")
    seated(other, "nsa", "reviewer", start)
    away(people.nsa_lead, other, start)
    factories.grant(factories.filed(people), people)
    assert copies(other, grant__isnull=True).exists()
    assert not copies(other, grant__isnull=False).exists()
    second = User.objects.create_user("second-lead@demo.example", "second lead", "x")
    seated(second, "nsa", "lead", start)
    absences.end(Absence.objects.get(), by=people.nsa_lead, at=start)
    away(people.nsa_lead, second, start)
    factories.grant(factories.filed(people), people)
    assert copies(second, grant__isnull=False).exists()


@pytest.mark.parametrize("left", ["the agency", "her account"])
def test_a_delegate_who_has_left_gets_no_more_copies(people, start, left):
    """Of another agency she would still see the submission, and not what this one does."""
    delegate = people.nsa_reviewer
    away(people.nsa_lead, delegate, start)
    if left == "her account":
        User.objects.filter(pk=delegate.pk).update(is_active=False)
    else:
        seated(delegate, "dod", "reviewer", start)
        seats.take(
            person=delegate,
            organization=factories.organization("nsa"),
            role="reviewer",
            by=audit.SYSTEM,
            at=start,
        )
    factories.filed(people)
    assert not copies(delegate).exists()
