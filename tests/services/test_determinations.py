"""What a determination needs, who signs it, what sets it aside, when the lab learns of it."""

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.urls import reverse

from accounts.models import AuditEvent
from reviews.exceptions import Conflict, Incomplete, NotPermitted, NotVisible
from reviews.models import Determination, DeterminationCriterion, Notice
from reviews.services import agency_reviews, determinations, documents, reports
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of

CANARY = "CANARY-77d0"


@pytest.fixture
def submission(people):
    return factories.filed(people)


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


def told(kind):
    """Who has a notice of the kind, by address."""
    return set(Notice.objects.filter(kind=kind).values_list("recipient__email", flat=True))


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


# Shared with the lab


def pages_of(person, submission):
    """All that the person reads of the submission, without her form's token."""
    browser = signed_in(person)
    names = ("submission-detail", "determination-detail", "submission-history", "report-detail")
    urls = [
        *(page(name, submission) for name in names),
        *("/", "/submissions/", reverse("reviews:notice-list"), reverse("reviews:agenda-list")),
    ]
    texts = [text_of(browser.get(url)) for url in urls]
    return [re.sub(r'value="\w{64}"', "", text) for text in texts]


@pytest.mark.parametrize("over", [False, True])
def test_the_lab_learns_nothing_of_one_that_is_not_shared(people, submission, move_clock, over):
    factories.criterion(people)
    before = pages_of(people.northlight_liaison, submission)
    determination = factories.determination(
        submission, people, state="signed", rationale=CANARY, external_reference=CANARY
    )
    assert pages_of(people.northlight_liaison, submission) == before
    assert CANARY in "".join(pages_of(people.dod_lead, submission))
    assert told("determination_issued") >= {people.dod_lead.email, people.oncd_official.email}
    labs = {people.northlight_liaison.email, people.northlight_admin.email}
    assert not labs & told("determination_issued")
    if over:
        move_clock(submission.closes_at)
        shown = pages_of(people.northlight_liaison, submission)
        assert "No determination has been shared with your lab." in shown[3]
        assert CANARY not in "".join(shown)
        assert "overed" not in shown[3]
    assert reports.determination_for_lab(submission) is None
    assert reports.determination_in_force(submission) == determination


def test_sharing_tells_the_lab_alone_and_once(people, signed, start):
    answer = signed_in(people.nsa_official)
    url = reverse("reviews:determination-share", args=[signed.key])
    assert "There is no way back" in text_of(answer.get(url))
    assert answer.post(url).status_code == 302
    assert answer.post(url).status_code == 409
    signed.refresh_from_db()
    assert (signed.shared_at, signed.shared_by) == (start, people.nsa_official)
    assert told("determination_shared") == {
        people.northlight_liaison.email,
        people.northlight_admin.email,
    }
    lab = pages_of(people.northlight_liaison, signed.submission)
    assert "Determination shared with the lab" in lab[2]
    assert "Covered" in lab[0]
    assert "Determination issued" not in "".join(lab)
    assert signed_in(people.basalt_liaison).get(url).status_code == 404


def test_what_supersedes_a_shared_one_is_shared(people, signed, start):
    determinations.share(signed, by=people.nsa_signer, at=start)
    Notice.objects.all().delete()
    later = again(signed, people, outcome="not_covered", rationale=CANARY)
    signer = signed_in(people.nsa_signer)
    url = reverse("reviews:determination-sign", args=[later.key])
    assert "The lab is told as well" in text_of(signer.get(url))
    assert "None shared" not in pages_of(people.northlight_liaison, later.submission)[1]
    determinations.sign(later, by=people.nsa_signer, at=start)
    assert people.northlight_liaison.email in told("determination_shared")
    assert reports.determination_for_lab(later.submission) == later
    lab = pages_of(people.northlight_liaison, later.submission)
    assert "Not covered" in lab[0]
    assert CANARY in lab[1]
    assert "Measured again." in lab[1]
    assert "Superseded" in lab[1]


def test_a_shared_one_does_not_tell_of_an_earlier_one_that_was_not(people, signed, start):
    later = again(signed, people, supersedes_reason=CANARY)
    determinations.sign(later, by=people.nsa_signer, at=start)
    with pytest.raises(Conflict, match="Share that one"):
        determinations.share(signed, by=people.nsa_signer, at=start)
    determinations.share(later, by=people.nsa_signer, at=start)
    lab = "".join(pages_of(people.northlight_liaison, later.submission))
    for words in (CANARY, "Supersede", "Number 1", "Number 2"):
        assert words not in lab
    assert "Covered" in lab


def test_the_lab_responds_once_and_agencies_read_it(people, signed, start, move_clock):
    lab = signed_in(people.northlight_liaison)
    url = reverse("reviews:determination-respond", args=[signed.key])
    assert lab.get(url).status_code == 404
    determinations.share(signed, by=people.nsa_signer, at=start)
    move_clock(signed.submission.closes_at)  # no window is needed
    assert url in pages_of(people.northlight_liaison, signed.submission)[1]
    assert lab.post(url, {"text": " "}).status_code == 422
    assert lab.post(url, {"text": f"{CANARY} one"}).status_code == 302
    refused = lab.post(url, {"text": f"{CANARY} two"})
    assert refused.status_code == 409
    assert f"{CANARY} two" in text_of(refused)
    for person in (people.dod_reviewer, people.oncd_official):
        shown = pages_of(person, signed.submission)
        assert f"{CANARY} one" in shown[1]
        assert "Lab&#x27;s response to the determination recorded" in shown[2]
        assert "northlight liaison" not in shown[2]
    assert signed_in(people.dod_lead).get(url).status_code == 403
    assert signed.response.text == f"{CANARY} one"


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
