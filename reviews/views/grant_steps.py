"""What can be done to a grant: by which action, in which state, and in which words.

Buttons and pages are drawn from one table, so that a page offers what its button promised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.forms import Form
from django.urls import reverse

from portal.timeline import instant_text
from reviews import policy
from reviews.forms.access_grants import AttestForm, DeclineForm, RevokeForm
from reviews.models import AccessGrant
from reviews.policy import Action
from reviews.services import access


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do to a grant, at the address that ends in ``verb``.

    Its page is called ``title``, or like its button ``label``.
    ``fits`` is the model's own answer for an instant, whoever asks; with ``for_its_agency``
    only who asks in the name of the grant's agency is offered it. Without ``act`` it is one
    click and no page.
    """

    verb: str
    action: Action
    fits: Callable[..., bool]
    label: str
    title: str = ""
    done: str = ""
    style: str = ""
    for_its_agency: bool = False
    form: type[Form] = Form
    act: Callable[..., Any] | None = None
    consequences: tuple[str, ...] = ()

    def button(self, grant):
        """What components/buttons.html draws."""
        return {
            "label": self.label,
            "url": reverse(f"reviews:grant-{self.verb}", args=[grant.key]),
            "post": self.act is None,
            "style": self.style,
        }

    def outcomes(self, grant):
        """What taking the step means, a sentence each."""
        names = {
            "who": f"{grant.grantee.name} of {grant.agency.short_name}",
            "agency": grant.agency.short_name,
            "lab": grant.submission.lab.short_name,
            "reference": grant.submission.reference,
            "start": instant_text(grant.starts_at),
            "end": instant_text(min(grant.ends_at, grant.submission.window()[1])),
        }
        return [sentence.format_map(names) for sentence in self.consequences]


def allowed(steps, person, grant, at):
    """Those of ``steps`` that the person may take, whether or not the grant's state fits."""
    actions = {step.action for step in steps}
    may = {action for action in actions if policy.may(person, action, grant, at=at)}
    return [
        step
        for step in steps
        if step.action in may and (not step.for_its_agency or access.asks_for(person, grant))
    ]


def _attest(side):
    return Step(
        verb="attest",
        action=Action.ATTEST_FOR_LAB if side == "lab" else Action.ATTEST_FOR_AGENCY,
        fits=partial(AccessGrant.attestable_at, side=side),
        label=f"Attest closeout for the {side}",
        done=f"Closeout is attested for the {side}.",
        form=AttestForm,
        act=partial(access.attest, for_lab=side == "lab"),
        consequences=(
            "After access has ended, both sides attest closeout. When both have, this access is "
            "closed out.",
        ),
    )


STEPS = (
    Step(
        verb="consent",
        action=Action.CONSENT_GRANT,
        fits=AccessGrant.answerable_at,
        label="Consent",
        title="Consent to access",
        done="Your lab's consent is recorded. An administrator is told.",
        act=access.consent,
        consequences=(
            "Once an administrator authorizes it, {who} may use the model from {start} until "
            "{end}, and not after the window ends.",
            "Your lab may revoke the access at any time, without giving a reason.",
        ),
    ),
    Step(
        verb="decline",
        action=Action.CONSENT_GRANT,
        fits=AccessGrant.answerable_at,
        label="Decline",
        title="Decline access",
        done="The request is declined. The agency's lead is told.",
        style="outline",
        form=DeclineForm,
        act=access.decline,
        consequences=(
            "{who} gets no access by this request.",
            "A request that was declined never comes back. The agency may ask again.",
        ),
    ),
    Step(
        verb="authorize",
        action=Action.AUTHORIZE_GRANT,
        fits=AccessGrant.authorizable_at,
        label="Authorize",
        title="Authorize access",
        done="Access is authorized. Its parties are told.",
        act=access.authorize,
        consequences=(
            "{who} may use the model of {lab} under {reference} from {start}, or from now if "
            "that is later.",
            "Access ends on {end}, or earlier if the lab shortens the window, withdraws or "
            "revokes, or if the review concludes.",
        ),
    ),
    Step(
        verb="use",
        action=Action.USE_MODEL,
        fits=AccessGrant.live_at,
        label="Show how to reach the model",
    ),
    Step(
        verb="revoke",
        action=Action.REVOKE_GRANT,
        fits=AccessGrant.answerable_at,
        for_its_agency=True,
        label="Take back the request",
        done="The request is taken back. Its parties are told.",
        style="outline",
        form=RevokeForm,
        act=access.revoke,
        consequences=(
            "{lab} is told that {agency} no longer asks, and {who} gets no access by this request.",
            "A request that was taken back never comes back. {agency} may ask again.",
        ),
    ),
    Step(
        verb="revoke",
        action=Action.REVOKE_GRANT,
        fits=AccessGrant.revocable_at,
        label="Revoke access",
        done="Access is revoked and has ended. Its parties are told.",
        style="secondary",
        form=RevokeForm,
        act=access.revoke,
        consequences=(
            "{who} can no longer use the model, from the next click on.",
            "Access that was revoked never comes back. The agency may ask again.",
            "Other access to the same model is untouched.",
        ),
    ),
    _attest("lab"),
    _attest("agency"),
)
