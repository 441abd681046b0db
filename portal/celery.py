"""The Celery application. The broker only wakes workers; the database decides what is due."""

import logging
import os
from datetime import timedelta

from celery import Celery, bootsteps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("foreview")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SIGN_SECONDS = 15.0
LISTED = timedelta(days=1)  # a worker that went without a word
log = logging.getLogger(__name__)


class SignOfLife(bootsteps.StartStopStep):
    """The worker's main process says in the database that it lives, until it stops.

    It speaks from the worker's own loop: one that hangs falls silent.
    """

    requires = ("celery.worker.components:Timer",)

    def start(self, worker):
        self.timer = worker.timer.call_repeatedly(SIGN_SECONDS, _sign, (worker.hostname,))
        _sign(worker.hostname)

    def stop(self, worker):
        self.timer.cancel()
        _sign(worker.hostname, stops=True)

    terminate = stop


def _sign(hostname, *, stops=False):
    from django.db import Error, connection

    from reviews import clock
    from reviews.services import heartbeats

    name, at = f"{heartbeats.WORKER}{hostname}"[:100], clock.system()
    try:
        if stops:
            heartbeats.forget(name)
        else:
            heartbeats.beat(name, at=at)
            heartbeats.forget_silent_workers(before=at - LISTED)
    except Error as failure:
        log.error("No sign of life from %s: %s", hostname, failure)
    finally:
        connection.close()  # a child forked from here would share it


app.steps["worker"].add(SignOfLife)
