"""The people of every test: the demonstration's seats, and a few who must see nothing."""

from datetime import timedelta
from types import SimpleNamespace

from accounts import audit, personnel, seats
from accounts.models import Organization, User
from accounts.roles import Kind

PASSWORD = "correct horse battery staple"

# code: the seats that the person holds.
SEATS = {
    "northlight_liaison": [("northlight", "liaison")],
    "northlight_admin": [("northlight", "lab_administrator")],
    "basalt_liaison": [("basalt", "liaison")],
    "nsa_reviewer": [("nsa", "reviewer")],
    "nsa_lead": [("nsa", "lead")],
    "nsa_official": [("nsa", "determination_official")],
    "nsa_signer": [("nsa", "determination_official")],
    "dod_reviewer": [("dod", "reviewer")],
    "dod_lead": [("dod", "lead")],
    "cisa_reviewer": [("cisa", "reviewer")],
    "cisa_lead": [("cisa", "lead"), ("cisa", "consulted_official")],
    "caisi_reviewer": [("caisi", "reviewer")],
    "caisi_lead": [("caisi", "lead")],
    "treasury_reviewer": [("treasury", "reviewer")],
    "treasury_lead": [("treasury", "lead")],
    "oncd_official": [("oncd", "consulted_official")],
    "clearinghouse_coordinator": [("treasury", "clearinghouse_coordinator")],
    "partner_contact": [("keystone-utility", "partner_contact")],
    "vendor_contact": [("ridgeline-software", "vendor_contact")],
    "administrator": [("oncd", "administrator")],
    "second_administrator": [("caisi", "administrator")],
    "auditor": [("treasury", "auditor")],
    "unattached": [("outpost", "reviewer")],
    "recused": [("nsa", "reviewer")],
    "disabled": [("nsa", "reviewer")],
    "superuser": [],
}
ORGANIZATIONS = [
    ("northlight", "Northlight", Kind.LAB),
    ("basalt", "Basalt", Kind.LAB),
    ("keystone-utility", "Keystone Utility", Kind.PARTNER),
    ("ridgeline-software", "Ridgeline Software", Kind.VENDOR),
    ("outpost", "Outpost", Kind.AGENCY),
]


def keep_records(person, at, *, days=400, most_grants=None):
    """The person's terms and training last so many days from ``at``; more grants by exception."""
    until = at + timedelta(days=days)
    return personnel.record(
        person,
        nondisclosure_until=until,
        training_until=until,
        most_grants=most_grants,
        most_grants_reason="Works on every model." if most_grants else "",
        by=audit.SYSTEM,
        at=at,
    )


def create(at):
    """Everyone, seated, and their organizations; attributes are the codes above.

    Outpost is an agency like the others; tests of "unattached" detach it.
    """
    for code, name, kind in ORGANIZATIONS:
        seats.found_organization(
            code=code, name=name, short_name=name, kind=kind, by=audit.SYSTEM, at=at
        )
    everyone = {}
    for code, held in SEATS.items():
        person = User.objects.create_user(_address(code), code.replace("_", " "), PASSWORD)
        for organization, role in held:
            seats.give(
                person=person,
                organization=Organization.objects.get(code=organization),
                role=role,
                by=audit.SYSTEM,
                at=at,
            )
        everyone[code] = person
        keep_records(person, at)
    User.objects.filter(pk=everyone["superuser"].pk).update(is_superuser=True)
    User.objects.filter(pk=everyone["disabled"].pk).update(is_active=False)
    return read()


def read():
    """Everyone, as ``create`` left them."""
    everyone = {user.email: user for user in User.objects.all()}
    return SimpleNamespace(password=PASSWORD, **{code: everyone[_address(code)] for code in SEATS})


def _address(code):
    return f"{code.replace('_', '-')}@demo.example"
