"""When the lab learns of a determination, and what it answers; until then it learns nothing."""

import re

import pytest
from django.urls import reverse

from reviews.exceptions import Conflict
from reviews.models import Notice
from reviews.services import determinations, reports
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of

CANARY = "CANARY-77d0"


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
        assert "No determination has been shared with the lab." in shown[3]
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


def test_numbers_tell_the_lab_of_no_other(people, signed, start):
    """The first was never shared; the second was, and the third supersedes it."""
    second = again(signed, people)
    determinations.sign(second, by=people.nsa_signer, at=start)
    determinations.share(second, by=people.nsa_signer, at=start)
    determinations.sign(again(second, people), by=people.nsa_signer, at=start)
    lab = pages_of(people.northlight_liaison, signed.submission)[1]
    assert ("Number 1" in lab, "Number 2" in lab) == (True, False)
    assert "Number 2" in pages_of(people.dod_lead, signed.submission)[1]


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
