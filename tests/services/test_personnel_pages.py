"""Personnel records on their pages: who is listed, what is kept, what is refused."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, PersonnelRecord
from tests import factories
from tests.people import keep_records
from tests.services.grant_pages import body, when

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = "/personnel/"


def edit(person):
    return reverse("accounts:personnel-edit", args=[person.pk])


def dates(until):
    return when("nondisclosure_until", until) | when("training_until", until + DAY)


def names(response):
    return {row["person"].name for row in response.context["page"].rows}


def test_lists_who_may_be_given_access_and_nobody_of_a_lab(act, people):
    shown = names(act("administrator", "get", LIST))
    assert {"nsa reviewer", "nsa lead"} <= shown
    assert not {name for name in shown if name.startswith(("northlight", "basalt"))}


def test_filters(act, people, start):
    PersonnelRecord.objects.filter(person=people.recused).delete()
    keep_records(people.dod_reviewer, start, days=0)
    keep_records(people.nsa_reviewer, start, most_grants=7)
    found = {
        show: names(act("administrator", "get", f"{LIST}?show={show}"))
        for show in ("missing", "over", "exceptions")
    }
    assert found == {
        "missing": {"recused"},
        "over": {"dod reviewer"},
        "exceptions": {"nsa reviewer"},
    }
    assert names(act("administrator", "get", f"{LIST}?name=nsa-lead@")) == {"nsa lead"}
    assert act("administrator", "get", f"{LIST}?show=x").status_code == 400


def test_what_is_typed_is_the_record_and_is_on_record(act, people, start):
    until = start + 2 * DAY
    response = act("administrator", "post", edit(people.nsa_reviewer), dates(until))
    assert response.status_code == 302, body(response)
    kept = PersonnelRecord.objects.get(person=people.nsa_reviewer)
    assert (kept.nondisclosure_until, kept.training_until) == (until, until + DAY)
    assert (kept.most_grants, kept.recorded_by) == (None, people.administrator)
    event = AuditEvent.objects.filter(action="personnel.recorded").latest("pk")
    assert event.actor == people.administrator.email
    assert event.object_reference == people.nsa_reviewer.email


def test_access_lapses_by_the_new_dates(act, people, start):
    grant = factories.grant(factories.filed(people), people)
    act("administrator", "post", edit(people.nsa_reviewer), dates(start + 2 * DAY))
    grant.refresh_from_db()
    assert grant.live_at(start + 2 * DAY - DAY / 2)
    assert not grant.live_at(start + 2 * DAY)


def test_a_date_that_has_passed_is_kept_only_when_it_was_meant(act, people, start):
    grant = factories.grant(factories.filed(people), people)
    typed = dates(start - 2 * DAY)
    refused = act("administrator", "post", edit(people.nsa_reviewer), typed)
    assert refused.status_code == 422
    assert "Nondisclosure terms would end at once." in body(refused)
    grant.refresh_from_db()
    assert grant.live_at(start)
    meant = act("administrator", "post", edit(people.nsa_reviewer), typed | {"ends_access": "on"})
    assert meant.status_code == 302
    grant.refresh_from_db()
    assert not grant.live_at(start)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"most_grants": "9"}, "Enter why this person needs the exception."),
        ({"most_grants_reason": "All models."}, "Enter the number, or empty the reason."),
        ({"most_grants": "many", "most_grants_reason": "All."}, "Enter a whole number."),
        ({"training_until_day": "31", "training_until_month": "2"}, "date"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_is_kept(act, people, start, typed, said):
    before = PersonnelRecord.objects.filter(person=people.nsa_reviewer).values().get()
    refused = act(
        "administrator", "post", edit(people.nsa_reviewer), dates(start + 50 * DAY) | typed
    )
    assert refused.status_code == 422
    assert said in body(refused)
    for value in typed.values():
        assert value in body(refused)
    assert PersonnelRecord.objects.filter(person=people.nsa_reviewer).values().get() == before


def test_nobody_keeps_her_own(act, people, start):
    refused = act("administrator", "post", edit(people.administrator), dates(start + 2 * DAY))
    assert refused.status_code == 403
    assert "Ask another administrator." in body(refused)


@pytest.mark.parametrize("who", ["nsa_lead", "northlight_admin", "auditor"])
def test_is_not_there_for_others(act, people, who):
    assert act(who, "get", LIST).status_code == 404
    assert act(who, "post", edit(people.nsa_reviewer), {}).status_code == 404


def test_a_person_of_a_lab_has_no_record_to_keep(act, people):
    assert act("administrator", "get", edit(people.northlight_liaison)).status_code == 404
