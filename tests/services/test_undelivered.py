"""Mail that did not arrive: the page that shows it, and sending it again."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import Notice
from reviews.services import bounces, delivery
from tests import factories
from tests.services.agency_pages import content_of, signed_in, text_of

LIST, AGAIN = reverse("reviews:delivery-list"), reverse("reviews:delivery-requeue")
HOUR = timedelta(hours=1)


@pytest.fixture
def lost(people, start, smtp):
    """Two that a server refused, and one that came back."""
    factories.filed(people, family="Aurora")
    for person in (people.nsa_lead, people.dod_lead):
        smtp.answers[person.email] = "550 5.1.1 <script>nobody</script>"
    delivery.deliver_notices()
    smtp.answers.clear()
    back = Notice.objects.get(recipient=people.cisa_lead)
    bounces.mark([back.reference.hex], "5.2.2 mailbox full", at=start + HOUR)
    return Notice.objects.undelivered()


def test_administrators_see_who_what_and_the_servers_words_and_no_content(people, lost):
    page = content_of(signed_in(people.administrator).get(LIST))
    for words in (
        *("nsa lead, nsa-lead@demo.example", "dod lead", "cisa lead", "A new submission"),
        *("550 5.1.1 &lt;script&gt;nobody", "1 attempt failed", "Came back: 5.2.2 mailbox full"),
        *(lost[0].submission.reference, "Oct. 20, 2026, 11:00 a.m. EDT"),
    ):
        assert words in page, words
    assert "Northlight" not in page
    assert "Aurora" not in page
    assert 'href="/notices/undelivered/"' in text_of(signed_in(people.administrator).get("/"))
    assert 'href="/notices/undelivered/"' not in text_of(signed_in(people.nsa_lead).get("/"))


def test_one_is_sent_again_and_the_act_is_on_record(people, lost, smtp, start):
    notice = lost.get(recipient=people.nsa_lead)
    browser = signed_in(people.administrator)
    smtp.messages.clear()
    for words in ("1 notice will be sent again.", "Nothing is left to send again"):
        answer = browser.post(AGAIN, {"reference": str(notice.reference)}, follow=True)
        assert words in text_of(answer)
    delivery.deliver_notices()
    assert [message["To"] for message in smtp.messages] == [people.nsa_lead.email]
    (event,) = AuditEvent.objects.filter(action="notice.requeued")
    assert (event.actor, event.object_reference, event.submission) == (
        people.administrator.email,
        str(notice.reference),
        notice.submission.reference,
    )
    assert lost.count() == 2


def test_all_shown_are_sent_again_and_no_other(people, lost, smtp):
    browser = signed_in(people.administrator)
    shown = [str(notice.reference) for notice, _ in browser.get(LIST).context["rows"]]
    assert len(shown) == 3
    smtp.messages.clear()
    browser.post(AGAIN, {"shown": shown[:2]})
    assert lost.count() == 1
    assert delivery.deliver_notices()["sent"] == 2
    assert AuditEvent.objects.filter(action="notice.requeued").count() == 2
    assert audit.verify() is None


@pytest.mark.parametrize("sent_", [{}, {"reference": "x"}, {"shown": ["x"]}])
def test_a_form_that_names_nothing_is_a_bad_request(people, lost, sent_):
    assert signed_in(people.administrator).post(AGAIN, sent_).status_code == 400
    assert lost.count() == 3


def test_nobody_else_sends_anything_again(people, lost):
    reference = str(lost.get(recipient=people.nsa_lead).reference)
    for code in ("nsa_lead", "northlight_admin", "auditor", "superuser"):
        answer = signed_in(getattr(people, code)).post(AGAIN, {"reference": reference})
        assert answer.status_code == 404
    assert lost.count() == 3


def test_what_arrived_cannot_be_sent_again(people, lost):
    arrived = Notice.objects.filter(dead_at__isnull=True, bounced_at__isnull=True).first()
    browser = signed_in(people.administrator)
    browser.post(AGAIN, {"reference": str(arrived.reference), "shown": []})
    assert Notice.objects.get(pk=arrived.pk).sent_at == arrived.sent_at
