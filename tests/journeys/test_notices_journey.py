"""The inbox and what a person decides about her notices, in a real browser, by keyboard only."""

from datetime import timedelta

import pytest

from accounts.models import Absence
from reviews.models import Notice, NoticeChoice
from reviews.services import bounces, delivery
from tests import factories
from tests.journeys.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


@pytest.fixture
def signed_in(someone, committed_people):
    """The browser of a person, by her code."""

    def enter(code):
        person = someone()
        person.sign_in(getattr(committed_people, code), committed_people.password)
        return person

    return enter


def navigation(person):
    return person.page.get_by_role("navigation", name="Primary")


def test_an_inbox_is_read_filtered_and_marked(signed_in, committed_people, smtp):
    people = committed_people
    submission = factories.filed(people, family="Aurora")
    factories.position_filed(submission, people, "dod")
    lead = signed_in("nsa_lead")
    lead.page.get_by_role("link", name="Notices 2 unread").wait_for()
    lead.follow("Notices")
    lead.sees("An agency filed its position on a submission that you follow.")
    lead.sees("Northlight Aurora")
    assert violations(lead.page) == []
    lead.page.set_viewport_size({"width": 1280, "height": 900})
    lead.press(f"Mark as read An agency filed its position ({submission.reference})")
    lead.sees("1 notice marked as read.")
    lead.page.get_by_role("link", name="Notices 1 unread").wait_for()
    lead.choose("state", "unread")
    lead.press("Apply")
    assert "filed its position" not in lead.page.locator("main").inner_text()
    lead.press("Mark all that match as read")
    lead.sees("No notice matches.")
    assert "unread" not in navigation(lead).inner_text()
    lead.follow("Show all notices")
    lead.follow("An agency filed its position")
    assert lead.page.url.endswith(f"/submissions/{submission.reference}/")
    assert not Notice.objects.filter(recipient=people.nsa_lead, read_at__isnull=True).exists()


def test_a_digest_is_chosen_and_a_mails_link_mutes_without_signing_in(
    signed_in, someone, committed_people, smtp
):
    people = committed_people
    lead = signed_in("nsa_lead")
    lead.follow("Profile")
    lead.follow("Choose which mails you get")
    lead.sees("at 8:00 a.m., Eastern Time")
    assert violations(lead.page) == []
    lead.page.set_viewport_size({"width": 1280, "height": 900})
    lead.choose("requests", "digest")
    lead.press("Save choices")
    lead.sees("How notices reach you is saved.")
    chosen = NoticeChoice.objects.filter(person=people.nsa_lead, topic="requests")
    assert chosen.get().delivery == "digest"

    factories.position_filed(factories.filed(people), people, "dod")
    delivery.deliver_notices()
    (mail,) = [
        message
        for message in smtp.messages
        if message["To"] == people.nsa_lead.email and message["List-Unsubscribe"]
    ]
    stranger = someone()
    address = "/" + mail["List-Unsubscribe"].strip("<>").split("/", 3)[3]
    assert stranger.open(address) == 200
    stranger.sees("What others filed")
    assert violations(stranger.page) == []
    assert not NoticeChoice.objects.filter(topic="activity").exists()
    stranger.press("Stop these mails")
    stranger.page.get_by_role("heading", name="These mails have stopped").wait_for()
    assert violations(stranger.page) == []
    assert NoticeChoice.objects.get(topic="activity").delivery == "muted"
    lead.open("/notices/settings/")
    assert lead.page.locator("[name=activity][value=muted]").is_checked()


def test_a_delegate_is_named_and_sees_the_copy(
    signed_in, committed_people, smtp, start, move_clock
):
    people = committed_people
    lead = signed_in("nsa_lead")
    lead.follow("Notices")
    lead.follow("say when you are away")
    for name, day in (("starts_at", "20"), ("ends_at", "30")):
        lead.choose(f"{name}_month", "10")
        lead.write(**{f"{name}_day": day, f"{name}_year": "2026", f"{name}_time": "11:00 a.m."})
    lead.choose("delegate", people.nsa_official.email)
    lead.press("Note the absence")
    lead.sees("nsa official gets copies of your notices meanwhile.")
    lead.sees("You are away now.")
    assert violations(lead.page) == []

    submission = factories.filed(people)
    factories.review_filed(submission, people)
    official = signed_in("nsa_official")
    official.follow("Notices")
    official.sees("For nsa lead, who is away: A reviewer of your agency filed a review.")
    assert violations(official.page) == []
    assert official.open(f"/submissions/{submission.reference}/position/") == 403

    lead.page.set_viewport_size({"width": 1280, "height": 900})
    move_clock(start + timedelta(hours=1))
    lead.press("End now the absence from October 20, 2026, 11:00 a.m. EDT")
    lead.sees("Your absence has ended.")
    assert Absence.objects.get().ends_at == factories.now()


def test_undelivered_mail_is_sent_again(signed_in, committed_people, smtp, start):
    people = committed_people
    factories.filed(people)
    smtp.answers[people.nsa_lead.email] = "550 5.1.1 no such user"
    delivery.deliver_notices()
    smtp.answers.clear()
    back = Notice.objects.get(recipient=people.dod_lead)
    bounces.mark([back.reference.hex], "5.2.2 mailbox full", at=start)
    administrator = signed_in("administrator")
    administrator.follow("Operations")
    administrator.sees("550 5.1.1 no such user")
    administrator.sees("Came back: 5.2.2 mailbox full")
    assert violations(administrator.page) == []
    administrator.page.set_viewport_size({"width": 1280, "height": 900})
    administrator.press("Send all 2 shown again")
    administrator.sees("2 notices will be sent again.")
    administrator.sees("All mail has arrived")
    smtp.messages.clear()
    assert delivery.deliver_notices()["sent"] == 2
