"""The words on the printed record: a projection of a session's events into the data of its template.

Times are the site's, values only measured ones, missed readings printed as missed. Nothing here decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from afterglow.chairside.details import PERSON
from afterglow.chairside.dosing import find_end, find_start, list_stretches
from afterglow.chairside.events import Event
from afterglow.chairside.nursing import SETTLED, TAKEN
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Protocol
from afterglow.web.record.course_chart import Course, PressurePoint, draw_course
from afterglow.web.sessions.present.details import write_details

DASH = "\u2013"
MINUS = "\u2212"
# entries that say nothing on paper
_NOT_LISTED = frozenset({"alarm-cleared", "alarm-silence-ended", "alarm-silenced", "ticked"})
# entries that go into other parts of the sheet, but for what only their line says
_ELSEWHERE = frozenset({"vitals-recorded", "pump-read"})
_IN_TABLE = frozenset({"cadss6", "moaas"})
# said by the remark of the table
_REMARKED = frozenset({"origin"})
_BY_HAND = frozenset({"", "manual"})


@dataclass(frozen=True, slots=True)
class Source:
    """Everything a sheet is made from, read once."""

    state: SessionState
    protocol: Protocol
    view: Mapping[str, Any]
    events: Sequence[Event]
    names: Mapping[str, str]
    zone: ZoneInfo

    def local(self, at: datetime | str) -> datetime:
        """Return an instant in the site's zone."""
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        return instant.astimezone(self.zone)

    def clock(self, at: datetime | str | None, *, seconds: bool = False) -> str:
        """Return the clock time of an instant at the site."""
        return DASH if at is None else self.local(at).strftime("%H:%M:%S" if seconds else "%H:%M")

    def name(self, user_id: str) -> str:
        """Return a person's name as it stands under a signature."""
        return self.names.get(user_id, user_id)

    @property
    def started_at(self) -> datetime | None:
        """When the first drug was given."""
        return find_start(self.state)


def cell(text: str, *, strong: bool = False, missed: bool = False) -> dict[str, Any] | str:
    """Return a table cell."""
    return {"text": text, "strong": strong or missed, "missed": missed} if strong or missed else text


def build_measurements(source: Source) -> dict[str, Any]:
    """Return the table of readings: one row an instant, a dash where nothing was due, `missed` where it was."""
    rows = _collect_rows(source)
    for at, missing_keys in _collect_missed(source).items():
        _mark_missed(rows, at, missing_keys)
    alarmed = {source.local(event.occurred_at) for event in source.state.list("alarm-raised")}
    keys = ("bp", "heart_rate", "spo2", "resp_rate", "sedation", "cadss6")
    table, bold = [], []
    for index, row in enumerate(sorted(rows, key=lambda each: each.first)):
        is_alarm = not alarmed.isdisjoint(row.instants) and "bp" in row.values
        if is_alarm:
            bold.append(index)
        values = [row.values.get(key, DASH) for key in keys]
        remark = _remark(row.values, sorted(row.origins), is_alarm=is_alarm)
        table.append([row.minute.strftime("%H:%M"), _minute(source, row.minute), *values, remark])
    return {
        "title": _("Measurements"),
        "note": _("Entered by hand unless marked. A dash was not due; missed was due and not taken"),
        "columns": [
            [_("Time"), "left"],
            [_("Min"), "right"],
            ["BP mmHg", "right"],
            ["HR /min", "right"],
            ["SpO\u2082 %", "right"],
            ["RR /min", "right"],
            ["MOAA/S 0\u20135", "right"],
            ["CADSS-6 0\u201324", "right"],
            [_("Remark"), "left"],
        ],
        "rows": table,
        "bold": bold,
        "empty": _("No measurement was recorded."),
    }


@dataclass(slots=True)
class Row:
    """A line of the table: the minute it stands under, the instants it was read at, and a value per kind."""

    first: datetime
    instants: set[datetime]
    values: dict[str, Any]
    origins: set[str] = field(default_factory=set)

    @property
    def minute(self) -> datetime:
        """The minute of its first reading."""
        return self.first.replace(second=0, microsecond=0)


def _collect_rows(source: Source) -> list[Row]:
    """Return a row per minute, and another one where a kind was read twice in it: no reading is left out."""
    readings = sorted(
        (source.local(reading["observed_at"]), order, key, reading["value"], reading.get("seq"))
        for key, vital in source.view["vitals"].items()
        for order, reading in enumerate(vital["history"])
    )
    origins = {event.seq: str(event.data.get("origin") or "") for event in source.state.list("vitals-recorded")}
    rows: list[Row] = []
    for at, _order, key, value, seq in readings:
        text = f"{value['systolic']}/{value['diastolic']}" if isinstance(value, dict) else f"{value}"
        row = rows[-1] if rows else None
        if row is None or row.minute != at.replace(second=0, microsecond=0) or key in row.values:
            row = Row(at, set(), {})
            rows.append(row)
        row.instants.add(at)
        row.values[key] = text
        row.origins |= {origins.get(seq, "")} - _BY_HAND
    return rows


def _mark_missed(rows: list[Row], at: datetime, keys: Sequence[str]) -> None:
    """Write `missed` under the kinds that were due in that minute and not read in it."""
    same = [row for row in rows if row.minute == at]
    wanted = [key for key in keys if not any(key in row.values for row in same)]
    if not wanted:
        return
    if not same:
        same = [Row(at, set(), {})]
        rows.extend(same)
    for key in wanted:
        same[0].values[key] = cell(_("missed"), missed=True)


def _collect_missed(source: Source) -> dict[datetime, list[str]]:
    missed: dict[datetime, list[str]] = {}
    for due in source.view["due"]:
        if due["state"] == "missed":
            at = source.local(due["due_at"]).replace(second=0, microsecond=0)
            missed.setdefault(at, []).extend(item for item in due["items"] if item != "nausea")
    return {at: keys for at, keys in missed.items() if keys}


def _minute(source: Source, at: datetime) -> str:
    if source.started_at is None:
        return DASH
    minutes = round((at - source.local(source.started_at).replace(second=0, microsecond=0)).total_seconds() / 60)
    return str(minutes).replace("-", MINUS)


def _remark(row: Mapping[str, Any], origins: Sequence[str], *, is_alarm: bool) -> str:
    words = [_("alarm")] if is_alarm else []
    names = {"cuff": _("cuff"), "monitor": _("monitor"), "counted": _("counted")}
    words += [names.get(origin, origin) for origin in origins]
    if "oxygen" in row:
        words.append(_("oxygen %(flow)s L/min") % {"flow": row["oxygen"]})
    if "nausea" in row and not isinstance(row["nausea"], dict):
        words.append(_("nausea %(level)s") % {"level": row["nausea"]})
    if "temperature" in row:
        words.append(f"{row['temperature']} \u00b0C")
    return ", ".join(words)


def build_chart(source: Source) -> dict[str, Any] | None:
    """Return the course as a picture with its words, or None where no pressure was measured."""
    history = source.view["vitals"]["bp"]["history"]
    if not history:
        return None
    anchor = source.started_at or datetime.fromisoformat(history[0]["observed_at"])
    alarmed = {event.occurred_at for event in source.state.list("alarm-raised")}

    def minute(at: str | datetime) -> float:
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        return (instant - anchor).total_seconds() / 60

    pressures = [
        PressurePoint(
            minute(each["observed_at"]),
            each["value"]["systolic"],
            each["value"]["diastolic"],
            datetime.fromisoformat(each["observed_at"]) in alarmed,
        )
        for each in history
    ]
    ended = find_end(source.state, source.protocol)
    marks = [(0.0, _("start"))] if source.started_at else []
    if ended is not None:
        marks.append((minute(ended), _("end")))
    until = ended or datetime.fromisoformat(source.view["now"])
    pauses = [
        (minute(stretch.start), minute(stretch.end))
        for stretch in list_stretches(source.state, until)
        if stretch.is_pause
    ]
    limits = _find_limits(source.protocol)
    course = Course(
        pressures=pressures,
        heart_rates=_points(source, "heart_rate", minute),
        saturations=_points(source, "spo2", minute),
        pauses=pauses,
        marks=marks,
        pressure_limits=[(value, _("limit %(n)s") % {"n": f"{value:g}"}) for value in limits["pressure"]],
        saturation_limit=limits["spo2"],
    )
    return {
        "title": _("Course"),
        "note": _("Minutes from the start at %(time)s. Measured values only; no prediction is printed")
        % {"time": source.clock(anchor, seconds=True)},
        "svg": draw_course(course),
        "alt": _(
            "Blood pressure as bars, heart rate and oxygen saturation as lines over the session; "
            "the same values stand in the table below."
        ),
    }


def _points(source: Source, key: str, minute: Any) -> list[tuple[float, float]]:
    return [(minute(each["observed_at"]), float(each["value"])) for each in source.view["vitals"][key]["history"]]


def _find_limits(protocol: Protocol) -> dict[str, Any]:
    """Return the upper pressure limits and the SpO2 limit that the protocol's alarm rows draw."""
    pressure: list[float] = []
    spo2: float | None = None
    for row in protocol.alarms:
        for line in row.chart_lines:
            value = line["value"]
            number = float(getattr(value, "value", value))
            if row.id == "A-01":
                pressure.append(number)
            elif line["item"] == "spo2" and (spo2 is None or number > spo2):
                spo2 = number
    return {"pressure": sorted(set(pressure), reverse=True), "spo2": spo2}


def build_events(source: Source) -> dict[str, Any]:
    """Return what happened, a line each, with late entries marked."""
    lines = {line["seq"]: line for line in source.view["log"]}
    rows = []
    for event in sorted(source.events, key=lambda each: (each.occurred_at, each.seq)):
        line = lines[event.seq]
        more = _write_more(source, event, line)
        if event.type in _NOT_LISTED or (_is_elsewhere(source, event) and not (more or line["note"])):
            continue
        words = str(line["text"])
        if event.type in ("time-out-signed", "release-signed", "order-signed"):
            signers = [source.name(event.by), *([source.name(event.second)] if event.second else [])]
            words = f"{words}: {', '.join(signers)}"
        if event.type in (*TAKEN, *SETTLED, "handover-offered"):
            words = f"{words}: {source.name(str(event.data.get('to') or event.data.get('nurse') or ''))}"
        for part in (more, line.get("right"), line["note"]):
            if isinstance(part, str) and part:
                words = f"{words}. {part}"
        if line["is_late"]:
            words += _(" (entered %(time)s)") % {"time": source.clock(event.recorded_at, seconds=True)}
        if line["corrected_by"]:
            words += _(" (corrected by entry %(n)s)") % {"n": line["corrected_by"]}
        is_strong = event.type in ("release-signed", "ending-recorded")
        at = source.clock(event.occurred_at, seconds=True)
        rows.append({"time": at, "text": words, "by": source.name(event.by), "strong": is_strong})
    return {"title": _("Events"), "note": "", "rows": rows}


def _is_elsewhere(source: Source, event: Event) -> bool:
    """Return whether another part of the sheet says what the words of an entry say."""
    if event.type == "score-recorded":
        return event.data.get("scale") in _IN_TABLE
    if event.type == "check-recorded":
        gates = (gate for gate in source.protocol.gates if gate.kind == "observed" and "what" in gate.params)
        seen = {str(gate.params["what"].value) for gate in gates}
        return bool(event.data.get("passed")) and event.data.get("check") in seen
    if event.type == "vitals-recorded" and event.data.get("spo2_lost"):
        return False
    return event.type in _ELSEWHERE


def _write_more(source: Source, event: Event, line: Mapping[str, Any]) -> str:
    """Return what was entered beside the words of a line; who has the chair or is offered it stands in them."""
    is_chair = event.type in (*TAKEN, "handover-offered")
    details = [
        each
        for each in line.get("details") or ()
        if not (event.type == "vitals-recorded" and each["name"] in _REMARKED)
        and not (event.type == "score-recorded" and _is_elsewhere(source, event))
        and not (is_chair and each["kind"] == PERSON and each["name"] in ("nurse", "to"))
    ]
    with timezone.override(source.zone):
        return write_details(details, source.names)


def build_corrections(source: Source) -> dict[str, Any]:
    """Return every correction beside what stood there before."""
    rows = []
    for event in source.events:
        if event.type not in ("entry-corrected", "entry-withdrawn"):
            continue
        target = source.state.find_seq(int(event.data["seq"]))
        before = {line["seq"]: line["text"] for line in source.view["log"]}.get(int(event.data["seq"]), "")
        words = _("Entry %(seq)s, %(time)s: %(before)s. ") % {
            "seq": event.data["seq"],
            "time": source.clock(target.occurred_at if target else None),
            "before": before,
        }
        rows.append(words + _describe_change(event) + f" ({source.name(event.by)}, {source.clock(event.recorded_at)})")
    return {"title": _("Corrections"), "note": _("the first entry stays"), "rows": rows}


def _describe_change(event: Event) -> str:
    if event.type == "entry-withdrawn":
        return _("Taken back.")
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in (event.data.get("data") or {}).items()]
    for name in ("text", "reason"):
        if isinstance(event.data.get(name), str):
            parts.append(event.data[name])
    return _("Now: %(what)s") % {"what": ", ".join(parts)}


def get_page_language() -> str:
    """Return the language of the sheet."""
    return (get_language() or "en").split("-")[0]
