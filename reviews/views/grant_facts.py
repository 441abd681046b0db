"""What the pages of one grant say of it, and to whom: the words, none of the authority."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from portal.templatetags.foreview import instant_html
from reviews import audience
from reviews.models import AccessGrant, Package
from reviews.models.access_grant import beyond


@dataclass
class Facts:
    """A grant in words at the instant ``at``.

    ``content`` tells whether the reader may see what the lab and the agency wrote;
    ``package`` is the lab's answers when she may read those now; ``for_lab`` tells whether she
    is of the lab, which learns no agency person's name but those it consented to.
    """

    grant: AccessGrant
    at: datetime
    content: bool
    package: Package | None
    for_lab: bool

    @property
    def state(self):
        """The grant's state in words."""
        return self.grant.state_at(self.at).label

    @property
    def beyond(self):
        """That more is asked for than the lab offers, until the lab answers; else empty."""
        grant, package = self.grant, self.package
        if (
            package is None
            or not grant.answerable_at(self.at)
            or not beyond(grant.access_level, package.access_level)
        ):
            return ""
        lab = grant.submission.lab.short_name
        return (
            f"{grant.agency.short_name} asks for {grant.get_access_level_display()}, which is more "
            f"than {lab} offers in its answers: {package.get_access_level_display()}. "
            f"{lab} decides, and may decline."
        )

    def answers(self):
        """The grant itself, as questions and answers."""
        grant, submission = self.grant, self.grant.submission
        ends_at = min(grant.ends_at, submission.window()[1])
        rows = [
            ("Lab", submission.lab.name),
            ("Submission", submission.reference),
            ("Model version", str(submission.model_version) if self.content else None),
            ("Who uses the model", f"{grant.grantee.name}, {grant.agency.short_name}"),
            ("Asked for by", f"{grant.requested_by.name}, {grant.agency.short_name}"),
            ("Purpose", grant.purpose if self.content else None),
            ("Access level", grant.get_access_level_display()),
            ("Environment", grant.environment if self.content else None),
            ("Start", instant_html(grant.starts_at)),
            ("End", instant_html(ends_at)),
            ("State", self.state),
        ]
        return [{"question": ask, "answer": answer} for ask, answer in rows if answer is not None]

    def events(self):
        """What happened, oldest first: what, who, when, and a reason for whoever may read it."""
        grant = self.grant
        lab, agency = grant.submission.lab.short_name, grant.agency.short_name
        found = [
            (f"{agency} asked", grant.requested_by, grant.requested_at, ""),
            (f"{lab} consented", grant.consented_by, grant.consented_at, ""),
            (f"{lab} declined", grant.declined_by, grant.declined_at, grant.decline_reason),
            ("Authorized", grant.authorized_by, grant.authorized_at, ""),
            (
                "Revoked" if grant.consented_at else f"{agency} took the request back",
                grant.revoked_by,
                grant.revoked_at,
                grant.revocation_reason,
            ),
            (
                f"Closeout attested for {agency}",
                grant.agency_attested_by,
                grant.agency_attested_at,
                "",
            ),
            (f"Closeout attested for {lab}", grant.lab_attested_by, grant.lab_attested_at, ""),
            *((what, None, when, "") for what, when in self._by_the_clock()),
        ]
        return [
            {
                "what": what,
                "who": self._name(person) if person else "",
                "when": instant_html(when),
                "reason": reason if self.content else "",
            }
            for what, person, when, reason in sorted(
                (event for event in found if event[2]), key=lambda event: event[2]
            )
        ]

    def _by_the_clock(self):
        grant = self.grant
        if grant.authorized_at is None:
            return
        began_at = max(grant.starts_at, grant.authorized_at)
        over_at = grant.over_at(self.at)
        if began_at <= self.at and (over_at is None or began_at < over_at):
            yield "Access began", began_at
        if over_at is not None and over_at != grant.revoked_at:
            yield "Access ended", over_at

    def _name(self, person):
        if not self.for_lab or person.pk in self._named_to_labs:
            return person.name
        return "Not named to labs"

    @cached_property
    def _named_to_labs(self):
        return audience.named_to_lab(self.grant)


def terms(grant, package):
    """How to reach the model and on which terms, as questions and answers."""
    rows = [
        ("Endpoint reference", package.endpoint_reference, True),
        ("Access level", grant.get_access_level_display(), False),
        ("Environment", grant.environment, False),
        ("Access ends", instant_html(min(grant.ends_at, grant.submission.window()[1])), False),
        ("Capacity limits", package.capacity_limits, False),
        ("Restrictions on use", package.restrictions, False),
        ("Nondisclosure terms", package.nondisclosure_reference, False),
        ("Limits on foreign persons", package.foreign_person_limits, False),
    ]
    return [{"question": ask, "answer": answer, "code": code} for ask, answer, code in rows]
