"""A lab's gateway in miniature: what it must check, and in which order. See docs/gateway.md.

python3 gateway_receiver.py GATEWAY STATE.sqlite3 PORT < jwks.json    (behind what ends TLS)
"""

import base64
import json
import sqlite3
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLERANCE = 300  # seconds
TABLES = """
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS grants (key TEXT PRIMARY KEY, sequence INTEGER, facts TEXT);
"""
REMEMBER = "INSERT OR IGNORE INTO seen VALUES (?)"
NEWER = """INSERT INTO grants VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE
SET sequence = excluded.sequence, facts = excluded.facts WHERE excluded.sequence > sequence"""


class Receiver:
    """What the portal told this ``gateway`` of each grant last, kept in one file."""

    def __init__(self, gateway, path, jwks):
        self.gateway = gateway
        decoded = (base64.urlsafe_b64decode(key["x"] + "==") for key in jwks["keys"])
        self.keys = [Ed25519PublicKey.from_public_bytes(raw) for raw in decoded]
        self.db = sqlite3.connect(path, timeout=10)
        self.db.executescript(TABLES)

    def verify(self, headers, body, now):
        """Raises ValueError unless the portal signed it and sent it within five minutes."""
        if abs(now - int(headers["webhook-timestamp"])) > TOLERANCE:
            raise ValueError("The timestamp is too far from this clock.")
        signed = ".".join((headers["webhook-id"], headers["webhook-timestamp"], "")).encode() + body
        for signature in headers["webhook-signature"].split():
            for key in self.keys if signature.startswith("v1a,") else ():
                try:
                    return key.verify(base64.b64decode(signature[4:]), signed)
                except InvalidSignature:
                    continue
        raise ValueError("No signature of the portal's.")

    def take(self, headers, body, now):
        """Whether it changed what is enforced: not if it came before, nor if a newer one did."""
        self.verify(headers, body, now)
        data = json.loads(body)["data"]
        if data["gateway"] != self.gateway:
            raise ValueError("It was meant for another gateway.")
        with self.db:  # one transaction: the name is remembered with the effect, or neither
            new = self.db.execute(REMEMBER, [headers["webhook-id"]]).rowcount
            row = (data["grant"], data["sequence"], json.dumps(data))
            return bool(new and self.db.execute(NEWER, row).rowcount)

    def lets_in(self, grant, email, now):
        """Whether that person may use the model by the grant: by this clock, too."""
        row = self.db.execute("SELECT facts FROM grants WHERE key = ?", [grant]).fetchone()
        facts = json.loads(row[0]) if row else {"state": "unknown"}
        until = facts["state"] == "active" and facts["users"].get(email)
        return bool(until) and now < datetime.fromisoformat(until)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            self.server.receiver.take(self.headers, body, datetime.now(UTC).timestamp())
            self.send_response(204)
        except (ValueError, KeyError, TypeError):
            self.send_response(400)
        self.end_headers()


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler)
    server.receiver = Receiver(*sys.argv[1:3], json.load(sys.stdin))
    server.serve_forever()
