"""The stories that have not ended: drafts, and windows on days 1 to 29."""

from reviews.demonstration import checkpoints as model
from reviews.demonstration import discussions
from reviews.demonstration.letter_acts import entries
from reviews.demonstration.script import Event, Story, ago, on

NORTH, NORTH_ADMIN, BASALT = "northlight-liaison", "northlight-admin", "basalt-liaison"
USUAL = ("model_card", "risk_assessment", "evaluation_report", "safeguards")
WRITTEN_BEFORE = 2  # days before filing


def filing(
    by: str, *, kinds=USUAL, partner: float | None = None, public: float | None = None
) -> list[Event]:
    """A lab prepares and files; releases are planned in days after filing."""
    return [
        on(-4.21, by, "draft"),
        on(-4.18, by, "answer", only=("intended_uses", "weights", "modalities", "contacts")),
        on(
            -WRITTEN_BEFORE,
            by,
            "answer",
            partner=None if partner is None else partner + WRITTEN_BEFORE,
            public=None if public is None else public + WRITTEN_BEFORE,
        ),
        *(on(-1.3 + 0.02 * n, by, "add", kinds=(kind,)) for n, kind in enumerate(kinds)),
        on(0, by, "file"),
    ]


AURORA_42 = Story(
    "aurora-4.2",
    model.AURORA_42,
    ago(days=1),
    tracking="NL-2026-031",
    events=(*filing(NORTH, partner=35, public=49)[:-1],),
)
STRATA_3 = Story(
    "strata-3",
    model.STRATA_3,
    ago(days=1),
    kind="designation_inquiry",
    tracking="BI-409",
    events=(
        on(-3.4, BASALT, "draft"),
        on(-3.38, BASALT, "answer", only=("parent_version", "intended_uses", "weights")),
        on(-0.6, BASALT, "answer", only=("safety_framework_tier", "access_level", "modalities")),
    ),
)
AURORA_4_MINI = Story(
    "aurora-4-mini",
    model.AURORA_4_MINI,
    ago(day=1, hours=3),
    tracking="NL-2026-030",
    events=(
        *filing(NORTH, kinds=("model_card", "safeguards", "usage_policy"), partner=24, public=38),
        on(0.06, "nsa-lead", "read", kinds=("model_card",)),
        on(
            0.09,
            "nsa-lead",
            "propose",
            grant="utility",
            purpose="Triage of alerts in the utility's security operations.",
            start=24,
            end=50,
        ),
        on(0.12, NORTH, "consent", grant="utility"),
        on(0.15, "administrator", "agree", grant="utility"),
    ),
)
SCORIA_1 = Story(
    "scoria-1",
    model.SCORIA_1,
    ago(day=3),
    kind="designation_inquiry",
    tracking="BI-402",
    events=(
        *filing(BASALT, kinds=("evaluation_report", "risk_assessment", "safety_framework")),
        on(0.32, "nsa-lead", "assign"),
        on(0.55, "nsa-official", "ask_consultations"),
        on(0.71, "nsa-reviewer", "read", kinds=("evaluation_report",)),
        on(
            1.38,
            "nsa-lead",
            "ask_access",
            grant="nsa",
            purpose="Repeat the seeded-weakness set and two range exercises on the mid-training "
            "checkpoint.",
            start=3,
            end=21,
            level="al2",
        ),
    ),
)
LODESTAR_1_AGAIN = Story(
    "lodestar-1-again",
    model.LODESTAR_1,
    ago(day=7),
    tracking="NL-2026-019-R",
    events=(
        on(-1.6, NORTH, "draft"),
        on(-1.55, NORTH, "answer", public=40),
        on(-0.9, NORTH, "add", kinds=("model_card", "evaluation_report")),
        on(-0.85, NORTH, "add", kinds=("third_party_report",)),
        on(0, NORTH, "file"),
        on(0.41, "nsa-lead", "assign", reviewer="nsa-second-reviewer"),
        on(0.5, "nsa-second-reviewer", "recuse", reason="Worked for the lab until last year."),
        on(0.6, "nsa-lead", "assign"),
        on(0.71, "nsa-reviewer", "accept_assignment"),
        on(0.78, "caisi-lead", "assign"),
        on(1.24, "nsa-reviewer", "read", kinds=("model_card", "evaluation_report")),
        on(
            1.3,
            "caisi-reviewer",
            "decline_assignment",
            reason="Two reviews are due in the same week.",
        ),
        on(2.9, "dod-lead", "assign"),
    ),
)
AURORA_4_ASKED = (
    on(
        1.7,
        "nsa-reviewer",
        "draft_request",
        ask="scaffold",
        subject="Scaffold and budget of the range exercises",
        question="The evaluation report gives one figure for each range exercise. Which scaffold, "
        "which tools and which token budget stand behind each, and how many repetitions?",
    ),
    on(1.9, "cisa-lead", "join_request", ask="scaffold"),
    on(2.1, "nsa-lead", "issue_request", ask="scaffold", days=3),
    on(2.4, "caisi-lead", "join_request", ask="scaffold"),
    on(
        4.2,
        NORTH,
        "answer_request",
        ask="scaffold",
        text="All exercises used the scaffold of appendix B with a shell, a browser and a "
        "debugger. Each has five repetitions of at most 2 million tokens; the report gives the "
        "median. Exercise 7 was stopped twice by the time limit and is counted as not solved.",
        kinds=("evaluation_report",),
    ),
    on(
        3.3,
        "caisi-lead",
        "draft_request",
        ask="refusals",
        subject="Refusals without classifiers",
        question="How often does the model refuse the requests of the common protocol when its "
        "input and output classifiers are off, by category?",
    ),
    on(3.6, "caisi-lead", "issue_request", ask="refusals", days=2),
    on(
        9.05,
        "dod-reviewer",
        "draft_request",
        ask="tools",
        subject="Tools available in the reduced-safeguards endpoint",
        question="Which tools can be called through the endpoint with reduced safeguards, and are "
        "their calls logged in the same way?",
    ),
)
AURORA_4 = Story(
    "aurora-4",
    model.AURORA_4,
    ago(day=10, hours=1),
    tracking="NL-2026-027",
    events=(
        *filing(NORTH, kinds=(*USUAL, "third_party_report", "nondisclosure_terms"), public=45),
        *entries("nsa", "caisi"),
        on(
            -1.05,
            NORTH,
            "add",
            kinds=("weight_security_plan",),
            restricted_to=("nsa", "caisi"),
        ),
        on(0.29, "nsa-lead", "assign"),
        on(0.36, "caisi-lead", "assign"),
        on(0.62, "cisa-lead", "assign"),
        on(0.8, "nsa-official", "ask_consultations"),
        on(0.92, "nsa-reviewer", "read", kinds=("evaluation_report", "weight_security_plan")),
        on(1.07, "caisi-reviewer", "read", kinds=("model_card", "weight_security_plan")),
        on(1.11, "dod-lead", "assign"),
        on(7.2, "nsa-second-reviewer", "be_away", start=12, end=19),
        on(
            0.5,
            "nsa-lead",
            "ask_access",
            grant="nsa",
            purpose="Full cyber evaluation, including range exercises without the lab's limit of "
            "24 hours.",
            start=2,
            end=28,
            level="al2",
        ),
        on(
            0.7,
            "caisi-lead",
            "ask_access",
            grant="caisi",
            purpose="Common protocol, with and without classifiers.",
            start=2,
            end=20,
            level="al2",
        ),
        on(1.2, NORTH, "consent", grant="nsa"),
        on(1.22, NORTH, "consent", grant="caisi"),
        on(1.61, "administrator", "authorize", grant="nsa"),
        on(1.64, "second-administrator", "authorize", grant="caisi"),
        on(2.14, "nsa-reviewer", "use", grant="nsa"),
        on(2.3, "caisi-reviewer", "use", grant="caisi"),
        on(
            3.12,
            "oncd-official",
            "consult",
            statement="The office has nothing to add to the record before NSA and "
            "asks that defenders in the energy and water sectors be considered for early access.",
        ),
        on(
            5.3,
            NORTH_ADMIN,
            "add_version",
            kind="safeguards",
            addendum="The paraphrased set was extended by 300 requests in six languages. The "
            "figures above are unchanged within one point.",
        ),
        on(
            6.2,
            "cisa-lead",
            "ask_access",
            grant="cisa",
            purpose="Patching tasks on components that federal agencies use.",
            start=11,
            end=25,
        ),
        on(6.41, "nsa-reviewer", "save_review"),
        on(7.42, NORTH, "consent", grant="cisa"),
        on(7.9, "cisa-reviewer", "save_review"),
        on(8.33, "caisi-reviewer", "file_review"),
        on(
            8.62,
            "dod-lead",
            "ask_access",
            grant="dod",
            purpose="Maintenance and logistics agents on the unclassified network range.",
            start=12,
            end=26,
        ),
        on(8.81, "nsa-reviewer", "save_review"),
        on(
            8.3,
            NORTH,
            "suspend",
            grant="caisi",
            reason="Two requests in the endpoint's log come from an address that this access does "
            "not name. We suspend it while we look into them with CAISI.",
        ),
        on(9.02, "nsa-reviewer", "use", grant="nsa"),
        *AURORA_4_ASKED,
        *discussions.AURORA_4,
    ),
)
STRATA_2_CODE = Story(
    "strata-2-code",
    model.STRATA_2_CODE,
    ago(day=15),
    tracking="BI-377",
    events=(
        *filing(BASALT, partner=33, public=47),
        on(0.21, "nsa-lead", "assign"),
        on(0.3, "cisa-lead", "assign"),
        on(0.93, "caisi-lead", "assign"),
        on(
            1.1,
            "nsa-lead",
            "ask_access",
            grant="nsa",
            purpose="Web-service and seeded-weakness sets, three repetitions.",
            start=2,
            end=30,
            level="al2",
        ),
        on(1.43, BASALT, "consent", grant="nsa"),
        on(1.9, "administrator", "authorize", grant="nsa"),
        on(2.05, "nsa-official", "ask_consultations"),
        on(
            2.2,
            "treasury-lead",
            "ask_access",
            grant="treasury",
            purpose="Fraud scenarios in payment messages.",
            start=4,
            end=18,
        ),
        on(2.31, "nsa-reviewer", "use", grant="nsa"),
        on(
            3.24,
            BASALT,
            "decline",
            grant="treasury",
            reason="Capacity in the first two weeks is promised to code evaluation. We would agree "
            "to a request that starts after day 18, or to the same tests on Strata 2.",
        ),
        on(
            5.13,
            "oncd-official",
            "consult",
            statement="The office takes note of the request and has no further information.",
        ),
        on(
            6.02,
            "cisa-lead",
            "consult",
            statement="The agency sees a defensive value for maintainers of widely used components "
            "and asks that a determination does not delay their early access.",
        ),
        on(9.1, "nsa-reviewer", "file_review"),
        on(
            10.05,
            "dod-lead",
            "ask_access",
            grant="dod",
            purpose="Review of mission-support code on an isolated build system.",
            start=17,
            end=27,
        ),
        on(10.44, "cisa-reviewer", "file_review"),
        on(11.02, BASALT, "consent", grant="dod"),
        on(
            11.15,
            "nsa-lead",
            "position",
            outcome="mitigations_suggested",
            summary="Results on web services are stronger than the report suggests. Please name "
            "scaffold and budget beside every figure, and repeat the web set with ours.",
            dissent="One reviewer would record a concern about web services, and not only suggest "
            "measures.",
        ),
        on(11.9, "cisa-lead", "position", outcome="no_concerns_recorded"),
        on(12.1, "administrator", "authorize", grant="dod"),
        on(12.2, "caisi-reviewer", "save_review"),
        on(
            12.61,
            "nsa-official",
            "determine",
            outcome="covered",
            against=("CC-1", "CC-2"),
            rationale="The model finds and exploits weaknesses in web services markedly better "
            "than its predecessor, and does so with little guidance. The office weighed the "
            "defensive value that CISA describes; it bears on early access and not on coverage.",
            reference="NSA-AISC-D-26-0031",
        ),
        *discussions.STRATA_2_CODE,
    ),
)
