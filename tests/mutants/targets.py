"""What is mutated, and how a mutant takes the original's place in a running process."""

import ast
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants import mutators

BASE = Path(__file__).resolve().parents[2]
POLICY_TESTS = ("tests/authorization/test_policy", "tests/authorization/test_rules")
CLOCK_TESTS = ("tests/unit/test_clock",)


@dataclass(frozen=True)
class Mutant:
    """One change at one place; ``install`` makes it in this process, for good."""

    path: str
    line: int
    what: str
    near: str
    tests: tuple[str, ...]
    install: Callable[[], None]

    def __str__(self):
        return f"{self.path}:{self.line}: {self.near}: {self.what}"


@dataclass(frozen=True)
class Target:
    """Part of a module: all of it, or the definitions in ``only`` (``Class.method``, a name).

    ``again`` are the modules that are built from this one when they are imported.
    """

    module: str
    tests: tuple[str, ...]
    only: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


# Each of these is built from those before it.
RULES = tuple(
    f"reviews.{kind}_rules"
    for kind in ("access", "determination", "discussion", "document", "request")
)
ON_POLICY = ("reviews.policy", "reviews.audience", "reviews.finding")
TARGETS = [
    Target("reviews.clock", CLOCK_TESTS),
    Target("reviews.rules", POLICY_TESTS, again=("reviews.clauses", *RULES, *ON_POLICY)),
    Target("reviews.clauses", POLICY_TESTS, again=(*RULES, *ON_POLICY)),
    *(Target(rules, POLICY_TESTS, again=ON_POLICY) for rules in RULES),
    Target("reviews.policy", POLICY_TESTS, again=ON_POLICY[1:]),
    Target("reviews.audience", POLICY_TESTS),
    Target("reviews.finding", POLICY_TESTS),
    # Clauses of policy that are kept with the rows that they are about.
    Target("reviews.models.permissions", POLICY_TESTS, only=("CODENAMES",)),
    Target("reviews.models.grant_queries", POLICY_TESTS, only=("live", "suspended", "running")),
    Target(
        "reviews.models.grant_suspension", POLICY_TESTS, only=("GrantSuspensionQuerySet.in_force",)
    ),
    Target("accounts.models.seat", POLICY_TESTS, only=("SeatQuerySet.held_by",)),
]


def mutants():
    """Every mutant of every target, in the order of the files."""
    return [mutant for target in TARGETS for mutant in _of(target)]


def _of(target):
    module = importlib.import_module(target.module)
    source = Path(inspect.getsourcefile(module))
    path = source.relative_to(BASE).as_posix()
    tree = ast.parse(source.read_text(), path)
    for root, name in _roots(tree, target.only):
        whole = isinstance(root, (ast.Assign, ast.AnnAssign))  # a table, changed by its entries
        for parent, field, index, node, near, within in _places(root, name):
            table = _table(parent, field, node)
            changes = list(mutators.of_table(table, node)) if table else []
            if not whole:
                changes += mutators.mutations(node, inside_function=within)
            for what, new in changes:
                yield Mutant(
                    path=path,
                    line=getattr(node, "lineno", getattr(parent, "lineno", 0)),
                    what=" ".join(what.split()),
                    near=near,
                    tests=target.tests,
                    install=_installer(target, tree, name, parent, field, index, new),
                )


def _roots(tree, only):
    """(the syntax to mutate, its dotted name): the whole module, or some definitions."""
    if not only:
        yield tree, ""
        return
    for wanted in only:
        owner = tree
        for part in wanted.split("."):
            owner = next(node for node in owner.body if part in _defines(node))
        yield owner, wanted


def _defines(node):
    if isinstance(node, ast.Assign):
        return {ast.unparse(target) for target in node.targets}
    if isinstance(node, ast.AnnAssign):
        return {ast.unparse(node.target)}
    return {getattr(node, "name", "")}


def _table(parent, field, node):
    """The name of the table that the node is the value of; an empty string for other nodes."""
    if isinstance(node, ast.Dict) and field == "value" and isinstance(parent, ast.AnnAssign):
        return ast.unparse(parent.target)
    return ""


def _places(root, near):
    """(parent, field, index, node, where, whether in a function) of all that may be mutated."""
    stack = [(root, near, isinstance(root, ast.FunctionDef))]
    while stack:
        parent, near, within = stack.pop(0)
        inside = []
        for field, value in ast.iter_fields(parent):
            if _untouched(parent, field):
                continue
            for index, node in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(node, ast.AST) or _is_docstring(node):
                    continue
                place = index if isinstance(value, list) else None
                named = getattr(node, "name", None) if isinstance(node, _NAMED) else None
                here = f"{near}.{named}".strip(".") if named else _entry(parent, index, near)
                yield parent, field, place, node, here, within
                inside.append((node, here, within or isinstance(node, ast.FunctionDef)))
        stack[:0] = inside


_NAMED = (ast.FunctionDef, ast.ClassDef)


def _entry(parent, index, near):
    """Inside a table, the key of the entry; elsewhere, where we were."""
    if isinstance(parent, ast.Dict) and not near and parent.keys[index] is not None:
        return ast.unparse(parent.keys[index])
    return near


def _untouched(parent, field):
    """Annotations, decorators, messages, names in an enumeration, and indexes say no rule."""
    return (
        field in ("annotation", "returns", "decorator_list", "bases", "slice", "exc", "ops", "op")
        or isinstance(parent, (ast.Import, ast.ImportFrom))
        or (isinstance(parent, ast.ClassDef) and _is_enum(parent) and field == "body")
        or (isinstance(parent, ast.Call) and _name(parent) in ("values", "values_list"))
        or (isinstance(parent, ast.Call) and _name(parent) == "Rule")
    )


def _name(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_enum(node):
    return any(ast.unparse(base) == "StrEnum" for base in node.bases)


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _installer(target, tree, name, parent, field, index, new):
    def install():
        if index is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[index] = new
        ast.fix_missing_locations(tree)
        _substitute(target, tree, name)

    return install


def _substitute(target, tree, name):
    """The module behaves as the changed tree says, for everyone who has imported it."""
    module = importlib.import_module(target.module)
    if not name:
        _execute(tree, module)
    elif "." in name:
        owner, method = name.split(".")
        definition = next(root for root, _ in _roots(tree, (name,)))
        scope = {}
        code = compile(ast.Module([definition], []), target.module, "exec")
        exec(code, vars(module), scope)  # noqa: S102 - the mutant
        setattr(getattr(module, owner), method, scope[method])
    else:
        old = getattr(module, name)
        _execute(ast.Module([root for root, _ in _roots(tree, (name,))], []), module)
        if isinstance(old, dict):  # others hold the same one under its name
            new = dict(getattr(module, name))
            old.clear()
            old.update(new)
            setattr(module, name, old)
    for later in target.again:
        again = importlib.import_module(later)
        _execute(ast.parse(Path(inspect.getsourcefile(again)).read_text()), again)


def _execute(tree, module):
    exec(compile(tree, module.__file__, "exec"), vars(module))  # noqa: S102 - the mutant


def nothing():
    """Install no change at all."""
