"""What a determination needs, who signs it, what sets it aside, when the lab learns of it."""

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts.models import AuditEvent
from reviews.exceptions import Conflict, Incomplete, NotPermitted, NotVisible
from reviews.models import Determination, DeterminationCriterion
from reviews.services import agency_reviews, determinations, documents
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of

CANARY = "CANARY-77d0"


@pytest.fixture
def written(people, submission):
    return factories.determination(submission, people)


@pytest.fixture
def signed(people, submission):
    return factories.determination(submission, people, state="signed")


def again(signed, people, **changes):
    """A later one that waits for its signer."""
    return factories.determination(
        signed.submission, people, **{"supersedes_reason": "Measured again."} | changes
    )


def test_its_author_writes_it_anew_until_it_is_signed(people, submission, written):
    with pytest.raises(Conflict, match="waiting for its second signer"):
        factories.determination(submission, people)  # a second click names none
    with pytest.raises(Conflict, match="waiting for its second signer"):
        factories.determination(submission, people, replaces=written.key, by=people.nsa_signer)
    better = factories.determination(submission, people, replaces=written.key, rationale="Better.")
    written.refresh_from_db()
    assert written.set_aside_by == people.nsa_official
    assert AuditEvent.objects.get(action="determination.set_aside").reason == (
        "Its author wrote it anew."
    )
    assert submission.determinations.unsigned().get() == better


def test_the_page_to_write_it_anew_begins_with_what_it_says(people, submission, written):
    official = signed_in(people.nsa_official)
    address = page("determination-write", submission)
    assert "write it anew" in text_of(official.get(page("determination-detail", submission)))
    form = official.get(address).context["form"]
    assert form["rationale"].value() == written.rationale
    typed = {name: form[name].value() for name in ("outcome", "authority", "criteria", "replaces")}
    answer = official.post(address, typed | {"rationale": "Better."})
    assert answer.status_code == 302
    assert submission.determinations.unsigned().get().rationale == "Better."
    assert official.post(address, typed | {"rationale": "Twice."}).status_code == 409


def test_the_signer_reads_all_that_is_signed_and_the_consultations(people, submission, signed):
    determinations.record_consultation(
        submission, statement="Nothing to add.", by=people.oncd_official, at=factories.now()
    )
    later = again(signed, people)
    shown = text_of(signed_in(people.nsa_signer).get(f"/determinations/{later.key}/sign/"))
    for words in ("Measured again.", "Nothing to add.", later.rationale):
        assert words in shown


def test_nobody_is_said_to_be_asked_at_an_office_without_anybody(people, submission):
    official = signed_in(people.nsa_official)
    address = page("consultation-request", submission)
    asked = text_of(official.get(address))
    assert asked.count("nobody holds its seat") == 1  # OSTP's
    official.post(address)
    detail = text_of(official.get(page("determination-detail", submission)))
    assert detail.count("Nobody holds the office’s seat") == 1


# What it needs


@pytest.mark.parametrize("rationale", ["", " \n"])
def test_without_a_rationale_none_is_written(people, submission, rationale):
    with pytest.raises(Incomplete) as refused:
        factories.determination(submission, people, rationale=rationale)
    assert refused.value.missing == ["rationale"]
    assert not Determination.objects.exists()


def test_without_criteria_none_is_written(people, submission):
    with pytest.raises(Incomplete) as refused:
        factories.determination(submission, people, criteria=[])
    assert refused.value.missing == ["criteria"]
    assert not Determination.objects.exists()


def unconfirmed(people):
    return factories.criterion(people, confirmed=False)


def retired(people):
    version = factories.criterion(people)
    factories.criterion(people, retires=True)
    return version


def superseded(people):
    version = factories.criterion(people)
    factories.criterion(people)
    return version


@pytest.mark.parametrize("make", [unconfirmed, retired, superseded])
def test_what_is_not_in_force_is_not_cited(people, submission, make):
    cited = [factories.criterion(people, "CC-2"), make(people)]
    with pytest.raises(Conflict, match="CC-1, version 1 is not in force"):
        factories.determination(submission, people, criteria=cited)
    assert not Determination.objects.exists()


def test_before_consultations_none_is_written(people, submission, start):
    with pytest.raises(Conflict, match="consultation"):
        determinations.write(
            submission,
            outcome="covered",
            rationale="Reasons.",
            authority="Director",
            criteria=factories.criteria(people),
            by=people.nsa_official,
            at=start,
        )


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("nsa_lead", NotPermitted),
        ("cisa_lead", NotPermitted),
        ("northlight_liaison", NotPermitted),
        ("basalt_liaison", NotVisible),
        ("administrator", NotVisible),
    ],
)
def test_nobody_but_nsas_officials_writes_signs_or_shares(people, written, code, refusal, start):
    someone = getattr(people, code)
    with pytest.raises(refusal):
        factories.determination(written.submission, people, by=someone)
    with pytest.raises(NotVisible):
        determinations.sign(written, by=someone, at=start)
    determinations.sign(written, by=people.nsa_signer, at=start)
    for step in (determinations.sign, determinations.share):
        with pytest.raises((NotPermitted, NotVisible)):
            step(written, by=someone, at=start)


def test_nothing_is_written_signed_or_shared_after_the_end(people, signed, move_clock):
    waiting = again(signed, people)
    move_clock(signed.submission.closes_at)
    for step in (
        lambda: again(signed, people),
        lambda: determinations.sign(waiting, by=people.nsa_signer, at=factories.now()),
        lambda: determinations.share(signed, by=people.nsa_signer, at=factories.now()),
    ):
        with pytest.raises(NotPermitted):
            step()


# Two signers, none of them recused


def test_its_author_does_not_sign_it(people, written, start):
    with pytest.raises(NotPermitted):
        determinations.sign(written, by=people.nsa_official, at=start)
    with pytest.raises(IntegrityError), transaction.atomic():
        Determination.objects.filter(pk=written.pk).update(
            signed_at=start, signer=people.nsa_official
        )


def recuse(people, person, submission, start):
    agency_reviews.recuse(submission, reason="Kin.", by=person, at=start)


def test_a_recused_official_signs_nothing(people, written, start):
    recuse(people, people.nsa_signer, written.submission, start)
    with pytest.raises(NotVisible):
        determinations.sign(written, by=people.nsa_signer, at=start)


def test_what_a_recused_author_wrote_is_written_anew_and_not_signed(people, written, start):
    recuse(people, people.nsa_official, written.submission, start)
    with pytest.raises(Conflict, match=r"recused herself since. It cannot be signed"):
        determinations.sign(written, by=people.nsa_signer, at=start)
    signer = signed_in(people.nsa_signer)
    assert "recused herself" in text_of(
        signer.get(page("determination-detail", written.submission))
    )
    assert 'name="rationale"' in text_of(
        signer.get(page("determination-write", written.submission))
    )
    second = factories.determination(written.submission, people, by=people.nsa_signer)
    written.refresh_from_db()
    assert (written.set_aside_at, written.set_aside_by) == (start, people.nsa_signer)
    assert (second.number, second.supersedes) == (2, None)
    third = _third_official(people)
    with pytest.raises(Conflict, match="set aside"):
        determinations.sign(written, by=third, at=start)
    assert determinations.sign(second, by=third, at=start).signed_at
    event = AuditEvent.objects.get(action="determination.set_aside")
    assert event.reason == "Its author has recused herself since."


def _third_official(people):
    people.dod_reviewer.groups.set(people.nsa_signer.groups.all())
    return people.dod_reviewer


def test_another_waits_while_one_can_be_signed(people, written):
    with pytest.raises(Conflict, match="waiting for its second signer"):
        factories.determination(written.submission, people)


def test_what_cites_a_criterion_retired_since_is_not_signed(people, written, start):
    factories.criterion(people, retires=True)
    with pytest.raises(Conflict, match="CC-1, version 1 is not in force any more"):
        determinations.sign(written, by=people.nsa_signer, at=start)
    factories.criterion(people, "CC-2")
    assert factories.determination(written.submission, people, state="signed").signed_at


def test_what_was_changed_after_it_was_written_is_not_signed(people, written, start):
    Determination.objects.filter(pk=written.pk).update(rationale="Something else.")
    with pytest.raises(Conflict, match="not what was written"):
        determinations.sign(written, by=people.nsa_signer, at=start)


# By SQL


def test_the_database_lets_nobody_sign_what_cites_no_criterion(people, written):
    DeterminationCriterion.objects.filter(determination=written).delete()
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE reviews_determination SET signed_at = written_at, signer_id = %s",
            [people.nsa_signer.pk],
        )


def test_the_database_takes_none_that_is_signed_from_the_start(people, submission, start):
    with pytest.raises(IntegrityError), transaction.atomic():
        Determination.objects.create(
            submission=submission,
            outcome="covered",
            rationale="Reasons.",
            authority="Director",
            written_at=start,
            author=people.nsa_official,
            signed_at=start,
            signer=people.nsa_signer,
        )


@pytest.mark.parametrize(
    "change",
    [
        {"rationale": ""},
        {"outcome": "held"},
        {"supersedes_reason": ""},
        {"supersedes": None},
        {"signer": None},
        {"shared_by": None},
        {"set_aside_at": F("signed_at"), "set_aside_by": F("signer")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_database_refuses(people, signed, start, change):
    later = determinations.sign(again(signed, people), by=people.nsa_signer, at=start)
    determinations.share(later, by=people.nsa_signer, at=start)
    with pytest.raises(IntegrityError), transaction.atomic():
        Determination.objects.filter(pk=later.pk).update(**change)


# Superseding


def test_a_later_one_says_why_it_supersedes(people, signed):
    with pytest.raises(Incomplete, match="Determination 1 is in force") as refused:
        again(signed, people, supersedes_reason=" ")
    assert refused.value.missing == ["supersedes_reason"]
    later = again(signed, people)
    assert (later.number, later.supersedes) == (2, signed)


def test_a_first_one_supersedes_nothing(people, submission):
    with pytest.raises(Conflict, match="supersedes none"):
        factories.determination(submission, people, supersedes_reason="Measured again.")


def test_the_chain_says_what_superseded_which_and_why(people, signed, start):
    for reason in ("First-reason", "Second-reason"):
        determinations.sign(
            again(signed, people, supersedes_reason=reason), by=people.nsa_signer, at=start
        )
    shown = text_of(signed_in(people.dod_lead).get(page("determination-detail", signed.submission)))
    found = re.findall(r"Supersedes</dt><dd>Number (\d).*?>(\w+-reason)<", shown, re.DOTALL)
    assert found == [("2", "Second-reason"), ("1", "First-reason")]


def test_the_event_of_signing_holds_the_hash_of_each_document(people, submission, start):
    first, second = (factories.document(submission, people) for _ in range(2))
    latest = documents.add_version(
        first, upload=factories.upload(), by=people.northlight_liaison, at=start
    )
    waiting = documents.add_version(
        second, upload=factories.upload(), by=people.northlight_liaison, at=start
    )
    second.versions.filter(pk=waiting.pk).update(scan_state="waiting")
    factories.determination(submission, people, state="signed")
    event = AuditEvent.objects.get(action="determination.issued")
    assert event.details["evidence"] == {
        str(first.key): latest.sha256,
        str(second.key): second.versions.get(number=1).sha256,
    }
    assert event.details["criteria"] == ["CC-1, version 1"]


def test_criteria_changed_later_change_no_determination(people, signed, start):
    factories.criterion(people, title=CANARY)
    shown = text_of(signed_in(people.dod_lead).get(page("determination-detail", signed.submission)))
    assert "CC-1, version 1" in shown
    assert CANARY not in shown
