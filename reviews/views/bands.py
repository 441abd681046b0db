"""What a page says at the point of writing: who reads it, in a color, an icon and words."""

from dataclasses import dataclass

from accounts.models import Organization
from reviews.models import Submission, Thread
from reviews.models.discussion import Audience


@dataclass(frozen=True)
class Band:
    """Who reads what is written here; ``token`` goes with the form as its band."""

    code: str
    icon: str
    words: str
    detail: str
    submit: str
    token: str

    @property
    def save(self) -> str:
        """What the button says that changes a post."""
        return self.submit.replace("Post to", "Save for")


def band(
    heard_by: str,
    agency: Organization,
    submission: Submission,
    speaker: Organization,
    place: object,
) -> Band:
    """The band of an audience, for who writes or reads for ``speaker``.

    ``agency`` is the thread's. ``place`` tells apart forms for the same audience: the thread,
    or the submission that one is opened on.
    """
    lab = submission.lab
    token = f"{heard_by}:{place}:{speaker.code}"
    if heard_by == Audience.OWN_AGENCY:
        own = agency.short_name
        return Band(
            heard_by,
            "lock",
            f"Only {own} reads this",
            f"{own}’s own people who review this submission. No other agency, and not the lab.",
            f"Post to {own} only",
            token,
        )
    if heard_by == Audience.AGENCIES:
        return Band(
            heard_by,
            "groups",
            "All reviewing agencies read this",
            "Everybody who reviews this submission, at every agency. Not the lab, and not the "
            "offices that are only consulted. Other agencies see your agency’s name, not yours.",
            "Post to all agencies",
            token,
        )
    if speaker == lab:
        return Band(
            heard_by,
            "campaign",
            "All reviewing agencies read this",
            f"Everybody who reviews this submission, at every agency, and {lab.short_name}’s own "
            "people. Agencies see your lab’s name, not yours.",
            "Post to all agencies",
            token,
        )
    return Band(
        heard_by,
        "campaign",
        "The lab reads this too",
        f"{lab.short_name}, and everybody who reviews this submission, at every agency. The lab "
        "and other agencies see your agency’s name, not yours.",
        "Post to the lab",
        token,
    )


def band_of(thread: Thread, submission: Submission, speaker: Organization) -> Band:
    """The band of a thread."""
    return band(thread.audience, thread.agency, submission, speaker, thread.key)
