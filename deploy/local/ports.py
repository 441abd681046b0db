"""Ports on loopback: free ones, chosen at start, and for the demonstration remembered.

``run.py manage`` then speaks to the demonstration's own broker, never to another one that
happens to listen on the usual port.
"""

import json
import socket

from .commands import SetUpError, say
from .paths import VAR

USUAL = 8000
SERVERS = ("broker", "mail", "scanner")
_FILE = VAR / "ports.json"


def free():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port):
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def for_web(wanted):
    """The port asked for; or 8000, or the next that is free."""
    if wanted is not None:
        if not is_free(wanted):
            raise SetUpError(
                f"Port {wanted} is taken.\n  What to do: name another one with --port."
            )
        return wanted
    port = next(port for port in range(USUAL, 65536) if is_free(port))
    if port != USUAL:
        say(f"Port {USUAL} is taken; using {port}.")
    return port


def kept():
    """The demonstration's ports, as last chosen: ``web`` and one for each of the ``SERVERS``."""
    last = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    if not last.keys() >= set(SERVERS):
        keep(last.get("web", USUAL))
    return json.loads(_FILE.read_text())


def keep(web):
    """Choose the demonstration's ports, the same as last time where they are still free."""
    last = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    chosen = {"web": web}
    for name in SERVERS:
        chosen[name] = last[name] if name in last and is_free(last[name]) else free()
    _FILE.write_text(json.dumps(chosen))
