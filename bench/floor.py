"""The floor board under load: 100 viewers, 20 sessions with an entry a second each; event to browser, and memory.

Each entry carries a pressure that no other entry has, so that the frame which brings it to a viewer can be told. Every
viewer reads its stream; the times are taken at every tenth. The reference is the answer to the entry itself.
"""

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clinic import PASSWORD, RUNNING, Size, build_clinic
from bench._report import is_smoke
from bench.web import find_memory_mb, serve

PRESSURES = [(systolic, diastolic) for systolic in range(100, 158) for diastolic in range(50, 90)]
SAMPLED_EVERY = 10


class Board:
    """What was sent, when it was answered, and when a viewer saw it."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self.sent: dict[str, float] = {}
        self.answered_ms: list[float] = []
        self.seen_ms: list[float] = []
        self.frames = 0
        self.not_live = 0

    def look(self, text: str, at: float, mine: set[str]) -> None:
        """Note every entry that a frame brings for the first time to a viewer."""
        for mark in re.findall(r"\b1\d\d/[5-8]\d\b", text):
            if mark in self.sent and mark not in mine:
                mine.add(mark)
                self.seen_ms.append((at - self.sent[mark]) * 1000)


def main() -> None:
    """Build a clinic with twenty running sessions, serve it, watch it."""
    parser = argparse.ArgumentParser(prog="./run bench floor", description=__doc__)
    parser.add_argument("--viewers", type=int, default=4 if is_smoke() else 100)
    parser.add_argument("--seconds", type=int, default=3 if is_smoke() else 30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="afterglow-bench-") as scratch:
        folder = Path(scratch) / "clinic"
        build_clinic(folder, Size(0))
        sessions = list_running()
        with serve(folder) as (base, server):
            before = find_memory_mb(server.pid)
            board = asyncio.run(watch(base, sessions, args.viewers, args.seconds))
            print_found(board, args, len(sessions), before, find_memory_mb(server.pid))


def list_running() -> list[str]:
    """Return the sessions that run."""
    from django.db import connections

    from afterglow.clinic.dosing_sessions.models import Session

    found = list(Session.objects.filter(phase="dosing").order_by("place").values_list("pk", flat=True))
    connections.close_all()
    return found


async def watch(base: str, sessions: list[str], viewers: int, seconds: int) -> Board:
    """Open the streams, send the entries, and return what was seen."""
    import httpx

    board = Board()
    limits = httpx.Limits(max_connections=viewers + RUNNING + 4)
    async with httpx.AsyncClient(base_url=base, timeout=None, limits=limits) as client:
        await sign_in(client, base)
        streams = [asyncio.create_task(follow(client, board, is_timed=n % SAMPLED_EVERY == 0)) for n in range(viewers)]
        await asyncio.sleep(3)
        writers = [enter(client, base, board, pk, number, seconds) for number, pk in enumerate(sessions)]
        await asyncio.gather(*writers)
        await asyncio.sleep(3)
        board.not_live = sum(stream.done() for stream in streams)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    return board


async def sign_in(client: Any, base: str) -> None:
    """Sign the nurse in."""
    page = (await client.get("/accounts/login/")).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if token is None:
        raise SystemExit("the sign-in page has no form")
    form = {"login": "nurse", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    answer = await client.post("/accounts/login/", data=form, headers={"Referer": f"{base}/accounts/login/"})
    if answer.status_code != 302:
        raise SystemExit(f"sign-in answered {answer.status_code}")


async def follow(client: Any, board: Board, *, is_timed: bool) -> None:
    """Read one viewer's stream until it is cancelled or ends."""
    mine: set[str] = set()
    async with client.stream("GET", "/floor/stream") as answer:
        if answer.status_code != 200:
            raise SystemExit(f"the stream answered {answer.status_code}")
        async for text in answer.aiter_text():
            board.frames += 1
            if is_timed:
                board.look(text, time.perf_counter(), mine)


async def enter(client: Any, base: str, board: Board, pk: str, number: int, seconds: int) -> None:
    """Enter a reading a second into one session."""
    token = next(cookie.value for cookie in client.cookies.jar if "csrf" in cookie.name)
    headers = {"Accept": "application/json", "X-CSRFToken": token or "", "Referer": f"{base}/"}
    await asyncio.sleep(number / RUNNING)
    for second in range(seconds):
        systolic, diastolic = PRESSURES[(second * RUNNING + number) % len(PRESSURES)]
        data = {"systolic": systolic, "diastolic": diastolic, "heart_rate": 70, "spo2": 98, "resp_rate": 14}
        began = time.perf_counter()
        board.sent[f"{systolic}/{diastolic}"] = began
        answer = await client.post(
            f"/sessions/{pk}/commands", json={"type": "record-vitals", "data": data}, headers=headers
        )
        took = time.perf_counter() - began
        if answer.status_code != 200:
            raise SystemExit(f"an entry answered {answer.status_code}: {answer.text[:200]}")
        board.answered_ms.append(took * 1000)
        await asyncio.sleep(max(1.0 - took, 0.0))


def print_found(board: Board, args: Any, sessions: int, before: float, after: float) -> None:
    """Print the times beside the reference."""
    if not board.seen_ms:
        raise SystemExit("no viewer saw an entry")
    print(f"{args.viewers} viewers, {sessions} sessions, {len(board.answered_ms)} entries in {args.seconds} s")
    print(f"frames read {board.frames}; streams that ended by themselves {board.not_live}")
    base = statistics.median(board.answered_ms)
    for name, found in (("entry answered (reference)", board.answered_ms), ("entry to browser", board.seen_ms)):
        ordered = sorted(found)
        p99 = ordered[max(int(len(ordered) * 0.99) - 1, 0)]
        middle = statistics.median(ordered)
        print(f"{name:<28} p50 {middle:8.1f} ms  p99 {p99:8.1f} ms  x{middle / base:.2f}  n {len(ordered)}")
    print(f"memory of the server {before:.0f} MB before, {after:.0f} MB after")


if __name__ == "__main__":
    main()
