"""A nurse types, the server is killed in the middle and started again: whatever was answered as stored is there."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HIDDEN = ("AFTERGLOW_SCRATCH", "AFTERGLOW_DATA", "AFTERGLOW_TEST_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in HIDDEN}


class Ward:
    """A clinic with one open session, and a server that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        command = [sys.executable, str(ROOT / "tests" / "storage_ward.py"), str(folder)]
        made = subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT, check=False)
        assert made.returncode == 0, made.stderr
        self.session_id = made.stdout.strip()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "afterglow", "serve", "--data", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("web ready at ")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def sign_in(self) -> httpx.Client:
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        page = client.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        typed = {"login": "nina", "password": "a long enough word", "csrfmiddlewaretoken": token[1]}
        answer = client.post("/accounts/login/", data=typed)
        assert (answer.status_code, answer.headers.get("location")) == (302, "/")
        client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
        return client

    def post(self, client: httpx.Client, kind: str, key: str, data: dict[str, Any]) -> httpx.Response:
        body = {"type": kind, "data": data, "request_key": key}
        headers = {"Accept": "application/json"}
        return client.post(f"/sessions/{self.session_id}/commands", json=body, headers=headers)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path / "clinic")
    yield made
    made.kill()


def list_stored(ward: Ward) -> dict[int, str]:
    with closing(sqlite3.connect(ward.folder / "afterglow.sqlite3")) as connection:
        return dict(connection.execute("SELECT seq, type FROM dosing_sessions_sessionevent"))


def test_a_killed_server_loses_nothing_that_it_answered_as_stored(ward: Ward) -> None:
    ward.start()
    client = ward.sign_in()
    answered: dict[str, int] = {}
    sent: list[str] = []

    def type_readings() -> None:
        for n in range(10_000):
            key = f"reading-{n}"
            sent.append(key)
            try:
                answer = ward.post(client, "record-vitals", key, {"heart_rate": 60 + n % 40, "spo2": "97"})
            except httpx.HTTPError:
                return
            assert answer.status_code == 200, answer.text
            answered[key] = answer.json()["stored"]["seq"]

    typing = threading.Thread(target=type_readings)
    typing.start()
    deadline = time.monotonic() + 60
    while len(answered) < 15 and typing.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    ward.kill()
    typing.join(30)
    assert len(answered) >= 15
    ward.start()
    again = ward.sign_in()
    stored = list_stored(ward)
    assert set(answered.values()) <= set(stored)
    # what was sent but never answered is sent once more under its key: it is stored once, whether or not it was before
    last = sent[-1]
    seq = ward.post(again, "record-vitals", last, {"heart_rate": 60 + (len(sent) - 1) % 40, "spo2": "97"})
    assert seq.status_code == 200, seq.text
    stored = list_stored(ward)
    assert sum(kind == "vitals-recorded" for kind in stored.values()) == len(sent)
    verified = subprocess.run(
        [sys.executable, "-m", "afterglow", "audit", "verify", "--data", str(ward.folder), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
        check=False,
    )
    assert json.loads(verified.stdout)["faults"] == []


def test_one_screen_sees_what_another_person_typed_within_a_second(ward: Ward) -> None:
    ward.start()
    client = ward.sign_in()
    heard: list[dict[str, Any]] = []
    is_open = threading.Event()

    def listen() -> None:
        headers = {"Accept": "text/event-stream"}
        with client.stream("GET", f"/sessions/{ward.session_id}/stream", headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                is_open.set()
                if line.startswith("data: ") and json.loads(line[6:]).get("type") == "vitals-recorded":
                    heard.append({**json.loads(line[6:]), "at": time.monotonic()})
                    return

    listening = threading.Thread(target=listen)
    listening.start()
    assert is_open.wait(20)
    other = ward.sign_in()
    began = time.monotonic()
    stored = ward.post(other, "record-vitals", "k1", {"heart_rate": 72}).json()["stored"]
    listening.join(15)
    assert heard
    assert heard[0]["seq"] == stored["seq"]
    assert heard[0]["at"] - began < 5
    # an open stream does not hold up the end
    assert ward.process is not None
    ward.process.terminate()
    assert ward.process.wait(timeout=10) is not None
