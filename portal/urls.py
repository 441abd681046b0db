"""Every address of the portal."""

from django.conf import settings
from django.urls import include, path

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("reviews.urls")),
    path("", include("portal.health")),
]
if settings.DEMONSTRATION:
    urlpatterns.append(path("demo/", include("portal.demo")))
