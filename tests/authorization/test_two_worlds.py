"""Two worlds that differ only in the other lab's data: lab A gets the same bytes in both.

Bodies, headers and mail, after masking what is random in every answer. The other lab's rows
hold canaries, so that a leak shows as words and not only as a difference.
"""

import random
import re

import pytest
from django.db import transaction
from django.test import Client

from reviews.models import Notice
from reviews.services import agency_reviews, delivery, ends, lifecycle
from tests import factories, gateways
from tests.discussions import opened

CANARY = "canary-of-basalt"
RANDOM = [
    # The log's hash of an event covers one before it, which nobody outside can guess.
    (rb'SHA-256 <span class="fv-code">[0-9a-f]{64}<', b"hash"),
    (rb'name="csrfmiddlewaretoken" value="[^"]+"', b"token"),
    (rb"FV-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", b"reference"),
    (rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"key"),
]
HEADERS = ("Content-Type", "Content-Length", "Location", "Cache-Control", "Vary")


def common(people):
    """What both worlds have: lab A's own rows, in several states."""
    submission = factories.filed(people, family="Aurora", version="1")
    factories.document(submission, people)
    factories.review_drafted(submission, people)
    factories.position_filed(submission, people, "dod")
    grant = factories.grant(submission, people, state="requested")
    gateways.added(people, factories.now())
    factories.grant(submission, people, agency="dod")
    draft = factories.draft(people, family="Aurora", version="2", complete=False)
    return submission, grant, draft


def other_lab(people, chance, start):
    """Lab B's data, as much of it as chance has it."""
    for number in range(chance.randint(1, 4)):
        submission = factories.filed(
            people,
            "basalt",
            family=f"{CANARY} {number}",
            risk_summary=CANARY,
            lab_tracking_id=CANARY,
        )
        factories.document(submission, people, title=CANARY, lab="basalt")
        if chance.random() < 0.7:
            factories.review_filed(submission, people, concerns=CANARY)
            factories.position_filed(submission, people, summary=CANARY)
        if chance.random() < 0.7:
            factories.grant(submission, people, lab="basalt", purpose=CANARY)
        if chance.random() < 0.7:
            opened(submission, "with_lab", people.basalt_liaison, "basalt", text=CANARY)
            opened(submission, "agencies", people.nsa_lead, title=CANARY)
        if chance.random() < 0.3:
            lifecycle.withdraw(submission, by=people.basalt_liaison, at=start)
    factories.draft(people, "basalt", family=CANARY)
    gateways.added(people, start, "basalt", f"https://{CANARY}.example/")


def script(submission, grant, draft, chance):
    """A random walk of lab A through its portal: (method, address, fields)."""
    own = f"/submissions/{submission.reference}/"
    unfinished = f"/submissions/{draft.reference}/"
    pages = [
        "/",
        "/submissions/",
        "/submissions/?sort=ends",
        "/submissions/?state=under_review&q=a",
        f"/submissions/?q={CANARY}",
        "/submissions/?after=2026-10-20T15:00:00%2B00:00~FV-ZZZZ-ZZZZ-ZZZZ",
        "/submissions/new/",
        "/access/",
        "/access/?state=&lab=basalt",
        "/access/as-of/?show=all",
        f"/access/as-of/?submission={CANARY[:20]}",
        f"/access/{grant.key}/",
        "/profile/",
        "/notices/?topic=requests",
        "/notices/settings/",
        "/notices/undelivered/",
        "/gateways/",
        "/gateways/new/",
        *(f"/gateways/{one.key}/" for one in submission.lab.gateways.all()),
        "/absences/",
        own,
        *(own + part for part in ("package/", "documents/", "determination/", "report/")),
        *(own + part for part in ("access/", "history/", "withdraw/", "shorten/")),
        *(own + part for part in ("discussion/", "discussion/new/", "discussion/new/with_lab/")),
        *(unfinished + part for part in ("", "edit/model/", "edit/safeguards/", "file/")),
        "/submissions/FV-0000-0000-0000/",
        "/seats/",
        "/audit/",
        "/attachments/",
    ]
    writes = [
        (f"/access/{grant.key}/consent/", {}),
        (unfinished + "edit/model/", {"revision": draft.revision, "family": "x"}),
        (own + "shorten/", {}),
        (own + "documents/new/", {"title": "x"}),
    ]
    new = {
        "kind": "early_access",
        "family": CANARY,
        "version": "1",
        "checkpoint_sha256": factories.sha256("new"),
    }
    steps = [("GET", page, {}) for page in chance.sample(pages, k=len(pages))]
    for path, fields in writes:
        steps.insert(chance.randrange(len(steps)), ("POST", path, fields))
    # Last, because a new row's random reference decides its place among rows of the same instant.
    return [*steps, ("POST", "/submissions/new/", new)]


def walk(client, steps):
    """Every answer of the walk: status, headers, body, with what is random masked."""
    answers = []
    for method, path, fields in steps:
        response = client.get(path) if method == "GET" else client.post(path, fields)
        body = b"".join(response) if response.streaming else response.content
        location = response.headers.get("Location", "").encode()
        for pattern, mask in RANDOM:
            body, location = re.sub(pattern, mask, body), re.sub(pattern, mask, location)
        headers = {name: response.headers.get(name) for name in HEADERS} | {"Location": location}
        answers.append((method, path, response.status_code, headers, body))
    return answers


def mail_of_lab_a(server):
    mine = [message for message in server.messages if "northlight" in message["To"]]
    for message in mine:
        del message["Date"]  # the second of sending, which is real time
        del message["Message-ID"]  # random, as is what separates its parts
        message.set_boundary("boundary")
    return sorted(message.as_string() for message in mine)


@pytest.mark.parametrize("seed", range(4))
def test_the_other_labs_data_changes_no_byte(people, start, smtp, seed):
    base = common(people)
    worlds = []
    for has_other_lab in (False, True):
        with transaction.atomic():
            if has_other_lab:
                other_lab(people, random.Random(seed), start)
            delivery.deliver_notices()
            client = Client()
            client.force_login(people.northlight_liaison)
            answers = walk(client, script(*base, random.Random(seed)))
            worlds.append((answers, mail_of_lab_a(smtp)))
            smtp.messages.clear()
            transaction.set_rollback(True)
    (alone, mail_alone), (beside, mail_beside) = worlds
    assert len(alone) > 30
    for one, other in zip(alone, beside, strict=True):
        assert one == other, one[:3]
    assert mail_alone == mail_beside
    assert mail_alone
    assert CANARY.encode() not in b"".join(
        body for method, path, _, _, body in beside if method == "GET" and CANARY not in path
    )


def test_one_agency_does_not_see_another_agencys_unfiled_text(people, start, client):
    """The same, for one agency against another's drafts."""
    submission = factories.filed(people)
    factories.review_drafted(submission, people, "dod")
    client.force_login(people.nsa_reviewer)
    own = f"/submissions/{submission.reference}/"
    pages = ["/", "/submissions/", own, own + "reviews/", own + "report/", own + "history/"]
    worlds = []
    for unfiled in (CANARY, "other words, longer than those"):
        with transaction.atomic():
            factories.review_drafted(
                submission, people, "cisa", concerns=unfiled, dissent=unfiled, limits=unfiled
            )
            worlds.append(walk(client, [("GET", page, {}) for page in pages]))
            transaction.set_rollback(True)
    assert worlds[0] == worlds[1]


STATE = re.compile(rb"<strong>(Reading|Drafted)</strong>|>(Reading|Drafted)</td>")


def test_of_a_draft_another_agency_sees_the_word_of_the_board_and_nothing_more(
    people, start, client
):
    """One world has the draft, the other only the assignment that it came from."""
    submission = factories.filed(people)
    factories.assigned(submission, people, "cisa")
    client.force_login(people.nsa_reviewer)
    own = f"/submissions/{submission.reference}/"
    pages = ["/", "/submissions/", own, own + "reviews/", own + "report/", own + "history/"]
    worlds = []
    for drafted in (False, True):
        with transaction.atomic():
            if drafted:
                factories.review_drafted(submission, people, "cisa", concerns=CANARY)
            answers = walk(client, [("GET", page, {}) for page in pages])
            bodies = [body for *_, body in answers]
            worlds.append(
                (
                    [STATE.sub(b"", body) for body in bodies],
                    [b"".join(found) for body in bodies for found in STATE.findall(body)],
                )
            )
            transaction.set_rollback(True)
    (alone, before), (beside, after) = worlds
    assert alone == beside
    assert (before, after) == ([b"Reading"] * 2, [b"Drafted"] * 2)


def test_a_lab_never_gets_a_reviewers_name_or_deliberation(people, start, move_clock, client, smtp):
    """Canaries in every name and text of the agencies' side."""
    for code in ("nsa_reviewer", "nsa_lead", "nsa_official", "nsa_signer", "dod_lead"):
        person = getattr(people, code)
        person.name = f"secret name of {code}"
        person.save()
    submission = factories.filed(people)
    factories.document(submission, people)
    factories.review_filed(submission, people, concerns="secret concerns", dissent="secret dissent")
    factories.review_drafted(submission, people, "dod", limits="secret draft")
    factories.position_filed(submission, people, "dod", summary="A summary for the lab.")
    agency_reviews.recuse(submission, reason="secret reason", by=people.recused, at=start)
    client.force_login(people.nsa_reviewer)
    document = submission.documents.get()
    walk(client, [("GET", f"/documents/{document.key}/1/download/", {})])
    client.force_login(people.northlight_liaison)
    own = f"/submissions/{submission.reference}/"
    draft = factories.draft(people)
    for before_the_report in (True, False):
        if not before_the_report:
            move_clock(submission.closes_at)
            ends.record(submission.pk, at=submission.closes_at)
        steps = [
            step
            for step in script(submission, no_grant(), draft, random.Random(1))
            if step[0] == "GET" and "access/" not in step[1]
        ]
        for _, path, status, _, body in walk(client, steps):
            assert b"secret" not in body, (path, status)
    assert b"A summary for the lab." in client.get(own + "report/").content
    delivery.deliver_notices()
    assert not [text for text in mail_of_lab_a(smtp) if "secret" in text]
    assert Notice.objects.filter(recipient=people.northlight_liaison).exists()


def no_grant():
    """A stand-in with a key that no grant has."""

    class Nobody:
        key = "00000000-0000-4000-8000-000000000000"

    return Nobody
