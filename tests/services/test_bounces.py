"""Mail that comes back: what a server says of it, and what anybody else might."""

import io
import logging
import mailbox
import random
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, InterfaceError, OperationalError, connection
from django.urls import reverse

from reviews.exceptions import ClockDisagreement, RecordsBehind
from reviews.models import Notice
from reviews.models.notice import Delivery, NoticeKind, Topic
from reviews.services import bounces, delivery, notices, timekeeping
from reviews.services.bounces import Outcome
from tests import factories
from tests.services.agency_pages import signed_in

AGAIN = reverse("reviews:delivery-requeue")
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
    """The name of a mail of two notices, which is that of the first; another was mailed alone."""
    lead = people.nsa_lead
    notices.choose(lead, Topic.ACTIVITY, Delivery.DIGEST)
    for agency in ("dod", "cisa"):
        factories.position_filed(factories.filed(people), people, agency)
    move_clock(start + 24 * HOUR)
    delivery.deliver_notices()
    first = Notice.objects.filter(recipient=lead, delivery=Delivery.DIGEST).order_by("pk").first()
    return f"<{first.reference.hex}@127.0.0.1>"


def test_a_digest_that_comes_back_marks_its_own_notices(digest, people, start):
    assert bounces.take(report(digest), at=start + 25 * HOUR) == Outcome.MARKED
    marked = Notice.objects.filter(bounced_at__isnull=False)
    assert [(n.recipient, n.kind) for n in marked] == [
        (people.nsa_lead, NoticeKind.POSITION_FILED)
    ] * 2
    assert bounces.take(report(digest), at=start + 26 * HOUR) == Outcome.UNKNOWN


def test_of_a_digest_that_comes_back_what_was_not_sent_is_not_marked(digest, people, start):
    last = Notice.objects.filter(delivery=Delivery.DIGEST).order_by("pk").last()
    Notice.objects.filter(pk=last.pk).update(sent_at=None, claimed_until=None)
    bounces.take(report(digest), at=start + 25 * HOUR)
    assert Notice.objects.filter(bounced_at__isnull=False).count() == 1


def test_a_name_that_nobody_knows_costs_two_queries(
    digest, start, django_assert_max_num_queries, monkeypatch
):
    """However many digests there are: a stranger's mail can have any name."""
    with django_assert_max_num_queries(4):  # two of them begin and end a transaction
        assert bounces.take(report(f"<{'0' * 32}@127.0.0.1>"), at=start) == Outcome.UNKNOWN


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


def nested(levels):
    """A report around reports, each within the one before."""
    for level in range(levels):
        yield b'Content-Type: multipart/mixed; boundary="n%d"\n\n--n%d\n' % (level, level)


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (b"", Outcome.MARKED),
        (b"x" * (bounces.MAX_BYTES - 2000) + b"\n", Outcome.MARKED),
        (b"x" * bounces.MAX_BYTES + b"\n", Outcome.UNREADABLE),
        (b'boundary="c.1"\n\n--c.1--\n' * 30, Outcome.MARKED),
        (b'boundary="c.1"\n\n--c.1--\n' * 50, Outcome.UNREADABLE),
        (b"Content-Type: message/rfc822\n\n" * 50, Outcome.UNREADABLE),
        (b"".join(nested(bounces.MAX_NESTING - 1)), Outcome.MARKED),
        (b"".join(nested(bounces.MAX_NESTING)), Outcome.UNREADABLE),
    ],
)
def test_a_mail_that_would_cost_much_is_not_parsed(sent, start, before, outcome):
    notice, name = sent
    head, gap, body = report(name).partition(b"\n\n")
    # What stands before the first part is no part; only what it costs to find out counts.
    content = head + gap + before + body
    assert bounces.take(content, at=start) == outcome
    assert (state(notice)[0] is not None) is (outcome == Outcome.MARKED)


def test_the_servers_words_may_hold_anything(sent, start):
    notice, name = sent
    said = FAILED | {"Diagnostic-Code": "smtp; 550\x00 no\x1b[31m such \udcff"}
    content = report(name, blocks=(FAILED | {"Diagnostic-Code": "smtp; 550 XX"},))
    raw = said["Diagnostic-Code"].encode(errors="surrogateescape")
    assert bounces.take(content.replace(b"smtp; 550 XX", raw), at=start) == Outcome.MARKED
    assert state(notice)[1].startswith("Came back: 5.1.1 550 no [31m such")


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


def test_one_that_is_too_long_is_passed_by_to_its_end(sent, pipe, caplog):
    notice, name = sent
    caplog.set_level(logging.INFO)
    pipe(report(name) + b"x" * 5 * 1024 * 1024)
    assert sys.stdin.buffer.read() == b""
    assert "is no delivery-status notification" in caplog.text
    assert state(notice)[0] is None


def test_a_maildir_is_emptied(sent, tmp_path):
    notice, name = sent
    box = mailbox.Maildir(tmp_path / "bounces")
    for content in (
        *(b"Subject: hello\n\nhello", report(name), report(name)),
        report(name) + b"x" * bounces.MAX_BYTES,
    ):
        box.add(content)
    call_command("take_bounce", maildir=tmp_path / "bounces")
    assert state(notice)[0] is not None
    assert len(box) == 0


def test_a_maildir_that_is_not_there_is_said_so(db, tmp_path):
    with pytest.raises(CommandError, match="There is no Maildir at"):
        call_command("take_bounce", maildir=tmp_path / "nowhere")


@pytest.mark.parametrize("failure", [OperationalError, InterfaceError])
def test_without_a_database_the_mail_server_keeps_the_message(sent, tmp_path, pipe, failure):
    _, name = sent
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(report(name))

    def down(execute, sql, params, many, context):
        raise failure

    with connection.execute_wrapper(down):
        with pytest.raises(SystemExit) as left:
            pipe(report(name))
        assert left.value.code == 75
        with pytest.raises(SystemExit):
            call_command("take_bounce", maildir=tmp_path / "bounces")
    assert len(box) == 1


@pytest.mark.parametrize("refusal", [ClockDisagreement, RecordsBehind])
def test_while_nothing_can_be_decided_it_is_kept_too(sent, tmp_path, pipe, monkeypatch, refusal):
    _, name = sent
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(report(name))

    def now():
        raise refusal

    monkeypatch.setattr(timekeeping, "now", now)
    for run in (
        lambda: pipe(report(name)),
        lambda: call_command("take_bounce", maildir=tmp_path / "bounces"),
    ):
        with pytest.raises(SystemExit) as left:
            run()
        assert left.value.code == 75
    assert len(box) == 1


@pytest.mark.parametrize("failure", [DataError, RuntimeError])
def test_a_message_that_cannot_be_handled_is_not_met_again(sent, tmp_path, monkeypatch, failure):
    notice, name = sent
    box = mailbox.Maildir(tmp_path / "bounces")
    for _ in range(2):
        box.add(report(name))
    real, broken = bounces.take, iter([failure])

    def take(content, *, at):
        for once in broken:
            raise once
        return real(content, at=at)

    monkeypatch.setattr(bounces, "take", take)
    call_command("take_bounce", maildir=tmp_path / "bounces")
    assert len(box) == 0
    assert state(notice)[0] is not None
