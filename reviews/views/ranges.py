"""Part of a file, as a browser asks for it that goes on with a download (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class NotSatisfiable(Exception):
    """No byte that is asked for exists."""


@dataclass(frozen=True)
class Part:
    """The bytes from ``start`` to before ``end`` of ``size``."""

    start: int
    end: int
    size: int

    @property
    def length(self):
        return self.end - self.start

    @property
    def content_range(self):
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def asked_for(request, size, tag):
    """The part that the request names, None for the whole file. Raises NotSatisfiable.

    Several ranges at once, and one that is no range, are answered with the whole, as is one of
    a file that the asker had under another ``tag``.
    """
    found = ONE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or found.groups() == ("", ""):
        return None
    if request.headers.get("If-Range", tag) != tag:
        return None
    first, last = found.groups()
    if not first:  # so many from the end
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise NotSatisfiable
    return Part(start, end, size)
