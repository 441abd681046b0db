"""Home asks of people what they can still do, and says when things end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.models import AccessGrant, Determination
from reviews.services import determinations, extensions, letters, lifecycle
from tests import factories
from tests.factories import now

pytestmark = pytest.mark.django_db


def waiting(response):
    return {(task.text, task.url) for task in response.context["waiting"]}


@pytest.mark.parametrize(
    ("state", "who", "text"),
    [
        ("requested", "northlight_liaison", "Answer a request for access to your model"),
        ("consented", "administrator", "Authorize access that the lab consented to"),
    ],
)
def test_a_request_waits_until_its_time_has_passed(
    act, people, move_clock, start, state, who, text
):
    submission = factories.filed(people)
    end = start + timedelta(days=2)
    grant = factories.grant(submission, people, state=state, ends_at=end)
    asked = (text, grant.get_absolute_url())
    move_clock(end - timedelta(microseconds=1))
    assert asked in waiting(act(who, "get", "/"))
    move_clock(end)
    assert asked not in waiting(act(who, "get", "/"))


@pytest.mark.parametrize(
    ("answered", "who", "text"),
    [
        (False, "northlight_liaison", "Answer a request for more time with your model"),
        (True, "administrator", "Authorize more time that the lab consented to"),
    ],
)
def test_more_time_waits_until_the_access_is_over(
    act, people, move_clock, start, answered, who, text
):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + timedelta(days=2))
    later = start + timedelta(days=9)
    extension = extensions.request(
        grant, ends_at=later, reason="More.", by=people.nsa_lead, at=start
    )
    if answered:
        extensions.consent(extension, by=people.northlight_liaison, at=start)
    asked = (text, grant.get_absolute_url())
    assert asked in waiting(act(who, "get", "/"))
    assert text not in {shown for shown, _ in waiting(act("nsa_lead", "get", "/"))}
    move_clock(grant.ends_at)
    assert asked not in waiting(act(who, "get", "/"))


def test_closeout_waits_for_both_sides_once_access_has_ended(act, people, move_clock, start):
    submission = factories.filed(people)
    end = start + timedelta(days=2)
    grant = factories.grant(submission, people, ends_at=end)
    asked = ("Attest the closeout of access that has ended", grant.get_absolute_url())
    for who in ("northlight_liaison", "nsa_lead"):
        assert asked not in waiting(act(who, "get", "/"))
    move_clock(end)
    for who in ("northlight_liaison", "nsa_lead"):
        assert asked in waiting(act(who, "get", "/"))
        affirmed = {"credentials_disabled": "on", "copies_gone": "on"}
        act(who, "post", f"{grant.get_absolute_url()}attest/", affirmed)
        assert asked not in waiting(act(who, "get", "/"))
    assert asked not in waiting(act("dod_lead", "get", "/"))


def test_a_shortened_window_ends_access_on_every_page(act, people, move_clock, start):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + timedelta(days=10))
    end = start + timedelta(days=3)
    lifecycle.shorten(submission, closes_at=end, by=people.northlight_liaison, at=start)
    assert AccessGrant.objects.get(pk=grant.pk).ends_at == end
    (shown,) = act("nsa_reviewer", "get", "/").context["access"]
    assert "Oct. 23, 2026" in shown.when


def test_what_ends_first_is_first_whatever_it_is(act, people, start):
    for days in (30, 12):
        submission = factories.filed(people)
        if days < 30:
            end = start + timedelta(days=days)
            lifecycle.shorten(submission, closes_at=end, by=people.northlight_liaison, at=start)
    factories.grant(submission, people, state="requested", starts_at=start + timedelta(days=2))
    factories.information_request(submission, people)
    factories.draft(people)
    for who in ("northlight_liaison", "nsa_lead"):
        tasks = act(who, "get", "/").context["waiting"]
        instants = [task.due for task in tasks if task.due]
        assert instants == sorted(instants)
        assert len(set(instants)) > 1
        assert [bool(task.due) for task in tasks] == [True] * len(instants) + [False] * (
            len(tasks) - len(instants)
        )
    assert not act("northlight_liaison", "get", "/").context["waiting"][-1].due  # the draft


def test_the_letter_waits_for_each_agencys_lead_until_it_has_said_something(
    act, people, start, move_clock
):
    submission = factories.filed(people)
    address = f"/submissions/{submission.reference}/letter/file/"
    asked = ("File your agency's entry for the preliminary letter", address)

    def entry(agency):
        letters.file_entry(
            submission,
            agency=factories.organization(agency),
            text="",
            nothing_so_far=True,
            by=getattr(people, f"{agency}_lead"),
            at=start,
        )

    def leads_asked():
        leads = ("nsa_lead", "dod_lead", "cisa_lead", "caisi_lead")
        return [who for who in leads if asked in waiting(act(who, "get", "/"))]

    (task,) = [one for one in act("nsa_lead", "get", "/").context["waiting"] if one.url == address]
    assert task.due == start + timedelta(days=10)
    assert leads_asked() == ["nsa_lead", "dod_lead", "cisa_lead", "caisi_lead"]
    entry("nsa")
    assert leads_asked() == ["dod_lead", "cisa_lead", "caisi_lead"]
    factories.position_filed(submission, people, "dod")
    assert leads_asked() == ["cisa_lead", "caisi_lead"]
    letters.issue(submission, by=people.nsa_lead, at=start)
    assert leads_asked() == []
    assert asked not in waiting(act("nsa_reviewer", "get", "/"))


def test_a_determination_waits_to_be_signed_shared_and_read(act, people):
    submission = factories.filed(people)
    own = f"/submissions/{submission.reference}/determination/"

    def asked(who):
        return {text for text, _ in waiting(act(who, "get", "/")) if "etermination" in text}

    row = factories.determination(submission, people)
    sign = "Sign a determination as its second signer"
    assert (asked("nsa_signer"), asked("nsa_official")) == ({sign}, set())
    factories.determination(submission, people, replaces=row.key)
    assert len([t for t in act("nsa_signer", "get", "/").context["waiting"] if t.text == sign]) == 1
    determinations.sign(Determination.objects.unsigned().get(), by=people.nsa_signer, at=now())
    share = "Decide whether to share a determination with the lab"
    assert (asked("nsa_signer"), asked("northlight_liaison")) == ({share}, set())
    determinations.share(Determination.objects.signed().get(), by=people.nsa_signer, at=now())
    assert asked("nsa_official") == set()
    read = ("Read the determination", own)
    assert read in waiting(act("northlight_liaison", "get", "/"))
    assert read not in waiting(act("basalt_liaison", "get", "/"))
    factories.determination(submission, people, state="signed", supersedes_reason="Measured again.")
    assert asked("nsa_official") == set()  # told of at once, as the lab knew the earlier one


def test_a_consultation_waits_until_a_determination_is_in_force(act, people):
    submission = factories.filed(people)
    row = factories.determination(submission, people)
    asked = "Record your office's consultation"
    assert asked in {text for text, _ in waiting(act("oncd_official", "get", "/"))}
    determinations.sign(row, by=people.nsa_signer, at=now())
    assert asked not in {text for text, _ in waiting(act("oncd_official", "get", "/"))}


def test_what_the_lab_has_not_answered_in_time_is_overdue(act, people, move_clock):
    submission = factories.filed(people)
    asked = factories.information_request(submission, people)

    def when():
        (task,) = [
            task
            for task in act("northlight_liaison", "get", "/").context["waiting"]
            if task.text == "Answer an information request"
        ]
        return task.when

    assert when().startswith("Due ")
    move_clock(asked.due_at)
    assert when().startswith("<strong>Overdue</strong> since ")


def test_all_lists_name_their_submissions_by_one_question(act, people):
    factories.filed(people)
    act("nsa_lead", "get", "/")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as asked:
            response = act("nsa_lead", "get", "/")
        counts.append(len(asked))
        named = [q for q in asked.captured_queries if 'FROM "reviews_modelversion"' in q["sql"]]
        assert len(named) == 1
        assert all("Northlight" in task.detail for task in response.context["waiting"])
        factories.filed(people, lab_tracking_id=f"T-{number}")
    assert counts[0] == counts[1]
