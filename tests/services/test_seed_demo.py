"""The demonstration's data: what it holds, that it repeats, and where it refuses."""

import io
import re
import tempfile
from datetime import timedelta
from functools import partial
from io import StringIO

import pypdf
import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, TestCase, override_settings

from accounts import audit
from accounts.models import AuditHead, Organization, User
from reviews import clock
from reviews.demonstration import content
from reviews.demonstration.people import PEOPLE
from reviews.demonstration.script import Story, ago, on, timeline
from reviews.demonstration.stories import STORIES
from reviews.management.commands.seed_demo import walk
from reviews.models import (
    AccessGrant,
    AgencyPosition,
    AgencyReview,
    Consultation,
    Determination,
    DocumentVersion,
    Notice,
    Package,
    Post,
    PostAttachment,
    PostMention,
    PreliminaryLetter,
    Recusal,
    Report,
    Submission,
    Thread,
)
from reviews.models.agency_review import Outcome
from reviews.models.determination import Coverage
from reviews.models.discussion import Audience
from reviews.models.grant_states import GrantState
from reviews.models.submission import SubmissionKind
from reviews.services import notices, report_content, report_pdf, reports
from reviews.workflow import Status
from tests import links
from tests.conftest import START
from tests.services.test_times import read, words
from tests.unit.test_workflow import banned_in, without_the_allowed

# Seeding happens in the middle of an hour; the script counts from its beginning.
SEEDED_AT = START + timedelta(minutes=25)
BANNED = re.compile(
    r"\b(approv\w*|den(y|ied|ies|ials?)|reject\w*|clear(s|ed|ances?)?|licen[cs]\w*|"
    r"(on )?hold(s|ing)?|permit\w*|thresholds?)\b",
    re.IGNORECASE,
)

READERS = (
    *("northlight-liaison", "basalt-liaison", "nsa-reviewer", "nsa-lead", "nsa-official"),
    *("caisi-lead", "oncd-official", "administrator", "auditor"),
)


def seed(at=SEEDED_AT):
    """Run the command at that time in a demonstration; what it said."""
    said = StringIO()
    with override_settings(DEMONSTRATION=True), clock.rehearsal(at):
        call_command("seed_demo", stdout=said)
    return said.getvalue()


def named(family, version, **facts):
    """The one submission of that model version, or the one with these facts."""
    return Submission.objects.get(
        model_version__family=family, model_version__version=version, **facts
    )


def fingerprint():
    """What must be the same whenever the demonstration is seeded."""
    return (
        list(Submission.objects.order_by("pk").values_list("reference", "status", "revision")),
        list(
            DocumentVersion.objects.order_by("pk").values_list(
                "document__title", "number", "file_name", "size", "sha256"
            )
        ),
        list(AccessGrant.objects.order_by("pk").values_list("purpose", "submission__reference")),
        AuditHead.objects.get().sequence,
        Notice.objects.filter(sent_at__isnull=True).count(),
        Notice.objects.filter(read_at__isnull=True).count(),
    )


class TestSeeded(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        super().setUpClass()

    @classmethod
    def setUpTestData(cls):
        documents = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": cls.folder},
        }
        with override_settings(STORAGES={"documents": documents}):
            cls.said = seed()

    def test_says_what_it_made(self):
        assert self.said.startswith(f"Seeded {len(PEOPLE)} people and {len(STORIES)} submissions")
        assert len(STORIES) >= 14

    def test_people_hold_their_seats_and_no_password(self):
        held = {
            (user.email, seat.organization.code, seat.role)
            for user in User.objects.all()
            for seat in [group.seat for group in user.groups.select_related("seat__organization")]
        }
        assert held == {
            (person.email, organization, role)
            for person in PEOPLE
            for organization, role in person.seats
        }
        assert not any(user.has_usable_password() for user in User.objects.all())
        assert set(Organization.objects.values_list("kind", flat=True)) == {
            "agency",
            "lab",
            "partner",
            "vendor",
        }

    def test_has_every_status_kind_and_listed_day(self):
        assert set(Submission.objects.values_list("status", flat=True)) == set(Status)
        assert set(Submission.objects.values_list("kind", flat=True)) == set(SubmissionKind)
        days = [
            clock.day(submission.opens_at, SEEDED_AT)
            for submission in Submission.objects.window_open(SEEDED_AT).order_by("-opens_at")
        ]
        assert days == [1, 3, 7, 10, 15, 20, 27, 29]
        assert not Submission.objects.overdue(SEEDED_AT).exists()

    def test_one_draft_can_be_filed_and_one_not_yet(self):
        drafts = Package.objects.filter(submission__status=Status.DRAFT)
        assert sorted(len(package.missing()) for package in drafts) == [0, 3]

    def test_withdrawn_on_day_12_and_filed_again_for_the_rest(self):
        first = named("Lodestar", "1", status=Status.WITHDRAWN)
        again = named("Lodestar", "1", status=Status.UNDER_REVIEW)
        assert clock.day(first.opens_at, first.ended_at) == 12
        assert again.allowance == clock.FULL_WINDOW - (first.ended_at - first.opens_at)
        assert again.closes_at - again.opens_at == again.allowance

    def test_one_is_shortened_and_two_end_with_the_partner_release(self):
        shortened = named("Borealis", "2")
        assert clock.days(shortened.opens_at, shortened.closes_at) == 26
        early = named("Aurora", "4 Mini")
        assert early.closes_at == early.planned_partner_release_at
        assert clock.days(early.opens_at, early.closes_at) == 24

    def test_ends_are_recorded_at_their_instant_with_a_report(self):
        expired = Submission.objects.filter(status=Status.EXPIRED)
        assert {(one.ended_at, one.report.issued_by) for one in expired} == {
            (one.closes_at, None) for one in expired
        }
        concluded = Submission.objects.filter(status=Status.CONCLUDED)
        assert all(one.ended_at < one.closes_at and one.report.issued_by for one in concluded)
        assert Report.objects.exclude(response="").count() == 2

    def test_agencies_disagree_recuse_supersede_and_stay_silent(self):
        outcomes = {
            line.agency.code: line.outcome for line in reports.lines(named("Borealis", "2"))
        }
        assert outcomes == {
            "nsa": "Concerns recorded",
            "cisa": "Mitigations suggested",
            "caisi": "No concerns recorded",
            "dod": "Recused",
            "treasury": report_content.NO_VIEW,
        }
        assert sorted(recusal.person.email for recusal in Recusal.objects.all()) == [
            "dod-reviewer@demo.example",
            "nsa-second-reviewer@demo.example",
        ]
        nsa = AgencyPosition.objects.filter(submission=named("Strata", "2"), agency__code="nsa")
        assert [position.version for position in nsa] == [2, 1]
        assert reports.outstanding(named("Meridian", "1")) == []

    def test_reviews_are_filed_drafted_and_sealed(self):
        filed = AgencyReview.objects.filter(filed_at__isnull=False)
        assert set(filed.values_list("agency__code", flat=True)) == {
            "nsa",
            "cisa",
            "caisi",
            "dod",
            "treasury",
        }
        drafts = AgencyReview.objects.filter(filed_at__isnull=True)
        assert drafts.filter(submission__in=Submission.objects.window_open(SEEDED_AT)).exists()
        assert drafts.filter(submission__status=Status.EXPIRED).exists()

    def test_determinations_wait_are_signed_superseded_and_never_made(self):
        waiting = Determination.objects.filter(
            signed_at__isnull=True, submission__status=Status.UNDER_REVIEW
        )
        assert [one.submission for one in waiting] == [named("Strata", "2 Code")]
        signed = Determination.objects.filter(signed_at__isnull=False)
        assert set(signed.values_list("outcome", flat=True)) == set(Coverage)
        assert [one.outcome for one in signed.filter(submission=named("Strata", "2"))] == [
            Coverage.COVERED,
            Coverage.NOT_COVERED,
        ]
        expired = Submission.objects.filter(status=Status.EXPIRED)
        assert {reports.determination_in_force(one) for one in expired} == {None}
        assert Consultation.objects.filter(recorded_at__isnull=True).exists()
        assert Consultation.objects.filter(recorded_at__isnull=False).exists()

    def test_threads_are_of_every_audience_and_one_post_is_edited(self):
        assert {thread.audience for thread in Thread.objects.all()} == set(Audience)
        assert Post.objects.filter(edited_at__isnull=False).count() == 1
        assert PostMention.objects.exists()
        assert PostAttachment.objects.exists()

    def test_grants_are_in_every_state(self):
        grants = AccessGrant.objects.select_related("submission")
        assert {grant.state_at(SEEDED_AT) for grant in grants} == set(GrantState)

    def test_files_are_real_and_some_are_restricted(self):
        storage = FileSystemStorage(self.folder)
        versions = DocumentVersion.objects.select_related("document")
        assert set(versions.values_list("content_type", flat=True)) == {
            "application/pdf",
            "text/markdown",
        }
        assert versions.filter(number=2).exists()
        card = versions.get(document__title="Aurora 4: model card")
        with storage.open(card.storage_name) as file:
            pdf = pypdf.PdfReader(io.BytesIO(file.read()))
        assert len(pdf.pages) > 1
        assert pdf.metadata.title == "Aurora 4: model card"
        assert pdf.root_object["/Lang"] == "en-US"
        plan = versions.get(document__title="Aurora 4: weight-security plan").document
        assert {agency.code for agency in plan.restricted_to.all()} == {"nsa", "caisi"}

    def test_the_log_holds_and_nothing_is_later_than_now(self):
        assert audit.verify() is None
        assert AuditHead.objects.get().latest_at < SEEDED_AT
        assert not Notice.objects.filter(queued_at__gte=SEEDED_AT).exists()

    def test_a_few_recent_notices_wait_for_the_worker(self):
        waiting = notices.waiting(SEEDED_AT)
        assert 20 < waiting.count() < 150
        assert waiting[0].queued_at > SEEDED_AT - timedelta(days=4)
        assert not Notice.objects.filter(dead_at__isnull=False).exists()

    def test_what_is_old_has_been_read_and_what_is_new_has_not(self):
        old = Notice.objects.filter(queued_at__lt=SEEDED_AT - timedelta(days=5))
        new = Notice.objects.filter(queued_at__gt=SEEDED_AT - timedelta(days=3))
        assert old.count() > new.count() > 20
        assert not old.filter(read_at__isnull=True).exists()
        assert not new.filter(read_at__isnull=False).exists()

    def test_a_second_run_changes_nothing(self):
        before = fingerprint(), AuditHead.objects.values().get()
        assert seed(SEEDED_AT + timedelta(days=3)) == (
            "The demonstration data is there already; nothing was changed.\n"
        )
        assert (fingerprint(), AuditHead.objects.values().get()) == before

    def test_no_page_of_anybody_says_that_a_release_was_decided(self):
        """Every kind of page that each role reaches, as the demonstration fills it."""
        pages, found = 0, {}
        for code in READERS:
            client = Client()
            client.force_login(User.objects.get(email=f"{code}@demo.example"))
            with clock.rehearsal(SEEDED_AT + timedelta(minutes=5)):
                for name, _, page in links.walk(partial(read, client)):
                    pages += 1
                    if said := banned_in(without_the_allowed(words(page))):
                        found[code, name] = said
        assert found == {}
        assert pages > 250

    def test_no_printed_report_or_letter_has_a_banned_word(self):
        issued = [
            *(report_pdf.report(one) for one in Report.objects.all()),
            *(report_pdf.letter(one) for one in PreliminaryLetter.objects.all()),
        ]
        assert len(issued) > 4
        for pdf in issued:
            pages = pypdf.PdfReader(io.BytesIO(pdf.file)).pages
            said = " ".join(" ".join(page.extract_text().split()) for page in pages)
            assert banned_in(without_the_allowed(said)) == [], pdf.name

    def test_no_text_says_that_a_release_was_decided(self):
        said = [
            *(label for status in Status for label in (status.value, status.label)),
            *(label for kind in Coverage for label in (kind.value, kind.label)),
            *(label for kind in Outcome for label in (kind.value, kind.label)),
            *(label for state in GrantState for label in (state.value, state.label)),
            *(f"{row}" for row in Package.objects.values()),
            *(f"{row}" for row in AgencyReview.objects.values()),
            *(f"{row}" for row in AgencyPosition.objects.values()),
            *(f"{row}" for row in Determination.objects.values()),
            *(f"{row}" for row in Thread.objects.values()),
            *(f"{row}" for row in Post.objects.values()),
            *(f"{row}" for row in Consultation.objects.values()),
            *(f"{row}" for row in Report.objects.values()),
            *(f"{row}" for row in AccessGrant.objects.values()),
            *(f"{row}" for row in Recusal.objects.values()),
            *(
                content.document_text(kind, story.checkpoint)
                for kind in content.PAPERS
                for story in STORIES
            ),
        ]
        assert [match.group() for text in said if (match := BANNED.search(text))] == []


@pytest.mark.django_db
def test_the_same_every_time():
    fingerprints = []
    for later in (timedelta(), timedelta(days=9, hours=5)):
        moments = timeline(STORIES, START + later)
        with transaction.atomic():
            # The workers' mail takes a third of the time and changes nothing asked here.
            walk([moment for moment in moments if moment.act != "workers_turn"])
            fingerprints.append(fingerprint())
            transaction.set_rollback(True)
    assert fingerprints[0] == fingerprints[1]


@pytest.mark.django_db
def test_runs_only_in_the_demonstration(settings):
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match="only in the demonstration"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_refuses_a_database_that_has_been_used(people):
    with pytest.raises(CommandError, match="used already"):
        seed()
    assert not Submission.objects.exists()


def test_the_script_tells_no_future():
    story = Story(
        "early", STORIES[0].checkpoint, ago(day=1, hours=3), (on(0.5, "nsa-lead", "assign"),)
    )
    with pytest.raises(ValueError, match="Not yet past"):
        timeline([story], START)
