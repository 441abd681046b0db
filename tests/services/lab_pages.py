"""What tests of the lab's pages share: addresses, what is typed, and how answers are read."""

from django.urls import reverse

from reviews.models import Submission
from tests import factories

SHA256 = factories.sha256("pages")
VERSION = {"family": "Aurora", "version": "4.1", "checkpoint_sha256": SHA256}
IDENTITY = {"kind": "early_access", **VERSION, "lab_tracking_id": "NL-204"}
FILING = {"certified": "on", "certifier_title": "Head of policy"}
DOCUMENT = {
    "kind": "risk_assessment",
    "title": "Assessment of September",
    "designation": "trade_secret",
    "audience": "all",
}


def url(name, *args):
    """The address of a page of reviews."""
    return reverse(f"reviews:{name}", args=args)


def edit_url(submission, step):
    """Where one step of a draft is edited."""
    return url("submission-edit", submission.reference, step)


def file_url(submission):
    """Where a draft is checked and filed."""
    return url("submission-file", submission.reference)


def add_url(submission):
    """Where a document is added."""
    return url("document-add", submission.reference)


def date_parts(name, *typed):
    """What a browser sends for a month, a day, a year and a time; those left out are blank."""
    values = [*typed, "", "", "", ""]
    return {f"{name}_{part}": values[i] for i, part in enumerate(("month", "day", "year", "time"))}


def codes(*names):
    """What a browser sends for ticked agencies."""
    return [factories.organization(name).pk for name in names]


def text_of(response):
    """The page with every run of white space as one space."""
    return " ".join(response.content.decode().split())


def taken(response):
    """The status, after whatever the answer streams was read to its end."""
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


def stored(document_store):
    """The files that the document storage has."""
    return [path for path in document_store.rglob("*") if path.is_file()]


def fresh(submission):
    """The submission as it is saved now."""
    return Submission.objects.select_related("model_version", "package").get(pk=submission.pk)
