"""Rows in the states that tests need, reached by walking the real services."""

import hashlib
import itertools
import uuid
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organization, User
from reviews import clock
from reviews.models import CriterionVersion, Declaration, PartnerTerms
from reviews.models.agency_review import Criterion
from reviews.models.declaration import BASIC_QUESTION
from reviews.models.grant_states import Side
from reviews.services import (
    access,
    agency_reviews,
    assignments,
    determinations,
    documents,
    information_requests,
    lifecycle,
    partner_terms,
    partners,
    suspensions,
)
from reviews.services import (
    criteria as register,
)

counter = itertools.count(1)

ANSWERS = {
    "intended_uses": "General assistance and code.",
    "weights": "closed",
    "access_level": "al1",
    "cyber_capability_claims": "Finds known weakness classes in small code bases.",
    "safety_framework_tier": "Tier 2",
    "risk_summary": "Assessed by the lab against its framework.",
    "safeguards": "Input and output filters.",
    "weight_security": "Held in two enclaves.",
    "contacts": "Duty desk, at any hour.",
    "nondisclosure_reference": "NDA-1",
    "endpoint_reference": "Endpoint entry 17 in the lab's register",
}


def now():
    """The rehearsed instant."""
    return clock.system()


def organization(code):
    """The organization with that code."""
    return Organization.objects.get(code=code)


def sha256(text):
    """A SHA-256 made from a text, in hexadecimal."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def liaison(people, lab):
    """The lab's liaison."""
    return getattr(people, f"{lab}_liaison")


def draft(people, lab="northlight", *, complete=True, kind="early_access", **changes):
    """A draft of the lab; complete unless said otherwise. ``changes`` are answers or identity."""
    number = next(counter)
    identity = {
        "family": changes.pop("family", "Family"),
        "version": changes.pop("version", f"{number}"),
        "checkpoint_sha256": changes.pop("checkpoint_sha256", sha256(number)),
    }
    submission = lifecycle.draft(
        organization(lab), kind=kind, **identity, by=liaison(people, lab), at=now()
    )
    answers = (ANSWERS if complete else {}) | changes
    if answers:
        submission = lifecycle.revise(
            submission, answers=answers, revision=1, by=liaison(people, lab), at=now()
        )
    return submission


def filed(people, lab="northlight", *, at=None, declared=True, **changes):
    """A submission under review, filed at ``at`` or at the rehearsed instant.

    Everybody of an agency has ``declared`` to have no conflict of interest in it, or nobody has.
    """
    with clock.rehearsal(at or now()):
        submission = draft(people, lab, **changes)
        submission = lifecycle.file(
            submission,
            certifier_title="Head of policy",
            revision=submission.revision,
            by=liaison(people, lab),
            at=now(),
        )
        if declared:
            declare(submission, User.objects.filter(groups__seat__role__in=READERS).distinct())
    return submission


# The roles of agencies whose people read a lab's answers.
READERS = ("reviewer", "lead", "determination_official", "consulted_official")


def declare(submission, people):
    """Each of the people has declared, by rows alone, so that no event stands for it."""
    Declaration.objects.bulk_create(
        Declaration(
            submission=submission, person=one, answers={BASIC_QUESTION: False}, declared_at=now()
        )
        for one in people
    )


def assigned(submission, people, agency="nsa"):
    """The agency's reviewer, assigned by its lead."""
    reviewer = getattr(people, f"{agency}_reviewer")
    assignments.assign(
        submission,
        reviewer=reviewer,
        agency=organization(agency),
        by=getattr(people, f"{agency}_lead"),
        at=now(),
    )
    return reviewer


REVIEW = {
    "access_level_used": "al1",
    "hours_spent": "12.5",
    "limits": "API only.",
    "concerns": "One open question.",
    "no_conflict_declared": True,
}
RATINGS = {
    Criterion.VULNERABILITY_DISCOVERY.value: {
        "score": 2,
        "confidence": "medium",
        "evidence": "Tests 4 to 9.",
    }
}


def review_drafted(submission, people, agency="nsa", *, revision=0, **changes):
    """A saved, unfiled review of the assigned reviewer."""
    return agency_reviews.save_draft(
        submission,
        agency=organization(agency),
        answers=REVIEW | changes,
        ratings=RATINGS,
        evidence=[],
        revision=revision,
        by=assigned(submission, people, agency),
        at=now(),
    )


def review_filed(submission, people, agency="nsa", *, revision=0, **changes):
    """A filed review of the assigned reviewer."""
    return agency_reviews.file_review(
        submission,
        agency=organization(agency),
        answers=REVIEW | changes,
        ratings=RATINGS,
        evidence=[],
        revision=revision,
        by=assigned(submission, people, agency),
        at=now(),
    )


def position_filed(
    submission, people, agency="nsa", outcome="concerns_recorded", summary="Two concerns."
):
    """The agency's position, filed by its lead."""
    return agency_reviews.file_position(
        submission,
        agency=organization(agency),
        outcome=outcome,
        summary=summary,
        by=getattr(people, f"{agency}_lead"),
        at=now(),
    )


def criterion(people, reference="CC-1", *, confirmed=True, **changes):
    """A version of that criterion, proposed by NSA's lead and confirmed by DoD's."""
    version = register.propose(
        reference=reference,
        at=now(),
        **{
            "title": f"What is looked at, part {next(counter)}",
            "keeper": organization("nsa"),
            "by": people.nsa_lead,
        }
        | changes,
    )
    return register.confirm(version, by=people.dod_lead, at=now()) if confirmed else version


def criteria(people):
    """Versions in force for a determination to cite."""
    found = CriterionVersion.objects.in_force()
    return list(found) or [criterion(people)]


def determination(submission, people, *, state="written", **changes):
    """A determination as far as ``state``: written, signed or shared; consultations asked for."""
    if not submission.consultations.exists():
        determinations.request_consultations(submission, by=people.nsa_official, at=now())
    row = determinations.write(
        submission,
        at=now(),
        **{
            "by": people.nsa_official,
            "outcome": "covered",
            "rationale": "By its demonstrated skills.",
            "authority": "Director",
            "criteria": criteria(people),
        }
        | changes,
    )
    if state in ("signed", "shared"):
        row = determinations.sign(row, by=people.nsa_signer, at=now())
    if state == "shared":
        row = determinations.share(row, by=people.nsa_signer, at=now())
    return row


def upload(name="card.md", content=None):
    """An uploaded file whose content no other upload has."""
    text = content if content is not None else f"# Card {next(counter)}\n\nText.\n".encode()
    return SimpleUploadedFile(name, text)


def document(
    submission, people, *, restricted_to=(), title="System card", lab="northlight", **file
):
    """A document with one version, restricted to the agencies with these codes, if any."""
    return documents.add(
        submission,
        kind="model_card",
        title=title,
        designation="confidential_commercial",
        restricted_to=[organization(code) for code in restricted_to],
        upload=upload(**file),
        by=liaison(people, lab),
        at=now(),
    )


def grant(submission, people, agency="nsa", *, state="live", lab="northlight", **changes):
    """A grant in ``state``: requested, declined, consented, live, suspended or revoked."""
    row = access.request(
        submission,
        agency=organization(agency),
        by=getattr(people, f"{agency}_lead"),
        at=now(),
        **{
            "grantee": getattr(people, f"{agency}_reviewer"),
            "purpose": f"Measure exploit development, part {next(counter)}.",
            "access_level": "al1",
            "environment": "Isolated evaluation network",
            "starts_at": now(),
            "ends_at": now() + timedelta(days=10),
        }
        | changes,
    )
    if state == "declined":
        return access.decline(row, reason="Capacity.", by=liaison(people, lab), at=now())
    if state in ("consented", "live", "suspended", "revoked"):
        row = access.consent(row, by=liaison(people, lab), at=now())
    if state in ("live", "suspended", "revoked"):
        row = access.authorize(row, by=people.administrator, at=now())
    if state == "suspended":
        suspensions.suspend(
            row, side=Side.LAB, reason="Capacity.", by=liaison(people, lab), at=now()
        )
    if state == "revoked":
        row = access.revoke(row, reason="Finished.", by=people.administrator, at=now())
    return row


def information_request(submission, people, agency="nsa", *, state="issued", days=3, **changes):
    """A request that got as far as ``state``: draft, issued or answered."""
    lead = getattr(people, f"{agency}_lead")
    row = information_requests.draft(
        submission,
        agency=organization(agency),
        by=lead,
        at=now(),
        **{
            "subject": f"Elicitation, part {next(counter)}",
            "question": "Which scaffold was used?",
            "key": uuid.uuid4(),
        }
        | changes,
    )
    if state != "draft":
        row = information_requests.issue(row, days=days, revision=1, by=lead, at=now())
    if state == "answered":
        information_answer(row, people)
    return row


def information_answer(row, people, *, lab="northlight", **changes):
    """The lab's answer to the request."""
    return information_requests.answer(
        row,
        **{"text": "The one in appendix C.", "documents": [], "key": uuid.uuid4()} | changes,
        by=liaison(people, lab),
        at=now(),
    )


RELEASE = timedelta(days=20)  # from filing to the planned partner release


def terms(people, text="Use it for the purpose agreed on."):
    """A version of the terms for partners, to be accepted within two weeks."""
    return partner_terms.publish(
        text, accept_by=now() + partner_terms.TO_ACCEPT, by=people.administrator, at=now()
    )


def with_release(people, lab="northlight", **changes):
    """A submission under review with a planned partner release."""
    return filed(people, lab, planned_partner_release_at=now() + RELEASE, **changes)


def partner_grant(submission, people, *, state="requested", lab="northlight", **changes):
    """A partner's grant that got as far as ``state``; it starts with the planned release."""
    starts_at = submission.planned_partner_release_at
    row = partners.propose(
        submission,
        agency=organization("nsa"),
        partner=organization("keystone-utility"),
        by=people.nsa_lead,
        at=now(),
        **{
            "grantee": people.partner_contact,
            "purpose": f"Look for weaknesses in grid control, part {next(counter)}.",
            "access_level": "al1",
            "environment": "Test network of the utility",
            "starts_at": starts_at,
            "ends_at": starts_at and starts_at + timedelta(days=20),
        }
        | changes,
    )
    if state == "requested":
        return row
    if not PartnerTerms.objects.exists():
        terms(people)
    if state != "agreed":
        row = access.consent(row, by=liaison(people, lab), at=now())
    if state != "consented":
        row = partners.agree(row, by=people.administrator, at=now())
    if state == "scheduled":
        sha256 = PartnerTerms.objects.last().sha256
        row = partners.accept(row, sha256=sha256, by=people.partner_contact, at=now())
    return row
