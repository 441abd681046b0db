"""Imports run one way."""

import ast
import sys

import pytest

from tests.architecture.source import BASE, Source, product, within

# Each layer imports itself and those before it.
LAYERS = [
    ("accounts",),
    ("reviews.clock", "reviews.workflow", "reviews.exceptions"),
    ("reviews.models",),
    (
        *("reviews.actions", "reviews.rules", "reviews.clauses", "reviews.prepared"),
        *("reviews.access_rules", "reviews.determination_rules", "reviews.request_rules"),
        *("reviews.discussion_rules", "reviews.document_rules"),
        *("reviews.policy", "reviews.audience", "reviews.finding"),
    ),
    ("reviews.wording", "reviews.request_words", "reviews.event_words", "reviews.emails"),
    ("reviews.file_parser", "reviews.services", "reviews.forms", "reviews.uploads"),
    (
        *("reviews.views", "reviews.urls", "reviews.tasks"),
        *("reviews.management", "reviews.demonstration"),
    ),
    ("portal",),
]
# How pages look and how instants are written: these know nothing of reviews, so what draws
# a page may import them although the rest of portal comes last.
CHROME = (
    *("portal.context", "portal.forms", "portal.keyset", "portal.markdown", "portal.timeline"),
    "portal.templatetags",
)
DRAWING = ("accounts.views", "accounts.forms", "reviews.views", "reviews.forms")
# (who, what): why that one import may go the other way.
EXCEPTIONS = {
    ("accounts.views.audit_log", "portal.authority"): "pages of accounts ask policy through it",
    ("accounts.views.expertise", "portal.authority"): "pages of accounts ask policy through it",
    ("accounts.views.labs", "portal.authority"): "pages of accounts ask policy through it",
    ("accounts.views.partners", "portal.authority"): "pages of accounts ask policy through it",
    ("accounts.views.personnel", "portal.authority"): "pages of accounts ask policy through it",
    ("accounts.views.seats", "portal.authority"): "pages of accounts ask policy through it",
    ("reviews", "reviews"): "the package's own name is no module",
}
PURE = LAYERS[1]


def imports(source):
    """(what is imported, the node): ``from a import b`` is a.b when that is a module."""
    for node in source.nodes(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif node.level:
            yield "." * node.level, node
        else:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if is_module(inner) else node.module), node


def is_module(name):
    """Whether the project has a module or package of that name."""
    path = BASE.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def layer(module):
    """The number of the module's layer; None for one that has no place."""
    if within(module, CHROME):
        return 0
    for number, places in enumerate(LAYERS):
        if within(module, places):
            return number
    return None


def ours(module):
    """Whether the module is the project's."""
    return module.partition(".")[0] in ("accounts", "reviews", "portal", "tests", "deploy")


def wrong_direction(source):
    """Every import from a layer that comes later, or of what no layer has."""
    if layer(source.module) is None and source.module != "reviews":
        yield f"{source.path}:1: has no layer"
        return
    for imported, node in imports(source):
        if not ours(imported) or (source.module, imported) in EXCEPTIONS:
            continue
        if within(imported, CHROME):
            if not within(source.module, (*DRAWING, "portal")):
                yield source.at(node, f"imports {imported}, which is for drawing pages")
        elif layer(imported) is None or layer(imported) > layer(source.module):
            yield source.at(node, f"imports {imported}, which comes later")


def from_accounts(source):
    """Every import of reviews by accounts or by the chrome."""
    if within(source.module, ("accounts", *CHROME)):
        for imported, node in imports(source):
            if within(imported, ("reviews",)):
                yield source.at(node, f"imports {imported}")


def impure(source):
    """Every import of anything but the standard library and each other in the pure modules."""
    if source.module in PURE:
        for imported, node in imports(source):
            if imported not in PURE and imported.partition(".")[0] not in sys.stdlib_module_names:
                yield source.at(node, f"imports {imported}")


def relative(source):
    """Every relative import: it would hide the direction."""
    for imported, node in imports(source):
        if imported.startswith("."):
            yield source.at(node, "imports relatively")


def by_name(source):
    """Every import made while running, but for the two that settings decide."""
    if source.module in ("reviews.services.scanning", "accounts.views.sign_in"):
        return
    for node in source.nodes(ast.Name, ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in ("import_string", "import_module", "__import__", "get_model"):
            yield source.at(node, f"uses {name}")


CHECKS = [wrong_direction, from_accounts, impure, relative, by_name]


@pytest.mark.parametrize("check", CHECKS)
def test_imports_run_one_way(check):
    assert [complaint for source in product() for complaint in check(source)] == []


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (wrong_direction, "reviews/models/x.py", "from reviews import policy"),
        (wrong_direction, "reviews/models/x.py", "import reviews.services.rows"),
        (wrong_direction, "reviews/clock.py", "from reviews.models import Submission"),
        (wrong_direction, "reviews/policy.py", "from reviews import emails"),
        (wrong_direction, "reviews/emails.py", "from reviews.services import notices"),
        (wrong_direction, "reviews/services/x.py", "from reviews.views.page import find"),
        (wrong_direction, "reviews/services/x.py", "from reviews import tasks"),
        (wrong_direction, "reviews/services/x.py", "def f():\n    from reviews import tasks"),
        (wrong_direction, "reviews/services/x.py", "from portal import forms"),
        (wrong_direction, "reviews/views/x.py", "from portal import middleware"),
        (wrong_direction, "reviews/views/x.py", "from portal.authority import allowed"),
        (wrong_direction, "reviews/models/x.py", "from portal.timeline import instant_text"),
        (wrong_direction, "accounts/audit.py", "from portal.context import Link"),
        (wrong_direction, "reviews/services/x.py", "from tests import factories"),
        (wrong_direction, "reviews/views/x.py", "from deploy.local import paths"),
        (wrong_direction, "reviews/utils.py", ""),
        (from_accounts, "accounts/views/x.py", "from reviews import policy"),
        (from_accounts, "accounts/models/x.py", "import reviews.models"),
        (from_accounts, "portal/context.py", "from reviews.models import Submission"),
        (impure, "reviews/clock.py", "from django.utils import timezone"),
        (impure, "reviews/workflow.py", "from accounts.roles import Role"),
        (impure, "reviews/exceptions.py", "import django.http"),
        (relative, "reviews/services/x.py", "from . import rows"),
        (relative, "reviews/services/x.py", "from .rows import begin"),
        (by_name, "reviews/models/x.py", "import_string('reviews.policy.check')"),
        (by_name, "reviews/models/x.py", "importlib.import_module('reviews.policy')"),
        (by_name, "accounts/seats.py", "apps.get_model('reviews', 'Submission')"),
    ],
)
def test_a_wrong_import_is_found(check, path, text):
    assert list(check(Source(path, text))) != []


def test_every_exception_is_still_needed():
    made = {
        (source.module, imported) for source in product() for imported, _ in imports(source)
    } | {("reviews", "reviews")}
    assert set(EXCEPTIONS) <= made
