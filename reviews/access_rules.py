"""Who may do what with access to a lab's model: this part of the table of reviews/policy.py.

Asked for by a lead, consented to by the lab, authorized by an administrator: three people.
"""

from accounts.models import AuditEvent, Organization
from accounts.roles import LAB_ROLES, Role
from reviews import clauses
from reviews.actions import Action
from reviews.models import AccessGrant, Gateway, GrantExtension, PartnerTerms
from reviews.rules import Rule, Time

_LAB = "own_submission"
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_OVERSEERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
# Whose a grant is, during its window and after.
_LAB_OF_GRANT = Rule(over=AccessGrant, time=Time.ALWAYS, permission=_LAB)
_LEAD_OF_GRANT = Rule(
    over=AccessGrant, time=Time.ALWAYS, permission="lead_submission", through="agency"
)
_NAMED = Rule(
    over=AccessGrant,
    time=Time.ALWAYS,
    permission="view_submission",
    through="agency",
    where=(clauses.of_agency, clauses.named),
)
_OVERSEER_OF_PAST = Rule(
    over=AuditEvent, time=Time.ALWAYS, roles=_OVERSEERS, where=(clauses.about_access,)
)
_ADMINISTRATOR_OF_GRANT = Rule(over=AccessGrant, time=Time.ALWAYS, roles=_ADMINISTRATOR)
_OVERSEER_OF_GRANT = Rule(over=AccessGrant, time=Time.ALWAYS, roles=_OVERSEERS)
_CONTACT_OF_GRANT = Rule(
    over=AccessGrant,
    time=Time.ALWAYS,
    roles=frozenset({Role.PARTNER_CONTACT}),
    where=(clauses.of_own_partner,),
)
_LAB_OF_GATEWAY = Rule(over=Gateway, time=Time.ALWAYS, roles=LAB_ROLES, where=(clauses.of_own_lab,))

# Who gives a word on a grant gave no other and is not named in it; of a partner's, at any time.
_CONSENTS = (clauses.not_sponsor, clauses.not_grantee, clauses.not_agreer)
_AUTHORIZES = (clauses.not_sponsor, clauses.not_grantee, clauses.not_consenter)

ACCESS_RULES: dict[Action, tuple[Rule, ...]] = {
    Action.REQUEST_GRANT: (Rule(time=Time.WINDOW_OPEN, permission="lead_submission"),),
    Action.VIEW_GRANT: (
        *(_LAB_OF_GRANT, _LEAD_OF_GRANT, _NAMED),
        *(_CONTACT_OF_GRANT, _ADMINISTRATOR_OF_GRANT),
    ),
    # What a lab or an agency wrote in it, which administrators do not read.
    Action.READ_GRANT: (_LAB_OF_GRANT, _LEAD_OF_GRANT, _NAMED, _CONTACT_OF_GRANT),
    # The people of agencies in it by name, which labs and partners do not learn.
    Action.KNOW_PEOPLE: (_LEAD_OF_GRANT, _NAMED, _ADMINISTRATOR_OF_GRANT),
    # A partner's access begins after the window, so words about it are not bound to that.
    Action.PROPOSE_PARTNER: (Rule(time=Time.FILED, permission="lead_submission"),),
    Action.ACCEPT_TERMS: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            roles=frozenset({Role.PARTNER_CONTACT}),
            where=(
                *(clauses.of_own_partner, clauses.not_sponsor),
                *(clauses.not_consenter, clauses.not_agreer),
            ),
        ),
    ),
    Action.READ_TERMS: (Rule(over=PartnerTerms, time=Time.ALWAYS, roles=frozenset(Role)),),
    Action.PUBLISH_TERMS: (Rule(over=PartnerTerms, time=Time.ALWAYS, roles=_ADMINISTRATOR),),
    Action.CONSENT_GRANT: (
        Rule(
            over=AccessGrant,
            time=Time.WINDOW_OPEN,
            permission=_LAB,
            where=_CONSENTS,
        ),
        Rule(
            over=AccessGrant,
            time=Time.FILED,
            permission=_LAB,
            where=(clauses.for_partner, *_CONSENTS),
        ),
    ),
    Action.AUTHORIZE_GRANT: (
        Rule(
            over=AccessGrant,
            time=Time.WINDOW_OPEN,
            roles=_ADMINISTRATOR,
            where=_AUTHORIZES,
        ),
        Rule(
            over=AccessGrant,
            time=Time.FILED,
            roles=_ADMINISTRATOR,
            where=(clauses.for_partner, *_AUTHORIZES),
        ),
    ),
    Action.EXTEND_GRANT: (
        Rule(
            over=AccessGrant, time=Time.WINDOW_OPEN, permission="lead_submission", through="agency"
        ),
    ),
    Action.CONSENT_EXTENSION: (
        Rule(
            over=GrantExtension,
            time=Time.WINDOW_OPEN,
            permission=_LAB,
            where=(clauses.not_sponsor, clauses.grant_not_hers),
        ),
    ),
    Action.AUTHORIZE_EXTENSION: (
        Rule(
            over=GrantExtension,
            time=Time.WINDOW_OPEN,
            roles=_ADMINISTRATOR,
            where=(clauses.not_sponsor, clauses.grant_not_hers, clauses.not_consenter),
        ),
    ),
    Action.RECERTIFY_GRANT: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            permission="lead_submission",
            through="agency",
            where=(clauses.not_grantee,),
        ),
    ),
    # Before the lab has answered.
    Action.TAKE_BACK_REQUEST: (_LEAD_OF_GRANT,),
    Action.TAKE_BACK_AGREEMENT: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            roles=_ADMINISTRATOR,
            where=(clauses.for_partner,),
        ),
    ),
    Action.REVOKE_GRANT: (_LAB_OF_GRANT, _LEAD_OF_GRANT, _ADMINISTRATOR_OF_GRANT),
    Action.SUSPEND_FOR_LAB: (
        Rule(over=AccessGrant, time=Time.ALWAYS, permission=_LAB, where=(clauses.not_grantee,)),
    ),
    Action.SUSPEND_FOR_AGENCY: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            permission="lead_submission",
            through="agency",
            where=(clauses.not_grantee,),
        ),
    ),
    Action.SUSPEND_AS_ADMINISTRATOR: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            roles=_ADMINISTRATOR,
            where=(clauses.not_grantee,),
        ),
    ),
    Action.USE_MODEL: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,  # "live" reads the window's clock itself
            permission="view_submission",
            through="agency",
            where=(
                *(clauses.of_agency, clauses.grantee, clauses.live),
                clauses.declared("submission"),
            ),
        ),
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            roles=frozenset({Role.PARTNER_CONTACT}),
            where=(clauses.of_own_partner, clauses.grantee, clauses.live),
        ),
    ),
    # Nobody attests in a partner's name but the partner.
    Action.ATTEST_FOR_AGENCY: (
        Rule(
            over=AccessGrant,
            time=Time.ALWAYS,
            permission="lead_submission",
            through="agency",
            where=(clauses.of_agency,),
        ),
        _NAMED,
        _CONTACT_OF_GRANT,
    ),
    Action.ATTEST_FOR_LAB: (_LAB_OF_GRANT,),
    # Who still owes a closeout, without content.
    Action.OVERSEE_CLOSEOUT: (_OVERSEER_OF_GRANT,),
    # All of them at once, without content: on the board, on the timeline, in a file.
    Action.TRACK_GRANTS: (_LAB_OF_GRANT, _OVERSEER_OF_GRANT),
    Action.EXPORT_GRANTS: (_LAB_OF_GRANT, _OVERSEER_OF_GRANT),
    Action.REVOKE_GRANTS: (_LAB_OF_GRANT, _ADMINISTRATOR_OF_GRANT),
    # From which events of the log one learns who had access when: a lab, of its own models.
    Action.VIEW_PAST_ACCESS: (
        _OVERSEER_OF_PAST,
        Rule(
            over=AuditEvent,
            time=Time.ALWAYS,
            roles=LAB_ROLES,
            where=(clauses.about_access, clauses.of_own_submission),
        ),
    ),
    # How far the whole log had come then: it counts what every lab and agency did.
    Action.OVERSEE_PAST_ACCESS: (_OVERSEER_OF_PAST,),
    # A lab's own gateways; others see whether they are told, and where they differ.
    Action.ADD_GATEWAY: (
        Rule(over=Organization, time=Time.ALWAYS, roles=LAB_ROLES, own_organization=True),
    ),
    Action.VIEW_GATEWAY: (
        _LAB_OF_GATEWAY,
        Rule(over=Gateway, time=Time.ALWAYS, roles=_OVERSEERS),
    ),
    Action.MANAGE_GATEWAY: (_LAB_OF_GATEWAY,),
}
