"""Failing closed: without its database the portal serves nothing, and says so in its own dress.

Whatever a request was doing when the database failed has rolled back, or was committed before;
Django's own handling ends there with a bare error, wherever in a request it happened.
"""

import logging

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpResponse
from django.template.loader import render_to_string

from portal import context

# Refused or lost connections, too many of them, a full disk, a shutdown, a lock that took too
# long (SQLSTATE classes 08, 53, 55, 57 and 58) are OperationalError in psycopg; a server that
# became a read-only standby, or found its files damaged (25 and XX), InternalError. What must go
# on in any case catches django.db.Error, which is these and every other failure of a database.
OUTAGES = (OperationalError, InterfaceError, InternalError)
RETRY_SECONDS = 30

log = logging.getLogger(__name__)


def is_outage(error):
    """Whether the database, and not the portal, is why the request failed."""
    return isinstance(error, OUTAGES)


def page(error=None):
    """The page that renders without a request, a person or a database: 503, try again."""
    if error is not None:
        log.critical("The database failed: %s: %s", type(error).__name__, first_line(error))
    return HttpResponse(
        render_to_string("503.html", context.chrome(None)),
        status=503,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def first_line(error):
    """What failed, without the statement or the values that a driver may add below it."""
    return str(error).partition("\n")[0][:200]
