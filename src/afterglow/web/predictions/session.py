"""The band of a session: asked for by what was recorded, never waited for; bands in rounded words, no value for now."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.orders import find_weight
from afterglow.chairside.state import SessionState
from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.pharmacology.finding.words import round_band
from afterglow.protocols.model import Protocol
from afterglow.web.predictions import words
from afterglow.web.predictions.asking import NO_WAIT_S, ask_session, write_question
from afterglow.web.predictions.comparing import smooth
from afterglow.web.predictions.given import list_given
from afterglow.web.predictions.people import describe_patient
from afterglow.web.predictions.problems import list_messages
from afterglow.web.predictions.reading import Course, find_place, read_course
from afterglow.web.sessions.chart.model import Forecast

UNTIL_MIN = {"infusion": 150, "devices": 180, "injection": 180}
FOLLOWED = frozenset({"dosing", "paused", "observing", "released"})
LONGEST_MIN = 480
KEPT = 128
_lock = threading.Lock()
_kept: "OrderedDict[str, Predicted]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the lane shows: a band, or a sentence why there is none; `is_late` where looking again may find another."""

    course: Course | None = None
    reason: str = ""
    is_late: bool = False


def predict_session(
    session: Any, state: SessionState, protocol: Protocol, phase: str, now: datetime, *, timeout_s: float = NO_WAIT_S
) -> Predicted | None:
    """Return the band by what was recorded so far, or None before the first drug and after the person has left.

    What is ready is kept by all that it was asked with, the chart's part of it included, so that a page that only looks
    again costs little and a corrected chart is followed.
    """
    if phase not in FOLLOWED:
        return None
    given = list_given(state, protocol)
    if not given:
        return Predicted(reason=_("No prediction: the amount given cannot be worked out"))
    weight = find_weight(state)
    if weight is None:
        return Predicted(reason=_("No prediction: no weight is recorded"))
    person = describe_patient(session.patient, now, weight_kg=weight[0], before=session.opened_at)
    question = write_question(_build_payload(person, protocol, given))
    with _lock:
        kept = _kept.get(question)
    found = kept or _predict(question, timeout_s)
    if not found.is_late:
        with _lock:
            _kept[question] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found


def _build_payload(person: Mapping[str, Any], protocol: Protocol, given: list[dict[str, Any]]) -> dict[str, Any]:
    last = max(row["at_min"] + row.get("duration_min", 0) for row in given)
    end = max(UNTIL_MIN.get(str(protocol.pattern), 180), last + 90)
    return {
        "patient": person,
        "drug": str(protocol.drug),
        "route": str(protocol.route),
        "events": given,
        "until_min": min(-(-int(end) // 30) * 30, LONGEST_MIN),
        "step_min": 1.0,
    }


def _predict(question: str, timeout_s: float) -> Predicted:
    try:
        answer = ask_session(question, timeout_s)
    except NotYet:
        return Predicted(reason=_("Predicted band: being worked out"), is_late=True)
    except GaveUp:
        return Predicted(reason=_("No prediction: the calculation was stopped"), is_late=True)
    if answer.get("status") != "ok":
        told = " ".join(list_messages(answer.get("problems", ())))
        return Predicted(reason=_("No prediction: %(why)s") % {"why": told})
    return Predicted(read_course(answer))


def build_forecast(predicted: Predicted | None) -> Forecast | None:
    """Return the folded lane, or None where nothing is to be predicted."""
    if predicted is None:
        return None
    if predicted.course is None:
        return Forecast(reason=predicted.reason)
    course = predicted.course
    level, score = write_scale(course)
    edges = sorted({row["start_min"] for row in course.given} | {_find_end(row) for row in course.given})
    smoothed = [
        tuple(smooth(values, course.minutes, edges))
        for values in (course.concentration.low, course.concentration.high, course.cadss6.low, course.cadss6.high)
    ]
    return Forecast(course.minutes, (smoothed[0], smoothed[1]), (smoothed[2], smoothed[3]), level, score)


def _find_end(row: Mapping[str, float]) -> float:
    return row["start_min"] + row["duration_min"]


def write_sheet(predicted: Predicted | None) -> dict[str, Any] | None:
    """Return what stands behind the folded lane: scale in bands, what it goes by, model and source."""
    if predicted is None or predicted.course is None:
        return None
    course = predicted.course
    return {
        "rows": _list_rows(course),
        "given": [_write_given(row) for row in course.given],
        "lines": words.write_basis(course.basis),
        "failures": list_messages([{"message": text} for text in course.basis.get("known_failures") or ()]),
        "warnings": list_messages(course.problems),
    }


def write_scale(course: Course) -> tuple[str, str]:
    """Return the lane's words: the level at the end of an infusion, else at its highest, and the highest scores."""
    is_infused = any(row["duration_min"] for row in course.given)
    if is_infused:
        place = find_place(course.minutes, course.end_min)
    else:
        place = max(range(len(course.minutes)), key=lambda index: course.concentration.high[index])
    level = round_band(course.concentration.low[place], course.concentration.high[place])
    top = max(range(len(course.minutes)), key=lambda index: course.cadss6.high[index])
    score = round_band(course.cadss6.low[top], course.cadss6.high[top])
    words_at = _("%(ends)s at end") if is_infused else _("%(ends)s peak")
    return words_at % {"ends": _write_ends(level)}, _write_ends(score)


def _write_ends(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g}–{ends[1]:g}" if ends[0] > 0 else _("to %(high)s") % {"high": f"{ends[1]:g}"}


def _list_rows(course: Course) -> list[dict[str, str]]:
    """Return bands by quarters of an hour of the whole course; no row is marked as now."""
    rows = []
    for place, minute in enumerate(course.minutes):
        if minute % 15 == 0:
            rows.append(
                {
                    "minute": f"{minute:g}",
                    "level": words.write_band(course.concentration.low[place], course.concentration.high[place]),
                    "score": words.write_band(course.cadss6.low[place], course.cadss6.high[place]),
                }
            )
    return rows


def _write_given(row: Any) -> str:
    start, span, amount = row["start_min"], row["duration_min"], row["amount_mg"]
    if span:
        return _("%(mg)s mg from minute %(start)s to %(end)s") % {
            "mg": f"{amount:.1f}",
            "start": f"{start:.0f}",
            "end": f"{start + span:.0f}",
        }
    return _("%(mg)s mg at minute %(start)s") % {"mg": f"{amount:g}", "start": f"{start:.0f}"}
