"""What base.html needs on every page: who is signed in, where she may go, her time zone."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from accounts.models import Seat
from accounts.roles import LAB_ROLES, Kind, Role
from portal.timeline import zone_label

AGENCY_ROLES = frozenset(
    {Role.REVIEWER, Role.LEAD, Role.DETERMINATION_OFFICIAL, Role.CONSULTED_OFFICIAL}
)
EVERYBODY = frozenset(Role)
TRACKING = LAB_ROLES | {Role.ADMINISTRATOR, Role.AUDITOR}
ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
# By section: (label, URL name, the roles whose people have something there). Links, not authority.
SECTIONS = {
    "Home": [("Home", "reviews:home", EVERYBODY)],
    "Submissions": [
        ("Submissions", "reviews:submission-list", LAB_ROLES | AGENCY_ROLES),
        ("Workload", "reviews:workload-list", frozenset({Role.LEAD})),
        ("Criteria", "reviews:criterion-list", LAB_ROLES | AGENCY_ROLES),
    ],
    "Access": [
        (
            "Grants",
            "reviews:grant-list",
            LAB_ROLES | AGENCY_ROLES | {Role.ADMINISTRATOR, Role.PARTNER_CONTACT},
        ),
        ("Board", "reviews:board-detail", TRACKING),
        ("Timeline", "reviews:timeline-detail", TRACKING),
        ("Past access", "reviews:past-list", TRACKING),
        ("Closeouts", "reviews:closeout-list", frozenset({Role.ADMINISTRATOR, Role.AUDITOR})),
        ("Gateways", "reviews:gateway-list", TRACKING),
        ("Terms", "reviews:terms-list", frozenset({Role.ADMINISTRATOR, Role.PARTNER_CONTACT})),
    ],
    "People": [
        ("Seats", "accounts:seat-list", ADMINISTRATOR),
        ("Personnel", "accounts:personnel-list", ADMINISTRATOR),
        ("Attachments", "reviews:attachment-list", ADMINISTRATOR),
        ("Partners", "accounts:partner-list", ADMINISTRATOR),
        ("Recusal questions", "reviews:question-list", ADMINISTRATOR),
        ("Labs", "accounts:lab-list", ADMINISTRATOR),
    ],
    "Calendar": [("Calendar", "reviews:agenda-list", LAB_ROLES | AGENCY_ROLES | ADMINISTRATOR)],
    "Notices": [("Notices", "reviews:notice-list", EVERYBODY)],
    "Operations": [
        ("Mail", "reviews:delivery-list", ADMINISTRATOR),
        ("Health", "reviews:health-detail", ADMINISTRATOR),
    ],
    "Audit log": [
        ("Audit log", "accounts:audit-list", frozenset({Role.AUDITOR})),
        ("Use of discretion", "reviews:discretion-list", frozenset({Role.AUDITOR})),
        ("Quarantine", "reviews:quarantine-list", frozenset({Role.AUDITOR})),
    ],
    "Profile": [("Profile", "accounts:profile", EVERYBODY)],
}

# After "g", the key that leads to the section (static/js/shortcuts.js).
KEYS = {"Home": "h", "Submissions": "s", "Access": "a", "Notices": "n", "Calendar": "c"}


@dataclass(frozen=True)
class Link:
    """One entry of a navigation list; ``unread`` is asked only where the entry is drawn.

    ``current`` is what aria-current says of it: "page", or "true" for what is above the page.
    ``key`` leads there from anywhere, after another.
    """

    label: str
    url: str
    current: str = ""
    unread: Callable[[], str] | None = None
    key: str = ""


def seats_of(request):
    """The signed-in person's seats, read once for the page's chrome."""
    if not hasattr(request, "chrome_seats"):
        request.chrome_seats = list(
            Seat.objects.held_by(request.user).select_related("organization").order_by("pk")
        )
    return request.chrome_seats


def chrome(request):
    """The names that base.html uses; only the demonstration flag when nobody is signed in."""
    context = {"demonstration": settings.DEMONSTRATION}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    seats = seats_of(request)
    roles = {seat.role for seat in seats}
    shortcuts = reverse("accounts:shortcut-list")
    return context | {
        "signed_in_name": user.name,
        "seats_line": "; ".join(str(seat) for seat in seats) or "No seat yet",
        "sign_out_url": reverse("accounts:sign-out"),
        "lab_page": any(seat.organization.kind == Kind.LAB for seat in seats),
        "shortcuts_url": shortcuts if user.shortcuts else "",
        "footer_links": [Link("Keyboard shortcuts", shortcuts)],
        "zone_name": zone_label(ZoneInfo(user.zone)),
        **_navigation(request, roles),
    }


def _navigation(request, roles):
    """The sections for such roles, and the places of the one that the page is in."""
    urls = {name: reverse(name) for places in SECTIONS.values() for _, name, _ in places}
    around = [name for name, url in urls.items() if _within(request.path, url)]
    here = max(around, key=lambda name: len(urls[name]), default=None)

    def mark(inside, url):
        return ("page" if request.path == url else "true") if inside else ""

    navigation, local, local_label = [], [], ""
    for section, places in SECTIONS.items():
        hers = [
            (label, name) for label, name, whose in places if roles & whose or whose == EVERYBODY
        ]
        if not hers:
            continue
        # Also on a place of the section that is not among hers: a link led there.
        inside, first = any(name == here for _, name, _ in places), urls[hers[0][1]]
        unread = getattr(request, "unread", None) if section == "Notices" else None
        # A section of several places is above the page even where it leads to it.
        alone = first if len(hers) == 1 else ""
        navigation.append(Link(section, first, mark(inside, alone), unread, KEYS.get(section, "")))
        if inside and len(hers) > 1:
            local_label = section
            local = [
                Link(label, urls[name], mark(name == here, urls[name])) for label, name in hers
            ]
    return {"navigation": navigation, "local_navigation": local, "local_label": local_label}


def _within(path, url):
    return path == url or (url != "/" and path.startswith(url))
