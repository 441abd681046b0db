"""What waits for a person: a task, and the order in which tasks are shown."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString

from portal.templatetags.foreview import instant_html
from reviews import policy
from reviews.models import Submission

SHOWN = 8
OF_A_KIND = 5  # of submissions that wait for the same


@dataclass(frozen=True)
class Task:
    """Something that waits, where to do it, and when its time ends.

    ``due`` is the instant by which it is put in order; None when no time of its own ends.
    """

    text: str
    url: str
    detail: str = ""
    when: str = ""
    due: datetime | None = None


@dataclass(frozen=True)
class SubmissionTask:
    """The same about a submission, whose model and lab are named when all tasks are known."""

    text: str
    url: str
    submission: Submission
    when: str = ""
    due: datetime | None = None

    @property
    def detail(self):
        """Which model of which lab, and the reference."""
        submission = self.submission
        return f"{submission.lab.short_name} {submission.model_version}, {submission.reference}"


def in_order(tasks):
    """What ends first comes first, then what has no end, each else in the order given."""
    timed = sorted((task for task in tasks if task.due), key=lambda task: task.due)
    return [*timed, *(task for task in tasks if not task.due)]


def said(words, instant):
    """The words before an instant, as ``when`` of a task."""
    return SafeString(f"{words} {instant_html(instant)}")


def open_to(request, action):
    """The submissions on which the person may do it, what ends first in front."""
    return (
        policy.allowed(request.user, action, at=request.at)
        .only("reference", "closes_at", "model_version")
        .order_by("review_ends_at", "reference")
    )


def submission_tasks(text, name, submissions, due=None):
    """One for each of the first few; ``due`` gives (words, instant), else the window's end."""
    tasks = []
    for submission in submissions[:OF_A_KIND]:
        words, instant = due(submission) if due else ("Window ends", submission.closes_at)
        tasks.append(
            SubmissionTask(
                text,
                reverse(name, args=[submission.reference]),
                submission,
                said(words, instant) if instant else "",
                instant,
            )
        )
    return tasks
