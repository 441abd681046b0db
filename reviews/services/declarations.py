"""Declaring that one has no conflict of interest, and the questions that ask for it."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from reviews import policy
from reviews.exceptions import Conflict, NotVisible
from reviews.models import Declaration, RecusalQuestion, Submission
from reviews.models.declaration import BASIC_QUESTION
from reviews.policy import Action
from reviews.services import rows, timekeeping

MOST_QUESTIONS = 20


def questions(at: datetime) -> dict[str, str]:
    """What is asked at ``at``, in order: (what names it in a form, its text)."""
    asked = {str(one.key): one.text for one in RecusalQuestion.objects.in_force(at)}
    return asked or {"basic": BASIC_QUESTION}


@transaction.atomic
def declare(
    submission: Submission, *, answers: dict[str, bool], by: User, at: datetime
) -> Declaration:
    """``by`` has no conflict of interest there, by her answers, each of them no.

    Raises Conflict when the answers are not to the questions that are asked now, and when one
    of them is yes: who has a conflict recuses herself.
    """
    submission, _, at = rows.begin(submission, Action.DECLARE, by=by, at=at)
    if sorted(answers) != sorted(questions(at).values()):
        raise Conflict(
            "The questions were changed after you opened this page. Answer them as they are now."
        )
    if any(answers.values()):
        raise Conflict("You answered yes to a question. Recuse yourself instead.")
    declaration = Declaration.objects.create(
        submission=submission, person=by, answers=answers, declared_at=at
    )
    agency = policy.organizations(by, Action.DECLARE, submission).first()
    rows.record("declaration.filed", submission, by=by, for_=agency, at=at)
    return declaration


def conflicts(answers: dict[str, bool]) -> str:
    """The questions that were answered with yes, as the reason of a recusal."""
    return "Answered yes: " + " ".join(text for text, yes in answers.items() if yes)


@transaction.atomic
def add_question(text: str, *, position: int, by: User, at: datetime) -> RecusalQuestion:
    """The question is asked of everybody who declares from now on.

    Raises Conflict for one that is asked already, and for one too many.
    """
    at = _administering(by, at)
    asked = RecusalQuestion.objects.in_force(at)
    if asked.filter(text=text).exists():
        raise Conflict("This question is asked already.")
    if asked.count() >= MOST_QUESTIONS:
        raise Conflict(
            f"{MOST_QUESTIONS} questions are asked already, which is as many as there can be. "
            "Retire one first."
        )
    question = RecusalQuestion.objects.create(
        text=text, position=position, added_at=at, added_by=by
    )
    _record("question.added", question, by, at)
    return question


@transaction.atomic
def retire_question(question: RecusalQuestion, *, by: User, at: datetime) -> None:
    """The question is asked no more; what was answered to it stays. Again changes nothing."""
    at = _administering(by, at)
    question = RecusalQuestion.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if question.retired_at is not None:
        return
    question.retired_at, question.retired_by = at, by
    question.save(update_fields=["retired_at", "retired_by"])
    _record("question.ended", question, by, at)


def _administering(by: User, at: datetime) -> datetime:
    audit.locked_head()  # one administrator after another, or the same would be asked twice
    at = timekeeping.after_lock(at)
    if not policy.has_a_way(by, Action.ADMINISTER_QUESTIONS, at=at):
        raise NotVisible
    return at


def _record(action: str, question: RecusalQuestion, by: User, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="question",
        object_reference=str(question.key),
        text=question.text,
    )
