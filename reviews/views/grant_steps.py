"""What can be done to a grant: by which action, in which state, and in which words.

Buttons and pages are drawn from one table, so that a page offers what its button promised.
"""

from functools import partial

from reviews.forms.access_grants import (
    AttestForm,
    ConsentForm,
    DeclineForm,
    ExtendForm,
    ReasonForm,
)
from reviews.forms.partners import AcceptForm
from reviews.models import AccessGrant, GrantExtension
from reviews.models.grant_states import Side
from reviews.policy import Action
from reviews.services import access, extensions, partners, readiness, suspensions
from reviews.views.step import Step, extension_of


def _attest(side, whose, *, for_partner=None):
    return Step(
        verb="attest",
        action=Action.ATTEST_FOR_LAB if side == "lab" else Action.ATTEST_FOR_AGENCY,
        fits=partial(AccessGrant.attestable_at, side=side),
        label=f"Attest closeout for the {whose}",
        done=f"Closeout is attested for the {whose}.",
        form=AttestForm,
        act=partial(access.attest, for_lab=side == "lab"),
        for_partner=for_partner,
        consequences=(
            "After access has ended, both sides attest closeout. When both have, this access is "
            "closed out.",
        ),
    )


def _suspend(side, for_whom, may_resume):
    return Step(
        verb="suspend",
        action=suspensions.SUSPENDS[side],
        fits=partial(AccessGrant.suspendable_at, side=side),
        label=f"Suspend access {for_whom}",
        done="Access is suspended. Its parties are told.",
        style="outline",
        danger=True,
        form=ReasonForm,
        act=partial(suspensions.suspend, side=side),
        consequences=(
            "{who} can no longer use the model, from the next click on, until "
            f"{may_resume} resumes it.",
            "Its end does not move: {end}. Other access to the same model is untouched.",
        ),
    )


def _resume(side, for_whom):
    return Step(
        verb="resume",
        action=suspensions.SUSPENDS[side],
        fits=partial(AccessGrant.resumable_at, side=side),
        label=f"Resume access {for_whom}",
        done="The suspension is lifted. The parties are told.",
        act=partial(suspensions.resume, side=side),
        consequences=(
            "{who} may use the model again until {lapse}, unless another side suspended it too.",
        ),
    )


# Each side in the words of its own people.
SIDES = (
    (Side.LAB, "for the lab", "{lab}"),
    (Side.AGENCY, "for the agency", "a lead of {agency}"),
    (Side.ADMINISTRATION, "as administrator", "an administrator"),
)
STEPS = (
    Step(
        verb="consent",
        action=Action.CONSENT_GRANT,
        fits=AccessGrant.answerable_at,
        label="Consent",
        title="Consent to access",
        done="Your lab's consent is recorded. An administrator is told.",
        form=ConsentForm,
        act=access.consent,
        for_partner=False,
        consequences=(
            "Once an administrator authorizes it, {who} may use the model from {start} until "
            "{end} at the latest, and not after the window ends.",
            "You may consent to less than was asked for, by the answers below. {agency} is told.",
            "Your lab may suspend or revoke the access at any time, without giving a reason.",
        ),
    ),
    Step(
        verb="consent",
        action=Action.CONSENT_GRANT,
        fits=AccessGrant.answerable_at,
        label="Consent",
        title="Consent to a trusted partner",
        done="Your lab's consent is recorded. Whoever comes next is told.",
        form=ConsentForm,
        act=access.consent,
        for_partner=True,
        consequences=(
            "Once an administrator agrees for the government as well and {partner} accepts the "
            "terms, {who} may use the model from {start} until {end} at the latest.",
            "You may consent to less than was asked for, by the answers below. {agency} is told.",
            "Your lab may suspend or revoke the access at any time, without giving a reason.",
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
        danger=True,
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
        for_partner=False,
        consequences=(
            "{who} may use the model of {lab} under {reference} from {start}, or from now if "
            "that is later.",
            "Access ends on {end}, or earlier if the lab shortens the window, withdraws or "
            "revokes, or if the review concludes.",
        ),
    ),
    Step(
        verb="authorize",
        action=Action.AUTHORIZE_GRANT,
        fits=AccessGrant.agreeable_at,
        label="Agree for the government",
        title="Agree to a trusted partner",
        done="The government's agreement is recorded.",
        act=partners.agree,
        for_partner=True,
        consequences=(
            "Once the lab consents as well and {partner} accepts the terms, {who} may use the "
            "model of {lab} under {reference} from {start} until {end} at the latest.",
            "The review window does not bound this access. The lab can withdraw only before it "
            "begins; after that the lab, your office and {agency} can revoke it.",
        ),
    ),
    Step(
        verb="accept",
        action=Action.ACCEPT_TERMS,
        fits=AccessGrant.acceptable_at,
        label="Accept the terms",
        done="The terms are accepted. The parties to this access are told.",
        form=AcceptForm,
        act=partners.accept,
        for_partner=True,
        consequences=(
            "{who} may use the model of {lab} from {start} until {end} at the latest.",
            "If newer terms are published, they are to be accepted as well.",
        ),
    ),
    Step(
        verb="use",
        action=Action.USE_MODEL,
        fits=AccessGrant.live_at,
        label="Show how to reach the model",
    ),
    Step(
        verb="extend",
        action=Action.EXTEND_GRANT,
        fits=AccessGrant.extendable_at,
        label="Ask for more time",
        title="Ask that access last longer",
        done="The later end is asked for. The lab is told.",
        style="outline",
        form=ExtendForm,
        act=extensions.request,
        consequences=(
            "The access keeps its end until {lab} has consented and an administrator has "
            "authorized the later one.",
            "Nobody extends the review window.",
        ),
    ),
    Step(
        noun="extension",
        verb="consent",
        action=Action.CONSENT_EXTENSION,
        row=extension_of,
        asked_of=extension_of,
        fits=GrantExtension.answerable_at,
        label="Consent to the later end",
        done="Your lab's consent is recorded. An administrator is told.",
        act=extensions.consent,
        consequences=(
            "Once an administrator authorizes it, {who} may use the model until {later}, and not "
            "after the window ends. Until then the access ends on {end}.",
        ),
    ),
    Step(
        noun="extension",
        verb="decline",
        action=Action.CONSENT_EXTENSION,
        row=extension_of,
        asked_of=extension_of,
        fits=GrantExtension.answerable_at,
        label="Decline the later end",
        done="The later end is declined. The agency's lead is told.",
        style="outline",
        form=DeclineForm,
        act=extensions.decline,
        consequences=("The access keeps its end, {end}. The agency may ask again.",),
    ),
    Step(
        noun="extension",
        verb="authorize",
        action=Action.AUTHORIZE_EXTENSION,
        row=extension_of,
        asked_of=extension_of,
        fits=GrantExtension.authorizable_at,
        label="Authorize the later end",
        done="The access lasts longer. Its parties are told.",
        act=extensions.authorize,
        consequences=(
            "{who} may use the model of {lab} under {reference} until {later}, or until the window "
            "ends if that is earlier. Now the access ends on {end}.",
            "{lapses}",
        ),
    ),
    Step(
        noun="extension",
        verb="withdraw",
        action=Action.EXTEND_GRANT,
        row=extension_of,
        fits=GrantExtension.withdrawable_at,
        label="Take back the request for more time",
        done="The request for more time is taken back.",
        style="outline",
        act=extensions.take_back,
        consequences=("The access keeps its end, {end}. Your agency may ask again.",),
    ),
    Step(
        verb="recertify",
        action=Action.RECERTIFY_GRANT,
        fits=AccessGrant.recertifiable_at,
        label="Recertify",
        title="Say that access is still needed",
        done="The access is recertified.",
        act=readiness.recertify,
        consequences=(
            "Unless somebody says that it is still needed, this access lapses. It keeps its own "
            "end, {end}.",
            "Access that lapsed never comes back.",
        ),
    ),
    *(_resume(side, for_whom) for side, for_whom, _ in SIDES),
    *(_suspend(*words) for words in SIDES),
    Step(
        verb="revoke",
        action=Action.TAKE_BACK_REQUEST,
        fits=AccessGrant.answerable_at,
        label="Take back the request",
        done="The request is taken back. Its parties are told.",
        style="outline",
        danger=True,
        form=ReasonForm,
        act=access.revoke,
        consequences=(
            "{lab} is told that {agency} no longer asks, and {who} gets no access by this request.",
            "A request that was taken back never comes back. {agency} may ask again.",
        ),
    ),
    Step(
        verb="revoke",
        action=Action.TAKE_BACK_AGREEMENT,
        fits=AccessGrant.disagreeable_at,
        label="Take back the government's agreement",
        done="The agreement is taken back and the proposal is over. Its parties are told.",
        style="outline",
        danger=True,
        form=ReasonForm,
        act=access.revoke,
        for_partner=True,
        consequences=(
            "{who} gets no access by this proposal, whatever the lab answers.",
            "{agency} may propose {partner} again.",
        ),
    ),
    Step(
        verb="revoke",
        action=Action.REVOKE_GRANT,
        fits=AccessGrant.revocable_at,
        label="Revoke access",
        done="Access is revoked and has ended. Its parties are told.",
        style="secondary",
        danger=True,
        form=ReasonForm,
        act=access.revoke,
        consequences=(
            "{who} can no longer use the model, from the next click on.",
            "Access that was revoked never comes back. The agency may ask again.",
            "Other access to the same model is untouched.",
        ),
    ),
    _attest("lab", "lab"),
    _attest("agency", "agency", for_partner=False),
    _attest("agency", "partner", for_partner=True),
)
