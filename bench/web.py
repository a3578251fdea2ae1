"""How long pages and entries take in a big clinic, through sign-in, policy and audit, by an HTTP client.

`--patients 10000` is the clinic of the design: 100,000 sessions, 3 million events; the same is measured at a tenth, so
that growth shows. Cold is the first request for an object since the server began, warm the second. The reference of
each ratio is `/healthz` in the same run. `--database URL` uses PostgreSQL; `--verify` checks every chain of the clinic.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clinic import PASSWORD, Size, build_clinic, renew_today
from bench._report import is_smoke

AIM_P95_MS = 60.0
AIM_GROWTH = 1.5
CALM_S, CALM_MS, LONGEST_START_S = 5, 100, 120
ASKED = 3 if is_smoke() else int(os.environ.get("AFTERGLOW_BENCH_ASKED", "40"))
ROWS = ("floor board", "chart", "session page", "vitals entry", "search", "day schedule", "task list")


def main() -> None:
    """Build both clinics, each in a process of its own, measure, print."""
    parser = argparse.ArgumentParser(prog="./run bench web", description=__doc__)
    parser.add_argument("--patients", type=int, default=3 if is_smoke() else 1000)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; {size} is filled in")
    parser.add_argument("--keep", type=Path, help="folder of clinics that are kept and used again")
    parser.add_argument("--verify", action="store_true", help="check every chain of the clinics")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(measure_clinic(args.one, Size(args.patients), args.database, is_verified=args.verify)))
        return
    # a smoke run has one small clinic, which stands for both
    small = args.patients if is_smoke() else max(args.patients // 10, 10)
    with tempfile.TemporaryDirectory(prefix="afterglow-bench-") as scratch:
        folder = args.keep or Path(scratch)
        found = {size: run_apart(folder, size, args) for size in {small, args.patients}}
    print_table(found[small], found[args.patients], small, args.patients)


def run_apart(folder: Path, patients: int, args: argparse.Namespace) -> dict[str, Any]:
    """Return what a process of its own measures: the program can be set up for one clinic only."""
    command = [
        sys.executable,
        str(Path(__file__)),
        "--one",
        str(folder / f"clinic-{patients}"),
        "--patients",
        str(patients),
    ]
    command += ["--database", args.database.format(size=patients)] if args.database else []
    command += ["--verify"] if args.verify else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure_clinic(folder: Path, size: Size, url: str, *, is_verified: bool) -> dict[str, Any]:
    """Build the clinic where it is not there yet; return seconds, milliseconds and numbers of queries."""
    if (folder / "clinic.toml").exists():
        from afterglow.clinic.setup import set_up_clinic

        # a process of its own: the tables are the owner's, whom the clinic's own role is not
        subprocess.run([sys.executable, "-m", "afterglow", "init", "--upgrade", "--data", str(folder)], check=True)
        set_up_clinic(folder)
        took: dict[str, float] = {"sessions renewed": renew_today()}
    else:
        took = build_clinic(folder, size, url=url)
    print(f"{size.patients} patients built: {took}", file=sys.stderr)
    targets = pick_targets(random.Random(7))
    answer: dict[str, Any] = {"built_s": took, "queries": count_queries(targets)}
    if is_verified:
        answer["verified"] = verify()
    from django.db import connections

    connections.close_all()
    with serve(folder) as (base, server):
        answer["calm_after_s"] = wait_until_calm(server.pid)
        answer["ms"] = ask_all(base, targets, server.pid)
    return answer


def pick_targets(rng: random.Random) -> dict[str, list[Any]]:
    """Return random addresses of each row; vitals go into the sessions that run."""
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.people.models import Patient

    patients = rng.sample(list(Patient.objects.values_list("pk", flat=True)), ASKED)
    ended = rng.sample(list(Session.objects.exclude(phase="dosing").values_list("pk", flat=True)), ASKED)
    running = list(Session.objects.filter(phase="dosing").values_list("pk", flat=True))
    names = rng.sample(list(Patient.objects.values_list("family_name", "given_name")), ASKED)
    return {
        "floor board": ["/"],
        "chart": [f"/patients/{pk}/" for pk in patients],
        "session page": [f"/sessions/{pk}/" for pk in ended],
        "vitals entry": [f"/sessions/{pk}/commands" for pk in running],
        "search": [f"{family} {given.split()[0]}" for family, given in names],
        "day schedule": ["/schedule/"],
        "task list": ["/tasks/?view=all"],
    }


def build_vitals(number: int) -> dict[str, Any]:
    """Return one entry of vitals."""
    reading = {"systolic": 120 + number % 15, "diastolic": 78, "heart_rate": 70, "spo2": 98, "resp_rate": 14}
    return {"type": "record-vitals", "data": reading}


def count_queries(targets: dict[str, list[Any]]) -> dict[str, int]:
    """Return the largest number of SQL statements of one answer, asked in this process."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    user = get_user_model().objects.get(username="nurse")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    counts: dict[str, int] = {}
    for row, urls in targets.items():
        for number, url in enumerate(urls[:5]):
            with CaptureQueriesContext(connection) as asked:
                if row == "vitals entry":
                    body = build_vitals(number)
                    answer = client.post(
                        f"{url}?parts=1", body, content_type="application/json", headers={"Accept": "application/json"}
                    )
                elif row == "search":
                    answer = client.post("/patients/", {"q": url})
                else:
                    answer = client.get(url)
            if answer.status_code != 200:
                raise SystemExit(f"{row} {url}: {answer.status_code}")
            counts[row] = max(counts.get(row, 0), len(asked))
    return counts


def verify() -> dict[str, float]:
    """Check every chain; a fault ends the benchmark."""
    from afterglow.clinic.dosing_sessions.verify import verify_clinic

    began = time.perf_counter()
    found = verify_clinic()
    if not found.is_intact:
        raise SystemExit(f"the clinic is not intact: {found.faults[:3]}")
    return {"rows": found.rows, "sessions": found.sessions, "s": time.perf_counter() - began}


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Serve the clinic on a free port; yield its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "afterglow",
        "serve",
        "--data",
        str(folder),
        "--port",
        str(port),
        "--mllp-port",
        "0",
    ]
    log = (folder / "bench.log").open("w")
    server = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(base, server)
        yield base, server
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def wait_until_ready(base: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    import httpx

    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit("the server ended; see bench.log in its folder")
        try:
            if httpx.get(f"{base}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not answer within a minute")


def wait_until_calm(pid: int) -> float:
    """Return after how many seconds a server that began has done what it does at its beginning: the sweep, mostly.

    Calm is five seconds in a row with under a tenth of one processor; it is waited for two minutes at most.
    """
    began, calm = time.monotonic(), 0
    while not is_smoke() and calm < CALM_S and time.monotonic() - began < LONGEST_START_S:
        used = find_processor_ms(pid)
        time.sleep(1)
        calm = calm + 1 if find_processor_ms(pid) - used < CALM_MS else 0
    return time.monotonic() - began


def find_memory_mb(pid: int) -> float:
    """Return the resident memory of a process and its children, or 0 where the system does not tell."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(lines["Pid"]) == pid or int(lines["PPid"]) == pid:
            total += float(lines.get("VmRSS", "0 kB").split()[0]) / 1024
    return total


def sign_in(base: str, name: str = "nurse") -> Any:
    """Return a signed-in HTTP client."""
    import re

    import httpx

    client = httpx.Client(base_url=base, timeout=60.0)
    page = client.get("/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if token is None:
        raise SystemExit("the sign-in page has no form")
    form = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    answer = client.post("/accounts/login/", data=form, headers={"Referer": f"{base}/accounts/login/"})
    if answer.status_code != 302:
        raise SystemExit(f"sign-in answered {answer.status_code}")
    return client


def find_processor_ms(pid: int) -> float:
    """Return the processor time that a process has used, or 0 where the system does not tell."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    # the name in brackets may hold spaces; user and system time are the 12th and 13th field after it
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def ask_all(base: str, targets: dict[str, list[Any]], pid: int) -> dict[str, dict[str, float]]:
    """Return milliseconds of every row, cold and warm, as p50 and p95, and the processor's part of a warm one."""
    client = sign_in(base)
    found = {"healthz": summarise([time_one(lambda: client.get("/healthz")) for _ in range(ASKED)], [])}
    for row, urls in targets.items():
        work = [build_work(client, base, row, url, number) for number, url in enumerate(urls)]
        cold = [time_one(each) for each in work]
        used = find_processor_ms(pid)
        warm = [time_one(work[number % len(work)]) for number in range(ASKED)]
        found[row] = {**summarise(warm, cold), "processor": (find_processor_ms(pid) - used) / len(warm)}
    return found


def build_work(client: Any, base: str, row: str, url: str, number: int) -> Callable[[], Any]:
    """Return one request."""
    if row not in ("vitals entry", "search"):
        return lambda: client.get(url)
    token = next(cookie.value for cookie in client.cookies.jar if "csrf" in cookie.name) or ""
    headers = {"X-CSRFToken": token, "Referer": f"{base}/"}
    if row == "search":
        return lambda: client.post("/patients/", data={"q": url}, headers=headers)
    headers["Accept"] = "application/json"
    return lambda: client.post(f"{url}?parts=1", json=build_vitals(number), headers=headers)


def time_one(work: Callable[[], Any]) -> float:
    """Return the milliseconds of one request that must be answered well."""
    began = time.perf_counter()
    answer = work()
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:200]}")
    return took


def summarise(warm: list[float], cold: list[float]) -> dict[str, float]:
    """Return p50 and p95 of warm requests, and p95 of cold ones."""
    ordered = sorted(warm)
    found = {"p50": statistics.median(ordered), "p95": ordered[max(int(len(ordered) * 0.95) - 1, 0)]}
    if cold:
        slow = sorted(cold)
        found["cold_p95"] = slow[max(int(len(slow) * 0.95) - 1, 0)]
    return found


def print_table(small: dict[str, Any], big: dict[str, Any], few: int, many: int) -> None:
    """Print the rows of the big clinic, beside the small one."""
    for name, found in ((few, small), (many, big)):
        built = {key: round(value, 1) for key, value in found["built_s"].items()}
        calm = found["calm_after_s"]
        print(f"{name} patients: built in s {built}; verified {found.get('verified')}; calm after {calm:.0f} s")
    base = big["ms"]["healthz"]["p50"]
    print(f"milliseconds; reference /healthz p50 {base:.1f}; aim p95 under {AIM_P95_MS:.0f}, growth under {AIM_GROWTH}")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    print(f"load of the machine {load:.1f} on {os.cpu_count()} processors")
    heads = f"{'':<14}{'p50':>8}{'p95':>8}{'cold p95':>10}{'processor':>11}{'x healthz':>11}{'growth':>8}"
    print(f"{heads}{'queries':>9}{'at a tenth':>12}")
    for row in ROWS:
        one, other = big["ms"][row], small["ms"][row]
        growth = one["p50"] / other["p50"]
        marks = "" if one["p95"] < AIM_P95_MS and growth < AIM_GROWTH else "  missed"
        print(
            f"{row:<14}{one['p50']:>8.1f}{one['p95']:>8.1f}{one.get('cold_p95', 0):>10.1f}"
            f"{one['processor']:>11.1f}{one['p50'] / base:>11.1f}{growth:>8.2f}"
            f"{big['queries'][row]:>9}{small['queries'][row]:>12}{marks}"
        )


if __name__ == "__main__":
    main()
