"""All that a lab ever gets of a review: every address, mail, export and PDF, with canaries in it.

Every person of an agency has a name that stands nowhere else, and every internal text a word of
its own. A grant's parties are named to the lab by design, so there is no grant here.
"""

import io
import re
from html import unescape
from urllib.parse import urlsplit

import pypdf
import pytest
from django.test import Client

from accounts.models import User
from reviews.models import Submission
from reviews.services import agency_reviews, attachments, delivery, letters, private_notes, reports
from reviews.services.autosaving import Sending
from tests import factories
from tests.discussions import opened, posted
from tests.people import SEATS

LAB = "northlight_liaison"
AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")
INTERNAL = "ZQXINTERNAL"
SKIPPED = ("/sign-out/", "/demo/")


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
def submission(canaries, people, start):
    """A whole review, on which agencies wrote in every way there is."""
    submission = factories.filed(people)
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
    return Submission.objects.get(pk=submission.pk)


def everything(client):
    """(path, text) of every address that the lab's links lead to, headers and PDF included."""
    waiting, seen = ["/"], set()
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
    leaks, kinds = {}, set()
    for path, text in everything(client):
        kinds.add("pdf" if path.endswith(".pdf") else path.split("/")[1])
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
