"""Clinics kept from earlier releases still open, migrate and verify under this one."""

import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

DUMPS = Path(__file__).resolve().parent.parent / "golden" / "dumps"
RELEASES = sorted(path.name for path in DUMPS.iterdir() if path.is_dir())


def unpack(release: str, folder: Path) -> None:
    secrets = folder / "secrets"
    secrets.mkdir(parents=True)
    for path in (DUMPS / release).iterdir():
        if path.suffix in (".key", ".recipient"):
            shutil.copy(path, secrets / path.name)
            (secrets / path.name).chmod(0o600)
    secrets.chmod(0o700)
    folder.chmod(0o700)
    shutil.copy(DUMPS / release / "clinic.toml", folder / "clinic.toml")
    (folder / "clinic.toml").chmod(0o600)
    connection = sqlite3.connect(folder / "afterglow.sqlite3")
    connection.executescript(gzip.decompress((DUMPS / release / "clinic.sql.gz").read_bytes()).decode())
    connection.close()
    (folder / "afterglow.sqlite3").chmod(0o600)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AFTERGLOW_")}
    return subprocess.run(
        [sys.executable, "-m", "afterglow", *words], capture_output=True, text=True, check=False, env=environment
    )


@pytest.fixture(scope="module", params=RELEASES)
def clinic(request, tmp_path_factory):
    """A kept clinic under this release, upgraded once: a test that alters it takes a copy."""
    folder = tmp_path_factory.mktemp("kept") / "clinic"
    unpack(request.param, folder)
    upgraded = run("init", "--upgrade", "--data", str(folder))
    assert upgraded.returncode == 0, upgraded.stderr
    return folder


def test_a_kept_clinic_verifies_after_its_upgrade(clinic):
    answer = run("audit", "verify", "--data", str(clinic))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_an_altered_kept_clinic_does_not_verify(clinic, tmp_path):
    altered = shutil.copytree(clinic, tmp_path / "altered")
    connection = sqlite3.connect(altered / "afterglow.sqlite3")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute("UPDATE dosing_sessions_sessionevent SET body = replace(body, '124', '125') WHERE seq > 5")
    connection.commit()
    connection.close()
    assert run("audit", "verify", "--data", str(altered)).returncode == 1


def test_a_record_of_a_kept_session_still_prints(clinic, tmp_path):
    connection = sqlite3.connect(clinic / "afterglow.sqlite3")
    (session_id,) = connection.execute("SELECT id FROM dosing_sessions_session ORDER BY opened_at LIMIT 1").fetchone()
    connection.close()
    target = tmp_path / "record.pdf"
    answer = run("record", session_id, "--pdf", str(target), "--data", str(clinic))
    assert answer.returncode == 0, answer.stderr
    assert target.read_bytes().startswith(b"%PDF-")
