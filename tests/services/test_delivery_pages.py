"""How notices reach a person: her choices, the link in a mail that stops a topic."""

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from reviews.emails import MUTING
from reviews.models import Notice, NoticeChoice
from reviews.models.notice import Delivery, NoticeKind, Topic
from reviews.services import delivery, inbox
from tests import factories
from tests.services.agency_pages import content_of, signed_in, text_of

SETTINGS = reverse("reviews:delivery-choose")
WANTED = {"requests": "digest", "reminders": "muted", "activity": "immediate"}


def chosen(person):
    return dict(NoticeChoice.objects.filter(person=person).values_list("topic", "delivery"))


def events():
    rows = AuditEvent.objects.filter(action="account.delivery_chosen").order_by("sequence")
    return [(event.actor, event.object_reference, event.details) for event in rows]


def link(email, topic, salt=MUTING):
    return reverse(
        "reviews:topic-mute", args=[signing.Signer(salt=salt).sign_object([email, topic])]
    )


def test_each_topic_with_a_choice_is_asked_and_the_legal_one_is_explained(people):
    User.objects.filter(pk=people.nsa_lead.pk).update(zone="America/Denver")
    page = content_of(signed_in(people.nsa_lead).get(SETTINGS))
    offered = {
        topic.value: [d.value for d in Delivery if f'name="{topic}" value="{d}"' in page]
        for topic in Topic
    }
    assert offered == {
        "legal": [],
        "requests": ["immediate", "digest"],
        "reminders": ["immediate", "digest", "muted"],
        "activity": ["immediate", "digest", "muted"],
    }
    legal = "Windows and access: opened, changed, ended; files in quarantine."
    assert f"{legal}</strong> These have legal meaning" in page
    assert "at 8:00 a.m., Mountain Time" in page
    assert page.count("checked") == 3


def test_a_choice_is_saved_shown_and_on_record_once(people, start):
    browser = signed_in(people.nsa_lead)
    for _ in range(2):
        assert browser.post(SETTINGS, WANTED).status_code == 302
    assert chosen(people.nsa_lead) == {"requests": "digest", "reminders": "muted"}
    who = people.nsa_lead.email
    assert events() == [
        (who, who, {"topic": "requests", "delivery": "digest"}),
        (who, who, {"topic": "reminders", "delivery": "muted"}),
    ]
    assert browser.get(SETTINGS).context["form"].initial == {"legal": "immediate"} | WANTED
    browser.post(SETTINGS, WANTED | {"reminders": "immediate"})
    assert chosen(people.nsa_lead)["reminders"] == "immediate"
    assert chosen(people.dod_lead) == {}


@pytest.mark.parametrize(
    "changed", [{"requests": "muted"}, {"reminders": "never"}, {"activity": ""}]
)
def test_what_may_not_be_chosen_is_refused_and_nothing_is_saved(people, changed):
    answer = signed_in(people.nsa_lead).post(SETTINGS, WANTED | changed)
    assert answer.status_code == 422
    assert (chosen(people.nsa_lead), events()) == ({}, [])


def test_a_field_for_what_is_always_mailed_changes_nothing(people, start):
    signed_in(people.nsa_lead).post(SETTINGS, WANTED | {"legal": "muted"})
    assert "legal" not in chosen(people.nsa_lead)
    factories.filed(people)
    legal = Notice.objects.filter(recipient=people.nsa_lead, kind=NoticeKind.SUBMISSION_FILED)
    assert legal.get().delivery == Delivery.IMMEDIATE


def test_a_choice_decides_how_the_next_notice_goes(people, start, smtp):
    signed_in(people.nsa_lead).post(SETTINGS, WANTED | {"activity": "muted"})
    submission = factories.filed(people)
    factories.position_filed(submission, people, "dod")
    delivery.deliver_notices()
    mailed = [m["Subject"] for m in smtp.messages if m["To"] == people.nsa_lead.email]
    assert mailed == [f"Foreview: A new submission ({submission.reference})"]
    kinds = {notice.kind for notice in inbox.rows(people.nsa_lead, at=start)}
    assert "position_filed" in kinds


# The link in a mail.


def mailed_link(people, smtp):
    """The address of one-click unsubscribing as a real mail carries it."""
    factories.position_filed(factories.filed(people), people, "dod")
    delivery.deliver_notices()
    found = [m for m in smtp.messages if m["To"] == people.nsa_lead.email and m["List-Unsubscribe"]]
    (message,) = found
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = message["List-Unsubscribe"].strip("<>")
    return "/" + address.split("/", 3)[3]


def test_one_request_without_signing_in_stops_the_topic_and_says_so(people, start, smtp):
    path = mailed_link(people, smtp)
    mail_program = Client(enforce_csrf_checks=True)
    for _ in range(2):  # mail programs send it again
        answer = mail_program.post(path, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "These mails have stopped" in text_of(answer)
    assert chosen(people.nsa_lead) == {"activity": "muted"}
    who = people.nsa_lead.email
    assert events() == [("anonymous", who, {"topic": "activity", "delivery": "muted"})]
    assert AuditEvent.objects.get(action="account.delivery_chosen").source == "127.0.0.1"


def test_multipart_is_as_good(people):
    answer = Client(enforce_csrf_checks=True).post(
        link(people.nsa_lead.email, "reminders"),
        b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--',
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 200
    assert chosen(people.nsa_lead) == {"reminders": "muted"}


def test_opening_the_link_changes_nothing_and_tells_nothing_about_anybody(people, start):
    answer = Client().get(link(people.nsa_lead.email, "reminders"))
    assert answer.status_code == 200
    assert "Stop these mails" in text_of(answer)
    assert (chosen(people.nsa_lead), events()) == ({}, [])
    before = answer.content.replace(answer.wsgi_request.path.encode(), b"")
    signed_in(people.nsa_lead).post(SETTINGS, WANTED)
    later = Client().get(link(people.nsa_lead.email, "reminders"))
    assert later.content.replace(later.wsgi_request.path.encode(), b"") == before
    for word in ("nsa", "lead", "demo.example"):
        assert word not in text_of(later).replace(later.wsgi_request.path, "").lower()


def test_her_own_click_while_signed_in_is_hers_in_the_log(people):
    signed_in(people.nsa_lead).post(link(people.nsa_lead.email, "reminders"))
    signed_in(people.dod_lead).post(link(people.nsa_lead.email, "activity"))
    assert [actor for actor, _, _ in events()] == [people.nsa_lead.email, "anonymous"]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "bad",
    ["unsigned", "other salt", "cut", "nobody", "disabled", "legal topic", "request topic"],
)
def test_any_other_link_is_a_page_that_does_not_exist(people, bad, method):
    good = link(people.nsa_lead.email, "reminders")
    path = {
        "unsigned": reverse("reviews:topic-mute", args=["reminders"]),
        "other salt": link(people.nsa_lead.email, "reminders", salt="x"),
        "cut": good[:-4] + "/",
        "nobody": link("nobody@demo.example", "reminders"),
        "disabled": link(people.disabled.email, "reminders"),
        "legal topic": link(people.nsa_lead.email, "legal"),
        "request topic": link(people.nsa_lead.email, "requests"),
    }[bad]
    answer, none = getattr(Client(), method)(path), getattr(Client(), method)("/no-such-page/")
    assert (answer.status_code, answer.content) == (404, none.content)
    assert NoticeChoice.objects.count() == 0
    assert not AuditEvent.objects.filter(action__startswith="refused").exists()
