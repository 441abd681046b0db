"""What agencies write: who reads whose reviews and positions, and who the determination."""

import pytest

from accounts.models import Organization
from reviews.models import AgencyPosition, AgencyReview, Determination
from reviews.policy import Action
from tests.authorization.policy_world import (
    AGENCIES,
    CAISI,
    CISA,
    DELIBERATING,
    DOD,
    NSA,
    OFFICIALS,
    ONLY_ON_BASALT,
    OPENING,
    START,
    always,
    at_each_instant,
    person,
    seen,
    while_open,
)

pytestmark = pytest.mark.django_db

# Reviews


def test_who_reads_a_review_at_any_time(world):
    """One's own agency's, drafts too; another's once it is filed and one's own is too."""
    others = {"nsa_reviewer", "nsa_lead"} | OFFICIALS | CAISI
    readers = {
        "nsa": NSA | CAISI,
        "nsa's draft": NSA,
        "caisi": others,
        "cisa's draft": CISA,
        "dod on basalt": DOD,
    }
    assert at_each_instant(world, Action.READ_REVIEW, world.reviews) == always(readers)


OWN_AND_FILED = {"nsa", "caisi"}


def of_running(world):
    """The reviews of ``running``."""
    return {label: row for label, row in world.reviews.items() if row.submission == world.running}


def reads(world, someone):
    """The labels of the reviews of ``running`` that she reads."""
    return seen(someone, Action.READ_REVIEW, of_running(world), OPENING)


def file_as(world, author, agency, *, submission=None, filed=True):
    """A review by ``author`` for ``agency``, filed or not."""
    return AgencyReview.objects.create(
        submission=submission or world.running,
        agency=Organization.objects.get(code=agency),
        author=author,
        version=9,
        created_at=START,
        saved_at=START,
        filed_at=START if filed else None,
        no_conflict_declared=True,
    )


def test_a_reviewer_must_have_filed_herself(world):
    reviewer = person("dod:reviewer")
    assert reads(world, reviewer) == set()
    draft = file_as(world, reviewer, "dod", filed=False)
    assert reads(world, reviewer) == set()
    AgencyReview.objects.filter(pk=draft.pk).update(filed_at=START)
    assert reads(world, reviewer) == OWN_AND_FILED
    assert reads(world, world.people.dod_reviewer) == set()


def test_filing_on_another_submission_opens_nothing_here(world):
    reviewer = person("dod:reviewer")
    file_as(world, reviewer, "dod", submission=world.basalt)
    assert reads(world, reviewer) == set()


def test_a_lead_and_an_official_need_their_agency_to_have_filed(world):
    for seat in ("cisa:lead", "dod:lead"):
        assert "nsa" not in reads(world, person(seat))
    file_as(world, person("dod:reviewer"), "dod")
    assert reads(world, person("dod:lead")) == OWN_AND_FILED
    assert reads(world, person("cisa:lead")) == {"cisa's draft"}


@pytest.mark.parametrize("seat", ["nsa:lead", "nsa:determination_official"])
def test_the_agency_that_filed_must_be_the_one_she_leads_or_determines_for(world, seat):
    """A colleague at her other agency filed; in neither seat has she or her agency."""
    AgencyReview.objects.filter(pk=world.reviews["nsa's draft"].pk).delete()
    AgencyReview.objects.filter(submission=world.running, agency__code="nsa").update(filed_at=None)
    file_as(world, person("dod:reviewer"), "dod")
    assert reads(world, person(seat, "dod:reviewer")) == {"nsa"}
    assert reads(world, person(seat, "dod:lead")) == {"nsa", "caisi"}


def test_an_agency_that_is_no_longer_attached_has_filed_for_nobody(world):
    """Outpost filed, and was detached; whoever leads it and DoD reads for DoD alone."""
    file_as(world, person("outpost:reviewer"), "outpost")
    someone = person("outpost:lead", "dod:lead")
    assert reads(world, someone) == set()
    AgencyPosition.objects.filter(submission=world.running, agency__code="caisi").update(
        agency=Organization.objects.get(code="outpost")
    )
    rows = {"nsa": world.positions["nsa"]}
    assert seen(someone, Action.READ_POSITION, rows, OPENING) == set()


def test_who_filed_as_a_reviewer_and_sits_elsewhere_now_reads_by_the_new_seat(world):
    lead = person("dod:lead")
    file_as(world, lead, "nsa")
    assert reads(world, lead) == set()
    assert reads(world, person("dod:lead", "dod:reviewer")) == set()


def test_a_consulted_official_reads_no_review_of_her_own_agency(world):
    assert reads(world, person("cisa:consulted_official")) == set()
    assert reads(world, person("cisa:consulted_official", "dod:reviewer")) == set()


def test_another_agencys_draft_is_nobodys(world):
    file_as(world, world.people.dod_reviewer, "dod", filed=False)
    for code in ("nsa_reviewer", "nsa_lead", "nsa_official", "caisi_reviewer", "caisi_lead"):
        assert (
            seen(getattr(world.people, code), Action.READ_REVIEW, world.reviews, OPENING)
            >= OWN_AND_FILED
        )
        assert "cisa's draft" not in reads(world, getattr(world.people, code))


# Positions


def test_who_reads_a_position(world):
    """One's own agency's; another's once one's own has filed, or the window has ended."""
    before_the_end = {
        "nsa": NSA | CAISI,
        "caisi": NSA | CAISI,
        "dod on basalt": DOD,
    }
    from_the_end_on = {
        "nsa": DELIBERATING,
        "caisi": DELIBERATING,
        "dod on basalt": DELIBERATING | ONLY_ON_BASALT,
    }
    found = at_each_instant(world, Action.READ_POSITION, world.positions)
    assert found == always(before_the_end) | {"the end": from_the_end_on}


def test_positions_open_when_the_review_is_recorded_as_over(world):
    position = AgencyPosition.objects.get(submission=world.concluded, agency__code="nsa")
    rows = {"nsa": position}
    AgencyPosition.objects.filter(submission=world.concluded, agency__code="dod").delete()
    assert seen(world.people.dod_lead, Action.READ_POSITION, rows, OPENING) == {"nsa"}
    assert seen(world.people.oncd_official, Action.READ_POSITION, rows, OPENING) == set()


def test_the_agency_with_a_position_must_be_one_where_she_deliberates(world):
    """CISA's consulted official takes no part in what CISA's reviewers wrote."""
    AgencyPosition.objects.filter(submission=world.running, agency__code="caisi").update(
        agency=Organization.objects.get(code="cisa")
    )
    rows = {label: world.positions[label] for label in ("nsa", "caisi")}
    official = person("cisa:consulted_official", "dod:reviewer")
    assert seen(official, Action.READ_POSITION, rows, OPENING) == set()
    assert seen(person("cisa:reviewer"), Action.READ_POSITION, rows, OPENING) == {"nsa", "caisi"}


# Consultations and the determination


def test_who_reads_a_consultation_at_any_time(world):
    """NSA's officials, and the office whose statement it is."""
    assert at_each_instant(world, Action.READ_CONSULTATION, world.consultations) == always(
        {
            "oncd": OFFICIALS | {"oncd_official"},
            "ostp": OFFICIALS,
            "cisa": OFFICIALS | {"cisa_lead"},
            "on basalt": OFFICIALS | {"oncd_official"},
        }
    )


def test_an_office_reads_its_own_statement_by_its_own_seat(world):
    """Reviewer at CISA and consulted at ONCD: ONCD's only."""
    official = person("cisa:reviewer", "oncd:consulted_official")
    rows = world.consultations
    assert seen(official, Action.READ_CONSULTATION, rows, OPENING) == {"oncd", "on basalt"}


READERS = {
    "signed": AGENCIES,
    "unsigned": OFFICIALS,
    "on basalt": OFFICIALS,
}


def test_who_reads_a_determination_at_any_time(world):
    assert at_each_instant(world, Action.READ_DETERMINATION, world.determinations) == always(
        READERS
    )
    Determination.objects.filter(submission=world.basalt).update(
        signed_at=START, signer=world.people.nsa_signer
    )
    signed = {"on basalt": world.determinations["on basalt"]}
    assert at_each_instant(world, Action.READ_DETERMINATION, signed) == always(
        {"on basalt": AGENCIES | ONLY_ON_BASALT}
    )


def test_who_signs_a_determination(world):
    """The other official, while the window is open; its author never."""
    assert at_each_instant(world, Action.SIGN_DETERMINATION, world.determinations) == while_open(
        {label: {"nsa_signer"} for label in READERS}, {label: set() for label in READERS}
    )


def test_the_author_signs_what_another_wrote(world):
    people = world.people
    Determination.objects.filter(signed_at=None, submission=world.running).update(
        author=people.nsa_signer
    )
    rows = {"unsigned": world.determinations["unsigned"]}
    assert seen(people.nsa_official, Action.SIGN_DETERMINATION, rows, OPENING) == {"unsigned"}
    assert seen(people.nsa_signer, Action.SIGN_DETERMINATION, rows, OPENING) == set()
