"""All that a lab ever gets of a review: every address, mail, export and PDF, with canaries in it.

Every person of an agency has a name that stands nowhere else, and every internal text a word of
its own. Whom the lab lets use its model it knows by name: they hold seats of their own here, and
do nothing else.
"""

import io
import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode, urlsplit

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from accounts import audit, seats
from accounts.models import User
from reviews.models import Submission
from reviews.models.grant_states import Side
from reviews.services import (
    access,
    agency_reviews,
    attachments,
    delivery,
    extensions,
    letters,
    private_notes,
    reports,
    suspensions,
)
from reviews.services.autosaving import Sending
from tests import factories
from tests.discussions import opened, posted
from tests.people import SEATS, keep_records

pytestmark = pytest.mark.once

LAB = "northlight_liaison"
AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")
INTERNAL = "ZQXINTERNAL"
SKIPPED = ("/sign-out/", "/demo/")
# Who uses the model, and where: the lab consents to each of them by name.
USERS = {
    "Ada Vinter": ("nsa", "reviewer"),
    "Bea Sommer": ("nsa", "reviewer"),
    "Cleo Herbst": ("dod", "reviewer"),
    "Dora Lenz": ("treasury", "reviewer"),
    "Edda Tag": ("keystone-utility", "partner_contact"),
}


def rename():
    """Every person of an agency has a canary for a name; what must not be seen of each."""
    seen_of = set()
    for number, code in enumerate(SEATS):
        if code.startswith(("northlight", "basalt")):
            continue
        email = f"{code.replace('_', '-')}@demo.example"
        name = f"Zqx{number:02} Wkp{number:02}"
        User.objects.filter(email=email).update(name=name)
        seen_of |= {email, name, name.split()[0], name.split()[1]}
    return seen_of


@pytest.fixture
def canaries(people):
    """What no byte for the lab may hold."""
    return rename() | {INTERNAL, "Z.W.", "ZW"}


@pytest.fixture
def users(people, start):
    """Whom grants name, by name."""
    found = {}
    for name, (code, role) in USERS.items():
        address = f"{name.split()[0].lower()}@demo.example"
        found[name] = person = User.objects.create_user(address, name, people.password)
        organization = factories.organization(code)
        seats.give(person=person, organization=organization, role=role, by=audit.SYSTEM, at=start)
        keep_records(person, start, most_grants=20)
    return found


def granted(submission, people, users, at):
    """Grants in every state that a word of an agency or an administrator leads to."""
    ada, bea, cleo, dora, edda = users.values()
    nsa = {"grantee": ada, "users": [bea], "ends_at": at + timedelta(days=4)}
    for state in ("requested", "declined", "consented", "live", "suspended"):
        factories.grant(submission, people, state=state, **nsa)
    lead, administrator = people.nsa_lead, people.second_administrator

    both = factories.grant(submission, people, **nsa)
    suspensions.suspend(both, side=Side.AGENCY, reason="Moved.", by=lead, at=at)
    suspensions.suspend(both, side=Side.ADMINISTRATION, reason="", by=administrator, at=at)
    suspensions.resume(both, side=Side.AGENCY, by=lead, at=at)

    longer = factories.grant(submission, people, "dod", grantee=cleo, ends_at=nsa["ends_at"])
    for number, answered in enumerate((extensions.authorize, extensions.take_back, None), 5):
        later = {"ends_at": at + timedelta(days=number), "reason": "More tests."}
        asked = extensions.request(longer, **later, by=people.dod_lead, at=at)
        if answered is extensions.authorize:
            extensions.consent(asked, by=people.northlight_admin, at=at)
            answered(asked, by=administrator, at=at)
        elif answered:
            answered(asked, by=people.dod_lead, at=at)

    access.revoke(
        factories.grant(submission, people, state="requested", **nsa), reason="", by=lead, at=at
    )
    factories.grant(submission, people, state="revoked", **nsa)
    closed = factories.grant(submission, people, "treasury", grantee=dora)
    access.revoke(closed, reason="Done.", by=people.treasury_lead, at=at)
    access.attest(closed, for_lab=False, exceptions="None.", by=people.treasury_lead, at=at)
    access.attest(closed, for_lab=True, by=people.northlight_admin, at=at)

    for state in ("requested", "consented", "agreed", "awaiting", "scheduled"):
        factories.partner_grant(submission, people, state=state, grantee=edda)
    taken_back = factories.partner_grant(submission, people, state="agreed", grantee=edda)
    access.revoke(taken_back, reason="", by=administrator, at=at)


@pytest.fixture
def submission(canaries, users, people, start):
    """A whole review, on which agencies wrote in every way there is."""
    submission = factories.with_release(people)
    outpost = factories.organization("outpost")
    attachments.detach(submission, outpost, by=people.administrator, at=start)
    factories.document(submission, people)
    for agency in ("nsa", "dod"):
        factories.review_filed(submission, people, agency, concerns=INTERNAL, dissent=INTERNAL)
    factories.review_drafted(submission, people, "caisi", concerns=INTERNAL)
    private_notes.save(submission, text=INTERNAL, sent=Sending(0), by=people.nsa_reviewer, at=start)
    factories.information_request(submission, people, state="answered")
    factories.information_request(submission, people, "dod", state="draft", question=INTERNAL)
    opened(submission, "own_agency", people.nsa_lead, text=INTERNAL, title=INTERNAL)
    opened(submission, "agencies", people.nsa_lead, text=INTERNAL, title=INTERNAL)
    posted(opened(submission, "with_lab", people.nsa_lead), people.dod_lead, "dod")
    factories.determination(submission, people, state="shared")
    letters.file_entry(
        submission,
        agency=factories.organization("nsa"),
        text="One issue.",
        nothing_so_far=False,
        by=people.nsa_lead,
        at=start,
    )
    letters.issue(submission, by=people.dod_lead, at=start)
    agency_reviews.recuse(submission, reason=INTERNAL, by=people.cisa_reviewer, at=start)
    for agency in AGENCIES:
        agency_reviews.file_position(
            submission,
            agency=factories.organization(agency),
            outcome="concerns_recorded",
            summary="Two concerns.",
            dissent=INTERNAL,
            by=getattr(people, f"{agency}_lead"),
            at=start,
        )
    granted(submission, people, users, start)
    return Submission.objects.get(pk=submission.pk)


def everything(client, *more):
    """(path, text) of every address that the lab's links lead to, headers and PDF included."""
    waiting, seen = ["/", *more], set()
    while waiting:
        path = waiting.pop()
        if path in seen or path.startswith(SKIPPED):
            continue
        seen.add(path)
        answer = client.get(path)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        yield path, f"{dict(answer.headers)} {text_of(content)}"
        if not answer.streaming:
            links = re.findall(r'<a[^>]* href="([^"#]*)', content.decode())
            # Without what stands after "?": a calendar has a day for ever, a list each filter.
            paths = {urlsplit(unescape(link)).path for link in links}
            waiting += [target for target in paths - seen if target.startswith("/")]


def text_of(content):
    """All that can be read in the file: a PDF's text and what it says of itself."""
    if not content.startswith(b"%PDF"):
        return content.decode(errors="replace")
    document = pypdf.PdfReader(io.BytesIO(content))
    pages = " ".join(page.extract_text() for page in document.pages)
    return f"{pages} {document.metadata} {document.xmp_metadata and document.xmp_metadata.stream}"


def found_in(text, canaries):
    return {word for word in canaries if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)}


@pytest.mark.parametrize("concluded", [False, True])
def test_no_name_address_or_initials_and_nothing_internal(
    people, submission, canaries, smtp, start, concluded, capsys
):
    if concluded:
        reports.issue(submission, by=people.nsa_lead, at=start)
    client = Client()
    client.force_login(getattr(people, LAB))
    leaks, kinds, named = {}, set(), set()
    then = f"/access/as-of/?{urlencode({'at': start.isoformat(), 'show': 'all'})}"
    for path, text in everything(client, "/access/?state=all", "/access/board/?by=grantee", then):
        kinds.add("pdf" if path.endswith(".pdf") else path.split("/")[1])
        kinds.add(urlsplit(path).path.rstrip("/").split("/")[-1])
        named |= found_in(text, USERS)
        if words := found_in(text, canaries):
            leaks[path] = words
    delivery.deliver_notices()
    mails = [message for message in smtp.messages if "northlight" in message["To"]]
    assert len(mails) > 3
    for message in mails:
        if words := found_in(message.as_string(), canaries):
            leaks[message["Subject"]] = words
    assert leaks == {}
    assert {"submissions", "requests", "discussion", "pdf", "documents", "calendar"} <= kinds
    assert {"access", "board", "timeline", "as-of", "export.csv", "history"} <= kinds
    assert concluded or {"consent", "decline", "suspend", "revoke"} <= kinds
    assert named == set(USERS)
    with capsys.disabled():
        print(f"\nlab's view: {len(kinds)} kinds of address, {len(mails)} mails, no canary")


def test_the_walk_would_find_one(people, submission, canaries):
    """An agency's own lead meets them: what the lab does not see is there to be seen."""
    client = Client()
    client.force_login(people.nsa_lead)
    found = set()
    for _, text in everything(client):
        found |= found_in(text, canaries)
    assert INTERNAL in found
    assert {word for word in found if word.startswith("Zqx")} != set()


def test_history_says_that_an_administrator_did_it_and_not_whose_seat_she_holds(
    people, submission, client
):
    client.force_login(getattr(people, LAB))
    address = reverse("reviews:submission-history", args=[submission.reference])
    pages = [client.get(address, {"page": page}).context["lines"] for page in (1, 2, 3)]
    said = {(line.what, line.who) for lines in pages for line in lines}
    administrator = "An administrator of the portal"
    assert {who for what, who in said if what.startswith("Access authorized")} == {administrator}
    assert {who for what, who in said if what.startswith("Government agreed")} == {administrator}
    revoked = {who for what, who in said if what.startswith("Access revoked")}
    assert revoked == {administrator, "NSA", "Treasury"}
