"""All questions agree: ``allowed``, ``may``, ``check``, ``find``, ``actions`` and the rest."""

import pytest
from django.db.models import F

from accounts.models import AuditEvent, Organization
from reviews import clock, finding, policy, rules
from reviews.exceptions import NotPermitted, NotVisible
from reviews.models import (
    AccessGrant,
    Assignment,
    Export,
    Heartbeat,
    Notice,
    PrivateNote,
    Submission,
    Upload,
)
from reviews.policy import Action
from tests import factories
from tests.authorization.policy_world import (
    END,
    LAST,
    OPENING,
    attach,
    detach,
    everyone,
    person,
)
from tests.gateways import added

pytestmark = pytest.mark.django_db


def rows_of(world, action):
    """Rows of the action's kind."""
    kind = policy.RULES[action][0].over._meta.model_name
    return {
        "submission": lambda: world.submissions.values(),
        "document": lambda: world.documents.values(),
        "documentversion": lambda: world.versions.values(),
        "upload": lambda: [upload_to(each) for each in (world.running, world.basalt)],
        "agencyreview": lambda: world.reviews.values(),
        "privatenote": lambda: [note_of(world)],
        "agencyposition": lambda: world.positions.values(),
        "consultation": lambda: world.consultations.values(),
        "determination": lambda: world.determinations.values(),
        "criterionversion": lambda: world.criteria.values(),
        "thread": lambda: world.threads.values(),
        "post": lambda: world.posts.values(),
        "accessgrant": lambda: world.grants.values(),
        "grantextension": lambda: world.extensions.values(),
        "informationrequest": lambda: world.requests.values(),
        "requestanswer": lambda: world.answers.values(),
        "organization": lambda: Organization.objects.all()[:4],
        "auditevent": lambda: AuditEvent.objects.all()[:2],
        "notice": lambda: Notice.objects.filter(submission=world.running),
        "gateway": lambda: [
            added(world.people, OPENING, lab)[0] for lab in ("northlight", "basalt")
        ],
        "partnerterms": lambda: [terms_of(world)],
        "recusalquestion": lambda: [world.question],
        "export": lambda: [
            Export.objects.create(person=someone, format="csv", asked_at=OPENING)
            for someone in (world.people.nsa_lead, world.people.basalt_liaison)
        ],
        "heartbeat": lambda: [Heartbeat.objects.get_or_create(name="x", at=OPENING)[0]],
    }[kind]()


def note_of(world):
    return PrivateNote.objects.create(
        submission=world.running, person=world.people.nsa_reviewer, saved_at=OPENING
    )


def upload_to(submission):
    return Upload.objects.create(
        submission=submission,
        file_name="log.txt",
        size=1,
        begun_at=OPENING,
        begun_by=submission.created_by,
        expires_at=OPENING,
    )


def terms_of(world):
    with clock.rehearsal(OPENING):
        return factories.terms(world.people)


SOME = [
    *("northlight_liaison", "basalt_liaison", "nsa_reviewer", "nsa_lead", "nsa_signer"),
    *("dod_reviewer", "cisa_lead", "oncd_official", "administrator", "auditor"),
    *("unattached", "recused", "disabled", "superuser", "anonymous"),
]


@pytest.mark.parametrize("action", Action)
def test_one_may_what_is_among_the_allowed_and_nothing_else(world, action):
    people, rows = everyone(world), list(rows_of(world, action))
    for code in SOME:
        allowed = set(policy.allowed(people[code], action, at=OPENING))
        for row in rows:
            assert policy.may(people[code], action, row, at=OPENING) == (row in allowed), code


@pytest.mark.parametrize("at", [LAST, END], ids=["the last microsecond", "the end"])
def test_actions_are_what_one_may(world, at):
    """Everybody, on every submission: the buttons are the answers."""
    on_submissions = [a for a in Action if policy.RULES[a][0].over is Submission]
    for someone in everyone(world).values():
        allowed = {a: set(policy.allowed(someone, a, at=at)) for a in on_submissions}
        several = policy.actions_on(someone, world.submissions.values(), on_submissions, at=at)
        for submission in world.submissions.values():
            expected = {a for a in on_submissions if submission in allowed[a]}
            assert several[submission.pk] == expected
        assert policy.actions(someone, world.running, at=at) == several[world.running.pk]


def test_actions_on_asks_only_what_it_is_asked(world):
    lead = world.people.nsa_lead
    asked = [Action.ASSIGN, Action.FILE_POSITION, Action.OWN]
    found = policy.actions_on(lead, [world.running, world.draft], asked, at=OPENING)
    assert found == {
        world.running.pk: {Action.ASSIGN, Action.FILE_POSITION},
        world.draft.pk: set(),
    }


def test_a_step_that_is_taken_is_left_out(world):
    lead = world.people.nsa_lead
    filed = rules.There(F("pk"), model=Assignment, key="submission")
    found = policy.actions_on(
        lead,
        [world.running, world.draft],
        [Action.ASSIGN, Action.DELIBERATE],
        at=OPENING,
        taken={Action.ASSIGN: filed},
    )
    assert found == {world.running.pk: {Action.DELIBERATE}, world.draft.pk: set()}
    Assignment.objects.all().delete()
    assert (
        Action.ASSIGN
        in policy.actions_on(
            lead, [world.running], [Action.ASSIGN], at=OPENING, taken={Action.ASSIGN: filed}
        )[world.running.pk]
    )


# find


def test_a_row_that_one_may_act_on_is_found_though_one_does_not_see_it(world):
    """An administrator attaches agencies to a submission of which she reads nothing."""
    administrator = world.people.administrator
    assert not policy.may(administrator, Action.VIEW, world.running, at=OPENING)
    key = {"reference": world.running.reference}
    assert finding.find(administrator, Action.ADMINISTER, at=OPENING, **key) == world.running
    with pytest.raises(NotVisible):
        finding.find(administrator, Action.OWN, at=OPENING, **key)


# check


@pytest.mark.parametrize(
    ("code", "action", "kind", "label", "at", "refusal"),
    [
        ("northlight_liaison", Action.OWN, "submissions", "running", OPENING, None),
        ("nsa_reviewer", Action.OWN, "submissions", "running", OPENING, NotPermitted),
        ("basalt_liaison", Action.OWN, "submissions", "running", OPENING, NotVisible),
        ("nsa_lead", Action.ASSIGN, "submissions", "running", LAST, None),
        ("nsa_lead", Action.ASSIGN, "submissions", "running", END, NotPermitted),
        ("nsa_lead", Action.ASSIGN, "submissions", "draft", OPENING, NotVisible),
        ("administrator", Action.ADMINISTER, "submissions", "draft", OPENING, NotVisible),
        ("administrator", Action.VIEW, "submissions", "running", OPENING, NotVisible),
        ("nsa_reviewer", Action.MANAGE_DOCUMENT, "documents", "plain", OPENING, NotPermitted),
        ("dod_reviewer", Action.MANAGE_DOCUMENT, "documents", "for nsa", OPENING, NotVisible),
        ("nsa_reviewer", Action.VIEW_DOCUMENT, "documents", "plain", END, NotVisible),
        ("nsa_reviewer", Action.READ_DOCUMENT, "versions", "plain", OPENING, None),
        ("nsa_reviewer", Action.READ_DOCUMENT, "versions", "waiting", OPENING, NotPermitted),
        ("dod_reviewer", Action.READ_DOCUMENT, "versions", "for nsa", OPENING, NotVisible),
        ("nsa_reviewer", Action.READ_DOCUMENT, "versions", "waiting", END, NotVisible),
        ("northlight_liaison", Action.READ_DOCUMENT, "versions", "infected", END, NotPermitted),
        ("dod_reviewer", Action.READ_REVIEW, "reviews", "nsa", OPENING, NotVisible),
        ("dod_lead", Action.READ_POSITION, "positions", "nsa", OPENING, NotVisible),
        ("dod_lead", Action.READ_POSITION, "positions", "nsa", END, None),
        ("nsa_official", Action.SIGN_DETERMINATION, "determinations", "unsigned", OPENING, None),
        ("nsa_lead", Action.SIGN_DETERMINATION, "determinations", "signed", OPENING, NotPermitted),
        ("nsa_lead", Action.SIGN_DETERMINATION, "determinations", "unsigned", OPENING, NotVisible),
        (
            *("northlight_liaison", Action.RESPOND_TO_DETERMINATION),
            *("determinations", "signed", OPENING, NotVisible),
        ),
        ("nsa_lead", Action.CONFIRM_CRITERION, "criteria", "proposed", OPENING, NotPermitted),
        ("dod_lead", Action.CONFIRM_CRITERION, "criteria", "proposed", OPENING, None),
        ("auditor", Action.CONFIRM_CRITERION, "criteria", "proposed", OPENING, NotVisible),
        ("nsa_reviewer", Action.REVOKE_GRANT, "grants", "nsa", OPENING, NotPermitted),
        ("nsa_reviewer", Action.USE_MODEL, "grants", "nsa", OPENING, None),
        ("nsa_reviewer", Action.USE_MODEL, "grants", "nsa", END, NotPermitted),
        ("dod_lead", Action.REVOKE_GRANT, "grants", "nsa", OPENING, NotVisible),
    ],
)
def test_check(world, code, action, kind, label, at, refusal):
    if (code, action) == ("nsa_official", Action.SIGN_DETERMINATION):
        world.running.determinations.filter(pk=world.determinations[label].pk).update(
            author=world.people.nsa_signer
        )
    row = getattr(world, kind)[label]
    someone = getattr(world.people, code)
    if refusal is None:
        policy.check(someone, action, row, at=at)
        assert finding.find(someone, action, at=at, pk=row.pk) == row
    else:
        for question in (
            lambda: policy.check(someone, action, row, at=at),
            lambda: finding.find(someone, action, at=at, pk=row.pk),
        ):
            with pytest.raises(refusal) as caught:
                question()
            assert type(caught.value) is refusal


@pytest.mark.parametrize("action", Action)
def test_a_row_that_does_not_exist_is_found_by_nobody(world, action):
    for someone in everyone(world).values():
        with pytest.raises(NotVisible):
            finding.find(someone, action, at=OPENING, pk=0)


def test_a_hidden_row_costs_the_queries_of_none(world, django_assert_num_queries):
    """The person's seats with her recusals, and the row."""
    stranger, hidden = world.people.basalt_liaison, world.documents["plain"]
    rules.permission_number("own_submission")  # asked once by each process
    for number in (hidden.pk, 0):
        with django_assert_num_queries(2), pytest.raises(NotVisible):
            finding.find(stranger, Action.VIEW_DOCUMENT, at=OPENING, pk=number)


# find_submission


@pytest.mark.parametrize("at", [LAST, END], ids=["the last microsecond", "the end"])
def test_a_submission_is_found_by_whoever_sees_it_with_what_she_may_do(world, at):
    for someone in everyone(world).values():
        for submission in world.submissions.values():
            actions = policy.actions(someone, submission, at=at)
            if Action.VIEW in actions:
                found = finding.find_submission(someone, submission.reference, at=at)
                assert found == (submission, actions)
            else:
                with pytest.raises(NotVisible):
                    finding.find_submission(someone, submission.reference, at=at)


def test_a_fact_asked_along_with_a_submission_is_answered(world):
    assigned = rules.There(
        F("pk"), model=Assignment, key="submission", reviewer=world.people.nsa_reviewer.pk
    )
    lead = world.people.nsa_lead
    answers = {
        label: finding.find_submission(
            lead, world.submissions[label].reference, at=OPENING, assigned=assigned
        )[0].assigned
        for label in ("running", "basalt")
    }
    for label, answer in answers.items():
        assert (
            answer
            == world.submissions[label]
            .assignments.filter(reviewer=world.people.nsa_reviewer)
            .exists()
        )
    assert answers["running"]


@pytest.mark.parametrize("reference", ["hidden", "none"])
def test_a_hidden_submission_costs_the_queries_of_none(world, reference, django_assert_num_queries):
    wanted = world.draft.reference if reference == "hidden" else "FV-0000-0000-0000"
    policy.actions(world.people.nsa_lead, world.draft, at=OPENING)  # what a process asks once
    with django_assert_num_queries(2), pytest.raises(NotVisible):
        finding.find_submission(world.people.nsa_lead, wanted, at=OPENING)


def test_check_on_rows_that_belong_to_no_submission(world):
    northlight = Organization.objects.get(code="northlight")
    policy.check(world.people.northlight_liaison, Action.DRAFT, northlight, at=OPENING)
    with pytest.raises(NotVisible):
        policy.check(world.people.basalt_liaison, Action.DRAFT, northlight, at=OPENING)


def test_a_row_of_another_kind_is_not_asked_about(world):
    """Its number may be that of a row on which she may."""
    for question in (policy.may, policy.check):
        with pytest.raises(TypeError):
            question(world.people.nsa_reviewer, Action.VIEW, world.reviews["nsa"], at=OPENING)


# organizations


def speaks_for(user, action, submission):
    """The codes of the organizations that ``user`` would act for, in order."""
    found = policy.organizations(user, action, submission)
    return [organization.code for organization in found]


@pytest.mark.parametrize(
    ("seats", "action", "codes"),
    [
        (["northlight:liaison"], Action.OWN, ["northlight"]),
        (["nsa:lead"], Action.ASSIGN, ["nsa"]),
        (["nsa:lead"], Action.OWN, []),
        (["nsa:lead", "dod:reviewer"], Action.ASSIGN, ["nsa"]),
        # By name: Department of Defense before National Security Agency.
        (["nsa:lead", "dod:lead", "cisa:reviewer"], Action.ASSIGN, ["dod", "nsa"]),
        # Once, though both seats have it.
        (["cisa:lead", "cisa:consulted_official"], Action.VIEW, ["cisa"]),
        (["outpost:lead"], Action.ASSIGN, []),
        (["nsa:lead", "northlight:liaison"], Action.READ_PACKAGE, ["nsa", "northlight"]),
        # By a role, where she holds it; a seat elsewhere does not speak.
        (["oncd:administrator", "nsa:lead"], Action.ADMINISTER, ["oncd"]),
        (["nsa:lead"], Action.ADMINISTER, []),
    ],
)
def test_the_organizations_that_one_acts_for(world, seats, action, codes):
    assert speaks_for(person(*seats), action, world.running) == codes


def test_a_reviewer_acts_for_the_agency_that_assigned_her(world):
    reviewer = person("nsa:reviewer", "dod:reviewer")
    assert speaks_for(reviewer, Action.WRITE_REVIEW, world.running) == []
    Assignment.objects.filter(submission=world.running, agency__code="nsa").update(
        reviewer=reviewer
    )
    assert speaks_for(reviewer, Action.WRITE_REVIEW, world.running) == ["nsa"]
    assert speaks_for(reviewer, Action.WRITE_REVIEW, world.basalt) == []


def test_one_acts_for_an_organization_by_its_own_seat_there(world):
    someone = person("nsa:lead", "dod:lead")
    detach(world.running, "nsa:lead")
    assert speaks_for(someone, Action.ASSIGN, world.running) == ["dod"]
    assert speaks_for(someone, Action.ASSIGN, world.basalt) == ["dod", "nsa"]
    attach(world.running, "nsa:lead", "view_submission")
    assert speaks_for(someone, Action.ASSIGN, world.running) == ["dod"]


def test_whoever_may_acts_for_somebody(world):
    for someone in everyone(world).values():
        for action in policy.actions(someone, world.running, at=OPENING):
            assert policy.organizations(someone, action, world.running).exists(), action


def test_one_acts_on_an_agency_s_row_for_that_agency(world):
    """A seat elsewhere that has the codename there, too, did not let her."""
    someone = person("caisi:lead", "nsa:lead", "oncd:administrator")
    grant = AccessGrant.objects.get(pk=world.grants["nsa"].pk)
    grant.pk = 10**6  # no submission's number
    assert speaks_for(someone, Action.VIEW_GRANT, grant) == ["nsa", "oncd"]
    assert speaks_for(someone, Action.VIEW_GRANT, world.grants["dod"]) == ["oncd"]
    reader = person("caisi:reviewer", "nsa:reviewer")
    assert speaks_for(reader, Action.READ_REVIEW, world.reviews["nsa's draft"]) == ["caisi", "nsa"]
