"""The register of criteria: two keepers, versions that never change, what can be cited."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEvent
from reviews.exceptions import Conflict, NotPermitted, NotVisible
from reviews.models import CoverageCriterion, CriterionVersion
from reviews.services import criteria
from tests import factories
from tests.services.agency_pages import signed_in, text_of

CANARY = "CANARY-91ce"
LIST = "reviews:criterion-list"
PROPOSE = "reviews:criterion-propose"


def in_force():
    return [str(version) for version in CriterionVersion.objects.in_force()]


def confirming(version):
    return reverse("reviews:criterion-confirm", args=[version.key])


def test_a_version_is_in_force_once_another_keeper_confirms(people, start):
    version = factories.criterion(people, confirmed=False)
    assert in_force() == []
    criteria.confirm(version, by=people.oncd_official, at=start)
    assert in_force() == ["CC-1, version 1"]
    version.refresh_from_db()
    assert (version.proposed_for.code, version.confirmed_for.code) == ("nsa", "oncd")


def test_a_later_version_takes_its_place_and_a_retired_one_none(people):
    factories.criterion(people)
    factories.criterion(people, confirmed=False)
    assert in_force() == ["CC-1, version 1"]
    factories.criterion(people)
    assert in_force() == ["CC-1, version 3"]
    retired = factories.criterion(people, title="", retires=True)
    assert in_force() == []
    assert retired.title == CriterionVersion.objects.get(number=3).title
    factories.criterion(people)
    assert in_force() == ["CC-1, version 5"]


def test_one_keeper_alone_puts_nothing_in_force(people, start):
    version = factories.criterion(people, confirmed=False)
    for person in (people.nsa_lead, people.nsa_official):
        with pytest.raises(NotPermitted):
            criteria.confirm(version, by=person, at=start)
    with pytest.raises(NotVisible):
        criteria.confirm(version, by=people.auditor, at=start)
    assert in_force() == []


@pytest.mark.parametrize(
    "said", [("nsa", "dod_lead"), ("dod", "nsa_lead")], ids=["same keeper", "same person"]
)
def test_the_database_takes_two_keepers_and_two_people(people, start, said):
    version = factories.criterion(people, confirmed=False)
    code, person = said
    with pytest.raises(IntegrityError), transaction.atomic():
        CriterionVersion.objects.filter(pk=version.pk).update(
            confirmed_at=start,
            confirmed_by=getattr(people, person),
            confirmed_for=factories.organization(code),
        )


def test_only_the_last_proposal_is_confirmed_and_only_once(people, start):
    first = factories.criterion(people, confirmed=False)
    second = factories.criterion(people, confirmed=False)
    with pytest.raises(Conflict, match="later version"):
        criteria.confirm(first, by=people.dod_lead, at=start)
    criteria.confirm(second, by=people.dod_lead, at=start)
    with pytest.raises(Conflict, match="already"):
        criteria.confirm(second, by=people.caisi_lead, at=start)
    assert in_force() == ["CC-1, version 2"]


def test_who_does_not_speak_for_a_keeper_proposes_nothing(people):
    for by, code in (("dod_lead", "nsa"), ("nsa_reviewer", "nsa"), ("northlight_liaison", "nsa")):
        with pytest.raises(NotVisible):
            factories.criterion(people, by=getattr(people, by), keeper=factories.organization(code))
    assert not CoverageCriterion.objects.exists()


def test_nothing_to_retire_and_nothing_changed(people):
    with pytest.raises(Conflict, match="none to retire"):
        factories.criterion(people, retires=True)
    factories.criterion(people, title="Reach")
    with pytest.raises(Conflict, match="says already"):
        factories.criterion(people, title="Reach")
    assert CriterionVersion.objects.count() == 1


def test_each_word_is_on_record(people):
    factories.criterion(people, "CC-9")
    told = AuditEvent.objects.filter(object_type="criterion").order_by("sequence")
    assert [(event.action, event.organization, event.actor) for event in told] == [
        ("criterion.proposed", "nsa", people.nsa_lead.email),
        ("criterion.confirmed", "dod", people.dod_lead.email),
    ]


# Pages


def test_the_register_tells_outsiders_what_is_in_force_and_no_more(people):
    factories.criterion(people, title="Reach", external_reference=CANARY)
    factories.criterion(people, "CC-2", title=f"{CANARY} proposed", confirmed=False)
    factories.criterion(people, title=f"{CANARY} next", confirmed=False)
    for code in ("northlight_liaison", "partner_contact", "auditor", "administrator"):
        shown = text_of(signed_in(getattr(people, code)).get(reverse(LIST)))
        assert "Reach" in shown, code
        for hidden in (CANARY, "CC-2", "Propose", "nsa lead", "dod lead"):
            assert hidden not in shown, (code, hidden)
    shown = text_of(signed_in(people.dod_reviewer).get(reverse(LIST)))
    assert shown.count(CANARY) == 3
    assert "Read and confirm" not in shown
    assert reverse(PROPOSE) not in shown


def test_a_version_is_proposed_and_confirmed_on_pages(people):
    lead, other = signed_in(people.nsa_lead), signed_in(people.treasury_lead)
    typed = {"reference": "CC-4", "title": CANARY, "external_reference": "Record 7"}
    assert lead.get(reverse(PROPOSE)).status_code == 200
    assert lead.post(reverse(PROPOSE), typed).status_code == 302
    version = CriterionVersion.objects.get()
    assert confirming(version) not in text_of(lead.get(reverse(LIST)))
    assert lead.post(confirming(version)).status_code == 403
    assert confirming(version) in text_of(other.get(reverse(LIST)))
    shown = text_of(other.get(confirming(version)))
    assert CANARY in shown
    assert "Record 7" in shown
    assert "nsa lead" in shown
    assert other.post(confirming(version)).status_code == 302
    assert other.post(confirming(version)).status_code == 409
    changing = lead.get(f"{reverse(PROPOSE)}?reference=CC-4")
    assert f'value="{CANARY}"' in text_of(changing)
    assert lead.post(reverse(PROPOSE), {"reference": "CC-4", "retires": "on"}).status_code == 302
    assert CriterionVersion.objects.get(number=2).title == CANARY


def test_what_waits_for_another_keeper_is_on_her_home_once(people, start):
    factories.criterion(people, confirmed=False)
    version = factories.criterion(people, confirmed=False)
    words = "Confirm a criterion of the register"

    def waiting(code):
        home = text_of(signed_in(getattr(people, code)).get("/"))
        return home.count(words), confirming(version) in home

    for code in ("dod_lead", "cisa_lead", "oncd_official"):
        assert waiting(code) == (1, True), code
    for code in ("nsa_lead", "nsa_official", "dod_reviewer", "northlight_liaison", "auditor"):
        assert waiting(code) == (0, False), code
    criteria.confirm(version, by=people.dod_lead, at=start)
    assert waiting("caisi_lead") == (0, False)


def test_what_cannot_be_proposed_is_said_and_kept(people):
    lead = signed_in(people.nsa_lead)
    for typed, field in (
        ({"reference": "cc 4", "title": CANARY}, "reference"),
        ({"reference": "CC-4"}, "title"),
    ):
        answer = lead.post(reverse(PROPOSE), typed)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    answer = lead.post(reverse(PROPOSE), {"reference": "CC-4", "retires": "on", "title": CANARY})
    assert answer.status_code == 409
    assert CANARY in text_of(answer)
    assert not CoverageCriterion.objects.exists()


def test_who_keeps_no_criteria_finds_no_way_to_propose(people):
    for code in ("northlight_liaison", "nsa_reviewer", "administrator", "auditor", "superuser"):
        assert signed_in(getattr(people, code)).get(reverse(PROPOSE)).status_code == 404, code


def test_a_person_of_two_keepers_chooses_for_which(people, start):
    people.nsa_lead.groups.add(people.dod_lead.groups.get())
    lead = signed_in(people.nsa_lead)
    answer = lead.post(reverse(PROPOSE), {"reference": "CC-4", "title": "Reach"})
    assert list(answer.context["form"].errors) == ["keeper"]
    dod = factories.organization("dod")
    typed = {"reference": "CC-4", "title": "Reach", "keeper": dod.pk}
    assert lead.post(reverse(PROPOSE), typed).status_code == 302
    version = CriterionVersion.objects.get()
    assert version.proposed_for == dod
    with pytest.raises(NotPermitted):
        criteria.confirm(version, by=people.nsa_lead, at=start)


def test_the_register_costs_a_fixed_number_of_queries(people):
    reader = signed_in(people.dod_lead)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert reader.get(reverse(LIST)).status_code == 200
        return len(asked)

    factories.criterion(people)
    factories.criterion(people, "CC-2", confirmed=False)
    queries()
    before = queries()
    for number in range(3, 8):
        factories.criterion(people, f"CC-{number}")
        factories.criterion(people, f"CC-{number}", confirmed=False)
    assert queries() == before


def test_a_second_click_proposes_nothing_twice(people, start):
    version = factories.criterion(people, "CC-1", confirmed=False, title="Known weaknesses")
    with pytest.raises(Conflict, match="says already"):
        factories.criterion(people, "CC-1", confirmed=False, title="Known weaknesses")
    assert list(CriterionVersion.objects.all()) == [version]
