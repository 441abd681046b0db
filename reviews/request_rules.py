"""Who may do what to information requests: rules of policy, to be read as those in policy.py.

Agencies see each other's drafts, so that a lab is not asked twice; the lab sees what was
issued. What it answers is its own material, and open to agencies as long as that is.
"""

from reviews import clauses
from reviews.actions import Action
from reviews.models import InformationRequest, RequestAnswer
from reviews.rules import Rule, Time

_LAB = "own_submission"
_BY_THE_DRAFTING_AGENCY = tuple(
    Rule(
        over=InformationRequest,
        time=Time.WINDOW_OPEN,
        permission=permission,
        through="agency",
    )
    for permission in ("lead_submission", "determine_submission")
)

REQUEST_RULES: dict[Action, tuple[Rule, ...]] = {
    Action.DRAFT_INFORMATION_REQUEST: (Rule(time=Time.WINDOW_OPEN, permission="deliberate"),),
    Action.EDIT_INFORMATION_REQUEST: _BY_THE_DRAFTING_AGENCY,
    Action.ISSUE_INFORMATION_REQUEST: _BY_THE_DRAFTING_AGENCY,
    Action.TAKE_BACK_INFORMATION_REQUEST: _BY_THE_DRAFTING_AGENCY,
    Action.JOIN_INFORMATION_REQUEST: (
        Rule(
            over=InformationRequest,
            time=Time.WINDOW_OPEN,
            permission="lead_submission",
            where=(clauses.leads_another,),
        ),
    ),
    Action.READ_INFORMATION_REQUEST: (
        Rule(
            over=InformationRequest,
            time=Time.ALWAYS,
            permission=_LAB,
            where=(clauses.issued,),
        ),
        Rule(over=InformationRequest, time=Time.ALWAYS, permission="deliberate"),
        Rule(  # consulted officials
            over=InformationRequest,
            time=Time.WINDOW_OPEN,
            permission="read_package",
            where=(clauses.issued,),
        ),
    ),
    Action.ANSWER_INFORMATION_REQUEST: (
        Rule(
            over=InformationRequest,
            time=Time.WINDOW_OPEN,
            permission=_LAB,
            where=(clauses.issued,),
        ),
    ),
    Action.READ_INFORMATION_ANSWER: (
        Rule(over=RequestAnswer, time=Time.ALWAYS, permission=_LAB),
        Rule(
            over=RequestAnswer,
            time=Time.WINDOW_OPEN,
            permission="read_package",
            where=(clauses.declared("request__submission"),),
        ),
    ),
}
