"""From the view to the drawn timeline: minutes from the start, limits from the protocol's alarm rows."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.web.sessions.chart import Forecast, Limit, Mark, Point, Pressure, Timeline, Word
from afterglow.web.sessions.present.tiles import find_alarm_items, find_state, split_pressure
from afterglow.web.sessions.present.words import read_instant, write_hour, write_number

View = dict[str, Any]

LANES = {"systolic": "bp", "diastolic": "bp", "spo2": "spo2", "cadss6": "cadss6"}
BANDS = {("systolic", 160.0): "above", ("spo2", 94.0): "below"}
ENDS = frozenset({"patient-left", "ending-recorded", "session-cancelled"})
DEFAULT_PLANNED_MIN = 40.0
STAY_MIN = {"infusion": 60.0, "devices": 120.0, "injection": 120.0}


def build_timeline(view: View, protocol: Any, forecast: Forecast | None = None) -> Timeline | None:
    """Return the timeline, or None while nothing is measured and nothing has started."""
    now = read_instant(view.get("now"))
    clock = view.get("clock") or {}
    started = read_instant(clock.get("started_at"))
    if now is None or (started is None and not _has_history(view)):
        return None
    anchor = started or now
    ended = _find_end(view)
    now_label = _("now %(time)s") if ended is None else _("ended %(time)s")
    now = now if ended is None else ended
    vitals = view.get("vitals") or {}
    planned_min = float(clock.get("planned_s") or DEFAULT_PLANNED_MIN * 60) / 60
    pattern = str(getattr(protocol, "pattern", None) or view.get("pattern") or "infusion")
    return Timeline(
        anchor_at=anchor,
        now_minute=_minute(now, anchor),
        horizon_min=(planned_min if pattern == "infusion" else 10) + STAY_MIN.get(pattern, 60.0) + 4,
        anchor_label=write_hour(anchor),
        now_label=now_label % {"time": write_hour(now, seconds=True)},
        note=_("then observe, from the real end") if started else "",
        pressures=_read_pressures(view, anchor),
        heart=_read_points(vitals.get("heart_rate"), anchor),
        spo2=_read_points(vitals.get("spo2"), anchor),
        cadss=_read_points(vitals.get("cadss6"), anchor),
        resp=_read_words(vitals.get("resp_rate"), "resp_rate", view, anchor),
        sedation=_read_words(vitals.get("sedation"), "sedation", view, anchor),
        marks=_read_marks(view, started, anchor, planned_min, pattern),
        limits=_read_limits(protocol),
        forecast=forecast if started is not None and ended is None else None,
    )


def _find_end(view: View) -> datetime | None:
    """Return when the person left or the session ended otherwise, or None while it goes on; time stops there."""
    ends = [entry for entry in view.get("log") or [] if entry.get("type") in ENDS and not entry.get("corrected_by")]
    return read_instant(ends[-1].get("occurred_at")) if ends else None


def _has_history(view: View) -> bool:
    return any((vital or {}).get("history") for vital in (view.get("vitals") or {}).values())


def _minute(at: datetime, anchor: datetime) -> float:
    return (at - anchor).total_seconds() / 60


def _read_history(vital: View | None, anchor: datetime) -> list[tuple[float, Any, str]]:
    """Return minute, value and clock time of each measurement, in time order."""
    found = []
    for item in (vital or {}).get("history") or []:
        if isinstance(item, dict):
            at, value = item.get("observed_at") or item.get("at"), item.get("value")
        else:
            at, value = item[0], item[1]
        instant = read_instant(at)
        if instant is not None and value is not None:
            found.append((_minute(instant, anchor), value, write_hour(instant)))
    return sorted(found, key=lambda entry: entry[0])


def _read_pressures(view: View, anchor: datetime) -> tuple[Pressure, ...]:
    vital = (view.get("vitals") or {}).get("bp") or {}
    history = _read_history(vital, anchor)
    alarmed = find_alarm_items(view)
    is_hot = find_state("bp", vital, alarmed) == "alarm"
    readings = []
    for index, (minute, value, at) in enumerate(history):
        pair = split_pressure(value)
        if pair:
            hot = is_hot and index == len(history) - 1
            readings.append(Pressure(minute, float(pair[0]), float(pair[1]), hot, at, alarmed.get("bp", "")))
    return tuple(readings)


def _read_points(vital: View | None, anchor: datetime) -> tuple[Point, ...]:
    points = []
    for minute, value, at in _read_history(vital, anchor):
        try:
            points.append(Point(minute, float(value), at))
        except (TypeError, ValueError):
            continue
    return tuple(points)


def _read_words(vital: View | None, key: str, view: View, anchor: datetime) -> tuple[Word, ...]:
    """Return counted values, and `missed` where the protocol asked and nobody entered."""
    words = [Word(minute, write_number(value), at=at) for minute, value, at in _read_history(vital, anchor)]
    for item in view.get("due") or []:
        at = read_instant(item.get("due_at"))
        if item.get("state") == "missed" and at and key in (item.get("items") or ()):
            words.append(Word(_minute(at, anchor), _("missed"), True, write_hour(at)))
    return tuple(sorted(words, key=lambda word: word.minute))


def _read_marks(
    view: View, started: datetime | None, anchor: datetime, planned_min: float, pattern: str
) -> tuple[Mark, ...]:
    """Return start, pauses, devices and the planned end."""
    marks = []
    for item in view.get("marks") or _list_marks(view.get("log") or []):
        at = read_instant(item.get("at"))
        if at is not None:
            marks.append(Mark(_minute(at, anchor), str(item.get("text") or "")))
    if started is not None and not any(abs(mark.minute) < 0.01 for mark in marks):
        marks.append(Mark(0.0, _("Start")))
    ended = (view.get("clock") or {}).get("ended_at")
    if started is not None and pattern == "infusion" and not ended:
        paused = float((view.get("clock") or {}).get("paused_s") or 0) / 60
        marks.append(Mark(planned_min + paused, _("Planned end"), is_planned=True))
    return tuple(marks)


def _list_marks(log: list[View]) -> list[View]:
    """Return the log's events that change the dose, with short words."""
    names = {
        "dosing-started": _("Start"),
        "pause-recorded": _("Pause"),
        "resume-recorded": _("Resume"),
        "rate-change-recorded": _("Rate"),
        "stop-recorded": _("Stop"),
        "completion-recorded": _("End"),
        "device-given": _("Device"),
        "injection-given": _("Injection"),
    }
    return [
        {"at": entry.get("occurred_at"), "text": names[str(entry.get("type"))]}
        for entry in log
        if str(entry.get("type")) in names and not entry.get("corrected_by")
    ]


def _read_limits(protocol: Any) -> tuple[Limit, ...]:
    """Return the protocol's chart lines; the first of a side is shaded, the others are thin."""
    limits = []
    for row in getattr(protocol, "alarms", ()) or ():
        for drawn in _list_chart_lines(row):
            value = drawn.get("value")
            number = getattr(value, "value", None)
            if number is None:
                number = value.get("value") if isinstance(value, dict) else value
            lane = LANES.get(str(drawn.get("item") or ""))
            if lane is None or number is None:
                continue
            band = BANDS.get((str(drawn["item"]), float(number)), "")
            limits.append(Limit(lane, float(number), str(drawn.get("text") or ""), band))
    return tuple(limits)


def _list_chart_lines(row: Any) -> list[Any]:
    lines = getattr(row, "chart_lines", None) or getattr(row, "chart_line", None) or ()
    return [lines] if isinstance(lines, dict) else list(lines)
