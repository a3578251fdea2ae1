"""The predicted band of a session from what was recorded: starts, changes of rate, pauses, devices, stops.

It tells a band over the whole course and words for it. It has no value for this moment and no time of leaving.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

import numpy as np

from afterglow.pharmacology._types import MINUTES_PER_HOUR
from afterglow.pharmacology.finding.basis import describe_basis
from afterglow.pharmacology.finding.compare import SUPPORT_AT, build_curves, build_row, list_minutes
from afterglow.pharmacology.finding.fields import read_numbers, refuse_unknown
from afterglow.pharmacology.finding.options import Option
from afterglow.pharmacology.finding.outlook import Patient, People, draw_people, predict
from afterglow.pharmacology.regimen import DEVICE_MG, INFUSED_ROUTES, Dose, RateChange, change_rate, number_sessions
from afterglow.terms import InvalidInput, build_error

KINDS = ("start", "rate", "pause", "resume", "stop", "device", "dose")
MOST_EVENTS, MOST_MG = 400, 1000.0
SHOWN = ("concentration_ng_per_ml", "cadss", "cadss6")


@dataclass(frozen=True, slots=True)
class Event:
    """Something recorded in a session, minutes from its first dose.

    Attributes
    ----------
    kind : str
        `start` of an infusion (amount, duration), `rate`, `pause`, `resume`, `stop`, a `device`, or a `dose` at once.
    at_min : float, min
    amount_mg : float or None
    duration_min : float or None
    rate_mg_per_h : float or None
        Of `rate`, and of `resume` where it is not the first rate.
    """

    kind: str
    at_min: float
    amount_mg: float | None = None
    duration_min: float | None = None
    rate_mg_per_h: float | None = None


def predict_recorded(
    events: Sequence[Event],
    drug: str,
    route: str,
    patient: Patient,
    *,
    model: str | None = None,
    people: People | None = None,
    until_min: float = 180.0,
    step_min: float = 2.5,
    support_at: float = SUPPORT_AT,
) -> dict[str, Any]:
    """Return the predicted bands of a session as plain data, every number with two figures.

    Raises
    ------
    InvalidInput
        Events that cannot follow each other, or that say nothing was given.
    """
    doses = build_given(events, drug, route)
    kept = Option(drug, route, model, dose_mg=sum(float(np.max(dose.amount_mg)) for dose in doses))
    outlook = predict(kept, patient, people or draw_people(), until_min=until_min, step_min=step_min, doses=doses)
    minutes = list_minutes(until_min, step_min)
    curves, row = build_curves(outlook, minutes), build_row(outlook, support_at)
    return {
        "time_min": minutes.tolist(),
        "curves": {name: curves[name] for name in SHOWN},
        "words": {name: row.words[name] for name in ("peak", "cadss6_reaches", "cadss6_range", "cadss_peak")},
        "given": [
            {
                "start_min": round(dose.start_h * MINUTES_PER_HOUR, 3),
                "duration_min": round((dose.duration_h or 0.0) * MINUTES_PER_HOUR, 3),
                "amount_mg": float(f"{float(np.max(dose.amount_mg)):.6g}"),
            }
            for dose in doses
        ],
        "ribbon": "90 of 100 people like this patient. Predicted, not measured.",
        "basis": describe_basis(outlook),
        "problems": [problem.to_json() for problem in outlook.problems],
    }


def build_given(events: Sequence[Event], drug: str, route: str) -> tuple[Dose, ...]:
    """Return the doses that recorded events come to; an infusion still running goes on to its planned end.

    Raises
    ------
    InvalidInput
        A change without an infusion, a second start while one runs, a device by another route, an amount by nose that
        is not one whole device.
    """
    if not 1 <= len(events) <= MOST_EVENTS:
        _refuse("events", "event-count", len(events), f"1 to {MOST_EVENTS}", "Nothing was recorded, or too much.")
    ordered = sorted(enumerate(events), key=lambda row: (row[1].at_min, row[0]))
    doses: list[Dose] = []
    running: Dose | None = None
    changes: list[RateChange] = []
    for i, event in ordered:
        path = f"events[{i}]"
        _check(event, path, drug, route)
        at = event.at_min / MINUTES_PER_HOUR
        if event.kind in ("device", "dose"):
            doses.append(Dose(DEVICE_MG if event.amount_mg is None else event.amount_mg, at))
        elif event.kind == "start":
            doses += _close(running, changes, at, path)
            running, changes = Dose(event.amount_mg or 0.0, at, (event.duration_min or 0.0) / MINUTES_PER_HOUR), []
        elif running is None:
            _refuse(path, "nothing-runs", event.kind, "a start before it", "There is no infusion to change.")
        else:
            changes.append(_build_change(event, at))
    doses += _finish(running, changes)
    return number_sessions(doses)


def parse_events(content: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Return events from plain data with the field names of `Event`; unknown names are refused."""
    found = []
    for i, row in enumerate(content):
        path = f"events[{i}]"
        if not isinstance(row, Mapping):
            _refuse(path, "not-an-object", str(row), "an object", "An event is an object.")
        names = {item.name for item in fields(Event)}
        refuse_unknown(path, row, names)
        numbers = read_numbers(path, row, names - {"kind"})
        if "at_min" not in numbers:
            _refuse(f"{path}.at_min", "missing", None, "minutes", "An event has a time.")
        found.append(Event(kind=str(row.get("kind")), **numbers))
    return tuple(found)


def _build_change(event: Event, at_h: float) -> RateChange:
    if event.kind == "stop":
        return RateChange(at_h, is_stop=True)
    return RateChange(at_h, 0.0 if event.kind == "pause" else event.rate_mg_per_h)


def _finish(running: Dose | None, changes: Sequence[RateChange]) -> tuple[Dose, ...]:
    return () if running is None else change_rate(running, changes)


def _close(running: Dose | None, changes: list[RateChange], at_h: float, path: str) -> tuple[Dose, ...]:
    """Return the pieces of the infusion before a new start; refuse the start while the old one still runs."""
    pieces = _finish(running, changes)
    end = max((piece.start_h + (piece.duration_h or 0.0) for piece in pieces), default=0.0)
    if pieces and end > at_h + 1e-9:
        accepted = f"{end * MINUTES_PER_HOUR:g} min or later, or a stop before"
        _refuse(f"{path}.at_min", "infusion-running", at_h * MINUTES_PER_HOUR, accepted, "An infusion still runs.")
    return tuple(replace(piece) for piece in pieces)


def _check(event: Event, path: str, drug: str, route: str) -> None:
    if event.kind not in KINDS:
        _refuse(f"{path}.kind", "unknown-name", event.kind, ", ".join(KINDS), "There is no such event.")
    if not 0 <= event.at_min <= 7 * 24 * 60:
        _refuse(f"{path}.at_min", "out-of-range", event.at_min, "0 min to 7 d", "The time cannot be used.")
    given, needs = event.amount_mg, event.kind in ("start", "dose")
    if (needs and given is None) or (given is not None and not 0 < given <= MOST_MG):
        accepted = f"above 0 to {MOST_MG:g} mg"
        _refuse(f"{path}.amount_mg", "out-of-range", given, accepted, "The amount cannot be used.")
    if event.kind == "start" and not (event.duration_min is not None and event.duration_min > 0):
        _refuse(f"{path}.duration_min", "out-of-range", event.duration_min, "above 0 min", "An infusion takes time.")
    if event.kind in ("start", "rate", "pause", "resume", "stop") and route not in INFUSED_ROUTES:
        _refuse(f"{path}.kind", "not-an-infusion", event.kind, "device, dose", f"Nothing is infused by {route}.")
    if event.kind == "device" and (drug, route) != ("esketamine", "intranasal"):
        _refuse(f"{path}.kind", "devices-not-used", event.kind, "start, dose", f"No device is used by {route}.")
    if (drug, route) == ("esketamine", "intranasal") and given not in (None, DEVICE_MG):
        text = "The spray comes in whole devices, one event each: their uptake lasts by the device, not by the amount."
        _refuse(f"{path}.amount_mg", "not-one-device", given, f"{DEVICE_MG:g} mg", text)
    rate = event.rate_mg_per_h
    if (event.kind == "rate" and rate is None) or (rate is not None and not 0 <= rate <= 60 * MOST_MG):
        _refuse(f"{path}.rate_mg_per_h", "out-of-range", rate, "0 or more mg/h", "The rate cannot be used.")


def _refuse(path: str, code: str, value: object, accepted: str, message: str) -> NoReturn:
    raise InvalidInput([build_error(path, code, value, accepted, message)])
