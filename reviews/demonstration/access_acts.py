"""How each event of the script about access to models is done, and what all acts draw on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Organization, User
from accounts.roles import Role
from reviews.demonstration import content
from reviews.demonstration.people import BY_CODE, UTILITY
from reviews.demonstration.script import Story
from reviews.models import AccessGrant, PartnerTerms, Submission
from reviews.models.grant_states import Side
from reviews.services import access, extensions, partners, readiness, suspensions


@dataclass
class AccessActs:
    """What exists so far, by the script's own names, and the acts of access."""

    submissions: dict[str, Submission] = field(default_factory=dict)
    grants: dict[tuple[str, str], AccessGrant] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)

    def ask_access(
        self,
        story: Story,
        *,
        grant: str,
        purpose: str,
        start: float,
        end: float,
        level: str = "al1",
        grantee: str = "",
        by: User,
        at: datetime,
    ) -> None:
        """The lead asks, for her agency's reviewer unless said otherwise; in days from filing."""
        agency, submission = agency_of(by), self._submission(story)
        self.grants[story.code, grant] = access.request(
            submission,
            agency=agency,
            grantee=self.people[grantee or f"{agency.code}-reviewer"],
            purpose=purpose,
            access_level=level,
            environment=f"{agency.short_name} isolated evaluation network",
            starts_at=after(submission, start),
            ends_at=after(submission, end),
            by=by,
            at=at,
        )

    def consent(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        access.consent(self.grants[story.code, grant], by=by, at=at)

    def decline(self, story: Story, *, grant: str, reason: str, by: User, at: datetime) -> None:
        access.decline(self.grants[story.code, grant], reason=reason, by=by, at=at)

    def authorize(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        access.authorize(self.grants[story.code, grant], by=by, at=at)

    def recertify(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        readiness.recertify(self.grants[story.code, grant], by=by, at=at)

    def use(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        self.declare(story, by=by, at=at)
        access.use(self.grants[story.code, grant], by=by, at=at)

    def propose(
        self,
        story: Story,
        *,
        grant: str,
        purpose: str,
        start: float,
        end: float,
        by: User,
        at: datetime,
    ) -> None:
        """The lead proposes the utility, for its contact; in days from filing."""
        submission = self._submission(story)
        self.grants[story.code, grant] = partners.propose(
            submission,
            agency=agency_of(by),
            partner=organization_of(UTILITY),
            grantee=self.people["partner-contact"],
            purpose=purpose,
            access_level="al1",
            environment="Test network of the utility, apart from its control systems",
            starts_at=after(submission, start),
            ends_at=after(submission, end),
            by=by,
            at=at,
        )

    def agree(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        partners.agree(self._grant(story, grant), by=by, at=at)

    def accept_terms(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        sha256 = PartnerTerms.digest(content.PARTNER_TERMS)
        partners.accept(self._grant(story, grant), sha256=sha256, by=by, at=at)

    def ask_more_time(
        self, story: Story, *, grant: str, end: float, reason: str, by: User, at: datetime
    ) -> None:
        later = after(self._submission(story), end)
        extensions.request(self._grant(story, grant), ends_at=later, reason=reason, by=by, at=at)

    def consent_more_time(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        extensions.consent(self._grant(story, grant).extensions.get(), by=by, at=at)

    def suspend(self, story: Story, *, grant: str, reason: str, by: User, at: datetime) -> None:
        side = self._side(story, by)
        suspensions.suspend(self.grants[story.code, grant], side=side, reason=reason, by=by, at=at)

    def resume(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        suspensions.resume(self.grants[story.code, grant], side=self._side(story, by), by=by, at=at)

    def revoke(self, story: Story, *, grant: str, reason: str, by: User, at: datetime) -> None:
        access.revoke(self.grants[story.code, grant], reason=reason, by=by, at=at)

    def attest(self, story: Story, *, grant: str, by: User, at: datetime) -> None:
        """The lab's side when the lab's person attests, else the agency's."""
        for_lab = self._side(story, by) is Side.LAB
        access.attest(self.grants[story.code, grant], for_lab=for_lab, by=by, at=at)

    def _grant(self, story: Story, grant: str) -> AccessGrant:
        """The grant as the database has it now."""
        row = self.grants[story.code, grant]
        row.refresh_from_db()
        return row

    def _side(self, story: Story, by: User) -> Side:
        organization, role = BY_CODE[by.email.partition("@")[0]].seats[0]
        if organization == story.checkpoint.lab:
            return Side.LAB
        return Side.ADMINISTRATION if role == Role.ADMINISTRATOR else Side.AGENCY

    def _submission(self, story: Story) -> Submission:
        """The story's submission as the database has it now."""
        submission = self.submissions[story.code]
        submission.refresh_from_db()
        return submission


def after(submission: Submission, days: float) -> datetime:
    return submission.window()[0] + timedelta(days=days)


def organization_of(code: str) -> Organization:
    return Organization.objects.get(code=code)


def agency_of(person: User) -> Organization:
    """The agency of a person who sits at one."""
    return organization_of(BY_CODE[person.email.partition("@")[0]].seats[0][0])
