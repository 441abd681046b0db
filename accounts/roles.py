"""The roles a person may hold, and at which organizations (docs/domain.md section 2).

The order names the offices: NSA determines, ONCD, OSTP and CISA are consulted, Treasury
leads the clearinghouse. Those roles exist nowhere else.
"""

from enum import StrEnum


class Kind(StrEnum):
    """The four kinds of organization."""

    AGENCY = "agency"
    LAB = "lab"
    PARTNER = "partner"
    VENDOR = "vendor"

    @property
    def label(self) -> str:
        return {"agency": "Agency", "lab": "AI lab", "partner": "Trusted partner"}.get(
            self, "Vendor"
        )


class Size(StrEnum):
    """How many people work at a lab."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def label(self) -> str:
        return {"small": "Fewer than 50 people", "medium": "50 to 499 people"}.get(
            self, "500 people or more"
        )


class Role(StrEnum):
    """What a person does at an organization."""

    LIAISON = "liaison"
    LAB_ADMINISTRATOR = "lab_administrator"
    REVIEWER = "reviewer"
    LEAD = "lead"
    DETERMINATION_OFFICIAL = "determination_official"
    CONSULTED_OFFICIAL = "consulted_official"
    CLEARINGHOUSE_COORDINATOR = "clearinghouse_coordinator"
    PARTNER_CONTACT = "partner_contact"
    VENDOR_CONTACT = "vendor_contact"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        return self.replace("_", " ").capitalize()


# Seats from which others depend: no one person gives them, or leaves the portal with fewer
# holders than these.
NEEDED = {Role.ADMINISTRATOR: 2, Role.DETERMINATION_OFFICIAL: 2, Role.AUDITOR: 1}
CONFIRMED = frozenset(NEEDED)
# An administrator opens doors; she is nobody who goes through them, nor who looks at the log.
NOT_ADMINISTRATORS = frozenset(
    {
        Role.REVIEWER,
        Role.LEAD,
        Role.DETERMINATION_OFFICIAL,
        Role.CONSULTED_OFFICIAL,
        Role.AUDITOR,
    }
)
LAB_ROLES = frozenset({Role.LIAISON, Role.LAB_ADMINISTRATOR})
NSA = "nsa"
CONSULTED = ("oncd", "ostp", "cisa")
WHITE_HOUSE = frozenset({"oncd", "ostp"})
# Who keeps the criteria: NSA, Defense, Homeland Security, Commerce, Treasury, the White House.
KEEPERS = frozenset({NSA, "dod", "cisa", "caisi", "treasury"}) | WHITE_HOUSE
KEEPING = frozenset({Role.LEAD, Role.DETERMINATION_OFFICIAL, Role.CONSULTED_OFFICIAL})


def roles_at(kind: str, code: str) -> frozenset[Role]:
    """The roles that exist at one organization."""
    if kind == Kind.LAB:
        return LAB_ROLES
    if kind == Kind.PARTNER:
        return frozenset({Role.PARTNER_CONTACT})
    if kind == Kind.VENDOR:
        return frozenset({Role.VENDOR_CONTACT})
    roles = {Role.ADMINISTRATOR, Role.AUDITOR}
    if code not in WHITE_HOUSE:
        roles |= {Role.REVIEWER, Role.LEAD}
    if code == NSA:
        roles.add(Role.DETERMINATION_OFFICIAL)
    if code in CONSULTED:
        roles.add(Role.CONSULTED_OFFICIAL)
    if code == "treasury":
        roles.add(Role.CLEARINGHOUSE_COORDINATOR)
    return frozenset(roles)
