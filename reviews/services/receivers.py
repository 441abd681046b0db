"""Speaking to an address that a stranger named: what is asked, of whom, and for how long.

HTTPS only, to an address that is public whatever the name resolves to at that moment; the
connection goes to the address that was looked at. No redirect is followed, nothing of the
answer is read but its status, and one deadline bounds it all.
"""

import ipaddress
import socket
import ssl
import time
from contextlib import suppress
from http.client import HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import urlsplit

from django.conf import settings

DEADLINE = settings.GATEWAY_TIMEOUT_SECONDS  # for all that a receiver does
# Public by their own range or an outdated one, and a way to an address that may not be.
TRANSLATED = [
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
]


class NotTaken(Exception):
    """The receiver did not take the message, or could not be asked; ``str`` says why."""


class Unreached(NotTaken):
    """Nobody answered there, so any other message would meet the same."""


class Gone(NotTaken):
    """The receiver says that it is gone for good."""


def refusal(url: str) -> str:
    """Why nothing may be sent to ``url``, by its text alone; empty when something may."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is not an address."
    if parts.scheme != "https" or not host:
        return "The address must begin with https:// and name a host."
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "The address must have no user name, password or fragment."
    if not url.isascii() or not url.isprintable() or " " in url:
        return "The address must be plain ASCII without spaces; write others with percent signs."
    if host in settings.GATEWAY_ALLOWED_HOSTS:
        return ""
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        local = "." not in host or host.endswith((".localhost", ".local", ".internal"))
        return "The host must have a public name." if local else ""
    return "" if _public(literal) else "The address must be public."


def post(url: str, headers: dict[str, str], body: bytes) -> None:
    """The receiver has taken the message: it answered with 2xx in time.

    Raises Unreached without an answer, Gone for 410, and NotTaken for any other.
    """
    if why := refusal(url):
        raise Unreached(why)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    trust = ssl.create_default_context()
    # With its port given, a literal IPv6 address is not taken for a host and a port.
    port, deadline = parts.port or 443, time.monotonic() + DEADLINE
    connection = HTTPSConnection(parts.hostname or "", port, timeout=DEADLINE, context=trust)
    cut = Timer(DEADLINE, _cut, [connection])
    cut.daemon = True
    cut.start()
    try:
        _connect(connection, trust, deadline)
        connection.request("POST", path, body, {"user-agent": "Foreview", **headers})
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as failure:
        raise Unreached(f"{type(failure).__name__}: {failure}") from failure
    finally:
        cut.cancel()
        connection.close()
    if status == 410:
        raise Gone("The receiver answered 410: it is gone.")
    if not 200 <= status < 300:
        raise NotTaken(f"The receiver answered {status}.")


def _connect(connection: HTTPSConnection, trust: ssl.SSLContext, deadline: float) -> None:
    """It is connected to the address that was looked at, which no second look-up can change.

    Raises TimeoutError once the monotonic clock has passed ``deadline``: what cuts a
    conversation off found none yet.
    """
    host, port = connection.host, connection.port
    plain = socket.create_connection((_address(host, port), port), timeout=DEADLINE)
    connection.sock = trust.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    if time.monotonic() >= deadline:
        raise TimeoutError("connecting took too long")
    connection.sock.do_handshake()


def _cut(connection: HTTPSConnection) -> None:
    """Whoever waits for the other end finds that it has gone, however slowly it was answering."""
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _address(host: str, port: int) -> str:
    """An address of ``host``. Raises Unreached when any of them is not public."""
    found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    allowed = host in settings.GATEWAY_ALLOWED_HOSTS
    if not allowed and not all(_public(ipaddress.ip_address(text)) for text in found):
        raise Unreached("The name resolves to an address that is not public.")
    return str(found[0])


def _public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return _public(mapped)
    translated = any(address in network for network in TRANSLATED)
    return address.is_global and not address.is_multicast and not translated
