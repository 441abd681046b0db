"""Guardian's answer to "which seats are attached to which submission".

Direct foreign keys, so deleting a submission cannot orphan a permission. There is no table
for single persons: a row by name would outlive the seat that justified it
(docs/decisions/0003-no-attachment-by-name.md).
"""

from django.db import models
from guardian.models import GroupObjectPermissionBase

from accounts.roles import Role
from reviews.models.submission import Submission

# What each role's seat may do on a submission that its organization is attached to.
_AGENCY = frozenset({"view_submission", "read_package"})
CODENAMES: dict[Role, frozenset[str]] = {
    Role.LIAISON: frozenset({"view_submission", "own_submission"}),
    Role.LAB_ADMINISTRATOR: frozenset({"view_submission", "own_submission"}),
    Role.REVIEWER: _AGENCY | {"deliberate", "review_submission"},
    Role.LEAD: _AGENCY | {"deliberate", "lead_submission"},
    Role.DETERMINATION_OFFICIAL: _AGENCY | {"deliberate", "determine_submission"},
    Role.CONSULTED_OFFICIAL: _AGENCY | {"consult_submission"},
}


class SubmissionGroupObjectPermission(GroupObjectPermissionBase):
    """One codename that one seat's group has on one submission; see services/attachments.py."""

    content_object = models.ForeignKey(Submission, models.CASCADE, related_name="group_permissions")

    class Meta(GroupObjectPermissionBase.Meta):
        default_permissions = ()
