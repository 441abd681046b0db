"""A real beat, worker, Redis and SMTP server do the clock's bookkeeping; pages need none."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection

from reviews import clock
from reviews.models import Notice, Submission
from reviews.services import health
from tests import factories
from tests import people as people_module

pytestmark = pytest.mark.postgresql


def environment(smtp_port):
    """Ours, with this test's own database, broker database and mail server."""
    url = urlsplit(os.environ["DATABASE_URL"])
    broker = urlsplit(os.environ["REDIS_URL"])
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return os.environ | {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "REDIS_URL": broker._replace(path=f"/{int(worker) + 1}").geturl(),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(smtp_port),
        "EMAIL_USE_TLS": "0",
        "SWEEP_SECONDS": "1",
    }


@pytest.fixture
def past(committed, held_clock):
    """A submission that was filed 31 real days ago and that nobody has looked at since."""
    now = datetime.now(UTC)
    held_clock.move(now - timedelta(days=31))
    people = people_module.create(clock.system())
    submission = factories.filed(people)
    held_clock.move(now)
    return submission


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.3)
    return False


def start(environment, tmp_path, *arguments):
    with (tmp_path / f"{arguments[0]}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own worker, no outside words
            [sys.executable, "-m", "celery", "-A", "portal", *arguments],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def stop(*processes):
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(timeout=60)


def stopped():
    """The parts that do not work."""
    return [part for part in health.parts(health.facts()) if part.is_wrong]


def test_beat_and_worker_record_the_end_and_send_the_mail(past, smtp, tmp_path):
    env = environment(smtp.port)
    worker = start(env, tmp_path, "worker", "--concurrency", "1", "--loglevel", "info")
    beat = start(env, tmp_path, "beat")
    try:
        assert wait_for(lambda: Submission.objects.get(pk=past.pk).status == "expired"), (
            tmp_path / "worker.log"
        ).read_text()
        waiting = Notice.objects.filter(sent_at=None, skipped_at=None)
        assert wait_for(lambda: not waiting.exists())
        assert wait_for(lambda: not stopped()), stopped()
        assert health.facts().workers_alive == 1
    finally:
        stop(beat, worker)
    assert health.facts().workers == {}  # it said that it meant to stop
    past.refresh_from_db()
    assert past.ended_at == past.closes_at
    sent = Notice.objects.filter(sent_at__isnull=False).count()
    assert sent == len(smtp.messages) == len({m["Message-ID"] for m in smtp.messages}) > 0


def test_pages_succeed_while_the_broker_is_down(committed_people, client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    submission = factories.draft(committed_people)
    client.force_login(committed_people.northlight_liaison)
    response = client.post(
        f"/submissions/{submission.reference}/withdraw/", {"revision": submission.revision}
    )
    assert response.status_code == 302
    submission.refresh_from_db()
    assert submission.status == "withdrawn"
