"""A lab's receiver for tests: the reference one of the documentation, behind a scripted door."""

import base64
import json

from docs import gateway_receiver as reference
from reviews.services import gateways, signing
from tests import factories

URL = "https://gateway.northlight.example/hooks"


def receiver(gateway, path=":memory:"):
    """The documentation's receiver as that gateway, which trusts the portal's present keys."""
    return reference.Receiver(str(gateway.key), path, signing.public_keys())


def added(people, at, lab="northlight", url=URL):
    """(a gateway of the lab, its token)."""
    liaison = factories.liaison(people, lab)
    return gateways.add(factories.organization(lab), name="Gateway", url=url, by=liaison, at=at)


class Door:
    """Stands for the network: ``taken`` are the messages, ``failure`` is raised while it is set."""

    def __init__(self, monkeypatch):
        self.taken, self.failure = [], None
        monkeypatch.setattr("reviews.services.receivers.post", self._post)

    def _post(self, url, headers, body):
        if self.failure is not None:
            raise self.failure
        self.taken.append((url, headers, body))

    def said(self):
        """(type, sequence, state) of each message."""
        bodies = [json.loads(body) for _, _, body in self.taken]
        return [(b["type"], b["data"]["sequence"], b["data"]["state"]) for b in bodies]


def opened(document, keys=None):
    """The payload of a JSON Web Signature, once its signature was verified."""
    head, payload, signature = document.split(".")
    header = json.loads(_bytes(head))
    (key,) = (k for k in (keys or signing.public_keys())["keys"] if k["kid"] == header["kid"])
    public = reference.Ed25519PublicKey.from_public_bytes(_bytes(key["x"]))
    public.verify(_bytes(signature), f"{head}.{payload}".encode())
    assert header["alg"] == "EdDSA"
    return json.loads(_bytes(payload))


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
