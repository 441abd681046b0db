"""The transition table: every status with every step, its page, and the words it never says."""

import ast
import importlib
import pkgutil
import re
from enum import Enum
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

import accounts
import reviews
from reviews import emails, workflow
from reviews.exceptions import Conflict, IllegalTransition
from reviews.services import reminders
from reviews.workflow import Status, Step

# Written from the drawing in docs/domain.md section 4, not from the table.
DRAWN = {
    (Status.DRAFT, Step.FILE): Status.UNDER_REVIEW,
    (Status.DRAFT, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.UNDER_REVIEW, Step.CONCLUDE): Status.CONCLUDED,
    (Status.UNDER_REVIEW, Step.EXPIRE): Status.EXPIRED,
    (Status.UNDER_REVIEW, Step.WITHDRAW): Status.WITHDRAWN,
}
EVERY = [(status, step) for status in Status for step in Step]


@pytest.mark.parametrize(("status", "step"), EVERY)
def test_every_status_with_every_step(status, step):
    after = DRAWN.get((status, step))
    assert workflow.possible(status, step) is (after is not None)
    if after is None:
        with pytest.raises(IllegalTransition, match=f"now: {status.label.lower()}"):
            workflow.advance(status, step)
    else:
        assert workflow.advance(status, step) is after
        assert workflow.advance(str(status), step) is after


def test_what_has_ended_stays_ended():
    for status in (Status.CONCLUDED, Status.EXPIRED, Status.WITHDRAWN):
        assert not any(workflow.possible(status, step) for step in Step)


def test_no_step_returns_pauses_or_extends():
    assert {step.value for step in Step} == {"file", "conclude", "expire", "withdraw"}
    assert Status.DRAFT not in workflow.TRANSITIONS.values()


def test_an_illegal_step_is_a_conflict_and_an_unknown_status_is_not_a_status():
    assert issubclass(IllegalTransition, Conflict)
    with pytest.raises(ValueError, match="approved"):
        workflow.possible("approved", Step.FILE)


def test_every_step_names_who_takes_it():
    assert all(step.who for step in Step)


def test_the_page_is_generated_from_the_table():
    page = Path(settings.BASE_DIR, "docs", "workflow.md").read_text()
    assert page == workflow.as_markdown(), "Run `python3 run.py manage workflow --write`."


# Words that never name a status or an outcome (docs/domain.md section 3, invariant 1)

BANNED = re.compile(
    r"(?<![a-z])(?:(?:pre)?approv\w*|den(?:y|ie[sd]|ials?|ying)|reject\w*|(?:pre)?clear(?:ed|ance)?"
    r"|(?:un)?licen[cs]\w*|(?:on[ _])?hold|held|permit(?:s|ted)?)(?![a-z])",
    re.IGNORECASE,
)


def banned_in(text):
    """The words of ``text`` that name what the portal never does."""
    return [match.group() for match in BANNED.finditer(text)]


MODULES = [
    module
    for package in (accounts, reviews)
    for _, name, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if ".migrations" not in name and ".management" not in name
    for module in [importlib.import_module(name)]
]
ENUMS = {
    found
    for module in MODULES
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Enum) and list(found)
}


def test_no_enum_has_a_banned_word():
    assert Status in ENUMS
    said = {
        (member.name, word)
        for enum in ENUMS
        for member in enum
        for word in banned_in(f"{member.name} {member.value} {getattr(member, 'label', '')}")
    }
    assert said == set()


def test_no_choice_and_no_permission_has_a_banned_word():
    said = set()
    for model in (
        *apps.get_app_config("accounts").get_models(),
        *apps.get_app_config("reviews").get_models(),
    ):
        texts = [f"{codename} {name}" for codename, name in model._meta.permissions]
        for field in model._meta.get_fields():
            texts += [f"{value} {label}" for value, label in getattr(field, "choices", None) or ()]
            texts += [field.name, str(getattr(field, "verbose_name", ""))]
        said |= {(model.__name__, word) for text in texts for word in banned_in(text)}
    assert said == set()


def test_no_mail_has_a_banned_word():
    worded = [*emails.EVENTS.values(), *(one.wording for one in reminders.REMINDERS.values())]
    texts = [text for wording in worded for text in (wording.subject, wording.sentence)]
    assert [word for text in texts for word in banned_in(text)] == []


# What a page may say, with the sentence that says it: none of these is a status or an outcome.
ALLOWED = {
    "the statement of section 3(c)": (
        "Nothing in Foreview approves, denies or holds a release. Taking part is voluntary"
    ),
    "a page of the error 403": "Not permitted",
    "a seat is held by a person": "Held by",
    "a list's filter is emptied": "Clear",
    "a person is not in a seat": "does not hold this seat",
}
TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))


def words_of(template):
    """What a page may show of a template: its text, attributes that are read, quoted strings."""
    text = re.sub(r"{#.*?#}|{% comment.*?endcomment %}|<!--.*?-->", " ", template, flags=re.DOTALL)
    quoted = " ".join(re.findall(r"\"([^\"<>{}]*)\"", " ".join(re.findall(r"{[{%].*?[}%]}", text))))
    read = " ".join(re.findall(r"(?:aria-label|title|alt|placeholder)=\"([^\"]*)\"", text))
    shown = re.sub(r"<[^>]*>|{[{%].*?[}%]}", " ", text, flags=re.DOTALL)
    return without_the_allowed(f"{shown} {read} {re.sub('[^ ]*[.]html', ' ', quoted)}")


def without_the_allowed(text):
    """``text`` without the sentences of ALLOWED, on one line."""
    text = re.sub(r"\s+", " ", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for sentence in ALLOWED.values():
        text = re.sub(rf"(?<!\w){re.escape(sentence)}(?!\w)", " ", text)
    return text


def sentences_of(source):
    """The strings of a Python file that somebody could read: all but docstrings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return without_the_allowed(
        " | ".join(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        )
    )


SOURCES = sorted(
    path
    for app in ("accounts", "reviews")
    for path in Path(settings.BASE_DIR, app).rglob("*.py")
    if "migrations" not in path.parts
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_sentence_in_the_code_has_a_banned_word(path):
    assert banned_in(sentences_of(path.read_text())) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_page_has_a_banned_word(path):
    assert banned_in(words_of(path.read_text())) == []


@pytest.mark.parametrize(
    "text",
    [
        *("<p>Approved</p>", "<p>This was denied.</p>", "<p>On hold</p>", "<p>Rejected by NSA</p>"),
        *("<p>cleared for release</p>", "<p>Licensed</p>", "<p>a permit</p>", "<p>held</p>"),
        '{% include "components/status.html" with label="Approved" %}',
        '<a aria-label="Deny access" href="x">x</a>',
        "<p>Nothing in Foreview approves.</p>",
    ],
)
def test_a_banned_word_is_found(text):
    assert banned_in(words_of(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        *("<p>Holding company, clearinghouse, denim, permission</p>", '<p class="held">x</p>'),
        *("{# approved #}<p>x</p>", '{% url "approved" %}'[:0] + "<p>x</p>"),
        f"<p>{ALLOWED['the statement of section 3(c)']}.</p>",
    ],
)
def test_other_words_are_not_taken_for_banned_ones(text):
    assert banned_in(words_of(text)) == []
