"""Reports and letters that are issued, for tests of what becomes of them."""

import json
import subprocess
import sys

from reviews.models import Report
from reviews.services import attachments, letters, report_pdf, reports
from tests import factories

AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")


def under_review(people):
    """A submission under review by the five agencies that have people in the tests."""
    submission = factories.filed(people)
    outpost = factories.organization("outpost")
    attachments.detach(submission, outpost, by=people.administrator, at=factories.now())
    return submission


def concluded(submission, people, summary="Said in plain words.", response="Noted."):
    """The report, issued by DoD's lead, with the lab's response."""
    for agency in AGENCIES:
        factories.position_filed(submission, people, agency, summary=summary)
    reports.issue(submission, by=people.dod_lead, at=factories.now())
    if response:
        reports.respond(
            submission, response=response, by=people.northlight_liaison, at=factories.now()
        )
    return Report.objects.get(submission=submission)


def issued_letter(submission, people, text="Issues in plain words."):
    """The letter, with NSA's issues, DoD's none so far, and nothing of the others."""
    for agency in ("nsa", "dod"):
        letters.file_entry(
            submission,
            agency=factories.organization(agency),
            text=text if agency == "nsa" else "",
            nothing_so_far=agency != "nsa",
            by=getattr(people, f"{agency}_lead"),
            at=factories.now(),
        )
    return letters.issue(submission, by=people.nsa_lead, at=factories.now())


def rendered(task, **changed):
    """What the renderer makes of the task as a process of its own, with another environment."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-s", str(report_pdf.RENDERER)],
        input=json.dumps(task).encode(),
        capture_output=True,
        check=False,
        env=report_pdf._environment() | changed,
    )
