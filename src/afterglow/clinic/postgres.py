"""How PostgreSQL is opened, and the two roles: the owner migrates, the application cannot alter what was recorded."""

from typing import Any

from afterglow.clinic.config import Database
from afterglow.clinic.errors import SetupError

MINIMUM_VERSION = 150000


def build_settings(database: Database, *, as_owner: bool = False) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL database; the application's role unless the owner is asked for."""
    options: dict[str, Any] = dict(database.options)
    flags = "-c synchronous_commit=on"
    if database.role and not as_owner:
        flags += f" -c role={check_role_name(database.role)}"
    options["options"] = flags
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database.name,
        "USER": database.user,
        "PASSWORD": database.password,
        "HOST": database.host,
        "PORT": database.port,
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


def check_role_name(name: str) -> str:
    """Return the name of a role if it can stand in SQL without quoting; refuse any other."""
    if not name.isascii() or not name.replace("_", "a").isalnum() or name[0].isdigit() or name != name.lower():
        raise SetupError(f"role {name!r} is not usable; use lower-case letters, digits and _")
    return name
