"""Documents come in checked and hashed; a lab says who may know of each."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction

from accounts.models import Organization, User
from reviews import policy, uploads
from reviews.exceptions import (
    Conflict,
    FileRefused,
)
from reviews.models import Document, DocumentVersion, Submission, Upload
from reviews.services import attachments, downloads, receiving, room, rows, scanning

# SHA-256 and, where it was given, the name of the file that should have it.
Expected = Sequence[tuple[str, str | None]]


@dataclass(frozen=True)
class Facts:
    """What the lab says of a document besides its title."""

    kind: str
    designation: str
    restricted_to: Sequence[Organization] = ()


def add(
    submission: Submission,
    *,
    kind: str,
    title: str,
    designation: str,
    restricted_to: Iterable[Organization] = (),
    upload: "File[Any]",
    by: User,
    at: datetime,
) -> Document:
    """The document exists with its first version stored, which opens once it is scanned.

    Raises FileRefused when the file cannot be taken or is in this submission already.
    """
    facts = Facts(kind, designation, tuple(restricted_to))
    (document,) = add_all(submission, [(title, upload)], facts, by=by, at=at)
    return document


def add_all(
    submission: Submission,
    titled: Sequence[tuple[str, "File[Any]"]],
    facts: Facts,
    *,
    sent: Sequence[Upload] = (),
    expected: Expected = (),
    by: User,
    at: datetime,
) -> list[Document]:
    """A document for each file with its title, of which ``sent`` had arrived before; all or none.

    Raises FileRefused as ``add`` does, which names the file.
    """
    policy.check(by, policy.Action.ADD_DOCUMENT, submission, at=at)
    _require_new(submission, sent)
    with ExitStack() as stored:
        versions = [stored.enter_context(_received(file, by)) for _, file in titled]
        _require_expected(versions, expected)
        stored.enter_context(transaction.atomic())
        submission, _, at = rows.begin(submission, policy.Action.ADD_DOCUMENT, by=by, at=at)
        receiving.take(sent, submission)
        return [
            _added(submission, title, facts, version, by=by, at=at)
            for (title, _), version in zip(titled, versions, strict=True)
        ]


def _added(
    submission: Submission,
    title: str,
    facts: Facts,
    version: DocumentVersion,
    *,
    by: User,
    at: datetime,
) -> Document:
    document = Document.objects.create(
        submission=submission,
        kind=facts.kind,
        title=title,
        designation=facts.designation,
        created_at=at,
        created_by=by,
    )
    _restrict(document, facts.restricted_to)
    _keep(version, document, by=by, at=at)
    return document


def add_version(
    document: Document,
    *,
    upload: "File[Any]",
    sent: Sequence[Upload] = (),
    expected: Expected = (),
    by: User,
    at: datetime,
) -> DocumentVersion:
    """A newer version stands beside the old ones. Raises FileRefused as ``add`` does."""
    policy.check(by, policy.Action.MANAGE_DOCUMENT, document, at=at)
    with _received(upload, by) as version, transaction.atomic():
        _require_expected([version], expected)
        submission, document, at = rows.begin(document, policy.Action.MANAGE_DOCUMENT, by=by, at=at)
        receiving.take(sent, submission)
        _keep(version, document, by=by, at=at)
    return version


@transaction.atomic
def restrict(
    document: Document, *, restricted_to: Iterable[Organization], by: User, at: datetime
) -> None:
    """Only these agencies may open or know of the document; none given means all attached."""
    _, document, at = rows.begin(document, policy.Action.MANAGE_DOCUMENT, by=by, at=at)
    chosen = list(restricted_to)
    _restrict(document, chosen)
    rows.record(
        "document.restricted",
        document,
        by=by,
        for_=document.submission.lab,
        at=at,
        agencies=sorted(agency.code for agency in chosen),
    )


@contextmanager
def _received(upload: "File[Any]", by: User) -> Iterator[DocumentVersion]:
    """The upload as an unsaved version, checked, hashed and stored; a worker scans it.

    All this before any row is locked: a large file must not make an agency's filing wait
    past the end. The bytes are gone again if what follows fails.
    """
    name = uploads.display_name(upload.name or "")
    found = uploads.inspect(upload, name)
    verdict = scanning.before()
    version = DocumentVersion(
        file_name=name,
        content_type=found.content_type,
        warnings=",".join(found.notes),
        size=upload.size,
        sha256=getattr(upload, "sha256", "") or downloads.sha256_of(upload),
        uploaded_by=by,
        scan_state=verdict.state,
        scan_note=verdict.note,
    )
    storage = storages["documents"]
    try:
        storage.save(version.storage_name, upload)
        yield version
    except BaseException:
        storage.delete(version.storage_name)
        raise


def _require_new(submission: Submission, sent: Sequence[Upload]) -> None:
    """Nothing, when no two of them are the same file: known before hours are spent on checks."""
    hashes = [upload.sha256 for upload in sent]
    for upload in sent:
        if hashes.count(upload.sha256) > 1:
            raise FileRefused(
                f"“{upload.file_name}” was sent twice. Tick it once, and remove the other.",
                status=409,
            )


def _keep(version: DocumentVersion, document: Document, *, by: User, at: datetime) -> None:
    twin = (
        DocumentVersion.objects.filter(
            document__submission=document.submission_id, sha256=version.sha256
        )
        .select_related("document")
        .first()
    )
    if twin is not None:
        raise FileRefused(
            f"This file is already in the submission as “{twin.document.title}”, version "
            f"{twin.number}. Choose another file.",
            status=409,
        )
    room.require(document.submission, version.size)
    version.document = document
    version.number = document.versions.count() + 1
    version.uploaded_at = at
    version.save()
    rows.record(
        "document.added",
        document,
        by=by,
        for_=document.submission.lab,
        at=at,
        version=version.number,
        sha256=version.sha256,
        size=version.size,
    )


def _require_expected(versions: Sequence[DocumentVersion], expected: Expected) -> None:
    """Nothing, when each expected SHA-256 is that of the file of its name, or of any file."""
    for sha256, name in expected:
        named = uploads.display_name(name) if name else ""
        meant = [one for one in versions if not named or one.file_name == named]
        if not meant:
            raise FileRefused(f"You expect “{named}”, which is not among the files.", status=422)
        if all(one.sha256 != sha256 for one in meant):
            differs = " and ".join(f"“{one.file_name}” has {one.sha256}" for one in meant)
            raise FileRefused(
                f"You expect the SHA-256 {sha256}, and {differs}. Nothing was added. Send the "
                "file again, or correct what you expect.",
                status=422,
            )


def _restrict(document: Document, organizations: Iterable[Organization]) -> None:
    chosen = {organization.pk for organization in organizations}
    agencies = attachments.possible_readers()
    if not chosen <= {agency.pk for agency in agencies}:
        raise Conflict("A document can be restricted to agencies only.")
    document.restricted_to.set(chosen)
