"""Every page that a person can reach costs the same queries at 10 and at 400 rows.

PAGE_ROWS=10000 asks it of ten thousand, which takes some minutes.
"""

import os
import re
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import audit
from reviews.models import Determination, DeterminationCriterion, Submission
from reviews.models.export import ExportFormat
from reviews.services import exports, private_notes, receiving
from reviews.services.autosaving import Sending
from tests import factories, many_rows
from tests.discussions import edited, opened
from tests.links import walk
from tests.services.agency_pages import signed_in, text_of
from tests.services.issued_documents import concluded, issued_letter, under_review

pytestmark = pytest.mark.django_db
PEOPLE = [
    *("northlight_liaison", "nsa_reviewer", "nsa_lead", "nsa_official", "oncd_official"),
    *("administrator", "auditor"),
]
FEW, MANY = 10, int(os.environ.get("PAGE_ROWS", "400"))
# A page shows all documents of a submission, and forms choose from all: nobody files so many.
MOST_DOCUMENTS = 300


class Rows:
    """One row of every kind, which ``grow`` makes many."""

    def __init__(self, people):
        self.people, self.number = people, 1
        self.running, reviewed = factories.filed(people), factories.filed(people)
        self.over = under_review(people)
        factories.review_drafted(self.running, people)
        for submission in (self.running, reviewed):
            factories.review_filed(submission, people, "dod")
        factories.review_filed(reviewed, people)
        factories.position_filed(self.running, people, "dod")
        self.signed = factories.determination(self.over, people, state="signed")
        factories.determination(self.running, people)
        concluded(self.over, people)
        self.kinds = [self.running, self.over, reviewed]
        self.document = factories.document(self.running, people)
        self.quarantined = factories.document(self.running, people).versions.get()
        self.quarantined.scan_state, self.quarantined.scanned_at = "infected", factories.now()
        self.quarantined.save()
        self.upload = receiving.begin(
            self.running, name="a.txt", size=1, by=people.northlight_liaison, at=factories.now()
        )
        self.grant = factories.grant(self.running, people, state="requested")
        extras = {"mentions": [people.nsa_reviewer], "documents": [self.document]}
        self.threads = [
            opened(self.running, "agencies", people.nsa_lead, **extras),
            opened(self.running, "with_lab", people.nsa_lead),
            opened(self.running, "own_agency", people.nsa_reviewer),
        ]
        edited(self.threads[0].posts.get())
        self.draft = factories.information_request(self.running, people, "dod", state="draft")
        self.answered = factories.information_request(self.running, people, state="answered")
        self.criterion = factories.criterion(people, "CC-7")
        issued_letter(self.running, people)
        private_notes.save(
            self.running, text="Mine.", sent=Sending(0), by=people.nsa_reviewer, at=factories.now()
        )
        exports.ask(ExportFormat.CSV, {}, by=people.northlight_liaison, at=factories.now())

    def grow(self, number):
        """There are ``number`` of each kind, but for criteria, of which there is a tenth."""
        more, before, self.number = number - self.number, self.number, number
        for row in self.kinds:
            made = many_rows.submissions(row, more)
            if row == self.over:
                self._determine(made)
        for thread in self.threads:
            first = thread.posts.order_by("pk").first()
            threads = many_rows.copies(thread, more)
            many_rows.like(first, threads, "thread")
            posts = many_rows.copies(first, more, thread=lambda _, thread=thread: thread)
            for extra in (*first.mentions.all(), *first.attachments.all()):
                many_rows.like(extra, posts, "post")
        for row in (self.draft, self.answered):
            numbers = {} if row.number is None else {"number": lambda place: before + 1 + place}
            requests = many_rows.copies(row, more, **numbers)
            for part in (*row.parties.all(), *row.answers.all()):
                many_rows.like(part, requests, "request")
        versions = self.document.versions.get()
        documents = many_rows.copies(self.document, min(more, MOST_DOCUMENTS))
        many_rows.like(versions, documents, "document")
        many_rows.like(self.quarantined, documents, "document", number=lambda _: before + 1)
        many_rows.copies(self.upload, min(more, receiving.MOST_AT_ONCE - FEW))
        many_rows.copies(self.grant, more)
        self._criteria(before, more // 10)
        notice = self.people.nsa_lead.notices.first()
        many_rows.copies(notice, more, key=lambda place: f"copy {before} {place}")
        audit.append(many_rows.openings(self.running, self.people.dod_reviewer, more))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as a database in use would have done

    def _determine(self, submissions):
        self.signed.refresh_from_db()
        unsigned = Determination.objects.get(pk=self.signed.pk)
        unsigned.signed_at = unsigned.signer = None
        rows = many_rows.like(unsigned, submissions, "submission")
        many_rows.like(DeterminationCriterion.objects.first(), rows, "determination")
        Determination.objects.filter(pk__in=[row.pk for row in rows]).update(
            signed_at=self.signed.signed_at, signer=self.signed.signer
        )

    def _criteria(self, before, more):
        names = {"reference": lambda place: f"C-{before}-{place}"}
        criteria = many_rows.copies(self.criterion.criterion, more, **names)
        many_rows.like(self.criterion, criteria, "criterion")


def visited(browser, path):
    """The page is open; it and the paths that its links lead to."""
    answer = browser.get(path)
    assert answer.status_code in (200, 302), (path, answer.status_code)
    return answer, re.findall(r'href="(/[^"#]*)"', text_of(answer))


def test_many_rows_cost_the_queries_of_few(people, capsys):
    """On every page; one that says that there are too many to show may cost less."""
    rows = Rows(people)
    rows.grow(FEW)
    browsers = {code: signed_in(getattr(people, code)) for code in PEOPLE}
    pages = [
        (code, path)
        for code, browser in browsers.items()
        for _, path, _ in walk(partial(visited, browser))
    ]

    def costs():
        found = {}
        for code, path in pages:
            with CaptureQueriesContext(connection) as asked:
                visited(browsers[code], path)
            found[code, path] = len(asked)
        return found

    few = costs()
    rows.grow(MANY)
    many = costs()
    with capsys.disabled():
        print(
            f"\n{len(pages)} pages of {len(PEOPLE)} people, "
            f"{Submission.objects.count():,} submissions: at most {max(many.values())} queries"
        )
    assert {page: (few[page], many[page]) for page in pages if many[page] > few[page]} == {}
