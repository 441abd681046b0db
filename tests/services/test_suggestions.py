"""Suggestions of reviewers: a ranking that explains itself and depends on facts alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts import absences, audit, expertise, seats
from accounts.models import Absence, User
from accounts.models.expertise_tag import Expertise
from reviews import rules
from reviews.services import agency_reviews, assignments, suggestions
from reviews.services.suggestions import Facts
from tests import factories
from tests.conftest import START
from tests.services.agency_pages import page, signed_in, text_of

ALL = frozenset(Expertise)
known = st.builds(
    Facts,
    name=st.sampled_from(["Reviewer A", "Reviewer B"]),
    email=st.just(""),
    open=st.integers(0, 4),
    fields=st.frozensets(st.sampled_from([str(one) for one in Expertise]), max_size=3),
    assigned_at=st.none() | st.integers(0, 90).map(lambda days: START - timedelta(days=days)),
    away=st.sampled_from([0, 0.1, 0.5, 1]),
    knows_the_model=st.booleans(),
    declined=st.booleans(),
)
several = st.lists(known, min_size=1, max_size=8).map(
    lambda rows: [replace(one, email=f"{n}@test.example") for n, one in enumerate(rows)]
)
needs = st.frozensets(st.sampled_from(list(Expertise)))


def order(rows, wanted=ALL):
    """The addresses of the ranked, best first."""
    return [one.email for one in suggestions.rank(rows, needs=wanted, at=START)[0]]


@given(several, needs, st.randoms())
def test_the_order_of_the_facts_changes_nothing(rows, wanted, chance):
    mixed = chance.sample(rows, k=len(rows))
    assert suggestions.rank(mixed, needs=wanted, at=START) == suggestions.rank(
        rows, needs=wanted, at=START
    )


@given(several, needs, st.integers(1, 3))
def test_more_to_do_never_raises_anybody(rows, wanted, more):
    before = order(rows, wanted)
    for number, one in enumerate(rows):
        if one.email in before:
            busier = [*rows[:number], replace(one, open=one.open + more), *rows[number + 1 :]]
            assert order(busier, wanted).index(one.email) >= before.index(one.email)


@given(several, needs)
def test_the_points_are_the_sum_of_what_is_said(rows, wanted):
    ranked, ruled_out = suggestions.rank(rows, needs=wanted, at=START)
    assert len(ranked) + len(ruled_out) == len(rows)
    points = [sum(factor.points for factor in one.factors) for one in ranked]
    assert points == [one.points for one in ranked] == sorted(points, reverse=True)
    assert all(one.ruled_out for one in ruled_out)
    assert all(len(one.factors) == 5 and not one.ruled_out for one in ranked)


def test_equal_points_go_to_the_longest_idle_then_by_name_and_address():
    long_ago = START - timedelta(weeks=20)
    rows = [
        Facts("B", "b@x", assigned_at=long_ago),
        Facts("A", "b2@x", assigned_at=long_ago),
        Facts("A", "a2@x", assigned_at=long_ago),
        Facts("Z", "z@x"),
        Facts("Y", "y@x", assigned_at=long_ago - timedelta(days=1)),
    ]
    assert len({suggestions.suggest(one, needs=ALL, at=START).points for one in rows}) == 1
    assert order(rows) == ["z@x", "y@x", "a2@x", "b2@x", "b@x"]


@pytest.mark.parametrize(
    ("fact", "words", "points"),
    [
        ({"open": 1}, "1 open assignment", -10),
        ({"open": 3}, "3 open assignments", -30),
        ({}, "No open assignments", 0),
        (
            {"fields": frozenset({"autonomy", "safeguards", "elicitation"})},
            "Expertise: autonomy, safeguards",
            10,
        ),
        ({}, "Expertise: none of what it needs", 0),
        ({}, "Never assigned by your agency", 8),
        ({"assigned_at": START}, "Last assigned today", 0),
        ({"assigned_at": START - timedelta(days=15)}, "Last assigned 15 days ago", 2),
        ({"assigned_at": START - timedelta(days=900)}, "Last assigned 900 days ago", 8),
        ({"away": 0.25}, "Away for 25% of the time that is left", -5),
        ({"knows_the_model": True}, "Filed a review of an earlier submission of this model", 6),
    ],
)
def test_each_factor_is_said_with_its_points(fact, words, points):
    wanted = {Expertise.AUTONOMY, Expertise.SAFEGUARDS}
    one = suggestions.suggest(Facts("A", "a@x", **fact), needs=wanted, at=START)
    assert (words, points) in [(factor.words, factor.points) for factor in one.factors]


def test_who_declined_or_is_away_throughout_is_not_ranked_and_the_reason_is_said():
    rows = [Facts("A", "a@x", declined=True), Facts("B", "b@x", away=1), Facts("C", "c@x")]
    ranked, ruled_out = suggestions.rank(rows, needs=ALL, at=START)
    assert [one.email for one in ranked] == ["c@x"]
    assert [(one.email, one.ruled_out) for one in ruled_out] == [
        ("a@x", "Declined this review."),
        ("b@x", "Away for all of the time that is left."),
    ]


# What is known, from the database.


@pytest.fixture
def colleague(people, start):
    """Another reviewer of NSA."""
    return reviewer(start, "second")


def reviewer(start, code):
    someone = User.objects.create_user(f"{code}@test.example", f"NSA {code}", "x")
    nsa = factories.organization("nsa")
    seats.give(person=someone, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
    return someone


def facts(submission, people):
    nsa = factories.organization("nsa")
    found = suggestions.for_assigning(submission, nsa, by=people.nsa_lead, at=START)
    return {one.email: one for one in found}


def test_what_is_known_of_each(people, start, colleague):
    earlier = factories.filed(people, family="Aurora", version="1")
    factories.review_filed(earlier, people)
    factories.assigned(factories.filed(people), people)
    other_lab = factories.filed(people, "basalt", family="Aurora", version="1")
    nsa = factories.organization("nsa")
    assignments.assign(other_lab, reviewer=colleague, agency=nsa, by=people.nsa_lead, at=start)
    expertise.tag(people.nsa_reviewer, tags=["autonomy"], by=people.nsa_lead, at=start)
    submission = factories.filed(people, family="Aurora", version="2")
    absences.add(
        delegate=people.nsa_lead,
        starts_at=start + timedelta(days=3),
        ends_at=start + timedelta(days=9),
        by=colleague,
        at=start,
    )
    known = facts(submission, people)
    assert known == {
        people.nsa_reviewer.email: Facts(
            "nsa reviewer",
            people.nsa_reviewer.email,
            open=1,
            fields=frozenset({"autonomy"}),
            assigned_at=start,
            knows_the_model=True,
        ),
        people.recused.email: Facts("recused", people.recused.email),
        colleague.email: Facts("NSA second", colleague.email, open=1, assigned_at=start, away=0.2),
    }


def test_a_suggestion_tells_nothing_of_what_the_lead_is_recused_from(people, start):
    earlier = factories.filed(people, family="Aurora", version="1")
    factories.review_filed(earlier, people)
    submission = factories.filed(people, family="Aurora", version="2")
    known = facts(submission, people)[people.nsa_reviewer.email]
    assert (known.knows_the_model, known.assigned_at) == (True, start)
    agency_reviews.recuse(earlier, reason="Kin.", by=people.nsa_lead, at=start)
    told = facts(submission, people)[people.nsa_reviewer.email]
    assert (told.knows_the_model, told.assigned_at) == (False, None)


def test_who_is_recused_assigned_or_the_lead_herself_is_not_among_them(people, start, colleague):
    submission = factories.filed(people)
    nsa = factories.organization("nsa")
    seats.give(person=people.nsa_lead, organization=nsa, role="reviewer", by=audit.SYSTEM, at=start)
    agency_reviews.recuse(submission, reason="", by=people.recused, at=start)
    factories.assigned(submission, people)
    assert set(facts(submission, people)) == {colleague.email}


@pytest.mark.parametrize("left", ["declined", "filed", "ended", "over"])
def test_what_is_no_work_any_more_is_no_load(people, start, move_clock, left):
    submission, other = factories.filed(people), factories.filed(people)
    nsa = factories.organization("nsa")
    factories.assigned(other, people)
    assert facts(submission, people)[people.nsa_reviewer.email].open == 1
    if left == "declined":
        assignments.decline(other, agency=nsa, reason="", by=people.nsa_reviewer, at=start)
    elif left == "filed":
        factories.review_filed(other, people)
    elif left == "ended":
        assignments.end(
            other, reviewer=people.nsa_reviewer, agency=nsa, by=people.nsa_lead, at=start
        )
    else:
        other.closes_at = start + timedelta(seconds=1)
        other.save(update_fields=["closes_at"])
        found = suggestions.for_assigning(
            submission, nsa, by=people.nsa_lead, at=start + timedelta(days=1)
        )
        assert {one.email: one.open for one in found}[people.nsa_reviewer.email] == 0
        return
    assert facts(submission, people)[people.nsa_reviewer.email].open == 0


def test_absences_are_clipped_to_what_is_left(people, colleague):
    Absence.objects.create(
        person=colleague,
        starts_at=START - timedelta(days=9),
        ends_at=START + timedelta(days=15),
    )
    Absence.objects.create(
        person=colleague,
        starts_at=START + timedelta(days=24),
        ends_at=START + timedelta(days=90),
    )
    until = START + timedelta(days=30)
    assert suggestions.away_shares([colleague], START, until) == {colleague.pk: 0.7}
    assert suggestions.away_shares([colleague], until, until + timedelta(days=200)) == {
        colleague.pk: 0.3
    }


def test_many_reviewers_cost_as_much_as_one(people, start):
    """And the page with them: what is asked about reviewers is asked about all at once."""
    submission = factories.filed(people)
    lead = signed_in(people.nsa_lead)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            answer = lead.get(page("review-assign", submission))
        return len(asked), len(answer.context["form"]["reviewer"])

    queries()
    before, few = queries()
    for number in range(6):
        expertise.tag(reviewer(start, f"n{number}"), tags=ALL, by=people.nsa_lead, at=start)
    assert queries() == (before, few + 6)
    people.nsa_lead.standing = rules.Standing.of(people.nsa_lead)
    with CaptureQueriesContext(connection) as asked:
        suggestions.for_assigning(
            submission, factories.organization("nsa"), by=people.nsa_lead, at=START
        )
    assert len(asked) == 1 + 3  # the agency, and three


# The page.


def test_the_page_explains_each_suggestion_and_a_click_assigns(people, start, colleague):
    submission = factories.filed(people)
    expertise.tag(colleague, tags=["elicitation"], by=colleague, at=start)
    lead, url = signed_in(people.nsa_lead), page("review-assign", submission)
    answer = lead.get(url)
    ranked = answer.context["suggestions"]
    assert [one.email for one in ranked] == [
        colleague.email,
        people.nsa_reviewer.email,
        people.recused.email,
    ]
    shown = text_of(answer)
    assert "Expertise: elicitation: +5" in shown
    assert suggestions.TIE in shown
    ranked = lead.get(url, {"needs": "autonomy"}).context["suggestions"]
    assert [one.points for one in ranked] == [8, 8, 8]
    assert lead.get(url, {"needs": "gossip"}).status_code == 400
    assert lead.post(url, {"reviewer": colleague.email}).status_code == 302
    assert submission.assignments.get().reviewer == colleague
