"""Mail that did not arrive: bounces that mark it, the page that shows it, sending it again."""

import io
import logging
import mailbox
import random
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import Notice
from reviews.models.notice import Delivery, NoticeKind, Topic
from reviews.services import bounces, delivery, notices
from reviews.services.bounces import Outcome
from tests import factories
from tests.services.agency_pages import content_of, signed_in, text_of

LIST, AGAIN = reverse("reviews:delivery-list"), reverse("reviews:delivery-requeue")
HOUR = timedelta(hours=1)
FAILED = {"Action": "failed", "Status": "5.1.1", "Diagnostic-Code": "smtp; 550 5.1.1 no such user"}


def report(message_id, *, how="message/rfc822", blocks=(FAILED,), kind="delivery-status"):
    """A delivery-status notification as a mail server writes it.

    ``how`` it gives the mail back: the whole of it, or only its headers.
    """
    groups = [{"Reporting-MTA": "dns; mx.example"}, *blocks]
    fields = ["".join(f"{name}: {value}\n" for name, value in group.items()) for group in groups]
    return f"""From: MAILER-DAEMON@mx.example
To: bounces@foreview.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b.1"

--b.1
Content-Type: text/plain; charset=us-ascii

I am sorry to have to inform you.

--b.1
Content-Type: message/{kind}

{chr(10).join(fields)}
--b.1
Content-Type: {how}

Subject: Foreview: A new submission
Message-ID: {message_id}
MIME-Version: 1.0

Body.

--b.1--
""".encode()


@pytest.fixture
def sent(people, start, smtp):
    """A notice whose mail a server took, with the Message-ID that it had."""
    factories.filed(people)
    delivery.deliver_notices()
    (mail,) = [message for message in smtp.messages if message["To"] == people.nsa_lead.email]
    return Notice.objects.get(recipient=people.nsa_lead), mail["Message-ID"]


def state(notice):
    notice = Notice.objects.get(pk=notice.pk)
    return notice.bounced_at, notice.error


@pytest.mark.parametrize("how", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize("kind", ["delivery-status", "global-delivery-status"])
def test_a_permanent_failure_marks_the_one_notice_that_it_names(sent, start, how, kind):
    notice, name = sent
    assert bounces.take(report(name, how=how, kind=kind), at=start + HOUR) == Outcome.MARKED
    assert state(notice) == (start + HOUR, "Came back: 5.1.1 550 5.1.1 no such user")
    assert Notice.objects.filter(bounced_at__isnull=False).count() == 1


def test_the_same_report_again_changes_nothing(sent, start):
    notice, name = sent
    bounces.take(report(name), at=start + HOUR)
    before = state(notice)
    later = FAILED | {"Status": "5.0.0"}
    assert bounces.take(report(name, blocks=(later,)), at=start + 2 * HOUR) == Outcome.UNKNOWN
    assert state(notice) == before


@pytest.mark.parametrize(
    ("block", "outcome"),
    [
        ({"Action": "delayed", "Status": "4.4.1"}, Outcome.NOT_FINAL),
        ({"Action": "delivered", "Status": "2.0.0"}, Outcome.NOT_FINAL),
        ({"Action": "relayed", "Status": "2.0.0"}, Outcome.NOT_FINAL),
        ({"Status": "4.2.2"}, Outcome.NOT_FINAL),
        ({"Action": "failed"}, Outcome.NOT_FINAL),
        ({"Action": "failed", "Status": "bad"}, Outcome.NOT_FINAL),
        ({"Status": "5.2.2"}, Outcome.MARKED),
        ({"Action": "Failed ", "Status": "5.7.1 (refused)"}, Outcome.MARKED),
        # The server has given up waiting: nothing more will come.
        ({"Action": "failed", "Status": "4.4.7"}, Outcome.MARKED),
    ],
)
def test_only_what_failed_for_good_marks(sent, start, block, outcome):
    notice, name = sent
    assert bounces.take(report(name, blocks=(block,)), at=start) == outcome
    assert (state(notice)[0] is not None) is (outcome == Outcome.MARKED)


def test_a_failure_behind_a_delay_is_found(sent, start):
    _, name = sent
    blocks = ({"Action": "delayed", "Status": "4.4.1"}, FAILED)
    assert bounces.take(report(name, blocks=blocks), at=start) == Outcome.MARKED


def test_a_report_that_guesses_marks_nothing(sent, start, people):
    """What is in every mail, and what an outsider could know, is no name."""
    for name in (
        "<00000000000000000000000000000000@127.0.0.1>",
        f"<{people.nsa_lead.email}>",
        f"<{sent[0].pk}@127.0.0.1>",
        f"<{sent[0].submission.reference}@127.0.0.1>",
        "<>",
        "",
    ):
        assert bounces.take(report(name), at=start) in (Outcome.UNKNOWN, Outcome.UNREADABLE)
    assert not Notice.objects.filter(bounced_at__isnull=False).exists()


@pytest.fixture
def digest(people, start, smtp, move_clock):
    """The Message-ID of a mail of two notices, each as a row, and one that was mailed alone."""
    lead = people.nsa_lead
    notices.choose(lead, Topic.ACTIVITY, Delivery.DIGEST)
    for agency in ("dod", "cisa"):
        factories.position_filed(factories.filed(people), people, agency)
    move_clock(start + 24 * HOUR)
    delivery.deliver_notices()
    (mail,) = [m for m in smtp.messages if m["To"] == lead.email and "of the day" in m["Subject"]]
    return mail["Message-ID"]


def test_a_digest_that_comes_back_marks_its_own_notices(digest, people, start):
    assert bounces.take(report(digest), at=start + 25 * HOUR) == Outcome.MARKED
    marked = Notice.objects.filter(bounced_at__isnull=False)
    assert [(n.recipient, n.kind) for n in marked] == [
        (people.nsa_lead, NoticeKind.POSITION_FILED)
    ] * 2
    assert bounces.take(report(digest), at=start + 26 * HOUR) == Outcome.UNKNOWN


def test_after_sending_again_an_old_report_says_nothing(sent, start, people, smtp):
    notice, name = sent
    bounces.take(report(name), at=start)
    signed_in(people.administrator).post(AGAIN, {"reference": str(notice.reference)})
    assert state(notice) == (None, "")
    assert bounces.take(report(name), at=start) == Outcome.UNKNOWN
    smtp.messages.clear()
    assert delivery.deliver_notices()["sent"] == 1
    assert [message["Message-ID"] for message in smtp.messages] == [name]
    # And when the mail sent again comes back, that counts.
    assert bounces.take(report(name), at=start + HOUR) == Outcome.MARKED


def test_a_report_that_overtakes_our_own_commit_counts(people, start):
    """A server may answer before the sender has written down that the mail is out."""
    factories.filed(people)
    (claimed,) = [row for row in delivery.claim(start) if row.recipient == people.nsa_lead]
    name = f"<{claimed.reference.hex}@127.0.0.1>"
    assert bounces.take(report(name), at=start) == Outcome.MARKED


@pytest.mark.parametrize("seed", range(20))
def test_whatever_arrives_nothing_breaks_and_nothing_is_marked_by_chance(sent, start, seed):
    chance = random.Random(seed)
    content = bytearray(report(f"<{chance.randbytes(16).hex()}@127.0.0.1>"))
    for _ in range(chance.randint(1, 40)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    del content[chance.randrange(len(content)) :]
    bounces.take(bytes(content), at=start)
    assert not Notice.objects.filter(bounced_at__isnull=False).exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff" * 1000,
        b"Subject: Out of office\n\nI am away.",
        b"Content-Type: multipart/report\n\nno boundary",
        b"Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n",
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
        ),
    ],
)
def test_what_is_no_report_is_unreadable(db, start, content):
    assert bounces.take(content, at=start) == Outcome.UNREADABLE


# The command.


@pytest.fixture
def pipe(monkeypatch):
    """Run the command as a mail server does, with the message on standard input."""

    def run(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        call_command("take_bounce")

    return run


def test_the_command_takes_a_message_and_logs_no_word_of_it(sent, pipe, caplog):
    notice, name = sent
    caplog.set_level(logging.DEBUG)
    pipe(report(name))
    pipe(b"Subject: secret words\n\nsecret words")
    assert state(notice)[0] is not None
    said = [record.getMessage() for record in caplog.records if "take_bounce" in record.name]
    assert said == [
        "A message to the mailbox of bounces marked what it names as undelivered",
        "A message to the mailbox of bounces is no delivery-status notification",
    ]
    for word in ("secret", "no such user", name.strip("<>"), notice.recipient.email):
        assert word not in caplog.text


def test_a_message_of_any_size_is_read_to_its_end(sent, pipe):
    notice, name = sent
    pipe(report(name) + b"x" * 5 * 1024 * 1024)
    assert state(notice)[0] is not None


def test_a_maildir_is_emptied(sent, tmp_path):
    notice, name = sent
    box = mailbox.Maildir(tmp_path / "bounces")
    for content in (b"Subject: hello\n\nhello", report(name), report(name)):
        box.add(content)
    call_command("take_bounce", maildir=tmp_path / "bounces")
    assert state(notice)[0] is not None
    assert len(box) == 0


def test_a_maildir_that_is_not_there_is_said_so(db, tmp_path):
    with pytest.raises(CommandError, match="There is no Maildir at"):
        call_command("take_bounce", maildir=tmp_path / "nowhere")


def test_without_a_database_the_mail_server_keeps_the_message(sent, tmp_path, pipe):
    _, name = sent
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(report(name))

    def down(execute, sql, params, many, context):
        raise OperationalError

    with connection.execute_wrapper(down):
        with pytest.raises(SystemExit) as left:
            pipe(report(name))
        assert left.value.code == 75
        with pytest.raises(SystemExit):
            call_command("take_bounce", maildir=tmp_path / "bounces")
    assert len(box) == 1


# The page.


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
