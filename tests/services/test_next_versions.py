"""A next version begins with all that the last one said, but for its declaration."""

from reviews.models import AgencyReview
from tests import factories
from tests.services.agency_pages import page
from tests.services.test_review_pages import sent
from tests.services.test_reviewing import PAGE, autosave


def test_what_cannot_be_read_any_more_is_carried_over(people, submission, reviewer):
    """A document closed in between and hours that are no number: neither is lost unseen."""
    card = factories.document(submission, people)
    reviewer.post(page("review-write", submission), sent(file="1", evidence=[str(card.key)]))
    card.restrictions.create(organization=factories.organization("dod"))
    status, answer = autosave(
        reviewer,
        submission,
        version="2",
        hours_spent="many",
        concerns="Next.",
        vulnerability_discovery_score="9",
        evidence=[str(card.key)],
        page=PAGE,
        turn="1",
    )
    assert (status, answer["version"]) == (200, 2)
    first, following = AgencyReview.objects.order_by("version")
    assert (following.concerns, following.hours_spent) == ("Next.", first.hours_spent)
    assert following.ratings.get(criterion="vulnerability_discovery").score == 2
    assert list(following.evidence.all()) == [card]
    assert following.no_conflict_declared is True  # as sent, not as carried over


def test_a_declaration_is_not_carried_over(submission, reviewer):
    reviewer.post(page("review-write", submission), sent(file="1"))
    reviewer.post(
        page("review-write", submission), sent(version="2", no_conflict_declared=None, save="1")
    )
    assert AgencyReview.objects.get(version=2).no_conflict_declared is False


def test_nobody_finds_the_declaration_made_for_her(people, submission, reviewer):
    """What several write, each of them is asked to declare when she files."""
    reviewer.post(page("review-write", submission), sent(save="1"))
    form = reviewer.get(page("review-write", submission)).context["form"]
    assert form["no_conflict_declared"].value() is True
    draft = AgencyReview.objects.get()
    draft.coauthors.create(person=people.recused, added_at=factories.now())
    form = reviewer.get(page("review-write", submission)).context["form"]
    assert form["no_conflict_declared"].value() is False
