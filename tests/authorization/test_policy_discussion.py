"""Discussion: who reads, writes and edits in threads of each audience."""

import pytest

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.policy import Action
from reviews.services import agency_reviews, attachments
from tests.authorization.policy_world import (
    BASALT,
    DELIBERATING,
    DOD,
    LAB,
    LEADS,
    NSA,
    OFFICIALS,
    ONLY_ON_BASALT,
    OPENING,
    START,
    always,
    at_each_instant,
    everyone,
    person,
    seen,
    while_open,
)
from tests.discussions import opened, posted

pytestmark = pytest.mark.django_db

ON_BASALT = DELIBERATING | ONLY_ON_BASALT
READERS = {
    "nsa's own": NSA,
    "dod's own": DOD,
    "agencies": DELIBERATING,
    "with the lab": DELIBERATING | LAB,
    "by the lab": DELIBERATING | LAB,
    "dod's on basalt": DOD,
    "agencies on basalt": ON_BASALT,
    "with basalt": ON_BASALT | BASALT,
}
WRITERS = READERS | {
    "with the lab": LEADS | OFFICIALS | LAB,
    "by the lab": LEADS | OFFICIALS | LAB,
    "with basalt": LEADS | OFFICIALS | BASALT,
}
NOBODY = {label: set() for label in READERS}
AUTHORS = {
    "nsa's own": {"nsa_lead"},
    "dod's own": {"dod_lead"},
    "agencies": {"nsa_reviewer"},
    "with the lab": {"nsa_lead"},
    "by the lab": {"northlight_liaison"},
    "dod's on basalt": {"dod_lead"},
    "agencies on basalt": {"dod_lead"},
    "with basalt": {"basalt_liaison"},
}


def test_who_reads_a_thread_at_any_time(world):
    assert at_each_instant(world, Action.READ_THREAD, world.threads) == always(READERS)


def test_who_writes_in_a_thread_while_the_window_is_open(world):
    found = at_each_instant(world, Action.POST_IN_THREAD, world.threads)
    assert found == while_open(WRITERS, NOBODY)


def test_the_author_alone_edits_a_post_while_the_window_is_open(world):
    found = at_each_instant(world, Action.EDIT_POST, world.posts)
    assert found == while_open(AUTHORS, NOBODY)


def test_who_writes_in_a_thread_reads_it(world):
    for label, writers in WRITERS.items():
        assert writers <= READERS[label]


def test_nothing_is_said_on_a_submission_that_is_over(world):
    for someone in everyone(world).values():
        for name in ("withdrawn", "expired", "concluded", "draft", "abandoned"):
            submission = getattr(world, name)
            for action in (Action.OPEN_THREAD, Action.OPEN_THREAD_WITH_LAB):
                assert not policy.may(someone, action, submission, at=OPENING)


def test_readers_are_whom_policy_lets_read(world):
    """Read from the row's side and from the person's: the same people."""
    for label, thread in world.threads.items():
        told = set(audience.readers(thread))
        assert told == {
            someone
            for someone in User.objects.all()
            if policy.may(someone, Action.READ_THREAD, thread, at=OPENING)
        }, label


@pytest.mark.parametrize("seat", ["nsa:reviewer", "nsa:lead", "nsa:determination_official"])
def test_each_seat_that_deliberates_reads_and_writes_for_its_agency(world, seat):
    someone = person(seat)
    reads = {"nsa's own", "agencies", "with the lab", "by the lab"}
    assert reads == seen(someone, Action.READ_THREAD, on_running(world), OPENING)
    writes = {"nsa's own", "agencies"} if seat == "nsa:reviewer" else reads
    assert writes == seen(someone, Action.POST_IN_THREAD, on_running(world), OPENING)


def on_running(world):
    return {label: row for label, row in world.threads.items() if row.submission == world.running}


@pytest.mark.parametrize(
    "seat",
    ["cisa:consulted_official", "oncd:consulted_official", "nsa:administrator", "nsa:auditor"],
)
def test_who_does_not_deliberate_reads_nothing(world, seat):
    """Consulted at CISA, she takes no part in what CISA's reviewers say either."""
    opened(world.running, "own_agency", world.people.cisa_reviewer, "cisa")
    assert not policy.allowed(person(seat), Action.READ_THREAD, at=OPENING).exists()


def test_a_detached_agency_reads_nothing_any_more_not_even_its_own(world):
    dod = Organization.objects.get(code="dod")
    attachments.detach(world.running, dod, by=world.people.administrator, at=START)
    assert seen(world.people.dod_lead, Action.READ_THREAD, on_running(world), OPENING) == set()
    assert seen(world.people.dod_lead, Action.READ_THREAD, world.threads, OPENING) == {
        *("dod's on basalt", "agencies on basalt", "with basalt")
    }


def test_whoever_is_recused_reads_and_writes_nothing_there(world):
    lead = world.people.nsa_lead
    agency_reviews.recuse(world.running, reason="Kin.", by=lead, at=START)
    lead = User.objects.get(pk=lead.pk)
    for action, rows in (
        (Action.READ_THREAD, on_running(world)),
        (Action.POST_IN_THREAD, on_running(world)),
        (Action.EDIT_POST, {k: v for k, v in world.posts.items() if "basalt" not in k}),
        (Action.READ_DISCUSSION, {"running": world.running}),
    ):
        assert seen(lead, action, rows, OPENING) == set()
    assert lead not in audience.readers(world.threads["agencies"])


def test_the_agency_of_a_thread_is_the_one_of_the_seat_that_deliberates(world):
    """Administrator at NSA, reviewer at DoD: DoD's own, and not NSA's."""
    someone = person("nsa:auditor", "dod:reviewer")
    assert seen(someone, Action.READ_THREAD, on_running(world), OPENING) == {
        *("dod's own", "agencies", "with the lab", "by the lab")
    }


def test_who_left_an_agency_edits_no_more_what_she_said_for_it(world):
    """She said it as NSA's lead, and leads DoD now: her posts elsewhere are still hers."""
    someone = person("nsa:lead", "dod:lead")
    threads = [world.threads["agencies"], world.threads["with the lab"]]
    for_nsa = [posted(thread, someone, "nsa") for thread in threads]
    for_dod = [posted(thread, someone, "dod") for thread in threads]
    posts = {("nsa", p.thread_id): p for p in for_nsa} | {("dod", p.thread_id): p for p in for_dod}
    assert seen(someone, Action.EDIT_POST, posts, OPENING) == set(posts)
    someone.groups.remove(someone.groups.get(name="nsa:lead"))
    someone = User.objects.get(pk=someone.pk)
    left = {label for label in posts if label[0] == "dod"}
    assert seen(someone, Action.EDIT_POST, posts, OPENING) == left


def test_who_leads_no_more_edits_no_more_what_the_lab_reads(world):
    someone = person("nsa:lead", "nsa:reviewer")
    posts = {
        label: posted(world.threads[label], someone)
        for label in ("nsa's own", "agencies", "with the lab")
    }
    someone.groups.remove(someone.groups.get(name="nsa:lead"))
    someone = User.objects.get(pk=someone.pk)
    assert seen(someone, Action.EDIT_POST, posts, OPENING) == {"nsa's own", "agencies"}
