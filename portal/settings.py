"""All configuration, read from the environment once.

Three ways to run: production (nothing set), the demonstration (``DEMONSTRATION=1``) and
tests (``FOREVIEW_TEST=1``). Production stops at start-up when a secret is missing; the
demonstration refuses anything but its embedded database and loopback.
"""

import base64
import binascii
import hashlib
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
DEMONSTRATION = env.bool("DEMONSTRATION", default=False)
TESTING = env.bool("FOREVIEW_TEST", default=False)
PRODUCTION = not (DEMONSTRATION or TESTING)
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]

if PRODUCTION and not env.str("SECRET_KEY", default=""):
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it for production, or run `python3 run.py` for the "
        "demonstration."
    )
SECRET_KEY = env.str("SECRET_KEY", default="only-for-tests-and-demonstration-" + "x" * 32)
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else [*LOOPBACK, "testserver"])
SITE_URL = env.str("SITE_URL", default="" if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
if PRODUCTION and not SITE_URL:
    raise ImproperlyConfigured("SITE_URL is not set: mails would link nowhere.")
if TESTING and not set(ALLOWED_HOSTS) <= {*LOOPBACK, "testserver"}:
    raise ImproperlyConfigured("FOREVIEW_TEST is for tests, which answer only on loopback.")

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR}/foreview.sqlite3")}
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if SQLITE:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    # Without an immediate lock, concurrent writers fail instead of waiting.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that no longer answers costs a request seconds, not the kernel's two minutes.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }

if DEMONSTRATION:
    if not SQLITE:
        raise ImproperlyConfigured(
            "The demonstration signs anyone in, so it runs only on its embedded database. "
            "Unset DATABASE_URL, or unset DEMONSTRATION."
        )
    if not set(ALLOWED_HOSTS) <= {*LOOPBACK, "testserver"}:
        raise ImproperlyConfigured(
            "The demonstration signs anyone in, so it answers only on loopback. "
            "Unset ALLOWED_HOSTS, or unset DEMONSTRATION."
        )

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "guardian",
    "csp",
    "accounts",
    "reviews",
    "portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.private_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.DomainErrors",
    "portal.middleware.RequestClock",
    "portal.middleware.SignInRequired",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["portal.templatetags.typist"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "portal.context.chrome",
            ],
        },
    }
]
FORM_RENDERER = "portal.forms.FormRenderer"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "reviews:home"
# guardian stores who is attached; its backend would answer has_perm, which nobody asks.
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
ANONYMOUS_USER_NAME = None  # guardian: nobody is attached without signing in

USE_TZ = True
TIME_ZONE = "America/New_York"
LANGUAGE_CODE = "en-us"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
if TESTING:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [path for path in (BASE_DIR / "static", VAR_DIR / "vendor") if path.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
    "documents": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "documents",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
WHITENOISE_USE_FINDERS = TESTING
DOCUMENT_MAX_BYTES = env.int("DOCUMENT_MAX_BYTES", default=20 * 1024**3)
# A file in an ordinary form comes in one request, which nobody can go on with.
FORM_FILE_MAX_BYTES = env.int("FORM_FILE_MAX_BYTES", default=100 * 1024**2)
# What is on its way. On the disk of the documents, each moves there without being copied; every
# web process must see the same folder, and the worker that scans.
UPLOADS_DIR = env.str("UPLOADS_DIR", default=str(VAR_DIR / "uploads"))
# One seat at one lab must not fill the disk on which every lab's documents are kept.
SUBMISSION_MAX_BYTES = env.int("SUBMISSION_MAX_BYTES", default=100 * 1024**3)
LAB_MAX_BYTES = env.int("LAB_MAX_BYTES", default=1024**4)
# Every page of a document lists its versions, and the package lists all of them.
SUBMISSION_MAX_VERSIONS = env.int("SUBMISSION_MAX_VERSIONS", default=500)
# Where ClamAV's daemon listens: the path of its socket, or host:port. Without it nothing scans.
CLAMD = env.str("CLAMD", default="")
# What clamd.conf says under StreamMaxLength (deploy/clamav/limits.conf).
CLAMD_MAX_BYTES = env.int("CLAMD_MAX_BYTES", default=1000 * 1024 * 1024)
# Longer than MaxScanTime in clamd.conf: who says nothing for so long is taken to hang.
CLAMD_TIMEOUT_SECONDS = env.int("CLAMD_TIMEOUT_SECONDS", default=180)
SCAN_RETRY_SECONDS = env.int("SCAN_RETRY_SECONDS", default=30)
# Without a scanner nothing has been checked: production keeps every document closed.
UNSCANNED_DOCUMENTS_OPEN = not PRODUCTION
FILE_UPLOAD_HANDLERS = [
    "accounts.uploads.OnlySignedIn",
    "reviews.uploads.LimitedUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 1
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Under which folder the libraries and the font stand that PDFs are made with: where a set-up
# without root unpacked them, or "/", where packages are installed (docs/operations.md).
PDF_ROOT = Path(
    env.str("PDF_ROOT", default=str(BASE_DIR / "var" / "debian" / "pdf") if TESTING else "/")
)
# Files of more submissions than this are prepared by a worker, not while the person waits.
EXPORT_AT_ONCE = env.int("EXPORT_AT_ONCE", default=1000)

# Access to models: how many grants a person may have at once, unless her personnel record makes
# an exception, and after how many days a lead says again that one is still needed.
GRANTS_PER_PERSON = env.int("GRANTS_PER_PERSON", default=5)
RECERTIFICATION_DAYS = env.int("RECERTIFICATION_DAYS", default=14)

# What labs' gateways are told is signed with these, each 32 random bytes in base64. The first
# signs the lists of grants; to rotate, add the new one second, later make it first, then drop
# the old one.
GATEWAY_SIGNING_KEYS = env.list("GATEWAY_SIGNING_KEYS", default=[])
if not GATEWAY_SIGNING_KEYS:
    if PRODUCTION:
        raise ImproperlyConfigured(
            "GATEWAY_SIGNING_KEYS is not set: labs' gateways could trust nothing. Set it to 32 "
            "random bytes in base64."
        )
    seed = hashlib.sha256(b"gateway" + SECRET_KEY.encode()).digest()
    GATEWAY_SIGNING_KEYS = [base64.b64encode(seed).decode()]
try:
    sizes = {len(base64.b64decode(key, validate=True)) for key in GATEWAY_SIGNING_KEYS}
except binascii.Error:
    sizes = set()
if sizes != {32}:
    raise ImproperlyConfigured("Each of GATEWAY_SIGNING_KEYS is 32 bytes in base64.")
# Names or addresses of gateways that need not be public: for tests, and for a lab's gateway that
# is reached by a private line.
GATEWAY_ALLOWED_HOSTS = env.list("GATEWAY_ALLOWED_HOSTS", default=[])
GATEWAY_RETRY_SECONDS = env.int("GATEWAY_RETRY_SECONDS", default=10)
GATEWAY_TIMEOUT_SECONDS = env.int("GATEWAY_TIMEOUT_SECONDS", default=10)
# Longer than one message may take; what a killed worker was about to send waits this long.
GATEWAY_LEASE_SECONDS = env.int("GATEWAY_LEASE_SECONDS", default=60)

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
# The broker is a hint: a task that it loses, or hands out twice, costs nothing, because every
# task finds its work in the database.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for as long as it takes
CELERY_TASK_SOFT_TIME_LIMIT = 330
CELERY_TASK_TIME_LIMIT = 360
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the longest task may run, or the broker hands it out a second time: only the
    # scanning of a very large file lasts longer, and finds itself claimed.
    "visibility_timeout": 600,
    # Kombu looks for what a killed worker left only so often; its own defaults add a minute.
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 5,
    "socket_timeout": 30,
    "socket_keepalive": True,
}
# A queue for each kind of work, so that a flood of mail delays no record of an end. Nothing uses
# "extract" yet: the reading of documents will.
CELERY_TASK_DEFAULT_QUEUE = "clock"
CELERY_TASK_QUEUES = {
    name: {} for name in ("clock", "mail", "gateways", "exports", "scan", "extract")
}
CELERY_TASK_ROUTES = {
    "reviews.tasks.deliver_notices": {"queue": "mail"},
    "reviews.tasks.deliver_signals": {"queue": "gateways"},
    "reviews.tasks.prepare_exports": {"queue": "exports"},
    "reviews.tasks.scan_documents": {"queue": "scan"},
}
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=10 if DEMONSTRATION else 60)
CELERY_BEAT_SCHEDULER = "portal.beat.OneBeat"
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": f"reviews.tasks.{name}",
        "schedule": SWEEP_SECONDS,
        # A tick that nobody read in time is worth nothing: the next one finds the same rows.
        "options": {"expires": SWEEP_SECONDS},
    }
    for name in (
        *("record_expiries", "queue_reminders", "queue_signals"),
        *("deliver_notices", "deliver_signals", "prepare_exports", "scan_documents"),
        "watch_health",
    )
}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", default="127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=PRODUCTION)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
MAIL_RETRY_SECONDS = env.int("MAIL_RETRY_SECONDS", default=60)
# What a killed worker was about to send waits this long, and for the next sweep: together two
# minutes. Two thirds of it are for one message, which may meet EMAIL_TIMEOUT at each step.
MAIL_LEASE_SECONDS = env.int("MAIL_LEASE_SECONDS", default=60)
# How far the audit log had come, outside the database: an older backup that is restored shows.
AUDIT_ANCHOR = env.str(
    "AUDIT_ANCHOR",
    # The demonstration's is named so that whoever removes its database removes this with it.
    default=""
    if TESTING
    else str(VAR_DIR / ("audit-anchor" if PRODUCTION else "foreview.sqlite3-head")),
)
# Whoever presents it may read /metrics; without one there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where mail that cannot be delivered comes back to; see docs/operations.md.
BOUNCE_EMAIL = env.str("BOUNCE_EMAIL", default="")
# Who is told when the portal's unattended work stops.
OPERATOR_EMAILS = env.list("OPERATOR_EMAILS", default=[])
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Foreview <no-reply@foreview.example>")

SECURE_SSL_REDIRECT = PRODUCTION
# Probes reach a web process directly, where nobody sets X-Forwarded-Proto.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
# With no-referrer a browser posts forms with "Origin: null", which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
if BEHIND_TLS_PROXY and DEMONSTRATION:
    raise ImproperlyConfigured("The demonstration signs anyone in, so no proxy may lead to it.")
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# In a cookie a message would outlive the session that it speaks of.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "portal.logs.WithoutTokens",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # They would write the addresses that they serve by handlers of their own.
    "loggers": {name: {"propagate": True} for name in ("gunicorn.error", "gunicorn.access")},
    "root": {"handlers": ["console"], "level": "INFO"},
}
