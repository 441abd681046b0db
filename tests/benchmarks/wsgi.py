"""The portal's application, and for the bare addresses the same with two middlewares."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test.utils import override_settings

from portal.wsgi import application as portal
from tests.benchmarks.urls import BARE

# A handler reads the list of middlewares once, when it is made.
with override_settings(MIDDLEWARE=settings.BARE_MIDDLEWARE):
    bare = WSGIHandler()


def application(environ, start_response):
    """Answer from the stack that the address belongs to."""
    handler = bare if environ["PATH_INFO"].startswith(f"/{BARE}") else portal
    return handler(environ, start_response)
