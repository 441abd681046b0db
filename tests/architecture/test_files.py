"""Files are short, URL names are noun and verb, lock files name no host."""

import ast
import re

import pytest

from tests.architecture.source import BASE, PRODUCT, Source, product

LIMIT = 400
VERBS = {
    *("list", "detail", "create", "edit", "add", "history"),
    *("file", "shorten", "withdraw", "recuse", "assign", "write", "issue", "respond", "sign"),
    *("request", "record", "consent", "confirm", "decline", "authorize", "revoke", "use", "attest"),
    *("give", "take", "restrict", "download", "choose", "mute", "read", "requeue", "end"),
    *("suspend", "resume", "extend", "recertify", "export", "propose", "accept", "publish"),
    *("join", "answer", "share"),
}
# URL names of another form, and why.
OTHER_NAMES = {
    "home": "a place, not something done to a noun",
    "profile": "one's own, so there is nothing to choose",
    "sign-in": "a verb that English writes with a hyphen",
    "sign-out": "the same",
    "healthz": "asked by machines, which know it by this name everywhere",
    "readyz": "the same",
    "metrics": "the same",
    "submission-grants": "the grants of one submission, beside grant-list of all",
}


def python_files():
    """Every Python file of the project but its migrations."""
    roots = [BASE / name for name in (*PRODUCT, "tests", "deploy")]
    found = [path for root in roots for path in sorted(root.rglob("*.py"))]
    found += sorted(BASE.glob("*.py"))
    return [
        Source(path.relative_to(BASE).as_posix(), path.read_text())
        for path in found
        if "migrations" not in path.parts
    ]


def too_long(source):
    """A complaint when the file has as many lines as the limit or more."""
    length = len(source.text.splitlines())
    return [f"{source.path}: {length} lines"] if length >= LIMIT else []


def url_names(source):
    """The names that the file gives to its URLs."""
    return [
        keyword.value.value
        for call in source.nodes(ast.Call)
        if isinstance(call.func, ast.Name) and call.func.id in ("path", "re_path")
        for keyword in call.keywords
        if keyword.arg == "name"
    ]


def misnamed(source):
    """URL names that are neither noun-verb nor listed."""
    return [
        f"{source.path}: {name}"
        for name in url_names(source)
        if name not in OTHER_NAMES
        and not (re.fullmatch(r"[a-z]+-[a-z]+", name) and name.partition("-")[2] in VERBS)
    ]


def unnamed(source):
    """Addresses without a name, but for those that include others."""
    return [
        source.at(call, "has no name")
        for call in source.nodes(ast.Call)
        if isinstance(call.func, ast.Name)
        and call.func.id in ("path", "re_path")
        and not any(keyword.arg == "name" for keyword in call.keywords)
        and "include(" not in ast.unparse(call)
    ]


def hosts(text):
    """The lines of a lock file that name a host."""
    return [line for line in text.splitlines() if "://" in line]


LOCK_FILES = [
    *sorted((BASE / "deploy" / "requirements").glob("*.txt")),
    *sorted((BASE / "deploy" / "front-end").glob("*.json")),
]


def test_every_file_is_read_in_one_sitting():
    assert [complaint for source in python_files() for complaint in too_long(source)] == []


@pytest.mark.parametrize("check", [misnamed, unnamed])
def test_every_url_has_a_name_of_noun_and_verb(check):
    assert [complaint for source in product() for complaint in check(source)] == []


def test_every_other_name_is_still_used():
    names = {name for source in product() for name in url_names(source)}
    assert set(OTHER_NAMES) <= names
    assert len(names) > 40


@pytest.mark.parametrize("path", LOCK_FILES, ids=lambda path: path.name)
def test_lock_files_name_no_host(path):
    assert hosts(path.read_text()) == []


def test_there_are_lock_files():
    assert {path.name for path in LOCK_FILES} >= {"runtime.txt", "test.txt", "package-lock.json"}


def test_a_long_file_is_found():
    assert too_long(Source("x.py", "\n" * LIMIT)) != []
    assert too_long(Source("x.py", "\n" * (LIMIT - 1))) == []


@pytest.mark.parametrize(
    "name", ["submission", "submission_file", "file-submission", "submissionFile", "grant-nicely"]
)
def test_a_bad_url_name_is_found(name):
    assert misnamed(Source("x.py", f"path('x/', view, name='{name}')")) != []


def test_an_address_without_a_name_is_found():
    assert unnamed(Source("x.py", "path('x/', view)")) != []
    assert unnamed(Source("x.py", "path('', include('accounts.urls'))")) == []


def test_a_host_is_found():
    assert hosts('"resolved": "https://registry.example/x.tgz"') != []
