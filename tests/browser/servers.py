"""Servers for the browser tests: real processes of the product on scratch folders and free ports."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

HERE = Path(__file__).resolve().parent
PASSWORD = "first light after night"
START_S = 600


@dataclass
class Served:
    """One server: its command, its folder, its address, the password of its staff."""

    folder: Path
    command: list[str]
    port: int
    password: str = PASSWORD
    process: subprocess.Popen[str] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        """Keep its output beside the folder."""
        self.log = self.folder.parent / f"{self.folder.name}.log"

    @property
    def url(self) -> str:
        """Return its address without the last stroke."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process and wait until its health answers 200."""
        with self.log.open("a") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + START_S
        while not self.is_healthy():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    @property
    def is_running(self) -> bool:
        """Return whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def is_healthy(self) -> bool:
        """Return whether /healthz answers 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as an operator would."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def read_password(self) -> str:
        """Return the password that `demo` printed."""
        found = re.search(r"password of all of them: (\S+)", self.log.read_text())
        assert found, self.log.read_text()
        return found[1]


class ClockedClinic(Served):
    """An empty clinic whose clock a test moves on."""

    @property
    def clock(self) -> Path:
        """Return the file that holds how far the clock is ahead."""
        return self.folder.parent / f"{self.folder.name}.clock"

    def advance(self, minutes: float) -> None:
        """Let the clinic's clock jump ahead."""
        ahead = float(self.clock.read_text()) + minutes * 60
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(ahead))
        fresh.replace(self.clock)


def make_clocked(root: Path) -> ClockedClinic:
    """Return the clinic of the journeys, not started yet."""
    folder, port = root / "journeys", find_port()
    command = [sys.executable, str(HERE / "clinic_with_clock.py"), str(folder), str(port), PASSWORD]
    clinic = ClockedClinic(folder, command, port)
    if not clinic.clock.exists():
        clinic.clock.write_text("0")
    return clinic


def make_demo(root: Path) -> Served:
    """Return the demonstration, not started yet."""
    folder, port = root / "demo", find_port()
    options = ["--port", str(port), "--mllp-port", "0", "--data", str(folder), "--no-browser"]
    return Served(folder, [sys.executable, "-m", "afterglow", "demo", *options], port)


def find_port() -> int:
    """Return a port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_root() -> Path:
    """Return the checkout."""
    return Path(os.environ.get("AFTERGLOW_ROOT", HERE.parent.parent))
