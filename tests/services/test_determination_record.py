"""What no page did to a determination or a criterion: found by the audit log's word on it."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from reviews.models import (
    CriterionVersion,
    Determination,
    DeterminationCriterion,
    DeterminationResponse,
)
from reviews.services import determination_record, determinations
from tests import factories

HOUR = timedelta(hours=1)


@pytest.fixture
def chain(people, start):
    """Two on one submission, both shared, the second answered; a third waits on another."""
    submission = factories.filed(people)
    first = factories.determination(submission, people, state="shared")
    second = factories.determination(
        submission, people, state="signed", supersedes_reason="Measured again."
    )
    determinations.respond(second, text="We disagree.", by=people.northlight_liaison, at=start)
    waiting = factories.determination(factories.filed(people), people)
    return [first, second, waiting]


def found(rows):
    """What differs of each of them, in their order."""
    keys = [row.pk for row in rows]
    read = determination_record.whole(Determination.objects.filter(pk__in=keys).order_by("pk"))
    compared = determination_record.compare(list(read))
    return [compared[key].differs for key in keys]


def complaint():
    with pytest.raises(CommandError) as refused:
        call_command("verify_determinations")
    return str(refused.value)


def test_what_pages_did_agrees(chain, capsys):
    assert found(chain) == [[], [], []]
    call_command("verify_determinations")
    assert capsys.readouterr().out.startswith("3 determinations agree with the audit log;")


SQL = {
    "outcome = 'not_covered'": "outcome",
    "rationale = 'Otherwise.'": "what it says",
    "authority = 'Nobody'": "what it says",
    "external_reference = 'Record 13'": "what it says",
    "supersedes_reason = 'For no reason.'": "what it says",
    "number = 7": "number",
}


@pytest.mark.parametrize("change", SQL)
@pytest.mark.parametrize("which", [1, 2], ids=["signed", "waiting"])
def test_an_edit_by_sql_is_found(chain, change, which):
    if which == 2 and "supersedes" in change:
        change = "rationale = 'Otherwise.'"  # the database refuses a reason for nothing
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE reviews_determination SET {change} WHERE id = %s", [chain[which].pk]
        )
    expected = [[], [], []]
    expected[which] = [SQL[change]]
    assert found(chain) == expected
    assert f"{SQL[change]}." in complaint()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda people, at: {"author": people.nsa_lead}, "what it says"),
        (lambda people, at: {"written_at": at - HOUR}, "what it says"),
        (lambda people, at: {"signer": people.nsa_lead}, "who signed"),
        (lambda people, at: {"signed_at": at + HOUR}, "when it was signed"),
        (lambda people, at: {"shared_at": at + HOUR}, "sharing"),
        (lambda people, at: {"shared_by": people.nsa_lead}, "sharing"),
        (lambda people, at: {"shared_at": None, "shared_by": None}, "sharing"),
    ],
)
def test_another_person_or_time_is_found(chain, people, start, change, what):
    Determination.objects.filter(pk=chain[1].pk).update(**change(people, start))
    assert found(chain) == [[], [what], []]


def test_a_signature_that_is_gone_is_found(chain):
    Determination.objects.filter(pk=chain[1].pk).update(
        signed_at=None, signer=None, shared_at=None, shared_by=None
    )
    assert "its signature is gone" in found(chain)[1]
    assert "its signature is gone" in complaint()


def test_a_signature_that_the_log_does_not_know_is_found(chain, people, start):
    Determination.objects.filter(pk=chain[2].pk).update(signed_at=start, signer=people.nsa_signer)
    assert found(chain) == [[], [], ["nothing in the log says that it was made"]]
    assert determination_record.numbers() == (3, 2)


def test_one_set_aside_by_sql_is_found(chain, people, start):
    Determination.objects.filter(pk=chain[2].pk).update(
        set_aside_at=start, set_aside_by=people.nsa_signer
    )
    assert found(chain) == [[], [], ["setting aside"]]


def test_another_chain_is_found(chain):
    Determination.objects.filter(pk=chain[1].pk).update(supersedes=None, supersedes_reason="")
    assert found(chain) == [[], ["what it says"], []]


def test_criteria_added_and_taken_away_are_found(chain, people):
    version = factories.criterion(people, "CC-2")
    DeterminationCriterion.objects.create(determination=chain[0], version=version)
    DeterminationCriterion.objects.filter(determination=chain[2]).delete()
    assert found(chain) == [["criteria"], [], ["criteria"]]


def test_another_title_of_what_was_cited_is_found(chain):
    CriterionVersion.objects.update(title="Something else")
    assert found(chain) == [["what it says"]] * 3
    assert "Criterion CC-1, version 1: differs." in complaint()


def test_the_labs_response_is_held_against_the_log_as_well(chain, people, start):
    response = DeterminationResponse.objects.filter(determination=chain[1])
    response.update(text="We agree.")
    assert found(chain) == [[], ["the words of the lab's response"], []]
    response.update(responded_by=people.northlight_admin)
    assert "the lab's response" in found(chain)[1]
    response.delete()
    assert found(chain) == [[], ["the lab's response"], []]
    DeterminationResponse.objects.create(
        determination=chain[0],
        text="Forged.",
        responded_at=start,
        responded_by=people.northlight_liaison,
    )
    assert found(chain)[0] == ["the lab's response"]


def test_a_row_that_is_gone_is_found(chain):
    name = f"{chain[2].submission.reference}, {chain[2].key}"
    DeterminationCriterion.objects.filter(determination=chain[2]).delete()
    Determination.objects.filter(pk=chain[2].pk).delete()
    assert complaint().splitlines()[1:] == [f"Gone: {name}."]


def test_a_row_that_nobody_wrote_is_found(chain, people, start):
    forged = Determination.objects.create(
        submission=factories.filed(people),
        outcome="covered",
        rationale="Forged.",
        authority="Nobody",
        written_at=start,
        author=people.nsa_official,
    )
    assert complaint().splitlines()[1:] == [
        f"Determination 1 on {forged.submission.reference}: "
        "nothing in the log says that it was made."
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Something else"},
        {"external_reference": "Elsewhere"},
        {"retires": True},
        {"number": 5},
        {"confirmed_at": None, "confirmed_by": None, "confirmed_for": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_criterion_edited_by_sql_is_found(people, change):
    version = factories.criterion(people)
    assert determination_record.altered_criteria() == []
    CriterionVersion.objects.filter(pk=version.pk).update(**change)
    version.refresh_from_db()
    assert determination_record.altered_criteria() == [str(version)]


def test_a_criterion_that_is_gone_is_found(people):
    version = factories.criterion(people)
    CriterionVersion.objects.all().delete()
    assert determination_record.altered_criteria() == [f"{version.key}, gone"]


def test_comparing_costs_a_fixed_number_of_queries(chain, django_assert_num_queries):
    with django_assert_num_queries(4):
        found(chain)
    with django_assert_num_queries(4):
        found(chain[:1])
