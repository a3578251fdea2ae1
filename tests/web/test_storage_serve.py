"""The real server in its own process: health, TLS, the end on a signal, and calls that are refused."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

HIDDEN = ("AFTERGLOW_SCRATCH", "AFTERGLOW_DATA", "AFTERGLOW_TEST_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in HIDDEN}
Serve = Callable[..., tuple[subprocess.Popen[str], int]]


def run_afterglow(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "afterglow", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT, check=False)


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve") / "clinic"
    made = run_afterglow("init", "--data", str(folder), "--site-name", "Hall Street", "--timezone", "Europe/Vienna")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("AGE-SECRET-KEY-1") == 1
    return folder


@pytest.fixture
def serve(clinic: Path) -> Iterator[Serve]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], int]:
        port = find_port()
        command = [sys.executable, "-m", "afterglow", "serve", "--data", str(clinic), "--port", str(port), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("web ready at "), line + (process.stderr.read() if process.stderr else "")
        return process, port

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def fetch(address: str, context: ssl.SSLContext | None = None) -> tuple[int, str, dict[str, str]]:
    with urllib.request.urlopen(address, timeout=20, context=context) as answer:
        return answer.status, answer.read().decode(), dict(answer.headers)


def test_a_served_clinic_says_that_it_is_well_and_ends_on_a_signal(serve: Serve) -> None:
    process, port = serve()
    status, body, headers = fetch(f"http://127.0.0.1:{port}/healthz")
    assert status == 200
    assert json.loads(body).keys() >= {"status", "version", "database", "sqlite"}
    assert json.loads(body)["status"] == "ok"
    lowered = {name.lower(): value for name, value in headers.items()}
    assert "script-src 'self'" in lowered["content-security-policy"]
    assert "frame-ancestors 'none'" in lowered["content-security-policy"]
    assert lowered["x-content-type-options"] == "nosniff"
    assert "server" not in lowered
    # an open connection does not hold up the end
    with socket.create_connection(("127.0.0.1", port)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\n")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert time.monotonic() - began < 8


def test_tls_works_and_marks_cookies_for_tls_only(serve: Serve, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    _, port = serve("--tls-cert", str(certificate), "--tls-key", str(key))
    context = ssl.create_default_context(cafile=str(certificate))
    status, body, _ = fetch(f"https://localhost:{port}/healthz", context)
    assert (status, json.loads(body)["status"]) == (200, "ok")
    _, _, headers = fetch(f"https://localhost:{port}/accounts/login/", context)
    lowered = {name.lower(): value for name, value in headers.items()}
    assert "Secure" in lowered["set-cookie"]
    assert "HttpOnly" in lowered["set-cookie"]
    assert "SameSite=Strict" in lowered["set-cookie"]
    assert lowered["strict-transport-security"].startswith("max-age=")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--workers", "2"), "workers"),
        (("--workers", "0"), "workers"),
        (("--port", "70000"), "port"),
        (("--mllp-port", "2575"), "mllp-port"),
        (("--tls-cert", "/nowhere.pem"), "tls-cert"),
    ],
)
def test_a_call_that_cannot_be_served_is_refused_by_name(clinic: Path, arguments: tuple[str, ...], field: str) -> None:
    refused = run_afterglow("serve", "--data", str(clinic), *arguments)
    assert refused.returncode == 2
    assert f"error: {field}: " in refused.stderr


def test_a_folder_is_made_once_and_a_missing_one_is_not_served(clinic: Path, tmp_path: Path) -> None:
    again = run_afterglow("init", "--data", str(clinic))
    assert (again.returncode, "not empty" in again.stderr) == (2, True)
    missing = run_afterglow("serve", "--data", str(tmp_path / "none"))
    assert (missing.returncode, "afterglow init" in missing.stderr) == (2, True)
    zone = run_afterglow("init", "--data", str(tmp_path / "new"), "--site-name", "X", "--timezone", "Mars/Olympus")
    assert (zone.returncode, (tmp_path / "new").exists()) == (2, False)


def test_an_upgrade_of_an_up_to_date_clinic_does_nothing(clinic: Path) -> None:
    done = run_afterglow("init", "--data", str(clinic), "--upgrade", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["applied"] == []


def test_a_secret_that_others_can_read_stops_the_start(clinic: Path) -> None:
    key = clinic / "secrets" / "chain.key"
    key.chmod(0o644)
    try:
        refused = run_afterglow("serve", "--data", str(clinic))
    finally:
        key.chmod(0o600)
    assert (refused.returncode, "chmod 600" in refused.stderr) == (2, True)
