"""What the pages of one grant say of it, and to whom: the words, none of the authority."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html

from accounts.models import Organization
from portal.templatetags.foreview import instant_html
from portal.timeline import instant_text
from reviews import audience
from reviews.models import AccessGrant, Package
from reviews.models.grant_states import (
    REVOKED_BY_ADMINISTRATORS,
    REVOKED_BY_LAB,
    EndReason,
    Side,
)
from reviews.models.package import beyond
from reviews.views.grant_rows import closeout

# What has to be renewed before it, and by whom.
LAPSES_BY = {
    EndReason.NONDISCLOSURE_LAPSED: "nondisclosure terms, which an administrator records",
    EndReason.TRAINING_LAPSED: "insider-risk training, which an administrator records",
    EndReason.TERMS_SUPERSEDED: "the newer terms, which the partner accepts",
    EndReason.NOT_RECERTIFIED: "a lead's word that it is still needed",
}


@dataclass
class Facts:
    """A grant in words at the instant ``at``.

    ``content`` tells whether the reader may see what the lab and the agency wrote;
    ``package`` is the lab's answers when she may read those now; ``to`` is the lab
    or the partner that she is of, None for all others: see ``audience.named``.
    """

    grant: AccessGrant
    at: datetime
    content: bool
    package: Package | None
    to: Organization | None

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
        ends_at = grant.agreed_end()
        rows = [
            ("Lab", submission.lab.name),
            ("Submission", submission.reference),
            ("Model version", str(submission.model_version) if self.content else None),
            ("Who uses the model", f"{grant.grantee.name}, {grant.holder().short_name}"),
            ("Trusted partner", grant.partner.name if grant.partner else None),
            *self._named_besides(),
            ("Asked for by", self._asker()),
            ("Purpose", grant.purpose if self.content else None),
            (
                "Access level",
                _narrowed(grant.get_access_level_display(), grant.get_asked_access_level_display()),
            ),
            (
                "Safeguards of the model",
                _narrowed(grant.get_safeguards_display(), grant.get_asked_safeguards_display()),
            ),
            ("Environment", grant.environment if self.content else None),
            ("Start", instant_html(grant.starts_at)),
            (
                "End",
                _narrowed(
                    instant_html(ends_at),
                    instant_html(grant.asked_ends_at) if grant.asked_ends_at else "",
                ),
            ),
            *self._asked_later(),
            (
                "Lapses unless renewed",
                self._lapse(),
            ),
            ("Terms accepted", str(grant.terms) if grant.terms else None),
            ("State", self.state),
            *self._closeouts(),
            ("Why it is over", reason.label if (reason := grant.end_reason_at(self.at)) else None),
        ]
        return [{"question": ask, "answer": answer} for ask, answer in rows if answer is not None]

    def events(self):
        """What happened, oldest first: what, who, when, and a reason for whoever may read it."""
        grant = self.grant
        lab, agency, holder = grant.submission.lab, grant.agency, grant.holder()
        less = " to less than was asked for" if grant.narrowed else ""
        found = [
            (f"{agency.short_name} asked", grant.requested_by, agency, grant.requested_at, ""),
            (
                f"{lab.short_name} consented{less}",
                grant.consented_by,
                lab,
                grant.consented_at,
                "",
            ),
            (
                f"{lab.short_name} declined",
                grant.declined_by,
                lab,
                grant.declined_at,
                grant.decline_reason,
            ),
            ("Agreed for the government", grant.agreed_by, None, grant.agreed_at, ""),
            *self._acceptances(),
            (
                "Authorized",
                grant.authorized_by,
                None,
                None if grant.partner_id else grant.authorized_at,
                "",
            ),
            (
                f"{agency.short_name} took the request back"
                if grant.revoked_because == EndReason.TAKEN_BACK
                else "Revoked",
                *self._revoker(),
                grant.revoked_at,
                grant.revocation_reason,
            ),
            (
                f"Closeout attested for {holder.short_name}",
                grant.agency_attested_by,
                holder,
                grant.agency_attested_at,
                grant.agency_exceptions and f"Exceptions: {grant.agency_exceptions}",
            ),
            (
                f"Closeout attested for {lab.short_name}",
                grant.lab_attested_by,
                lab,
                grant.lab_attested_at,
                grant.lab_exceptions and f"Exceptions: {grant.lab_exceptions}",
            ),
            *self._suspensions(),
            *self._extensions(lab, agency),
            *((what, None, None, when, "") for what, when in self._by_the_clock()),
        ]
        return [
            {
                "what": what,
                "who": self._who(what, person, of) if person else "",
                "when": instant_html(when),
                "reason": reason if self.content else "",
            }
            for what, person, of, when, reason in sorted(
                (event for event in found if event[3]), key=lambda event: event[3]
            )
        ]

    def _acceptances(self):
        for one in self.grant.acceptances.all():
            words = f"{self.grant.holder().short_name} accepted the terms, {str(one.terms).lower()}"
            yield words, one.accepted_by, self.grant.holder(), one.accepted_at, ""

    def _lapse(self):
        grant = self.grant
        if not grant.authorized_now(self.at) or grant.lapses_at != grant.effective_end():
            return None
        why = LAPSES_BY[EndReason(grant.lapses_because)]
        return format_html("{}: {}", instant_html(grant.lapses_at), why)

    def _closeouts(self):
        """Of either side, once access has ended, whether it has attested, or until when it can."""
        grant = self.grant
        if grant.authorized_at and grant.over_at(self.at):
            whose = "Partner's closeout" if grant.partner else "Agency's closeout"
            yield whose, closeout(grant, self.at, "agency")
            yield "Lab's closeout", closeout(grant, self.at, "lab")

    def _named_besides(self):
        """The team's other people, and of each whether she may still use it."""
        named = [(one, one.in_force(self.at)) for one in self.grant.users.all()]
        yield "Team", (self.grant.team or None) if self.content else None
        names = [one.person.name + ("" if still else ", no longer") for one, still in named]
        yield "Who else uses it", "; ".join(names) or None

    def _asked_later(self):
        for one in self.grant.extensions.all():
            if one.pending and self.grant.authorized_now(self.at):
                yield "Later end asked for", instant_html(one.ends_at)
                yield "What the time is for", one.reason if self.content else None

    def _extensions(self, lab, agency):
        for one in self.grant.extensions.all():
            until = instant_text(one.ends_at)
            yield (
                f"{agency.short_name} asked for an end on {until}",
                one.requested_by,
                agency,
                one.requested_at,
                one.reason,
            )
            yield (
                f"{lab.short_name} consented to the later end",
                one.consented_by,
                lab,
                one.consented_at,
                "",
            )
            yield (
                f"{lab.short_name} declined the later end",
                one.declined_by,
                lab,
                one.declined_at,
                one.decline_reason,
            )
            yield (
                f"{agency.short_name} took the request back",
                one.taken_back_by,
                agency,
                one.taken_back_at,
                "",
            )
            yield f"Authorized until {until}", one.authorized_by, None, one.authorized_at, ""

    def _suspensions(self):
        whose = {
            Side.LAB: self.grant.submission.lab,
            Side.AGENCY: self.grant.agency,
            Side.ADMINISTRATION: None,
        }
        for one in self.grant.suspensions.all():
            of = whose[Side(one.side)]
            side = of.short_name if of else "An administrator"
            yield f"{side} suspended access", one.suspended_by, of, one.suspended_at, one.reason
            yield f"{side} resumed access", one.resumed_by, of, one.resumed_at, ""

    def _by_the_clock(self):
        grant = self.grant
        if grant.authorized_at is None:
            return
        began_at = max(grant.starts_at, grant.authorized_at)
        over_at = grant.over_at(self.at)
        if began_at <= self.at and (over_at is None or began_at < over_at):
            yield "Access began", began_at
        if over_at is not None and over_at != grant.revoked_at:
            yield f"Access ended: {grant.end_reason_at(self.at).label}", over_at

    def _asker(self):
        agency = self.grant.agency
        said = audience.named(self.grant.requested_by, agency, to=self.to)
        return ", ".join(dict.fromkeys([said, agency.short_name]))

    def _revoker(self):
        """Who revoked it, and for which organization: None is an administrator."""
        grant = self.grant
        if self.to and not grant.revoked_because:
            return None, None  # whose word it was is not on record
        whose = dict.fromkeys(REVOKED_BY_LAB, grant.submission.lab)
        whose |= dict.fromkeys(REVOKED_BY_ADMINISTRATORS)
        return grant.revoked_by, whose.get(grant.revoked_because, grant.agency)

    def _who(self, what, person, of):
        """Whoever did it; nothing where the words already say all that the reader learns of it."""
        said = audience.named(person, of, to=self.to)
        known = of.short_name if of else "An administrator"
        return "" if said != person.name and known in what else said


def _narrowed(answer, asked):
    return format_html("{} (asked for: {})", answer, asked) if asked else answer


def terms(grant, package, person):
    """How the person can reach the model and on which terms, as questions and answers."""
    rows = [
        ("Endpoint reference", package.endpoint_reference, True),
        ("Access level", grant.get_access_level_display(), False),
        ("Safeguards of the model", grant.get_safeguards_display(), False),
        ("Environment", grant.environment, False),
        ("Access ends", instant_html(grant.end_for(person)), False),
        ("Capacity limits", package.capacity_limits, False),
        ("Restrictions on use", package.restrictions, False),
        ("Nondisclosure terms", package.nondisclosure_reference, False),
        ("Limits on foreign persons", package.foreign_person_limits, False),
    ]
    return [{"question": ask, "answer": answer, "code": code} for ask, answer, code in rows]
