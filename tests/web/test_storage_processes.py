"""Several processes write to one session, some are killed: nothing that was said to be saved is lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from afterglow.clinic import secrets
from afterglow.clinic.config import read_config
from afterglow.clinic.notices.channels import read_part
from afterglow.clinic.sqlite import choose_journal_mode

ROOT = Path(__file__).resolve().parent.parent.parent
HIDDEN = ("AFTERGLOW_SCRATCH", "AFTERGLOW_DATA", "AFTERGLOW_TEST_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in HIDDEN}


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT, check=False)


def run_afterglow(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python("-m", "afterglow", *arguments)


def seed(folder: Path, url: str = "", events: int = 0) -> tuple[str, str]:
    made = run_python(str(ROOT / "tests" / "storage_seed.py"), str(folder), url, str(events))
    assert made.returncode == 0, made.stderr
    session_id, recovery_key = made.stdout.split()
    return session_id, recovery_key


@pytest.fixture
def killed_later() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def make_database(postgres_url: str) -> Iterator[str]:
    """Give the address of a new PostgreSQL database, without a password in it, and drop it afterwards."""
    import psycopg

    name = f"afterglow_{os.getpid()}_{time.monotonic_ns()}"
    parts = urlsplit(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    if parts.password:
        ENVIRONMENT["AFTERGLOW_DATABASE_PASSWORD"] = unquote(parts.password)
    place = parts.netloc.replace(f":{parts.password}@", "@") if parts.password else parts.netloc
    query = f"?{parts.query}" if parts.query else ""
    yield f"postgresql://{place}/{name}{query}"
    ENVIRONMENT.pop("AFTERGLOW_DATABASE_PASSWORD", None)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE IF EXISTS {name}_app")


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    yield from make_database(postgres_url)


@pytest.fixture
def second_database(postgres_url: str) -> Iterator[str]:
    yield from make_database(postgres_url)


def hammer(folder: Path, session_id: str, writers: list[subprocess.Popen[bytes]]) -> list[int]:
    """Let four processes write, kill two of them in the middle; return every number that was said to be saved."""
    outputs = [folder.parent / f"said-{n}.txt" for n in range(4)]
    for n, output in enumerate(outputs):
        count = "10000" if n < 2 else "40"
        command = [sys.executable, str(ROOT / "tests" / "storage_writer.py"), str(folder), session_id, count]
        with output.open("wb") as stream:
            writers.append(subprocess.Popen(command, stdout=stream, env=ENVIRONMENT))
    deadline = time.monotonic() + 60
    while any(output.read_bytes().count(b"\n") < 12 for output in outputs[:2]):
        assert time.monotonic() < deadline, "the writers did not begin"
        time.sleep(0.05)
    for writer in writers[:2]:
        writer.send_signal(signal.SIGKILL)
    said: list[int] = []
    for writer, output in zip(writers, outputs, strict=True):
        writer.wait(timeout=90)
        lines = output.read_text().split("\n")
        # the last line of a killed process may be cut short; it was not said then
        said += [int(line) for line in lines[1:-1]]
        pragmas = json.loads(lines[0])
        if pragmas:
            assert pragmas == {
                "journal_mode": choose_journal_mode(),
                "synchronous": 2,
                "foreign_keys": 1,
                "recursive_triggers": 1,
            }
    return said


def test_killed_writers_lose_nothing_that_was_said_to_be_saved(
    tmp_path: Path, killed_later: list[subprocess.Popen[bytes]]
) -> None:
    folder = tmp_path / "clinic"
    session_id, _ = seed(folder)
    said = hammer(folder, session_id, killed_later)
    assert len(said) >= 80
    assert len(said) == len(set(said))
    with sqlite3.connect(folder / "afterglow.sqlite3") as connection:
        stored = {row[0] for row in connection.execute("SELECT seq FROM dosing_sessions_sessionevent")}
    assert set(said) <= stored
    assert stored == set(range(1, max(stored) + 1))
    verified = run_afterglow("audit", "verify", "--data", str(folder), "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["intact"] is True


@pytest.mark.postgres
def test_killed_writers_lose_nothing_on_postgresql(
    tmp_path: Path, killed_later: list[subprocess.Popen[bytes]], empty_database: str
) -> None:
    folder = tmp_path / "clinic"
    session_id, _ = seed(folder, empty_database)
    said = hammer(folder, session_id, killed_later)
    assert len(said) >= 80
    assert len(said) == len(set(said))
    verified = run_afterglow("audit", "verify", session_id, "--data", str(folder), "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["rows"] >= 2 * len(said)


def test_the_command_names_the_altered_row_and_ends_with_one(tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    session_id, _ = seed(folder, events=5)
    assert run_afterglow("audit", "verify", "--data", str(folder)).returncode == 0
    with sqlite3.connect(folder / "afterglow.sqlite3") as connection:
        connection.execute('DROP TRIGGER "append_only_update_dosing_sessions_sessionevent"')
        connection.execute("UPDATE dosing_sessions_sessionevent SET body = x'7b7d' WHERE seq = 4")
    found = run_afterglow("audit", "verify", "--data", str(folder), "--json")
    assert found.returncode == 1
    faults = json.loads(found.stdout)["faults"]
    assert {(fault["chain"], fault["code"]) for fault in faults} == {
        ("database", "rule-missing"),
        (f"session {session_id}", "row-altered"),
    }
    assert any("event 4" in fault["message"] for fault in faults)
    assert run_afterglow("audit", "verify", "nobody", "--data", str(folder)).returncode == 2
    assert run_afterglow("audit", "verify", "--data", str(tmp_path / "none")).returncode == 2


def test_a_backup_comes_back_whole_and_only_with_its_key(tmp_path: Path) -> None:
    folder, backup, key = tmp_path / "clinic", tmp_path / "clinic.backup", tmp_path / "key.txt"
    session_id, recovery_key = seed(folder, events=5)
    key.write_text(f"# recovery key\n{recovery_key}\n")
    made = run_afterglow("backup", "--data", str(folder), "--to", str(backup))
    assert made.returncode == 0, made.stderr
    assert session_id.encode() not in backup.read_bytes()
    assert run_afterglow("backup", "--data", str(folder), "--to", str(backup)).returncode == 2

    restored = tmp_path / "restored"
    done = run_afterglow("restore", str(backup), "--data", str(restored), "--key", str(key), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["intact"] is True
    verified = run_afterglow("audit", "verify", session_id, "--data", str(restored), "--json")
    assert json.loads(verified.stdout)["intact"] is True
    assert (restored / "secrets").stat().st_mode & 0o777 == 0o700

    again = run_afterglow("restore", str(backup), "--data", str(restored), "--key", str(key))
    assert again.returncode == 2
    assert "not empty" in again.stderr


SENDING = (
    'mail = "smtp"\nsmtp_host = "mail.example.org"\nsmtp_port = 2525\nsmtp_user = "clinic"\n'
    'mail_from = "clinic@example.org"\nsms = "http"\nsms_url = "https://sms.example.org/send"\n'
)


def test_a_backup_holds_what_messages_are_sent_with_and_restore_says_what_is_missing(tmp_path: Path) -> None:
    folder, backup, key = tmp_path / "clinic", tmp_path / "clinic.backup", tmp_path / "key.txt"
    _, recovery_key = seed(folder, events=1)
    key.write_text(recovery_key)
    config = (folder / "clinic.toml").read_text().replace('mail = "off"\nsms = "off"\n', SENDING)
    config = config.replace("idle_lock_minutes_of_roles = {  }", "idle_lock_minutes_of_roles = { nurse = 5 }")
    (folder / "clinic.toml").write_text(config)
    secrets.write_secret(folder, "smtp.password", "quiet-lamp")
    made = run_afterglow("backup", "--data", str(folder), "--to", str(backup))
    assert made.returncode == 0, made.stderr
    assert b"quiet-lamp" not in backup.read_bytes()

    restored = tmp_path / "restored"
    done = run_afterglow("restore", str(backup), "--data", str(restored), "--key", str(key), "--json")
    assert done.returncode == 0, done.stderr
    assert secrets.read_secret(restored, "smtp.password") == "quiet-lamp"
    off, missing = json.loads(done.stdout)["left"]
    assert 'mail = "smtp" and sms = "http"' in off
    assert missing.startswith("secrets/sms.token is not in the backup")
    # the copy sends nothing by itself, and knows how it was sent
    part = read_part(restored)
    assert (part["mail"], part["sms"]) == ("off", "off")
    assert (part["smtp_host"], part["smtp_port"]) == ("mail.example.org", 2525)
    assert read_config(restored).idle_lock_minutes_of_roles == (("nurse", 5),)


def test_a_damaged_backup_and_a_wrong_key_are_refused(tmp_path: Path) -> None:
    folder, backup, key = tmp_path / "clinic", tmp_path / "clinic.backup", tmp_path / "key.txt"
    _, recovery_key = seed(folder, events=1)
    assert run_afterglow("backup", "--data", str(folder), "--to", str(backup)).returncode == 0
    other = tmp_path / "other"
    _, other_key = seed(other)
    key.write_text(other_key)
    wrong = run_afterglow("restore", str(backup), "--data", str(tmp_path / "r1"), "--key", str(key))
    assert wrong.returncode == 2
    assert "this key" in wrong.stderr
    key.write_text(recovery_key)
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 1
    backup.write_bytes(content)
    damaged = run_afterglow("restore", str(backup), "--data", str(tmp_path / "r2"), "--key", str(key))
    assert damaged.returncode == 2
    assert not (tmp_path / "r2").exists()


@pytest.mark.postgres
def test_postgresql_refuses_both_the_application_and_the_owner(tmp_path: Path, empty_database: str) -> None:
    import psycopg

    session_id, _ = seed(tmp_path / "clinic", empty_database, events=2)
    role = urlsplit(empty_database).path[1:] + "_app"
    password = ENVIRONMENT.get("AFTERGLOW_DATABASE_PASSWORD", "")
    attacks = [
        "UPDATE dosing_sessions_sessionevent SET version = 9",
        "DELETE FROM dosing_sessions_sessionevent",
        "TRUNCATE dosing_sessions_sessionevent",
        "TRUNCATE audit_readbatch CASCADE",
        "DELETE FROM dosing_sessions_eventnote",
    ]
    for options, words in ((f"-c role={role}", "permission denied"), ("", "append-only")):
        with psycopg.connect(empty_database, password=password, options=options, autocommit=True) as connection:
            for statement in attacks[:3] if options == "" else attacks:
                with pytest.raises(psycopg.Error, match=words):
                    connection.execute(statement)
            count = connection.execute("SELECT count(*) FROM dosing_sessions_sessionevent").fetchone()
            assert count == (2,)
            if options:
                with pytest.raises(psycopg.Error, match="must be owner"):
                    connection.execute(
                        'DROP TRIGGER "append_only_delete_dosing_sessions_sessionevent" ON dosing_sessions_sessionevent'
                    )
    assert run_afterglow("audit", "verify", session_id, "--data", str(tmp_path / "clinic")).returncode == 0


@pytest.mark.postgres
def test_a_postgresql_backup_is_restored_into_an_empty_database_alone(
    tmp_path: Path, empty_database: str, second_database: str
) -> None:
    session_id, recovery_key = seed(tmp_path / "clinic", empty_database, events=3)
    backup, key = tmp_path / "clinic.backup", tmp_path / "key.txt"
    key.write_text(recovery_key)
    assert run_afterglow("backup", "--data", str(tmp_path / "clinic"), "--to", str(backup)).returncode == 0
    options = ("--data", str(tmp_path / "restored"), "--key", str(key), "--json")
    done = run_afterglow("restore", str(backup), *options, "--database", second_database)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["intact"] is True
    verified = run_afterglow("audit", "verify", session_id, "--data", str(tmp_path / "restored"), "--json")
    assert json.loads(verified.stdout)["rows"] >= 3
    full = ("--data", str(tmp_path / "again"), "--key", str(key), "--database", empty_database)
    refused = run_afterglow("restore", str(backup), *full)
    assert (refused.returncode, "not empty" in refused.stderr) == (2, True)
