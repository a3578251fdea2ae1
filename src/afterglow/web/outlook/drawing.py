"""From a question and its answer to the lane and the ribbon of the chart, and to the lines with their sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.outcomes.catalogue import load_relapse_rules
from afterglow.outcomes.course import read_series
from afterglow.outcomes.model import Result, Series
from afterglow.outcomes.outlook import read_request
from afterglow.outcomes.outlook.asking import SCALE_OF, choose_series
from afterglow.outcomes.series import build_series
from afterglow.pharmacology.mechanism import get_scale
from afterglow.terms import Grade
from afterglow.web.charts.ahead import Ahead, Window
from afterglow.web.charts.course import Lane, Point
from afterglow.web.outlook.asking import READY, Asked
from afterglow.web.presenting import describe_source

# what is asked first: no window is drawn before somebody has seen the person
SEE_FIRST = "see-in-person"


@dataclass(frozen=True, slots=True)
class Line:
    """One threshold of the chart: its words, the definition, source and grade."""

    words: str
    threshold: str
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The lane that the forecast is about, what may come after it, and its thresholds with their sources."""

    instrument: str
    lane: Lane
    ahead: Ahead | None
    lines: tuple[Line, ...]


def build_drawn(asked: Asked, bands: Any) -> Drawn | None:
    """Return the lane of the scale asked about with its ribbon, or None where nothing was asked or scored.

    `bands` are the words of severity by instrument.
    """
    course = asked.question.payload.get("course")
    if course is None:
        return None
    instrument = course["instrument"]
    points = tuple(
        Point(datetime.fromisoformat(row["at"]).date(), row["value"])
        for row in course["scores"]
        if row["instrument"] == instrument and row["value"] is not None
    )
    if not points:
        return None
    name = SCALE_OF[instrument][0]
    scale = get_scale(name)
    marks, lines = _list_marks(asked, instrument, scale.remission_at_most)
    title = _("%(scale)s score, 0 to %(top)g") % {"scale": name, "top": scale.top}
    lane = Lane(title, scale.top, points, marks, bands.get(instrument, ()))
    return Drawn(instrument, lane, _read_ahead(asked), lines)


def find_window(asked: Asked) -> Window | None:
    """Return the window of the next session; none while somebody has to see the person first."""
    window = asked.advice.get("window")
    if not window or asked.advice.get("code") == SEE_FIRST:
        return None
    return Window(
        date.fromisoformat(window["from"]),
        date.fromisoformat(window["to"]),
        date.fromisoformat(asked.answer["as_of"]),
        read_day(window.get("due")),
        read_day(window.get("overdue_since")),
    )


def _read_ahead(asked: Asked) -> Ahead | None:
    if asked.state != READY:
        return None
    score, relapse = asked.answer["score"], asked.answer["relapse"]
    ends = relapse.get("range_80") or (None, None)
    return Ahead(
        dates=tuple(date.fromisoformat(each) for each in score["dates"]),
        low_90=tuple(score["p5"]),
        low_50=tuple(score["p25"]),
        median=tuple(score["p50"]),
        high_50=tuple(score["p75"]),
        high_90=tuple(score["p95"]),
        window=find_window(asked),
        half_by=read_day(relapse.get("half_by")),
        range_80=(read_day(ends[0]), read_day(ends[1])),
    )


def read_day(text: str | None) -> date | None:
    """Return a day of an answer, None where it holds none."""
    return None if text is None else date.fromisoformat(text)


def _list_marks(
    asked: Asked, instrument: str, remission_at_most: float
) -> tuple[tuple[tuple[float, str, str], ...], tuple[Line, ...]]:
    """Return the lines of the lane and, for the words below it, what each rests on."""
    request = read_request(asked.question.payload["course"])
    series, _problems = build_series(request.course)
    mine = choose_series(series, instrument)
    results = _find_results(mine, request.course)
    marks: list[tuple[float, str, str]] = []
    lines: list[Line] = []
    baseline = mine.baseline_score if mine is not None else None
    if baseline is not None and baseline.value is not None and "response" in results:
        half = float(baseline.value) / 2
        words = _("Response: %(n)g or below") % {"n": half}
        marks.append((half, words, "response"))
        lines.append(_cite(words, results["response"]))
    if "remission" in results:
        words = _("Remission: %(n)g or below") % {"n": remission_at_most}
        marks.append((remission_at_most + 0.5, words, "remission"))
        lines.append(_cite(words, results["remission"]))
    rule = (asked.answer.get("relapse") or {}).get("rule")
    threshold = find_relapse_threshold(instrument)
    if rule and threshold is not None:
        words = _("Relapse: %(n)g or above, twice") % {"n": threshold}
        marks.append((threshold, words, "relapse"))
        lines.append(Line(words, rule["text"], describe_source(rule["source"]), write_grade(rule["grade"])))
    return tuple(marks), tuple(lines)


def find_relapse_threshold(instrument: str) -> float | None:
    """Return the score of a relapse by the packaged rule of an instrument, or None without one."""
    return next((float(one.threshold) for one in load_relapse_rules() if one.instrument == instrument), None)


def _find_results(series: Series | None, course: Any) -> Mapping[str, Result]:
    """Return what the newest score was judged by, empty before there is one to judge."""
    if series is None:
        return {}
    assessments = read_series(series, course).assessments
    return assessments[-1].results if assessments else {}


def _cite(words: str, result: Result) -> Line:
    return Line(words, result.threshold, describe_source(result.citation.text), write_grade(result.citation.grade))


def write_grade(grade: str) -> str:
    """Return a grade in words."""
    return Grade(grade).label if grade in set(Grade) else grade
