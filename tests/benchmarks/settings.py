"""The portal's settings, with the benchmark's own pages beside the portal's."""

from pathlib import Path

from portal.settings import *  # noqa: F403
from portal.settings import AUTHENTICATION_BACKENDS, INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks"]
TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")
# Guardian's check of one row is reached through its backend; the portal has no use for it.
AUTHENTICATION_BACKENDS = [*AUTHENTICATION_BACKENDS, "guardian.backends.ObjectPermissionBackend"]
COUNT = "tests.benchmarks.counting.count_queries"
MIDDLEWARE = [COUNT, *MIDDLEWARE]
# What the base has in front of it: Django's session and user look-up, and nothing else.
BARE_MIDDLEWARE = [
    COUNT,
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "tests.benchmarks.urls"
