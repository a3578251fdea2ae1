"""How long the outcomes page takes in a clinic of 10,000 patients with 1,000,000 scores, and one summary of a course.

Scores are rows of the chart, a hundred for each person. Of some people sessions are whole copies with chained events,
and their summaries are made by the program, timed; the others' summaries are copies of these with other verdicts, so
that the page counts the full number of rows. Pages are asked over HTTP, signed in; the reference is `/healthz`.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import web
from bench._clinic import _copy_patients, _copy_row, _copy_sessions, _hurry, _make_template
from bench._report import is_smoke

AIM_P95_MS = 300.0
SCORES_EACH = 10 if is_smoke() else 100
WHOLE = 2 if is_smoke() else 60
PAGES = {
    "usual choice": "/outcomes/",
    "all time": "/outcomes/?period=all",
    "one condition and way": "/outcomes/?period=all&condition=trd&way=racemic.iv",
    "another scale": "/outcomes/?period=all&score=gad7",
}
GROUPS = (
    ("trd", "racemic.iv"),
    ("trd", "racemic.im"),
    ("trd", "esketamine.intranasal"),
    ("ptsd", "racemic.iv"),
    ("ocd", "racemic.iv"),
)


def main() -> None:
    """Build the clinic in a process of its own, measure, print."""
    parser = argparse.ArgumentParser(prog="./run bench outcomes_page", description=__doc__)
    parser.add_argument("--patients", type=int, default=5 if is_smoke() else 10_000)
    parser.add_argument("--keep", type=Path, help="folder of a clinic that is kept and used again")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(measure_clinic(args.one, args.patients)))
        return
    with tempfile.TemporaryDirectory(prefix="afterglow-bench-") as scratch:
        folder = (args.keep or Path(scratch)) / f"outcomes-{args.patients}"
        command = [sys.executable, __file__, "--one", str(folder), "--patients", str(args.patients)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print_table(json.loads(done.stdout.splitlines()[-1]), args.patients)


def measure_clinic(folder: Path, patients: int) -> dict[str, Any]:
    """Build the clinic where it is not there yet; return counts, milliseconds and numbers of statements."""
    from afterglow.clinic.setup import make_clinic, set_up_clinic

    answer: dict[str, Any] = {}
    if (folder / "clinic.toml").exists():
        set_up_clinic(folder)
    else:
        make_clinic(folder, url="", is_demonstration=True)
        build(patients)
    from django.db import connections

    answer["summary_ms"] = time_summaries()
    answer |= {"rows": count_rows(), "queries": count_queries(), "anew": time_counting()}
    connections.close_all()
    with web.serve(folder) as (base, server):
        client = web.sign_in(base, "medical-director")
        asked = 3 if is_smoke() else 60
        answer["ms"] = {
            "/healthz": web.summarise([web.time_one(lambda: client.get("/healthz")) for _ in range(asked)], [])
        }
        for name, url in PAGES.items():
            ask = partial(client.get, url)
            cold = [web.time_one(ask)]
            used = web.find_processor_ms(server.pid)
            warm = [web.time_one(ask) for _ in range(asked)]
            spent = (web.find_processor_ms(server.pid) - used) / asked
            answer["ms"][name] = {**web.summarise(warm, cold), "processor": spent}
    return answer


def time_summaries() -> dict[str, float]:
    """Return the milliseconds of one summary: its sessions read for the first time, and again after one more score."""
    from django.utils import timezone

    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.outcomes.models import SessionTally
    from afterglow.clinic.outcomes.summarising import refresh_course

    SessionTally.objects.all().delete()
    keys = list(Session.objects.order_by("patient").values_list("patient", flat=True).distinct())[:WHOLE]
    found = {}
    for name in ("first", "again"):
        took = []
        for key in keys:
            began = time.perf_counter()
            refresh_course(key, timezone.now())
            took.append(1000 * (time.perf_counter() - began))
        found[name] = statistics.median(took)
    return found


def time_counting() -> dict[str, dict[str, float]]:
    """Return the milliseconds of counting a page's figures anew, in this process, as after every change of a chart."""
    from urllib.parse import parse_qsl, urlsplit

    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from afterglow.clinic.outcomes.choosing import read_choice
    from afterglow.clinic.outcomes.counting import count_figures
    from afterglow.outcomes.suppression import INSIDE

    user = get_user_model().objects.get(username="medical-director")
    found = {}
    for name, url in PAGES.items():
        choice = read_choice(dict(parse_qsl(urlsplit(url).query)), user=user, now=timezone.now(), rule=INSIDE)
        took = []
        for _ in range(3 if is_smoke() else 20):
            began = time.perf_counter()
            count_figures(choice, timezone.now())
            took.append(1000 * (time.perf_counter() - began))
        found[name] = web.summarise(took, [])
    return found


def build(patients: int) -> None:
    """Make people, scores, sessions of some, and summaries."""
    from django.utils import timezone

    from afterglow.clinic.outcomes.summarising import refresh_course

    rng = random.Random(20261122)
    template = _make_template()
    _hurry()
    whole = list(_copy_patients(template, min(WHOLE, patients)))
    _copy_sessions(template, whole)
    keys = [ids[template.story.patient.pk] for ids in whole]
    others = _add_people(template, patients - len(keys), rng)
    _add_scores([*keys, *others], template, rng)
    for key in keys:
        refresh_course(key, timezone.now())
    _add_summaries(keys, others, template, rng)


def _add_people(template: Any, count: int, rng: random.Random) -> list[str]:
    from afterglow.clinic.people.models import Patient

    rows = [_copy_row(template.story.patient, {}, number, rng) for number in range(1000, 1000 + count)]
    Patient.objects.bulk_create(rows, batch_size=500)
    return [row.pk for row in rows]


def _add_scores(keys: list[str], template: Any, rng: random.Random) -> None:
    """Give each person a hundred weekly totals as facts of the chart; all but the last were answered again."""
    from afterglow.clinic.measures.lookups import ANSWERED_AGAIN
    from afterglow.clinic.people.models import HistoryFact

    by = template.cast["nurse"]
    for begin in range(0, len(keys), 200):
        rows = []
        for key in keys[begin : begin + 200]:
            total = rng.randrange(14, 27)
            for number in range(SCORES_EACH):
                at = template.now - timedelta(days=160) + number * timedelta(days=1.5)
                total = min(max(total + rng.choice((-2, -1, 0, 1)), 0), 27)
                is_last = number == SCORES_EACH - 1
                rows.append(
                    HistoryFact(
                        patient_id=key, name="scales.phq9.total", value=total, observed_on=at.date(), recorded_at=at,
                        recorded_by=by, ended_at=None if is_last else at + timedelta(days=1),
                        ended_by=None if is_last else by, end_reason="" if is_last else ANSWERED_AGAIN,
                    )
                )  # fmt: skip
        HistoryFact.objects.bulk_create(rows, batch_size=2000)


def _add_summaries(keys: list[str], others: list[str], template: Any, rng: random.Random) -> None:
    """Copy the summaries that the program made to everybody else, with other groups, days and verdicts."""
    from copy import copy

    from afterglow.clinic.outcomes.models import CourseMonth, CourseScore, CourseSummary, StaleCourse

    StaleCourse.objects.all().delete()
    made = [
        (
            CourseSummary.objects.get(pk=key),
            list(CourseScore.objects.filter(patient=key)),
            list(CourseMonth.objects.filter(patient=key)),
        )
        for key in keys
    ]
    sink: dict[type[Any], list[Any]] = {CourseSummary: [], CourseScore: [], CourseMonth: []}
    today = template.now.date()
    for number, key in enumerate(others):
        summary, scores, months = made[number % len(made)]
        condition, way = rng.choice(GROUPS)
        shared = {
            "patient_id": key,
            "condition": condition,
            "way": way,
            "began_on": today - timedelta(days=rng.randrange(40, 1100)),
        }
        verdict = rng.choice(("assessed", "assessed", "assessed", "unassessed"))
        is_response = rng.random() < 0.5
        for row in list[Any]([summary, *scores, *months]):
            one: Any = copy(row)
            one._state = copy(row._state)
            one._state.adding = True
            if not isinstance(one, CourseSummary):
                one.pk = None
            else:
                one.look_again_on = None
            for name, value in shared.items():
                setattr(one, name, value)
            if isinstance(one, CourseScore):
                one.standing, one.is_response = verdict, is_response
                one.is_remission, one.is_worse = is_response and rng.random() < 0.5, rng.random() < 0.08
                one.watched_days, one.has_relapsed = rng.randrange(0, 300), rng.random() < 0.5
                one.is_follow_up_due = (today - one.began_on).days > 105
                one.is_follow_up_done = one.is_follow_up_due and rng.random() < 0.7
                one.landmark_upkeep = rng.choice((True, False)) if one.watched_days > 28 else None
            if isinstance(one, CourseMonth):
                one.month = (row.month - timedelta(days=30 * rng.randrange(0, 30))).replace(day=1)
            sink[type(one)].append(one)
    for model, rows in sink.items():
        model.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def count_rows() -> dict[str, int]:
    """Return how many rows there are."""
    from afterglow.clinic.outcomes.models import CourseMonth, CourseScore, CourseSummary
    from afterglow.clinic.people.models import HistoryFact, Patient

    scores = HistoryFact.objects.filter(name="scales.phq9.total")
    found = {"patients": Patient.objects.count(), "scores": scores.count(), "courses": CourseSummary.objects.count()}
    return {**found, "course scores": CourseScore.objects.count(), "course months": CourseMonth.objects.count()}


def count_queries() -> dict[str, int]:
    """Return the SQL statements of each page, asked in this process."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    user = get_user_model().objects.get(username="medical-director")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    counts = {}
    for name, url in PAGES.items():
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(url)
        if answer.status_code != 200:
            raise SystemExit(f"{url}: {answer.status_code}")
        counts[name] = len(asked)
    return counts


def print_table(found: dict[str, Any], patients: int) -> None:
    """Print rows, milliseconds and ratios."""
    print(f"{patients:,} patients asked for; rows: {found['rows']}")
    took = found["summary_ms"]
    print(f"a summary (10 sessions, {SCORES_EACH} scores), p50: {took['first']:.0f} ms; again {took['again']:.0f} ms")
    base = found["ms"]["/healthz"]["p50"]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    print(f"milliseconds; reference /healthz p50 {base:.1f}; aim p95 under {AIM_P95_MS:.0f}")
    print(f"load of the machine {load:.1f} on {os.cpu_count()} processors")
    print(
        f"{'':<24}{'p50':>8}{'p95':>8}{'first':>8}{'processor':>11}{'x healthz':>11}{'queries':>9}{'counted anew':>14}"
    )
    for name in PAGES:
        row = found["ms"][name]
        mark = "" if row["p95"] < AIM_P95_MS else "  missed"
        ratio, queries = row["p50"] / base, found["queries"][name]
        figures = f"{row['p50']:>8.1f}{row['p95']:>8.1f}{row['cold_p95']:>8.1f}{row['processor']:>11.1f}"
        print(f"{name:<24}{figures}{ratio:>11.1f}{queries:>9}{found['anew'][name]['p50']:>14.1f}{mark}")


if __name__ == "__main__":
    main()
