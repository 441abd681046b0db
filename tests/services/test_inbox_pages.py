"""The inbox, and the number of unread notices on every page."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import audit, seats
from accounts.models import AuditEvent
from reviews.models import Notice
from reviews.models.notice import ESCALATED_IDLE, Delivery, NoticeKind, Topic
from reviews.services import agency_reviews, attachments, notices
from tests import factories
from tests.people import SEATS
from tests.services.agency_pages import content_of, signed_in, text_of

INBOX = reverse("reviews:notice-list")
READ = reverse("reviews:notice-read")
MINUTE = timedelta(minutes=1)


def told(submission, person, kind=NoticeKind.POSITION_FILED, *, at, **facts):
    """A notice to the person, queued at that instant."""
    row = notices.row(kind, submission, person, due_at=at, at=at, grant=facts.pop("grant", None))
    notices.insert([row], at=at)
    Notice.objects.filter(key=row.key).update(**facts)
    return Notice.objects.get(key=row.key)


@pytest.fixture
def submission(people):
    """A filed one; the lead has been told of nothing but what a test tells her."""
    row = factories.filed(people, family="Aurora", version="4")
    Notice.objects.all().delete()
    return row


def shown(browser, query=""):
    """The references of the notices on the page, in its order."""
    return [row.reference for row in browser.get(INBOX + query).context["rows"]]


def badge(answer):
    """What the navigation says of unread notices, as a screen reader reads it; "" for nothing."""
    nav = text_of(answer).partition('aria-label="Primary"')[2].partition("</nav>")[0]
    words = nav.partition('<span class="usa-sr-only"> ')[2].partition("</span>")[0]
    return words.removesuffix(" unread")


def test_a_notice_says_what_its_mail_says_and_more_only_here(people, submission, start):
    told(submission, people.nsa_lead, at=start)
    page = content_of(signed_in(people.nsa_lead).get(INBOX))
    assert "An agency filed its position on a submission that you follow." in page
    assert submission.reference in page
    assert "Northlight Aurora 4" in page
    assert "Oct. 20, 2026, 11:00 a.m. EDT" in page
    assert "<strong>Unread</strong>" in page


def test_an_administrator_reads_no_model_here(people, submission, start):
    told(submission, people.administrator, ESCALATED_IDLE, at=start)
    answer = signed_in(people.administrator).get(INBOX)
    assert badge(answer) == "1"
    assert "Aurora" not in text_of(answer)
    assert "Northlight" not in text_of(answer)


def opened(browser, notice):
    """Where the notice's own address leads."""
    answer = browser.get(reverse("reviews:notice-detail", args=[notice.reference]))
    assert answer.status_code == 302
    return answer["Location"]


def test_a_notice_that_is_opened_is_read(people, submission, start, move_clock):
    """The link leads where the mail does, and the notice counts as read from then on."""
    notice = told(submission, people.nsa_lead, at=start)
    other = told(submission, people.nsa_lead, NoticeKind.REVIEW_FILED, at=start)
    browser = signed_in(people.nsa_lead)
    assert reverse("reviews:notice-detail", args=[notice.reference]) in content_of(
        browser.get(INBOX)
    )
    move_clock(start + MINUTE)
    assert opened(browser, notice) == submission.get_absolute_url()
    move_clock(start + 2 * MINUTE)
    assert opened(browser, notice) == submission.get_absolute_url()
    notice.refresh_from_db()
    other.refresh_from_db()
    assert (notice.read_at, other.read_at) == (start + MINUTE, None)
    assert badge(browser.get(INBOX)) == "1"


def test_an_administrators_notice_leads_to_the_attachments(people, submission, start):
    notice = told(submission, people.administrator, ESCALATED_IDLE, at=start)
    there = opened(signed_in(people.administrator), notice)
    assert there == f"/attachments/{submission.reference}/"


def test_nobody_opens_anothers_notice(people, submission, start):
    notice = told(submission, people.nsa_lead, at=start)
    address = reverse("reviews:notice-detail", args=[notice.reference])
    assert signed_in(people.nsa_reviewer).get(address).status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_muted_and_digested_notices_stand_here_and_skipped_ones_do_not(people, submission, start):
    lead = people.nsa_lead
    stands = [
        told(submission, lead, at=start, delivery=Delivery.MUTED),
        told(
            submission,
            lead,
            at=start - MINUTE,
            delivery=Delivery.DIGEST,
            digest_for=start.date(),
        ),
        told(submission, lead, at=start - 2 * MINUTE, sent_at=start),
        told(submission, lead, at=start - 3 * MINUTE, dead_at=start),
    ]
    told(submission, lead, at=start - 4 * MINUTE, skipped_at=start)
    browser = signed_in(lead)
    assert shown(browser) == [notice.reference for notice in stands]
    assert badge(browser.get(INBOX)) == "4"


def test_what_one_no_longer_sees_is_neither_listed_nor_counted(people, submission, start):
    told(submission, people.nsa_reviewer, at=start)
    browser = signed_in(people.nsa_reviewer)
    assert (len(shown(browser)), badge(browser.get("/profile/"))) == (1, "1")
    agency_reviews.recuse(submission, reason="", by=people.nsa_reviewer, at=start)
    assert (shown(browser), badge(browser.get("/profile/"))) == ([], "")


def test_nobody_marks_anothers_notice(people, submission, start):
    theirs = told(submission, people.dod_lead, at=start)
    mine = told(submission, people.nsa_lead, at=start)
    browser = signed_in(people.nsa_lead)
    answer = browser.post(READ, {"reference": str(theirs.reference)})
    assert answer.status_code == 404
    browser.post(READ, {"through": f"{mine.queued_at.isoformat()}~{'f' * 32}"})
    assert Notice.objects.get(pk=theirs.pk).read_at is None
    assert Notice.objects.get(pk=mine.pk).read_at == start


def test_reading_the_page_marks_nothing(people, submission, start):
    told(submission, people.nsa_lead, at=start)
    browser = signed_in(people.nsa_lead)
    for path in (INBOX, READ, f"{INBOX}?state=unread"):
        browser.get(path)
    assert Notice.objects.filter(read_at__isnull=False).count() == 0


def test_one_is_marked_once_and_a_second_click_is_no_error(people, submission, start, move_clock):
    first = told(submission, people.nsa_lead, at=start)
    told(submission, people.nsa_lead, at=start - MINUTE)
    browser = signed_in(people.nsa_lead)
    for minute in range(2):
        move_clock(start + minute * MINUTE)
        answer = browser.post(f"{READ}?state=unread", {"reference": str(first.reference)})
        assert (answer.status_code, answer["Location"]) == (302, f"{INBOX}?state=unread")
    assert Notice.objects.get(pk=first.pk).read_at == start
    assert badge(browser.get("/")) == "1"
    assert "Read</span>" in content_of(browser.get(INBOX))


def test_marking_all_leaves_what_arrived_after_the_page_was_drawn(people, submission, start):
    lead = people.nsa_lead
    old = [told(submission, lead, at=start - number * MINUTE) for number in range(3)]
    browser = signed_in(lead)
    through = browser.get(INBOX).context["through"]
    later = told(submission, lead, at=start + MINUTE)
    answer = browser.post(READ, {"through": through}, follow=True)
    assert "3 notices marked as read." in text_of(answer)
    assert Notice.objects.filter(read_at__isnull=True).get() == later
    assert shown(browser) == [notice.reference for notice in (later, *old)]
    assert shown(browser, "?state=unread") == [later.reference]


def test_marking_all_of_one_instant_stops_at_the_newest_shown(people, submission, start):
    """Notices of one sweep have one instant: their references tell which were on the page."""
    rows = [told(submission, people.nsa_lead, kind, at=start) for kind in list(NoticeKind)[:4]]
    rows.sort(key=lambda notice: str(notice.reference))
    through = f"{start.isoformat()}~{rows[1].reference}"
    signed_in(people.nsa_lead).post(READ, {"through": through})
    read = Notice.objects.filter(read_at__isnull=False)
    assert set(read.values_list("pk", flat=True)) == {rows[0].pk, rows[1].pk}


def test_marking_all_under_a_filter_marks_what_it_shows(people, submission, start):
    seen = told(submission, people.nsa_lead, NoticeKind.WITHDRAWN, at=start)
    other = told(submission, people.nsa_lead, NoticeKind.POSITION_FILED, at=start - MINUTE)
    browser = signed_in(people.nsa_lead)
    assert shown(browser, "?topic=legal") == [seen.reference]
    through = browser.get(f"{INBOX}?topic=legal").context["through"]
    browser.post(f"{READ}?topic=legal", {"through": through})
    assert Notice.objects.get(pk=other.pk).read_at is None
    assert Notice.objects.get(pk=seen.pk).read_at == start


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"reference": "7"},
        {"through": "yesterday"},
        {"through": "2026-10-20T15:00:00+00:00~7"},
        {"through": "2026-10-20T15:00:00~" + "0" * 32},
    ],
)
def test_a_form_that_names_no_notice_is_a_bad_request(people, submission, start, sent):
    told(submission, people.nsa_lead, at=start)
    assert signed_in(people.nsa_lead).post(READ, sent).status_code == 400
    assert not Notice.objects.filter(read_at__isnull=False).exists()


@pytest.mark.parametrize("query", ["?state=nonsense", "?topic=nonsense", "?after=x", "?after=a~b"])
def test_an_address_that_no_page_wrote_is_refused(people, query):
    assert signed_in(people.nsa_lead).get(INBOX + query).status_code == 400


def test_every_kind_is_of_one_topic_that_the_filter_knows():
    kinds = [kind for topic in Topic for kind in notices.of_topic(topic)]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == {*map(str, NoticeKind), *notices.REMINDERS}


def test_pages_are_of_fifty_and_go_both_ways(people, submission, start):
    lead = people.nsa_lead
    rows = [told(submission, lead, at=start - number * MINUTE) for number in range(120)]
    browser = signed_in(lead)
    expected = [notice.reference for notice in rows]
    first = browser.get(INBOX)
    second = browser.get(INBOX + first.context["next_url"])
    third = browser.get(INBOX + second.context["next_url"])
    pages = [[row.reference for row in page.context["rows"]] for page in (first, second, third)]
    assert pages == [expected[:50], expected[50:100], expected[100:]]
    assert shown(browser, third.context["previous_url"]) == pages[1]
    assert (first.context["previous_url"], third.context["next_url"]) == ("", "")


@pytest.mark.parametrize(
    ("number", "words"), [(0, ""), (1, "1"), (99, "99"), (100, "more than 99")]
)
def test_the_number_in_words(people, submission, start, number, words):
    for minute in range(number):
        told(submission, people.nsa_lead, at=start - minute * MINUTE)
    assert badge(signed_in(people.nsa_lead).get("/profile/")) == words


def test_the_number_is_on_refused_pages_and_on_no_page_of_what_is_not_there(
    people, submission, start
):
    told(submission, people.nsa_lead, at=start)
    browser = signed_in(people.nsa_lead)
    forbidden = browser.get(f"/submissions/{submission.reference}/withdraw/")
    assert (forbidden.status_code, badge(forbidden)) == (403, "1")
    typed = browser.post("/profile/", {})
    assert (typed.status_code, badge(typed)) == (422, "1")
    with CaptureQueriesContext(connection) as asked:
        nowhere = browser.get("/no-such-page/")
    assert (nowhere.status_code, badge(nowhere)) == (404, "")
    assert not [query for query in asked.captured_queries if "reviews_notice" in query["sql"]]
    assert badge(Client().get("/sign-in/")) == ""


def test_the_number_costs_one_query_and_the_inbox_the_same_for_1_and_for_60(
    people, submission, start
):
    browser = signed_in(people.nsa_lead)

    def queries(path):
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(path).status_code == 200
        about = [query for query in asked.captured_queries if "reviews_notice" in query["sql"]]
        return len(asked), len(about)

    told(submission, people.nsa_lead, at=start)
    grant = factories.grant(submission, people)
    queries(INBOX)  # fills what is kept per process
    before = {path: queries(path) for path in (INBOX, "/submissions/", "/access/", "/profile/")}
    assert {path: about for path, (_, about) in before.items()} == {
        INBOX: 2,
        "/submissions/": 1,
        "/access/": 1,
        "/profile/": 1,
    }
    assert before["/submissions/"][0] <= 8
    for minute in range(1, 60):
        about = grant if minute % 2 else None
        told(submission, people.nsa_lead, at=start - minute * MINUTE, grant=about)
        Notice.objects.update(on_behalf_of=people.dod_lead)
    assert {path: queries(path) for path in before} == before


@pytest.mark.parametrize("seed", range(6))
def test_the_number_is_the_number_of_unread_notices_in_the_list(people, start, seed):
    """Whatever was told to whom, and whatever has changed since about what each person sees."""
    chance = random.Random(seed)
    submissions = [factories.filed(people, lab) for lab in ("northlight", "basalt", "northlight")]
    grants = [factories.grant(one, people) for one in submissions[:1]]
    everyone = [getattr(people, code) for code in SEATS if code != "disabled"]
    Notice.objects.all().delete()
    kinds = [*map(str, NoticeKind), ESCALATED_IDLE]
    for _ in range(200):
        grant = chance.choice([None, None, *grants])
        submission = grant.submission if grant else chance.choice(submissions)
        facts = {
            "read_at": chance.choice([None, None, start]),
            "skipped_at": chance.choice([None, None, None, start]),
        }
        at = start - chance.randint(0, 40) * MINUTE
        person = chance.choice(everyone)
        kind = chance.choice(kinds)
        if not Notice.objects.filter(recipient=person, kind=kind, due_at=at).exists():
            told(submission, person, kind, at=at, grant=grant, **facts)
    attachments.detach(
        submissions[0], factories.organization("dod"), by=people.administrator, at=start
    )
    agency_reviews.recuse(submissions[1], reason="", by=people.nsa_lead, at=start)
    seats.take(
        person=people.cisa_reviewer,
        organization=factories.organization("cisa"),
        role="reviewer",
        by=audit.SYSTEM,
        at=start,
    )
    total = 0
    for person in everyone:
        browser, path, listed = signed_in(person), INBOX, 0
        while path:
            answer = browser.get(path)
            listed += sum(row.unread for row in answer.context["rows"])
            following = answer.context["next_url"]
            path = following and INBOX + following
        assert badge(answer) == (str(listed) if listed else ""), person.email
        total += listed
    assert total > 10


def test_marking_is_nobodys_business_but_hers(people, submission, start):
    """What a person has read is not in the log that auditors read."""
    told(submission, people.nsa_lead, at=start)
    before = AuditEvent.objects.count()
    browser = signed_in(people.nsa_lead)
    browser.post(READ, {"through": browser.get(INBOX).context["through"]})
    assert AuditEvent.objects.count() == before
