"""How fast outcomes are worked out: scorings, one forecast with advice, a night of forecasts for 10,000 patients.

The night is extrapolated from a measured sample on the processes at hand, and says so; no clinic of that size is run.
"""

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import time

import numpy as np

from afterglow.instruments import get_instrument, score_sequence
from afterglow.outcomes.forecast import PersonalCourse, RelapseQuestion, find_similar, make_forecast
from afterglow.outcomes.judging.recommender import POLICIES, THRESHOLD
from afterglow.outcomes.judging.truths import INDUCTION, draw_patients
from afterglow.outcomes.next_treatment import Circumstances, SuicideAnswer, advise
from bench._report import is_smoke, measure, print_ratios

TARGET_MS, NIGHT_PATIENTS = 150.0, 10_000
ANSWERS = ["2", "2", "1", "2", "1", "2", "1", "2", "0"]
COLD = """
import sys, time
started = time.perf_counter()
from bench.outcomes import answer, build_courses
course, today = build_courses(1)[0]
answer(course, today)
print(time.perf_counter() - started, "numba" in sys.modules)
"""


def build_courses(n: int) -> list[tuple[PersonalCourse, float]]:
    """Return courses of one to nine months with the day of the question; scores weekly, then two-weekly."""
    found = []
    for k, patient in enumerate(draw_patients("model", n, 3, route="iv")):
        months = 1 + k % 9
        today = 20 + 28 * months
        sessions = (*INDUCTION["iv"], *range(38, today, 21 + 7 * (k % 3)))
        days = sorted({-7, -1, *range(3, 60, 7), *range(60, today, 14)} & set(range(-10, today)))
        found.append((patient.build_course(days, sessions), float(today)))
    return found


def answer(course: PersonalCourse, today: float) -> object:
    """Return forecast and advice of one patient, as the command works them out."""
    forecast = make_forecast(course, today=today, relapse=RelapseQuestion(THRESHOLD))
    if forecast.similar is None or forecast.similar.contradiction:
        return forecast
    known = Circumstances((SuicideAnswer("phq9", today, 0),), frozenset(), maintenance_from=6)
    return advise(
        forecast.similar, POLICIES["iv"], today=today, threshold=THRESHOLD, remission=4.0, circumstances=known
    )  # fmt: skip


def forecast_only(course: PersonalCourse, today: float) -> object:
    """Return the forecast of one patient."""
    return make_forecast(course, today=today, relapse=RelapseQuestion(THRESHOLD))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=200, help="patients forecast for percentiles and the night")
    given = parser.parse_args()
    sample = 2 if is_smoke() else given.sample
    phq9 = get_instrument("phq9")
    print_ratios(
        "one filled-in PHQ-9",
        {
            "reading nine whole numbers": measure(lambda: [int(each) for each in ANSWERS]),
            "score_sequence": measure(lambda: score_sequence(phq9, ANSWERS)),
        },
        reference="reading nine whole numbers",
        unit="scorings",
    )
    courses = build_courses(sample)
    show_percentiles(courses)
    show_cold()
    show_night(courses)


def show_percentiles(courses: list[tuple[PersonalCourse, float]]) -> None:
    """Print the middle and the slow end of single forecasts on a warm population."""
    find_similar(courses[0][0])
    print(f"\none patient, warm population ({len(courses)} patients, one after the other)")
    for name, work in (("forecast", forecast_only), ("forecast and advice", answer)):
        spent, busy = [], []
        for course, today in courses:
            started, begun = time.perf_counter(), time.process_time()
            work(course, today)
            spent.append(1000.0 * (time.perf_counter() - started))
            busy.append(1000.0 * (time.process_time() - begun))
        p50, p95 = np.percentile(spent, (50, 95))
        met = "" if is_smoke() else (" met" if p95 <= TARGET_MS else " not met")
        own = f"(processor time p50 {np.median(busy):.1f} ms)"
        print(f"  {name:<20} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms {own}  p95 at most {TARGET_MS:g} ms{met}")


def show_cold() -> None:
    """Print what the first forecast of a fresh process costs, imports included, and whether numba came with it."""
    found = subprocess.run(
        [sys.executable, "-c", COLD], env=dict(os.environ), check=True, capture_output=True, text=True
    ).stdout.split()  # fmt: skip
    print(f"  first of a fresh process, imports included: {float(found[0]):.2f} s; numba imported: {found[1]}")


def show_night(courses: list[tuple[PersonalCourse, float]]) -> None:
    """Print a night's work for 10,000 patients, extrapolated, on one and on two processes."""
    print(f"\na night for {NIGHT_PATIENTS:,} patients, extrapolated from {len(courses)} measured")
    for processes in (1,) if is_smoke() else (1, 2):
        parts = [courses[k::processes] for k in range(processes)]
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            pool.map(work_through, [part[:1] for part in parts], chunksize=1)
            started = time.perf_counter()
            peaks = pool.map(work_through, parts, chunksize=1)
            spent = time.perf_counter() - started
        minutes = spent / len(courses) * NIGHT_PATIENTS / 60.0
        print(f"  on {processes}: {minutes:6.1f} min, peak {max(peaks):.0f} MB each")


def work_through(courses: list[tuple[PersonalCourse, float]]) -> float:
    """Answer each course; return the peak memory of this process in MB."""
    for course, today in courses:
        answer(course, today)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
