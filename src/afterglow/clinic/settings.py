"""Settings of the clinic: one typed file, from the data folder and the environment.

`AFTERGLOW_DATA` names the folder; secrets come from its files; nothing here has a default that would be a secret.
"""

import importlib.util
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from afterglow import __version__
from afterglow.clinic import postgres, secrets, sqlite
from afterglow.clinic.config import AS_OWNER, Config, env_bool, env_int, load_config
from afterglow.clinic.static_files import add_static_headers

CONFIG: Config = load_config()
DATA_DIR: Path = CONFIG.data_dir
VERSION: str = __version__
PACKAGE = Path(__file__).resolve().parent.parent
IS_DEMONSTRATION: bool = CONFIG.is_demonstration
IS_SCRATCH: bool = CONFIG.is_scratch

# secrets
SECRET_KEY: str = secrets.read_secret(DATA_DIR, secrets.DJANGO_KEY)
CHAIN_KEY: bytes = secrets.read_key(DATA_DIR, secrets.CHAIN_KEY)
FIELD_KEY: bytes = secrets.read_key(DATA_DIR, secrets.FIELD_KEY)

# applications; a room that the build left out is not named
DEBUG: bool = False
ROOT_URLCONF = "afterglow.web.urls"
ASGI_APPLICATION = "afterglow.web.asgi.application"
_CLINIC_APPS = (
    "afterglow.clinic.sites",
    "afterglow.clinic.people",
    "afterglow.clinic.screening",
    "afterglow.clinic.plans",
    "afterglow.clinic.consents",
    "afterglow.clinic.dosing_sessions",
    "afterglow.clinic.documents",
    "afterglow.clinic.referrals",
    "afterglow.clinic.scheduling",
    "afterglow.clinic.floor",
    "afterglow.clinic.tasks",
    "afterglow.clinic.notices",
    "afterglow.clinic.checkins",
    "afterglow.clinic.measures",
    "afterglow.clinic.care",
    "afterglow.clinic.outcomes",
    "afterglow.clinic.audit",
    "afterglow.clinic.accounts",
    "afterglow.clinic.live",
    "afterglow.web",
)
INSTALLED_APPS: list[str] = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_tasks",
    "django_tasks_db",
    *(name for name in _CLINIC_APPS if importlib.util.find_spec(name) is not None),
]
MIDDLEWARE: list[str] = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "afterglow.web.static_files.StaticMiddleware",
    "afterglow.web.caching.NoStoreMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "afterglow.clinic.accounts.second_factor.SecondFactorMiddleware",
    "afterglow.clinic.accounts.idle.IdleLockMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "afterglow.web.context.page",
            ],
        },
    }
]

# storage; reads take no transaction, an action opens its own
DATABASES: dict[str, dict[str, Any]] = {
    "default": (
        {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": CONFIG.database.name,
            "CONN_MAX_AGE": sqlite.KEEP_S,
            "OPTIONS": sqlite.build_options(),
            # a file, so that threads of one test see one another's rows
            "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
        }
        if CONFIG.database.is_sqlite
        else postgres.build_settings(CONFIG.database, as_owner=env_bool(AS_OWNER, False))
    )
}
ATOMIC_REQUESTS = False
# how many requests are worked on at once; each thread keeps a connection. Patients' pages have a few of their own
PAGE_THREADS: int = env_int("AFTERGLOW_PAGE_THREADS", 12, minimum=2, maximum=64)
PATIENT_THREADS = 4
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django_tasks.backends.immediate.ImmediateBackend"
        if IS_SCRATCH
        else "django_tasks_db.DatabaseBackend"
    }
}

# people and signing in
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "afterglow.clinic.accounts.hashers.QuickArgon2PasswordHasher"
    if IS_SCRATCH
    else "django.contrib.auth.hashers.Argon2PasswordHasher"
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "afterglow.clinic.accounts.adapters.AccountAdapter"
MFA_ADAPTER = "afterglow.clinic.accounts.adapters.MFAAdapter"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# sign-in failures are slowed by name and address in `clinic.accounts`, which several processes share
ACCOUNT_RATE_LIMITS: dict[str, str] = {"login_failed": "", "login": ""}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# a clinic is one address to the server: a morning's sign-ins of everybody, still no flood
MFA_RATE_LIMITS: dict[str, str] = {"webauthn_login": "60/m/ip"}
MFA_FORMS: dict[str, str] = {
    "add_webauthn": "afterglow.clinic.accounts.passkey_forms.AddForm",
    "edit_webauthn": "afterglow.clinic.accounts.passkey_forms.EditForm",
    "login_webauthn": "afterglow.clinic.accounts.passkey_forms.SignInForm",
    "reauthenticate_webauthn": "afterglow.clinic.accounts.passkey_forms.ConfirmForm",
}
MFA_TOTP_ISSUER = "Afterglow"
SECOND_FACTOR_REQUIRED: bool = not IS_DEMONSTRATION and not IS_SCRATCH

# the browser
ALLOWED_HOSTS: list[str] = list(CONFIG.hosts)
HAS_TLS: bool = CONFIG.has_tls
SESSION_ENGINE = "afterglow.clinic.accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HAS_TLS
SESSION_COOKIE_AGE = int(timedelta(hours=14).total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = HAS_TLS
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "afterglow.web.views.errors.show_csrf_failure"
IDLE_LOCK_MINUTES: int = env_int("AFTERGLOW_IDLE_LOCK_MINUTES", CONFIG.idle_lock_minutes, minimum=1, maximum=240)
IDLE_LOCK_MINUTES_OF_ROLES: dict[str, int] = dict(CONFIG.idle_lock_minutes_of_roles)
# how long an emergency opening of a chart holds; 0 is what the site policy in clinicday/data/emergency.toml says
EMERGENCY_MINUTES: int = env_int("AFTERGLOW_EMERGENCY_MINUTES", 0, minimum=0, maximum=24 * 60)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = int(timedelta(days=180).total_seconds()) if HAS_TLS else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# static files straight from the package; bundles carry their own hash
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = False
SERVESTATIC_ALLOW_UNSAFE_SYMLINKS = False
SERVESTATIC_ADD_HEADERS_FUNCTION = add_static_headers

# language and time: UTC in storage, the site's zone on screen
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
# a language is offered once its catalogue is whole: half of a page in another language is worse than none
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [PACKAGE / "web" / "locale"]

# no mail leaves a clinic by itself
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# request paths hold opaque identifiers only; query strings and bodies are never logged
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {
        "refused": {"()": "afterglow.clinic.redaction.RefusedRequestFilter"},
        "tokens": {"()": "afterglow.clinic.redaction.TokenFilter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refused", "tokens"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"afterglow": {"level": "INFO"}, "django.security.DisallowedHost": {"level": "ERROR"}},
}
IS_LIVE_TICKER: bool = env_bool("AFTERGLOW_TICKER", True)
