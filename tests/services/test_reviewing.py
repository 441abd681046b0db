"""Writing a review: saving while one types, co-authors, references to pages, private notes."""

import json

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from reviews.exceptions import Conflict, NotPermitted, NotVisible
from reviews.models import AgencyReview, Notice, PrivateNote
from reviews.services import agency_reviews, assignments, citations, coauthors, differences
from tests import factories
from tests.services.agency_pages import content_of, page, signed_in
from tests.services.test_review_pages import sent

CANARY = "CANARY-41c7"
PAGE, OTHER = "a" * 32, "b" * 32


def autosave(browser, submission, **changes):
    """(status, answer) of a page that saves what was typed, as the script sends it."""
    answer = browser.post(page("review-write", submission), sent(autosave="1", **changes))
    return answer.status_code, json.loads(answer.content)


# Saving while one types.


def test_what_is_typed_is_saved_and_the_page_told_where_it_is(submission, reviewer):
    status, answer = autosave(reviewer, submission, concerns="One.", page=PAGE, turn="1")
    assert (status, answer["revision"], answer["version"], answer["errors"]) == (200, 1, 1, [])
    status, answer = autosave(
        reviewer, submission, concerns="Two.", page=PAGE, turn="2", revision="1"
    )
    assert (status, answer["revision"]) == (200, 2)
    review = AgencyReview.objects.get()
    assert (review.concerns, review.filed_at, review.revision) == ("Two.", None, 2)
    assert AuditEvent.objects.filter(action="review.saved").count() == 2


def test_what_cannot_be_read_is_named_and_all_else_is_saved(submission, reviewer):
    autosave(reviewer, submission, hours_spent="3", page=PAGE, turn="1")
    status, answer = autosave(
        reviewer, submission, hours_spent="three", concerns=CANARY, page=PAGE, turn="2"
    )
    assert (status, answer["errors"]) == (200, ["Hours spent"])
    review = AgencyReview.objects.get()
    assert (review.concerns, str(review.hours_spent)) == (CANARY, "3.0")
    status, _ = autosave(
        reviewer, submission, vulnerability_discovery_score="9", page=PAGE, turn="3"
    )
    assert status == 200
    assert review.ratings.get(criterion="vulnerability_discovery").score == 2


def test_a_page_goes_on_though_it_never_heard_the_answer(submission, reviewer):
    """The saving arrived and its answer did not: the page still thinks of revision 0."""
    autosave(reviewer, submission, concerns="One.", page=PAGE, turn="1")
    status, answer = autosave(reviewer, submission, concerns="Two.", page=PAGE, turn="2")
    assert (status, answer["revision"]) == (200, 2)
    assert AgencyReview.objects.get().concerns == "Two."


def test_a_sending_that_arrives_late_undoes_nothing(submission, reviewer):
    autosave(reviewer, submission, concerns="Later.", page=PAGE, turn="2")
    status, answer = autosave(reviewer, submission, concerns="Earlier.", page=PAGE, turn="1")
    assert (status, answer["revision"]) == (200, 1)
    assert AgencyReview.objects.get().concerns == "Later."
    answer = reviewer.post(
        page("review-write", submission), sent(page=PAGE, turn="1", concerns="Old.", file="1")
    )
    assert answer.status_code == 409
    assert AgencyReview.objects.get().filed_at is None


def test_another_page_is_told_and_changes_nothing(submission, reviewer):
    autosave(reviewer, submission, concerns="One.", page=PAGE, turn="1")
    assert autosave(reviewer, submission, concerns="Two.", page=OTHER, turn="9") == (409, {})
    assert autosave(reviewer, submission, concerns="Three.") == (409, {})
    assert AgencyReview.objects.get().concerns == "One."


@pytest.mark.parametrize(
    ("choice", "kept"),
    [("mine", "Mine."), ("saved", "Theirs."), ("both", "Mine.\n\nTheirs.")],
)
def test_where_two_pages_differ_the_person_chooses(submission, reviewer, choice, kept):
    autosave(reviewer, submission, concerns="Theirs.", page=OTHER, turn="1")
    answer = reviewer.post(page("review-write", submission), sent(concerns="Mine.", save="1"))
    assert answer.status_code == 409
    assert [(row.name, row.saved, row.typed) for row in answer.context["differences"]] == [
        ("concerns", "Theirs.", "Mine.")
    ]
    again = sent(concerns="Mine.", revision="1", take_concerns=choice, save="1")
    assert reviewer.post(page("review-write", submission), again).status_code == 302
    assert AgencyReview.objects.get().concerns == kept


def test_every_kind_of_field_can_be_taken_as_saved(people, submission, reviewer):
    card = factories.document(submission, people)
    saved = {
        "evidence": [str(card.key)],
        "hours_spent": "4",
        "vulnerability_discovery_score": "4",
        "no_conflict_declared": "on",
    }
    autosave(reviewer, submission, **saved, page=OTHER, turn="1")
    mine = sent(save="1", hours_spent="5", no_conflict_declared=None)
    answer = reviewer.post(page("review-write", submission), mine)
    differing = {row.name for row in answer.context["differences"]}
    assert differing == saved.keys()
    choices = {f"take_{name}": "saved" for name in differing}
    reviewer.post(page("review-write", submission), mine | choices | {"revision": "1"})
    review = AgencyReview.objects.get()
    assert (str(review.hours_spent), review.no_conflict_declared) == ("4.0", True)
    assert review.ratings.get(criterion="vulnerability_discovery").score == 4
    assert list(review.evidence.all()) == [card]


def test_nothing_is_saved_after_the_end(submission, reviewer, move_clock):
    move_clock(submission.closes_at)
    answer = reviewer.post(page("review-write", submission), sent(autosave="1"))
    assert answer.status_code == 403
    assert AgencyReview.objects.count() == 0


def test_a_document_that_closed_in_between_stays_relied_upon(people, submission, reviewer):
    """The author cannot see it any more; her next saving does not take it out unseen."""
    card = factories.document(submission, people)
    autosave(reviewer, submission, evidence=[str(card.key)], page=PAGE, turn="1")
    card.restrictions.create(organization=factories.organization("dod"))
    status, _ = autosave(reviewer, submission, page=PAGE, turn="2")
    assert status == 200
    assert list(AgencyReview.objects.get().evidence.all()) == [card]


# Writing together.


@pytest.fixture
def colleague(people, submission):
    """A second reviewer of NSA, assigned. On another submission she is recused from nothing."""
    assignments.assign(
        submission,
        reviewer=people.recused,
        agency=factories.organization("nsa"),
        by=people.nsa_lead,
        at=factories.now(),
    )
    return people.recused


@pytest.fixture
def together(people, submission, reviewer, colleague):
    """A draft that two reviewers write."""
    draft = factories.review_drafted(submission, people)
    return coauthors.choose(draft, [colleague], by=people.nsa_reviewer, at=factories.now())


def test_a_coauthor_is_told_and_writes_the_same_draft(people, submission, together, colleague):
    assert Notice.objects.get(kind="coauthor_added").recipient == colleague
    browser = signed_in(colleague)
    url = f"{page('review-write', submission)}?review={together.key}"
    assert "nsa reviewer" in content_of(browser.get(url))
    answer = browser.post(url, sent(revision="1", concerns="Ours.", save="1"))
    assert answer.status_code == 302
    review = AgencyReview.objects.get()
    assert (review.concerns, review.author) == ("Ours.", people.nsa_reviewer)


def test_two_people_who_write_at_once_are_told(submission, together, reviewer, colleague):
    url = f"{page('review-write', submission)}?review={together.key}"
    hers = sent(revision="1", concerns="Hers.", page=OTHER, turn="1", autosave="1")
    assert signed_in(colleague).post(url, hers).status_code == 200
    assert autosave(reviewer, submission, revision="1", page=PAGE, turn="1") == (409, {})


def test_a_coauthor_files_and_both_have_filed(people, submission, together, colleague):
    url = f"{page('review-write', submission)}?review={together.key}"
    browser = signed_in(colleague)
    assert browser.post(url, sent(revision="1", file="1")).status_code == 302
    assert AgencyReview.objects.get().filed_at is not None
    for person in (people.nsa_reviewer, colleague):
        assert "Write and file your review" not in content_of(signed_in(person).get("/"))
    answer = browser.post(url, sent(version="2", concerns="Next.", save="1"))
    assert answer.status_code == 302
    following = AgencyReview.objects.get(version=2)
    assert following.author == people.nsa_reviewer
    assert [one.person for one in following.coauthors.all()] == [colleague]


def test_a_colleague_whom_the_author_did_not_choose_does_not_write_it(
    people, submission, reviewer, colleague
):
    draft = factories.review_drafted(submission, people)
    url = f"{page('review-write', submission)}?review={draft.key}"
    browser = signed_in(colleague)
    assert browser.get(url).status_code == 403
    assert browser.post(url, sent(revision="1", save="1")).status_code == 403
    with pytest.raises(NotPermitted):
        agency_reviews.save_draft(
            submission,
            agency=draft.agency,
            author=draft.author,
            answers={"concerns": "Mine now."},
            ratings={},
            evidence=None,
            revision=1,
            by=colleague,
            at=factories.now(),
        )
    with pytest.raises(NotVisible):
        agency_reviews.save_draft(
            submission,
            agency=draft.agency,
            author=people.dod_reviewer,
            answers={},
            ratings={},
            evidence=None,
            revision=0,
            by=colleague,
            at=factories.now(),
        )
    draft.refresh_from_db()
    assert draft.concerns == "One open question."


def test_only_the_assigned_of_the_agency_can_be_chosen(people, submission):
    factories.assigned(submission, people, "dod")
    draft = factories.review_drafted(submission, people)
    for stranger in (people.recused, people.nsa_lead, people.dod_reviewer):
        with pytest.raises(Conflict):
            coauthors.choose(draft, [stranger], by=people.nsa_reviewer, at=factories.now())
    forged = signed_in(people.nsa_reviewer).post(
        reverse("reviews:coauthor-choose", args=[draft.key]), {"people": people.dod_reviewer.email}
    )
    assert forged.status_code == 422


def test_who_is_left_off_writes_no_more(people, submission, together, colleague):
    url = f"{page('review-write', submission)}?review={together.key}"
    choose = reverse("reviews:coauthor-choose", args=[together.key])
    assert signed_in(colleague).get(choose).status_code == 403
    assert signed_in(people.nsa_reviewer).post(choose, {}).status_code == 302
    assert signed_in(colleague).get(url).status_code == 403
    details = [event.details for event in AuditEvent.objects.filter(action__contains="coauthors")]
    assert [detail["coauthors"] for detail in details] == [[colleague.email], []]


# References to pages of documents.


def test_a_reference_leads_to_the_page_and_tells_nothing_to_others(people, submission, reviewer):
    card = factories.document(submission, people, title=CANARY, restricted_to=["nsa"])
    reference = citations.reference(card.versions.get(), 3)
    answer = reviewer.post(
        page("review-write", submission), sent(file="1", concerns=f"See {reference}.")
    )
    review = AgencyReview.objects.get()
    where = reverse("reviews:version-detail", kwargs={"key": card.key, "number": 1, "page": 3})
    shown = content_of(reviewer.get(answer.url))
    assert f'<a class="usa-link" href="{where}">{CANARY}, version 1, page 3</a>' in shown
    factories.review_filed(submission, people, "dod")
    other = content_of(signed_in(people.dod_reviewer).get(review.get_absolute_url()))
    assert CANARY not in other
    assert str(card.key) not in other
    assert "(a document that is not open to you)" in other


@pytest.mark.parametrize("reference", ["[[00000000 v1 p2]]", "[[{} v9]]"])
def test_a_reference_that_leads_nowhere_is_not_filed(people, submission, reviewer, reference):
    card = factories.document(submission, people)
    text = reference.format(str(card.key)[:8])
    answer = reviewer.post(page("review-write", submission), sent(file="1", limits=f"See {text}."))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["limits"])
    review = AgencyReview.objects.get()
    assert (review.limits, review.filed_at) == (f"See {text}.", None)


def test_references_take_one_query_however_many(people, submission, django_assert_num_queries):
    cards = [factories.document(submission, people) for _ in range(4)]
    texts = [citations.reference(card.versions.get(), 2) for card in cards]
    for count in (1, 4):
        with django_assert_num_queries(2):  # the reader's seats, the documents
            found = citations.sources(
                texts[:count], submission, reader=people.nsa_reviewer, at=factories.now()
            )
        assert len(found) == count


def test_a_page_is_read_as_text_and_on_record(people, submission, reviewer):
    lines = "\n".join(f"line {number} <b>" for number in range(1, 131))
    card = factories.document(submission, people, name="log.txt", content=lines.encode())
    where = {"key": card.key, "number": 1}
    shown = content_of(reviewer.get(reverse("reviews:version-detail", kwargs=where | {"page": 3})))
    assert "line 121 &lt;b&gt;" in shown
    assert "line 120 " not in shown
    assert "Page 3 of 3" in shown
    assert citations.reference(card.versions.get(), 3) in shown
    beyond = reviewer.get(reverse("reviews:version-detail", kwargs=where | {"page": 9}))
    assert beyond.url == reverse("reviews:version-detail", kwargs=where | {"page": 3})
    for none in (0, 100_000):
        nowhere = reverse("reviews:version-detail", kwargs=where | {"page": none})
        assert reviewer.get(nowhere).status_code == 404
    read = AuditEvent.objects.filter(action="document.read").values_list("details", flat=True)
    assert [details["page"] for details in read] == [3, 9]


def test_only_the_pages_of_the_pane_stand_in_a_frame_of_our_own(people, submission, reviewer):
    framed = reviewer.get(f"{page('reading-list', submission)}?pane=1")
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    for url in (page("reading-list", submission), f"{page('review-list', submission)}?pane=1"):
        alone = reviewer.get(url)
        assert alone["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in alone["Content-Security-Policy"]
    assert "frame-src" not in alone["Content-Security-Policy"]
    write = reviewer.get(page("review-write", submission))
    assert "frame-src 'self'" in write["Content-Security-Policy"]


# What changed.


def test_what_changed_between_versions_is_shown_word_by_word(submission, reviewer):
    reviewer.post(page("review-write", submission), sent(file="1", concerns="Two open questions."))
    answer = reviewer.post(
        page("review-write", submission), sent(version="2", file="1", concerns="One open question.")
    )
    shown = content_of(reviewer.get(f"{answer.url}changes/"))
    assert "<del>Two </del><ins>One </ins>open <del>questions.</del><ins>question.</ins>" in shown
    assert "API only." not in shown


@pytest.mark.parametrize("length", [3, 3_000])
def test_the_pieces_put_together_are_either_text(length):
    before = "".join(f"line {number}\n" for number in range(length))
    after = before.replace("line 1\n", "a new line\n") + "the end"
    found = differences.pieces(before, after)
    assert "".join(piece.text for piece in found if piece.change != "added") == before
    assert "".join(piece.text for piece in found if piece.change != "removed") == after
    assert len(found) < 8


# Private notes.


def test_notes_are_the_writers_alone(people, submission, reviewer):
    url = page("note-write", submission)
    answer = reviewer.post(url, {"text": CANARY, "revision": "0", "autosave": "1"})
    assert json.loads(answer.content)["revision"] == 1
    assert CANARY in content_of(reviewer.get(url))
    for code in ("nsa_lead", "nsa_official", "recused", "dod_reviewer"):
        assert CANARY not in content_of(signed_in(getattr(people, code)).get(url))
    for code in ("northlight_liaison", "administrator", "auditor"):
        assert signed_in(getattr(people, code)).get(url).status_code in (403, 404)
    assert CANARY not in str([event.details for event in AuditEvent.objects.all()])
    assert [e.organization for e in AuditEvent.objects.filter(action="note.saved")] == [""]


def test_notes_from_two_windows_are_both_there(submission, reviewer):
    url = page("note-write", submission)
    reviewer.post(url, {"text": "First.", "revision": "0"})
    answer = reviewer.post(url, {"text": "Second.", "revision": "0"})
    assert answer.status_code == 409
    shown = content_of(answer)
    assert "First." in shown
    assert "Second." in shown
    assert PrivateNote.objects.get().text == "First."
    assert reviewer.post(url, {"text": "Second.", "revision": "1"}).status_code == 302


def test_notes_are_read_and_not_written_after_the_end(people, submission, reviewer, move_clock):
    url = page("note-write", submission)
    reviewer.post(url, {"text": CANARY, "revision": "0"})
    move_clock(submission.closes_at)
    shown = content_of(reviewer.get(url))
    assert CANARY in shown
    assert "<form" not in shown
    assert reviewer.post(url, {"text": "More.", "revision": "1"}).status_code == 403
    assert signed_in(people.nsa_lead).get(url).status_code == 403
    assert PrivateNote.objects.get().text == CANARY
