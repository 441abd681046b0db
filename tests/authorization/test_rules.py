"""The table of rules is whole and well formed; a rule that names nobody cannot be written."""

from dataclasses import FrozenInstanceError

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Organization, Seat, User
from accounts.roles import LAB_ROLES, Role
from reviews import clauses, finding, policy, rules
from reviews.models import (
    AccessGrant,
    Assignment,
    CriterionVersion,
    Determination,
    Document,
    DocumentVersion,
    Export,
    Gateway,
    GrantExtension,
    Heartbeat,
    Notice,
    PartnerTerms,
    RecusalQuestion,
    Submission,
)
from reviews.models.permissions import CODENAMES
from reviews.policy import Action
from tests.conftest import START

EVERY_RULE = [
    pytest.param(action, rule, id=f"{action}-{number}")
    for action, ways in policy.RULES.items()
    for number, rule in enumerate(ways, 1)
]
DECLARED = {codename for codename, _ in Submission._meta.permissions}


def test_every_action_has_rules_and_every_rule_an_action():
    assert set(policy.RULES) == set(Action)
    assert all(policy.RULES.values())


@pytest.mark.parametrize("nobody", [{}, {"permission": ""}, {"roles": frozenset()}])
def test_a_rule_that_names_neither_permission_nor_role_refuses_to_be_built(nobody):
    with pytest.raises(ValueError, match="names a permission or a role"):
        rules.Rule(time=rules.Time.ALWAYS, **nobody)


@pytest.mark.parametrize(
    "somebody",
    [
        {"permission": "view_submission"},
        {"roles": frozenset({Role.AUDITOR})},
        {"permission": "view_submission", "roles": frozenset({Role.AUDITOR})},
    ],
)
def test_either_is_enough_to_be_built(somebody):
    assert rules.Rule(time=rules.Time.ALWAYS, **somebody).over is Submission


def test_a_rule_says_when_and_cannot_be_changed():
    with pytest.raises(TypeError):
        rules.Rule(permission="view_submission")
    rule = rules.Rule(time=rules.Time.ALWAYS, permission="view_submission")
    with pytest.raises(FrozenInstanceError):
        rule.permission = "own_submission"


@pytest.mark.parametrize(("action", "rule"), EVERY_RULE)
def test_the_rules_of_an_action_are_over_one_kind_of_row(action, rule):
    assert rule.over is policy.RULES[action][0].over


@pytest.mark.parametrize(("action", "rule"), EVERY_RULE)
def test_a_rule_names_what_there_is(action, rule):
    assert rule.permission in DECLARED | {""}
    assert rule.roles <= set(Role)
    assert not rule.unless_restricted or rule.over in rules.DOCUMENT_OF
    if rule.through:
        *path, last = rule.through.split("__")
        over = rule.over
        for name in path:
            over = over._meta.get_field(name).related_model
        assert over._meta.get_field(last).related_model is Organization
    # What narrows an attached seat, and what narrows a role, needs one to narrow.
    assert rule.permission or not (rule.through or rule.assigned or rule.unless_restricted)
    assert rule.roles or not rule.own_organization
    assert rule.over in rules.SUBMISSION_OF or (rule.time, rule.permission) == ("always", "")


@pytest.mark.parametrize(("action", "rule"), EVERY_RULE)
def test_a_role_alone_opens_no_content(action, rule):
    if action is Action.AUDIT_QUARANTINE:  # hashes of what nobody can open
        assert (rule.over, rule.roles) == (DocumentVersion, {Role.AUDITOR})
        assert rule.where == (clauses.quarantined,)
    elif action is Action.AUDIT_DISCRETION:  # what NSA wrote for the record, and nothing of a lab
        assert (rule.over, rule.roles) == (Determination, {Role.AUDITOR})
    elif rule.roles:
        assert rule.over in {
            *(Submission, AccessGrant, GrantExtension, Organization, AuditEvent),
            # These say that something waits, works or is told of access, and no content.
            *(Notice, Heartbeat, Gateway),
            *(PartnerTerms, RecusalQuestion, CriterionVersion),  # no lab's and no secret
            Determination,  # NSA's account of itself, without what a lab gave
            Export,  # whoever opens one is asked about each submission in it
        }
        assert action not in {Action.VIEW, Action.READ_PACKAGE, Action.OWN, Action.DELIBERATE}


def test_every_codename_is_declared_given_and_asked_for():
    given = {codename for codenames in CODENAMES.values() for codename in codenames}
    asked = {rule.permission for ways in policy.RULES.values() for rule in ways} - {""}
    assert DECLARED == given == asked


def test_a_lab_and_an_agency_share_nothing_but_seeing():
    of_labs = {codename for role in LAB_ROLES for codename in CODENAMES[role]}
    of_agencies = {codename for role in set(CODENAMES) - LAB_ROLES for codename in CODENAMES[role]}
    assert of_labs & of_agencies == {"view_submission"}


def test_those_who_run_the_portal_are_attached_to_nothing():
    running = {Role.ADMINISTRATOR, Role.AUDITOR, Role.PARTNER_CONTACT, Role.VENDOR_CONTACT}
    assert not running & set(CODENAMES)


@pytest.mark.parametrize("kind", policy.SEEN_BY)
def test_what_shows_that_a_row_exists_is_a_reading_action(kind):
    action, key = policy.SEEN_BY[kind]
    assert action in {
        *(Action.VIEW, Action.VIEW_DOCUMENT, Action.READ_DETERMINATION, Action.VIEW_GRANT),
        *(Action.READ_NOTICE, Action.VIEW_GATEWAY, Action.READ_TERMS, Action.READ_THREAD),
        *(Action.READ_INFORMATION_REQUEST, Action.READ_REVIEW, Action.READ_CRITERIA),
        Action.OWN,
    }
    if key != "pk":
        assert kind._meta.get_field(key).related_model is policy.RULES[action][0].over
    else:
        assert policy.RULES[action][0].over is kind


def test_every_kind_with_more_than_one_action_says_how_it_is_seen():
    kinds = [ways[0].over for ways in policy.RULES.values()]
    several = {kind for kind in kinds if kinds.count(kind) > 1}
    several -= {Organization, AuditEvent}  # no page and no step is about one of them
    assert several <= set(policy.SEEN_BY)
    assert Document in several


# There

ASSIGNED = {"model": Assignment, "key": "submission"}


@pytest.mark.django_db
def test_an_empty_list_of_values_is_nothing(world):
    nobody = rules.There(F("pk"), **ASSIGNED, agency=[])
    with pytest.raises(EmptyResultSet):
        str(Submission.objects.filter(nobody).query)  # "IN ()" is no SQL for PostgreSQL
    answers = Submission.objects.annotate(nobody=nobody).values_list("nobody", flat=True)
    assert set(answers) == {False}


@pytest.mark.django_db
def test_assignment_is_asked_of_each_submission_that_remains():
    """Else PostgreSQL begins with all that a reviewer was ever assigned."""
    someone = User.objects.create_user("someone@test.example", "someone")
    someone.groups.set(Seat.objects.filter(role=Role.REVIEWER)[:1].values_list("group", flat=True))
    asked = str(policy.allowed(someone, Action.ANSWER_ASSIGNMENT, at=START).query)
    assert "OFFSET" not in str(Submission.objects.filter(rules.There(F("pk"), **ASSIGNED)).query)
    assert "reviews_assignment" in asked
    assert asked.count("OFFSET 0") == 1
    declared = str(policy.allowed(someone, Action.WRITE_REVIEW, at=START).query)
    assert declared.count("OFFSET 0") == 2
    assert "OFFSET 0" not in str(policy.allowed(someone, Action.VIEW, at=START).query)


@pytest.mark.django_db
def test_what_may_be_done_to_a_submission_is_asked_of_it_alone(world):
    """Else PostgreSQL gathers all that the person is attached to, to look at a page of it."""
    reviewer = world.people.nsa_reviewer
    rule = policy.RULES[Action.VIEW][0]
    who = rules.Standing.of(reviewer)
    found = Submission.objects.filter(rule.holds(who, START, each=True))
    assert set(found) == set(Submission.objects.filter(rule.holds(who, START)))
    assert str(found.query).count("OFFSET 0") == 1
    with CaptureQueriesContext(connection) as captured:
        finding.find_submission(reviewer, world.running.reference, at=START)
        policy.actions_on(reviewer, [world.running], policy.ON_SUBMISSIONS, at=START)
    asked = [query["sql"] for query in captured if "expressionwrapper" in query["sql"]]
    assert len(asked) == 2
    for sql in asked:
        columns = sql.partition(' FROM "reviews_submission"')[0]
        assert columns.count("EXISTS") == columns.count("OFFSET 0") > 5


@pytest.mark.django_db
def test_what_finds_rows_is_not_asked_of_each(world):
    """There PostgreSQL begins where it has the fewest."""
    found = policy.organizations(world.people.nsa_lead, Action.FILE_POSITION, world.running)
    assert "EXISTS" in str(found.query)
    assert "OFFSET" not in str(found.query)
    attached = rules.attached([1], F("pk"), "view_submission")
    assert "OFFSET" not in str(Submission.objects.filter(attached).query)


@pytest.mark.django_db
def test_the_list_of_a_document_is_asked_of_it_alone(world):
    asked = str(policy.allowed(world.people.nsa_reviewer, Action.VIEW_DOCUMENT, at=START).query)
    assert asked.count("EXISTS") == 4  # attached; a list; on the list; declared
    assert asked.count("OFFSET 0") == 3
