"""Guardian's answer to "which seats are attached to which submission".

Direct foreign keys, so deleting a submission cannot orphan a permission. There is no table
for single persons: a row by name would outlive the seat that justified it
(docs/decisions/0003-no-attachment-by-name.md).
"""

from django.db import models
from guardian.models import GroupObjectPermissionBase

from reviews.models.submission import Submission


class SubmissionGroupObjectPermission(GroupObjectPermissionBase):
    """One codename that one seat's group has on one submission; see services/attachments.py."""

    content_object = models.ForeignKey(Submission, models.CASCADE, related_name="group_permissions")

    class Meta(GroupObjectPermissionBase.Meta):
        default_permissions = ()
