"""Access that is revoked during a visit: the visitor's next request fails on every web process."""

import os
import statistics
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from django.db import connection

from deploy.local import ports
from deploy.local.supervisor import Supervisor
from tests import factories
from tests import people as people_module
from tests.benchmarks.people import cookies
from tests.faults.browser import HERE, Browser, listens

pytestmark = pytest.mark.postgresql
ROUNDS = 12


@pytest.fixture
def web(committed, tmp_path):
    """The ports of two web processes on this test's own database."""
    url = urlsplit(os.environ["DATABASE_URL"])
    url = url._replace(path=f"/{connection.settings_dict['NAME']}")
    env = os.environ | {"DATABASE_URL": url.geturl()}
    with Supervisor(tmp_path) as supervisor:
        found = [ports.free() for _ in range(2)]
        for number, port in enumerate(found):
            supervisor.start(
                f"web{number}",
                [
                    *(sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HERE}:{port}"),
                    "--no-control-socket",
                ],
                env=env,
            )
        for port in found:
            supervisor.wait_until("A web process", lambda port=port: listens(port))
        yield found


def test_the_next_request_fails_on_either_process(web, held_clock, capsys):
    held_clock.move(datetime.now(UTC))
    people = people_module.create(held_clock.at)
    submission = factories.filed(people)
    found = cookies(vars(people), "nsa_reviewer", "northlight_liaison")
    sessions = {code: cookie.partition("=")[2] for code, cookie in found.items()}
    took = []
    for number in range(ROUNDS):
        held_clock.move(datetime.now(UTC))
        grant = factories.grant(submission, people)
        here, there = web[number % 2], web[1 - number % 2]
        visitor = Browser(here, sessions["nsa_reviewer"])
        lab = Browser(there, sessions["northlight_liaison"])
        for browser in (visitor, lab):
            browser.open_form("/profile/")
        page = f"/access/{grant.key}/"
        assert visitor.ask("POST", f"{page}use/", {})[0] == 200
        clicked = time.perf_counter()
        assert lab.ask("POST", f"{page}revoke/", {})[0] == 302
        answered = time.perf_counter()
        status, _, text = visitor.ask("POST", f"{page}use/", {})
        refused = time.perf_counter()
        assert (number, status) == (number, 403)
        assert "The lab revoked it" in text
        took.append((refused - clicked, refused - answered))
    whole, after = (statistics.median(times) * 1000 for times in zip(*took, strict=True))
    slowest = max(times[0] for times in took) * 1000
    with capsys.disabled():
        print(
            f"\nrevoked during {ROUNDS} visits on two web processes: the next request was refused "
            f"every time, {whole:.0f} ms after the click (median; slowest {slowest:.0f} ms), of "
            f"which the refusal took {after:.0f} ms"
        )
