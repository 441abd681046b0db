"""One world for the tests of policy: submissions in every state, with rows of every kind.

It is built once for a module, by walking the real services, and rolled back at its end. A
test may change rows; each test's own changes are rolled back after it. Most rows belong to
Northlight's submission ``running``. Basalt's ``basalt`` holds facts about the same people,
so that a clause that forgets which submission it is about finds them there.
"""

import itertools
from datetime import timedelta
from types import SimpleNamespace

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import override_settings

from accounts.models import User
from reviews import clock, policy
from reviews.actions import Action
from reviews.models import (
    GrantExtension,
    InformationRequest,
    Notice,
    Post,
    PreliminaryLetter,
    RecusalQuestion,
    RequestAnswer,
    Submission,
    SubmissionGroupObjectPermission,
    Thread,
)
from reviews.services import (
    agency_reviews,
    attachments,
    determinations,
    documents,
    ends,
    lifecycle,
    reports,
)
from tests import factories
from tests import people as people_module
from tests.conftest import START
from tests.discussions import opened

TICK = timedelta(microseconds=1)
SOON = START + timedelta(hours=1)
CLOSES = START + clock.FULL_WINDOW
EARLY, OPENING, LAST, END = START - TICK, START, CLOSES - TICK, CLOSES
INSTANTS = {
    "before the opening": EARLY,
    "the opening": OPENING,
    "the last microsecond": LAST,
    "the end": END,
}
OPEN = ("the opening", "the last microsecond")

numbers = itertools.count(1)
# What tests.mutants has built, once for all modules.
prebuilt = None


def build(folder):
    """The world, with its files in ``folder``."""
    backend = "django.core.files.storage.FileSystemStorage"
    storages = {"documents": {"BACKEND": backend, "OPTIONS": {"location": folder}}}
    with override_settings(STORAGES=storages), clock.rehearsal(START):
        people = people_module.create(START)
        world = SimpleNamespace(people=people)
        world.submissions = _submissions(people)
        vars(world).update(world.submissions)
        _add_documents(world, people)
        _add_deliberation(world, people)
        _add_determinations(world, people)
        _add_discussion(world, people)
        _add_grants(world, people)
        _add_information_requests(world, people)
        _end(world, people)
        world.question = RecusalQuestion.objects.create(
            text="Do you hold shares?", added_at=START, added_by=people.administrator
        )
    return world


def _submissions(people):
    """What is filed and what is not. Outpost reaches none of Northlight's, ``recused`` neither."""
    administrator, outpost = people.administrator, factories.organization("outpost")
    filed = {
        name: factories.filed(people) for name in ("running", "withdrawn", "expired", "concluded")
    }
    for submission in filed.values():
        attachments.detach(submission, outpost, by=administrator, at=START)
        agency_reviews.recuse(submission, reason="Kin.", by=people.recused, at=START)
    basalt = factories.filed(people, "basalt")
    basalt.declarations.filter(person=people.unattached).delete()
    return filed | {
        "basalt": basalt,
        "draft": factories.draft(people),
        "abandoned": factories.draft(people),
    }


def _end(world, people):
    """Each ended submission ended as its name says, an hour after it was filed."""
    liaison = people.northlight_liaison
    lifecycle.withdraw(world.abandoned, by=liaison, at=START)
    for submission in world.submissions.values():
        if submission.opens_at:  # by rows alone: no notice and no event stands for a letter
            PreliminaryLetter.objects.create(
                submission=submission, issued_at=START, issued_by=people.nsa_lead, content={}
            )
    lifecycle.withdraw(world.withdrawn, by=liaison, at=START)
    for agency in attachments.reviewing_agencies(world.concluded):
        factories.position_filed(world.concluded, people, agency.code, "no_concerns_recorded")
    reports.issue(world.concluded, by=people.nsa_lead, at=START)
    lifecycle.shorten(world.expired, closes_at=SOON, by=liaison, at=START)
    ends.record(world.expired.pk, at=SOON)


def _add_documents(world, people):
    """Documents, some for some agencies only; ``plain`` has a version in each scan state."""

    def document(*codes):
        return factories.document(world.running, people, restricted_to=codes)

    world.documents = {
        "plain": document(),
        "for nsa": document("nsa"),
        "for nsa and dod": document("nsa", "dod"),
        "for outpost": document("outpost"),
        "basalt's": factories.document(world.basalt, people, lab="basalt"),
    }
    world.versions = {label: document.versions.get() for label, document in world.documents.items()}
    plain = world.documents["plain"]
    for state in ("waiting", "infected", "unscannable"):
        version = documents.add_version(
            plain, upload=factories.upload(), by=people.northlight_liaison, at=START
        )
        plain.versions.filter(pk=version.pk).update(scan_state=state)
        world.versions[state] = version


def _add_deliberation(world, people):
    """NSA and CAISI filed reviews and positions, CISA drafts; DoD did so on ``basalt`` only."""
    running, basalt = world.running, world.basalt
    world.reviews = {
        "nsa": factories.review_filed(running, people, "nsa"),
        "nsa's draft": factories.review_drafted(running, people, "nsa"),
        "caisi": factories.review_filed(running, people, "caisi"),
        "cisa's draft": factories.review_drafted(running, people, "cisa"),
        "dod on basalt": factories.review_filed(basalt, people, "dod"),
    }
    world.positions = {
        "nsa": factories.position_filed(running, people, "nsa"),
        "caisi": factories.position_filed(running, people, "caisi"),
        "dod on basalt": factories.position_filed(basalt, people, "dod"),
    }


def _add_determinations(world, people):
    """The official asked three offices and wrote three; the signer signed one."""
    world.determinations = {}
    official = people.nsa_official
    for submission in (world.running, world.basalt):
        determinations.request_consultations(submission, by=official, at=START)
    world.consultations = {
        office: world.running.consultations.get(organization__code=office)
        for office in ("oncd", "ostp", "cisa")
    } | {"on basalt": world.basalt.consultations.get(organization__code="oncd")}
    for label, submission in (
        ("signed", world.running),
        ("unsigned", world.running),
        ("on basalt", world.basalt),
    ):
        later = {"supersedes_reason": "Measured again."} if label == "unsigned" else {}
        state = "signed" if label == "signed" else "written"
        world.determinations[label] = factories.determination(
            submission, people, state=state, **later
        )
    world.criteria = {
        "in force": factories.criteria(people)[0],
        "proposed": factories.criterion(people, "CC-2", confirmed=False),
    }


def _add_discussion(world, people):
    """NSA opened one of each kind, DoD one of its own; the lab, and DoD on ``basalt``, others."""
    running, lead, dod = world.running, people.nsa_lead, people.dod_lead
    world.threads = {
        "nsa's own": opened(running, "own_agency", lead),
        "dod's own": opened(running, "own_agency", dod, "dod"),
        "agencies": opened(running, "agencies", people.nsa_reviewer),
        "with the lab": opened(running, "with_lab", lead),
        "by the lab": opened(running, "with_lab", people.northlight_liaison, "northlight"),
        "dod's on basalt": opened(world.basalt, "own_agency", dod, "dod"),
        "agencies on basalt": opened(world.basalt, "agencies", dod, "dod"),
        "with basalt": opened(world.basalt, "with_lab", people.basalt_liaison, "basalt"),
    }
    world.posts = {label: thread.posts.get() for label, thread in world.threads.items()}


def _add_grants(world, people):
    """NSA's is live, DoD's waits for the lab; NSA has another on ``basalt``."""
    world.grants = {
        "nsa": factories.grant(world.running, people, "nsa"),
        "dod": factories.grant(world.running, people, "dod", state="requested"),
        "on basalt": factories.grant(world.basalt, people, "nsa", lab="basalt"),
    }
    # Asked for by rows alone, so that no notice and no event stands for it.
    world.extensions = {
        label: GrantExtension.objects.create(
            grant=grant,
            ends_at=END,
            reason="Two runs are left.",
            requested_at=START,
            requested_by=grant.requested_by,
        )
        for label, grant in world.grants.items()
    }


def _add_information_requests(world, people):
    """NSA and DoD asked on ``running``, and NSA drafted more; DoD asked on ``basalt``.

    By rows alone, so that no notice and no event stands for one.
    """

    def asked(submission, agency, number):
        issued = {"number": number, "issued_at": START, "due_at": END}
        lead = getattr(people, f"{agency}_lead")
        return InformationRequest.objects.create(
            submission=submission,
            agency=factories.organization(agency),
            drafted_at=START,
            drafted_by=lead,
            subject="Elicitation",
            question="Which scaffold?",
            **issued | {"issued_by": lead} if number else {},
        )

    world.requests = {
        "nsa": asked(world.running, "nsa", 1),
        "nsa's draft": asked(world.running, "nsa", None),
        "dod": asked(world.running, "dod", 2),
        "on basalt": asked(world.basalt, "dod", 1),
    }
    world.answers = {
        label: RequestAnswer.objects.create(
            request=world.requests[label],
            text="The one in appendix C.",
            answered_at=START,
            answered_by=answerer,
        )
        for label, answerer in (
            ("nsa", people.northlight_liaison),
            ("on basalt", people.basalt_liaison),
        )
    }


# Who is who on Northlight's submissions

LAB = {"northlight_liaison", "northlight_admin"}
REVIEWERS = {f"{agency}_reviewer" for agency in ("nsa", "dod", "cisa", "caisi", "treasury")}
LEADS = {f"{agency}_lead" for agency in ("nsa", "dod", "cisa", "caisi", "treasury")}
OFFICIALS = {"nsa_official", "nsa_signer"}
CONSULTED = {"oncd_official", "cisa_lead"}
NSA = {"nsa_reviewer", "nsa_lead"} | OFFICIALS
DOD = {"dod_reviewer", "dod_lead"}
CISA = {"cisa_reviewer", "cisa_lead"}
CAISI = {"caisi_reviewer", "caisi_lead"}
DELIBERATING = REVIEWERS | LEADS | OFFICIALS
AGENCIES = DELIBERATING | CONSULTED
# On Basalt's, ``recused`` is an NSA reviewer like another, and Outpost is attached; its reviewer
# has not declared there that she has no conflict of interest.
BASALT = {"basalt_liaison"}
ONLY_ON_BASALT = {"recused", "unattached"}
UNDECLARED = {"unattached"}
ADMINISTRATORS = {"administrator", "second_administrator"}
# What one codename alone, on one seat of its role, gives of information requests.
_BY_THE_DRAFTING_AGENCY = {
    *(Action.EDIT_INFORMATION_REQUEST, Action.ISSUE_INFORMATION_REQUEST),
    Action.TAKE_BACK_INFORMATION_REQUEST,
}
ASKING = {
    "own_submission": {
        *(Action.READ_INFORMATION_REQUEST, Action.ANSWER_INFORMATION_REQUEST),
        Action.READ_INFORMATION_ANSWER,
    },
    "read_package": {Action.READ_INFORMATION_REQUEST, Action.READ_INFORMATION_ANSWER},
    "deliberate": {Action.DRAFT_INFORMATION_REQUEST, Action.READ_INFORMATION_REQUEST},
    "lead_submission": _BY_THE_DRAFTING_AGENCY | {Action.JOIN_INFORMATION_REQUEST},
    "determine_submission": _BY_THE_DRAFTING_AGENCY,
}

# What asks for no attachment: the register of criteria, with tests of its own.
REGISTER = {
    *(Action.READ_CRITERIA, Action.LOCATE_CRITERIA),
    *(Action.PROPOSE_CRITERION, Action.CONFIRM_CRITERION),
}


# Questions


def everyone(world):
    """Each person by her code, and somebody who has not signed in."""
    people = {code: who for code, who in vars(world.people).items() if isinstance(who, User)}
    return people | {"anonymous": AnonymousUser()}


def seen(user, action, rows, at):
    """The labels of those of ``rows`` on which ``user`` may do ``action``."""
    allowed = set(policy.allowed(user, action, at=at).values_list("pk", flat=True))
    return {label for label, row in rows.items() if row.pk in allowed}


def who(world, action, rows, at):
    """Who may do ``action`` to each of ``rows``: label to the codes of people."""
    answers = {label: set() for label in rows}
    for code, person in everyone(world).items():
        for label in seen(person, action, rows, at):
            answers[label].add(code)
    return answers


def at_each_instant(world, action, rows):
    """The same at each of INSTANTS."""
    return {instant: who(world, action, rows, at) for instant, at in INSTANTS.items()}


def always(answer):
    """What ``at_each_instant`` answers when time does not matter."""
    return dict.fromkeys(INSTANTS, answer)


def while_open(then, otherwise):
    """What ``at_each_instant`` answers when it depends on the window alone."""
    return {instant: then if instant in OPEN else otherwise for instant in INSTANTS}


# People and seats of a test's own


def person(*seats):
    """A new person on these seats, each ``nsa:reviewer`` or the like, who declared everywhere."""
    number = next(numbers)
    someone = User.objects.create_user(f"person-{number}@test.example", f"person {number}")
    someone.groups.set(Group.objects.filter(name__in=seats))
    for submission in Submission.objects.all():
        factories.declare(submission, [someone])
    return someone


def attach(submission, seat, *codenames):
    """The seat has these codenames on the submission, whatever its role."""
    group = Group.objects.get(name=seat)
    for codename in codenames:
        SubmissionGroupObjectPermission.objects.create(
            content_object=submission,
            group=group,
            permission=Permission.objects.get(
                content_type__app_label="reviews",
                content_type__model="submission",
                codename=codename,
            ),
        )


def detach(submission, seat):
    """The seat has no codename left on the submission."""
    submission.group_permissions.filter(group__name=seat).delete()


def say(world, author, organization):
    """A thread of the organization's own on ``running``, and a post of hers in every thread."""
    own = {"opened_at": START, "opened_by": author, "posted_at": START, "title": "Subject"}
    Thread.objects.create(
        submission=world.running, audience="own_agency", agency=organization, **own
    )
    for thread in world.running.threads.all():
        Post.objects.create(
            thread=thread, organization=organization, author=author, text="Said.", posted_at=START
        )


def notice(submission, recipient, kind="filed_receipt", **facts):
    """The person is told of the submission, at the opening."""
    return Notice.objects.create(
        key=f"test:{next(numbers)}",
        recipient=recipient,
        kind=kind,
        submission=submission,
        due_at=OPENING,
        queued_at=OPENING,
        waiting_since=OPENING,
        next_attempt_at=OPENING,
        **facts,
    )
