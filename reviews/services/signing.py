"""What labs' gateways can trust: Ed25519 signatures, and the public keys that verify them.

Webhooks are signed as Standard Webhooks has it (``v1a``), documents as JSON Web Signatures
(RFC 7515, RFC 8037). The first key signs documents; every key signs webhooks, so that a
receiver that knows only the old or only the new one goes on.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

DOCUMENT = "foreview-grants+jws"


@dataclass(frozen=True)
class Key:
    """One pair of keys; ``kid`` is its public half's thumbprint (RFC 7638)."""

    private: Ed25519PrivateKey

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as RFC 8037 writes it, without its name."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}

    @property
    def kid(self) -> str:
        return _base64url(hashlib.sha256(_json(self.jwk)).digest())


@cache
def _key(text: str) -> Key:
    return Key(Ed25519PrivateKey.from_private_bytes(base64.b64decode(text)))


def keys() -> list[Key]:
    """The keys in use, the one that signs documents first."""
    return [_key(text) for text in settings.GATEWAY_SIGNING_KEYS]


def public_keys() -> dict[str, Any]:
    """The set of public keys (RFC 7517)."""
    return {"keys": [key.jwk | {"kid": key.kid, "alg": "EdDSA", "use": "sig"} for key in keys()]}


def document(payload: dict[str, Any]) -> str:
    """``payload`` as a compact JSON Web Signature."""
    key = keys()[0]
    header = {"alg": "EdDSA", "kid": key.kid, "typ": DOCUMENT}
    signed = f"{_base64url(_json(header))}.{_base64url(_json(payload))}"
    return f"{signed}.{_base64url(key.private.sign(signed.encode()))}"


def webhook(name: str, payload: dict[str, Any], *, at: datetime) -> tuple[dict[str, str], bytes]:
    """(headers, body) of the message ``name`` as it leaves at ``at``.

    The name and the body are the same however often it is tried; the rest says when it left.
    """
    body = _json(payload)
    sent = str(int(at.timestamp()))
    signed = b".".join((name.encode(), sent.encode(), body))
    signatures = (base64.b64encode(key.private.sign(signed)).decode() for key in keys())
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": sent,
        "webhook-signature": " ".join(f"v1a,{signature}" for signature in signatures),
    }, body


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
