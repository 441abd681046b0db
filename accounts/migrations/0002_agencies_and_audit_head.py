"""The agencies of docs/domain.md section 2, their seats, and the audit chain's first head."""

from datetime import UTC, datetime

from django.db import migrations

AGENCIES = [
    ("nsa", "National Security Agency", "NSA"),
    ("dod", "Department of Defense", "DoD"),
    ("cisa", "DHS, Cybersecurity and Infrastructure Security Agency", "CISA"),
    ("caisi", "NIST, Center for AI Standards and Innovation", "CAISI"),
    ("treasury", "Department of the Treasury", "Treasury"),
    ("oncd", "White House, Office of the National Cyber Director", "ONCD"),
    ("ostp", "White House, Office of Science and Technology Policy", "OSTP"),
]
# As they were: a role that comes later brings its seats in a migration of its own.
EVERYWHERE = ["administrator", "auditor"]
REVIEWING = ["reviewer", "lead"]
ROLES = {
    "nsa": [*EVERYWHERE, *REVIEWING, "determination_official"],
    "dod": [*EVERYWHERE, *REVIEWING],
    "cisa": [*EVERYWHERE, *REVIEWING, "consulted_official"],
    "caisi": [*EVERYWHERE, *REVIEWING],
    "treasury": [*EVERYWHERE, *REVIEWING, "clearinghouse_coordinator"],
    "oncd": [*EVERYWHERE, "consulted_official"],
    "ostp": [*EVERYWHERE, "consulted_official"],
}


def seed(apps, schema_editor):
    Organization = apps.get_model("accounts", "Organization")
    Seat = apps.get_model("accounts", "Seat")
    Group = apps.get_model("auth", "Group")
    AuditHead = apps.get_model("accounts", "AuditHead")
    for code, name, short_name in AGENCIES:
        organization = Organization.objects.create(
            code=code, name=name, short_name=short_name, kind="agency"
        )
        for role in sorted(ROLES[code]):
            group = Group.objects.create(name=f"{code}:{role}")
            Seat.objects.create(organization=organization, role=role, group=group)
    AuditHead.objects.create(
        pk=1, sequence=0, sha256="0" * 64, latest_at=datetime(1970, 1, 1, tzinfo=UTC)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]
    operations = [migrations.RunPython(seed, elidable=False)]
