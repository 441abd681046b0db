"""The determination's pages: consultations, writing, the second signer, who reads what."""

import pytest
from django.urls import reverse

from accounts.roles import CONSULTED
from reviews.models import Consultation, Determination
from reviews.services import determinations
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of

CANARY = "CANARY-4c77"
TYPED = {
    "outcome": "covered",
    "rationale": "It finds and chains flaws without help.",
    "authority": "Director, NSA",
    "external_reference": "Record 12",
}


@pytest.fixture
def asked(people, submission, start):
    """The submission with consultations asked for."""
    determinations.request_consultations(submission, by=people.nsa_official, at=start)
    return submission


@pytest.fixture
def written(people, asked, start):
    """A determination that waits for its second signer."""
    return factories.determination(asked, people, **TYPED)


@pytest.fixture
def typed(people):
    """What an official types and checks."""
    return TYPED | {"criteria": [version.pk for version in factories.criteria(people)]}


def signing(determination):
    return reverse("reviews:determination-sign", args=[determination.key])


def test_asking_is_confirmed_and_asks_each_office_once(people, submission):
    official = signed_in(people.nsa_official)
    url = page("consultation-request", submission)
    assert {office.code for office in official.get(url).context["offices"]} == set(CONSULTED)
    assert not Consultation.objects.exists()
    for _ in range(2):
        answer = official.post(url)
        assert (answer.status_code, answer.url) == (302, page("determination-detail", submission))
    assert Consultation.objects.count() == 3
    assert "have been asked already" in text_of(official.get(url))


def test_office_records_its_statement_once(people, asked):
    official = signed_in(people.oncd_official)
    url = page("consultation-record", asked)
    assert official.post(url, {"statement": ""}).status_code == 422
    assert official.post(url, {"statement": "ONCD agrees."}).status_code == 302
    answer = official.post(url, {"statement": CANARY})
    assert answer.status_code == 409
    assert CANARY in text_of(answer)
    shown = text_of(official.get(url))
    assert "ONCD agrees." in shown
    assert "<textarea" not in shown
    assert Consultation.objects.get(organization__code="oncd").statement == "ONCD agrees."


def test_office_that_was_not_asked_records_nothing(people, submission):
    official = signed_in(people.oncd_official)
    url = page("consultation-record", submission)
    assert "has not asked" in text_of(official.get(url))
    answer = official.post(url, {"statement": CANARY})
    assert answer.status_code == 409
    assert CANARY in text_of(answer)
    assert not Consultation.objects.exists()


def test_consultations_are_read_by_who_determines_and_by_their_own_office(
    people, asked, start, move_clock
):
    for person, words in ((people.oncd_official, "From-ONCD"), (people.cisa_lead, "From-CISA")):
        determinations.record_consultation(asked, statement=words, by=person, at=start)
    expected = {
        "nsa_official": {"From-ONCD", "From-CISA"},
        "oncd_official": {"From-ONCD"},
        "cisa_lead": {"From-CISA"},
        "nsa_lead": set(),
        "dod_reviewer": set(),
        "northlight_liaison": set(),
    }

    def readers():
        return {
            code: {
                words
                for words in ("From-ONCD", "From-CISA")
                if words
                in text_of(
                    signed_in(getattr(people, code)).get(page("determination-detail", asked))
                )
            }
            for code in expected
        }

    assert readers() == expected
    move_clock(asked.closes_at)
    assert readers() == expected


def test_writing_needs_consultations_and_keeps_what_was_typed(people, submission, typed):
    official = signed_in(people.nsa_official)
    url = page("determination-write", submission)
    assert "Ask them first" in text_of(official.get(url))
    answer = official.post(url, typed | {"rationale": CANARY})
    assert answer.status_code == 409
    shown = text_of(answer)
    assert CANARY in shown
    assert 'value="covered"' in shown
    assert not Determination.objects.exists()


def test_rationale_is_needed_and_classified_data_warned_of(people, asked, typed):
    official = signed_in(people.nsa_official)
    url = page("determination-write", asked)
    assert "Never a threshold, a score or a benchmark item" in text_of(official.get(url))
    answer = official.post(url, typed | {"rationale": " "})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["rationale"]


def test_both_outcomes_are_said_in_whole_sentences(people, asked):
    shown = text_of(signed_in(people.nsa_official).get(page("determination-write", asked)))
    assert ">The model version is a covered frontier model.<" in shown
    assert ">The model version is not a covered frontier model.<" in shown


def test_written_once_and_signed_by_a_second_person(people, asked, typed):
    official, signer = signed_in(people.nsa_official), signed_in(people.nsa_signer)
    url = page("determination-write", asked)
    assert official.post(url, typed).status_code == 302
    assert official.post(url, typed).status_code == 409
    determination = Determination.objects.get()
    assert (determination.author, determination.signed_at) == (people.nsa_official, None)
    confirmation = text_of(signer.get(signing(determination)))
    assert TYPED["rationale"] in confirmation
    assert "is in force at once" in confirmation
    assert not Determination.objects.filter(signed_at__isnull=False).exists()
    assert signer.post(signing(determination)).status_code == 302
    determination.refresh_from_db()
    assert determination.signer == people.nsa_signer
    assert signer.post(signing(determination)).status_code == 409


def test_author_cannot_sign_her_own(people, written):
    author = signed_in(people.nsa_official)
    assert author.get(signing(written)).status_code == 403
    assert author.post(signing(written)).status_code == 403
    written.refresh_from_db()
    assert written.signed_at is None
    shown = text_of(author.get(page("determination-detail", written.submission)))
    assert "somebody else signs it" in shown
    assert signing(written) not in shown


def test_unsigned_one_is_seen_by_who_determines_alone(people, written):
    for code in ("nsa_official", "nsa_signer"):
        shown = text_of(
            signed_in(getattr(people, code)).get(page("determination-detail", written.submission))
        )
        assert TYPED["rationale"] in shown
        assert "Not made" in shown
    for code in ("northlight_liaison", "nsa_lead", "dod_reviewer", "oncd_official"):
        browser = signed_in(getattr(people, code))
        shown = text_of(browser.get(page("determination-detail", written.submission)))
        assert TYPED["rationale"] not in shown, code
        none = "None shared with your lab" if code == "northlight_liaison" else "Not made"
        assert none in shown
        assert browser.get(signing(written)).status_code == 404, code


def test_signed_one_is_read_by_agencies_and_by_the_lab_once_it_is_shared(people, written, start):
    people.nsa_signer.name = f"{CANARY} signer"
    people.nsa_signer.save()
    determinations.sign(written, by=people.nsa_signer, at=start)
    url = page("determination-detail", written.submission)
    for code in ("dod_reviewer", "oncd_official"):
        assert TYPED["rationale"] in text_of(signed_in(getattr(people, code)).get(url)), code
    lab = signed_in(people.northlight_liaison)
    assert TYPED["rationale"] not in text_of(lab.get(url))
    determinations.share(written, by=people.nsa_official, at=start)
    shown = text_of(lab.get(url))
    assert TYPED["rationale"] in shown
    for name in (CANARY, "nsa official", "nsa-official@", "nsa-signer@", "Consultation"):
        assert name not in shown
    assert CANARY in text_of(signed_in(people.dod_reviewer).get(url))


def test_later_one_supersedes_and_both_stay(people, written, start, typed):
    determinations.sign(written, by=people.nsa_signer, at=start)
    signer = signed_in(people.nsa_signer)
    url = page("determination-write", written.submission)
    assert "this one supersedes it" in text_of(signer.get(url))
    changed = {"outcome": "not_covered", "rationale": "Measured again."}
    assert signer.post(url, typed | changed).status_code == 422
    signer.post(url, typed | changed | {"supersedes_reason": "A second measurement."})
    second = Determination.objects.get(number=2)
    official = signed_in(people.nsa_official)
    assert "It supersedes the determination in force: Covered" in text_of(
        official.get(signing(second))
    )
    assert official.post(signing(second)).status_code == 302
    answer = official.get(page("determination-detail", written.submission))
    assert (answer.context["in_force"], answer.context["superseded"]) == (second, [written])
    assert "A second measurement." in text_of(answer)


def test_nothing_is_written_after_the_end(people, written, move_clock):
    submission = written.submission
    move_clock(submission.closes_at)
    official, signer = signed_in(people.nsa_official), signed_in(people.nsa_signer)
    office = signed_in(people.oncd_official)
    for browser, url, values in (
        (official, page("consultation-request", submission), {}),
        (official, page("determination-write", submission), TYPED),
        (office, page("consultation-record", submission), {"statement": "Late."}),
        (signer, signing(written), {}),
    ):
        assert browser.get(url).status_code == 403, url
        assert browser.post(url, values).status_code == 403, url
    shown = text_of(signer.get(page("determination-detail", submission)))
    assert "it stays unsigned" in shown
    assert signing(written) not in shown


@pytest.mark.parametrize(
    "name", ["consultation-request", "consultation-record", "determination-write"]
)
def test_who_may_not_is_refused(people, submission, name):
    for code, status in (
        ("northlight_liaison", 403),
        ("nsa_lead", 403),
        ("basalt_liaison", 404),
        ("administrator", 404),
        ("superuser", 404),
    ):
        browser = signed_in(getattr(people, code))
        assert browser.get(page(name, submission)).status_code == status, code
        assert browser.post(page(name, submission), TYPED).status_code == status, code
    assert (
        signed_in(people.basalt_liaison).get(page("determination-detail", submission)).status_code
        == 404
    )
