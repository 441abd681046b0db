"""No line of the application's log has an address that opens something for whoever has it."""

import io
import logging
import logging.config
import subprocess
import sys

import pytest
from django.conf import settings
from django.urls import reverse

from portal.logs import without_tokens

TOKEN = "tQ9-_x:AbC=="
FEED = reverse("reviews:feed-download", args=[TOKEN])
MUTE = reverse("reviews:topic-mute", args=[TOKEN])
GRANTS = reverse("reviews:gateway-download", args=[TOKEN])


@pytest.fixture
def log():
    """What the handler of the settings writes; logging is then again as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    logging.config.dictConfig(settings.LOGGING)
    (handler,) = root.handlers
    handler.setStream(written := io.StringIO())
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("path", [FEED, MUTE, GRANTS])
@pytest.mark.parametrize("name", ["django.request", "django.security.csrf", "gunicorn.access"])
def test_a_path_with_a_token_is_logged_without_it(log, path, name):
    logger = logging.getLogger(name)
    logger.warning("Not Found: %s", path)
    logger.warning("Forbidden (CSRF cookie not set.): " + path)
    logger.warning('"%(r)s" 404', {"r": f"GET {path.replace('/', '%2F')} HTTP/1.1"})
    try:
        raise LookupError(path)
    except LookupError:
        logger.exception("Internal Server Error")
    assert log.getvalue().count("[token]") == 4
    assert "tQ9" not in log.getvalue()


@pytest.mark.parametrize(
    "path", ["/submissions/FV-2026-0001/", "/calendar/feed/", "/notices/?after=x", "/calendar/"]
)
def test_other_paths_are_whole(log, path):
    logging.getLogger("django.request").warning("Not Found: %s", path)
    assert log.getvalue().endswith(f"Not Found: {path}\n")
    assert without_tokens(path) == path


def test_a_page_that_is_not_there_is_logged_without_its_token(db, client, log):
    assert client.get(MUTE).status_code == 404
    assert client.post(FEED).status_code == 405
    assert "Not Found: /notices/mute/[token]/" in log.getvalue()
    assert "tQ9" not in log.getvalue()


WEB_SERVER = f"""
from gunicorn.config import Config
from gunicorn.glogging import Logger
settings = Config()
settings.set("accesslog", "-")
logger = Logger(settings)
import portal.wsgi
logger.exception("Error handling request %s", {FEED!r})
logger.access_log.info("%(r)s", {{"r": "GET {MUTE} HTTP/1.1"}})
"""


def test_the_web_servers_own_lines_go_the_same_way():
    """It has handlers already when one of its processes loads the portal."""
    ran = subprocess.run(  # noqa: S603 - this file's own text
        [sys.executable, "-c", WEB_SERVER],
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        check=True,
    )
    assert ran.stderr.count("[token]") == 2
    assert "tQ9" not in ran.stdout + ran.stderr
