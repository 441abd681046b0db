"""What the portal is compared with: the shortest way, nothing, and guardian's defaults."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from guardian.shortcuts import get_objects_for_user

from tests.benchmarks.models import GenericSubmission

PAGE = 50
BEGINNING = "infinity~"
# Written by hand for this one page: the permission asked once by its code, the groups read
# once, a keyset beginning at the newest row, and one row more to know whether a page follows.
BASE = """
SELECT s.reference, s.created_at, o.short_name AS lab,
       v.family || ' ' || v.version AS model, s.status,
       s.closes_at,
       CASE WHEN s.status = 'under_review'
            THEN floor(extract(epoch FROM now() - s.opens_at) / 86400)::int + 1 END AS day,
       CASE WHEN s.status = 'under_review'
            THEN floor(extract(epoch FROM s.closes_at - now()) / 86400)::int END AS days_left
FROM reviews_submission AS s
JOIN reviews_modelversion AS v ON v.id = s.model_version_id
JOIN accounts_organization AS o ON o.id = v.lab_id
WHERE EXISTS (
    SELECT 1 FROM reviews_submissiongroupobjectpermission AS p
    WHERE p.content_object_id = s.id
      AND p.permission_id = (SELECT id FROM auth_permission WHERE codename = 'view_submission')
      AND p.group_id = ANY (ARRAY(SELECT group_id FROM accounts_user_groups WHERE user_id = %s)))
  AND (s.created_at, s.reference) < (%s, %s)
ORDER BY s.created_at DESC, s.reference DESC
LIMIT 51
"""


@login_required
def base(request):
    """The list done the shortest way: one statement, one plain template, 50 rows."""
    after = request.GET.get("after", BEGINNING).split("~", 1)
    with connection.cursor() as cursor:
        cursor.execute(BASE, [request.user.pk, *after])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return _page(request, rows)


def _page(request, rows):
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    context = {"rows": rows[:PAGE], "last": last, "person": request.user.name}
    # Without the request: what the portal's context processors ask is not the base's.
    return HttpResponse(render_to_string("benchmarks/base.html", context))


@login_required
def empty(request):
    """Nothing but a signed-in person's name."""
    return HttpResponse(render_to_string("benchmarks/empty.html", {"person": request.user.name}))


@login_required
def guardian_defaults(request):
    """The list as guardian's manual would have it: generic keys, and each row asked about."""
    visible = get_objects_for_user(
        request.user, "benchmarks.view_genericsubmission", klass=GenericSubmission
    )
    rows = list(visible.select_related("model_version__lab")[: PAGE + 1])
    for row in rows[:PAGE]:
        row.lab = row.model_version.lab.short_name
        row.model = row.model_version
        row.may_change = request.user.has_perm("benchmarks.change_genericsubmission", row)
    return _page(request, rows)


def dress(request):
    """The portal's own page around nothing: all that base.html and the middlewares cost."""
    return render(request, "benchmarks/dress.html")
