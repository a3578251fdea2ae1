"""Folders, keys, disks, certificates and ports that cannot be used: a message and exit status 2, never a traceback."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterglow.clinic.config import read_config
from afterglow.clinic.errors import SetupError
from tests.web.test_storage_serve import ENVIRONMENT, find_port, make_certificate, run_afterglow

BAD_INPUT = 2
DATABASE = "afterglow.sqlite3"
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refusals") / "clinic"
    assert run_afterglow("init", "--data", str(folder)).returncode == 0
    return folder


@pytest.fixture
def clinic(made: Path, tmp_path: Path) -> Path:
    """A copy of one clinic, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "clinic"))


def refuse(*arguments: str, field: str, limit: int = 0) -> str:
    """Return what a refused call says; `limit` is the largest file the process may write, as on a full disk."""

    def fill_disk() -> None:
        if limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "afterglow", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT, check=False, preexec_fn=fill_disk
    )
    assert (done.returncode, "Traceback" in done.stderr) == (BAD_INPUT, False), done.stderr
    assert f"error: {field}: " in done.stderr
    assert "web ready" not in done.stdout
    return done.stderr


def serve(clinic: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "afterglow", "serve", "--data", str(clinic), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("web ready at ")
    return process


@pytest.fixture
def served(clinic: Path) -> Iterator[subprocess.Popen[str]]:
    process = serve(clinic, find_port())
    yield process
    process.kill()
    process.communicate()


def test_a_second_server_of_a_folder_is_refused_and_commands_are_not(
    clinic: Path, served: subprocess.Popen[str]
) -> None:
    port = str(find_port())
    told = refuse("serve", "--data", str(clinic), "--port", port, field="data")
    assert f"already served by process {served.pid}" in told
    assert run_afterglow("user", "add", "nina", "--role", "nurse", "--data", str(clinic)).returncode == 0
    assert run_afterglow("audit", "verify", "--data", str(clinic)).returncode == 0


def test_a_killed_server_does_not_block_the_next(clinic: Path, served: subprocess.Popen[str]) -> None:
    served.kill()
    served.wait()
    assert (clinic / "server.lock").exists()
    after = serve(clinic, find_port())
    after.kill()
    after.communicate()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b"no database at all " * 400), "not a database"),
        (lambda path: path.write_bytes(b""), "lacks"),
    ],
)
def test_a_database_that_is_none_is_not_served(clinic: Path, spoil: Change, words: str) -> None:
    spoil(clinic / DATABASE)
    assert words in refuse("serve", "--data", str(clinic), "--port", str(find_port()), field="data")


@pytest.mark.parametrize(
    "call",
    [
        ("serve", "--port", "0"),
        ("init", "--upgrade"),
        ("user", "add", "nina", "--role", "nurse"),
    ],
)
def test_a_missing_database_is_told_and_not_made(clinic: Path, call: tuple[str, ...]) -> None:
    (clinic / DATABASE).unlink()
    assert "is missing" in refuse(*call, "--data", str(clinic), field="data")
    assert not (clinic / DATABASE).exists()


def test_a_port_or_an_address_that_cannot_be_had_is_refused(clinic: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "cannot listen" in refuse("serve", "--data", str(clinic), "--port", port, field="port")
    refuse("serve", "--data", str(clinic), "--host", "no.such.host.invalid", field="host")


def test_a_wrong_chain_key_is_noticed_before_anything_is_written(clinic: Path, tmp_path: Path) -> None:
    key = clinic / "secrets" / "chain.key"
    right = key.read_text()
    key.write_text("ab" * 48 + "\n")
    for call in (("serve", "--port", "0"), ("backup", "--to", str(tmp_path / "b.age"))):
        assert "secrets/chain.key is not the key" in refuse(*call, "--data", str(clinic), field="data")
    assert "chain.key" in refuse("user", "add", "nina", "--role", "nurse", "--data", str(clinic), field="data")
    assert not (tmp_path / "b.age").exists()
    key.write_text(right)
    assert run_afterglow("backup", "--to", str(tmp_path / "b.age"), "--data", str(clinic)).returncode == 0


def test_one_altered_head_is_no_wrong_key(clinic: Path, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(clinic / DATABASE)) as connection, connection:
        connection.execute("UPDATE audit_chainhead SET seal = 'x' WHERE name = 'audit'")
    assert run_afterglow("audit", "verify", "--data", str(clinic)).returncode == 1
    # what was altered can still be kept as evidence
    assert run_afterglow("backup", "--to", str(tmp_path / "b.age"), "--data", str(clinic)).returncode == 0


@pytest.mark.parametrize("limit", [100, 300_000])
def test_making_a_clinic_on_a_full_disk_leaves_nothing(tmp_path: Path, limit: int) -> None:
    folder = tmp_path / "deep" / "clinic"
    refuse("init", "--data", str(folder), field="data", limit=limit)
    assert list(tmp_path.iterdir()) == []
    folder.mkdir(parents=True)
    refuse("init", "--data", str(folder), field="data", limit=limit)
    assert list(folder.iterdir()) == []
    assert run_afterglow("init", "--data", str(folder)).returncode == 0


def test_a_backup_on_a_full_disk_is_told_and_leaves_nothing(clinic: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.age"
    assert run_afterglow("backup", "--to", str(target), "--data", str(clinic)).returncode == 0
    size = target.stat().st_size
    target.unlink()
    # full while the database is copied, and while the archive is encrypted, which makes it a little larger
    for limit in (size // 2, size - 100):
        refuse("backup", "--to", str(target), "--data", str(clinic), field="to", limit=limit)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["clinic"]
        assert not list(clinic.glob(".backup-*"))


def test_an_account_on_a_full_disk_is_told(clinic: Path) -> None:
    told = refuse("user", "add", "nina", "--role", "nurse", "--data", str(clinic), field="data", limit=2000)
    assert "database cannot be used" in told
    assert run_afterglow("user", "add", "nina", "--role", "nurse", "--data", str(clinic)).returncode == 0


def test_a_backup_needs_a_recipient_that_is_one(clinic: Path, tmp_path: Path) -> None:
    (clinic / "secrets" / "backup.recipient").write_text("age1nothing\n")
    told = refuse("backup", "--to", str(tmp_path / "b.age"), "--data", str(clinic), field="to")
    assert "backup.recipient is no recipient" in told


def test_a_folder_where_none_can_be_made_is_refused(clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    backup, key = str(tmp_path / "b.age"), tmp_path / "key"
    assert run_afterglow("backup", "--to", backup, "--data", str(clinic)).returncode == 0
    import pyrage

    key.write_text(str(pyrage.x25519.Identity.generate()))
    within = str(tmp_path / "file" / "clinic")
    refuse("init", "--data", within, field="data")
    refuse("restore", backup, "--data", within, "--key", str(key), field="data")
    # another key: nothing is left of the folder either
    refuse("restore", backup, "--data", str(tmp_path / "new"), "--key", str(key), field="file")
    assert not (tmp_path / "new").exists()


def test_a_missing_secret_is_not_said_to_come_back_by_init(clinic: Path) -> None:
    (clinic / "secrets" / "field.key").unlink()
    told = refuse("serve", "--data", str(clinic), field="data")
    assert "`init` made it once and it cannot be made again" in told


@pytest.mark.parametrize("text", ["clinic = 3\n", '[web]\nidle_lock_minutes = "ten"\n', "[web]\nhosts = 3\n", "= ="])
def test_a_configuration_that_is_none_is_refused(clinic: Path, text: str) -> None:
    assert read_config(clinic).idle_lock_minutes == 10
    (clinic / "clinic.toml").write_text(text)
    with pytest.raises(SetupError, match=r"clinic\.toml"):
        read_config(clinic)


def encrypt_key(key: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    plain = serialization.load_pem_private_key(key.read_bytes(), None)
    hidden = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(plain.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden))


def take_other_key(key: Path) -> None:
    other = key.parent / "other"
    other.mkdir()
    shutil.copyfile(make_certificate(other)[1], key)


def make_folder_of(path: Path) -> None:
    path.unlink()
    path.mkdir()


def write_junk(path: Path) -> None:
    path.write_bytes(b"\x00\xffjunk")


def write_junk_in_pem(path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "AAAA", lines[-1]]) + "\n")


@pytest.mark.parametrize(
    ("name", "spoil", "field"),
    [
        ("key.pem", take_other_key, "tls-key"),
        ("key.pem", write_junk, "tls-key"),
        ("key.pem", write_junk_in_pem, "tls-key"),
        ("key.pem", encrypt_key, "tls-key"),
        ("key.pem", make_folder_of, "tls-key"),
        ("cert.pem", write_junk, "tls-cert"),
        ("cert.pem", write_junk_in_pem, "tls-key"),
        ("cert.pem", make_folder_of, "tls-cert"),
        ("cert.pem", Path.unlink, "tls-cert"),
    ],
)
def test_a_certificate_or_key_that_cannot_be_used_is_told(tmp_path: Path, name: str, spoil: Change, field: str) -> None:
    from afterglow.commands.serve import check_tls

    certificate, key = make_certificate(tmp_path)
    assert check_tls(str(certificate), str(key)) == []
    spoil(tmp_path / name)
    assert [problem.path for problem in check_tls(str(certificate), str(key))] == [field]


def test_a_bad_certificate_ends_the_call_with_a_message(clinic: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    take_other_key(key)
    told = refuse(
        "serve", "--data", str(clinic), "--tls-cert", str(certificate), "--tls-key", str(key), field="tls-key"
    )
    assert "cannot be used together" in told


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_cannot_be_written_is_told_by_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import errno

    from django.conf import settings

    from afterglow.cli import main
    from afterglow.clinic import snapshots

    call = ["audit", "verify", "--data", str(settings.DATA_DIR)]
    if "sqlite" not in settings.DATABASES["default"]["ENGINE"]:
        pytest.skip("only SQLite is copied")
    assert main(call) == 0

    def refuse_folder(*_args: object, **_named: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(settings.DATA_DIR))

    monkeypatch.setattr(snapshots.tempfile, "TemporaryDirectory", refuse_folder)
    assert main(call) == BAD_INPUT
    assert "Permission denied" in capsys.readouterr().err
