"""Who writes a review together: what each does, and what ends with an assignment or a conflict."""

import pytest

from accounts.models import AuditEvent
from reviews.exceptions import NotPermitted
from reviews.models import AgencyReview, Coauthor
from reviews.services import agency_reviews, assignments, coauthors
from reviews.services.suggestions import for_assigning
from tests import factories
from tests.services.agency_pages import page, signed_in, text_of
from tests.services.test_review_pages import sent
from tests.services.test_workload import rows


@pytest.fixture
def colleague(people, submission, start):
    """Another reviewer of NSA, assigned."""
    assignments.assign(
        submission,
        reviewer=people.recused,
        agency=factories.organization("nsa"),
        by=people.nsa_lead,
        at=start,
    )
    return people.recused


@pytest.fixture
def draft(people, submission, colleague, start):
    """NSA's reviewer writes it with her colleague."""
    review = factories.review_drafted(submission, people)
    return coauthors.choose(review, [colleague], by=people.nsa_reviewer, at=start)


def file_as(author, submission, review, at, **written):
    return agency_reviews.file_review(
        submission,
        agency=review.agency,
        author=review.author,
        answers=factories.REVIEW,
        ratings={},
        evidence=[],
        revision=review.revision,
        by=author,
        at=at,
        **written,
    )


def next_draft(submission, people, at):
    """What NSA's reviewer begins after a filed version."""
    return agency_reviews.save_draft(
        submission,
        agency=factories.organization("nsa"),
        answers=factories.REVIEW,
        ratings={},
        evidence=[],
        revision=0,
        by=people.nsa_reviewer,
        at=at,
    )


def test_whose_assignment_ended_is_no_author_of_what_is_filed(
    people, submission, colleague, draft, start
):
    """Else she had filed, and read what other agencies filed."""
    theirs = factories.review_filed(submission, people, "dod")
    assignments.end(
        submission, reviewer=colleague, agency=draft.agency, by=people.nsa_lead, at=start
    )
    file_as(people.nsa_reviewer, submission, draft, start)
    assert not Coauthor.objects.exists()
    assert signed_in(colleague).get(theirs.get_absolute_url()).status_code == 404


def test_nor_is_she_carried_into_the_next_version(people, submission, colleague, draft, start):
    filed = file_as(people.nsa_reviewer, submission, draft, start)
    assert [one.person for one in filed.coauthors.all()] == [colleague]
    agency_reviews.recuse(submission, reason="", by=colleague, at=start)
    following = next_draft(submission, people, start)
    assert (following.version, list(following.coauthors.all())) == (2, [])


def test_what_a_recused_author_wrote_is_sealed_for_those_who_wrote_with_her(
    people, submission, colleague, draft, start
):
    agency_reviews.recuse(submission, reason="", by=people.nsa_reviewer, at=start)
    with pytest.raises(NotPermitted):
        file_as(colleague, submission, draft, start)
    assert not AgencyReview.objects.filter(filed_at__isnull=False).exists()


def test_who_is_left_off_a_next_version_writes_no_earlier_one(
    people, submission, colleague, draft, start
):
    filed = file_as(people.nsa_reviewer, submission, draft, start)
    following = next_draft(submission, people, start)
    coauthors.choose(following, [], by=people.nsa_reviewer, at=start)
    browser = signed_in(colleague)
    shown = browser.get(filed.get_absolute_url())
    assert shown.status_code == 200
    assert "Continue" not in text_of(shown)
    own = page("review-write", submission)
    assert browser.get(own).context["shared"] == []
    assert browser.get(f"{own}?agency=nsa&review={filed.key}").status_code == 403


def test_the_workload_counts_what_several_write_for_each(
    people, submission, colleague, draft, start
):
    assert rows(people.nsa_lead)["recused"][:3] == (1, 1, 0)
    file_as(people.nsa_reviewer, submission, draft, start)
    again = agency_reviews.latest_of(submission, draft.agency, people.nsa_reviewer)
    agency_reviews.file_review(
        submission,
        agency=draft.agency,
        answers=factories.REVIEW,
        ratings={},
        evidence=[],
        revision=0,
        by=people.nsa_reviewer,
        at=start,
    )
    assert again.version == 1
    found = rows(people.nsa_lead)
    assert [found[name][:3] for name in ("nsa reviewer", "recused")] == [(0, 0, 1), (0, 0, 1)]


def test_who_wrote_with_another_knows_the_model(people, submission, colleague, draft, start):
    file_as(people.nsa_reviewer, submission, draft, start)
    later = factories.filed(people, family=submission.model_version.family, version="9")
    facts = for_assigning(later, draft.agency, by=people.nsa_lead, at=start)
    assert {one.name: one.knows_the_model for one in facts} == {
        "nsa reviewer": True,
        "recused": True,
    }


def test_a_conflict_of_interest_takes_an_assignment_from_the_workload(
    people, submission, colleague, start
):
    assert rows(people.nsa_lead)["recused"][0] == 1
    agency_reviews.recuse(submission, reason="", by=colleague, at=start)
    assert rows(people.nsa_lead)["recused"][0] == 0


def test_a_page_names_its_series_by_no_primary_key(people, submission, draft):
    shown = text_of(signed_in(people.nsa_reviewer).get(page("review-write", submission)))
    assert f'data-autosave="{submission.reference}/nsa/nsa-reviewer@demo.example/' in shown
    notes = text_of(signed_in(people.nsa_reviewer).get(page("note-write", submission)))
    assert f'data-autosave="{submission.reference}/note/nsa-reviewer@demo.example"' in notes


def test_what_changed_names_every_field(people, submission, draft, start):
    document = factories.document(submission, people)
    browser = signed_in(people.nsa_reviewer)
    write = page("review-write", submission)
    browser.post(write, sent(file="1", revision=str(draft.revision)))
    browser.post(
        write,
        sent(file="1", version="2", external_reference="EV-9", evidence=[str(document.key)]),
    )
    latest = AgencyReview.objects.get(version=2)
    changes = browser.get(f"{latest.get_absolute_url()}changes/").context["changes"]
    assert {label for label, _ in changes} >= {"External reference", "Documents relied upon"}


def test_saving_a_draft_accepts_on_the_record(people, submission, draft):
    accepted = AuditEvent.objects.filter(action="assignment.accepted")
    assert [event.actor for event in accepted] == [people.nsa_reviewer.email]


def test_no_colleagues_page_stands_in_for_hers(people, submission, colleague, draft):
    """Else her later savings were taken for old ones, and dropped, while her page says "Saved"."""
    write = page("review-write", submission)
    name = {"page": "a" * 32, "turn": "1", "revision": str(draft.revision), "autosave": "1"}
    assert signed_in(people.nsa_reviewer).post(write, sent(**name)).status_code == 200
    theirs = f"{write}?agency=nsa&review={draft.key}"
    assert "a" * 32 in text_of(signed_in(people.nsa_reviewer).get(write))
    other = signed_in(colleague)
    assert "a" * 32 not in text_of(other.get(theirs))
    answer = other.post(theirs, sent(**name | {"turn": "2000000000", "concerns": "Replaced."}))
    assert answer.status_code == 409
    draft.refresh_from_db()
    assert draft.concerns == "One open question."
