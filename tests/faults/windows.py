"""Windows in bulk, by SQL as filing would leave them, in numbers that filing would not reach."""

from datetime import datetime

from django.contrib.auth.models import Permission
from django.db import connection, transaction

from accounts.models import Organization, Seat
from accounts.roles import Kind, Role
from reviews.models.permissions import CODENAMES

# All at one instant, so that their ends come at once.
SUBMISSIONS = """
WITH versions AS (
    INSERT INTO reviews_modelversion (lab_id, family, version, checkpoint_sha256, created_at)
    SELECT %(lab)s, 'Family', i::text, encode(sha256(convert_to(i::text, 'UTF8')), 'hex'),
           %(opens)s
    FROM generate_series(1, %(count)s) AS i
    RETURNING id, version
)
INSERT INTO reviews_submission (
    reference, model_version_id, kind, lab_tracking_id, status, revision, created_at,
    created_by_id, opens_at, closes_at, allowance, certified_by_id, certifier_title)
SELECT 'FV-' || substr(h, 1, 4) || '-' || substr(h, 5, 4) || '-' || substr(h, 9, 4),
       id, 'early_access', '', 'under_review', 1, %(opens)s, %(liaison)s, %(opens)s,
       %(opens)s + interval '720 hours', interval '720 hours', %(liaison)s, 'Head of policy'
FROM versions, LATERAL (SELECT upper(md5('window' || version)) AS h) AS more
"""
PERMISSIONS = """
INSERT INTO reviews_submissiongroupobjectpermission (content_object_id, group_id, permission_id)
SELECT s.id, r.group_id, r.permission_id
FROM reviews_submission AS s,
     unnest(%(groups)s::int[], %(permissions)s::int[]) AS r (group_id, permission_id)
"""


def fill(people, *, count: int, opens: datetime) -> None:
    """So many windows of one lab, opened then, to which every agency is attached.

    Needs a database superuser, as whom foreign keys are not checked row by row.
    """
    lab = Organization.objects.get(code="northlight")
    names = dict(
        Permission.objects.filter(content_type__app_label="reviews").values_list("codename", "pk")
    )
    seats = Seat.objects.filter(organization__kind=Kind.AGENCY) | lab.seats.all()
    pairs = [
        (group, names[codename])
        for group, role in seats.values_list("group", "role")
        for codename in sorted(CODENAMES.get(Role(role), ()))
    ]
    values = {
        "lab": lab.pk,
        "count": count,
        "opens": opens,
        "liaison": people.northlight_liaison.pk,
        "groups": [group for group, _ in pairs],
        "permissions": [permission for _, permission in pairs],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(SUBMISSIONS, values)
        cursor.execute(PERMISSIONS, values)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
