"""What benchmarks share: a clock that repeats, and a table of ratios against a named reference.

With AFTERGLOW_BENCH=smoke everything is measured once and briefly: CI asks only that a benchmark still runs.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping


def measure(work: Callable[[], object], *, repeat: int = 5, at_least_s: float = 0.2) -> float:
    """Return the median seconds of one call; calls are grouped until a group takes `at_least_s`."""
    if is_smoke():
        repeat, at_least_s = 1, 0.01
    calls = 1
    while (elapsed := _time(work, calls)) < at_least_s:
        calls = max(calls * 2, int(calls * at_least_s / max(elapsed, 1e-9)))
    return statistics.median(_time(work, calls) / calls for _ in range(repeat))


def print_ratios(title: str, seconds: Mapping[str, float], *, reference: str, unit: str = "calls") -> None:
    """Print each result per second, and how many times faster than the reference it is."""
    base = seconds[reference]
    width = max(len(name) for name in seconds)
    print(f"{title} (reference: {reference})")
    for name, value in seconds.items():
        print(f"  {name:<{width}}  {1 / value:>14,.1f} {unit}/s  {value * 1e6:>12,.1f} us  x{base / value:.2f}")


def is_smoke() -> bool:
    """Tell whether this run only shows that the benchmark works."""
    return os.environ.get("AFTERGLOW_BENCH") == "smoke"


def _time(work: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - started
