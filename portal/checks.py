"""What ``manage.py check --deploy`` asks of an installation, besides Django's own questions."""

from django.conf import settings
from django.core.checks import Error, Tags, register

from reviews import clock


@register(Tags.security, deploy=True)
def production(app_configs, **kwargs):
    """The installation runs as production, without anything relaxed."""
    if settings.PRODUCTION:
        return []
    return [
        Error(
            "This is the demonstration or a test run, not production.",
            hint="Unset DEMONSTRATION and FOREVIEW_TEST.",
            id="foreview.E001",
        )
    ]


@register(Tags.database, deploy=True)
def server_database(app_configs, **kwargs):
    """The database has row locks and triggers that its user cannot take off."""
    if not settings.SQLITE:
        return []
    return [
        Error(
            "The database is SQLite: one writer at a time, and whoever can read the file can "
            "rewrite the audit log.",
            hint="Set DATABASE_URL to PostgreSQL.",
            id="foreview.E002",
        )
    ]


@register(Tags.files, deploy=True)
def front_end_files(app_configs, **kwargs):
    """The style sheet and scripts of the pages are there to be collected."""
    if (settings.VAR_DIR / "vendor" / "uswds").is_dir():
        return []
    return [
        Error(
            "The front end's files are missing, so every page would fail.",
            hint="Run `python3 run.py assets`, copy var/vendor into VAR_DIR, and collectstatic.",
            id="foreview.E005",
        )
    ]


@register(Tags.security, deploy=True)
def scanned_documents(app_configs, **kwargs):
    """No document opens that nothing has scanned."""
    if not settings.UNSCANNED_DOCUMENTS_OPEN:
        return []
    return [
        Error(
            "Documents open although no scanner has looked at them.",
            hint="Leave UNSCANNED_DOCUMENTS_OPEN to the demonstration and tests.",
            id="foreview.E003",
        )
    ]


@register(Tags.security)
def real_clock(app_configs, **kwargs):
    """Production decides by the machine's clock; asked at every start of a command."""
    if not (settings.PRODUCTION and clock.rehearsing()):
        return []
    return [
        Error(
            "The clock is held at an instant, so windows neither end nor open.",
            hint="Start the process without rehearsing the clock.",
            id="foreview.E004",
        )
    ]
