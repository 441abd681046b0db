"""How each event of the script is done: through the services that the pages call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts import audit, labs, personnel, seats
from accounts import partners as organizations
from accounts.models import User
from accounts.roles import Kind
from accounts.sectors import Sector
from reviews.demonstration import content
from reviews.demonstration.access_acts import after, agency_of, organization_of
from reviews.demonstration.assessments import REVIEWS
from reviews.demonstration.letter_acts import LetterActs
from reviews.demonstration.people import BY_CODE, ORGANIZATIONS, PEOPLE, SIZES, UTILITY
from reviews.demonstration.script import Moment, Story
from reviews.models import Notice
from reviews.models.saved_filter import FilterPlace
from reviews.services import (
    agency_reviews,
    delivery,
    documents,
    downloads,
    ends,
    inbox,
    lifecycle,
    notices,
    partner_terms,
    reports,
    saved_filters,
    scans,
)

ADMINISTRATORS = ("administrator", "second-administrator")
READ_AFTER = timedelta(days=3)
CERTIFIERS = {"northlight": "Head of Policy Operations", "basalt": "Vice President, Government"}


@dataclass
class World(LetterActs):
    """The demonstration as it comes to be. Each act is a method; ``do`` calls the right one."""

    def do(self, moment: Moment) -> None:
        """The moment's act is done at the moment's instant, which the clock must show."""
        facts = moment.facts or {}
        if moment.story is None:
            getattr(self, moment.act)(at=moment.at, **facts)
        else:
            person = self.people.get(moment.by)
            getattr(self, moment.act)(moment.story, by=person, at=moment.at, **facts)

    # The portal's own.

    def set_up(self, *, at: datetime) -> None:
        """Everyone exists, cannot sign in by password, and sits where people.py says.

        The portal itself seats the administrators, who seat the others.
        """
        for code, person in BY_CODE.items():
            self.people[code] = User.objects.create_user(person.email, person.name)
        for code in ADMINISTRATORS:
            self._seat(code, by=audit.SYSTEM, at=at)
        administrator = self.people[ADMINISTRATORS[0]]
        for organization in ORGANIZATIONS:
            seats.found_organization(**organization._asdict(), by=administrator, at=at)
        for person in PEOPLE:
            if person.code not in ADMINISTRATORS:
                self._seat(person.code, by=administrator, at=at)
        energy = [Sector.ENERGY.value]
        organizations.tag(organization_of(UTILITY), sectors=energy, by=administrator, at=at)
        self._publish_terms(by=administrator, at=at)
        self.know(by=administrator, at=at)
        self.keep_register(at=at)
        for lab, size in SIZES.items():
            labs.measure(organization_of(lab), size=size, by=administrator, at=at)
        own = {row.code for row in ORGANIZATIONS if row.kind in (Kind.LAB, Kind.VENDOR)}
        for person in PEOPLE:
            if not own.intersection(there for there, _ in person.seats):
                self._keep_record(person.code, at=at)
        saved_filters.save(
            FilterPlace.SUBMISSIONS,
            name="Open windows, soonest end first",
            query="state=under_review&sort=ends",
            by=self.people["nsa-lead"],
            at=at,
        )

    def _publish_terms(self, *, by: User, at: datetime) -> None:
        accept_by = at + partner_terms.TO_ACCEPT
        partner_terms.publish(content.PARTNER_TERMS, accept_by=accept_by, by=by, at=at)

    def _keep_record(self, code: str, *, at: datetime) -> None:
        """Agencies' people have their terms and their training for the year.

        One works on more models at once than the limit allows, by an exception on record.
        """
        by = self.people[ADMINISTRATORS[code == ADMINISTRATORS[0]]]
        until = at + timedelta(days=365)
        exception = {}
        if code == "nsa-reviewer":
            exception = {
                "most_grants": 12,
                "most_grants_reason": "Runs the cyber range that all models are evaluated on.",
            }
        personnel.record(
            self.people[code],
            nondisclosure_until=until,
            training_until=until,
            by=by,
            at=at,
            **exception,
        )

    def _seat(self, code: str, *, by: audit.Actor, at: datetime) -> None:
        for organization, role in BY_CODE[code].seats:
            seat = {
                "person": self.people[code],
                "organization": organization_of(organization),
                "role": role,
                "at": at,
            }
            if by is audit.SYSTEM:
                seats.give(**seat, by=by)
            elif seats.request(**seat, by=by):
                seats.confirm(**seat, by=self.people[ADMINISTRATORS[1]])

    def workers_turn(self, *, at: datetime, deliver: bool) -> None:
        """Due reminders are queued and, in the older past, all mail is out; inboxes are read."""
        notices.queue_reminders(at=at)
        if deliver:
            delivery.deliver_notices()
        inbox.mark_read(Notice.objects.filter(queued_at__lte=at - READ_AFTER), at=at)

    # The lab.

    def draft(self, story: Story, *, by: User, at: datetime) -> None:
        checkpoint = story.checkpoint
        self.submissions[story.code] = lifecycle.draft(
            organization_of(checkpoint.lab),
            kind=story.kind,
            family=checkpoint.family,
            version=checkpoint.version,
            checkpoint_sha256=checkpoint.sha256,
            lab_tracking_id=story.tracking,
            by=by,
            at=at,
        )

    def answer(
        self,
        story: Story,
        *,
        only: tuple[str, ...] = (),
        partner: float | None = None,
        public: float | None = None,
        by: User,
        at: datetime,
        **changes: Any,
    ) -> None:
        """All answers, or ``only`` some; releases in days from now on."""
        answers = content.answers(story.checkpoint) | changes
        if only:
            answers = {name: answers[name] for name in only}
        for name, days in (("partner", partner), ("public", public)):
            if days is not None:
                answers[f"planned_{name}_release_at"] = at + timedelta(days=days)
        submission = self._submission(story)
        lifecycle.revise(submission, answers=answers, revision=submission.revision, by=by, at=at)

    def add(
        self,
        story: Story,
        *,
        kinds: tuple[str, ...],
        restricted_to: tuple[str, ...] = (),
        by: User,
        at: datetime,
    ) -> None:
        for kind in kinds:
            paper = content.PAPERS[kind]
            self.documents[story.code, kind] = documents.add(
                self._submission(story),
                kind=kind,
                title=f"{story.checkpoint.name}: {paper.title.lower()}",
                designation=paper.designation,
                restricted_to=[organization_of(code) for code in restricted_to],
                upload=content.upload(kind, story.checkpoint),
                by=by,
                at=at,
            )
        scans.scan_waiting()

    def add_version(
        self, story: Story, *, kind: str, addendum: str, by: User, at: datetime
    ) -> None:
        documents.add_version(
            self.documents[story.code, kind],
            upload=content.upload(kind, story.checkpoint, addendum=addendum),
            by=by,
            at=at,
        )
        scans.scan_waiting()

    def file(self, story: Story, *, by: User, at: datetime) -> None:
        submission = self._submission(story)
        lifecycle.file(
            submission,
            certifier_title=CERTIFIERS[story.checkpoint.lab],
            revision=submission.revision,
            by=by,
            at=at,
        )

    def shorten(self, story: Story, *, to: float, by: User, at: datetime) -> None:
        """The window ends ``to`` days after filing."""
        submission = self._submission(story)
        lifecycle.shorten(submission, closes_at=after(submission, to), by=by, at=at)

    def withdraw(self, story: Story, *, by: User, at: datetime) -> None:
        lifecycle.withdraw(self._submission(story), by=by, at=at)

    def expire(self, story: Story, *, by: None, at: datetime) -> None:
        """The worker records the end at its own instant."""
        ends.record(self._submission(story).pk, at=at)

    def respond(self, story: Story, *, text: str, by: User, at: datetime) -> None:
        reports.respond(self._submission(story), response=text, by=by, at=at)

    # The agencies.

    def read(self, story: Story, *, kinds: tuple[str, ...], by: User, at: datetime) -> None:
        self.declare(story, by=by, at=at)
        for kind in kinds:
            version = self.documents[story.code, kind].versions.first()
            with downloads.open_for_reading(version, by=by, at=at):
                pass

    def save_review(self, story: Story, *, by: User, at: datetime) -> None:
        self.declare(story, by=by, at=at)
        agency_reviews.save_draft(**self._review(story, by), by=by, at=at)

    def file_review(self, story: Story, *, by: User, at: datetime) -> None:
        self.declare(story, by=by, at=at)
        agency_reviews.file_review(**self._review(story, by), by=by, at=at)

    def _review(self, story: Story, by: User) -> dict[str, Any]:
        agency, submission = agency_of(by), self._submission(story)
        said = REVIEWS[f"{story.code}/{agency.code}"]
        latest = agency_reviews.latest_of(submission, agency, by)
        return {
            "submission": submission,
            "agency": agency,
            "answers": said.answers,
            "ratings": said.ratings,
            "evidence": [self.documents[story.code, kind] for kind in said.relies_on],
            "revision": latest.revision if latest and latest.filed_at is None else 0,
        }

    def position(
        self,
        story: Story,
        *,
        outcome: str,
        summary: str = "",
        dissent: str = "",
        by: User,
        at: datetime,
    ) -> None:
        self.declare(story, by=by, at=at)
        agency_reviews.file_position(
            self._submission(story),
            agency=agency_of(by),
            outcome=outcome,
            summary=summary,
            dissent=dissent,
            by=by,
            at=at,
        )

    def recuse(self, story: Story, *, reason: str, by: User, at: datetime) -> None:
        agency_reviews.recuse(self._submission(story), reason=reason, by=by, at=at)

    def issue_report(self, story: Story, *, by: User, at: datetime) -> None:
        reports.issue(self._submission(story), by=by, at=at)
