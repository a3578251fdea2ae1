"""Predicted symptom course, relapse probability and next-treatment advice for one course.

The course is a JSON object: `as_of`, `instrument`, `protocol` (or `drug` and `route`), `scores` and `sessions` with
`at`, and what else is known (docs/forecast.md). "Not enough data" is an answer. With --past, a file with one past
course a line, the bands are held against those patients.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from afterglow.clinicday.upkeep import read_course_file
from afterglow.commands import DONE, parse_json, print_json, print_problems, read_json, read_text
from afterglow.outcomes.forecast import NOT_CALIBRATED, Calibration, PersonalCourse, calibrate_on_courses
from afterglow.outcomes.outlook import build_personal_course, make_outlook, render_outlook
from afterglow.outcomes.outlook.asking import choose_series
from afterglow.outcomes.series import build_series
from afterglow.terms import InvalidInput, build_error

HELP = "predicted symptom course, relapse probability, next-treatment advice"
SHOWN_EVERY = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the course file and the past courses."""
    parser.add_argument("course", metavar="COURSE.json", help="the course, or - for standard input")
    parser.add_argument("--past", metavar="FILE.jsonl", help="past courses, one a line: bands are held against them")


def run(args: argparse.Namespace) -> int:
    """Print the answer; too little data is an answer. A course without a day is asked today."""
    today = datetime.now().astimezone().date()
    request, policy = read_course_file(read_json(args.course, "course"), today=today)
    calibration = _read_past(args.past, today) if args.past else NOT_CALIBRATED
    outlook = make_outlook(request, policy=policy, calibration=calibration)
    answer = render_outlook(outlook)
    if args.json:
        print_json(answer)
    else:
        print_problems(outlook.problems)
        print(render_text(answer))
    return DONE


def _read_past(name: str, today: date) -> Calibration:
    """Return the calibration of past courses, one JSON object a line; every line must be a course."""
    courses: dict[str, PersonalCourse] = {}
    for number, line in enumerate(read_text(name, "past").splitlines(), start=1):
        if not line.strip():
            continue
        path = f"past[{number}]"
        try:
            request, _ = read_course_file(parse_json(line, f"line {number} of {name}", path), today=today)
            series, _ = build_series(request.course)
            mine = choose_series(series, request.instrument)
        except InvalidInput as refused:
            raise InvalidInput([replace(one, path=f"{path}.{one.path}") for one in refused.problems]) from None
        if mine is not None and request.course.sessions:
            courses[path] = build_personal_course(request.course, mine, request.treatment)
    if not courses:
        text = f"{name} holds no past course that can be used."
        raise InvalidInput([build_error("past", "empty", name, "one course a line", text)])
    return calibrate_on_courses(courses)


def render_text(answer: Mapping[str, Any]) -> str:
    """Return the answer as text."""
    lines = [f"Forecast of {answer['instrument']} as of {answer['as_of']}"]
    lines += [f"  {sentence}" for sentence in answer["words"]]
    if answer["score"]:
        lines += ["", "  date         median   50 %          90 %"]
        score = answer["score"]
        for i in range(SHOWN_EVERY - 1, len(score["dates"]), SHOWN_EVERY):
            inner = f"{score['p25'][i]:.0f} to {score['p75'][i]:.0f}"
            outer = f"{score['p5'][i]:.0f} to {score['p95'][i]:.0f}"
            lines.append(f"  {score['dates'][i]}   {score['p50'][i]:>5.0f}    {inner:<12}  {outer}")
        lines += ["", f"  {answer['calibration']['text']}"]
    lines += ["", *_render_advice(answer["next_treatment"]), "", answer["note"]]
    return "\n".join(lines)


def _write_window(window: Mapping[str, Any]) -> str:
    """Return the window in words; one that is over says since when."""
    if window["overdue_since"]:
        return f"was due {window['due']}: overdue since {window['overdue_since']}"
    if window["from"] == window["to"]:
        return f"on {window['from']} only"
    return f"{window['from']} to {window['to']}"


def _render_figures(row: Mapping[str, Any]) -> str:
    """Return what an option is expected to bring; one that is not open says why, and has no figure."""
    if row["reasons"]:
        return f"not open: {_write_reasons(row['reasons'])}"
    loss = " / ".join(f"{row['loss'][cost]:.1f}" for cost in ("low", "middle", "high"))
    low, high = row["difference_range"]
    against = f"{row['difference']:+.1f} ({low:+.1f} to {high:+.1f})"
    return f"{row['unwell_days_per_28']:>11.1f}   {loss:<22}   {against:<19}  {row['why_not'] or 'yes'}"


def _write_reasons(reasons: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(f"{one['text']} [{one['source']}; {one['grade']}]" for one in reasons)


def _render_advice(advice: Mapping[str, Any]) -> list[str]:
    lines = [f"Next treatment: {advice['status']}", f"  {advice['reason']}"]
    if advice.get("window"):
        window = advice["window"]
        lines.append(f"  Suggested session {_write_window(window)}; now every {advice['present_interval_d']} d")
    lines += ["", "  interval            unwell d/28   loss low/middle/high     against now          open"]
    weighed = {row["action"] for row in advice["options"]}
    for row in advice["options"]:
        name = "stop" if row["interval_d"] is None else f"{row['action']}, {row['interval_d']} d"
        lines.append(f"  {name:<18}  {_render_figures(row)}")
    for choice in advice["choices"]:
        if choice["action"] not in weighed:
            name = ", ".join([choice["action"], *(f"{days} d" for days in choice["intervals_d"])])
            lines.append(f"  {name:<18}  not weighed; {_write_reasons(choice['reasons']) or 'open'}")
    if advice.get("loss_edited"):
        own = {row["name"]: row["value"] for row in advice["loss"]}
        named = ", ".join(f"{name} {own[name]:g}" for name in advice["loss_edited"])
        lines.append(f"  weighed with the file's own weights, site policy: {named}")
    for found in advice["findings"]:
        lines.append(f"  {found['rule']} {found['severity']}: {found['title']}: {found['seen']}. {found['asks']}")
    for one in advice["basis"]:
        lines.append(f"  basis: {one['claim']} [{one['source']}; {one['grade']}]")
    return lines
