"""Documents and their versions: the window, the lab's list of agencies, the scanner."""

import pytest

from reviews.models import Upload
from reviews.models.document import DocumentRestriction, ScanState
from reviews.policy import Action
from tests import factories
from tests.authorization.policy_world import (
    AGENCIES,
    BASALT,
    DOD,
    END,
    LAB,
    NSA,
    ONLY_ON_BASALT,
    OPENING,
    START,
    UNDECLARED,
    always,
    at_each_instant,
    attach,
    person,
    seen,
    while_open,
)

pytestmark = pytest.mark.django_db

THE_LABS_OWN = {
    "plain": LAB,
    "for nsa": LAB,
    "for nsa and dod": LAB,
    "for outpost": LAB,
    "basalt's": BASALT,
}
IN_THE_WINDOW = {
    "plain": LAB | AGENCIES,
    "for nsa": LAB | NSA,
    "for nsa and dod": LAB | NSA | DOD,
    "for outpost": LAB,
    "basalt's": (BASALT | AGENCIES | ONLY_ON_BASALT) - UNDECLARED,
}


def versions(world):
    """The first version of each document."""
    return {label: world.versions[label] for label in world.documents}


def test_who_knows_of_a_document(world):
    assert at_each_instant(world, Action.VIEW_DOCUMENT, world.documents) == while_open(
        IN_THE_WINDOW, THE_LABS_OWN
    )


def test_who_reads_a_document(world):
    assert at_each_instant(world, Action.READ_DOCUMENT, versions(world)) == while_open(
        IN_THE_WINDOW, THE_LABS_OWN
    )


def test_who_manages_a_document(world):
    assert at_each_instant(world, Action.MANAGE_DOCUMENT, world.documents) == while_open(
        THE_LABS_OWN, {label: set() for label in THE_LABS_OWN}
    )


def test_who_sends_a_file(world):
    rows = {
        name: Upload.objects.create(
            submission=world.submissions[name],
            file_name="log.txt",
            size=1,
            begun_at=START,
            begun_by=world.people.northlight_liaison,
            expires_at=END,
        )
        for name in ("running", "draft", "withdrawn", "basalt")
    }
    nobody = {name: set() for name in rows}
    before = nobody | {"draft": LAB}
    open_ = before | {"running": LAB, "basalt": BASALT}
    found = at_each_instant(world, Action.SEND_UPLOAD, rows)
    assert found == while_open(open_, before)


def test_a_drafts_documents_are_the_labs_to_manage_and_nobody_elses_to_read(world):
    rows = {"of a draft": factories.document(world.draft, world.people)}
    version = {"of a draft": rows["of a draft"].versions.get()}
    everywhere = always({"of a draft": LAB})
    assert at_each_instant(world, Action.MANAGE_DOCUMENT, rows) == everywhere
    assert at_each_instant(world, Action.VIEW_DOCUMENT, rows) == everywhere
    assert at_each_instant(world, Action.READ_DOCUMENT, version) == everywhere


@pytest.mark.parametrize("code", ["northlight_liaison", "nsa_reviewer"])
@pytest.mark.parametrize("state", [state for state in ScanState if state != ScanState.CLEAN])
def test_only_a_clean_version_is_read_by_anyone(world, code, state):
    reader = getattr(world.people, code)
    version = {"version": world.versions[state]}
    assert seen(reader, Action.READ_DOCUMENT, version, OPENING) == set()
    world.documents["plain"].versions.filter(pk=version["version"].pk).update(scan_state="clean")
    assert seen(reader, Action.READ_DOCUMENT, version, OPENING) == {"version"}


def test_auditors_alone_account_for_what_the_scanner_did_not_pass(world):
    found = at_each_instant(world, Action.AUDIT_QUARANTINE, world.versions)
    auditors = {"infected": {"auditor"}, "unscannable": {"auditor"}}
    assert found == always({label: auditors.get(label, set()) for label in world.versions})


BOTH = [
    (Action.VIEW_DOCUMENT, "documents"),
    (Action.READ_DOCUMENT, "versions"),
]


@pytest.mark.parametrize(("action", "rows"), BOTH)
def test_the_listed_agency_must_be_the_one_whose_seat_reads(world, action, rows):
    """Listed by one seat and attached by another is neither."""
    rows = {label: getattr(world, rows)[label] for label in world.documents}
    # NSA is listed, and her seat there reads nothing; DoD's seat reads, and DoD is not listed.
    administrator = person("nsa:administrator", "dod:reviewer")
    assert seen(administrator, action, rows, OPENING) == {"plain", "for nsa and dod", "basalt's"}
    # Outpost is listed and not attached here.
    elsewhere = person("outpost:reviewer", "cisa:reviewer")
    assert seen(elsewhere, action, rows, OPENING) == {"plain", "basalt's"}
    # Two seats that both read: each of the two lists is enough.
    both = person("nsa:reviewer", "dod:lead")
    assert seen(both, action, rows, OPENING) == {"plain", "for nsa", "for nsa and dod", "basalt's"}
    # The listed seat has another codename there, and not the one that reads.
    attach(world.running, "outpost:lead", "view_submission", "deliberate")
    assert seen(person("outpost:lead", "cisa:lead"), action, rows, OPENING) == {"plain", "basalt's"}


@pytest.mark.parametrize(("action", "rows"), BOTH)
def test_a_list_is_about_its_own_document(world, action, rows):
    """Emptying one document's list opens that one and no other."""
    rows = {label: getattr(world, rows)[label] for label in world.documents}
    DocumentRestriction.objects.filter(document=world.documents["for nsa"]).delete()
    assert seen(world.people.cisa_lead, action, rows, OPENING) == {"plain", "for nsa", "basalt's"}
