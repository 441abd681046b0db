"""What machines ask: whether the process lives, whether it can serve, and the portal's numbers.

These answer without a session, a person or a cookie, and name no person, lab or submission.
"""

from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from accounts import audit
from accounts.anchor import BehindAnchor
from portal import outage
from reviews import clock
from reviews.services import health, heartbeats, timekeeping

TEXT = "text/plain; charset=utf-8"


def for_machines(view):
    """The view is asked before anything that reads a session, a person or the clock."""

    @wraps(view)
    def asked(request):
        return view(request)

    asked.for_machines = True
    return login_not_required(require_safe(asked))


@for_machines
def healthz(request):
    """The process answers requests; says nothing of the database."""
    return HttpResponse("ok\n", content_type=TEXT)


@for_machines
def readyz(request):
    """200 when this process can serve people, else 503 with the codes of what fails."""
    failing = _failing()
    ready = not failing
    answer = JsonResponse({"ready": ready, "failing": failing}, status=200 if ready else 503)
    if failing:
        answer["Retry-After"] = str(outage.RETRY_SECONDS)
    return answer


def _failing():
    try:
        applied = MigrationRecorder(connection).applied_migrations()
        if any(leaf not in applied for leaf in _last_migrations()):
            return ["migrations"]
        head = audit.anchored_head()
    except BehindAnchor:
        return ["records"]
    except Error:
        return ["database"]
    return [] if timekeeping.trusted(clock.system(), head.database_at) else ["clock"]


_leaves = []


def _last_migrations():
    """The newest migration of each app; those of the code do not change while it runs."""
    if not _leaves:
        _leaves.extend(MigrationLoader(None).graph.leaf_nodes())
    return _leaves


@for_machines
def metrics(request):
    """The portal's numbers for Prometheus, from the database: the same in every process.

    For whoever presents METRICS_TOKEN; without such a token there is no such page.
    """
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(presented.strip(), token):
        return HttpResponse(
            "A bearer token is needed.\n",
            status=401,
            content_type=TEXT,
            headers={"WWW-Authenticate": "Bearer"},
        )
    registry = CollectorRegistry()
    registry.register(Numbers())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Numbers:
    """Collects anew at each scrape. The only label is a sweep's name."""

    def describe(self):
        """Registering it asks the database nothing."""
        return []

    def collect(self):
        found = health.facts()
        age = GaugeMetricFamily(
            "foreview_seconds_since_sweep",
            "Seconds since a sweep was done; absent for one that never was.",
            labels=["sweep"],
        )
        for name in heartbeats.SWEEPS:
            if (since := found.age(name)) is not None:
                age.add_metric([name.partition(":")[2]], since.total_seconds())
        yield age
        if (since := found.age(heartbeats.BEAT)) is not None:
            yield GaugeMetricFamily(
                "foreview_seconds_since_beat",
                "Seconds since beat's last tick.",
                since.total_seconds(),
            )
        for name, what, value in (
            ("workers_alive", "Workers that gave a sign of life.", found.workers_alive),
            ("notices_unsent", "Notices due and unsent, up to 1,000.", found.unsent),
            (
                "oldest_unsent_seconds",
                "Age of the oldest of them; 0 without one.",
                _seconds(found, found.oldest_unsent_at),
            ),
            ("notices_undelivered", "Refused for good or bounced, up to 1,000.", found.undelivered),
            ("documents_unscanned", "Documents not scanned yet, up to 1,000.", found.unscanned),
            (
                "oldest_unscanned_seconds",
                "Age of the oldest of them; 0 without one.",
                _seconds(found, found.oldest_unscanned_at),
            ),
            ("ends_unrecorded", "Ends that came and are not on record.", found.unrecorded),
            (
                "oldest_unrecorded_end_seconds",
                "Age of the oldest of them; 0 without one.",
                _seconds(found, found.oldest_unrecorded_at),
            ),
            (
                "gateways_failing",
                "Labs' gateways that do not take what they are told.",
                found.gateways_failing,
            ),
            ("audit_sequence", "The audit log's last event.", found.head.sequence),
            ("records_behind", "1 when the database is older than the anchor.", bool(found.behind)),
            (
                "clock_ahead_seconds",
                "This server's clock less the database's.",
                found.clock_ahead.total_seconds(),
            ),
        ):
            yield GaugeMetricFamily(f"foreview_{name}", what, value)
        sent = CounterMetricFamily("foreview_notices_sent", "Notices that left by mail.")
        sent.add_metric([], health.notices_sent())
        yield sent


def _seconds(found, since):
    return 0 if since is None else max((found.at - since).total_seconds(), 0)


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
