"""How mail leaves: as its reader chose, in one conversation, and never when it is pointless."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from reviews.models import Notice, NoticeChoice
from reviews.models.notice import Delivery, Topic
from reviews.services import delivery, notices
from tests import factories

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def said(message):
    """The plain text of a mail."""
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def to(server, person):
    """The mails that the person got, oldest first."""
    return [message for message in server.messages if message["To"] == person.email]


def sent(server):
    """Everything that waits is sent, and what was sent before is forgotten."""
    delivery.deliver_notices()
    found, server.messages[:] = list(server.messages), []
    return found


def aside(work):
    """``work`` is done in a thread of its own, on a connection of its own."""

    def run():
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


class TestDigest:
    def chosen(self, person, zone="America/New_York"):
        User.objects.filter(pk=person.pk).update(zone=zone)
        person.refresh_from_db()
        notices.choose(person, Topic.ACTIVITY, Delivery.DIGEST)
        notices.choose(person, Topic.REMINDERS, Delivery.DIGEST)

    def test_one_mail_the_next_morning_in_the_readers_zone(self, people, start, smtp, move_clock):
        submission = factories.filed(people)
        self.chosen(people.dod_lead, "America/Los_Angeles")
        sent(smtp)
        for agency in ("nsa", "cisa", "caisi"):
            factories.position_filed(submission, people, agency)
        assert to(smtp, people.dod_lead) == []
        morning = datetime(2026, 10, 21, 15, tzinfo=UTC)  # 8:00 a.m. in Los Angeles
        move_clock(morning - timedelta(seconds=1))
        assert [m["To"] for m in sent(smtp) if m["To"] == people.dod_lead.email] == []
        move_clock(morning)
        (mail,) = (m for m in sent(smtp) if m["To"] == people.dod_lead.email)
        assert mail["Subject"] == "Foreview: 3 notices of the day"
        assert said(mail).count("An agency filed its position\n") == 3
        assert mail.get_body(("html",)).get_content().count("<li>") == 3
        assert "Nothing in Foreview approves, denies or holds a release" in said(mail)
        assert sent(smtp) == []

    def test_what_comes_after_eight_is_part_of_tomorrows(self, people, start, smtp, move_clock):
        submission = factories.filed(people)
        self.chosen(people.dod_lead)
        sent(smtp)
        for number, agency in enumerate(("nsa", "cisa")):
            move_clock(start + number * DAY)
            factories.position_filed(submission, people, agency)
        days = Notice.objects.filter(recipient=people.dod_lead, delivery=Delivery.DIGEST)
        assert sorted(days.values_list("digest_for", flat=True)) == [
            date(2026, 10, 21),
            date(2026, 10, 22),
        ]
        move_clock(start + 3 * DAY)
        mails = [m for m in sent(smtp) if m["To"] == people.dod_lead.email]
        assert len(mails) == len({m["Message-ID"] for m in mails}) == 2

    def test_a_digest_that_was_refused_is_the_same_mail_again(
        self, people, start, smtp, move_clock
    ):
        submission = factories.filed(people)
        self.chosen(people.dod_lead)
        sent(smtp)
        factories.position_filed(submission, people, "nsa")
        factories.position_filed(submission, people, "cisa")
        move_clock(start + DAY)
        smtp.answers[people.dod_lead.email] = "451 later"
        assert delivery.deliver_notices()["deferred"] == 2
        smtp.answers.clear()
        move_clock(start + DAY + HOUR)
        (mail,) = (m for m in sent(smtp) if m["To"] == people.dod_lead.email)
        assert said(mail).count("An agency filed its position\n") == 2

    def digest(self, people, start, smtp, move_clock):
        """The four notices of one digest, first to last, an instant after it is due."""
        submission = factories.filed(people)
        self.chosen(people.dod_lead)
        sent(smtp)
        for agency in ("nsa", "cisa", "caisi", "treasury"):
            factories.position_filed(submission, people, agency)
        Notice.objects.exclude(recipient=people.dod_lead).delete()
        move_clock(start + DAY)
        return Notice.objects.filter(delivery=Delivery.DIGEST).order_by("pk")

    def test_what_is_put_off_together_waits_together(self, people, start, smtp, move_clock):
        rows = self.digest(people, start, smtp, move_clock)
        smtp.answers[people.dod_lead.email] = "451 later"
        assert delivery.deliver_notices()["deferred"] == 4
        assert len(set(rows.values_list("next_attempt_at", flat=True))) == 1

    def test_a_digest_is_named_by_its_first_notice(self, people, start, smtp, move_clock):
        rows = self.digest(people, start, smtp, move_clock)
        (mail,) = sent(smtp)
        assert mail["Message-ID"] == f"<{rows[0].reference.hex}@127.0.0.1>"
        # One of the same morning, which commits when the others have left.
        late = rows[3]
        Notice.objects.filter(pk=late.pk).update(sent_at=None)
        (mail,) = sent(smtp)
        assert mail["Message-ID"] == f"<{late.reference.hex}@127.0.0.1>"

    def test_a_digest_comes_whole_or_not_at_all(self, people, start, smtp, move_clock):
        rows = self.digest(people, start, smtp, move_clock)
        first, *rest = list(rows)
        at = start + DAY
        for numbers in ([first.pk], [rest[1].pk], [rest[0].pk, rest[2].pk]):
            rows.filter(pk__in=numbers).update(claimed_until=at + HOUR)
            assert delivery.claim(at) == []
            rows.update(claimed_until=None)
        rows.filter(pk=first.pk).update(next_attempt_at=at + HOUR)
        assert delivery.claim(at) == []
        rows.update(next_attempt_at=at + HOUR)
        rows.filter(pk=first.pk).update(next_attempt_at=at)
        assert delivery.claim(at) == [first, *rest]

    @pytest.mark.postgresql
    def test_what_another_transaction_locks_is_no_reason_to_send_a_part(
        self, committed_people, start, smtp, move_clock
    ):
        rows = self.digest(committed_people, start, smtp, move_clock)
        for number in range(4):
            claimed = []
            with transaction.atomic():
                rows.select_for_update().get(pk=rows[number].pk)
                aside(lambda into=claimed: into.extend(delivery.claim(start + DAY)))
            assert claimed == []
        assert len(delivery.claim(start + DAY)) == 4

    @pytest.mark.postgresql
    def test_two_workers_at_once_claim_one_digest_once(
        self, committed_people, start, smtp, move_clock
    ):
        rows = self.digest(committed_people, start, smtp, move_clock)
        for _ in range(10):
            begin, claims = threading.Barrier(4), []

            def work(begin=begin, claims=claims):
                begin.wait()
                claims.append(len(delivery.claim(start + DAY)))
                connection.close()

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(claims) in ([0, 0, 0, 4], [0, 0, 0, 0])
            rows.update(claimed_until=None)

    def test_a_digest_leaves_out_what_no_longer_holds(self, people, start, smtp, move_clock):
        submission = factories.filed(people)
        self.chosen(people.dod_reviewer)
        factories.assigned(submission, people, "dod")
        move_clock(start + 27 * DAY)
        notices.queue_reminders(at=start + 27 * DAY)
        move_clock(start + 29 * DAY)
        notices.queue_reminders(at=start + 29 * DAY)
        sent(smtp)
        move_clock(start + 29 * DAY + 23 * HOUR)
        (mail,) = (m for m in sent(smtp) if m["To"] == people.dod_reviewer.email)
        assert "within 1 day" in said(mail)
        assert "within 3 days" not in said(mail)

    def test_a_large_digest_is_still_one_mail(self, people, start, smtp, move_clock, monkeypatch):
        monkeypatch.setattr(delivery, "BATCH", 2)
        submission = factories.filed(people)
        self.chosen(people.dod_lead)
        sent(smtp)
        for agency in ("nsa", "cisa", "caisi", "treasury"):
            factories.position_filed(submission, people, agency)
        move_clock(start + DAY)
        assert len([m for m in sent(smtp) if m["To"] == people.dod_lead.email]) == 1

    def test_the_morning_follows_daylight_saving(self):
        from zoneinfo import ZoneInfo

        eastern = ZoneInfo("America/New_York")
        before = notices.next_digest(datetime(2026, 10, 31, 13, tzinfo=UTC), eastern)
        assert before == (date(2026, 11, 1), datetime(2026, 11, 1, 13, tzinfo=UTC))
        on_time = notices.next_digest(datetime(2026, 11, 1, 12, 59, tzinfo=UTC), eastern)
        assert on_time == before
        assert notices.next_digest(datetime(2026, 11, 1, 13, tzinfo=UTC), eastern)[0] == date(
            2026, 11, 2
        )


class TestChoices:
    def test_what_is_muted_is_in_the_inbox_and_in_no_mail(self, people, start, smtp):
        submission = factories.filed(people)
        sent(smtp)
        notices.choose(people.dod_lead, Topic.ACTIVITY, Delivery.MUTED)
        factories.position_filed(submission, people, "nsa")
        assert to(smtp, people.dod_lead) == []
        assert [m for m in sent(smtp) if m["To"] == people.dod_lead.email] == []
        kept = Notice.objects.standing().filter(recipient=people.dod_lead, kind="position_filed")
        assert kept.count() == 1

    @pytest.mark.parametrize("delivery_", [Delivery.DIGEST, Delivery.MUTED])
    def test_what_has_legal_meaning_cannot_be_put_off(self, people, start, smtp, delivery_):
        with pytest.raises(ValueError, match="cannot be delivered"):
            notices.choose(people.dod_lead, Topic.LEGAL, delivery_)
        for topic in (Topic.REMINDERS, Topic.ACTIVITY):
            notices.choose(people.dod_lead, topic, delivery_)
        submission = factories.filed(people)
        assert [m["Subject"] for m in sent(smtp) if m["To"] == people.dod_lead.email] == [
            f"Foreview: A new submission ({submission.reference})"
        ]

    def test_what_others_ask_of_one_cannot_be_muted(self, people):
        with pytest.raises(ValueError, match="cannot be delivered"):
            notices.choose(people.dod_lead, Topic.REQUESTS, Delivery.MUTED)

    @pytest.mark.parametrize(("topic", "chosen"), [("legal", "muted"), ("requests", "muted")])
    def test_the_database_refuses_it_too(self, people, topic, chosen):
        with pytest.raises(IntegrityError), transaction.atomic():
            NoticeChoice.objects.create(person=people.dod_lead, topic=topic, delivery=chosen)

    def test_a_choice_is_ones_own_and_can_be_changed(self, people, start, smtp):
        submission = factories.filed(people)
        sent(smtp)
        notices.choose(people.dod_lead, Topic.ACTIVITY, Delivery.MUTED)
        notices.choose(people.cisa_lead, Topic.ACTIVITY, Delivery.MUTED)
        notices.choose(people.cisa_lead, Topic.ACTIVITY, Delivery.IMMEDIATE)
        factories.position_filed(submission, people, "nsa")
        got = {m["To"] for m in sent(smtp)}
        assert people.cisa_lead.email in got
        assert people.dod_lead.email not in got


class TestConversation:
    def test_mails_about_one_submission_are_one_thread_for_each_reader(
        self, people, start, smtp, settings
    ):
        settings.BOUNCE_EMAIL = "bounces@foreview.example"
        submission = factories.filed(people)
        factories.position_filed(submission, people, "nsa")
        factories.filed(people)
        mails = [m for m in sent(smtp) if m["To"] == people.dod_lead.email]
        threads = [m["References"] for m in mails]
        assert len(mails) == 3
        assert sorted(threads.count(thread) for thread in threads) == [1, 2, 2]
        assert all(m["In-Reply-To"] == m["References"] for m in mails)
        assert len({m["Message-ID"] for m in mails}) == 3
        assert {m["From"] for m in mails} == {settings.DEFAULT_FROM_EMAIL}
        assert smtp.senders == {"bounces@foreview.example"}

    def test_only_what_may_be_muted_offers_it(self, people, start, smtp):
        submission = factories.filed(people)
        factories.position_filed(submission, people, "nsa")
        for mail in sent(smtp):
            offers = "position" in mail["Subject"]
            assert ("List-Unsubscribe" in mail) is offers, mail["Subject"]
            assert mail["List-Unsubscribe-Post"] == (
                "List-Unsubscribe=One-Click" if offers else None
            )

    def test_a_refusal_does_not_end_the_conversation(self, people, start, smtp):
        factories.filed(people)
        smtp.answers[people.nsa_lead.email] = "550 5.1.1 nobody"
        smtp.answers[people.dod_lead.email] = "451 4.3.0 later"
        delivery.deliver_notices()
        assert smtp.connections == 1

    def test_a_server_that_leaves_is_met_anew(self, people, start, smtp):
        factories.filed(people)
        smtp.answers[people.nsa_lead.email] = "421 4.3.2 later"
        counts = delivery.deliver_notices()
        assert (counts["deferred"], smtp.connections) == (1, 2)

    @pytest.mark.parametrize(
        "wrong",
        [{"zone": "Nowhere/At all"}, {"email": "a@b@c.example"}, {"email": "two\nlines@x.example"}],
    )
    def test_a_row_that_cannot_be_composed_stops_no_other(self, people, start, smtp, caplog, wrong):
        factories.filed(people)
        User.objects.filter(pk=people.nsa_lead.pk).update(**wrong)
        counts = delivery.deliver_notices()
        assert counts["dead"] == 1
        assert counts["sent"] == Notice.objects.count() - 1
        poison = Notice.objects.get(recipient=people.nsa_lead)
        assert poison.error.startswith("Cannot be composed: ")
        assert poison.dead_at

    def test_a_batch_begins_nothing_after_its_time_and_gives_the_rest_back(
        self, people, start, smtp, move_clock
    ):
        """So that no message is being sent when its lease runs out and another worker sends it."""
        factories.filed(people)
        waiting = Notice.objects.count()
        later = start + delivery.TASK
        smtp.after_message = lambda: move_clock(later)
        assert delivery.deliver_notices()["sent"] == 1
        assert notices.waiting(later).count() == waiting - 1
        smtp.after_message = None
        assert delivery.deliver_notices()["sent"] == waiting - 1

    def test_a_window_that_ends_in_mid_batch_stops_its_reminders(
        self, people, start, smtp, move_clock
    ):
        submission = factories.filed(people)
        sent(smtp)
        move_clock(submission.closes_at - timedelta(milliseconds=100))
        notices.queue_reminders(at=factories.now())
        smtp.after_message = lambda: move_clock(submission.closes_at)
        counts = delivery.deliver_notices()
        assert counts["sent"] == 1
        assert counts["skipped"] > 10
