"""Whether a submission has room for one more file; those on their way count as those that came."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Sum

from reviews.exceptions import FileRefused
from reviews.models import DocumentVersion, Submission, Upload
from reviews.services import amounts

RESERVED = 2 * 1024**3


def on_disk() -> int:
    """So many bytes may still come to the disk of uploads; some are left for everything else."""
    folder = Path(settings.UPLOADS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return shutil.disk_usage(folder).free - RESERVED


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
    total = there["total"] + coming["total"] + size
    _require_bytes(total, settings.SUBMISSION_MAX_BYTES, "submission")
    lab = submission.lab
    of_lab = (
        DocumentVersion.objects.filter(document__submission__model_version__lab=lab),
        Upload.objects.filter(submission__model_version__lab=lab),
    )
    total = sum(files.aggregate(total=Sum("size", default=0))["total"] for files in of_lab)
    _require_bytes(total + size, settings.LAB_MAX_BYTES, "lab")


def _require_bytes(total: int, most: int, whose: str) -> None:
    if total > most:
        raise FileRefused(
            f"With this file your {whose} would have more than {amounts.size(most)}, the limit for "
            "all of its files together, every version counted. Nothing was added. Choose a smaller "
            "file, or ask your administrator for a higher limit.",
            status=413,
        )
