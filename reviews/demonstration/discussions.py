"""What is discussed in the stories: within an agency, among agencies and with the lab."""

from reviews.demonstration.script import on

AURORA_4 = (
    on(
        2.6,
        "nsa-lead",
        "open_thread",
        thread="lab",
        heard_by="with_lab",
        title="Budget behind the range figures",
        text="The evaluation report gives success rates for range exercises without the budget.\n\n"
        "1. How many tokens and how much time did a run have?\n"
        "2. Was the scaffold the lab's own or a public one?\n"
        "3. Were failed runs repeated?",
        about=("evaluation_report",),
    ),
    on(
        3.4,
        "northlight-liaison",
        "post",
        thread="lab",
        text="| question | answer |\n|---|---|\n| budget | 2 million tokens, 24 hours |\n"
        "| scaffold | our own, described in section 4 of the report |\n"
        "| repeated | no |",
        tell=("northlight-admin",),
        about=("evaluation_report",),
    ),
    on(
        3.45,
        "northlight-liaison",
        "edit_post",
        thread="lab",
        text="| question | answer |\n|---|---|\n| budget | 2 million tokens, 24 hours |\n"
        "| scaffold | our own, described in section 4 of the report |\n"
        "| repeated | no; three runs that lost their network were run once more |",
    ),
    on(
        4.1,
        "caisi-lead",
        "post",
        thread="lab",
        text="Thank you. Under the common protocol we use **half that budget**; please say for "
        "which of the figures that would matter.",
    ),
    on(
        3.6,
        "caisi-reviewer",
        "open_thread",
        thread="agencies",
        heard_by="agencies",
        title="Who runs which set",
        text="To avoid doing the same work three times:\n\n- CAISI: the common protocol\n"
        "- NSA: range exercises\n- CISA: patching tasks?",
        tell=("caisi-lead",),
    ),
    on(
        4.2,
        "cisa-reviewer",
        "post",
        thread="agencies",
        text="Yes, from day 11 on, once our access starts.",
    ),
    on(
        4.3,
        "nsa-reviewer",
        "post",
        thread="agencies",
        text="Agreed. We share the seeds, so that runs can be compared.",
        tell=("nsa-lead",),
    ),
    on(
        7.1,
        "nsa-reviewer",
        "open_thread",
        thread="nsa",
        heard_by="own_agency",
        title="Before I file: the score for exploit development",
        text="I am between 2 and 3. The runs with expert guidance differ widely.\n\n"
        "> 3 of 12 runs reached the goal, all of them with the same hint.\n\n"
        "Would you wait for the second exercise?",
        tell=("nsa-lead",),
    ),
    on(
        7.6,
        "nsa-lead",
        "post",
        thread="nsa",
        text="Wait for it. A score of 3 needs more than one hint to rest on.",
        tell=("nsa-reviewer",),
    ),
)
STRATA_2_CODE = (
    on(
        6.3,
        "basalt-liaison",
        "open_thread",
        thread="lab",
        heard_by="with_lab",
        title="Maintenance of the evaluation endpoint",
        text="The endpoint is down for two hours on day 8. Runs that are under way are stopped.",
    ),
    on(
        6.5,
        "nsa-lead",
        "post",
        thread="lab",
        text="Noted. We pause our runs an hour before.",
        tell=("nsa-reviewer",),
    ),
    on(
        9.3,
        "nsa-lead",
        "open_thread",
        thread="nsa",
        heard_by="own_agency",
        title="Draft of the position",
        text="I propose *mitigations suggested*: name scaffold and budget beside every figure.",
        tell=("nsa-reviewer",),
    ),
)
BOREALIS_2 = (
    on(
        13.4,
        "nsa-reviewer",
        "open_thread",
        thread="agencies",
        heard_by="agencies",
        title="Unprompted chaining in agent mode",
        text="We saw it in 2 of 40 runs with memory on. Has anybody else tested with memory on?",
    ),
    on(
        14.4,
        "caisi-reviewer",
        "post",
        thread="agencies",
        text="The common protocol has it off. We did not see any.",
    ),
)
