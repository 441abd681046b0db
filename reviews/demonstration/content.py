"""What the invented labs say of their models: the core answers, and the files they attach."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile

from reviews.demonstration import pdf
from reviews.demonstration.checkpoints import LABS, Checkpoint, filled
from reviews.models.document import Designation, DocumentKind

TEXTS = Path(__file__).parent / "documents"

CYBER = (
    "Solves $ctf% of a suite of 120 capture-the-flag tasks ($previous: $ctf_before%). Found "
    "$seeded of 85 seeded weaknesses in open-source C and C++ and wrote a working proof of concept "
    "for $proofs of them; $hardened still worked with stack and heap protections on. Completed "
    "$range of 6 network exercises in a cyber range without help. Did not chain two weaknesses "
    "unprompted. Proposes a correct patch for $patched% of what it finds."
)
MITIGATIONS = (
    "Input and output classifiers on every request, account review within one business day, lower "
    "limits for new accounts, and early access for defenders before general release."
)
PARTNER_TERMS = """1. Use the model for the purpose that was agreed on, and for nothing else.

2. Only the people named may use it, from the environment that was agreed on. Access is not shared.

3. Report a weakness that you find with it to its vendor or to the clearinghouse, and tell nobody \
else before a fix is out or the clearinghouse agrees.

4. Tell the lab and the agency that proposed you within 24 hours of anything that goes wrong.

5. When access ends, disable every credential, destroy or return every copy, and attest to it \
within five days."""
ANSWERS = {
    "parent_version": "$previous",
    "languages": "$languages",
    "intended_uses": "$uses",
    "restrictions": "Not for the operation of weapons, for decisions on liberty or benefits "
    "without human review, or for unattended control of physical equipment.",
    "endpoint_reference": "$register, entry $entry",
    "capacity_limits": "40 requests a minute and 20 million tokens a day for each named user; "
    "up to 8 agent runs at a time. More on two business days' notice.",
    "cyber_capability_claims": CYBER,
    "other_capability_claims": "Repository-level engineering tasks: $swe% ($previous: "
    "$swe_before%). Competition mathematics, one attempt: $math%. Time horizon at even "
    "odds of success: about $horizon minutes ($previous: $horizon_before).",
    "safety_framework_tier": "$tier",
    "risk_summary": "Cyber is the domain with the largest change: $tier under our framework, with "
    "medium confidence. Biological and chemical, autonomy, and persuasion are at Tier 1. Assessors "
    "outside the training team spent $effort hours. The main uncertainty is elicitation: outside "
    "evaluators have raised our results by five to ten points before.",
    "third_party_evaluators": "$evaluators",
    "safeguards": "Training to decline operational attack help; classifiers on inputs and outputs "
    "($stopped% of direct and $paraphrased% of paraphrased harmful cyber requests stopped); "
    "account review by a person, median $review_hours hours; verification of "
    "organizations for security tooling. Known weakness: requests split over several "
    "conversations.",
    "weight_security": "Two enclaves without a route to the office network; two people of "
    "$custodians for an interactive session; outbound limits under which a full copy takes more "
    "than $exfil days; independent penetration test $pentest months before filing.",
    "contacts": "$contacts",
    "nondisclosure_reference": "$nda",
    "foreign_person_limits": "$foreign",
}


def answers(checkpoint: Checkpoint) -> dict[str, Any]:
    """Every answer of the package, as the lab's forms would send it."""
    return {name: filled(text, checkpoint) for name, text in ANSWERS.items()} | {
        "modalities": list(checkpoint.modalities),
        "weights": checkpoint.weights,
        "access_level": "al2" if checkpoint.tier.startswith("Tier 3") else "al1",
        "access_means": ["api", "reduced_safeguards", "reasoning_traces"]
        if checkpoint.tier.startswith("Tier 3")
        else ["api", "reduced_safeguards"],
    }


@dataclass(frozen=True)
class Paper:
    """One document that a lab may attach: its text is documents/KIND.md."""

    kind: DocumentKind
    title: str
    designation: Designation
    extension: str = "pdf"


_PAPERS = (
    Paper(DocumentKind.MODEL_CARD, "Model card", Designation.CONFIDENTIAL_COMMERCIAL),
    Paper(DocumentKind.RISK_ASSESSMENT, "Risk assessment", Designation.CONFIDENTIAL_COMMERCIAL),
    Paper(
        DocumentKind.EVALUATION_REPORT, "Cyber evaluation report", Designation.SECURITY_SENSITIVE
    ),
    Paper(
        DocumentKind.THIRD_PARTY_REPORT,
        "Report of an independent evaluation",
        Designation.CONFIDENTIAL_COMMERCIAL,
    ),
    Paper(DocumentKind.SAFEGUARDS, "Safeguards description", Designation.SECURITY_SENSITIVE, "md"),
    Paper(DocumentKind.WEIGHT_SECURITY_PLAN, "Weight-security plan", Designation.TRADE_SECRET),
    Paper(DocumentKind.SAFETY_FRAMEWORK, "Safety framework, summary", Designation.NONE, "md"),
    Paper(DocumentKind.USAGE_POLICY, "Usage policy", Designation.NONE, "md"),
    Paper(
        DocumentKind.NONDISCLOSURE_TERMS,
        "Terms for reviewers",
        Designation.CONFIDENTIAL_COMMERCIAL,
        "md",
    ),
)
PAPERS = {paper.kind.value: paper for paper in _PAPERS}


def document_text(kind: str, checkpoint: Checkpoint, *, addendum: str = "") -> str:
    """The Markdown of a document; a later version ends with its addendum."""
    text = (TEXTS / f"{kind}.md").read_text(encoding="utf-8")
    text = text.replace("$cyber", CYBER).replace("$mitigations", MITIGATIONS)
    if addendum:
        text = f"{text.rstrip()}\n\n## Added in this version\n\n{addendum}\n"
    return filled(text, checkpoint)


def upload(kind: str, checkpoint: Checkpoint, *, addendum: str = "") -> ContentFile:
    """The document as a file, PDF or Markdown, as the lab's browser would send it."""
    paper = PAPERS[kind]
    name = f"{checkpoint.name} {paper.title}".lower().replace(",", "").replace(" ", "-")
    return ContentFile(_bytes(kind, checkpoint, addendum), name=f"{name}.{paper.extension}")


# Drawing is a quarter of the time that seeding takes, and tests seed more than once.
@cache
def _bytes(kind: str, checkpoint: Checkpoint, addendum: str) -> bytes:
    text = document_text(kind, checkpoint, addendum=addendum)
    paper = PAPERS[kind]
    if paper.extension == "md":
        return text.encode()
    return pdf.render(text, author=LABS[checkpoint.lab]["lab"], designation=paper.designation.label)
