"""How fast populations are simulated: the fixed workload W1 to W5 beside scipy odeint and libroadrunner, with targets.

The peers run a stated subset in the same run and are scaled to the number of patients. `--markdown` prints the table
for docs/performance.md. With `--smoke` (or AFTERGLOW_BENCH=smoke) all is tiny and no target is judged.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from afterglow.pharmacology.linear import Input, LinearSystem, drive, has_compiled, solve, summarise
from bench._pk_peers import RoadRunner, propagate_exactly, run_odeint, solve_response
from bench._pk_workload import (
    DRAWN,
    FEW_TIMES,
    SECONDS,
    build_doses,
    build_grid,
    build_response,
    build_system,
    calculate_error,
    draw_people,
    get_typical,
)
from bench._report import is_smoke

COLD = """
import time, sys
started = time.perf_counter()
from bench._pk_workload import SECONDS, build_doses, build_system, get_typical
from afterglow.pharmacology.linear import solve
people = get_typical()
solve(build_system(people), build_doses(people, (0,)), SECONDS)
print(time.perf_counter() - started, "numba" in sys.modules)
"""
FIRST = """
import time, sys
started = time.perf_counter()
import afterglow.pharmacology.linear
print(time.perf_counter() - started)
from bench._pk_workload import *
from afterglow.pharmacology.linear import solve, drive
people = draw_people(300)
system, doses = build_system(people), build_doses(people)
for work in (
    lambda: solve(system, doses, FEW_TIMES, engine="compiled"),
    lambda: drive(system, doses, FEW_TIMES, engine="compiled", **build_response(people)),
):
    started = time.perf_counter()
    work()
    print(time.perf_counter() - started)
"""


@dataclass
class Sizes:
    """How much is run: patients, repeats, patients checked, patients of each peer."""

    w1: int = 10_000
    w4: int = 50_000
    w5: int = 1_000_000
    repeat: int = 7
    checked: dict[str, int] = field(default_factory=lambda: {"W1": 200, "W2": 20, "W4": 2_000})
    roadrunner: int = 60
    odeint: int = 4


@dataclass
class Row:
    """One line of the table: what was measured, its value, the target and whether it is met (None: no target)."""

    workload: str
    what: str
    value: str
    target: str = ""
    met: bool | None = None


def main() -> None:
    """Run all workloads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="all tiny: shows only that it runs")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--only", default="W1,W2,W3,W4,W5", help="workloads, separated by commas")
    given = parser.parse_args()
    smoke = given.smoke or is_smoke()
    sizes = Sizes(400, 600, 2_000, 1, {"W1": 3, "W2": 1, "W4": 5}, 2, 1) if smoke else Sizes()
    rows: list[Row] = []
    if not has_compiled():
        rows.append(Row("all", "numba is not installed: the plain engine runs, the targets are out of reach", "-"))
    for name in given.only.split(","):
        WORKLOADS[name](sizes, rows)
        print(f"{name} done", file=sys.stderr, flush=True)
    if smoke:
        for row in rows:
            row.met = None
    show(rows, markdown=given.markdown)


def run_w1(sizes: Sizes, rows: list[Row]) -> None:
    """Cp and Cm of 10,000 patients at 1,399 times."""
    grid = build_grid()
    fill = take_median(lambda: np.full((2, grid.size, sizes.w1), 1.0), sizes.repeat)
    rows.append(Row("W1", "filling the same array", f"{fill:.3f} s"))
    seconds = run_levels("W1", sizes.w1, grid, sizes, rows, target=1000.0)
    judge(rows, "W1", "time over filling", seconds / fill, 4.0, at_most=True)


def run_levels(name: str, n: int, grid: np.ndarray, sizes: Sizes, rows: list[Row], *, target: float) -> float:
    """Time and check both concentrations of n patients beside the peers; return the seconds of one thread."""
    people = draw_people(n)
    system, doses = build_system(people), build_doses(people)
    seconds = time_threads(name, lambda threads: solve(system, doses, grid, threads=threads).values, sizes, rows)
    values = solve(system, doses, grid).values
    error = max(
        calculate_error(
            np.stack([values["Cp"][:, j], values["Cm"][:, j]], axis=1), propagate_exactly(people.row(j), grid)
        )
        for j in spread(people.n, sizes.checked[name])
    )
    judge(rows, name, f"error, {sizes.checked[name]} patients", error, 1e-9, at_most=True)
    compare(rows, name, seconds, sizes, grid, people.n, target=target)
    return seconds


def run_w2(sizes: Sizes, rows: list[Row]) -> None:
    """W1 and the response R."""
    people, grid = draw_people(sizes.w1), build_grid()
    system, doses, response = build_system(people), build_doses(people), build_response(people)
    seconds = time_threads(
        "W2",
        lambda threads: drive(system, doses, grid, threads=threads, **response).values,  # type: ignore[arg-type]
        sizes,
        rows,
    )
    found = drive(system, doses, grid, **response).values["R"]  # type: ignore[arg-type]
    error = max(
        calculate_error(found[:, j], solve_response(people.row(j), grid)) for j in spread(people.n, sizes.checked["W2"])
    )
    judge(rows, "W2", f"error of R, {sizes.checked['W2']} patients", error, 1e-7, at_most=True)
    compare(rows, "W2", seconds, sizes, grid, people.n, target=600.0, with_response=True)


def run_w3(sizes: Sizes, rows: list[Row]) -> None:
    """One typical patient by the second, warm and from a cold process."""
    people = get_typical()
    system, doses = build_system(people), build_doses(people, (0,))
    solve(system, doses, SECONDS)
    seconds = take_median(lambda: solve(system, doses, SECONDS), 30 * sizes.repeat)
    judge(rows, "W3", "one patient warm, planning included, ms", seconds * 1e3, 1.0, at_most=True)
    found = solve(system, doses, SECONDS).values
    error = calculate_error(
        np.stack([found["Cp"][:, 0], found["Cm"][:, 0]], axis=1), propagate_exactly(people.row(0), SECONDS, (0,))
    )
    judge(rows, "W3", "error", error, 1e-9, at_most=True)
    cold = [run_python(COLD).split() for _ in range(min(sizes.repeat, 5))]
    judge(
        rows, "W3", "cold process, imports included, s", statistics.median(float(c[0]) for c in cold), 1.0, at_most=True
    )
    rows.append(Row("W3", "numba imported by it", cold[0][1]))
    first = [float(line) for line in run_python(FIRST if has_compiled() else FIRST.partition("from bench")[0]).split()]
    for what, value in zip(
        ("import of the linear engine", "first compiled solve, from the cache", "first compiled drive, from the cache"),
        first,
        strict=False,
    ):
        rows.append(Row("start", what, f"{value:.2f} s"))
    if has_compiled() and sizes.repeat > 1:
        fresh = [
            float(line) for line in run_python(FIRST, NUMBA_CACHE_DIR=f"/tmp/afterglow-numba-{os.getpid()}").split()
        ]
        rows += [
            Row("start", "first compiled solve, compiling", f"{fresh[1]:.1f} s"),
            Row("start", "first compiled drive, compiling", f"{fresh[2]:.1f} s"),
        ]


def run_w4(sizes: Sizes, rows: list[Row]) -> None:
    """50,000 patients at twelve times."""
    run_levels("W4", sizes.w4, FEW_TIMES, sizes, rows, target=1500.0)


def run_w5(sizes: Sizes, rows: list[Row]) -> None:
    """A million patients in streaming blocks, in a process of its own so that its peak memory is its own."""
    found = []
    for n in (sizes.w5 // 4, sizes.w5):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(summarise_many, (n,)))
    (quarter, _), (whole, peak) = found
    rows.append(Row("W5", f"{sizes.w5:,} patients, 1 thread", f"{whole:.1f} s"))
    judge(rows, "W5", "peak memory, MB", peak, 400.0, at_most=True)
    judge(rows, "W5", "time over four times that of a quarter", whole / (4 * quarter), 1.1, at_most=True)


def summarise_many(n: int, threads: int = 1) -> tuple[float, float]:
    """Return seconds and peak memory in MB of summarising n patients; each 50,000 have a seed of their own."""
    started = time.perf_counter()

    def draw() -> Iterator[tuple[LinearSystem, list[Input]]]:
        for k, begin in enumerate(range(0, n, DRAWN)):
            people = draw_people(min(DRAWN, n - begin), seed=20240611 + k)
            yield build_system(people), build_doses(people)

    summarise(draw(), build_grid(), thresholds={"Cp": (0.1, 0.2)}, threads=threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return time.perf_counter() - started, peak


def time_threads(name: str, work: Callable[[int], object], sizes: Sizes, rows: list[Row]) -> float:
    """Time one and two threads, compare their bits, and return the seconds of one."""
    one, two = work(1), work(2)
    same = all(one[key].tobytes() == two[key].tobytes() for key in one)  # type: ignore[index,attr-defined]
    del one, two
    seconds = take_median(lambda: work(1), sizes.repeat)
    both = take_median(lambda: work(2), sizes.repeat)
    rows.append(Row(name, "1 thread", f"{seconds:.3f} s"))
    rows.append(Row(name, "2 threads", f"{both:.3f} s"))
    if name in {"W1", "W4"}:
        judge(rows, name, "2 threads faster by", seconds / both, 1.6, at_most=False)
    rows.append(Row(name, "bits of 2 threads", "the same" if same else "DIFFERENT", "the same", same))
    return seconds


def compare(
    rows: list[Row],
    name: str,
    seconds: float,
    sizes: Sizes,
    times: np.ndarray,
    n: int,
    *,
    target: float,
    with_response: bool = False,
) -> None:
    """Time the peers on a subset, scaled, and judge how many times faster the engine is."""
    people = draw_people(n)
    try:
        runner = RoadRunner(with_response)
    except ImportError:
        rows.append(Row(name, "libroadrunner is not installed here", "-"))
    else:
        runner.run(people.row(0), times)
        some = spread(n, sizes.roadrunner)
        spent = take_median(lambda: [runner.run(people.row(j), times) for j in some], min(sizes.repeat, 3))
        scaled = spent / len(some) * n
        rows.append(Row(name, f"libroadrunner {runner.version}, {len(some)} patients, scaled", f"{scaled:.0f} s"))
        judge(rows, name, "times faster than libroadrunner", scaled / seconds, target, at_most=False)
    few = spread(n, sizes.odeint)
    spent = take_median(lambda: [run_odeint(people.row(j), times) for j in few], 1)
    scaled = spent / len(few) * n
    rows.append(Row(name, f"scipy odeint (6 states), {len(few)} patients, scaled", f"{scaled:.0f} s"))
    rows.append(Row(name, "times faster than odeint", f"{scaled / seconds:,.0f}"))


def judge(rows: list[Row], name: str, what: str, value: float, target: float, *, at_most: bool) -> None:
    """Add a row with its target."""
    met = value <= target if at_most else value >= target
    shown = f"{value:.1e}" if value < 1e-3 else f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    wanted = f"{target:.0e}" if target < 1e-3 else f"{target:g}"
    rows.append(Row(name, what, shown, f"at {'most' if at_most else 'least'} {wanted}", met))


def take_median(work: Callable[[], object], repeat: int) -> float:
    """Return the median seconds of a call; results are dropped before the next one begins."""
    spent = []
    for _ in range(max(repeat, 1)):
        started = time.perf_counter()
        found = work()
        spent.append(time.perf_counter() - started)
        del found
    return statistics.median(spent)


def spread(n: int, many: int) -> list[int]:
    """Return `many` patients spread evenly over n."""
    return [int(j) for j in np.unique(np.linspace(0, n - 1, min(many, n)).astype(int))]


def run_python(code: str, **environment: str) -> str:
    """Return what a fresh interpreter prints."""
    merged = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-c", code], env=merged, check=True, capture_output=True, text=True).stdout


def show(rows: list[Row], *, markdown: bool) -> None:
    """Print the table."""
    words = {True: "met", False: "not met", None: ""}
    if markdown:
        print("| workload | what | measured | target | |\n|---|---|---:|---|---|")
        for row in rows:
            print(f"| {row.workload} | {row.what} | {row.value} | {row.target} | {words[row.met]} |")
        return
    for row in rows:
        print(f"{row.workload:<6} {row.what:<58} {row.value:>12}  {row.target:<16} {words[row.met]}")


WORKLOADS = {"W1": run_w1, "W2": run_w2, "W3": run_w3, "W4": run_w4, "W5": run_w5}

if __name__ == "__main__":
    main()
