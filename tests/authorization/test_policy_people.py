"""What the person must be: active, seated, attached by that very seat, not recused."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.contrib.contenttypes.models import ContentType

from accounts.models import AuditEvent, Organization, Seat, User
from accounts.roles import LAB_ROLES, Kind, Role
from reviews import policy, rules
from reviews.models import AccessGrant, Assignment, Recusal, SubmissionGroupObjectPermission
from reviews.policy import Action
from reviews.services import attachments
from tests.authorization.policy_world import (
    ADMINISTRATORS,
    ASKING,
    OPENING,
    REGISTER,
    START,
    attach,
    detach,
    notice,
    person,
    say,
    seen,
    who,
)

pytestmark = pytest.mark.django_db


def powers(user, at=OPENING):
    """Every action that has any row on which ``user`` may do it."""
    return {action for action in Action if policy.allowed(user, action, at=at).exists()}


# Active


@pytest.mark.parametrize(
    "code",
    ["superuser", "disabled", "clearinghouse_coordinator", "partner_contact", "vendor_contact"],
)
def test_nothing_for(world, code):
    assert powers(getattr(world.people, code)) - {Action.READ_CRITERIA} == set()


def test_nothing_for_somebody_who_has_not_signed_in(world):
    assert powers(AnonymousUser()) == powers(User()) == set()


def test_nothing_for_a_superuser_whom_django_permits_everything(world):
    superuser = world.people.superuser
    superuser.user_permissions.set(Permission.objects.all())
    assert superuser.has_perm("reviews.view_submission", world.running)
    assert powers(superuser) == set()


@pytest.mark.parametrize("code", ["northlight_liaison", "nsa_reviewer", "administrator", "auditor"])
def test_a_person_disabled_in_the_database_has_nothing_whatever_the_object_says(world, code):
    someone = getattr(world.people, code)
    assert powers(someone) != set()
    User.objects.filter(pk=someone.pk).update(is_active=False)
    assert someone.is_active
    assert powers(someone) == set()


# Seated


@pytest.mark.parametrize(
    "seat",
    [
        *("northlight:liaison", "nsa:reviewer", "nsa:lead", "nsa:determination_official"),
        *("oncd:consulted_official", "oncd:administrator", "treasury:auditor"),
    ],
)
def test_a_seat_that_was_taken_gives_nothing_on_the_next_question(world, seat):
    someone = person(seat)
    assert powers(someone) != set()
    someone.groups.clear()
    assert powers(someone) == set()


def test_a_page_reads_the_seats_once_for_all_its_questions(world, django_assert_num_queries):
    """Whoever shares the reading has it for one request: the next one reads again."""
    reviewer = person("nsa:reviewer")
    with django_assert_num_queries(1):
        reviewer.standing = rules.Standing.of(reviewer)
    with django_assert_num_queries(0):
        assert rules.Standing.of(reviewer) is reviewer.standing
    reviewer.groups.clear()
    assert powers(reviewer) != set()
    assert powers(User.objects.get(pk=reviewer.pk)) == set()


def test_others_in_the_same_seat_do_not_help(world):
    assert powers(person()) == set()


def test_a_lab_drafts_for_itself_alone(world):
    labs = {lab.code: lab for lab in Organization.objects.all()}
    nobody = {code: set() for code in labs}
    assert who(world, Action.DRAFT, labs, OPENING) == nobody | {
        "northlight": {"northlight_liaison", "northlight_admin"},
        "basalt": {"basalt_liaison"},
    }


def test_administrators_administer_the_seats_of_every_organization(world):
    organizations = {each.code: each for each in Organization.objects.all()}
    found = who(world, Action.ADMINISTER_SEATS, organizations, OPENING)
    assert found == {code: ADMINISTRATORS for code in organizations}  # noqa: C420


def test_auditors_alone_read_the_audit_log(world):
    log = {"the log": AuditEvent.objects.first()}
    assert who(world, Action.AUDIT, log, OPENING) == {"the log": {"auditor"}}


OVERSEEING = {
    *(Action.OVERSEE_CLOSEOUT, Action.TRACK_GRANTS, Action.EXPORT_GRANTS),
    *(Action.VIEW_PAST_ACCESS, Action.OVERSEE_PAST_ACCESS),
}
# What each role may do without any attachment.
UNATTACHED = dict.fromkeys(Role, frozenset()) | {
    Role.ADMINISTRATOR: {
        *(Action.ADMINISTER, Action.ADMINISTER_SEATS, Action.ADMINISTER_QUESTIONS),
        *(Action.VIEW_GRANT, Action.KNOW_PEOPLE, Action.AUTHORIZE_GRANT, Action.REVOKE_GRANT),
        Action.SUSPEND_AS_ADMINISTRATOR,
        *(Action.AUTHORIZE_EXTENSION, Action.REVOKE_GRANTS, *OVERSEEING),
    },
    Role.AUDITOR: {
        *(Action.AUDIT, Action.AUDIT_DISCRETION, Action.AUDIT_QUARANTINE),
        *OVERSEEING,
    },
    Role.LEAD: {Action.LEAD_AGENCY},
    **dict.fromkeys(LAB_ROLES, frozenset({Action.DRAFT, Action.ADD_GATEWAY})),
}


@pytest.mark.parametrize("role", Role)
def test_what_a_role_gives_where_nothing_is_attached(world, role):
    SubmissionGroupObjectPermission.objects.all().delete()
    seat = Seat.objects.select_related("organization").filter(role=role).first()
    assert powers(person(seat.code)) - REGISTER == UNATTACHED[role]


# Attached

AGENCY = {"view_submission", "read_package"}
GIVEN = {
    "liaison": {"view_submission", "own_submission"},
    "lab_administrator": {"view_submission", "own_submission"},
    "reviewer": AGENCY | {"deliberate", "review_submission"},
    "lead": AGENCY | {"deliberate", "lead_submission"},
    "determination_official": AGENCY | {"deliberate", "determine_submission"},
    "consulted_official": AGENCY | {"consult_submission"},
}


def test_what_attaching_gives_to_each_seat(world):
    SubmissionGroupObjectPermission.objects.all().delete()
    for organization in Organization.objects.all():
        attachments.grant_codenames(world.running, organization)
    given = {}
    for role, codename in SubmissionGroupObjectPermission.objects.values_list(
        "group__seat__role", "permission__codename"
    ):
        given.setdefault(role, set()).add(codename)
    assert given == GIVEN


OF_ASSIGNED = {Action.ANSWER_ASSIGNMENT, Action.WRITE_REVIEW}
IN_THREADS = (Action.READ_THREAD, Action.POST_IN_THREAD, Action.EDIT_POST)
# On ``running``: what one codename alone, on one seat of its role, lets that seat's person do.
ALONE = {
    ("view_submission", "outpost:reviewer"): {
        *(Action.VIEW, Action.VIEW_GRANT, Action.USE_MODEL, Action.ATTEST_FOR_AGENCY),
        Action.READ_LETTER,
        *(Action.READ_GRANT, Action.KNOW_PEOPLE, Action.READ_NOTICE),
    },
    ("own_submission", "northlight:liaison"): {
        *(Action.OWN, Action.SHORTEN, Action.RESPOND, Action.READ_PACKAGE),
        *(Action.READ_DETERMINATION, Action.RESPOND_TO_DETERMINATION),
        *(Action.ADD_DOCUMENT, Action.MANAGE_DOCUMENT),
        *(Action.VIEW_DOCUMENT, Action.READ_DOCUMENT),
        *(Action.VIEW_GRANT, Action.CONSENT_GRANT, Action.REVOKE_GRANT, Action.ATTEST_FOR_LAB),
        *(Action.SUSPEND_FOR_LAB, Action.CONSENT_EXTENSION, Action.VIEW_PAST_ACCESS),
        *(Action.TRACK_GRANTS, Action.REVOKE_GRANTS, Action.EXPORT_GRANTS),
        *(Action.DRAFT, Action.ADD_GATEWAY, Action.READ_NOTICE, Action.READ_GRANT),
        *(Action.READ_DISCUSSION, Action.OPEN_THREAD_WITH_LAB, *IN_THREADS),
        Action.EXPORT_SUBMISSIONS,
    },
    ("read_package", "outpost:reviewer"): {
        *(Action.READ_PACKAGE, Action.VIEW_DOCUMENT, Action.READ_DOCUMENT, Action.RECUSE),
        *(Action.WRITE_NOTE, Action.READ_DETERMINATION),
    },
    ("deliberate", "outpost:reviewer"): {
        *(Action.DELIBERATE, Action.READ_REVIEW, Action.READ_POSITION),
        *(Action.READ_DISCUSSION, Action.OPEN_THREAD, *IN_THREADS),
    },
    ("review_submission", "outpost:reviewer"): OF_ASSIGNED
    | {Action.READ_REVIEW, Action.CONTINUE_REVIEW},
    ("lead_submission", "outpost:lead"): {
        *(Action.ASSIGN, Action.FILE_POSITION, Action.ISSUE_REPORT, Action.READ_REVIEW),
        *(Action.REQUEST_GRANT, Action.VIEW_GRANT, Action.REVOKE_GRANT, Action.ATTEST_FOR_AGENCY),
        *(Action.FILE_LETTER_ENTRY, Action.PREVIEW_LETTER, Action.ISSUE_LETTER),
        *(Action.EXTEND_GRANT, Action.READ_NOTICE, Action.PROPOSE_PARTNER, Action.LEAD_AGENCY),
        *(Action.READ_GRANT, Action.KNOW_PEOPLE, Action.TAKE_BACK_REQUEST),
        *(Action.OPEN_THREAD_WITH_LAB, Action.POST_IN_THREAD, Action.EDIT_POST),
        Action.EXPORT_SUBMISSIONS,
    },
    ("determine_submission", "nsa:determination_official"): {
        *(Action.DETERMINE, Action.SIGN_DETERMINATION, Action.READ_DETERMINATION),
        Action.SHARE_DETERMINATION,
        *(Action.READ_CONSULTATION, Action.READ_REVIEW),
        *(Action.OPEN_THREAD_WITH_LAB, Action.POST_IN_THREAD, Action.EDIT_POST),
        Action.PREVIEW_LETTER,
        Action.EXPORT_SUBMISSIONS,
    },
    ("consult_submission", "oncd:consulted_official"): {Action.CONSULT, Action.READ_CONSULTATION},
}


@pytest.mark.parametrize(("codename", "seat"), ALONE, ids=[codename for codename, _ in ALONE])
def test_what_one_codename_alone_gives(world, codename, seat):
    """The person is also assigned, author, grantee: whatever a codename could be joined with."""
    SubmissionGroupObjectPermission.objects.all().delete()
    attach(world.running, seat, codename)
    someone = person(seat)
    agency = Organization.objects.get(code=seat.partition(":")[0])
    Assignment.objects.filter(submission=world.running, agency__code="nsa").update(
        reviewer=someone, agency=agency
    )
    world.running.agency_reviews.update(agency=agency)
    world.running.agency_reviews.filter(pk=world.reviews["nsa"].pk).update(author=someone)
    world.running.information_requests.filter(agency__code="nsa").update(agency=agency)
    world.running.positions.filter(pk=world.positions["nsa"].pk).update(agency=agency)
    say(world, someone, agency)
    if agency.kind != Kind.LAB:  # a lab's person who is the grantee does not consent
        AccessGrant.objects.update(agency=agency, grantee=someone)
    world.running.determinations.filter(pk=world.determinations["signed"].pk).update(
        shared_at=START, shared_by=world.people.nsa_signer
    )
    for about in (None, world.grants["nsa"]):
        notice(world.running, someone, grant=about)
    powers_there = powers(someone) - REGISTER
    assert powers_there == ALONE[codename, seat] | ASKING.get(codename, set())


def test_a_stray_row_gives_a_role_nothing_that_it_has_not(world):
    """A reviewer's group with the lead's codename, the official's, the lab's, is a reviewer's."""
    detach(world.running, "outpost:reviewer")
    everything = [codename for codename, _ in ALONE]
    attach(world.running, "outpost:reviewer", *everything)
    someone = person("outpost:reviewer")
    own = {
        *(Action.VIEW, Action.READ_PACKAGE, Action.RECUSE, Action.DELIBERATE, Action.READ_LETTER),
        *(Action.WRITE_NOTE, Action.DRAFT_INFORMATION_REQUEST),
        *(Action.READ_DISCUSSION, Action.OPEN_THREAD),
    }
    assert policy.actions(someone, world.running, at=OPENING) - own == set()
    attach(world.running, "outpost:auditor", *everything)
    assert policy.actions(person("outpost:auditor"), world.running, at=OPENING) == set()


def test_a_seats_row_is_not_its_neighbours(world):
    """The lead's row of one agency does not serve the reviewer's, nor another agency's lead."""
    SubmissionGroupObjectPermission.objects.all().delete()
    attach(world.running, "nsa:lead", "lead_submission")
    assert Action.ASSIGN in powers(person("nsa:lead"))
    assert Action.ASSIGN not in powers(person("nsa:reviewer", "dod:lead"))


def test_a_permission_of_the_same_name_elsewhere_is_another(world):
    rules.permission_number.cache_clear()
    number = rules.permission_number("view_submission")
    rules.permission_number.cache_clear()
    elsewhere = [
        ContentType.objects.get_for_model(Recusal),
        ContentType.objects.create(app_label="accounts", model="submission"),
    ]
    for content_type in elsewhere:
        Permission.objects.create(
            codename="view_submission", content_type=content_type, name="Another"
        )
    assert rules.permission_number("view_submission") == number
    rules.permission_number.cache_clear()


# Assigned


def test_an_assignment_is_for_one_submission_one_agency_and_one_person(world):
    def writes(someone):
        return seen(someone, Action.WRITE_REVIEW, world.submissions, OPENING)

    reviewer = person("dod:reviewer")
    assert writes(reviewer) == set()
    facts = {"assigned_by": world.people.dod_lead, "assigned_at": START}
    nsa, dod = (Organization.objects.get(code=code) for code in ("nsa", "dod"))
    # Assigned by an agency whose seat she left; assigned, and not a reviewer.
    Assignment.objects.create(submission=world.running, agency=nsa, reviewer=reviewer, **facts)
    assert writes(reviewer) == set()
    lead = person("dod:lead")
    Assignment.objects.create(submission=world.running, agency=dod, reviewer=lead, **facts)
    assert writes(lead) == set()
    Assignment.objects.create(submission=world.running, agency=dod, reviewer=reviewer, **facts)
    assert writes(reviewer) == {"running"}
    assert writes(person("dod:reviewer")) == set()


# Recused


def submission_of(row):
    """The primary key of the submission that the row belongs to; None when to none."""
    kind = row._meta.model_name
    if kind == "submission":
        return row.pk
    return getattr(row.document if kind == "documentversion" else row, "submission_id", None)


@pytest.mark.parametrize(
    "seats",
    [
        ["nsa:reviewer"],
        ["dod:lead", "nsa:reviewer", "oncd:administrator"],
        ["nsa:determination_official", "northlight:liaison"],
    ],
    ids=" and ".join,
)
def test_recusal_closes_one_submission_and_no_other_from_every_seat(world, seats):
    someone = person(*seats)
    AccessGrant.objects.update(grantee=someone)
    Assignment.objects.filter(agency__code="nsa").update(reviewer=someone)
    before = {action: set(policy.allowed(someone, action, at=OPENING)) for action in Action}
    Recusal.objects.create(
        submission=world.running, person=someone, declared_at=START, declared_by=someone
    )
    after = {action: set(policy.allowed(someone, action, at=OPENING)) for action in Action}
    assert after == {
        action: {row for row in rows if submission_of(row) != world.running.pk}
        for action, rows in before.items()
    }
    assert before[Action.VIEW] - after[Action.VIEW] == {world.running}


def test_another_persons_recusal_closes_nothing(world):
    """Not even that of a colleague who holds the very same seats."""
    colleague = person("nsa:lead")
    assert colleague.groups.get() == world.people.nsa_lead.groups.get()
    before = policy.actions(world.people.nsa_lead, world.running, at=OPENING)
    Recusal.objects.create(
        submission=world.running,
        person=world.people.nsa_reviewer,
        declared_at=START,
        declared_by=world.people.nsa_lead,
    )
    Recusal.objects.create(
        submission=world.running,
        person=colleague,
        declared_at=START,
        declared_by=world.people.nsa_lead,
    )
    assert policy.actions(world.people.nsa_lead, world.running, at=OPENING) == before


def test_what_a_person_holds_and_is_recused_from_is_read_whole(world):
    someone = person("nsa:reviewer", "dod:lead")
    seats = set(
        Seat.objects.filter(group__user=someone).values_list("group", "role", "organization")
    )
    assert len(seats) == 2
    found = rules.Standing.of(someone)
    assert (found.person, set(found.seats), found.recused) == (someone.pk, seats, ())
    for submission in (world.running, world.draft):
        Recusal.objects.create(
            submission=submission, person=someone, declared_at=START, declared_by=someone
        )
    found = rules.Standing.of(User.objects.get(pk=someone.pk))
    assert (len(found.seats), set(found.seats)) == (2, seats)
    assert sorted(found.recused) == sorted([world.running.pk, world.draft.pk])
