"""How PostgreSQL is opened, and the two roles: the owner migrates, the application cannot alter what was recorded."""

from typing import Any

from afterglow.clinic.config import Database
from afterglow.clinic.errors import SetupError

MINIMUM_VERSION = 150000
# a thread that answers pages keeps its connection so long; each request that uses it asks first whether it lives
KEEP_S = 600
# planning takes longer than looking up here: a connection's server keeps the plan of what is asked a second time
PREPARE_AFTER = 2
MOST_PREPARED = 300
OFF = "off"


def build_settings(database: Database, *, as_owner: bool = False) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL database; the application's role unless the owner is asked for."""
    options: dict[str, Any] = dict(database.options)
    flags = "-c synchronous_commit=on"
    if database.role and not as_owner:
        flags += f" -c role={check_role_name(database.role)}"
    options["options"] = flags
    if not as_owner:
        options |= _describe_plans(options.pop("prepare_threshold", str(PREPARE_AFTER)))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database.name,
        "USER": database.user,
        "PASSWORD": database.password,
        "HOST": database.host,
        "PORT": database.port,
        "CONN_MAX_AGE": KEEP_S,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _describe_plans(asked: str) -> dict[str, Any]:
    """Return how statements are prepared; `off` is for a proxy that gives each transaction another connection."""
    if asked == OFF:
        return {"server_side_binding": False, "prepare_threshold": None}
    if not asked.isascii() or not asked.isdigit():
        raise SetupError(f"prepare_threshold={asked!r} in the database URL is not usable; give a whole number or {OFF}")
    return {"server_side_binding": True, "prepare_threshold": int(asked)}


def keep_plans(connection: Any, **_others: Any) -> None:
    """Let the server of a new connection keep the plans of all pages; the driver's own limit is one chart's worth."""
    if connection.vendor == "postgresql":
        connection.connection.prepared_max = MOST_PREPARED


def name_role(database: Database) -> str:
    """Return the name of the role that the application of a database runs as."""
    return check_role_name(f"{database.name}_app".lower().replace("-", "_"))


def check_role_name(name: str) -> str:
    """Return the name of a role if it can stand in SQL without quoting; refuse any other."""
    if not name.isascii() or not name.replace("_", "a").isalnum() or name[0].isdigit() or name != name.lower():
        raise SetupError(f"role {name!r} is not usable; use lower-case letters, digits and _")
    return name


def check_version(connection: Any) -> None:
    """Refuse a server older than PostgreSQL 15."""
    version = connection.pg_version
    if version < MINIMUM_VERSION:
        raise SetupError(f"PostgreSQL {version // 10000} is too old; 15 or newer is needed")


def grant_role(connection: Any, role: str) -> None:
    """Make the application's role and give it what it needs, without the right to alter append-only tables."""
    from afterglow.clinic.append_only import get_append_only_models

    check_role_name(role)
    tables = [m._meta.db_table for m in get_append_only_models()]
    changing = {m._meta.db_table for m in get_append_only_models() if getattr(m, "CHANGE_ALLOWED", "")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN")
        cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role])
        if not cursor.fetchone()[0]:
            cursor.execute(f"GRANT {role} TO CURRENT_USER")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        for table in tables:
            lost = "DELETE, TRUNCATE" if table in changing else "UPDATE, DELETE, TRUNCATE"
            cursor.execute(f'REVOKE {lost} ON "{table}" FROM {role}')
