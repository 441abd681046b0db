"""Who may do what in a discussion: this part of the table of reviews/policy.py.

A thread's audience decides who reads it; who writes there reads it, too.
"""

from reviews import clauses
from reviews.actions import Action
from reviews.models import Post, Thread
from reviews.models.discussion import Audience
from reviews.rules import Rule, Time

_LAB = "own_submission"
# Who speaks for an agency to the lab.
_TO_LAB = ("lead_submission", "determine_submission")
_OWN_AGENCY = clauses.heard_by(Audience.OWN_AGENCY)
_AGENCIES = clauses.heard_by(Audience.AGENCIES)
_WITH_LAB = clauses.heard_by(Audience.WITH_LAB)
_IN_OWN_AGENCY_OR_AGENCIES = clauses.said_to(Audience.OWN_AGENCY, Audience.AGENCIES)
_IN_WITH_LAB = clauses.said_to(Audience.WITH_LAB)

DISCUSSION_RULES: dict[Action, tuple[Rule, ...]] = {
    Action.READ_DISCUSSION: (
        Rule(time=Time.ALWAYS, permission="deliberate"),
        Rule(time=Time.FILED, permission=_LAB),
    ),
    Action.OPEN_THREAD: (Rule(time=Time.WINDOW_OPEN, permission="deliberate"),),
    Action.OPEN_THREAD_WITH_LAB: tuple(
        Rule(time=Time.WINDOW_OPEN, permission=codename) for codename in (*_TO_LAB, _LAB)
    ),
    Action.READ_THREAD: (
        Rule(
            over=Thread,
            time=Time.ALWAYS,
            permission="deliberate",
            through="agency",
            where=(_OWN_AGENCY,),
        ),
        Rule(over=Thread, time=Time.ALWAYS, permission="deliberate", where=(_AGENCIES,)),
        Rule(over=Thread, time=Time.ALWAYS, permission="deliberate", where=(_WITH_LAB,)),
        Rule(over=Thread, time=Time.ALWAYS, permission=_LAB, where=(_WITH_LAB,)),
    ),
    Action.POST_IN_THREAD: (
        Rule(
            over=Thread,
            time=Time.WINDOW_OPEN,
            permission="deliberate",
            through="agency",
            where=(_OWN_AGENCY,),
        ),
        Rule(over=Thread, time=Time.WINDOW_OPEN, permission="deliberate", where=(_AGENCIES,)),
        *(
            Rule(over=Thread, time=Time.WINDOW_OPEN, permission=codename, where=(_WITH_LAB,))
            for codename in (*_TO_LAB, _LAB)
        ),
    ),
    # The author, while she may still write there for the organization that she spoke for.
    Action.EDIT_POST: (
        Rule(
            over=Post,
            time=Time.WINDOW_OPEN,
            permission="deliberate",
            through="organization",
            where=(clauses.own_post, _IN_OWN_AGENCY_OR_AGENCIES),
        ),
        *(
            Rule(
                over=Post,
                time=Time.WINDOW_OPEN,
                permission=codename,
                through="organization",
                where=(clauses.own_post, _IN_WITH_LAB),
            )
            for codename in (*_TO_LAB, _LAB)
        ),
    ),
}
