"""The deployment checks: silent in production, and in words everywhere else."""

import base64
import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.conf import settings as real_settings
from django.core import checks

from portal.checks import (
    front_end_files,
    production,
    real_clock,
    scanned_documents,
    server_database,
)
from reviews import clock

NOT_IN_PRODUCTION = {"FOREVIEW_TEST", "DJANGO_ALLOW_ASYNC_UNSAFE"}


@pytest.fixture
def in_production(settings):
    """Settings as production has them, in what the checks read."""
    settings.PRODUCTION = True
    settings.SQLITE = False
    settings.UNSCANNED_DOCUMENTS_OPEN = False
    return settings


@pytest.fixture(autouse=True)
def real_time(held_clock):
    held_clock.release()


def test_production_is_told_nothing(in_production):
    for check in (production, server_database, scanned_documents, real_clock):
        assert check(None) == []


@pytest.mark.parametrize(
    ("check", "name", "value", "code"),
    [
        (production, "PRODUCTION", False, "foreview.E001"),
        (server_database, "SQLITE", True, "foreview.E002"),
        (scanned_documents, "UNSCANNED_DOCUMENTS_OPEN", True, "foreview.E003"),
    ],
)
def test_each_thing_that_production_must_not_be(in_production, check, name, value, code):
    setattr(in_production, name, value)
    (found,) = check(None)
    assert (found.id, found.level) == (code, checks.ERROR)
    assert found.hint


def test_a_held_clock_stops_production_only(in_production):
    with clock.rehearsal(datetime(2026, 10, 20, tzinfo=UTC)):
        assert [found.id for found in real_clock(None)] == ["foreview.E004"]
        in_production.PRODUCTION = False
        assert real_clock(None) == []


def test_missing_front_end_files_are_told(in_production, tmp_path):
    in_production.VAR_DIR = tmp_path
    (found,) = front_end_files(None)
    assert (found.id, found.level) == ("foreview.E005", checks.ERROR)
    assert "run.py assets" in found.hint
    (tmp_path / "vendor" / "uswds").mkdir(parents=True)
    assert front_end_files(None) == []


def test_the_checks_are_registered():
    found = checks.registry.registry.get_checks(include_deployment_checks=True)
    deployment = {production, server_database, scanned_documents, front_end_files}
    assert deployment | {real_clock} <= set(found)
    assert real_clock in checks.registry.registry.get_checks()


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({}, True),
        ({"DATABASE_URL": ""}, False),
        ({"DEMONSTRATION": "1", "DATABASE_URL": "", "ALLOWED_HOSTS": "127.0.0.1"}, False),
    ],
)
def test_check_deploy_is_silent_in_production_and_there_alone(tmp_path, changes, silent):
    (tmp_path / "vendor" / "uswds").mkdir(parents=True)
    asked = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "foreview.example",
        "SITE_URL": "https://foreview.example",
        "GATEWAY_SIGNING_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": "postgres://user@127.0.0.1:1/foreview",
        "VAR_DIR": str(tmp_path),
    } | changes
    env = {name: value for name, value in os.environ.items() if name not in NOT_IN_PRODUCTION}
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={name: value for name, value in (env | asked).items() if value},
        cwd=real_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode == 0) == silent, run.stderr
    if silent:
        assert run.stderr == ""
        assert "no issues" in run.stdout
    else:
        assert "foreview.E002" in run.stderr


@pytest.mark.parametrize("keys", ["", "short", "AAAA", f"{'A' * 43}=,AAAA"])
def test_production_starts_with_signing_keys_alone(tmp_path, keys):
    env = {name: value for name, value in os.environ.items() if name not in NOT_IN_PRODUCTION}
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=env
        | {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "SITE_URL": "https://foreview.example",
            "VAR_DIR": str(tmp_path),
            "GATEWAY_SIGNING_KEYS": keys,
        },
        cwd=real_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "GATEWAY_SIGNING_KEYS" in run.stderr.splitlines()[-1]
