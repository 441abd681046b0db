"""What notices of information requests say: a part of reviews/emails.py."""

from reviews.models.notice import NoticeKind, Topic
from reviews.wording import Wording

# {due} is when an answer is due, and {end} the end of the window, in the reader's zone.
EVENTS = {
    NoticeKind.INFORMATION_REQUEST_DRAFTED: Wording(
        Topic.REQUESTS,
        "An agency prepares an information request",
        "An agency prepares an information request to a lab. If your agency wants to know the "
        "same, join it, so that the lab is asked once. The window ends on {end}.",
    ),
    NoticeKind.INFORMATION_REQUESTED: Wording(
        Topic.REQUESTS,
        "Agencies ask your lab for information",
        "Your lab is asked for information about its submission. The answer is due on {due}, and "
        "the window ends on {end}.",
    ),
    NoticeKind.INFORMATION_ANSWERED: Wording(
        Topic.REQUESTS,
        "A lab answered an information request",
        "A lab answered an information request of your agency. The answer is open to agencies "
        "until the window ends on {end}.",
    ),
    NoticeKind.INFORMATION_REQUEST_TAKEN_BACK: Wording(
        Topic.REQUESTS,
        "An information request was taken back",
        "The agency that wrote an information request took it back. It waits for nobody any more.",
    ),
}
