"""Whether a submission has room for one more file; those on their way count as those that came."""

from django.conf import settings
from django.db.models import Count, Sum

from reviews.exceptions import FileRefused
from reviews.models import DocumentVersion, Submission
from reviews.services import amounts


def require(submission: Submission, size: int) -> None:
    """Nothing, when one more file of that size fits. The submission is locked."""
    kept = DocumentVersion.objects.filter(document__submission=submission)
    there, coming = (
        files.aggregate(files=Count("pk"), total=Sum("size", default=0))
        for files in (kept, submission.uploads)
    )
    files, most = there["files"] + coming["files"], settings.SUBMISSION_MAX_VERSIONS
    if files >= most:
        raise FileRefused(
            f"This submission has {files} files, every version counted, and may have "
            f"{most}. Nothing was added. Ask your administrator for a higher limit.",
            status=409,
        )
    if there["total"] + coming["total"] + size > settings.SUBMISSION_MAX_BYTES:
        raise FileRefused(
            "With this file the submission would have more than "
            f"{amounts.size(settings.SUBMISSION_MAX_BYTES)}, the limit for all of its files "
            "together, every version counted. Nothing was added. Choose a smaller file, or ask "
            "your administrator for a higher limit.",
            status=413,
        )
