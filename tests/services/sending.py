"""What a script does that sends a file in parts, and what it sends."""

import base64
import random

from accounts.models import AuditEvent
from reviews.models import Upload
from tests.services.lab_pages import url

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"
SEED = 14409


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def begin(client, submission, size, name="log.txt", modified="1"):
    """The answer to a script that wants to send a file."""
    facts = f"filename {encoded(name)},modified {encoded(modified)}"
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": facts}
    return client.post(url("upload-add", submission.reference), headers=headers)


def send(client, address, content, offset=0, **changes):
    headers = TUS | {"Upload-Offset": str(offset)} | changes
    return client.generic("PATCH", address, content, content_type=BYTES, headers=headers)


def sent(client, submission, content, name="log.txt"):
    """The upload, all of which has arrived."""
    address = begin(client, submission, len(content), name)["Location"]
    assert send(client, address, content).status_code == 204
    return Upload.objects.get(key=address.split("/")[-2])


def text(length, seed=SEED):
    chance = random.Random(seed)
    return bytes(chance.choice(b"abcdefgh \n") for _ in range(length))


def bytes_of(upload):
    """The files beside the upload's, without those that say who writes."""
    paths = upload.path.parent.iterdir()
    return sorted(path for path in paths if not path.name.endswith("-writer"))


def events(action):
    return AuditEvent.objects.filter(action=action)
