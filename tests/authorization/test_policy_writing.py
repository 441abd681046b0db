"""Who writes a review together, and whose notes are whose."""

import pytest

from reviews.models import (
    AgencyReview,
    Assignment,
    Coauthor,
    Declaration,
    PrivateNote,
    Recusal,
)
from reviews.policy import Action
from tests.authorization.policy_world import (
    END,
    OPENING,
    START,
    always,
    at_each_instant,
    attach,
    detach,
    person,
    seen,
    while_open,
)

pytestmark = pytest.mark.django_db


def write_with(world, someone, label="nsa's draft"):
    """``someone`` is assigned for the review's agency and one of its co-authors."""
    review = world.reviews[label]
    Assignment.objects.create(
        submission=review.submission,
        agency=review.agency,
        reviewer=someone,
        assigned_by=world.people.nsa_lead,
        assigned_at=START,
    )
    Coauthor.objects.create(review=review, person=someone, added_at=START)
    return someone


def continues(world, someone, at=OPENING):
    return seen(someone, Action.CONTINUE_REVIEW, world.reviews, at)


def test_an_author_continues_her_reviews_while_the_window_is_open(world):
    authors = {
        "nsa": {"nsa_reviewer"},
        "nsa's draft": {"nsa_reviewer"},
        "caisi": {"caisi_reviewer"},
        "cisa's draft": {"cisa_reviewer"},
        "dod on basalt": {"dod_reviewer"},
    }
    nobody = {label: set() for label in authors}
    assert at_each_instant(world, Action.CONTINUE_REVIEW, world.reviews) == while_open(
        authors, nobody
    )


def test_a_coauthor_continues_that_review_and_no_other(world):
    someone = write_with(world, person("nsa:reviewer"))
    assert continues(world, someone) == {"nsa's draft"}
    assert continues(world, someone, END) == set()


def test_a_colleague_who_is_assigned_continues_nothing_of_others(world):
    someone = write_with(world, person("nsa:reviewer"))
    another = person("nsa:reviewer")
    Coauthor.objects.filter(person=someone).update(person=another)
    assert continues(world, someone) == set()


def test_nothing_is_continued_on_a_draft(world):
    """No review is written on one; a seat that were attached there all the same opens none."""
    someone = write_with(world, person("nsa:reviewer"))
    attach(world.draft, "nsa:reviewer", "view_submission", "review_submission")
    Assignment.objects.filter(reviewer=someone).update(submission=world.draft)
    AgencyReview.objects.filter(pk=world.reviews["nsa's draft"].pk).update(submission=world.draft)
    assert continues(world, someone) == set()


def test_a_coauthor_must_be_assigned(world):
    someone = write_with(world, person("nsa:reviewer"))
    Assignment.objects.filter(reviewer=someone).delete()
    assert continues(world, someone) == set()


@pytest.mark.parametrize("action", [Action.CONTINUE_REVIEW, Action.CHOOSE_COAUTHORS])
def test_whoever_writes_must_have_declared(world, action):
    author = world.people.nsa_reviewer
    assert "nsa's draft" in seen(author, action, world.reviews, OPENING)
    Declaration.objects.filter(submission=world.running, person=author).delete()
    assert "nsa's draft" not in seen(author, action, world.reviews, OPENING)


def test_a_coauthor_must_sit_at_the_reviews_agency(world):
    someone = write_with(world, person("dod:reviewer"))
    Assignment.objects.filter(reviewer=someone).update(
        agency=someone.groups.get().seat.organization
    )
    assert continues(world, someone) == set()


def test_a_coauthor_must_be_a_reviewer_who_is_attached_and_not_recused(world):
    assert continues(world, write_with(world, person("nsa:lead"))) == set()
    someone = write_with(world, person("nsa:reviewer"))
    recusal = Recusal.objects.create(
        submission=world.running, person=someone, declared_at=START, declared_by=someone
    )
    assert continues(world, someone) == set()
    recusal.delete()
    detach(world.running, "nsa:reviewer")
    assert continues(world, someone) == set()


def test_nobody_goes_on_with_what_a_recused_author_wrote(world):
    someone = write_with(world, person("nsa:reviewer"))
    author = world.people.nsa_reviewer
    recusal = Recusal.objects.create(
        submission=world.basalt, person=author, declared_at=START, declared_by=author
    )
    assert continues(world, someone) == {"nsa's draft"}
    Recusal.objects.filter(pk=recusal.pk).update(submission=world.running)
    assert continues(world, someone) == set()


def test_only_the_author_chooses_coauthors_and_only_of_a_draft(world):
    write_with(world, person("nsa:reviewer"))
    authors = {label: set() for label in world.reviews} | {
        "nsa's draft": {"nsa_reviewer"},
        "cisa's draft": {"cisa_reviewer"},
    }
    nobody = {label: set() for label in authors}
    assert at_each_instant(world, Action.CHOOSE_COAUTHORS, world.reviews) == while_open(
        authors, nobody
    )
    coauthor = Coauthor.objects.get().person
    assert seen(coauthor, Action.CHOOSE_COAUTHORS, world.reviews, OPENING) == set()


def test_a_coauthor_of_a_filed_review_has_filed(world):
    """She reads the others' filed reviews then; of a draft that she helps with, none."""
    someone = person("dod:reviewer")
    review = AgencyReview.objects.create(
        submission=world.running,
        agency=world.reviews["dod on basalt"].agency,
        author=world.people.dod_reviewer,
        created_at=START,
        saved_at=START,
        no_conflict_declared=True,
    )
    Coauthor.objects.create(review=review, person=someone, added_at=START)
    Coauthor.objects.create(review=world.reviews["dod on basalt"], person=someone, added_at=START)
    others = {label: row for label, row in world.reviews.items() if row.agency != review.agency}
    assert seen(someone, Action.READ_REVIEW, others, OPENING) == set()
    AgencyReview.objects.filter(pk=review.pk).update(filed_at=START)
    assert seen(someone, Action.READ_REVIEW, others, OPENING) == {"nsa", "caisi"}
    assert seen(person("dod:reviewer"), Action.READ_REVIEW, others, OPENING) == set()


def note_of(someone, submission):
    return PrivateNote.objects.create(submission=submission, person=someone, saved_at=START)


def test_a_note_is_read_by_its_writer_alone_at_any_time(world):
    codes = ("nsa_reviewer", "nsa_lead", "oncd_official", "dod_reviewer")
    notes = {code: note_of(getattr(world.people, code), world.running) for code in codes}
    assert at_each_instant(world, Action.READ_NOTE, notes) == always(
        {code: {code} for code in codes}
    )


def test_a_note_is_closed_to_a_writer_without_the_seat_or_recused(world):
    someone = person("dod:reviewer")
    notes = {"hers": note_of(someone, world.running)}
    assert seen(someone, Action.READ_NOTE, notes, OPENING) == {"hers"}
    recusal = Recusal.objects.create(
        submission=world.running, person=someone, declared_at=START, declared_by=someone
    )
    assert seen(someone, Action.READ_NOTE, notes, OPENING) == set()
    recusal.delete()
    someone.groups.clear()
    assert seen(someone, Action.READ_NOTE, notes, OPENING) == set()
