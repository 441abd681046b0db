"""Class daylight: filings around both daylight-saving nights of 2026 and 2027.

The clock is rehearsed in this process, on PostgreSQL and with the scripted mail server: no
process can be sent to next year's November and back.
"""

import random
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.test import override_settings
from django.utils import dateformat

from reviews import clock, policy
from reviews.models import Submission
from reviews.policy import Action
from reviews.services import delivery, ends, notices
from reviews.services.reminders import REMINDERS, SERIES
from tests import factories
from tests.faults.copies import copied
from tests.faults.report import Outcome
from tests.faults.scene import Scene, of

NAME = "daylight"
EASTERN = ZoneInfo("America/New_York")
# The instants at which Eastern time changes.
NIGHTS = (
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2027, 3, 14, 7, tzinfo=UTC),
    datetime(2027, 11, 7, 6, tzinfo=UTC),
)
INSTANT = timedelta(microseconds=1)
FULL = timedelta(hours=720)


def run(seeds, folder, server):
    """One outcome for each seed, each in a database of its own: its time starts anew."""
    settings = override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=server.port,
        EMAIL_USE_TLS=False,
    )
    with settings:
        for seed in seeds:
            with copied(f"d{seed}"):
                yield _one(seed, server)


def _one(seed, server):
    chance, outcome = random.Random(seed), Outcome(NAME, seed, injected=1)
    night = NIGHTS[seed % len(NIGHTS)]
    # The night is the window's first, one within it, or its last.
    first = night - chance.choice((0, 1)) * FULL * chance.choice((chance.random(), 1))
    opens = first + timedelta(seconds=chance.uniform(-3 * 3600, 3 * 3600))
    with clock.rehearsal(opens - timedelta(days=1)):
        scene = Scene.open(server, clock.system())
    submission = factories.filed(scene.people, at=opens)
    if submission.closes_at - submission.opens_at != FULL:
        outcome.broken.append(f"filed at {opens}, the window ends {submission.closes_at}")
    with clock.rehearsal(opens):
        factories.assigned(submission, scene.people)
    reached = _walk(submission, scene, outcome)
    _at_the_end(submission, scene, outcome)
    _judge(submission, reached, server, outcome)
    outcome.survived = outcome.injected if not outcome.problems() else 0
    return outcome


def _walk(submission, scene, outcome) -> set[tuple[str, datetime]]:
    """The points of every series, each reached by the instant: before it nothing, at it one."""
    points: dict[datetime, list[str]] = {}
    for series in SERIES:
        if series.rows(submission.opens_at).model is not Submission:
            continue
        for reminder in series.reminders:
            if (due := reminder.due(submission)) is not None:
                points.setdefault(due, []).append(reminder.kind)
    dues = sorted(points)
    reached = set()
    for due, following in pairwise([*dues, submission.closes_at]):
        told = {kind: of([submission.pk]).filter(kind=kind) for kind in points[due]}
        _sweep(due - INSTANT)
        outcome.broken += [
            f"{kind} was queued before {due}" for kind, rows in told.items() if rows.exists()
        ]
        for at in (due, min(due + timedelta(minutes=61), following - 2 * INSTANT)):
            _sweep(at)
        for kind, rows in told.items():
            if rows.exists():
                reached.add((kind, due))
            elif list(REMINDERS[kind].concerns(submission)):
                outcome.broken.append(f"{kind} was not queued at {due}")
    return reached


def _sweep(at: datetime) -> None:
    with clock.rehearsal(at):
        ends.record_overdue(at=at)
        notices.queue_reminders(at=at)
        delivery.deliver_notices()


def _at_the_end(submission, scene, outcome) -> None:
    end = submission.closes_at
    for at, allowed in ((end - INSTANT, True), (end, False), (end + timedelta(hours=1), False)):
        fresh = Submission.objects.get(pk=submission.pk)
        may = policy.may(scene.people.nsa_reviewer, Action.READ_PACKAGE, fresh, at=at)
        outcome.allowed_after += may and not allowed
        if may != allowed:
            outcome.broken.append(f"at {at} the package is open: {may}")
    for at in (end, end, end + timedelta(hours=1)):
        _sweep(at)
    submission.refresh_from_db()
    if (submission.status, submission.ended_at) != ("expired", end):
        outcome.broken.append(f"recorded as {submission.status} at {submission.ended_at}")


def _judge(submission, reached, server, outcome) -> None:
    """Each notice is one mail, each reminder of one due point, and the end in local time."""
    local = submission.closes_at.astimezone(EASTERN)
    end = dateformat.format(local, "F j, Y, g:i a T")
    taken: dict[str, list[bytes]] = {}
    for one in server.accepted:
        taken.setdefault(one.message_id, []).append(one.content)
    for notice in of([submission.pk]):
        copies = taken.get(f"<{notice.reference.hex}@127.0.0.1>", [])
        outcome.expected += 1
        outcome.delivered += bool(copies)
        outcome.lost += not copies
        outcome.duplicated += max(0, len(copies) - 1)
        if notice.kind in REMINDERS and (notice.kind, notice.due_at) not in reached:
            outcome.broken.append(f"{notice.kind} is about {notice.due_at}, no due point")
        for content in copies:
            text = message_from_bytes(content).get_payload(0).get_payload(decode=True).decode()
            if " ends on " in text and end not in " ".join(text.split()):
                outcome.broken.append(f"a mail does not name {end}: {text}")
    per_person = of([submission.pk]).values_list("kind", "recipient")
    if len(per_person) != len(set(per_person)):
        outcome.broken.append("somebody was told twice of one due point")
