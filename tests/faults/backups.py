"""Class backup: an older copy of the database is restored in its place.

The portal's own mark outside the database notices it, and so does the head of the audit log
that was exported before. Until an operator accepts it nothing is shown, recorded or sent.
"""

import io
import json
import random
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management import CommandError, call_command
from django.db import connection, connections

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import Submission
from reviews.services import agency_reviews, lifecycle
from tests import factories
from tests.faults.copies import copied
from tests.faults.report import Outcome
from tests.faults.scene import Scene, judge, now, settle
from tests.faults.stack import Stack, until

NAME = "backup"
DAY = 86400
# So many seeds are in one database when it is restored.
TOGETHER = 5


def run(seeds, folder, server):
    """One outcome for each seed; a few seeds share each restoration."""
    seeds = list(seeds)
    for first in range(0, len(seeds), TOGETHER):
        own = folder / str(first)
        own.mkdir()
        with copied(f"b{first}"):
            yield from _restored(seeds[first : first + TOGETHER], own, server)


@dataclass
class Lot:
    """What one seed filed: a window that is over, one that is withdrawn later, one that goes on."""

    outcome: Outcome
    chance: random.Random
    ended: Submission
    withdrawn: Submission
    kept: Submission

    @classmethod
    def file(cls, seed: int, scene: Scene) -> "Lot":
        chance = random.Random(seed)
        (ended,) = scene.file(1, chance.uniform(2, 4))
        return cls(Outcome(NAME, seed, injected=1), chance, ended, *scene.file(2, 20 * DAY))

    @property
    def submissions(self) -> list[Submission]:
        return [self.ended, self.withdrawn, self.kept]


def _restored(seeds, folder, server):
    scene, chance = Scene.open(server), random.Random(seeds[0])
    with Stack(folder, server.port, AUDIT_ANCHOR=str(folder / "anchor")) as stack:
        stack.start("redis", "web")
        lots = [Lot.file(seed, scene) for seed in seeds]
        reader = Reader(stack, scene.cookie("nsa_reviewer"))
        if chance.random() < 0.5:  # else all mail is still to be sent, from the copy
            _manage(stack, "run_clock")
        until(lambda: all(lot.ended.closes_at <= now() for lot in lots))
        dump = _dump(stack, folder)
        for lot in lots:
            _end_access(lot, scene)
        head = _exported()
        reader.is_seen(lots[0].withdrawn)
        running = chance.random() < 0.5
        if not running:
            stack.stop("web")
        _restore(stack, dump)
        if not running:
            stack.start("web")
        stack.start("worker", "beat")
        _nothing_goes_on(scene, reader, lots)
        for lot in lots:
            _is_flagged(head, lot.outcome)
        accepted = time.time()
        done = _manage(stack, "accept_restored_backup", "--reason", "The disk was lost.")
        # Accepting ends every session: who was signed out since the copy must not be signed in.
        if (status := reader.ask(lots[0].kept)) != 302:
            lots[0].outcome.broken.append(f"an old session is answered {status}")
        reader = Reader(stack, scene.cookie("nsa_reviewer"))
        for lot in lots:
            if done.returncode:
                lot.outcome.broken.append(f"it could not be accepted: {done.stdout} {done.stderr}")
            settle(lot.submissions, lot.outcome, since=accepted)
            _after_acceptance(scene, reader, lot)
    yield from (lot.outcome for lot in lots)


def _after_acceptance(scene, reader, lot) -> None:
    """What was not in the copy has not happened: two windows are open, the third is over."""
    for submission, expected in ((lot.kept, 200), (lot.withdrawn, 200), (lot.ended, 403)):
        if (status := reader.ask(submission)) != expected:
            lot.outcome.broken.append(f"once accepted, {submission} is answered {status}")
    judge(scene, lot.submissions, lot.outcome, lags=False)


class Reader:
    """A reviewer who was signed in before the copy was made."""

    def __init__(self, stack: Stack, cookie: str) -> None:
        self._stack, self._cookie = stack, cookie

    def ask(self, submission) -> int:
        """The answer to a request for the package."""
        path = f"/submissions/{submission.reference}/package/"
        return self._stack.ask("GET", path, {"Cookie": self._cookie})[0]

    def is_seen(self, withdrawn) -> None:
        """The portal has answered, and its mark says how far the log is."""
        last = AuditEvent.objects.latest("sequence").sequence
        anchor = Path(self._stack.env["AUDIT_ANCHOR"])

        def written():
            self.ask(withdrawn)
            with suppress(FileNotFoundError):
                return json.loads(anchor.read_text())["sequence"] >= last
            return False

        if not until(written, seconds=20, pause=0.3):
            raise TimeoutError(f"{anchor} does not say {last}")


def _manage(stack, *words):
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "manage.py", *words], env=stack.env, capture_output=True, text=True
    )


def _dump(stack, folder: Path) -> Path:
    target = folder / "dump"
    words = ["pg_dump", "--format", "custom", "--file", str(target), stack.env["DATABASE_URL"]]
    subprocess.run(words, check=True)  # noqa: S603 - PostgreSQL's own
    return target


def _end_access(lot, scene) -> None:
    """What the copy knows nothing of."""
    people = scene.people
    lifecycle.withdraw(
        Submission.objects.get(pk=lot.withdrawn.pk), by=people.northlight_liaison, at=now()
    )
    kept = Submission.objects.get(pk=lot.kept.pk)
    if lot.chance.random() < 0.5:
        agency_reviews.recuse(kept, reason="A relative.", by=people.dod_reviewer, at=now())
    else:
        factories.position_filed(kept, people)


def _exported() -> str:
    said = io.StringIO()
    call_command("verify_audit", "--export", stdout=said)
    return said.getvalue().strip()


def _restore(stack, dump: Path) -> None:
    """The copy is in the database's place, whoever is connected to that."""
    name = connection.settings_dict["NAME"]
    older = f"{name}_older"
    connections.close_all()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{older}"')
    url = urlsplit(stack.env["DATABASE_URL"])._replace(path=f"/{older}").geturl()
    subprocess.run(["pg_restore", "--dbname", url, str(dump)], check=True)  # noqa: S603, S607
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        cursor.execute(f'ALTER DATABASE "{older}" RENAME TO "{name}"')


def _nothing_goes_on(scene, reader, lots) -> None:
    """No page is shown, nothing is recorded and nothing sent by the older records."""
    before, mails = audit.head()[:3], len(scene.server.accepted)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for lot in lots:
            for submission in lot.submissions:
                status = reader.ask(submission)
                lot.outcome.allowed_after += status == 200
                if status != 503:
                    lot.outcome.broken.append(f"answered {status} by older records")
    for lot in lots:
        if audit.head()[:3] != before:
            lot.outcome.broken.append("something was recorded on top of older records")
        if len(scene.server.accepted) != mails:
            lot.outcome.broken.append("mail was sent by older records")


def _is_flagged(head: str, outcome) -> None:
    """The copy holds by itself; the exported head shows that it is not the log as it was."""
    if broken := audit.verify():
        outcome.broken.append(f"the copy's own log is broken: {broken}")
    try:
        call_command("verify_audit", "--since", head, stdout=io.StringIO())
    except CommandError:
        return
    outcome.broken.append("the exported head does not flag the copy")
