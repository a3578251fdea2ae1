"""The vital tiles: figure, unit, age, origin, change from baseline, and a small trend."""

from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.web.sessions.present.words import read_instant, write_age, write_hour, write_number, write_signed

View = dict[str, Any]

# key in the view, name on the tile, unit, what to do when it is too old
TILES = (
    ("bp", gettext_lazy("BP"), "mmHg", gettext_lazy("Measure again")),
    ("heart_rate", gettext_lazy("Heart rate"), "/min", gettext_lazy("Count again")),
    ("spo2", gettext_lazy("SpO₂"), "%", gettext_lazy("Look at the probe")),
    ("resp_rate", gettext_lazy("Resp. rate"), "/min", gettext_lazy("Count again")),
    ("sedation", gettext_lazy("Sedation"), "MOAA/S", gettext_lazy("Speak, look")),
)

TYPED = gettext_lazy("by hand")
# a set of readings carries one origin; what it says of each value: a cuff measures no saturation
ORIGINS = {
    "manual": {"resp_rate": gettext_lazy("counted"), "sedation": gettext_lazy("observed")},
    "counted": {
        "heart_rate": gettext_lazy("counted"),
        "resp_rate": gettext_lazy("counted"),
        "sedation": gettext_lazy("observed"),
    },
    "cuff": {
        "bp": gettext_lazy("cuff"),
        "heart_rate": gettext_lazy("cuff"),
        "spo2": gettext_lazy("oximeter"),
        "resp_rate": gettext_lazy("counted"),
        "sedation": gettext_lazy("observed"),
    },
    "monitor": {
        "bp": gettext_lazy("monitor"),
        "heart_rate": gettext_lazy("monitor"),
        "spo2": gettext_lazy("monitor"),
        "resp_rate": gettext_lazy("monitor"),
        "sedation": gettext_lazy("observed"),
    },
}

SPARKS = {"bp": (64, 24), "heart_rate": (84, 26)}


def split_pressure(value: Any) -> tuple[Any, Any] | None:
    """Return systolic and diastolic of a stored pressure, whichever way it is written."""
    if isinstance(value, dict):
        systolic = value.get("systolic", value.get("systolic_mmhg"))
        diastolic = value.get("diastolic", value.get("diastolic_mmhg"))
    elif isinstance(value, list | tuple) and len(value) == 2:
        systolic, diastolic = value
    elif isinstance(value, str) and "/" in value:
        systolic, diastolic = value.split("/", 1)
    else:
        return None
    return None if systolic is None or diastolic is None else (systolic, diastolic)


def build_tiles(view: View) -> list[View]:
    """Return the five tiles in their fixed places."""
    vitals = view.get("vitals") or {}
    alarmed = find_alarm_items(view)
    return [
        {**_build_tile(key, name, unit, ask, vitals.get(key), alarmed), "was": _write_was(view, key, alarmed)}
        for key, name, unit, ask in TILES
    ]


def write_origin(key: str, origin: Any) -> str:
    """Return where one value of a set comes from."""
    if not origin:
        return ""
    return str(ORIGINS.get(str(origin), {}).get(key, TYPED))


def _write_was(view: View, key: str, alarmed: dict[str, str]) -> str:
    """Return the value of an alarm that is over and still shown: `was 88 at 23:52`, beside the value that is normal."""
    if key in alarmed:
        return ""
    past = [alarm for alarm in view.get("alarms") or [] if alarm.get("is_over") and key in _list_items(alarm)]
    raised = max((at for alarm in past if (at := read_instant(alarm.get("raised_at")))), default=None)
    history = ((view.get("vitals") or {}).get(key) or {}).get("history") or []
    before = [item for item in history if raised and (at := read_instant(item.get("observed_at"))) and at <= raised]
    if not before or len(before) == len(history):
        return ""
    pair = split_pressure(before[-1]["value"])
    value = f"{write_number(pair[0])}/{write_number(pair[1])}" if pair else write_number(before[-1]["value"])
    return _("was %(value)s at %(at)s") % {"value": value, "at": write_hour(before[-1]["observed_at"])}


def _build_tile(key: str, name: Any, unit: str, ask: Any, vital: View | None, alarmed: dict[str, str]) -> View:
    """Return one tile; a vital that was never taken keeps its place with two dashes."""
    tile: View = {"key": key, "name": name, "unit": unit, "ask": ask, "state": "none", "figure": "––"}
    if vital and vital.get("lost_at"):
        return {**tile, "age": _("signal lost"), "note": _write_lost(vital)}
    if not vital or vital.get("value") is None:
        return {**tile, "age": _("not yet"), "note": _("Not recorded")}
    state = find_state(key, vital, alarmed)
    pair = split_pressure(vital.get("value")) if key == "bp" else None
    tile.update(
        state=state,
        figure=write_number(vital.get("value")) if pair is None else "",
        systolic=write_number(pair[0]) if pair else "",
        diastolic=write_number(pair[1]) if pair else "",
        mean=round((float(pair[0]) + 2 * float(pair[1])) / 3) if pair else None,
        observed_at=vital.get("observed_at") or "",
        age=write_age(vital.get("age_s"), vital.get("observed_at")),
        origin=write_origin(key, vital.get("origin")),
        change=_write_change(vital.get("change_from_baseline")),
        baseline=_write_baseline(vital, key),
        alarm=alarmed.get(key, "") if state == "alarm" else "",
        spark=_draw_spark(key, vital.get("history") or []),
    )
    if state == "none":
        last = _("last %(value)s, %(at)s") % {
            "value": write_number(vital.get("value")) or (f"{pair[0]}/{pair[1]}" if pair else "–"),
            "at": write_hour(vital.get("observed_at")),
        }
        tile.update(figure="––", systolic="", diastolic="", note=last)
    return tile


def _write_lost(vital: View) -> str:
    """Return since when a signal is lost, and the last value with its time: that value says nothing of now."""
    since = _("Lost since %(at)s") % {"at": write_hour(vital["lost_at"], seconds=True)}
    if vital.get("value") is None:
        return since
    values = {"value": write_number(vital["value"]), "at": write_hour(vital.get("observed_at"))}
    return f"{since}, " + _("last %(value)s, %(at)s") % values


def _write_change(change: Any) -> str:
    """Return the change from baseline, `+39/+18` for a pressure."""
    pair = split_pressure(change)
    if pair:
        return f"{write_signed(pair[0])}/{write_signed(pair[1])}"
    return write_signed(change) if not isinstance(change, dict) else ""


def _write_baseline(vital: View, key: str) -> str:
    """Return the baseline a change counts from: as given, else the value without the change."""
    if vital.get("baseline") is not None:
        pair = split_pressure(vital["baseline"])
        return f"{write_number(pair[0])}/{write_number(pair[1])}" if pair else write_number(vital["baseline"])
    value, change = split_pressure(vital.get("value")), split_pressure(vital.get("change_from_baseline"))
    if key != "bp" or value is None or change is None:
        return ""
    return "/".join(write_number(Decimal(str(here)) - Decimal(str(by))) for here, by in zip(value, change, strict=True))


def find_state(key: str, vital: View, alarmed: dict[str, str]) -> str:
    """Return a tile's state; an alarm that is over but not yet answered does not colour a value that is normal."""
    state = str(vital.get("state") or "fresh")
    return "fresh" if state == "alarm" and key not in alarmed else state


def find_alarm_items(view: View) -> dict[str, str]:
    """Return the highest priority of the alarms that hold now by vital, from the items a row names."""
    order = {"low": 0, "medium": 1, "high": 2}
    found: dict[str, str] = {}
    for alarm in view.get("alarms") or []:
        if alarm.get("state") == "cleared" or alarm.get("is_over"):
            continue
        priority = str(alarm.get("priority") or "medium")
        for item in _list_items(alarm):
            if order.get(priority, 0) >= order.get(found.get(item, "low"), 0):
                found[item] = priority
    return found


def _list_items(alarm: View) -> tuple[str, ...]:
    return tuple(alarm.get("items") or ()) or _guess_items(str(alarm.get("row") or ""))


def _guess_items(row: str) -> tuple[str, ...]:
    """Return the vitals an alarm row watches, by its published number."""
    number = row.removeprefix("A-")[:2]
    return {
        "01": ("bp",),
        "02": ("bp",),
        "04": ("bp",),
        "14": ("bp",),
        "05": ("heart_rate",),
        "06": ("spo2",),
        "07": ("resp_rate",),
        "08": ("sedation",),
    }.get(number, ())


def _draw_spark(key: str, history: list[Any]) -> SafeString | str:
    """Return the small trend of the last readings, or nothing with fewer than two."""
    size = SPARKS.get(key)
    values = [number for item in history[-12:] if (number := _read_history(item)) is not None]
    if size is None or len(values) < 2:
        return ""
    width, height = size
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (width - 6) / (len(values) - 1)
    points = [
        (2 + index * step, height - 4 - (value - low) / span * (height - 8)) for index, value in enumerate(values)
    ]
    drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return format_html(
        '<svg class="s-spark" width="{}" height="{}" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">'
        '<path d="M{}"/><circle cx="{}" cy="{}" r="2.6"/></svg>',
        width,
        height,
        width,
        height,
        drawn,
        f"{points[-1][0]:.1f}",
        f"{points[-1][1]:.1f}",
    )


def _read_history(item: Any) -> float | None:
    """Return the number of a history entry: the systolic of a pressure."""
    value = item.get("value") if isinstance(item, dict) and "value" in item else item
    pair = split_pressure(value)
    try:
        return float(str(pair[0] if pair else value))
    except (TypeError, ValueError):
        return None
