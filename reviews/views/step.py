"""What one thing to do to a grant is: its action, when it fits, its words, what it leads to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from portal.timeline import instant_text
from reviews import policy
from reviews.forms.access_grants import StepForm
from reviews.models import AccessGrant
from reviews.models.grant_states import EndReason
from reviews.policy import Action


def itself(grant):
    """The grant."""
    return grant


def extension_of(grant):
    """Its latest extension; None when none was ever asked for."""
    extension = next(reversed(grant.extensions.all()), None)
    if extension is not None:
        extension.grant = grant
    return extension


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do to a grant or its extension, at the address that ends in ``verb``.

    ``row`` leads from the grant to what it is done to, and ``asked_of`` to what policy is asked
    about; ``row`` answers None where there is nothing of the kind.

    Its page is called ``title``, or like its button ``label``.
    ``fits`` is the model's own answer for an instant, whoever asks. ``for_partner`` says of
    whose access it speaks, a partner's or an agency's; None of both. With ``danger`` something
    ends or stops by it. Without ``act`` it is one click and no page.
    """

    noun: str = "grant"
    verb: str
    action: Action
    row: Callable[[AccessGrant], Any] = itself
    asked_of: Callable[[AccessGrant], Any] = itself
    fits: Callable[..., bool]
    label: str
    title: str = ""
    done: str = ""
    style: str = ""
    danger: bool = False
    for_partner: bool | None = None
    form: type[StepForm] = StepForm
    act: Callable[..., Any] | None = None
    consequences: tuple[str, ...] = ()

    def button(self, grant):
        """What components/buttons.html draws."""
        return {
            "label": self.label,
            "url": reverse(f"reviews:{self.noun}-{self.verb}", args=[grant.key]),
            "post": self.act is None,
            "style": self.style,
        }

    def is_open(self, grant, at):
        """Whether the grant's facts leave the step to be taken at ``at``, whoever asks."""
        row = self.row(grant)
        return row is not None and self.speaks_of(grant) and self.fits(row, at)

    def speaks_of(self, grant):
        """Whether its words are about such a grant, a partner's or an agency's."""
        return self.for_partner in (None, grant.partner_id is not None)

    def outcomes(self, grant):
        """What taking the step means, a sentence each."""
        extension = extension_of(grant)
        names = {
            "later": instant_text(extension.ends_at) if extension else "",
            "who": f"{grant.grantee.name} of {grant.holder().short_name}",
            "partner": grant.holder().short_name,
            "agency": grant.agency.short_name,
            "lab": grant.submission.lab.short_name,
            "reference": grant.submission.reference,
            "start": instant_text(grant.starts_at),
            "end": instant_text(grant.agreed_end()),
            "lapse": instant_text(grant.effective_end()),
            "lapses": "",
        }
        if grant.lapses_at and grant.lapses_because == EndReason.NOT_RECERTIFIED:
            names["lapses"] = (
                f"It lapses on {instant_text(grant.lapses_at)} unless a lead of "
                f"{grant.agency.short_name} says in time that it is still needed."
            )
        return list(filter(None, (said.format_map(names) for said in self.consequences)))


def allowed(steps, person, grant, at):
    """Those of ``steps`` about such a grant that the person may take, whatever its state."""
    asked = {step.action: step.asked_of(grant) for step in steps}
    may = {
        action
        for action, row in asked.items()
        if row is not None and policy.may(person, action, row, at=at)
    }
    return [step for step in steps if step.action in may and step.speaks_of(grant)]
