"""The invented model versions, their figures, and what their labs answer about them.

Figures follow from one number, ``strength``, so that a document, an answer and the next
version's "before" never contradict each other. Nothing here describes a real model.
"""

import hashlib
import random
from dataclasses import dataclass
from string import Template

from reviews.demonstration.people import BASALT, NORTHLIGHT


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One model version. ``strength`` lies between 0 and 1, ``gain`` above its predecessor's."""

    lab: str
    family: str
    version: str
    previous: str
    what: str
    uses: str
    strength: float
    gain: float = 0.12
    context: str = "400,000"
    modalities: tuple[str, ...] = ("text", "code", "tools")
    tier: str = "Tier 2"
    weights: str = "closed"

    @property
    def name(self) -> str:
        """The model as people say it."""
        return f"{self.family} {self.version}"

    @property
    def sha256(self) -> str:
        """The checkpoint's SHA-256: of its name, there being no checkpoint."""
        return hashlib.sha256(f"Foreview demonstration, {self.name}".encode()).hexdigest()


# What differs by lab and not by model.
LABS = {
    NORTHLIGHT: {
        "lab": "Northlight Research",
        "nda": "NDA-NL-2026-07",
        "register": "Northlight endpoint register",
        "custodians": "nine",
        "evaluators": "One independent security firm and one university laboratory, both under "
        "contract. The firm's summary is attached where it was ready at filing.",
        "contacts": "Head of policy operations, policy-desk@northlight.example, on business days.\n"
        "Security duty officer, duty@northlight.example, at any hour.",
        "languages": "English, Spanish, French, German, Portuguese, Japanese, Arabic, Ukrainian",
        "foreign": "Access by persons who are not U.S. persons needs a note to the contacts two "
        "business days before. No location outside the United States may be used.",
    },
    BASALT: {
        "lab": "Basalt Intelligence",
        "nda": "BI-GOV-014, revision 3",
        "register": "Basalt review register",
        "custodians": "six",
        "evaluators": "One evaluation nonprofit, unpaid, with its own publication right after the "
        "public release.",
        "contacts": "Government liaison desk, gov@basalt.example, 8 a.m. to 8 p.m. Pacific.\n"
        "Incident line, incident@basalt.example, at any hour.",
        "languages": "English, Spanish, Hindi, Korean, Polish, Vietnamese",
        "foreign": "U.S. persons only for the checkpoint without classifiers. No limit for the "
        "release candidate.",
    },
}

_GENERAL = (
    "General assistance, writing, analysis and software engineering for companies and individuals, "
    "through our products and API."
)
_CODE = (
    "Software engineering in large repositories: review, migration, tests and repair of "
    "weaknesses, in an editor and as an agent in a build system."
)
_AGENT = (
    "Long-running agents for information-technology operations: ticket work, configuration, "
    "incident triage and patching, under the supervision of a person who operates the systems."
)
_SMALL = (
    "Fast assistance at low cost in customer service, search and editing; on-device use in a "
    "reduced form is planned for later."
)

AURORA_35 = Checkpoint(
    lab=NORTHLIGHT,
    family="Aurora",
    version="3.5",
    previous="Aurora 3",
    what="a general-purpose model with extended reasoning",
    uses=_GENERAL,
    strength=0.44,
    context="200,000",
)
AURORA_4 = Checkpoint(
    lab=NORTHLIGHT,
    family="Aurora",
    version="4",
    previous="Aurora 3.5",
    what="a general-purpose model with extended reasoning and native tool use",
    uses=_GENERAL,
    strength=0.61,
    gain=0.17,
    modalities=("text", "code", "image", "tools"),
    tier="Tier 3",
    context="1,000,000",
)
AURORA_4_MINI = Checkpoint(
    lab=NORTHLIGHT,
    family="Aurora",
    version="4 Mini",
    previous="Aurora 3.5 Mini",
    what="a small general-purpose model distilled from Aurora 4",
    uses=_SMALL,
    strength=0.38,
)
AURORA_42 = Checkpoint(
    lab=NORTHLIGHT,
    family="Aurora",
    version="4.2",
    previous="Aurora 4",
    what="a general-purpose model, further trained on long tasks",
    uses=_GENERAL,
    strength=0.66,
    gain=0.05,
    modalities=("text", "code", "image", "tools"),
    tier="Tier 3",
    context="1,000,000",
)
BOREALIS_15 = Checkpoint(
    lab=NORTHLIGHT,
    family="Borealis",
    version="1.5",
    previous="Borealis 1",
    what="a model for software engineering",
    uses=_CODE,
    strength=0.47,
)
BOREALIS_2 = Checkpoint(
    lab=NORTHLIGHT,
    family="Borealis",
    version="2",
    previous="Borealis 1.5",
    what="a model for software engineering with an agent mode",
    uses=_CODE,
    strength=0.6,
    gain=0.13,
    tier="Tier 3",
)
MERIDIAN_1 = Checkpoint(
    lab=NORTHLIGHT,
    family="Meridian",
    version="1",
    previous="Aurora 3.5 with an agent scaffold",
    what="an agent model for information-technology operations",
    uses=_AGENT,
    strength=0.56,
    tier="Tier 3",
)
LODESTAR_1 = Checkpoint(
    lab=NORTHLIGHT,
    family="Lodestar",
    version="1",
    previous="Aurora 3.5",
    what="a model that plans and checks long engineering tasks",
    uses="Planning, checking and documenting engineering projects over days, with a person in "
    "charge of each.",
    strength=0.53,
    gain=0.09,
)
STRATA_15 = Checkpoint(
    lab=BASALT,
    family="Strata",
    version="1.5",
    previous="Strata 1",
    what="a general-purpose model",
    uses=_GENERAL,
    strength=0.36,
    context="128,000",
)
STRATA_2 = Checkpoint(
    lab=BASALT,
    family="Strata",
    version="2",
    previous="Strata 1.5",
    what="a general-purpose model with extended reasoning",
    uses=_GENERAL,
    strength=0.58,
    gain=0.22,
    tier="Tier 3",
    context="256,000",
)
STRATA_2_CODE = Checkpoint(
    lab=BASALT,
    family="Strata",
    version="2 Code",
    previous="Strata 1.5",
    what="a model for software engineering tuned from Strata 2",
    uses=_CODE,
    strength=0.62,
    gain=0.26,
    tier="Tier 3",
    context="256,000",
)
STRATA_2_VISION = Checkpoint(
    lab=BASALT,
    family="Strata",
    version="2 Vision",
    previous="Strata 1.5",
    what="a model for documents, charts and screens",
    uses="Reading documents, charts, forms and screens in office software and accessibility tools.",
    strength=0.45,
    gain=0.09,
    modalities=("text", "code", "image", "video"),
    context="256,000",
)
STRATA_2_LITE = Checkpoint(
    lab=BASALT,
    family="Strata",
    version="2 Lite",
    previous="Strata 1.5",
    what="a small general-purpose model distilled from Strata 2",
    uses=_SMALL,
    strength=0.33,
    weights="open",
)
STRATA_3 = Checkpoint(
    lab=BASALT,
    family="Strata",
    version="3",
    previous="Strata 2",
    what="a general-purpose model whose training has not ended",
    uses=_GENERAL,
    strength=0.7,
    context="1,000,000",
)
SCORIA_1 = Checkpoint(
    lab=BASALT,
    family="Scoria",
    version="1, mid-training",
    previous="Strata 2",
    what="a model for autonomous security research, at two thirds of its planned training",
    uses="Finding and repairing weaknesses in code that the customer owns, offered to verified "
    "organizations only.",
    strength=0.68,
    gain=0.1,
    tier="Tier 3, provisional",
)

_STAGES = ("Initial access", "Credential access", "Lateral movement", "Goal")


def facts(checkpoint: Checkpoint) -> dict[str, str]:
    """Every figure and phrase that the texts of one model version name."""
    # The same model has the same figures in every text; nothing secret is drawn.
    chance = random.Random(checkpoint.name)  # noqa: S311
    strength, before = checkpoint.strength, checkpoint.strength - checkpoint.gain
    seeded = round(72 * strength)
    numbers: dict[str, float] = {
        "ctf": round(100 * strength),
        "ctf_before": round(100 * before),
        "swe": round(38 + 55 * strength),
        "swe_before": round(38 + 55 * before),
        "math": round(50 + 47 * strength),
        "math_before": round(50 + 47 * before),
        "horizon": round(20 + 400 * strength**2),
        "horizon_before": round(20 + 400 * before**2),
        "seeded": seeded,
        "seeded_before": round(72 * before),
        "web": round(52 * strength),
        "web_before": round(52 * before),
        "known": round(36 * strength),
        "known_before": round(36 * before),
        "proofs": round(seeded * strength * 0.6),
        "hardened": round(seeded * strength * 0.16),
        "chained": chance.randint(2, 4),
        "range": 1 + round(2.2 * strength),
        "steady": round(2 + 6 * strength, 1),
        "patched": round(55 + 35 * strength),
        "detected": chance.randint(3, 5),
        "auto": chance.randint(0, 2),
        "odd": chance.randint(6, 19),
        "uplift": round(30 * strength),
        "effort": 20 * chance.randint(30, 60),
        "stopped": round(96 + 3 * chance.random(), 1),
        "paraphrased": round(80 + 12 * chance.random(), 1),
        "overblocked": round(1.2 + 2.5 * chance.random(), 1),
        "review_hours": chance.randint(4, 11),
        "translation": chance.randint(5, 12),
        "exfil": chance.randint(20, 60),
        "pentest": chance.randint(2, 5),
        "tickets": chance.randint(3, 14),
        "restore": chance.randint(9, 26),
        "outside_hours": 20 * chance.randint(8, 20),
        "outside_ctf": round(100 * strength) + chance.randint(4, 9),
        "outside_speed": round(20 + 40 * strength),
        "outside_odd": chance.randint(2, 9),
        "entry": chance.randint(12, 96),
    }
    return LABS[checkpoint.lab] | {
        **{name: f"{value:,}" for name, value in numbers.items()},
        "model": checkpoint.name,
        "family": checkpoint.family,
        "previous": checkpoint.previous,
        "what": checkpoint.what,
        "uses": checkpoint.uses,
        "context": checkpoint.context,
        "modalities": ", ".join(checkpoint.modalities),
        "weights": checkpoint.weights.capitalize(),
        "tier": checkpoint.tier,
        "cutoff": f"{chance.randint(8, 14)} months",
        "change": "Marked increase" if checkpoint.gain > 0.1 else "Slight increase",
        "stage_a": _STAGES[3 if strength > 0.55 else 2],
        "stage_b": _STAGES[2 if strength > 0.5 else 1],
    }


def filled(text: str, checkpoint: Checkpoint) -> str:
    """``text`` with the model's figures and phrases in place of ``$names``."""
    return Template(text).substitute(facts(checkpoint))
