"""The people of the benchmark, and their sign-in without a sign-in page."""

from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from accounts.models import Organization, Seat, User
from accounts.roles import Kind, Role
from accounts.seats import open_seats

PEOPLE = [
    ("reviewer", "nsa", Role.REVIEWER),
    ("lead", "nsa", Role.LEAD),
    ("official", "nsa", Role.DETERMINATION_OFFICIAL),
    ("signer", "nsa", Role.DETERMINATION_OFFICIAL),
    ("dod-reviewer", "dod", Role.REVIEWER),
    ("dod-lead", "dod", Role.LEAD),
    ("narrow-reviewer", "narrow", Role.REVIEWER),
    ("administrator", "cisa", Role.ADMINISTRATOR),
    ("auditor", "cisa", Role.AUDITOR),
    ("lab-north", "lab-north", Role.LIAISON),
    ("lab-south", "lab-south", Role.LIAISON),
]


@dataclass(frozen=True)
class Cast:
    """The people that the rows name, by code."""

    people: dict[str, User]

    def __getitem__(self, code: str) -> User:
        return self.people[code]


def cast() -> Cast:
    """The organizations, seats and people exist."""
    for code, kind in [("lab-north", Kind.LAB), ("lab-south", Kind.LAB), ("narrow", Kind.AGENCY)]:
        open_seats(Organization.objects.create(code=code, name=code, short_name=code, kind=kind))
    people = {}
    for code, organization, role in PEOPLE:
        person = User.objects.create_user(f"{code}@bench.example", code, "only for the benchmark")
        person.groups.add(Seat.objects.get(organization__code=organization, role=role).group)
        people[code] = person
    return Cast(people)


def cookies(people: Cast, *codes: str) -> dict[str, str]:
    """A Cookie header for each code, of a session that is signed in."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    found = {}
    for code in codes:
        session = store()
        session[SESSION_KEY] = str(people[code].pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = people[code].get_session_auth_hash()
        session.create()
        found[code] = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return found
