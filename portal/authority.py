"""How the pages of accounts ask ``reviews.policy``, so that accounts never imports reviews."""

from reviews import policy
from reviews.exceptions import NotVisible
from reviews.policy import Action


def allowed(request, action):
    """Every row on which the person may do ``action`` now; raises NotVisible when there is none.

    For pages that exist only for those who have something on them.
    """
    rows = policy.allowed(request.user, Action(action), at=request.at)
    if not rows.exists():
        raise NotVisible
    return rows
