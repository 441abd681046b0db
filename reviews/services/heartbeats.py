"""Signs of life: who did which unattended work when, and who alone may do it."""

import os
import socket
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from reviews.models import Heartbeat

# What the sweeps are called; each beats when it has done all that it found.
ENDS, REMINDERS, MAIL, SIGNALS, GATEWAYS, EXPORTS, SCANS = SWEEPS = (
    *("sweep:ends", "sweep:reminders", "sweep:mail"),
    *("sweep:signals", "sweep:gateways", "sweep:exports", "sweep:scans"),
)
BEAT = "beat"
WORKER = "worker:"


def this_process() -> str:
    """The machine's name and the process's number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(name: str, *, at: datetime, holder: str = "") -> None:
    """``name`` did its work at ``at``."""
    facts = {"at": at, "holder": holder or this_process()}
    Heartbeat.objects.update_or_create(name=name, defaults=facts)


def forget(name: str) -> None:
    """Whoever beat under that name has stopped, and means to."""
    Heartbeat.objects.filter(name=name).delete()


def forget_silent_workers(*, before: datetime) -> None:
    """Workers that gave no sign since then are no longer listed."""
    Heartbeat.objects.filter(name__startswith=WORKER, at__lt=before).delete()


@transaction.atomic
def take(name: str, *, at: datetime, lease: timedelta, holder: str) -> bool:
    """Whether ``holder`` alone may do the work until ``at + lease``: nobody else holds it."""
    facts = {"at": at, "holder": holder, "lease_ends_at": at + lease}
    free = Q(lease_ends_at__lte=at) | Q(lease_ends_at__isnull=True) | Q(holder=holder)
    if Heartbeat.objects.filter(free, name=name).update(**facts):
        return True
    made = Heartbeat.objects.bulk_create([Heartbeat(name=name, **facts)], ignore_conflicts=True)
    return bool(made) and Heartbeat.objects.filter(name=name, holder=holder).exists()


def let_go(name: str, *, holder: str) -> None:
    """Another may take the work at once, when ``holder`` held it."""
    Heartbeat.objects.filter(name=name, holder=holder).update(lease_ends_at=None)
