"""``python -m tests.faults.gateway_door FOLDER PORT``: a lab's receiver, which fails as scripted.

Behind it stands the receiver of the documentation. A trigger of its database counts what took
effect; what arrives, and what is to go wrong with it, is in tables beside.
"""

import os
import signal
import sqlite3
import ssl
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from docs import gateway_receiver as reference

STALL = 4.0  # seconds; beyond the portal's patience here
EFFECTS = """
CREATE TABLE IF NOT EXISTS effects (key TEXT, sequence INTEGER);
CREATE TRIGGER IF NOT EXISTS first AFTER INSERT ON grants
BEGIN INSERT INTO effects VALUES (new.key, new.sequence); END;
CREATE TRIGGER IF NOT EXISTS later AFTER UPDATE ON grants
BEGIN INSERT INTO effects VALUES (new.key, new.sequence); END;
"""
SCRIPT = """
CREATE TABLE IF NOT EXISTS script (id INTEGER PRIMARY KEY, act TEXT, done INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS arrived (id TEXT, sent TEXT, signature TEXT, body BLOB);
"""
NEXT = """UPDATE script SET done = 1
WHERE id = (SELECT min(id) FROM script WHERE NOT done) RETURNING act"""


def receiver(gateway: str, folder: Path, jwks: dict) -> "reference.Receiver":
    """The documentation's, on the folder's state, with its effects counted."""
    made = reference.Receiver(gateway, folder / "state.sqlite3", jwks)
    made.db.executescript(EFFECTS)
    return made


def script(folder: Path) -> sqlite3.Connection:
    """What is to go wrong, and what arrived."""
    tables = sqlite3.connect(folder / "script.sqlite3", timeout=10, isolation_level=None)
    tables.executescript(SCRIPT)
    return tables


class Door(BaseHTTPRequestHandler):
    """Takes a message, and before or after that does what the script has for it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        tables = script(self.server.folder)
        act = "" if self.headers["x-adversary"] else next(iter(tables.execute(NEXT)), ("",))[0]
        if self._fails(act.removesuffix("-after"), before=not act.endswith("-after")):
            return
        status = 204
        try:
            taken = receiver(self.server.gateway, self.server.folder, self.server.jwks)
            taken.take(self.headers, body, datetime.now(UTC).timestamp())
        except (ValueError, KeyError, TypeError):
            status = 400
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        if status == 204 and not self.headers["x-adversary"]:
            arrived = (*(self.headers[name] for name in names), body)
            tables.execute("INSERT INTO arrived VALUES (?, ?, ?, ?)", arrived)
        if self._fails(act.removesuffix("-after"), before=not act.endswith("-after"), late=True):
            return
        self._answer(status)

    def _fails(self, act, *, before, late=False):
        """Whether nothing more is to be done for this message."""
        if not act or before == late:
            return False
        if act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if act == "kill-sender":
            os.kill(self._sender(), signal.SIGKILL)
        if act == "stall":
            time.sleep(STALL)
        if act.isdigit():
            self._answer(int(act))
        self.close_connection = True
        return True

    def _answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        if status == 302:
            self.send_header("location", "https://127.0.0.1:1/")
        self.end_headers()

    def _sender(self):
        port = self.client_address[1]
        for one in psutil.net_connections("tcp"):
            if one.laddr and one.laddr.port == port and one.pid:
                return one.pid
        raise LookupError(f"Nobody holds port {port}.")

    def log_message(self, *_):
        """Nothing: the table says what arrived."""


def main(folder: Path, port: int) -> None:
    """Serve until killed."""
    import json

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    server.folder = folder
    server.gateway = (folder / "gateway").read_text()
    server.jwks = json.loads((folder / "jwks.json").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
