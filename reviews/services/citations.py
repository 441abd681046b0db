"""References to a page of a document, as reviewers write them into their text.

``[[4f2a91c0 v2 p14]]`` is version 2, page 14 of the document whose key begins so. The text
holds no title: to whom a document is closed, a review that cites it tells nothing of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from reviews import policy
from reviews.models import DocumentVersion, Submission
from reviews.policy import Action

CITED = re.compile(r"\[\[([0-9a-f]{8}) v([1-9]\d{0,3})(?: p([1-9]\d{0,4}))?\]\]")


CLOSED = SafeString('<span class="fv-quiet">(a document that is not open to you)</span>')


@dataclass(frozen=True)
class Source:
    """What a reference leads to: its words, and the page that shows it."""

    words: str
    url: str


class Sources(dict[str, Source]):
    """By reference, what its reader may follow."""

    def linked(self, html: SafeString) -> SafeString:
        """The HTML with its references as links, or as words for what is closed to the reader.

        A reference is letters, digits and brackets, so that no formatting takes it apart.
        """
        return SafeString(CITED.sub(self._link, html))

    def _link(self, match: re.Match[str]) -> SafeString:
        source = self.get(match[0])
        if source is None:
            return CLOSED
        return format_html('<a class="usa-link" href="{}">{}</a>', source.url, source.words)


def reference(version: DocumentVersion, page: int | None = None) -> str:
    """How a review refers to the version, or to one page of it."""
    short = str(version.document.key)[:8]
    return f"[[{short} v{version.number}{f' p{page}' if page else ''}]]"


def sources(texts: Iterable[str], submission: Submission, *, reader: User, at: datetime) -> Sources:
    """By reference, those of the texts' references that ``reader`` may follow: one query."""
    cited = {match[0]: match for text in texts for match in CITED.finditer(text)}
    if not cited:
        return Sources()
    open_to_her = policy.allowed(reader, Action.VIEW_DOCUMENT, at=at).filter(submission=submission)
    versions = {
        (str(version.document.key)[:8], version.number): version
        for version in DocumentVersion.objects.filter(
            document__in=open_to_her.values("pk")
        ).select_related("document")
    }
    found = Sources()
    for written, match in cited.items():
        short, number, page = match.groups()
        version = versions.get((short, int(number)))
        if version is not None:
            found[written] = _source(version, int(page) if page else None)
    return found


def _source(version: DocumentVersion, page: int | None) -> Source:
    words = f"{version.document.title}, version {version.number}"
    where = {"key": version.document.key, "number": version.number, "page": page or 1}
    return Source(
        f"{words}, page {page}" if page else words,
        reverse("reviews:version-detail", kwargs=where),
    )


def unknown(text: str, known: Mapping[str, Source]) -> list[str]:
    """The references of the text that lead nowhere, as they are written."""
    return [match[0] for match in CITED.finditer(text) if match[0] not in known]
