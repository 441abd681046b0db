"""Every URL, method and person, on day 0 and at the end, with no worker running.

tests/authorization/matrix.txt holds the answers, read and agreed by people: one line a row,
one column a person. A URL that has no row, or a row that has no URL, fails. To propose new
rows, run with ``MATRIX_PROPOSE=1``; then read every one of them.
"""

import copy
import os
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import signing
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from reviews.emails import MUTING
from reviews.models import DocumentVersion, Notice
from reviews.models.export import ExportFormat
from reviews.services import (
    agency_reviews,
    attachments,
    calendar_feeds,
    comparisons,
    declarations,
    exports,
    extensions,
    lifecycle,
    receiving,
)
from tests import factories, gateways
from tests.discussions import opened
from tests.people import keep_records

pytestmark = pytest.mark.once

TABLE = Path(__file__).with_name("matrix.txt")
METHODS = ("GET", "POST")
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD")
# Addresses that answer others, and what the lab gets that may send: PATCH brings no bytes here.
SENDING = {"reviews:upload-write": {"HEAD": 204, "PATCH": 415, "DELETE": 204}}
DAYS = (0, 30)
PEOPLE = [
    "anonymous",
    "northlight_liaison",
    "northlight_admin",
    "basalt_liaison",
    "nsa_reviewer",
    "dod_reviewer",
    "unattached",
    "recused",
    "nsa_lead",
    "dod_lead",
    "nsa_official",
    "nsa_signer",
    "oncd_official",
    "clearinghouse_coordinator",
    "partner_contact",
    "vendor_contact",
    "administrator",
    "auditor",
    "superuser",
    "disabled",
]


def names(patterns=None, namespace=""):
    """Every URL name of the URLconf."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"
        else:
            yield from names(
                pattern.url_patterns,
                f"{pattern.namespace}:" if pattern.namespace else namespace,
            )


@pytest.fixture
def world(people, start):
    """Addresses of rows in interesting states, by URL name."""
    submission = factories.filed(people)
    attachments.detach(
        submission, factories.organization("outpost"), by=people.administrator, at=start
    )
    agency_reviews.recuse(submission, reason="", by=people.recused, at=start)
    unread = factories.filed(people, declared=False)
    attachments.detach(unread, factories.organization("outpost"), by=people.administrator, at=start)
    agency_reviews.recuse(unread, reason="", by=people.recused, at=start)
    factories.assigned(unread, people)
    unread_document = factories.document(unread, people)
    question = declarations.add_question(
        "Do you hold shares?", position=1, by=people.administrator, at=start
    )
    draft = factories.draft(people)
    document = factories.document(submission, people)
    withheld = factories.document(submission, people, restricted_to=["dod"])
    review = factories.review_drafted(submission, people)
    keep_records(people.nsa_reviewer, start, most_grants=9)
    requested = factories.grant(submission, people, state="requested")
    consented = factories.grant(submission, people, state="consented")
    live = factories.grant(submission, people, ends_at=start + timedelta(days=60))
    suspended = factories.grant(submission, people, state="suspended")
    asked, answered = (factories.grant(submission, people) for _ in range(2))
    for grant in (asked, answered):
        later = start + timedelta(days=20)
        extensions.request(grant, ends_at=later, reason="More.", by=people.nsa_lead, at=start)
    extensions.consent(answered.extensions.get(), by=people.northlight_liaison, at=start)
    shorter = factories.grant(submission, people)
    released = factories.with_release(people)
    proposed, agreed = (
        factories.partner_grant(released, people, state=state)
        for state in ("requested", "awaiting")
    )
    determination = factories.determination(submission, people)
    signed = factories.determination(factories.filed(people), people, state="signed")
    shared = factories.determination(factories.filed(people), people, state="shared")
    proposed_criterion = factories.criterion(people, "CC-2", confirmed=False)
    of_submission = {"reference": submission.reference}
    told = Notice.objects.filter(recipient=people.nsa_lead, submission=submission).earliest("pk")
    feed = calendar_feeds.make(by=people.nsa_lead, at=start)
    gateway, listed = gateways.added(people, start)
    state = f"grant,state,as_of\n{live.key},suspended,{start.isoformat()}\n".encode()
    differing = comparisons.compare(
        gateway, name="state.csv", content=state, by=people.northlight_liaison, at=start
    )
    issued = factories.information_request(submission, people)
    unsent = factories.information_request(submission, people, state="draft")
    prepared = exports.ask(ExportFormat.CSV, {}, by=people.nsa_lead, at=start)
    exports.prepare_waiting()
    special = {
        "reviews:feed-download": {"token": feed},
        "reviews:gateway-download": {"token": listed},
        "reviews:comparison-detail": {"key": gateway.key, "comparison": differing.key},
        "reviews:question-end": {"key": question.key},
        "accounts:expertise-edit": {"number": people.nsa_reviewer.pk},
        "reviews:notice-detail": {"reference": told.reference},
        "reviews:submission-edit": {"reference": draft.reference, "step": "model"},
        "reviews:submission-file": {"reference": draft.reference},
        "reviews:review-detail": {"key": review.key},
        "reviews:review-history": {"key": review.key},
        "reviews:coauthor-choose": {"key": review.key},
        "reviews:version-detail": {"key": document.key, "number": 1, "page": 1},
        "reviews:determination-sign": {"key": determination.key},
        "reviews:determination-share": {"key": signed.key},
        "reviews:determination-respond": {"key": shared.key},
        "reviews:discretion-detail": {"key": signed.key},
        "reviews:criterion-confirm": {"key": proposed_criterion.key},
        "reviews:grant-consent": {"key": requested.key},
        "reviews:grant-decline": {"key": requested.key},
        "reviews:grant-authorize": {"key": consented.key},
        "reviews:grant-resume": {"key": suspended.key},
        "reviews:grant-extend": {"key": shorter.key},
        "reviews:extension-consent": {"key": asked.key},
        "reviews:extension-decline": {"key": asked.key},
        "reviews:extension-withdraw": {"key": asked.key},
        "reviews:extension-authorize": {"key": answered.key},
        "reviews:grant-recertify": {"key": live.key},
        "reviews:grant-accept": {"key": agreed.key},
        "reviews:terms-detail": {"version": 1},
        "reviews:partner-propose": {"reference": released.reference},
        "accounts:partner-edit": {"code": "keystone-utility"},
        "accounts:lab-edit": {"code": "northlight"},
        "accounts:personnel-edit": {"number": people.nsa_reviewer.pk},
        "accounts:seat-give": {"code": "nsa"},
        "accounts:seat-take": {"code": "nsa"},
        "accounts:seat-confirm": {"code": "nsa"},
        "accounts:seat-decline": {"code": "nsa"},
        "reviews:export-download": {"key": prepared.key},
        "reviews:filter-add": {"place": "submissions"},
        "reviews:filter-end": {"place": "submissions"},
        "reviews:topic-mute": {
            "token": signing.Signer(salt=MUTING).sign_object([people.nsa_lead.email, "reminders"])
        },
    }
    upload = receiving.begin(
        submission, name="log.txt", size=1, by=people.northlight_liaison, at=start
    )
    for name in ("upload-write", "upload-end"):
        special[f"reviews:{name}"] = {"key": upload.key}
    for name in ("document-detail", "version-add", "document-restrict"):
        special[f"reviews:{name}"] = {"key": document.key}
    for name in ("rfi-edit", "rfi-issue", "rfi-join"):
        special[f"reviews:{name}"] = {"key": unsent.key}
    for name in ("rfi-detail", "rfi-answer", "rfi-withdraw"):
        special[f"reviews:{name}"] = {"key": issued.key}
    for name in ("gateway-detail", "gateway-revoke", "signal-requeue", "comparison-add"):
        special[f"reviews:{name}"] = {"key": gateway.key}
    own, withlab = (
        opened(submission, heard_by, people.nsa_lead, title=heard_by)
        for heard_by in ("own_agency", "with_lab")
    )
    special["reviews:thread-create"] = of_submission | {"heard_by": "own_agency"}
    special["reviews:thread-detail"] = {"key": own.key}
    for name in ("post-edit", "post-history"):
        special[f"reviews:{name}"] = {"key": own.posts.get().key}
    special["reviews:version-download"] = {"key": document.key, "number": 1}
    for name in ("grant-detail", "grant-revoke", "grant-suspend", "grant-use", "grant-attest"):
        special[f"reviews:{name}"] = {"key": live.key}
    addresses = {}
    for name in names():
        for kwargs in (special.get(name), {}, of_submission):
            if kwargs is None:
                continue
            try:
                addresses[name] = reverse(name, kwargs=kwargs)
                break
            except NoReverseMatch:
                continue
    # Rows that one URL name cannot tell apart: what the lab withheld, the other lab's own, and
    # the address of no calendar.
    addresses["reviews:version-download (withheld)"] = reverse(
        "reviews:version-download", kwargs={"key": withheld.key, "number": 1}
    )
    addresses["reviews:document-detail (withheld)"] = withheld.get_absolute_url()
    addresses["reviews:feed-download (unknown)"] = reverse(
        "reviews:feed-download", kwargs={"token": feed[::-1]}
    )
    addresses["reviews:gateway-download (unknown)"] = reverse(
        "reviews:gateway-download", kwargs={"token": listed[::-1]}
    )
    # What opens once one has declared that one has no conflict of interest.
    for name in ("package-detail", "document-list", "review-write", "declaration-file"):
        addresses[f"reviews:{name} (undeclared)"] = reverse(
            f"reviews:{name}", args=[unread.reference]
        )
    addresses["reviews:document-detail (undeclared)"] = unread_document.get_absolute_url()
    addresses["reviews:rfi-detail (draft)"] = unsent.get_absolute_url()
    # What the lab reads, too.
    addresses["reviews:thread-create (with the lab)"] = reverse(
        "reviews:thread-create", kwargs=of_submission | {"heard_by": "with_lab"}
    )
    addresses["reviews:thread-detail (with the lab)"] = withlab.get_absolute_url()
    for name in ("post-edit", "post-history"):
        addresses[f"reviews:{name} (with the lab)"] = reverse(
            f"reviews:{name}", kwargs={"key": withlab.posts.get().key}
        )
    # A partner's grant before both sides have agreed, and after.
    addresses["reviews:grant-detail (partner proposed)"] = proposed.get_absolute_url()
    addresses["reviews:grant-detail (partner agreed)"] = agreed.get_absolute_url()
    addresses["reviews:determination-respond (not shared)"] = reverse(
        "reviews:determination-respond", kwargs={"key": signed.key}
    )
    addresses["reviews:submission-detail (draft)"] = draft.get_absolute_url()
    assert DocumentVersion.objects.filter(scan_state="clean").count() == 3
    return addresses, submission


@pytest.fixture
def clients(people):
    """Everyone's browser, signed in."""
    signed_in = {"anonymous": Client()}
    for code in PEOPLE[1:]:
        signed_in[code] = Client()
        signed_in[code].force_login(getattr(people, code))
    return signed_in


def answer(client, method, url):
    """The status; whatever the request changed, sign-out too, is undone."""
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        # The script that sends files says which protocol it speaks; other addresses ignore it.
        response = getattr(client, method.lower())(url, headers={"Tus-Resumable": "1.0.0"})
        if response.streaming:
            b"".join(response)  # reading a file to its end closes it
        transaction.set_rollback(True)
    client.cookies = cookies
    return response.status_code


def row(day, method, name, answers):
    """A row of the table, as a person would add it."""
    return f"{day:<2} {method:4} {name:44}| {' '.join(map(str, answers))}"


def expected():
    """(day, method, name) → the answers, in the order of PEOPLE."""
    rows = {}
    for line in TABLE.read_text().splitlines() if TABLE.exists() else []:
        if line and not line.startswith("#"):
            day, method, rest = line.split(maxsplit=2)
            *name, answers = rest.split("|")
            rows[int(day), method, "|".join(name).strip()] = [int(a) for a in answers.split()]
    return rows


@pytest.mark.parametrize("day", DAYS)
def test_matrix(day, world, clients, move_clock, capsys):
    addresses, submission = world
    if day == 30:
        move_clock(submission.closes_at)
    found = {
        (day, method, name): [answer(clients[code], method, url) for code in PEOPLE]
        for name, url in sorted(addresses.items())
        for method in METHODS
    }
    agreed = {key: answers for key, answers in expected().items() if key[0] == day}
    proposed = [row(*key, found[key]) for key in found if found[key] != agreed.get(key)]
    if proposed and os.environ.get("MATRIX_PROPOSE"):
        with capsys.disabled():
            print("", *proposed, sep="\n")
        pytest.fail(f"{len(proposed)} rows are not in matrix.txt or differ from it")
    wrong = defaultdict(list)
    for key in found.keys() | agreed.keys():
        for code, has, should in zip(
            PEOPLE,
            found.get(key, ["no such URL"] * len(PEOPLE)),
            agreed.get(key, ["no row"] * len(PEOPLE)),
            strict=True,
        ):
            if has != should:
                wrong[key].append(f"{code}: {has}, agreed {should}")
    assert not wrong, dict(wrong)
    with capsys.disabled():
        print(f"\nmatrix, day {day}: {len(found)} rows x {len(PEOPLE)} people agree")


def test_every_url_has_rows_for_every_method_and_day():
    have = {(day, method, name.partition(" (")[0]) for day, method, name in expected()}
    assert have == {(day, method, name) for day in DAYS for method in METHODS for name in names()}


def test_no_other_method_does_anything(world, clients):
    addresses, _ = world
    for name, url in addresses.items():
        for code in ("anonymous", "northlight_liaison", "nsa_lead", "administrator"):
            for method in OTHER_METHODS:
                if method in SENDING.get(name, ()):
                    continue
                status = answer(clients[code], method, url)
                if method == "HEAD":
                    assert status == answer(clients[code], "GET", url) or status == 405, name
                else:
                    assert status in (302, 403, 404, 405), (name, code, method, status)


@pytest.mark.parametrize("day", DAYS)
def test_the_lab_alone_sends_before_the_end(day, world, clients, move_clock):
    addresses, submission = world
    if day == 30:
        move_clock(submission.closes_at)
    for name, methods in SENDING.items():
        for method, status in methods.items():
            lab = status if day == 0 else 403
            answers = {code: answer(clients[code], method, addresses[name]) for code in PEOPLE}
            others = dict.fromkeys(PEOPLE, 404) | {"anonymous": 302, "disabled": 302}
            own = {"northlight_liaison": lab, "northlight_admin": lab}
            assert answers == others | own, (name, method)


def test_hidden_and_nonexistent_are_the_same_bytes(world, clients):
    """Outside one's view: the page of a row that does not exist, but for the path asked for."""
    addresses, submission = world
    absent = {"FV-0000-0000-0000": submission.reference}
    compared = 0
    for name, url in addresses.items():
        if submission.reference not in url:
            continue
        nowhere = url.replace(submission.reference, next(iter(absent)))
        for code in ("basalt_liaison", "unattached", "recused", "partner_contact", "superuser"):
            hidden, none = clients[code].get(url), clients[code].get(nowhere)
            if hidden.status_code == 404:
                assert hidden.content == none.content, (name, code)
                assert dict(hidden.headers) == dict(none.headers), (name, code)
                compared += 1
    assert compared > 50


def test_a_withdrawn_submission_is_closed_to_agencies(world, clients, people, start):
    addresses, submission = world
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=start)
    for name in ("reviews:version-download", "reviews:package-detail"):
        assert answer(clients["nsa_reviewer"], "GET", addresses[name]) in (403, 404)
    assert answer(clients["nsa_reviewer"], "POST", addresses["reviews:grant-use"]) == 403
