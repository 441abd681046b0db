"""What has one home: nothing else attaches, advances a status, records, or reads the clock."""

import ast
import re

import pytest

from tests.architecture.source import BASE, Source, dotted, product, within

# Reading through a manager or queryset; anything else on the same manager is a write.
READING = {"filter", "select_related", "values", "values_list", "order_by", "exists", "all"}
# Those who may name guardian's rows, and whether they may write them.
PERMISSION_ROWS = {
    "reviews.models.permissions": "where they are declared",
    "reviews.models": "which hands the name on",
    "reviews.services.attachments": "their one writer",
    "reviews.rules": "reads",
    "reviews.audience": "reads",
    "reviews.views.attachments": "reads",
}
WRITES_PERMISSION_ROWS = ("reviews.services.attachments", "reviews.models.permissions")
ATTACHED = ("SubmissionGroupObjectPermission", "group_permissions")

WRITES_STATUS = (
    "reviews.services.lifecycle",
    "reviews.services.ends",
    "reviews.services.reports",
)
MAKING = {"create", "update", "bulk_create", "get_or_create", "update_or_create", "Submission"}

# Those who may name audit events; only the first makes them.
AUDIT_EVENTS = {
    "accounts.audit": "records and verifies",
    "accounts.models.audit_event": "where they are declared",
    "accounts.models": "which hands the name on",
    "reviews.services.history": "reads what a person may see",
    "reviews.policy": "names the kind of row that an auditor reads",
    "reviews.access_rules": "names the kind of row that past access is told from",
    "reviews.services.issued_records": "holds reports against the log",
    "reviews.services.grants_as_of": "reads what a person may see of past access",
    "reviews.services.grant_replay": "replays what it is given",
    "reviews.services.determination_record": "compares determinations with what it says of them",
    "reviews.services.rows": "says what kind of row it composes for accounts.audit",
}

CLOCK = "reviews.clock"
NOW = re.compile(
    r"\b(?:timezone\.now|timezone\.localdate|timezone\.localtime|datetime\.now|datetime\.today"
    r"|datetime\.utcnow|date\.today|time\.time|time\.time_ns|time\.gmtime|time\.localtime)$"
)
# Models whose automatic instant decides nothing.
AUTOMATIC = {"accounts.models.user": "when an account was made is never asked by a rule"}
DATABASE_CLOCK = {"accounts.audit": "compares the database's clock with the machine's"}

REHEARSES = ("reviews.demonstration", "reviews.management.commands.seed_demo", CLOCK)
DEMONSTRATES = (
    *("portal.settings", "portal.demo", "portal.urls", "portal.context", "reviews.demonstration"),
    "reviews.management.commands.seed_demo",
    "accounts.views.sign_in",  # lists whom one may sign in as
)
FLAGS = {"is_superuser", "is_staff"}
PERMITS = {
    *("has_perm", "has_perms", "has_module_perms", "get_all_permissions", "user_permissions"),
    *("permission_required", "user_passes_test", "PermissionRequiredMixin"),
}


def names(source):
    """Every name that the file uses, imports included, with its node."""
    for node in source.nodes(ast.Name, ast.Attribute, ast.ImportFrom, ast.Import):
        if isinstance(node, ast.Name):
            yield node.id, node
        elif isinstance(node, ast.Attribute):
            yield node.attr, node
        else:
            for alias in node.names:
                yield alias.name, node


def guardian(source):
    """Every import of guardian but where its rows are declared."""
    if source.module != "reviews.models.permissions":
        for node in source.nodes(ast.Import, ast.ImportFrom):
            modules = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            if any(within(module, ("guardian",)) for module in modules):
                yield source.at(node, "imports guardian")


def attaching(source):
    """Every naming of guardian's rows by a stranger, and every write but the writer's."""
    for name, node in names(source):
        if name in ATTACHED and source.module not in PERMISSION_ROWS:
            yield source.at(node, f"names {name}")
    if source.module in WRITES_PERMISSION_ROWS:
        return
    for node in source.nodes(ast.Call):
        path = dotted(node.func).split(".")
        if set(path) & set(ATTACHED) and path[-1] not in READING:
            yield source.at(node, "makes or changes a permission row")


def advancing(source):
    """Every writing of a status outside the two services that end or open a window."""
    if source.module in WRITES_STATUS:
        return
    for node in source.nodes(ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        if node.attr == "status" and isinstance(node.ctx, (ast.Store, ast.Del)):
            if own and source.module == "reviews.exceptions":
                continue  # an error's own HTTP status
            yield source.at(node, "writes .status")
    for node in source.nodes(ast.Call):
        called = dotted(node.func).rpartition(".")[2]
        if called == "setattr" and any(
            isinstance(argument, ast.Constant) and argument.value == "status"
            for argument in node.args
        ):
            yield source.at(node, "writes .status by name")
        if called in MAKING and any(keyword.arg == "status" for keyword in node.keywords):
            yield source.at(node, f"writes a status with {called}()")


def recording(source):
    """Every naming of audit events by a stranger, and every use of them but reading."""
    if source.module == "accounts.audit":
        return
    for name, node in names(source):
        if name == "AuditHead" and not within(
            source.module, ("accounts.models", "accounts.management.commands.verify_audit")
        ):
            yield source.at(node, "names the audit log's head")
        if name == "AuditEvent" and source.module not in AUDIT_EVENTS:
            yield source.at(node, "names AuditEvent")
    for node in source.nodes(ast.Call):
        path = dotted(node.func).split(".")
        if path[0] == "AuditEvent" and (len(path) == 1 or path[2:3] != ["filter"]):
            yield source.at(node, "makes or changes an audit event")
        if path[0] in ("AuditEvent", "AuditHead") and path[-1] in ("update", "delete", "create"):
            yield source.at(node, "makes or changes an audit event")


def reading_the_clock(source):
    """Every reading of a clock but the one in reviews/clock.py."""
    for node in source.nodes(ast.Call, ast.Attribute):
        if source.module != CLOCK and NOW.search(dotted(node)) and isinstance(node, ast.Attribute):
            # Writing a given instant in a zone reads nothing.
            given = dotted(node).endswith(("localdate", "localtime")) and _given(source, node)
            if not given:
                yield source.at(node, f"reads the clock: {dotted(node)}")
    for node in source.nodes(ast.keyword):
        if node.arg in ("auto_now", "auto_now_add") and source.module not in AUTOMATIC:
            yield source.at(node, f"reads the clock: {node.arg}")
    for name, node in names(source):
        if name == "Now" and source.module not in DATABASE_CLOCK:
            yield source.at(node, "reads the database's clock")


def _given(source, attribute):
    return any(call.func is attribute and call.args for call in source.nodes(ast.Call))


def asking_django(source):
    """Every question to Django's own permissions: a superuser passes them all."""
    for name, node in names(source):
        if name in PERMITS:
            yield source.at(node, f"uses {name}")
        if name in FLAGS and not isinstance(getattr(node, "ctx", None), ast.Store):
            yield source.at(node, f"reads {name}")


def signalling(source):
    """Every signal receiver."""
    for node in source.nodes(ast.Import, ast.ImportFrom):
        modules = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
        if any(module.rpartition(".")[2] in ("signals", "dispatch") for module in modules):
            yield source.at(node, "imports signals")
    for name, node in names(source):
        if name in ("receiver", "Signal"):
            yield source.at(node, f"uses {name}")
    for node in source.nodes(ast.Call):
        if dotted(node.func).endswith(".connect"):
            yield source.at(node, "connects a receiver")


def rehearsing(source):
    """Every holding of the clock but the demonstration's."""
    for name, node in names(source):
        if name in ("rehearsal", "_rehearsed") and not within(source.module, REHEARSES):
            yield source.at(node, f"uses {name}")


def demonstrating(source):
    """Every question whether this is the demonstration, but where it is answered."""
    if within(source.module, DEMONSTRATES):
        return
    for name, node in names(source):
        if name == "DEMONSTRATION":
            yield source.at(node, "asks for DEMONSTRATION")
    for imported, node in ((alias.name, n) for n in source.nodes(ast.Import) for alias in n.names):
        if within(imported, ("reviews.demonstration",)):
            yield source.at(node, "imports the demonstration")
    for node in source.nodes(ast.ImportFrom):
        if within(node.module or "", ("reviews.demonstration",)):
            yield source.at(node, "imports the demonstration")


CHECKS = [
    *(guardian, attaching, advancing, recording, reading_the_clock, asking_django, signalling),
    *(rehearsing, demonstrating),
]


@pytest.mark.parametrize("check", CHECKS)
def test_each_thing_is_done_in_its_one_home(check):
    assert [complaint for source in product() for complaint in check(source)] == []


ELSEWHERE = "reviews/services/elsewhere.py"
ATTACHMENTS = "reviews/views/attachments.py"
HISTORY = "reviews/services/history.py"


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (guardian, ELSEWHERE, "from guardian.shortcuts import assign_perm"),
        (guardian, ELSEWHERE, "import guardian.shortcuts"),
        (attaching, ELSEWHERE, "from reviews.models import SubmissionGroupObjectPermission"),
        (attaching, ELSEWHERE, "submission.group_permissions.all()"),
        (attaching, ATTACHMENTS, "SubmissionGroupObjectPermission(group=group)"),
        (attaching, ATTACHMENTS, "SubmissionGroupObjectPermission.objects.create(group=group)"),
        (attaching, ATTACHMENTS, "SubmissionGroupObjectPermission.objects.filter(x=1).delete()"),
        (attaching, ATTACHMENTS, "SubmissionGroupObjectPermission.objects.all().update(x=1)"),
        (attaching, ATTACHMENTS, "submission.group_permissions.create(group=group)"),
        (attaching, "reviews/rules.py", "submission.group_permissions.filter(x=1).update(x=2)"),
        (advancing, ELSEWHERE, "submission.status = 'expired'"),
        (advancing, ELSEWHERE, "submission.status, x = y"),
        (advancing, ELSEWHERE, "submission.status += 'x'"),
        (advancing, ELSEWHERE, "submission.status: str = 'x'"),
        (advancing, ELSEWHERE, "setattr(submission, 'status', 'x')"),
        (advancing, ELSEWHERE, "Submission.objects.filter(pk=1).update(status='x')"),
        (advancing, ELSEWHERE, "Submission.objects.create(status='x')"),
        (advancing, ELSEWHERE, "Submission(status='x')"),
        (recording, ELSEWHERE, "from accounts.models import AuditEvent"),
        (recording, ELSEWHERE, "AuditHead.objects.get(pk=1)"),
        (recording, HISTORY, "AuditEvent(sequence=1)"),
        (recording, HISTORY, "AuditEvent.objects.create(sequence=1)"),
        (recording, HISTORY, "AuditEvent.objects.filter(sequence=1).delete()"),
        (reading_the_clock, ELSEWHERE, "timezone.now()"),
        (reading_the_clock, ELSEWHERE, "default = timezone.now"),
        (reading_the_clock, ELSEWHERE, "datetime.datetime.now(UTC)"),
        (reading_the_clock, ELSEWHERE, "datetime.now(tz=UTC)"),
        (reading_the_clock, ELSEWHERE, "date.today()"),
        (reading_the_clock, ELSEWHERE, "time.time()"),
        (reading_the_clock, ELSEWHERE, "timezone.localdate()"),
        (reading_the_clock, "reviews/models/x.py", "models.DateTimeField(auto_now=True)"),
        (reading_the_clock, ELSEWHERE, "from django.db.models.functions import Now"),
        (asking_django, ELSEWHERE, "request.user.has_perm('reviews.view_submission', row)"),
        (asking_django, ELSEWHERE, "if request.user.is_superuser: pass"),
        (asking_django, ELSEWHERE, "getattr(user, 'x') or user.is_staff"),
        (asking_django, ELSEWHERE, "@permission_required('x')\ndef f(): pass"),
        (signalling, ELSEWHERE, "from django.db.models.signals import post_save"),
        (signalling, ELSEWHERE, "from django.dispatch import receiver"),
        (signalling, ELSEWHERE, "@receiver(post_save)\ndef f(): pass"),
        (signalling, ELSEWHERE, "post_save.connect(f)"),
        (rehearsing, ELSEWHERE, "with clock.rehearsal(at): pass"),
        (rehearsing, ELSEWHERE, "from reviews.clock import rehearsal"),
        (rehearsing, ELSEWHERE, "clock._rehearsed = at"),
        (demonstrating, ELSEWHERE, "if settings.DEMONSTRATION: pass"),
        (demonstrating, ELSEWHERE, "from reviews.demonstration.people import PEOPLE"),
        (demonstrating, "portal/middleware.py", "import reviews.demonstration"),
    ],
)
def test_doing_it_elsewhere_is_found(check, path, text):
    assert list(check(Source(path, text))) != []


def test_homes_named_here_are_files():
    modules = {source.module for source in product()}
    named = {
        *(*PERMISSION_ROWS, *WRITES_STATUS, *AUDIT_EVENTS, *AUTOMATIC, *DATABASE_CLOCK),
        *(*REHEARSES, *DEMONSTRATES),
    }
    assert named - modules == set()


# A template asks nothing either.
ASKING = re.compile(r"{[{%][^}]*\b(?:perms\.|is_superuser|is_staff|has_perm)")


def test_no_template_asks_djangos_permissions():
    templates = (BASE / "templates").rglob("*.html")
    assert [path.name for path in templates if ASKING.search(path.read_text())] == []


@pytest.mark.parametrize("text", ["{% if perms.reviews %}", "{{ request.user.is_superuser }}"])
def test_a_template_that_asks_is_found(text):
    assert ASKING.search(text)
