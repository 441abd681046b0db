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
# (label, URL name, the roles whose people have something there). Links, not authority.
PLACES = [
    ("Home", "reviews:home", frozenset(Role)),
    ("Submissions", "reviews:submission-list", LAB_ROLES | AGENCY_ROLES),
    (
        "Access",
        "reviews:grant-list",
        LAB_ROLES | AGENCY_ROLES | {Role.ADMINISTRATOR, Role.PARTNER_CONTACT},
    ),
    (
        "Access board",
        "reviews:board-detail",
        LAB_ROLES | {Role.ADMINISTRATOR, Role.AUDITOR},
    ),
    (
        "Calendar",
        "reviews:agenda-list",
        LAB_ROLES | AGENCY_ROLES | {Role.ADMINISTRATOR},
    ),
    ("Notices", "reviews:notice-list", frozenset(Role)),
    (
        "Gateways",
        "reviews:gateway-list",
        LAB_ROLES | {Role.ADMINISTRATOR, Role.AUDITOR},
    ),
    (
        "Closeouts",
        "reviews:closeout-list",
        frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    ),
    ("Past access", "reviews:past-list", frozenset({Role.AUDITOR})),
    ("Partners", "accounts:partner-list", frozenset({Role.ADMINISTRATOR})),
    ("Terms", "reviews:terms-list", frozenset({Role.PARTNER_CONTACT})),
    ("Seats", "accounts:seat-list", frozenset({Role.ADMINISTRATOR})),
    ("Personnel", "accounts:personnel-list", frozenset({Role.ADMINISTRATOR})),
    ("Attachments", "reviews:attachment-list", frozenset({Role.ADMINISTRATOR})),
    ("Mail", "reviews:delivery-list", frozenset({Role.ADMINISTRATOR})),
    ("Health", "reviews:health-detail", frozenset({Role.ADMINISTRATOR})),
    ("Audit log", "accounts:audit-list", frozenset({Role.AUDITOR})),
    ("Profile", "accounts:profile", frozenset(Role)),
]


@dataclass(frozen=True)
class Link:
    """One entry of a navigation list; ``unread`` is asked only where the entry is drawn."""

    label: str
    url: str
    current: bool = False
    unread: Callable[[], str] | None = None


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
    return context | {
        "signed_in_name": user.name,
        "seats_line": "; ".join(str(seat) for seat in seats) or "No seat yet",
        "sign_out_url": reverse("accounts:sign-out"),
        "lab_page": any(seat.organization.kind == Kind.LAB for seat in seats),
        "zone_name": zone_label(ZoneInfo(user.zone)),
        "navigation": [
            Link(
                label,
                url,
                request.path == url,
                getattr(request, "unread", None) if name == "reviews:notice-list" else None,
            )
            for label, name, whose in PLACES
            if roles & whose or whose == frozenset(Role)
            for url in [reverse(name)]
        ],
    }
