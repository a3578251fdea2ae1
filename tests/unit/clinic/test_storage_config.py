"""The data folder: secrets with tight permissions, `clinic.toml`, database URLs, environment values."""

from pathlib import Path

import pytest

from afterglow.clinic import secrets
from afterglow.clinic.config import (
    env_bool,
    env_int,
    env_text,
    parse_database_url,
    read_config,
    write_config,
)
from afterglow.clinic.errors import SetupError
from afterglow.clinic.postgres import build_settings
from afterglow.clinic.setup import make_folder


def test_secrets_are_long_different_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    recovery_key = secrets.make_secrets(tmp_path)
    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    keys = [secrets.read_key(tmp_path, name) for name in (secrets.DJANGO_KEY, secrets.CHAIN_KEY, secrets.FIELD_KEY)]
    assert len(set(keys)) == 3
    assert all(len(key) >= 32 for key in keys)
    assert recovery_key.startswith("AGE-SECRET-KEY-1")
    assert all(recovery_key not in path.read_text() for path in folder.iterdir())


def test_two_folders_never_share_a_secret(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        secrets.make_secrets(tmp_path / name)
    for name in (secrets.DJANGO_KEY, secrets.CHAIN_KEY, secrets.FIELD_KEY, secrets.RECIPIENT):
        assert secrets.read_secret(tmp_path / "one", name) != secrets.read_secret(tmp_path / "two", name)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secrets.make_secrets(tmp_path)
    path = tmp_path / "secrets" / secrets.CHAIN_KEY
    path.chmod(0o640)
    with pytest.raises(SetupError, match="chmod 600"):
        secrets.read_key(tmp_path, secrets.CHAIN_KEY)


def test_a_short_or_missing_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    with pytest.raises(SetupError, match="init"):
        secrets.read_key(tmp_path, secrets.CHAIN_KEY)
    secrets.write_secret(tmp_path, secrets.CHAIN_KEY, "ab" * 31)
    with pytest.raises(SetupError, match="32"):
        secrets.read_key(tmp_path, secrets.CHAIN_KEY)


def test_a_secret_is_never_written_over(tmp_path: Path) -> None:
    secrets.make_secrets(tmp_path)
    with pytest.raises(FileExistsError):
        secrets.write_secret(tmp_path, secrets.CHAIN_KEY, "ab" * 48)


def test_config_comes_back_as_it_was_written_and_holds_no_secret(tmp_path: Path) -> None:
    write_config(tmp_path, url="sqlite", is_demonstration=True, hosts=("clinic.local",), idle_lock_minutes=7)
    config = read_config(tmp_path)
    assert config.is_demonstration is True
    assert config.hosts[-1] == "clinic.local"
    assert config.idle_lock_minutes == 7
    assert config.database.is_sqlite
    assert config.database.name == str(tmp_path / "afterglow.sqlite3")


def test_a_folder_that_init_did_not_make_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="afterglow init"):
        read_config(tmp_path)


def test_init_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(SetupError, match="not empty"):
        make_folder(tmp_path, url="")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_init_refuses_a_password_in_the_url(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="AFTERGLOW_DATABASE_PASSWORD"):
        make_folder(tmp_path / "new", url="postgresql://owner:hush@localhost/clinic")
    assert not (tmp_path / "new").exists()


def test_a_new_folder_is_the_owners_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "new", url="")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "clinic.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("url", ["sqlite", "", "sqlite:"])
def test_sqlite_is_the_file_in_the_folder(tmp_path: Path, url: str) -> None:
    assert parse_database_url(url, tmp_path).name == str(tmp_path / "afterglow.sqlite3")


def test_a_postgresql_url_is_read_in_full(tmp_path: Path) -> None:
    database = parse_database_url("postgresql://own%40er@db.local:5433/clinic?sslmode=require", tmp_path)
    assert (database.user, database.host, database.port, database.name) == ("own@er", "db.local", "5433", "clinic")
    assert database.options == (("sslmode", "require"),)


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://host/", "http://example.org/"])
def test_another_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SetupError):
        parse_database_url(url, tmp_path)


def test_environment_values_fail_loudly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFTERGLOW_X", "perhaps")
    with pytest.raises(SetupError, match="AFTERGLOW_X"):
        env_bool("AFTERGLOW_X", False)
    with pytest.raises(SetupError, match="whole number"):
        env_int("AFTERGLOW_X", 1, minimum=0, maximum=9)
    monkeypatch.setenv("AFTERGLOW_X", "10")
    with pytest.raises(SetupError, match="outside 0 to 9"):
        env_int("AFTERGLOW_X", 1, minimum=0, maximum=9)
    with pytest.raises(SetupError, match="AFTERGLOW_Y"):
        env_text("AFTERGLOW_Y")


def test_an_environment_value_can_come_from_a_file_but_not_from_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hush\n")
    monkeypatch.setenv("AFTERGLOW_X_FILE", str(tmp_path / "password"))
    assert env_text("AFTERGLOW_X") == "hush"
    monkeypatch.setenv("AFTERGLOW_X", "other")
    with pytest.raises(SetupError, match="both"):
        env_text("AFTERGLOW_X")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a@h/clinic", {"server_side_binding": True, "prepare_threshold": 2}),
        ("postgresql://a@h/clinic?prepare_threshold=5", {"server_side_binding": True, "prepare_threshold": 5}),
        # a proxy that gives each transaction another connection knows no plan of an earlier one
        ("postgresql://a@h/clinic?prepare_threshold=off", {"server_side_binding": False, "prepare_threshold": None}),
    ],
)
def test_postgresql_keeps_the_plans_of_what_it_is_asked_again(
    tmp_path: Path, url: str, expected: dict[str, object]
) -> None:
    options = build_settings(parse_database_url(url, tmp_path))["OPTIONS"]
    assert {name: options[name] for name in expected} == expected


@pytest.mark.parametrize("value", ["often", "-1", "1.5", "٣"])
def test_a_number_of_times_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(SetupError, match=r"prepare_threshold.*whole number or off"):
        build_settings(parse_database_url(f"postgresql://a@h/clinic?prepare_threshold={value}", tmp_path))
