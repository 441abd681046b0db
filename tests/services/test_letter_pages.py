"""The preliminary-issues letter: its entries, what leads preview, issuing it once, who reads it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, User
from reviews.exceptions import Conflict, Incomplete, StaleForm
from reviews.models import LetterEntry, Notice, PreliminaryLetter
from reviews.services import ends, letters, notices, report_content
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in, text_of
from tests.services.issued_documents import under_review

TEXT = "ISSUES-77aa"
CANARY = "CANARY-3b9c"
NO_ENTRY = "No issues filed by this date"


@pytest.fixture
def submission(people):
    return under_review(people)


def enter(submission, people, agency="nsa", text="", **changes):
    """The agency's entry: the text or, without one, that there is nothing so far."""
    return letters.file_entry(
        submission,
        **{
            "agency": factories.organization(agency),
            "text": text,
            "nothing_so_far": not text,
            "by": getattr(people, f"{agency}_lead"),
            "at": factories.now(),
            **changes,
        },
    )


def issue(submission, people, by="nsa_lead"):
    return letters.issue(submission, by=getattr(people, by), at=factories.now())


def says(content):
    return {one["code"]: one["says"] for one in report_content.readable(content)["agencies"]}


# The entries


def test_an_entry_is_superseded_and_never_edited(people, submission):
    first = enter(submission, people, text=TEXT)
    second = enter(submission, people)
    assert (first.version, second.version) == (1, 2)
    first.refresh_from_db()
    assert (first.text, first.nothing_so_far) == (TEXT, False)
    assert [entry.pk for entry in letters.entries(submission, first.agency)] == [
        second.pk,
        first.pk,
    ]
    assert says(letters.preview(submission, at=factories.now()))["nsa"] == "No issues so far"
    events = AuditEvent.objects.filter(action="letter.entry_filed").order_by("sequence")
    assert [event.details for event in events] == [
        {"version": 1, "nothing_so_far": False},
        {"version": 2, "nothing_so_far": True},
    ]


def test_an_entry_is_either_issues_or_none(people, submission):
    for text, nothing in (("", False), (TEXT, True)):
        with pytest.raises(Incomplete):
            enter(submission, people, text=text, nothing_so_far=nothing)
    for text, nothing in (("", False), (TEXT, True)):
        with pytest.raises(IntegrityError), transaction.atomic():
            LetterEntry.objects.create(
                submission=submission,
                agency=factories.organization("nsa"),
                text=text,
                nothing_so_far=nothing,
                filed_at=factories.now(),
                filed_by=people.nsa_lead,
            )
    assert not LetterEntry.objects.exists()


def test_nobody_files_for_another_agency(people, submission):
    with pytest.raises(Conflict):
        enter(submission, people, "dod", by=people.nsa_lead)


def test_two_leads_notice_each_other(people, submission):
    enter(submission, people, version=1)
    with pytest.raises(StaleForm):
        enter(submission, people, version=1)


# The letter


def test_it_is_issued_once_and_closes_its_entries(people, submission):
    enter(submission, people, text=TEXT)
    enter(submission, people, "dod")
    letter = issue(submission, people, "cisa_lead")
    assert says(letter.content) == {
        "nsa": "Issues so far",
        "dod": "No issues so far",
        "cisa": NO_ENTRY,
        "caisi": NO_ENTRY,
        "treasury": NO_ENTRY,
    }
    assert letter.content["issued_by"] == factories.organization("cisa").name
    for again in (lambda: enter(submission, people, "caisi"), lambda: issue(submission, people)):
        with pytest.raises(Conflict):
            again()
    assert (LetterEntry.objects.count(), PreliminaryLetter.objects.count()) == (2, 1)


def test_its_event_follows_the_head_that_it_names(people, submission):
    letter = issue(submission, people)
    event = AuditEvent.objects.get(action="letter.issued")
    assert letter.content["audit_head"] == {
        "sequence": event.sequence - 1,
        "sha256": event.previous_sha256,
    }
    assert event.details == {"content_sha256": report_content.sha256(letter.content)}


def test_issuing_it_changes_neither_window_nor_access(people, submission):
    factories.grant(submission, people)
    before = (submission.status, submission.closes_at, submission.ended_at)
    issue(submission, people)
    submission.refresh_from_db()
    assert (submission.status, submission.closes_at, submission.ended_at) == before
    assert submission.grants.live(factories.now()).count() == 1


def test_everybody_who_sees_the_submission_is_told(people, submission):
    issue(submission, people)
    told = Notice.objects.filter(kind="letter_issued")
    recipients = {notice.recipient for notice in told}
    assert {people.northlight_liaison, people.dod_reviewer, people.oncd_official} < recipients
    assert people.basalt_liaison not in recipients
    assert people.unattached not in recipients


def test_the_reminder_stops_once_it_is_issued(people, submission, start, move_clock):
    due = start + timedelta(days=10)
    issue(submission, people)
    move_clock(due)
    notices.queue_reminders(at=due)
    assert not Notice.objects.filter(kind="preliminary_issues_due").exists()


# The pages


def test_the_lab_reads_nothing_before_it_is_issued(people, submission):
    lab = signed_in(people.northlight_liaison)
    before = content_of(lab.get(page("letter-detail", submission)))
    enter(submission, people, text=TEXT)
    assert content_of(lab.get(page("letter-detail", submission))) == before
    assert lab.get(page("letter-download", submission)).status_code == 403
    history = text_of(lab.get(page("submission-history", submission)))
    assert "Entry for the preliminary-issues letter" not in history
    issue(submission, people)
    shown = content_of(lab.get(page("letter-detail", submission)))
    assert shown.count(TEXT) == 1
    assert shown.count(f"{NO_ENTRY}</div></td>") == 4


def test_reviewers_read_no_preview_and_leads_and_officials_do(people, submission):
    enter(submission, people, text=TEXT)
    for code, reads in (
        ("nsa_lead", True),
        ("dod_lead", True),
        ("nsa_official", True),
        ("nsa_reviewer", False),
        ("oncd_official", False),
        ("northlight_liaison", False),
    ):
        answer = signed_in(getattr(people, code)).get(page("letter-detail", submission))
        assert (TEXT in text_of(answer)) == reads, code


def test_a_preview_says_what_the_letter_then_says(people, submission):
    enter(submission, people, text=TEXT)
    lead = signed_in(people.dod_lead)
    preview = lead.get(page("letter-issue", submission)).context["content"]["agencies"]
    assert lead.post(page("letter-issue", submission)).status_code == 302
    letter = PreliminaryLetter.objects.get()
    assert report_content.readable(letter.content)["agencies"] == preview


def test_confirmation_names_the_agencies_without_an_entry(people, submission):
    for agency in ("nsa", "dod", "cisa", "caisi"):
        enter(submission, people, agency)
    lead = signed_in(people.nsa_lead)
    shown = content_of(lead.get(page("letter-issue", submission)))
    assert "No entry is filed by: Department of the Treasury." in shown
    enter(submission, people, "treasury")
    assert "No entry is filed by" not in content_of(lead.get(page("letter-issue", submission)))


def test_a_second_lead_is_told_that_it_is_issued(people, submission):
    issue(submission, people)
    other = signed_in(people.dod_lead)
    answer = other.post(page("letter-issue", submission))
    assert answer.status_code == 409
    assert "The letter is issued already." in text_of(answer)
    late = other.post(page("letter-file", submission), {"so_far": "issues", "text": "Typed late."})
    assert late.status_code == 409
    assert "Typed late." in text_of(late)
    assert "Say it in your agency&#x27;s position." in text_of(late)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"so_far": "issues", "text": ""}, "Describe the issues, or choose"),
        ({"so_far": "none", "text": "Kept."}, "Clear this text, or choose"),
        ({"text": "Kept."}, "Choose an answer."),
    ],
)
def test_what_was_typed_is_kept_and_the_remedy_named(people, submission, typed, message):
    answer = signed_in(people.nsa_lead).post(page("letter-file", submission), typed)
    assert answer.status_code == 422
    assert message in text_of(answer)
    assert typed["text"] in text_of(answer)
    assert not LetterEntry.objects.exists()


def test_a_lead_files_by_the_form(people, submission):
    lead = signed_in(people.nsa_lead)
    url = page("letter-file", submission)
    typed = {"so_far": "issues", "text": TEXT, "version": "1"}
    assert lead.post(url, typed).url == page("letter-detail", submission)
    again = lead.post(url, typed)
    assert again.status_code == 409
    assert lead.post(url, {"so_far": "none", "version": "2"}).status_code == 302
    assert [(one.text, one.nothing_so_far) for one in LetterEntry.objects.order_by("pk")] == [
        (TEXT, False),
        ("", True),
    ]


def test_it_is_issued_in_the_window_alone(people, submission, move_clock):
    enter(submission, people, text=TEXT)
    move_clock(submission.closes_at)
    lead = signed_in(people.nsa_lead)
    assert lead.post(page("letter-issue", submission)).status_code == 403
    assert lead.post(page("letter-file", submission)).status_code == 403
    ends.record(submission.pk, at=submission.closes_at)
    assert "the lab never reads what is below" in content_of(
        lead.get(page("letter-detail", submission))
    )
    lab = signed_in(people.northlight_liaison).get(page("letter-detail", submission))
    assert "No preliminary-issues letter was issued." in text_of(lab)
    assert TEXT not in text_of(lab)


def test_no_person_of_an_agency_is_named_to_the_lab(people, submission):
    for person in User.objects.filter(groups__seat__organization__kind="agency").distinct():
        person.name, person.email = f"{CANARY} {person.pk}", f"{CANARY}-{person.pk}@demo.example"
        person.save()
    people.nsa_lead.refresh_from_db()
    people.dod_lead.refresh_from_db()
    enter(submission, people, text=TEXT)
    enter(submission, people, "dod")
    issue(submission, people)
    lab = signed_in(people.northlight_liaison)
    for name in ("letter-detail", "submission-history", "submission-detail"):
        assert CANARY not in text_of(lab.get(page(name, submission)))
    assert CANARY not in str(PreliminaryLetter.objects.get().content)
