"""What a worker may send and write, and what a relay's refusal means for the others' mail."""

import os
import signal
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from accounts.models import User
from reviews import clock
from reviews.models import Notice
from reviews.models.notice import ESCALATED_IDLE, Delivery, Topic
from reviews.services import delivery, notices
from tests import factories
from tests.services.agency_pages import signed_in
from tests.services.test_delivery import DAY, HOUR, aside, said, sent


class TestClaim:
    """A worker writes and sends only what is still its own, whatever the clocks say."""

    def test_what_another_worker_claimed_is_neither_sent_nor_written(
        self, committed_people, start, smtp
    ):
        factories.filed(committed_people)
        until = start + HOUR
        smtp.after_message = lambda: aside(lambda: Notice.objects.update(claimed_until=until))
        counts = delivery.deliver_notices()
        assert counts == {"sent": 0, "skipped": 0, "deferred": 0, "dead": 0}
        assert len(smtp.messages) == 1
        assert set(Notice.objects.values_list("claimed_until", "sent_at")) == {(until, None)}

    @pytest.mark.parametrize("answer", ["451 later", "550 5.1.1 nobody", "421 later"])
    def test_nor_is_a_refusal_written(self, committed_people, start, smtp, answer):
        factories.filed(committed_people)

        async def refuse(*_):
            aside(lambda: Notice.objects.update(claimed_until=start + HOUR))
            return answer

        smtp.handle_DATA = refuse
        counts = delivery.deliver_notices()
        assert counts == {"sent": 0, "skipped": 0, "deferred": 0, "dead": 0}
        facts = Notice.objects.values_list("claimed_until", "attempts", "dead_at", "error")
        assert set(facts) == {(start + HOUR, 0, None, "")}

    def test_an_aged_claim_is_renewed_before_its_mail_begins(
        self, committed_people, start, smtp, monkeypatch
    ):
        monkeypatch.setattr(delivery, "AGED", timedelta(milliseconds=50))
        factories.filed(committed_people)
        claims = []

        def look():
            claims.extend(Notice.objects.exclude(claimed_until=None).values_list("claimed_until"))

        def after():
            if len(smtp.messages) == 1:
                time.sleep(0.06)
            elif len(smtp.messages) == 2:
                aside(look)

        smtp.after_message = after
        assert delivery.deliver_notices()["sent"] == Notice.objects.count()
        # The clock stood still; time did not.
        assert max(until for (until,) in claims) >= start + delivery.LEASE + delivery.AGED
        assert min(until for (until,) in claims) == start + delivery.LEASE

    def test_a_clock_that_stands_still_makes_nothing_known_stay_true(
        self, committed_people, start, smtp, monkeypatch
    ):
        monkeypatch.setattr(delivery, "FRESH", timedelta(0))
        factories.filed(committed_people)
        smtp.after_message = lambda: aside(lambda: User.objects.update(is_active=False))
        counts = delivery.deliver_notices()
        assert (counts["sent"], counts["skipped"]) == (1, Notice.objects.count() - 1)

    def test_a_clock_that_stands_still_ends_a_task_in_its_time(
        self, people, start, smtp, monkeypatch
    ):
        monkeypatch.setattr(delivery, "TASK", timedelta(seconds=0.5))
        factories.filed(people)
        smtp.after_message = lambda: time.sleep(0.5)
        assert delivery.deliver_notices()["sent"] == 1
        assert notices.waiting(start).count() == Notice.objects.count() - 1


class TestRefusals:
    """What the server refuses for our sake is put off; for a recipient's, it is dead."""

    def answering(self, smtp, command, answer):
        async def refuse(*_):
            return answer

        setattr(smtp, f"handle_{command}", refuse)

    @pytest.mark.parametrize(
        "answer", ["550 5.7.1 relaying denied", "553 we know no such sender", "451 4.7.1 not now"]
    )
    def test_a_refused_sender_puts_everything_off(self, people, start, smtp, move_clock, answer):
        factories.filed(people)
        good = smtp.handle_MAIL
        self.answering(smtp, "MAIL", answer)
        counts = delivery.deliver_notices()
        assert counts == {"sent": 0, "skipped": 0, "deferred": Notice.objects.count(), "dead": 0}
        assert smtp.connections == 1
        assert set(Notice.objects.values_list("error", flat=True)) == {answer}
        smtp.handle_MAIL = good
        move_clock(start + HOUR)
        assert delivery.deliver_notices()["sent"] == Notice.objects.count()

    def test_a_refused_hello_puts_everything_off(self, people, start, smtp):
        factories.filed(people)
        answer = "550 5.7.1 who are you"

        async def refuse(server, session, envelope, hostname, responses):
            return [answer]

        smtp.handle_EHLO = refuse
        self.answering(smtp, "HELO", answer)
        counts = delivery.deliver_notices()
        assert (counts["deferred"], counts["dead"]) == (Notice.objects.count(), 0)
        assert set(Notice.objects.values_list("error", flat=True)) == {answer}

    def test_a_mail_that_is_too_large_is_its_own_matter(self, people, start, smtp):
        factories.filed(people)
        good, answers = smtp.handle_MAIL, iter(["552 5.3.4 too large"])

        async def refuse(*facts):
            return next(answers, None) or await good(*facts)

        smtp.handle_MAIL = refuse
        counts = delivery.deliver_notices()
        assert (counts["dead"], counts["sent"]) == (1, Notice.objects.count() - 1)

    @pytest.mark.parametrize("command", ["RCPT", "DATA"])
    def test_three_in_a_row_by_policy_are_no_recipients_matter(self, people, start, smtp, command):
        factories.filed(people)
        asked = []

        async def refuse(*_):
            asked.append(command)
            return "550-5.7.1 relaying\r\n550 5.7.1 denied"

        setattr(smtp, f"handle_{command}", refuse)
        counts = delivery.deliver_notices()
        assert (counts["deferred"], counts["dead"]) == (Notice.objects.count(), 0)
        assert len(asked) == 3
        assert Notice.objects.filter(attempts=1, next_attempt_at__gt=start).count() == (
            Notice.objects.count()
        )

    @pytest.mark.parametrize("where", [slice(2), slice(-2, None), slice(0, 8, 2)])
    def test_fewer_are_their_own_matter(self, people, start, smtp, where):
        factories.filed(people)
        order = [notice.recipient for notice in notices.waiting(start)]
        refused = order[where]
        for person in refused:
            smtp.answers[person.email] = "554 5.7.1 not for me"
        counts = delivery.deliver_notices()
        assert (counts["dead"], counts["deferred"]) == (len(refused), 0)
        assert counts["sent"] == len(order) - len(refused)
        dead = Notice.objects.filter(dead_at=start, error="554 5.7.1 not for me")
        assert {notice.recipient for notice in dead} == set(refused)

    def test_refused_addresses_however_many_are_dead(self, people, start, smtp):
        factories.filed(people)
        for notice in Notice.objects.all():
            smtp.answers[notice.recipient.email] = "550 5.1.1 nobody"
        assert delivery.deliver_notices()["dead"] == Notice.objects.count()

    def test_mail_queued_again_after_days_is_not_given_up_at_once(self, people, start, smtp):
        factories.filed(people)
        later = start + 9 * DAY
        Notice.objects.update(dead_at=later)
        notices.requeue(Notice.objects.all(), at=later)
        for hours in (0, 1):
            with clock.rehearsal(later + hours * HOUR):
                for notice in Notice.objects.all():
                    smtp.answers[notice.recipient.email] = "451 later"
                delivery.deliver_notices()
        assert set(Notice.objects.values_list("attempts", "dead_at")) == {(2, None)}

    def test_the_servers_words_are_one_line_without_commands(self, people, start, smtp, caplog):
        factories.filed(people)
        words = "550-5.1.1 nobody \x1b[31mhere\r\n550 5.1.1\tforged: Notice 7\x07 was sent"
        smtp.answers[people.nsa_lead.email] = words
        delivery.deliver_notices()
        said_ = "550 5.1.1 nobody [31mhere 5.1.1 forged: Notice 7 was sent"
        assert Notice.objects.get(recipient=people.nsa_lead).error == said_
        (record,) = [r for r in caplog.records if r.name == delivery.__name__]
        assert record.getMessage().endswith(said_)

    def test_mail_that_nobody_takes_for_days_is_shown_as_undelivered(
        self, people, start, settings, move_clock, smtp
    ):
        factories.filed(people)
        settings.EMAIL_PORT = 1
        for hours in range(0, 80, 2):
            move_clock(start + hours * HOUR)
            delivery.deliver_notices()
        assert Notice.objects.undelivered().count() == Notice.objects.count()

    def test_undelivered_mail_is_sent_again_when_somebody_says_so(self, people, start, smtp):
        factories.filed(people)
        smtp.answers[people.nsa_lead.email] = "550 nobody"
        sent(smtp)
        smtp.answers.clear()
        assert notices.requeue(Notice.objects.all(), at=start) == 1
        assert [m["To"] for m in sent(smtp)] == [people.nsa_lead.email]
        assert notices.requeue(Notice.objects.all(), at=start) == 0


class TestInterruption:
    @contextmanager
    def limit(self):
        """As Celery's soft limit of time: a signal raises it wherever the task is."""

        def stop(*_):
            raise SoftTimeLimitExceeded

        before = signal.signal(signal.SIGUSR1, stop)
        try:
            yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)

    def test_a_task_that_took_too_long_ends_and_gives_back(self, people, start, smtp):
        factories.filed(people)
        with self.limit() as interrupt:
            smtp.after_message = lambda: len(smtp.messages) == 2 and (interrupt(), time.sleep(0.2))
            with pytest.raises(SoftTimeLimitExceeded):
                delivery.deliver_notices()
        assert notices.waiting(start).count() == Notice.objects.count() - 1
        assert not Notice.objects.undelivered().exists()

    def test_also_while_a_mail_is_composed(self, people, start, smtp, monkeypatch):
        factories.filed(people)

        def stop(_):
            raise SoftTimeLimitExceeded

        monkeypatch.setattr(notices, "wording", stop)
        with pytest.raises(SoftTimeLimitExceeded):
            delivery.deliver_notices()
        assert notices.waiting(start).count() == Notice.objects.count()

    def test_what_no_mail_can_carry_stops_no_other(self, people, start, smtp):
        factories.filed(people)
        User.objects.filter(pk=people.nsa_lead.pk).update(email="two\nlines@test.example")
        counts = delivery.deliver_notices()
        assert (counts["dead"], counts["sent"]) == (1, Notice.objects.count() - 1)


class TestAddress:
    @pytest.mark.parametrize("how", [Delivery.IMMEDIATE, Delivery.DIGEST])
    def test_an_escalation_leads_each_where_she_may_go(self, people, start, smtp, move_clock, how):
        submission = factories.filed(people)
        for person in (people.administrator, people.nsa_lead):
            notices.choose(person, Topic.REQUESTS, how)
        move_clock(start + 9 * DAY)
        notices.queue_reminders(at=start + 9 * DAY)
        Notice.objects.exclude(kind=ESCALATED_IDLE).delete()
        move_clock(start + 10 * DAY - timedelta(microseconds=1))
        mails = {mail["To"]: said(mail) for mail in sent(smtp)}
        attachments = f"/attachments/{submission.reference}/"
        assert attachments in mails[people.administrator.email]
        assert attachments not in mails[people.nsa_lead.email]
        assert f"/submissions/{submission.reference}/" in mails[people.nsa_lead.email]
        for person in (people.administrator, people.nsa_lead):
            browser = signed_in(person)
            (row,) = browser.get("/notices/").context["rows"]
            assert row.said.path in mails[person.email]
            assert browser.get(row.said.path).status_code == 200
