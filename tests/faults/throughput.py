"""Throughput as ratios within one run: mail and the record of ends, each against a bare loop.

Mail: ``deliver_notices`` against smtplib alone, sending the same bytes over one connection to
the same sink, in turns. Ends: ``record_overdue`` against the same rows written one by one with
psycopg, in transactions of the same size, on a copy of the same database.
"""

import contextlib
import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from multiprocessing import get_context

import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from deploy.local import commands, ports
from reviews import emails
from reviews.models import Notice
from reviews.services import delivery, ends, notices
from tests import people as people_module
from tests.faults import windows
from tests.faults.copies import copied
from tests.faults.scene import now
from tests.faults.stack import until

HERE = "127.0.0.1"
ROUNDS = 3
MAIL_GOAL, ENDS_GOAL, FLAT_GOAL = 0.5, 0.1, 0.7
SINK = ("-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink")
MAIL_PROCESSES = 2  # deploy/systemd/foreview-worker-mail.service
# What recording an end writes besides the submission's own columns.
EXPIRE = "UPDATE reviews_submission SET status = 'expired', ended_at = %s WHERE id = %s"
HEAD = "UPDATE accounts_audithead SET sequence = %s, sha256 = %s, latest_at = %s WHERE id = 1"
FOLLOWERS = 17  # of one window, as tests/people.py has them
WRITTEN = ("reviews_report", "reviews_notice", "accounts_auditevent")


@dataclass(frozen=True)
class Ratio:
    """What was found, against its goal; without one it is there for comparison."""

    what: str
    found: float
    goal: float | None
    detail: str

    @property
    def met(self) -> bool:
        return self.goal is None or self.found >= self.goal

    def __str__(self) -> str:
        if self.goal is None:
            return f"- for comparison: {self.what}: {self.found:.2f} ({self.detail})"
        verdict = "met" if self.met else "NOT met"
        return f"- {verdict}: {self.what}: {self.found:.2f}, goal {self.goal} ({self.detail})"


def measure(sizes: list[int], mails: int, say) -> list[Ratio]:
    """Every ratio, told as it is found."""
    found = []
    people = people_module.create(now() - timedelta(days=31))
    for ratio in chain(_mail(people, mails), _ends(people, sizes)):
        say(str(ratio))
        found.append(ratio)
    return found


@contextlib.contextmanager
def _sink():
    """The port of an SMTP server in a process of its own that forgets what it is sent."""
    port = ports.free()
    process = commands.start(
        [sys.executable, *SINK, "-l", f"{HERE}:{port}"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def greets():
        with contextlib.suppress(OSError), smtplib.SMTP(HERE, port, timeout=5):
            return True
        return False

    try:
        if not until(greets):
            raise TimeoutError("The mail sink does not answer.")
        yield port
    finally:
        commands.end(process)


def _mail(people, mails: int) -> Iterator[Ratio]:
    """By one process, and by as many as the mail worker of a real installation has."""
    with copied("mail"), _sink() as port:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = HERE, port, False
        at = now()
        windows.fill(people, count=-(-mails // FOLLOWERS), opens=at - timedelta(hours=721))
        ends.record_overdue(at=at)
        composed = [
            (notice.recipient.email, _content(notice))
            for notice in Notice.objects.select_related("recipient", "submission")
        ]
        bare: list[float] = []
        ours: dict[int, list[float]] = {1: [], MAIL_PROCESSES: []}
        for _ in range(ROUNDS):
            bare.append(_timed(lambda: _send_bare(port, composed)))
            for processes, taken in ours.items():
                sent, seconds = _timed_result(partial(_deliver, processes))
                if sent != len(composed):
                    raise AssertionError(f"{sent} of {len(composed)} sent")
                taken.append(seconds)
                Notice.objects.update(sent_at=None)
        base = len(composed) / statistics.median(bare)
        for processes, taken in ours.items():
            rate = len(composed) / statistics.median(taken)
            yield Ratio(
                f"mail delivered by {processes} process{'es' if processes > 1 else ''}, "
                "against bare smtplib",
                rate / base,
                MAIL_GOAL if processes == MAIL_PROCESSES else None,
                f"{len(composed):,} mails, {rate:,.0f} a second against {base:,.0f}",
            )


def _deliver(processes: int) -> int:
    """How many were sent by so many processes, each like a child of the mail worker."""
    connections.close_all()
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return sum(pool.map(_deliver_here, range(processes)))


def _deliver_here(_: int) -> int:
    sent = delivery.deliver_notices()["sent"]
    connections.close_all()
    return sent


def _content(notice: Notice) -> bytes:
    return emails.compose(notice, notices.wording(notice.kind), True).envelope()[2]


def _send_bare(port: int, composed: list[tuple[str, bytes]]) -> None:
    with smtplib.SMTP(HERE, port, timeout=10) as server:
        for recipient, content in composed:
            server.sendmail("no-reply@foreview.example", [recipient], content)


def _timed(call) -> float:
    return _timed_result(call)[1]


def _timed_result(call):
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _ends(people, sizes: list[int]) -> Iterator[Ratio]:
    per_row, ratios = {}, {}
    for size in sizes:
        with copied(f"ends{size}"):
            windows.fill(people, count=size, opens=now() - timedelta(hours=721))
            with copied("ours"):
                ours = _timed(lambda: ends.record_overdue(at=now()))
                rows = _rows_written()
            with copied("bare"):
                bare = _timed(partial(_write_bare, rows))
        count = size + sum(len(written) for written in rows.values())
        per_row[size], ratios[size] = ours / count, bare / ours
        yield Ratio(
            f"{size:,} ends recorded, against single-row SQL",
            bare / ours,
            ENDS_GOAL,
            f"{count:,} rows, {count / ours:,.0f} a second against {count / bare:,.0f}",
        )
    first, last = sizes[0], sizes[-1]
    if first != last:
        # Against the bare loop of the same minutes: the machine is not always as fast.
        yield Ratio(
            f"flat: the ratio at {last:,} against that at {first:,}",
            ratios[last] / ratios[first],
            FLAT_GOAL,
            ", ".join(
                f"{1e6 * seconds:.0f} µs a row at {size:,}" for size, seconds in per_row.items()
            ),
        )


def _rows_written() -> dict[str, list[dict]]:
    """What recording the ends has written, by table, in its order."""
    found = {}
    with psycopg.connect(**_where(), row_factory=dict_row) as link:
        for table in WRITTEN:
            found[table] = link.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    # What was there before the ends: the people's seats.
    found["accounts_auditevent"] = [
        row for row in found["accounts_auditevent"] if row["action"] == "submission.expired"
    ]
    return found


def _write_bare(rows: dict[str, list[dict]]) -> None:
    """The same rows, one statement each, in transactions of the product's batches."""
    statements = {table: _insert(table, written[0]) for table, written in rows.items()}
    by_submission: dict[int, list[dict]] = {}
    for notice in rows["reviews_notice"]:
        by_submission.setdefault(notice["submission_id"], []).append(notice)
    pairs = list(zip(rows["reviews_report"], rows["accounts_auditevent"], strict=True))
    with psycopg.connect(**_where()) as link, link.cursor() as cursor:
        for first in range(0, len(pairs), ends.BATCH):
            for report, event in pairs[first : first + ends.BATCH]:
                cursor.execute(EXPIRE, (report["issued_at"], report["submission_id"]))
                _write(cursor, statements, "reviews_report", report)
                for notice in by_submission[report["submission_id"]]:
                    _write(cursor, statements, "reviews_notice", notice)
                _write(cursor, statements, "accounts_auditevent", event)
            cursor.execute(HEAD, (event["sequence"], event["sha256"], event["at"]))
            link.commit()


def _write(cursor, statements, table, row) -> None:
    cursor.execute(statements[table], [_plain(value) for value in row.values()])


def _plain(value):
    return Jsonb(value) if isinstance(value, dict) else value


def _insert(table: str, row: dict) -> sql.Composed:
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )


def _where() -> dict:
    parameters = connection.get_connection_params()
    return {
        "host": parameters["host"],
        "port": parameters["port"],
        "dbname": connection.settings_dict["NAME"],
        "user": parameters["user"],
        "password": parameters["password"],
    }
