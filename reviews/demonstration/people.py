"""Who the demonstration's people are: named by role, seated at real and invented organizations.

Their codes are fixed, because tests and scripts sign in by them.
"""

from typing import NamedTuple

from accounts.roles import Kind, Role, Size

NORTHLIGHT, BASALT = "northlight", "basalt"
UTILITY, SOFTWARE = "keystone-utility", "ridgeline-software"


class InventedOrganization(NamedTuple):
    """An organization that the demonstration adds to the agencies, which migrations bring."""

    code: str
    name: str
    short_name: str
    kind: Kind


class Person(NamedTuple):
    """Someone to sign in as; ``seats`` are pairs of an organization's code and a role."""

    code: str
    name: str
    seats: list[tuple[str, Role]]
    line: str

    @property
    def email(self) -> str:
        return f"{self.code}@demo.example"


SIZES = {NORTHLIGHT: Size.LARGE.value, BASALT: Size.MEDIUM.value}
ORGANIZATIONS = [
    InventedOrganization(NORTHLIGHT, "Northlight Research", "Northlight", Kind.LAB),
    InventedOrganization(BASALT, "Basalt Intelligence", "Basalt", Kind.LAB),
    InventedOrganization(UTILITY, "Keystone Electric Utility", "Keystone", Kind.PARTNER),
    InventedOrganization(SOFTWARE, "Ridgeline Software", "Ridgeline", Kind.VENDOR),
]

PEOPLE = [
    Person(
        "northlight-liaison",
        "Northlight liaison",
        [(NORTHLIGHT, Role.LIAISON)],
        "Drafts and files Northlight's submissions, and consents to access to its models.",
    ),
    Person(
        "northlight-admin",
        "Northlight administrator",
        [(NORTHLIGHT, Role.LAB_ADMINISTRATOR)],
        "Sees all that Northlight filed, and nothing of the other lab.",
    ),
    Person(
        "basalt-liaison",
        "Basalt liaison",
        [(BASALT, Role.LIAISON)],
        "Drafts and files Basalt's submissions, and sees nothing of Northlight's.",
    ),
    Person(
        "nsa-reviewer",
        "NSA reviewer",
        [("nsa", Role.REVIEWER)],
        "Reads what is attached to NSA and writes the reviews assigned to her.",
    ),
    Person(
        "nsa-second-reviewer",
        "NSA second reviewer",
        [("nsa", Role.REVIEWER)],
        "The same, with other expertise: leads compare suggestions of reviewers.",
    ),
    Person(
        "nsa-lead",
        "NSA lead",
        [("nsa", Role.LEAD)],
        "Assigns NSA's reviewers, files its position, and asks for access to models.",
    ),
    Person(
        "nsa-official",
        "NSA determination official",
        [("nsa", Role.DETERMINATION_OFFICIAL)],
        "Asks for consultations and writes determinations with their rationale.",
    ),
    Person(
        "nsa-signer",
        "NSA second signer",
        [("nsa", Role.DETERMINATION_OFFICIAL)],
        "Reads the determinations that another official wrote, and signs them.",
    ),
    Person(
        "dod-reviewer",
        "DoD reviewer",
        [("dod", Role.REVIEWER)],
        "Reads what is attached to DoD, and no other agency's unfiled drafts.",
    ),
    Person(
        "dod-lead",
        "DoD lead",
        [("dod", Role.LEAD)],
        "Assigns DoD's reviewers and files its position.",
    ),
    Person(
        "cisa-reviewer",
        "CISA reviewer",
        [("cisa", Role.REVIEWER)],
        "Reads what is attached to CISA and writes the reviews assigned to her.",
    ),
    Person(
        "cisa-lead",
        "CISA lead",
        [("cisa", Role.LEAD), ("cisa", Role.CONSULTED_OFFICIAL)],
        "Files CISA's position, and answers NSA's requests for consultation.",
    ),
    Person(
        "caisi-reviewer",
        "CAISI reviewer",
        [("caisi", Role.REVIEWER)],
        "Reads what is attached to CAISI and writes the reviews assigned to her.",
    ),
    Person(
        "caisi-lead",
        "CAISI lead",
        [("caisi", Role.LEAD)],
        "Assigns CAISI's reviewers and files its position.",
    ),
    Person(
        "treasury-reviewer",
        "Treasury reviewer",
        [("treasury", Role.REVIEWER)],
        "Reads what is attached to Treasury and writes the reviews assigned to her.",
    ),
    Person(
        "treasury-lead",
        "Treasury lead",
        [("treasury", Role.LEAD)],
        "Assigns Treasury's reviewers and files its position.",
    ),
    Person(
        "oncd-official",
        "ONCD consulted official",
        [("oncd", Role.CONSULTED_OFFICIAL)],
        "Reads the lab's answers and documents, and records a consultation.",
    ),
    Person(
        "clearinghouse-coordinator",
        "Clearinghouse coordinator",
        [("treasury", Role.CLEARINGHOUSE_COORDINATOR)],
        "Will coordinate vulnerability findings; sees no submission.",
    ),
    Person(
        "partner-contact",
        "Keystone contact",
        [(UTILITY, Role.PARTNER_CONTACT)],
        "A trusted partner's contact: accepts terms, sees its own access and no submission.",
    ),
    Person(
        "vendor-contact",
        "Ridgeline contact",
        [(SOFTWARE, Role.VENDOR_CONTACT)],
        "A software vendor's contact, who sees no submission.",
    ),
    Person(
        "administrator",
        "Administrator",
        [("oncd", Role.ADMINISTRATOR)],
        "Gives seats, attaches agencies, authorizes and revokes access; reads no content.",
    ),
    Person(
        "second-administrator",
        "Second administrator",
        [("caisi", Role.ADMINISTRATOR)],
        "The same for others, because nobody gives a seat to themselves.",
    ),
    Person(
        "auditor",
        "Auditor",
        [("treasury", Role.AUDITOR)],
        "Reads and verifies the audit log; sees no submission.",
    ),
]
BY_CODE = {person.code: person for person in PEOPLE}
