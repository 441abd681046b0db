"""Declaring no conflict of interest before the first opening, recusing oneself, the questions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from reviews.exceptions import Conflict
from reviews.models import Declaration, Recusal, RecusalQuestion
from reviews.models.declaration import BASIC_QUESTION
from reviews.services import declarations
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in, text_of

OPENED = ("package-detail", "document-list")
SHARES, KIN = "Do you hold shares in a lab?", "Does kin of yours work at a lab?"


@pytest.fixture
def submission(people):
    """Where nobody has declared yet."""
    return factories.filed(people, declared=False)


@pytest.fixture
def asked(people, start):
    """Two questions of an administrator, by what names them in the form."""
    for position, text in enumerate((SHARES, KIN), start=1):
        declarations.add_question(text, position=position, by=people.administrator, at=start)
    return {text: f"answer_{name}" for name, text in declarations.questions(start).items()}


def declaring(submission, after=""):
    """The address of the declaration, which leads on to ``after``."""
    return page("declaration-file", submission) + (f"?next={after}" if after else "")


@pytest.mark.parametrize(
    "who", ["nsa_reviewer", "nsa_lead", "nsa_official", "oncd_official", "cisa_lead"]
)
@pytest.mark.parametrize("name", OPENED)
def test_a_first_opening_leads_to_the_declaration_and_back(people, submission, who, name):
    factories.document(submission, people, title="CANARY of a card")
    browser, url = signed_in(getattr(people, who)), page(name, submission)
    answer = browser.get(url)
    assert answer.status_code == 302
    assert answer.url.replace("%2F", "/") == declaring(submission, url)
    shown = text_of(browser.get(answer.url))
    assert BASIC_QUESTION in shown
    for closed in (submission.get_absolute_url(), answer.url):
        assert "CANARY" not in text_of(browser.get(closed))
    answer = browser.post(answer.url, {"answer_basic": "no"})
    assert (answer.status_code, answer.url) == (302, url)
    assert browser.get(url).status_code == 200
    row = Declaration.objects.get()
    assert (row.person, row.answers) == (getattr(people, who), {BASIC_QUESTION: False})
    events = AuditEvent.objects.filter(action="declaration.filed")
    assert [event.actor for event in events] == [getattr(people, who).email]


def test_a_first_review_too_and_only_of_who_is_assigned(people, submission):
    reviewer = signed_in(people.nsa_reviewer)
    url = page("review-write", submission)
    assert reviewer.get(url).status_code == 403
    factories.assigned(submission, people)
    assert reviewer.get(url).status_code == 302
    assert reviewer.post(url, {"save": "1"}).status_code == 403
    reviewer.post(declaring(submission, url), {"answer_basic": "no"})
    assert reviewer.get(url).status_code == 200


def test_the_declaration_is_one_for_one_person_and_one_submission(people, submission):
    other = factories.filed(people, declared=False)
    reviewer = signed_in(people.nsa_reviewer)
    reviewer.post(declaring(submission), {"answer_basic": "no"})
    assert reviewer.get(page("package-detail", submission)).status_code == 200
    assert reviewer.get(page("package-detail", other)).status_code == 302
    assert signed_in(people.nsa_lead).get(page("package-detail", submission)).status_code == 302
    # A second click, and the page once more.
    for answer in (
        reviewer.post(declaring(submission), {"answer_basic": "yes"}),
        reviewer.get(declaring(submission)),
    ):
        assert (answer.status_code, answer.url) == (302, page("package-detail", submission))
    assert Declaration.objects.count() == 1


def test_it_leads_back_to_an_answer_or_a_document(people, submission):
    document = factories.document(submission, people)
    asked = factories.information_request(submission, people, state="answered")
    lead, reviewer = signed_in(people.nsa_lead), signed_in(people.nsa_reviewer)
    shown = text_of(lead.get(asked.get_absolute_url()))
    assert f"next={asked.get_absolute_url()}" in shown
    for browser, row in ((lead, asked), (reviewer, document)):
        answer = browser.post(declaring(submission, row.get_absolute_url()), {"answer_basic": "no"})
        assert (answer.status_code, answer.url) == (302, row.get_absolute_url())


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example/",
        "https://evil.example/submissions/",
        "/\\evil.example",
        "/access/",
        "javascript:alert(1)",
        "",
    ],
)
def test_it_leads_nowhere_else(people, submission, elsewhere):
    reviewer = signed_in(people.nsa_reviewer)
    answer = reviewer.post(declaring(submission, elsewhere), {"answer_basic": "no"})
    assert (answer.status_code, answer.url) == (302, page("package-detail", submission))


def test_every_question_is_asked_in_its_order_and_kept_with_its_answer(people, submission, asked):
    reviewer = signed_in(people.nsa_reviewer)
    shown = content_of(reviewer.get(declaring(submission)))
    assert shown.index(SHARES) < shown.index(KIN)
    assert BASIC_QUESTION not in shown
    answer = reviewer.post(declaring(submission), {asked[SHARES]: "no", "answer_basic": "no"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [asked[KIN]]
    assert not Declaration.objects.exists()
    assert (
        reviewer.post(declaring(submission), dict.fromkeys(asked.values(), "no")).status_code == 302
    )
    assert Declaration.objects.get().answers == {SHARES: False, KIN: False}


def test_yes_is_confirmed_before_it_recuses(people, submission, asked):
    reviewer, url = signed_in(people.nsa_reviewer), declaring(submission)
    sent = {asked[SHARES]: "no", asked[KIN]: "yes"}
    answer = reviewer.post(url, sent)
    assert answer.status_code == 200
    shown = content_of(answer)
    assert "There is no way back" in shown
    assert f"<li>{KIN}</li>" in shown
    assert f"<li>{SHARES}</li>" not in shown
    assert not Recusal.objects.exists()
    assert not Declaration.objects.exists()
    assert reviewer.get(page("package-detail", submission)).status_code == 302
    answer = reviewer.post(url, sent | {"recuse": "1"})
    assert answer.url == "/submissions/"
    row = Recusal.objects.get()
    assert (row.person, row.reason) == (people.nsa_reviewer, f"Answered yes: {KIN}")
    assert not Declaration.objects.exists()
    for name in (*OPENED, "submission-detail", "declaration-file"):
        assert reviewer.get(page(name, submission)).status_code == 404


def test_recusing_without_a_yes_declares(people, submission):
    """The button alone, sent with other answers, is no recusal."""
    reviewer = signed_in(people.nsa_reviewer)
    reviewer.post(declaring(submission), {"answer_basic": "no", "recuse": "1"})
    assert Declaration.objects.count() == 1
    assert not Recusal.objects.exists()


def test_the_service_takes_answers_to_what_is_asked_now_and_no_yes(
    people, submission, start, asked
):
    given = {"by": people.nsa_reviewer, "at": start}
    for answers, words in (
        ({SHARES: False}, "The questions were changed"),
        ({BASIC_QUESTION: False}, "The questions were changed"),
        ({SHARES: False, KIN: True}, "Recuse yourself instead"),
    ):
        with pytest.raises(Conflict, match=words):
            declarations.declare(submission, answers=answers, **given)
    assert not Declaration.objects.exists()


def test_it_is_over_with_the_window(people, submission, move_clock):
    move_clock(submission.closes_at)
    reviewer = signed_in(people.nsa_reviewer)
    assert reviewer.get(declaring(submission)).status_code == 403
    assert reviewer.post(declaring(submission), {"answer_basic": "no"}).status_code == 403
    assert reviewer.get(page("package-detail", submission)).status_code == 403
    assert reviewer.get(page("document-list", submission)).status_code == 200


def test_the_lab_declares_nothing_and_learns_nothing(people, submission, asked):
    lab = signed_in(people.northlight_liaison)
    for name in OPENED:
        assert lab.get(page(name, submission)).status_code == 200
    assert lab.get(declaring(submission)).status_code == 403
    reviewer = signed_in(people.nsa_reviewer)
    reviewer.post(declaring(submission), dict.fromkeys(asked.values(), "no"))
    signed_in(people.dod_reviewer).post(
        declaring(submission), dict.fromkeys(asked.values(), "yes") | {"recuse": "1"}
    )
    for name in ("submission-detail", "submission-history"):
        shown = text_of(lab.get(page(name, submission)))
        for word in ("eclar", "ecus", "nsa reviewer", "dod reviewer"):
            assert word not in shown, (name, word)


def test_the_way_there_is_shown_before_and_not_after(people, submission):
    reviewer = signed_in(people.nsa_reviewer)
    overview = submission.get_absolute_url()
    before = reviewer.get(overview)
    sections = [link.label for link in before.context["side_navigation"]]
    assert "Answers" in sections
    assert "Declare and read the answers" in text_of(before)
    reviewer.post(declaring(submission), {"answer_basic": "no"})
    after = reviewer.get(overview)
    assert [link.label for link in after.context["side_navigation"]] == sections
    assert "Declare and read the answers" not in text_of(after)


def test_an_assigned_reviewer_hears_of_her_work_before_she_declares(people, submission):
    factories.assigned(submission, people)
    reviewer = signed_in(people.nsa_reviewer)
    waiting = [task.text for task in reviewer.get("/").context["waiting"]]
    assert waiting == ["Write and file your review"]
    assert "Write review" in text_of(reviewer.get("/submissions/"))


@pytest.mark.parametrize("name", ["submission-detail", *OPENED])
def test_a_declaration_is_asked_for_within_the_questions_that_are_asked_anyway(people, name):
    submission = factories.filed(people)
    factories.document(submission, people)
    reviewer = signed_in(people.nsa_reviewer)
    with CaptureQueriesContext(connection) as asked:
        assert reviewer.get(page(name, submission)).status_code == 200
    table = 'FROM "reviews_declaration"'
    of_it = [one["sql"] for one in asked if table in one["sql"]]
    assert of_it
    assert all(sql.count(table) == sql.count(f"EXISTS (SELECT 1 {table}") for sql in of_it)


# The questions.


def test_an_administrator_adds_and_retires_questions(people, start):
    administrator = signed_in(people.administrator)
    shown = text_of(administrator.get("/questions/"))
    assert BASIC_QUESTION in shown
    sent = {"text": SHARES, "position": "3"}
    assert administrator.post("/questions/new/", sent).url == "/questions/"
    answer = administrator.post("/questions/new/", sent)
    assert answer.status_code == 409
    assert "This question is asked already." in text_of(answer)
    question = RecusalQuestion.objects.get()
    assert (question.text, question.position, question.added_by) == (
        SHARES,
        3,
        people.administrator,
    )
    assert declarations.questions(start) == {str(question.key): SHARES}
    assert administrator.get("/questions/new/").context["form"]["position"].value() == 4
    for _ in range(2):
        assert administrator.post(f"/questions/{question.key}/end/").url == "/questions/"
    question.refresh_from_db()
    assert (question.retired_at, question.retired_by) == (start, people.administrator)
    assert declarations.questions(start) == {"basic": BASIC_QUESTION}
    found = AuditEvent.objects.filter(object_type="question").order_by("sequence")
    assert [event.action for event in found] == ["question.added", "question.ended"]
    assert administrator.post("/questions/new/", sent).url == "/questions/"


def test_there_are_not_more_questions_than_can_be_answered(people, start):
    for number in range(declarations.MOST_QUESTIONS):
        declarations.add_question(
            f"Question {number}?", position=1, by=people.administrator, at=start
        )
    with pytest.raises(Conflict, match="as many as there can be"):
        declarations.add_question("One more?", position=1, by=people.administrator, at=start)
