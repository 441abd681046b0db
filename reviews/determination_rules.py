"""Consultations, determinations, criteria: this part of the table of reviews/policy.py.

Written against the register by one official of NSA and signed by a second; the lab reads it once
it was shared. A criterion takes two of its keepers.
"""

from accounts.models import Organization
from accounts.roles import KEEPING, Role
from reviews import clauses
from reviews.actions import Action
from reviews.models import Consultation, CriterionVersion, Determination
from reviews.rules import Rule, Time

_LAB = "own_submission"
_AGENCYS_READER = Rule(
    over=CriterionVersion, time=Time.ALWAYS, roles=KEEPING | frozenset({Role.REVIEWER})
)

DETERMINATION_RULES: dict[Action, tuple[Rule, ...]] = {
    Action.CONSULT: (Rule(time=Time.WINDOW_OPEN, permission="consult_submission"),),
    Action.READ_CONSULTATION: (
        Rule(over=Consultation, time=Time.ALWAYS, permission="determine_submission"),
        Rule(
            over=Consultation,
            time=Time.ALWAYS,
            permission="consult_submission",
            through="organization",
        ),
    ),
    Action.DETERMINE: (Rule(time=Time.WINDOW_OPEN, permission="determine_submission"),),
    Action.SIGN_DETERMINATION: (
        Rule(
            over=Determination,
            time=Time.WINDOW_OPEN,
            permission="determine_submission",
            where=(clauses.not_author,),
        ),
    ),
    Action.READ_DETERMINATION: (
        Rule(over=Determination, time=Time.ALWAYS, permission="determine_submission"),
        Rule(
            over=Determination,
            time=Time.ALWAYS,
            permission="read_package",
            where=(clauses.signed,),
        ),
        Rule(
            over=Determination,
            time=Time.ALWAYS,
            permission=_LAB,
            where=(clauses.shared,),
        ),
    ),
    Action.SHARE_DETERMINATION: (
        Rule(
            over=Determination,
            time=Time.WINDOW_OPEN,
            permission="determine_submission",
            where=(clauses.signed,),
        ),
    ),
    Action.RESPOND_TO_DETERMINATION: (
        Rule(
            over=Determination,
            time=Time.FILED,
            permission=_LAB,
            where=(clauses.shared,),
        ),
    ),
    # How NSA uses its discretion: no content of a lab in it.
    Action.AUDIT_DISCRETION: (
        Rule(
            over=Determination,
            time=Time.ALWAYS,
            roles=frozenset({Role.AUDITOR}),
            where=(clauses.signed,),
        ),
    ),
    # The register: public once two keepers agree; what is proposed, and where what is classified
    # is kept, is for agencies' people.
    Action.READ_CRITERIA: (
        Rule(
            over=CriterionVersion,
            time=Time.ALWAYS,
            roles=frozenset(Role),
            where=(clauses.confirmed,),
        ),
        _AGENCYS_READER,
    ),
    Action.LOCATE_CRITERIA: (_AGENCYS_READER,),
    Action.PROPOSE_CRITERION: (
        Rule(
            over=Organization,
            time=Time.ALWAYS,
            roles=KEEPING,
            own_organization=True,
            where=(clauses.keeper,),
        ),
    ),
    Action.CONFIRM_CRITERION: (
        Rule(
            over=CriterionVersion,
            time=Time.ALWAYS,
            roles=KEEPING,
            where=(clauses.for_another_keeper,),
        ),
    ),
}
