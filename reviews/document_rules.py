"""Who may do what to documents: rules of policy, to be read as those in policy.py.

The lab keeps its own; agencies read inside the window, what the lab lets them know of, and
nobody opens what no scanner has passed.
"""

from accounts.roles import Role
from reviews import clauses
from reviews.actions import Action
from reviews.models import Document, DocumentVersion, Upload
from reviews.rules import Rule, Time

_LAB = "own_submission"

DOCUMENT_RULES: dict[Action, tuple[Rule, ...]] = {
    Action.ADD_DOCUMENT: (Rule(time=Time.BEFORE_THE_END, permission=_LAB),),
    Action.SEND_UPLOAD: (Rule(over=Upload, time=Time.BEFORE_THE_END, permission=_LAB),),
    Action.MANAGE_DOCUMENT: (Rule(over=Document, time=Time.BEFORE_THE_END, permission=_LAB),),
    Action.VIEW_DOCUMENT: (
        Rule(over=Document, time=Time.ALWAYS, permission=_LAB),
        Rule(
            over=Document,
            time=Time.WINDOW_OPEN,
            permission="read_package",
            unless_restricted=True,
            where=(clauses.declared("submission"),),
        ),
    ),
    Action.READ_DOCUMENT: (
        Rule(over=DocumentVersion, time=Time.ALWAYS, permission=_LAB, where=(clauses.clean,)),
        Rule(
            over=DocumentVersion,
            time=Time.WINDOW_OPEN,
            permission="read_package",
            unless_restricted=True,
            where=(clauses.clean, clauses.declared("document__submission")),
        ),
    ),
    # What nobody can open is accounted for: its hash and what was found, neither name nor bytes.
    Action.AUDIT_QUARANTINE: (
        Rule(
            over=DocumentVersion,
            time=Time.ALWAYS,
            roles=frozenset({Role.AUDITOR}),
            where=(clauses.quarantined,),
        ),
    ),
}
