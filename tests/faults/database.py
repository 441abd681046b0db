"""Class database: PostgreSQL restarted at once, without a free connection, or out of disk.

"Out of disk" is real as far as PostgreSQL can tell: the kernel refuses to let the file of the
audit log grow (RLIMIT_FSIZE), while everything shorter can still be written.
"""

import contextlib
import random
import signal
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import Notice, Report, Submission
from reviews.models.notice import NoticeKind
from tests.faults import postgres
from tests.faults.doubling import click, draft_ending
from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, now, settle
from tests.faults.stack import Stack

NAME = "database"
PADDING = 900  # characters of an event that only takes room
OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND NOT pid = ANY (%s)
"""


def run(seeds, folder, server):
    """One outcome for each seed, on one stack and a PostgreSQL of their own."""
    with postgres.running() as database:
        scene = Scene.open(server)
        with Stack(folder, server.port) as stack:
            stack.start("redis")
            stack.start("worker", "beat", "web")
            for seed in seeds:
                yield _one(seed, scene, stack, database)


def _one(seed, scene, stack, database):
    chance, outcome = random.Random(seed), Outcome(NAME, seed)
    fault = (_restarted, _exhausted, _full)[seed % 3]
    submissions = scene.file(chance.randint(1, 2), chance.uniform(4, 6))
    draft = draft_ending(scene, now() + timedelta(seconds=20))
    answers: list[tuple[str, int]] = []

    def ask():
        """A page and a filing, while the fault lasts."""
        path = f"/submissions/{submissions[-1].reference}/package/"
        answers.append(("page", stack.ask("GET", path, {"Cookie": cookie})[0]))
        answers.extend(("filing", code) for code in click(scene, stack, draft, 1, cookie=lab))

    cookie, lab = scene.cookie("nsa_reviewer"), scene.cookie("northlight_liaison")
    with Probe(scene, submissions[-1], stack) as probe:
        time.sleep(chance.uniform(0, 1))
        crashes = fault(chance, database, scene, ask, outcome)
        back = time.time()
    connection.close()
    probe.judge(outcome, also=(503,))
    _answered(answers, outcome)
    draft.refresh_from_db()
    _whole(draft, outcome)
    if draft.status == "draft" and (again := click(scene, stack, draft, 1)) != {302: 1}:
        outcome.broken.append(f"after it, filing was answered {dict(again)}")
    draft.refresh_from_db()
    submissions.append(draft)
    while draft.closes_at and draft.closes_at > now():
        time.sleep(0.2)
    settle(submissions, outcome, since=back)
    judge(scene, submissions, outcome, crashes=crashes)
    for submission in submissions:
        _whole(submission, outcome)
    if broken := audit.verify():
        outcome.broken.append(broken)
    outcome.survived = outcome.injected if not outcome.problems() else 0
    return outcome


def _answered(answers, outcome):
    """While it lasted, every answer was a refusal or a clear page, and no filing a success."""
    codes = {code for _, code in answers}
    if codes - {200, 302, 403, 503}:
        outcome.broken.append(f"answered {sorted(codes)} while it lasted")
    if ("filing", 503) not in answers:
        outcome.broken.append(f"no filing was answered 503: {answers}")


def _whole(submission, outcome):
    """Filing and the end each stand with event, report and notices, or none of them does."""
    row = Submission.objects.get(pk=submission.pk)
    events = AuditEvent.objects.filter(submission=row.reference)
    told = Notice.objects.filter(submission=row)
    filed = {
        row.opens_at is not None,
        events.filter(action="submission.filed").count() == 1,
        told.filter(kind=NoticeKind.FILED_RECEIPT).exists(),
        told.filter(kind=NoticeKind.SUBMISSION_FILED).exists(),
    }
    ended = {
        row.status == "expired",
        events.filter(action="submission.expired").count() == 1,
        Report.objects.filter(submission=row).exists(),
        told.filter(kind=NoticeKind.WINDOW_ENDED).exists(),
    }
    if len(filed) > 1 or len(ended) > 1:
        outcome.broken.append(f"{row} is in half a state: filed {filed}, ended {ended}")


def _unrecorded(scene) -> int:
    """How many messages the server took of which the database does not know."""
    connections.close_all()
    taken = {one.message_id[1:33] for one in scene.server.accepted}
    return Notice.objects.filter(reference__in=taken, sent_at=None).count()


def _restarted(chance, database, scene, ask, outcome):
    times = chance.randint(1, 3)
    for number in range(times):
        database.stop(by=signal.SIGQUIT)
        if not number:
            ask()
        time.sleep(chance.uniform(0, 1.5))
        database.start()
        time.sleep(chance.uniform(0, 1))
    outcome.injected += times
    return _unrecorded(scene)


def _exhausted(chance, database, scene, ask, outcome):
    """Every connection is somebody else's: the portal's are ended, and theirs taken."""
    with contextlib.ExitStack() as taken:
        mine: list[psycopg.Connection] = []
        until = time.monotonic() + chance.uniform(2, 4)
        asked = False
        while time.monotonic() < until or not asked:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    link = psycopg.connect(database.url, connect_timeout=5, autocommit=True)
                    mine.append(taken.enter_context(contextlib.closing(link)))
            (ended,) = mine[0].execute(OTHERS, [[one.info.backend_pid for one in mine]]).fetchone()
            if not ended and not asked:
                ask()
                asked = True
    outcome.injected += 1
    return _unrecorded(scene)


def _full(chance, database, scene, ask, outcome):
    """The audit log's file cannot grow, and what still fits into its pages is filled first."""
    with connection.cursor() as cursor:
        # A tidied page would have room again.
        cursor.execute("ALTER TABLE accounts_auditevent SET (autovacuum_enabled = off)")
    while _size() <= postgres.SEGMENT:
        _pad(200)
    database.limit_files(_size())
    try:
        for _ in range(2):
            _fill()
            ask()
        time.sleep(chance.uniform(1, 3))
    finally:
        database.limit_files(postgres.UNLIMITED)
    outcome.injected += 1
    return _unrecorded(scene)


def _fill() -> None:
    """Not even the shortest event fits; one at a time, since what is rolled back leaves room.

    Each process goes on filling a page of its own, of whose room the others hear by VACUUM only.
    """
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (DISABLE_PAGE_SKIPPING, TRUNCATE FALSE) accounts_auditevent")
    for length in (PADDING, 10):
        with pytest.raises(DatabaseError, match="could not extend file"):
            _pad_for_ever(length)


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('accounts_auditevent')")
        return cursor.fetchone()[0]


def _pad_for_ever(length: int) -> None:
    while True:
        _pad(1, length)


def _pad(count: int, length: int = PADDING) -> None:
    with transaction.atomic():
        audit.append(
            [
                audit.entry("portal.padding", by=audit.SYSTEM, at=now(), reason="x" * length)
                for _ in range(count)
            ]
        )
