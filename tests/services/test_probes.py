"""What machines ask: no session, no person, no cookie, and nothing that names anybody."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as configured
from django.db import InterfaceError, OperationalError, connection
from prometheus_client.parser import text_string_to_metric_families

from accounts import audit
from portal import beat, celery
from reviews import clock
from reviews.services import heartbeats
from tests import factories

TOKEN = "a-token-of-this-test-only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def known_browser(people, client):
    """A browser with a session, which none of these reads."""
    client.force_login(people.northlight_liaison)
    return client


def test_the_process_answers_without_its_database(known_browser, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = known_browser.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert not response.cookies


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_methods_are_answered_and_sign_in_is_not_asked_for(client, db, settings, path):
    settings.METRICS_TOKEN = TOKEN
    assert client.get(path, headers=BEARER).status_code == 200
    assert client.head(path, headers=BEARER).status_code == 200
    for method in ("post", "put", "patch", "delete", "options"):
        assert getattr(client, method)(path, headers=BEARER).status_code == 405


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_none_reads_a_session_or_sets_a_cookie(known_browser, settings, path):
    settings.METRICS_TOKEN = TOKEN
    with connection.execute_wrapper(_refuse_sessions):
        response = known_browser.get(path, headers=BEARER)
    assert response.status_code == 200
    assert not response.cookies


def _refuse_sessions(execute, sql, params, many, context):
    assert "django_session" not in sql
    assert "accounts_user" not in sql
    return execute(sql, params, many, context)


def test_ready_when_everything_is(client, db):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "failing": []})


def test_not_ready_before_the_last_migration(client, db):
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'reviews' AND name = "
            "(SELECT MAX(name) FROM django_migrations WHERE app = 'reviews')"
        )
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "failing": ["migrations"]}
    assert response["Retry-After"] == "30"


def test_not_ready_with_a_clock_that_lies(client, db, held_clock, monkeypatch):
    held_clock.release()
    monkeypatch.setattr(clock, "system", lambda: datetime.now(UTC) + timedelta(minutes=6))
    assert client.get("/readyz").json() == {"ready": False, "failing": ["clock"]}


FAILURES = pytest.mark.parametrize("failure", [OperationalError, InterfaceError])


def failing(failure):
    def down(execute, sql, params, many, context):
        raise failure

    return connection.execute_wrapper(down)


@FAILURES
def test_not_ready_without_its_database(client, db, failure):
    with failing(failure):
        assert client.get("/readyz").json() == {"ready": False, "failing": ["database"]}


@FAILURES
def test_beat_stands_by_without_its_database(db, monkeypatch, failure):
    monkeypatch.setattr(beat, "close_old_connections", lambda: None)  # this test's own
    scheduler = beat.OneBeat(app=celery.app, lazy=True)
    with failing(failure):
        assert scheduler.tick() == beat.STANDS_BY


@FAILURES
@pytest.mark.parametrize("stops", [True, False])
def test_a_worker_goes_on_without_its_database(db, monkeypatch, caplog, failure, stops):
    monkeypatch.setattr(connection, "close", lambda: None)  # this test's own
    with failing(failure):
        celery._sign("clock@one", stops=stops)
    assert "No sign of life from clock@one" in caplog.text


def test_not_ready_over_an_older_database(client, db, settings, tmp_path):
    settings.AUDIT_ANCHOR = str(tmp_path / "anchor")
    later = {"generation": 0, "sequence": 10**6, "sha256": "f" * 64}
    (tmp_path / "anchor").write_text(json.dumps(later | {"latest_at": "2026-01-01T00:00:00+00:00"}))
    assert client.get("/readyz").json() == {"ready": False, "failing": ["records"]}


def test_without_a_token_there_are_no_metrics(client, db):
    assert configured.METRICS_TOKEN == ""
    for headers in ({}, BEARER, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}é"]
)
def test_without_the_right_token_the_metrics_are_closed(client, db, settings, value):
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"Authorization": value})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert b"foreview" not in response.content


def samples(client):
    """{(name, label): value} as a scraper reads them."""
    response = client.get("/metrics", headers=BEARER)
    assert response.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def test_the_metrics_are_the_databases(people, client, settings, start, move_clock):
    settings.METRICS_TOKEN = TOKEN
    submission = factories.filed(people)
    heartbeats.beat(heartbeats.ENDS, at=start)
    heartbeats.beat("worker:clock@one", at=start)
    heartbeats.beat("worker:mail@two", at=start - timedelta(hours=1))
    move_clock(start + timedelta(seconds=40))
    found = samples(client)
    assert found["foreview_seconds_since_sweep", "ends"] == 40
    assert ("foreview_seconds_since_sweep", "mail") not in found
    assert found["foreview_workers_alive",] == 1
    assert found["foreview_notices_unsent",] == submission.notices.count() > 0
    assert found["foreview_oldest_unsent_seconds",] == 40
    assert found["foreview_notices_sent_total",] == 0
    assert found["foreview_audit_sequence",] == audit.head().sequence
    assert found["foreview_gateways_failing",] == 0
    move_clock(submission.closes_at + timedelta(seconds=7))
    found = samples(client)
    assert found["foreview_ends_unrecorded",] == 1
    assert found["foreview_oldest_unrecorded_end_seconds",] == 7
    assert {name[1:] for name in found} == {(), ("ends",)}  # no worker, lab or reference


def test_a_scrape_costs_the_same_however_much_there_is(
    people, client, settings, start, django_assert_num_queries
):
    settings.METRICS_TOKEN = TOKEN
    client.get("/metrics", headers=BEARER)
    with django_assert_num_queries(8):
        client.get("/metrics", headers=BEARER)
    for number in range(3):
        factories.filed(people, "basalt" if number else "northlight")
        heartbeats.beat(f"worker:{number}", at=start)
    with django_assert_num_queries(8):
        client.get("/metrics", headers=BEARER)
