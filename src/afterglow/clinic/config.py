"""The data folder of one clinic: where it is, what `clinic.toml` says, and the environment around it.

Everything read from the environment is read here or in `settings`, through helpers that fail loudly.
"""

import atexit
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from afterglow.clinic import secrets
from afterglow.clinic.errors import SetupError

# set while tables are made, never while serving
AS_OWNER = "AFTERGLOW_AS_OWNER"
CONFIG_FILE = "clinic.toml"
DATABASE_FILE = "afterglow.sqlite3"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Database:
    """Where the record is stored; `role` is the PostgreSQL role the application runs as."""

    engine: str
    name: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: str = ""
    options: tuple[tuple[str, str], ...] = ()
    role: str = ""

    @property
    def is_sqlite(self) -> bool:
        """Return whether this is the embedded database."""
        return self.engine == "sqlite"


@dataclass(frozen=True, slots=True)
class Config:
    """What one data folder says about its clinic."""

    data_dir: Path
    database: Database
    is_demonstration: bool = False
    hosts: tuple[str, ...] = field(default=LOOPBACK)
    has_tls: bool = False
    idle_lock_minutes: int = 10
    # a role that locks sooner or later than the rest: pairs of its name and its minutes
    idle_lock_minutes_of_roles: tuple[tuple[str, int], ...] = ()
    is_scratch: bool = False


def env_text(name: str, default: str | None = None) -> str:
    """Return an environment variable, or the content of the file that `NAME_FILE` names."""
    value = os.environ.get(name)
    path = os.environ.get(f"{name}_FILE")
    if value is not None and path is not None:
        raise SetupError(f"{name} and {name}_FILE are both set; keep one")
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{name}_FILE names {path}, which cannot be read: {error}") from None
    if value is None:
        if default is None:
            raise SetupError(f"the environment variable {name} is not set")
        return default
    return value


def env_bool(name: str, default: bool) -> bool:
    """Return a yes-or-no variable; anything but 1/0, true/false, yes/no, on/off is an error."""
    text = env_text(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise SetupError(f"{name}={text!r} is not a yes or a no; use 1 or 0")


def env_int(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """Return a whole-number variable within its limits."""
    text = env_text(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise SetupError(f"{name}={text!r} is not a whole number") from None
    if not minimum <= value <= maximum:
        raise SetupError(f"{name}={value} lies outside {minimum} to {maximum}")
    return value


def load_config() -> Config:
    """Return the configuration of the folder that `AFTERGLOW_DATA` names; a scratch folder under a test runner."""
    if "pytest" in sys.modules or env_bool("AFTERGLOW_SCRATCH", False):
        return _make_scratch()
    return read_config(Path(env_text("AFTERGLOW_DATA")))


def read_config(data_dir: Path) -> Config:
    """Return what `clinic.toml` of a data folder says; refuse a folder that `init` did not make."""
    path = data_dir / CONFIG_FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SetupError(f"{data_dir} is no clinic: {CONFIG_FILE} is missing; make one with `afterglow init`") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path} cannot be read: {error}") from None
    try:
        return _read_content(content, data_dir)
    except (AttributeError, TypeError, ValueError) as error:
        raise SetupError(f"{path} does not hold what it must: {error}") from None


def _read_content(content: dict[str, Any], data_dir: Path) -> Config:
    clinic, database, web = (content.get(name, {}) for name in ("clinic", "database", "web"))
    return Config(
        data_dir=data_dir,
        database=replace(
            _add_password(parse_database_url(str(database.get("url", "sqlite")), data_dir), data_dir),
            role=str(database.get("role", "")),
        ),
        is_demonstration=clinic.get("mode") == "demonstration",
        hosts=(*LOOPBACK, *(str(host) for host in web.get("hosts", []))),
        has_tls=bool(web.get("tls", False)) or env_bool("AFTERGLOW_TLS", False),
        idle_lock_minutes=int(web.get("idle_lock_minutes", 10)),
        idle_lock_minutes_of_roles=_read_idle_roles(web.get("idle_lock_minutes_of_roles", {})),
    )


def _read_idle_roles(table: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return minutes by role; an unknown role or a time outside 1 to 240 minutes is an error."""
    content = tomllib.loads(files("afterglow.clinic").joinpath("roles.toml").read_text("utf-8"))
    for role, minutes in table.items():
        if role not in content["roles"]:
            raise ValueError(f"idle_lock_minutes_of_roles names {role!r}, which is no role")
        if not isinstance(minutes, int) or not 1 <= minutes <= 240:
            raise ValueError(f"idle_lock_minutes_of_roles.{role} = {minutes!r} lies outside 1 to 240")
    return tuple(sorted(table.items()))


def write_config(
    data_dir: Path,
    *,
    url: str,
    role: str = "",
    is_demonstration: bool = False,
    hosts: tuple[str, ...] = (),
    idle_lock_minutes: int = 10,
    idle_lock_minutes_of_roles: tuple[tuple[str, int], ...] = (),
    notices: Mapping[str, str | int] | None = None,
) -> None:
    """Write the `clinic.toml` of a new data folder; it holds no secret."""
    mode = "demonstration" if is_demonstration else "clinic"
    listed = ", ".join(_quote(host) for host in hosts)
    roles = ", ".join(f"{_quote(name)} = {minutes}" for name, minutes in idle_lock_minutes_of_roles)
    text = (
        "# Written by `afterglow init`. Passwords and keys lie in secrets/, never here.\n"
        f"[clinic]\nmode = {_quote(mode)}\n\n"
        f"[database]\nurl = {_quote(url)}\nrole = {_quote(role)}\n\n"
        f"[web]\nhosts = [{listed}]\ntls = false\nidle_lock_minutes = {idle_lock_minutes}\n"
        f"idle_lock_minutes_of_roles = {{ {roles} }}\n"
        '\n# how messages leave: see "Messages" in the operator guide\n[notices]\n'
    )
    kept = {"mail": "off", "sms": "off", **(notices or {})}
    text += "".join(f"{name} = {each if isinstance(each, int) else _quote(str(each))}\n" for name, each in kept.items())
    path = data_dir / CONFIG_FILE
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def parse_database_url(url: str, data_dir: Path) -> Database:
    """Return the database that a URL names; `sqlite` alone is the file in the data folder."""
    if url in {"sqlite", "sqlite:", "sqlite://", ""}:
        return Database("sqlite", str(data_dir / DATABASE_FILE))
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return Database("sqlite", unquote(parts.path[1:]) if parts.path else str(data_dir / DATABASE_FILE))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SetupError(
            f"database {parts.scheme or url!r} is not known; use postgresql://USER@HOST:PORT/NAME or sqlite"
        )
    try:
        port = str(parts.port or "")
    except ValueError:
        raise SetupError("the database URL has a port that is no number from 0 to 65535") from None
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise SetupError("the database URL names no database; use postgresql://USER@HOST:PORT/NAME")
    return Database(
        "postgresql",
        name,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=unquote(parts.hostname or ""),
        port=port,
        options=tuple(parse_qsl(parts.query)),
    )


def _add_password(database: Database, data_dir: Path) -> Database:
    if database.is_sqlite or database.password:
        return database
    password = env_text("AFTERGLOW_DATABASE_PASSWORD", "")
    if not password and secrets.has_secret(data_dir, secrets.DATABASE_PASSWORD):
        password = secrets.read_secret(data_dir, secrets.DATABASE_PASSWORD)
    return replace(database, password=password)


def _make_scratch() -> Config:
    """Make a folder for this process alone; its database is the one tests may throw away."""
    data_dir = Path(tempfile.mkdtemp(prefix="afterglow-scratch-"))
    atexit.register(shutil.rmtree, data_dir, ignore_errors=True)
    secrets.make_secrets(data_dir)
    url = env_text("AFTERGLOW_TEST_DATABASE_URL", "sqlite")
    database = parse_database_url(url, data_dir)
    return Config(data_dir, database, hosts=(*LOOPBACK, "testserver"), is_scratch=True)


def _quote(text: str) -> str:
    if any(ord(letter) < 32 or letter in '"\\' for letter in text):
        raise SetupError(f"{text!r} cannot be written to {CONFIG_FILE}")
    return f'"{text}"'
