"""The portal's addresses, and beside them the pages that they are compared with."""

from django.urls import path

from portal.urls import (  # noqa: F401 - Django looks the handlers up here
    handler400,
    handler403,
    handler404,
    handler500,
    urlpatterns,
)
from tests.benchmarks import views

# Below this prefix the worker puts sessions and users before a view, and nothing else.
BARE = "bench/bare/"
urlpatterns = [
    path(f"{BARE}base/", views.base),
    path(f"{BARE}empty/", views.empty),
    path(f"{BARE}guardian/", views.guardian_defaults),
    path("bench/dress/", views.dress),
    *urlpatterns,
]
