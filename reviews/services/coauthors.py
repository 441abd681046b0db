"""Who writes a review together: its author chooses among the assigned of her agency."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from reviews.exceptions import Conflict
from reviews.models import AgencyReview, Assignment, Coauthor
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, rows


def possible(review: AgencyReview) -> QuerySet[User]:
    """Whom the author may write it with: her agency's others who are assigned, by name."""
    assigned = Assignment.objects.still_reviewing().filter(
        submission=review.submission_id, agency=review.agency_id
    )
    people = User.objects.filter(pk__in=assigned.values("reviewer"))
    return people.exclude(pk=review.author_id).order_by("name")


@transaction.atomic
def choose(review: AgencyReview, people: Iterable[User], *, by: User, at: datetime) -> AgencyReview:
    """Exactly ``people`` write the draft with its author; who is new has a notice.

    Raises NotPermitted for anybody but the author and once it is filed, Conflict for somebody
    who is not assigned.
    """
    submission, review, at = rows.begin(review, Action.CHOOSE_COAUTHORS, by=by, at=at)
    chosen = {person.pk: person for person in people}
    if chosen.keys() - set(possible(review).values_list("pk", flat=True)):
        raise Conflict(
            "Only reviewers of your agency who are assigned to this submission can write with "
            "you. Ask your lead to assign them."
        )
    there = set(review.coauthors.values_list("person", flat=True))
    if chosen.keys() == there:
        return review
    review.coauthors.exclude(person__in=chosen).delete()
    new = [person for key, person in chosen.items() if key not in there]
    Coauthor.objects.bulk_create(
        Coauthor(review=review, person=person, added_at=at) for person in new
    )
    rows.record(
        "review.coauthors_chosen",
        review,
        by=by,
        for_=review.agency,
        at=at,
        coauthors=sorted(person.email for person in chosen.values()),
    )
    notices.queue(NoticeKind.COAUTHOR_ADDED, submission, new, due_at=at, at=at, part=review.key)
    return review
