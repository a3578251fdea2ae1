"""Sets Django up for one data folder; every command that touches a clinic passes through here."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django
from django.apps import apps

from afterglow.clinic import postgres, secrets
from afterglow.clinic.config import AS_OWNER, Database, env_text, parse_database_url, read_config, write_config
from afterglow.clinic.errors import ClinicError, SetupError
from afterglow.clinic.half_made import undo_half_made
from afterglow.terms import InvalidInput, build_error

SETTINGS = "afterglow.clinic.settings"


def set_up_clinic(data_dir: str | Path, *, is_new: bool = False) -> None:
    """Set Django up for a data folder made by `init`; once per process, for one folder.

    `is_new` says that the embedded database is still to be made; otherwise a missing one is refused, so that opening it
    does not leave an empty file in its place.

    Raises
    ------
    InvalidInput
        The folder is no clinic, or a secret of it is missing or readable by others.
    """
    folder = Path(data_dir).expanduser().resolve()
    if apps.ready:
        _check_same_folder(folder)
        return
    os.umask(0o077)
    os.environ["AFTERGLOW_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    try:
        config = read_config(folder)
        if not is_new:
            _check_database_file(config.database)
        django.setup()
    except SetupError as error:
        raise refuse_folder(folder, error) from None


def make_clinic(
    data_dir: str | Path, *, url: str = "", is_demonstration: bool = False, hosts: tuple[str, ...] = ()
) -> str:
    """Make an empty clinic and set Django up for it; return the recovery key of its backups, which is kept nowhere.

    Raises
    ------
    InvalidInput
        The folder is not empty, or the database cannot be used.
    """
    folder = Path(data_dir).expanduser().resolve()
    with ExitStack() as stack:
        stack.enter_context(tell_troubles(folder))
        stack.enter_context(undo_half_made(folder, parse_database_url(url, folder)))
        recovery_key = make_folder(folder, url=url, is_demonstration=is_demonstration, hosts=hosts)
        os.environ[AS_OWNER] = "1"
        stack.callback(os.environ.pop, AS_OWNER, None)
        set_up_clinic(folder, is_new=True)
        migrate_clinic()
    return recovery_key


def make_folder(folder: Path, *, url: str, is_demonstration: bool = False, hosts: tuple[str, ...] = ()) -> str:
    """Make the folder, its secrets and its `clinic.toml`; return the recovery key."""
    database = parse_database_url(url, folder)
    if database.password:
        raise SetupError(
            "the database URL holds a password; leave it out and set AFTERGLOW_DATABASE_PASSWORD or "
            "AFTERGLOW_DATABASE_PASSWORD_FILE instead"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SetupError(f"{folder} is not empty; name a folder that does not exist yet")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    recovery_key = secrets.make_secrets(folder)
    role = ""
    if not database.is_sqlite:
        role = postgres.name_role(database)
        if password := env_text("AFTERGLOW_DATABASE_PASSWORD", ""):
            secrets.write_secret(folder, secrets.DATABASE_PASSWORD, password)
    write_config(folder, url=url or "sqlite", role=role, is_demonstration=is_demonstration, hosts=hosts)
    return recovery_key


def migrate_clinic() -> None:
    """Bring the tables up to this version, then the append-only rule and the roles; Django must be set up as owner."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    from afterglow.clinic.append_only import assert_protected

    try:
        if connection.vendor == "postgresql":
            postgres.check_version(connection)
        if connection.introspection.table_names():
            call_command("migrate", interactive=False, verbosity=0)
        else:
            create_tables()
        if connection.vendor == "postgresql":
            postgres.grant_role(connection, settings.CONFIG.database.role)
        else:
            Path(settings.DATABASES["default"]["NAME"]).chmod(0o600)
        assert_protected()
    except (DatabaseError, sqlite3.Error) as error:
        raise refuse_folder(settings.DATA_DIR, SetupError(f"the database cannot be used: {error}")) from None
    finally:
        connection.close()


class NoMigrations:
    """Stands for `MIGRATION_MODULES` while tables are made from the models as they are now."""

    def __contains__(self, label: str) -> bool:
        """Return that every app is told about."""
        return True

    def __getitem__(self, label: str) -> None:
        """Return that an app has no migrations."""


def create_tables() -> None:
    """Make every table of an empty database as the models are now, and note every migration as applied.

    Ten times quicker than going through the history of a schema that this clinic never had; none of the history fills
    tables with data. A test holds both ways to the same tables.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    history = MigrationLoader(connection).graph.nodes
    kept = settings.MIGRATION_MODULES
    settings.MIGRATION_MODULES = NoMigrations()
    try:
        call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    finally:
        settings.MIGRATION_MODULES = kept
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    with transaction.atomic():
        for label, name in sorted(history):
            recorder.record_applied(label, name)


def find_pending_migrations() -> list[str]:
    """Return the migrations of this version that the database does not have yet."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


@contextmanager
def tell_troubles(data_dir: str | Path) -> Iterator[None]:
    """Turn what is wrong with the folder, its disk, its keys or its database into a problem with `--data`."""
    from django.db import Error

    folder = Path(data_dir)
    try:
        yield
    except ClinicError as error:
        raise refuse_folder(folder, error) from None
    except (Error, sqlite3.Error) as error:
        raise refuse_folder(folder, SetupError(f"the database cannot be used: {error}")) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        place = error.filename if isinstance(error.filename, str) else folder
        raise refuse_folder(folder, SetupError(f"{place} cannot be used: {error.strerror or error}")) from None


def refuse_folder(folder: Path, error: ClinicError) -> InvalidInput:
    """Return a setup error as a problem with `--data`."""
    return InvalidInput(
        [build_error("data", "data-unusable", str(folder), "a folder made by `afterglow init --data DIR`", str(error))]
    )


def _check_database_file(database: Database) -> None:
    if database.is_sqlite and not Path(database.name).is_file():
        raise SetupError(
            f"the database file {database.name} is missing; put it back, or `afterglow restore` a backup "
            "into a new folder"
        )


def _check_same_folder(folder: Path) -> None:
    from django.conf import settings

    if Path(settings.DATA_DIR) != folder:
        raise SetupError(f"this process already serves {settings.DATA_DIR}, not {folder}")
