"""How a piece of syntax can be weakened: a mutator yields (what changed, the new syntax)."""

import ast
import copy
from pathlib import Path

from accounts.roles import Role
from reviews.models import Submission
from reviews.models.document import ScanState
from reviews.workflow import Status

BASE = Path(__file__).resolve().parents[2]
# Clauses that several rules have in common, by the name of their tuple.
GROUPS = {
    node.targets[0].id: node.value
    for rules in sorted(BASE.glob("reviews/*_rules.py"))
    for node in ast.parse(rules.read_text()).body
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
}
CODENAMES = [codename for codename, _ in Submission._meta.permissions]
MEMBERS = {"Status": [s.name for s in Status], "ScanState": [s.name for s in ScanState]}
TIMES = {
    "ALWAYS": ["WINDOW_OPEN"],
    "BEFORE_THE_END": ["ALWAYS", "WINDOW_OPEN"],
    "WINDOW_OPEN": ["ALWAYS", "BEFORE_THE_END", "FILED"],
    "FILED": ["ALWAYS"],
}
# Rows of these belong to no submission, so no rule over them reads the window.
TIMELESS = {"Organization", "AuditEvent", "Heartbeat"}

COMPARISONS = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
}
NAMES = {"min": "max", "max": "min", "or_": "__import__('operator').and_"}
NARROWING = {"filter", "exclude", "Q", "get", "There"}
DROPPED = {"filter", "exclude", "distinct", "order_by", "astimezone"}
LOOKUPS = {"__lte": "__lt", "__lt": "__lte", "__gte": "__gt", "__gt": "__gte"}
# Tables of which each entry counts.
TABLES = {"SUBMISSION_OF", "DOCUMENT_OF", "SEEN_BY"}
REMOVED = object()


def expression(text):
    """The syntax of an expression."""
    return ast.parse(text, mode="eval").body


def changed(node, **fields):
    """A copy of ``node`` in which these fields are others."""
    twin = copy.copy(node)
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin


def without(items, number):
    """The list but for one."""
    return [item for index, item in enumerate(items) if index != number]


def of_rule(call):
    """Each keyword of a Rule(...) removed or weakened."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for number, keyword in enumerate(call.keywords):
        for what, value in _of_keyword(keyword.arg, keyword.value, given):
            others = list(call.keywords)
            others[number] = changed(keyword, value=value)
            yield what, changed(call, keywords=others)
        if keyword.arg in ("through", "assigned", "unless_restricted", "own_organization"):
            yield (
                f"without {ast.unparse(keyword)}",
                changed(call, keywords=without(call.keywords, number)),
            )


def _of_keyword(name, value, given):
    if name == "time" and ast.unparse(given.get("over", ast.Name("Submission"))) not in TIMELESS:
        # A live grant is inside the window already, so asking for it again changes nothing.
        live = "live" in ast.unparse(given["where"]) if "where" in given else False
        for other in [] if live else TIMES[value.attr]:
            yield f"time={value.attr} becomes {other}", expression(f"Time.{other}")
    if name == "permission":
        # The tables call the lab's codename _LAB.
        present = getattr(value, "value", "own_submission")
        for other in CODENAMES:
            if other != present:
                yield f"permission={present} becomes {other}", ast.Constant(other)
    if name == "roles":
        for role in Role:
            yield (
                f"roles gains or loses {role}",
                expression(f"({ast.unparse(value)}) ^ {{Role.{role.name}}}"),
            )
    if name == "where":
        clauses = list(_clauses(value))
        for number, clause in enumerate(clauses):
            yield (
                f"without where={ast.unparse(clause)}",
                ast.Tuple(elts=without(clauses, number), ctx=ast.Load()),
            )


def _clauses(value):
    """Each clause of a tuple, also of those in it that are spread or named."""
    if isinstance(value, ast.Starred):
        value = value.value
    if isinstance(value, ast.Name):
        value = GROUPS.get(value.id, value)
    if not isinstance(value, ast.Tuple):
        yield value
        return
    for part in value.elts:
        yield from _clauses(part)


def of_table(name, table):
    """Each entry of a table removed; each role's codenames changed by one."""
    for number, key in enumerate(table.keys):
        if key is None:  # another table, which has mutants of its own
            continue
        if name in TABLES:
            yield (
                f"{name} without {ast.unparse(key)}",
                changed(
                    table, keys=without(table.keys, number), values=without(table.values, number)
                ),
            )
        if name == "SEEN_BY":
            action, column = table.values[number].elts
            other = ast.Constant("pk" if column.value != "pk" else "document_id")
            values = list(table.values)
            values[number] = changed(table.values[number], elts=[action, other])
            yield f"{name} of {ast.unparse(key)} by {other.value}", changed(table, values=values)
        rules = table.values[number]
        if name.endswith("RULES") and isinstance(rules, ast.Tuple) and len(rules.elts) > 1:
            for place, rule in enumerate(table.values[number].elts):
                values = list(table.values)
                values[number] = changed(
                    values[number], elts=without(table.values[number].elts, place)
                )
                yield (
                    f"without rule {place + 1}: {ast.unparse(rule)}",
                    changed(table, values=values),
                )
    if name == "CODENAMES":
        for role in Role:
            for codename in CODENAMES:
                text = f"{{**({ast.unparse(table)}), Role.{role.name}: ({ast.unparse(table)})"
                text += f".get(Role.{role.name}, frozenset()) ^ {{{codename!r}}}}}"
                yield f"{role} gains or loses {codename}", expression(text)


def of_call(call):
    """A condition less, a link of a chain less, ``min`` for ``max``."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in NARROWING:
        for number, argument in enumerate(call.args if name not in ("get", "There") else ()):
            yield f"without {ast.unparse(argument)}", changed(call, args=without(call.args, number))
        for number, keyword in enumerate(call.keywords):
            if keyword.arg in ("model", "key"):  # whose rows, and not which of them
                continue
            if keyword.arg is not None:
                yield (
                    f"without {ast.unparse(keyword)}",
                    changed(call, keywords=without(call.keywords, number)),
                )
                for renamed in _lookups(keyword.arg):
                    others = list(call.keywords)
                    others[number] = changed(keyword, arg=renamed)
                    yield f"{keyword.arg} becomes {renamed}", changed(call, keywords=others)
            elif isinstance(keyword.value, ast.Dict) and len(keyword.value.keys) > 1:
                for entry, key in enumerate(keyword.value.keys):
                    fewer = changed(
                        keyword.value,
                        keys=without(keyword.value.keys, entry),
                        values=without(keyword.value.values, entry),
                    )
                    others = list(call.keywords)
                    others[number] = changed(keyword, value=fewer)
                    yield f"without {ast.unparse(key)}", changed(call, keywords=others)
    if name in DROPPED and isinstance(call.func, ast.Attribute):
        yield f"without .{name}(…)", call.func.value


def _lookups(text):
    for ending, other in LOOKUPS.items():
        if text.endswith(ending):
            yield text.removesuffix(ending) + other


def of_name(node):
    """``min`` and ``max`` exchanged, "any of" made "all of"."""
    if isinstance(node.ctx, ast.Load) and node.id in NAMES:
        yield f"{node.id} becomes {NAMES[node.id]}", expression(NAMES[node.id])


def of_attribute(node):
    """Another member of an enumeration that a condition names."""
    if isinstance(node.value, ast.Name) and node.value.id in MEMBERS:
        for other in MEMBERS[node.value.id]:
            if other != node.attr:
                yield f"{ast.unparse(node)} becomes {other}", changed(node, attr=other)


def of_constant(node):
    """A number one up and one down, a truth turned, another codename, another boundary."""
    value = node.value
    if isinstance(value, bool):
        yield f"{value} becomes {not value}", ast.Constant(not value)
    elif isinstance(value, int):
        for other in (value + 1, value - 1):
            yield f"{value} becomes {other}", ast.Constant(other)
    elif value in CODENAMES:
        for other in CODENAMES:
            if other != value:
                yield f"{value} becomes {other}", ast.Constant(other)
    elif isinstance(value, str):
        for other in _lookups(value):
            yield f"{value} becomes {other}", ast.Constant(other)


def of_comparison(node):
    """Each comparison one step wider or narrower, and turned round."""
    for number, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            ops = list(node.ops)
            ops[number] = other()
            twin = changed(node, ops=ops)
            yield f"{ast.unparse(node)} becomes {ast.unparse(twin)}", twin


def of_junction(node):
    """``and`` for ``or``; one operand less."""
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    twin = changed(node, op=other)
    yield f"{ast.unparse(node)} becomes {ast.unparse(twin)}", twin
    for number, value in enumerate(node.values):
        rest = without(node.values, number)
        yield (
            f"without {ast.unparse(value)}",
            changed(node, values=rest) if len(rest) > 1 else rest[0],
        )


def of_operation(node):
    """Another operator; one operand less."""
    twin = changed(node, op=OPERATORS[type(node.op)]())
    yield f"{ast.unparse(node)} becomes {ast.unparse(twin)}", twin
    yield f"without {ast.unparse(node.right)}", node.left
    yield f"without {ast.unparse(node.left)}", node.right


def of_choice(node):
    """The condition turned, always and never."""
    text = ast.unparse(node.test)
    yield f"if {text} turned", changed(node, test=ast.UnaryOp(ast.Not(), node.test))
    yield f"if {text} always", changed(node, test=ast.Constant(True))
    yield f"if {text} never", changed(node, test=ast.Constant(False))


def of_loop(node):
    """A condition of a comprehension less, and turned."""
    for number, condition in enumerate(node.ifs):
        yield f"without if {ast.unparse(condition)}", changed(node, ifs=without(node.ifs, number))
        ifs = list(node.ifs)
        ifs[number] = ast.UnaryOp(ast.Not(), condition)
        yield f"if {ast.unparse(condition)} turned", changed(node, ifs=ifs)


def of_statement(node):
    """The statement left out; an augmented one with its opposite."""
    yield f"without `{ast.unparse(node)}`", ast.Pass()
    if isinstance(node, ast.AugAssign):
        twin = changed(node, op=OPERATORS[type(node.op)]())
        yield f"{ast.unparse(node)} becomes {ast.unparse(twin)}", twin


def mutations(node, *, inside_function):
    """Everything that can happen to this node: (what changed, the new node)."""
    match node:
        case ast.Call(func=ast.Name(id="Rule")):
            yield from of_rule(node)
        case ast.Call():
            yield from of_call(node)
        case ast.Name():
            yield from of_name(node)
        case ast.Attribute():
            yield from of_attribute(node)
        case ast.Constant():
            yield from of_constant(node)
        case ast.Compare():
            yield from of_comparison(node)
        case ast.BoolOp():
            yield from of_junction(node)
        case ast.BinOp():
            yield from of_operation(node)
        case ast.UnaryOp():
            yield f"{ast.unparse(node)} without its sign", node.operand
        case ast.If() | ast.IfExp():
            yield from of_choice(node)
        case ast.comprehension():
            yield from of_loop(node)
        case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.Raise() if inside_function:
            yield from of_statement(node)
