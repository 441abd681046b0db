"""Rows in bulk: submissions as filing would leave them, in numbers that filing would not reach.

Every check constraint holds, every agency is attached to all filed submissions but NSA to the
last quarter's, with the codenames of its roles, and the same size gives the same rows each
time, but for the present instant, from which all times are counted back.
"""

from datetime import datetime

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from accounts.models import Organization, Seat
from accounts.roles import Kind, Role
from reviews.models.agency_review import Criterion
from reviews.models.permissions import CODENAMES
from tests.benchmarks.models import GenericSubmission
from tests.benchmarks.people import Cast

NARROW = 50
"""How many submissions the agency of the narrow reviewer is attached to, at every size."""
FAR = 10_000_000
"""The unattached ones are numbered from here on, so that the attached ones can grow."""
# Of a hundred attached submissions: 3 open, 52 concluded, 35 expired, 10 withdrawn. Row i of
# the attached ones was filed i steps before the last month, so that ids and dates agree as
# they would after years; the open ones were filed within the last 29 days.
SUBMISSIONS = """
WITH numbered AS (
    SELECT i, i %% 100 AS mix, i <= %(attached)s AS attached,
           ('x' || substr(md5('bench' || i), 1, 7))::bit(28)::int / 268435456.0 AS chance
    FROM generate_series(%(first)s, %(last)s) AS i
), placed AS (
    SELECT i, chance,
           CASE WHEN NOT attached AND mix %% 2 = 0 THEN 'draft'
                WHEN mix < 3 THEN 'under_review'
                WHEN mix < 55 THEN 'concluded'
                WHEN mix < 90 THEN 'expired'
                ELSE 'withdrawn' END AS status
    FROM numbered
), timed AS (
    SELECT i, status, chance,
           CASE status
                WHEN 'under_review' THEN %(at)s - chance * interval '29 days'
                ELSE %(at)s - interval '31 days' - (i %% %(far)s) * interval '20 minutes'
           END AS opens_at
    FROM placed
), versions AS (
    INSERT INTO reviews_modelversion (lab_id, family, version, checkpoint_sha256, created_at)
    SELECT CASE i %% 2 WHEN 0 THEN %(north)s ELSE %(south)s END,
           'Model family ' || i %% 7, i::text,
           encode(sha256(convert_to(i::text, 'UTF8')), 'hex'), opens_at - interval '3 days'
    FROM timed ORDER BY i
    RETURNING id, version, lab_id
)
INSERT INTO reviews_submission (
    reference, model_version_id, kind, lab_tracking_id, status, revision, created_at,
    created_by_id, opens_at, closes_at, allowance, ended_at, certified_by_id, certifier_title)
SELECT 'FV-' || substr(h, 1, 4) || '-' || substr(h, 5, 4) || '-' || substr(h, 9, 4),
       v.id, 'early_access', 'T-' || t.i, t.status, 1, t.opens_at - interval '3 days',
       liaison, CASE WHEN filed THEN t.opens_at END,
       CASE WHEN filed THEN t.opens_at + interval '720 hours' END,
       CASE WHEN filed THEN interval '720 hours' END,
       CASE t.status WHEN 'concluded' THEN t.opens_at + (240 + 400 * chance) * interval '1 hour'
                     WHEN 'withdrawn' THEN t.opens_at + 500 * chance * interval '1 hour'
                     WHEN 'expired' THEN t.opens_at + interval '720 hours' END,
       CASE WHEN filed THEN liaison END,
       CASE WHEN filed THEN 'Head of policy' ELSE '' END
FROM timed AS t JOIN versions AS v ON v.version = t.i::text,
LATERAL (SELECT upper(md5('reference' || t.i)) AS h, t.status <> 'draft' AS filed,
         CASE v.lab_id WHEN %(north)s THEN %(north_liaison)s ELSE %(south_liaison)s END
         AS liaison) AS more
ORDER BY t.i
RETURNING id
"""

PACKAGES = """
INSERT INTO reviews_package (
    submission_id, parent_version, modalities, languages, intended_uses, restrictions, weights,
    access_level, access_means, endpoint_reference, capacity_limits, cyber_capability_claims,
    other_capability_claims, safety_framework_tier, risk_summary, third_party_evaluators,
    safeguards, weight_security, contacts, nondisclosure_reference, foreign_person_limits)
SELECT id, '', '["text", "code"]', 'English', p, '', 'closed', 'al2', '["api"]', 'endpoint-1',
       '', p, '', 'Tier 3', p || p, '', p, p, 'The lab''s security desk', 'NDA-1', ''
FROM reviews_submission,
     (SELECT repeat('A plain sentence about the model. ', 12) AS p) AS text
WHERE id BETWEEN %(low)s AND %(high)s
"""

# Who is attached: the lab always; on an attached submission every agency, but the narrow one
# only on the first few; on the rest of the filed ones every agency but NSA.
PERMISSIONS = """
INSERT INTO reviews_submissiongroupobjectpermission (content_object_id, group_id, permission_id)
SELECT s.id, r.group_id, r.permission_id
FROM reviews_submission AS s
JOIN reviews_modelversion AS v ON v.id = s.model_version_id
JOIN unnest(%(organizations)s::bigint[], %(groups)s::int[], %(permissions)s::int[])
     AS r (organization_id, group_id, permission_id)
  ON r.organization_id = v.lab_id
  OR s.opens_at IS NOT NULL
     AND r.organization_id = ANY (%(agencies)s)
     AND (r.organization_id <> %(nsa)s OR v.version::int <= %(attached)s)
  OR r.organization_id = %(narrow)s AND v.version::int %% 20 = 1
     AND v.version::int <= 20 * %(narrow_count)s
WHERE s.id BETWEEN %(low)s AND %(high)s
ORDER BY s.id, r.group_id, r.permission_id
"""

GENERIC_PERMISSIONS = """
INSERT INTO guardian_groupobjectpermission (object_pk, content_type_id, group_id, permission_id)
SELECT content_object_id::text, %(type)s, %(group)s, p
FROM reviews_submissiongroupobjectpermission, unnest(%(generic)s::int[]) AS p
WHERE content_object_id BETWEEN %(low)s AND %(high)s
  AND group_id = %(group)s AND permission_id = %(view)s
ORDER BY content_object_id, p
"""

# A tenth of the attached ones is the reviewer's own work; colleagues have the rest.
ASSIGNMENTS = """
INSERT INTO reviews_assignment
    (submission_id, agency_id, reviewer_id, assigned_by_id, assigned_at, accepted_at,
     decline_reason)
SELECT s.id, a.agency, a.reviewer, a.lead, s.opens_at + interval '1 day',
       s.opens_at + interval '1 day', ''
FROM reviews_submission AS s
JOIN reviews_modelversion AS v ON v.id = s.model_version_id
CROSS JOIN (VALUES (%(nsa)s, %(reviewer)s, %(lead)s), (%(dod)s, %(dod_reviewer)s, %(dod_lead)s))
     AS a (agency, reviewer, lead)
WHERE s.id BETWEEN %(low)s AND %(high)s AND s.opens_at IS NOT NULL
  AND (v.version::int / 100) %% 10 = 0 AND v.version::int <= %(attached)s
"""

# Whoever is assigned has declared, and so have the two leads, who open the answers too.
DECLARATIONS = """
INSERT INTO reviews_declaration (submission_id, person_id, answers, declared_at)
SELECT DISTINCT a.submission_id, p.person, '{"Any conflict of interest?": false}'::jsonb,
       a.assigned_at
FROM reviews_assignment AS a,
     LATERAL (VALUES (a.reviewer_id), (a.assigned_by_id)) AS p (person)
WHERE a.submission_id BETWEEN %(low)s AND %(high)s
"""

REVIEWS = """
INSERT INTO reviews_agencyreview (
    key, submission_id, agency_id, author_id, version, revision, created_at, saved_at, filed_at,
    access_level_used, hours_spent, limits, concerns, suggested_mitigations, dissent,
    external_reference, no_conflict_declared, saved_from, saved_turn)
SELECT gen_random_uuid(), a.submission_id, a.agency_id, a.reviewer_id, 1, 2, a.assigned_at,
       a.assigned_at, CASE WHEN s.status <> 'under_review' OR s.id %% 3 = 1
                           THEN a.assigned_at + interval '2 days' END,
       'al2', 12, p, p, p, '', '', true, '', 0
FROM reviews_assignment AS a JOIN reviews_submission AS s ON s.id = a.submission_id,
     (SELECT repeat('A plain sentence about the model. ', 6) AS p) AS text
WHERE s.id BETWEEN %(low)s AND %(high)s AND (s.status <> 'under_review' OR s.id %% 3 <> 0)
"""

RATINGS = """
INSERT INTO reviews_rating (review_id, criterion, score, confidence, evidence)
SELECT r.id, c, (r.id + n) %% 5, 'medium', 'Seen in the evaluation report.'
FROM reviews_agencyreview AS r, unnest(%(criteria)s::text[]) WITH ORDINALITY AS c (c, n)
WHERE r.submission_id BETWEEN %(low)s AND %(high)s
"""

POSITIONS = """
INSERT INTO reviews_agencyposition
    (submission_id, agency_id, version, outcome, summary, dissent, filed_at, filed_by_id)
SELECT a.submission_id, a.agency_id, 1, 'mitigations_suggested', 'Two mitigations suggested.', '',
       a.assigned_at + interval '3 days', a.assigned_by_id
FROM reviews_assignment AS a JOIN reviews_submission AS s ON s.id = a.submission_id
WHERE s.id BETWEEN %(low)s AND %(high)s AND (s.status <> 'under_review' OR s.id %% 3 = 1)
"""

REPORTS = """
INSERT INTO reviews_report (submission_id, issued_at, response, content)
SELECT s.id, s.ended_at, '', jsonb_build_object(
    'format', 1, 'kind', 'report', 'reference', s.reference, 'lab', 'Lab', 'model', 'Model 1',
    'checkpoint_sha256', repeat('0', 64), 'opens_at', s.opens_at, 'closes_at', s.closes_at,
    'issued_at', s.ended_at, 'issued_by', '', 'determination', null,
    'agencies', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'code', o.code, 'name', o.name, 'outcome', p.outcome, 'summary', p.summary,
            'filed_at', p.filed_at)), '[]'::jsonb)
        FROM reviews_agencyposition AS p JOIN accounts_organization AS o ON o.id = p.agency_id
        WHERE p.submission_id = s.id),
    'audit_head', jsonb_build_object('sequence', 0, 'sha256', repeat('0', 64)))
FROM reviews_submission AS s
WHERE s.id BETWEEN %(low)s AND %(high)s AND s.status IN ('concluded', 'expired')
"""

DOCUMENTS = """
INSERT INTO reviews_document
    (key, submission_id, kind, title, designation, created_at, created_by_id)
SELECT gen_random_uuid(), a.submission_id, 'model_card', 'Document ' || n, 'trade_secret',
       s.created_at, s.created_by_id
FROM reviews_assignment AS a JOIN reviews_submission AS s ON s.id = a.submission_id,
     generate_series(1, 4) AS n
WHERE a.agency_id = %(nsa)s AND s.id BETWEEN %(low)s AND %(high)s
"""

VERSIONS = """
INSERT INTO reviews_documentversion (
    document_id, number, storage_key, file_name, content_type, size, sha256, warnings,
    scan_state, scan_note, scanner, scan_attempts, uploaded_at, uploaded_by_id)
SELECT d.id, n, gen_random_uuid(), 'card.pdf', 'application/pdf', 250000,
       encode(sha256(convert_to(d.id || '-' || n, 'UTF8')), 'hex'), '', 'clean', '', '', 0,
       d.created_at, d.created_by_id
FROM reviews_document AS d, generate_series(1, 2) AS n
WHERE d.submission_id BETWEEN %(low)s AND %(high)s
"""

RESTRICTIONS = """
INSERT INTO reviews_documentrestriction (document_id, organization_id)
SELECT d.id, %(nsa)s FROM reviews_document AS d
WHERE d.submission_id BETWEEN %(low)s AND %(high)s AND d.title = 'Document 4'
"""

DETERMINATIONS = """
INSERT INTO reviews_determination (
    key, submission_id, number, outcome, rationale, authority, external_reference, written_at,
    author_id, supersedes_reason)
SELECT gen_random_uuid(), s.id, 1, 'covered', 'By the published criteria.', 'Section 3(a)', '',
       s.opens_at + interval '5 days', %(official)s, ''
FROM reviews_submission AS s
WHERE s.id BETWEEN %(low)s AND %(high)s AND s.status = 'concluded'
"""

CRITERION = """
INSERT INTO reviews_coveragecriterion (reference) VALUES ('CC-1')
ON CONFLICT (reference) DO NOTHING
"""

CRITERION_VERSION = """
INSERT INTO reviews_criterionversion (
    key, criterion_id, number, title, external_reference, retires, proposed_at, proposed_by_id,
    proposed_for_id, confirmed_at, confirmed_by_id, confirmed_for_id)
SELECT gen_random_uuid(), c.id, 1, 'What is looked at', '', false, now(), %(official)s, %(nsa)s,
       now(), %(signer)s, (SELECT id FROM accounts_organization WHERE code = 'dod')
FROM reviews_coveragecriterion AS c
ON CONFLICT (criterion_id, number) DO NOTHING
"""

CITED = """
INSERT INTO reviews_determinationcriterion (determination_id, version_id)
SELECT d.id, v.id FROM reviews_determination AS d CROSS JOIN reviews_criterionversion AS v
WHERE d.submission_id BETWEEN %(low)s AND %(high)s
"""

# The database takes no signature before there is what it is against.
SIGNED = """
UPDATE reviews_determination
SET signed_at = written_at + interval '1 day', signer_id = %(signer)s,
    shared_at = written_at + interval '1 day', shared_by_id = %(signer)s
WHERE submission_id BETWEEN %(low)s AND %(high)s
"""

GRANTS = """
INSERT INTO reviews_accessgrant (
    key, submission_id, lab_id, agency_id, grantee_id, purpose, access_level, safeguards,
    environment, asked_access_level, asked_safeguards, revoked_because, starts_at, ends_at,
    requested_at, requested_by_id, consented_at, consented_by_id, authorized_at, authorized_by_id,
    decline_reason, revocation_reason, team, lapses_because, agency_exceptions, lab_exceptions)
SELECT gen_random_uuid(), a.submission_id, v.lab_id, a.agency_id, a.reviewer_id, 'Evaluation',
       'al2', 'in_place', 'Evaluation network', '', '', '', a.assigned_at, s.closes_at,
       a.assigned_at, a.assigned_by_id, a.assigned_at, s.created_by_id, a.assigned_at,
       %(administrator)s, '', '',
       '', '', '', ''
FROM reviews_assignment AS a JOIN reviews_submission AS s ON s.id = a.submission_id
JOIN reviews_modelversion AS v ON v.id = s.model_version_id
WHERE s.id BETWEEN %(low)s AND %(high)s AND a.agency_id = %(nsa)s
"""

EVENTS = """
INSERT INTO accounts_auditevent (
    sequence, at, actor, actor_name, organization, action, outcome, object_type,
    object_reference, submission, reason, source, details, previous_sha256, sha256)
SELECT head.sequence + row_number() OVER (ORDER BY s.id, n), s.created_at, u.email, u.name,
       '', 'submission.' || CASE n WHEN 1 THEN 'drafted' WHEN 2 THEN 'filed' ELSE 'revised' END,
       'done', 'submission', s.reference, s.reference, '', '127.0.0.1', '{}',
       repeat('0', 64), encode(sha256(convert_to(s.id || '-' || n, 'UTF8')), 'hex')
FROM reviews_submission AS s JOIN accounts_user AS u ON u.id = s.created_by_id
CROSS JOIN accounts_audithead AS head
CROSS JOIN LATERAL generate_series(1, CASE WHEN s.id %% 100 = 1 THEN 40 ELSE 4 END) AS n
WHERE s.id BETWEEN %(low)s AND %(high)s
"""

HEAD = """
UPDATE accounts_audithead
SET sequence = (SELECT max(sequence) FROM accounts_auditevent)
"""

AFTER = [
    PACKAGES,
    PERMISSIONS,
    GENERIC_PERMISSIONS,
    ASSIGNMENTS,
    DECLARATIONS,
    REVIEWS,
    RATINGS,
    POSITIONS,
    REPORTS,
    DOCUMENTS,
    VERSIONS,
    RESTRICTIONS,
    DETERMINATIONS,
    CRITERION,
    CRITERION_VERSION,
    CITED,
    SIGNED,
    GRANTS,
    EVENTS,
    HEAD,
]


def grow(people: Cast, *, below: int, to: int, at: datetime) -> None:
    """``to`` submissions are attached to the reviewer's agency and a quarter more are not.

    ``below`` is the number that an earlier call reached. Needs a database superuser, as whom
    foreign keys are not checked row by row: every row here names rows that exist.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for first, last in [(below + 1, to), (FAR + below // 4 + 1, FAR + to // 4)]:
            values = _values(people, at) | {
                "first": first,
                "last": last,
                "attached": FAR,
                "far": FAR,
            }
            cursor.execute(SUBMISSIONS, values)
            ids = [row[0] for row in cursor.fetchall()]
            values |= {"low": min(ids), "high": max(ids)}
            for statement in AFTER:
                cursor.execute(statement, values)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _values(people: Cast, at: datetime) -> dict:
    organizations = dict(Organization.objects.values_list("code", "pk"))
    permissions = dict(
        Permission.objects.filter(content_type__app_label="reviews").values_list("codename", "pk")
    )
    rows = [
        (organization, group, permissions[codename])
        for organization, group, role in Seat.objects.values_list("organization", "group", "role")
        for codename in sorted(CODENAMES.get(Role(role), ()))
    ]
    narrow = organizations["narrow"]
    agencies = Organization.objects.filter(kind=Kind.AGENCY).exclude(pk=narrow)
    generic = ContentType.objects.get_for_model(GenericSubmission)
    return {
        "at": at,
        "north": organizations["lab-north"],
        "south": organizations["lab-south"],
        "north_liaison": people["lab-north"].pk,
        "south_liaison": people["lab-south"].pk,
        "organizations": [row[0] for row in rows],
        "groups": [row[1] for row in rows],
        "permissions": [row[2] for row in rows],
        "agencies": list(agencies.values_list("pk", flat=True)),
        "narrow": narrow,
        "narrow_count": NARROW,
        "nsa": organizations["nsa"],
        "dod": organizations["dod"],
        "reviewer": people["reviewer"].pk,
        "lead": people["lead"].pk,
        "dod_reviewer": people["dod-reviewer"].pk,
        "dod_lead": people["dod-lead"].pk,
        "official": people["official"].pk,
        "signer": people["signer"].pk,
        "administrator": people["administrator"].pk,
        "type": generic.pk,
        "generic": list(
            Permission.objects.filter(content_type=generic).values_list("pk", flat=True)
        ),
        "group": Seat.objects.get(organization__code="nsa", role=Role.REVIEWER).group_id,
        "view": permissions["view_submission"],
        "criteria": [criterion.value for criterion in Criterion],
    }
