"""The dose card: what was ordered, what the clock makes of it, what the pump says; devices their own way."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from afterglow.web.sessions.present.words import (
    read_instant,
    write_age,
    write_days_ago,
    write_fixed,
    write_hour,
    write_minute,
    write_number,
    write_span,
)

View = dict[str, Any]

DRUGS = {"racemic": "Ketamine", "esketamine": "Esketamine"}
ROUTES = {
    "iv": "IV",
    "im": "IM",
    "sc": "SC",
    "intranasal": "nasal",
    "sublingual": "sublingual",
    "oral": "by mouth",
}


def build_dose(view: View, protocol: Any, order: View | None) -> View:
    """Return the dose card of the session's pattern."""
    dose, phase = view.get("dose") or {}, str(view.get("phase") or "")
    pattern = str(getattr(protocol, "pattern", None) or view.get("pattern") or "infusion")
    card: View = {
        "pattern": pattern,
        "phase": phase,
        "ordered_mg": write_number(dose.get("ordered_mg")),
        "drug": DRUGS.get(str(getattr(protocol, "drug", "")), "Ketamine"),
        "route": ROUTES.get(str(getattr(protocol, "route", "")), ""),
        "lines": _write_arithmetic(order or {}, dose, view.get("now")),
        "tag": _name_state(phase),
        "is_running": phase == "dosing",
        "is_paused": phase == "paused",
    }
    if pattern == "devices":
        card.update(_build_devices(view, dose, protocol))
    else:
        card.update(_build_amounts(view, dose))
    return card


def _name_state(phase: str) -> str:
    return {
        "dosing": _("Running"),
        "paused": _("Paused"),
        "observing": _("Ended"),
        "ready": _("Ready"),
        "released": _("Ended"),
        "left": _("Ended"),
    }.get(phase, _("Not started"))


def _build_amounts(view: View, dose: View) -> View:
    """Return calculated and read amounts with the bar of the run."""
    clock, pump = view.get("clock") or {}, dose.get("pump") or {}
    run, planned, left = clock.get("run_s"), clock.get("planned_s"), clock.get("left_s")
    limit = None if pump.get("limit_percent") is None else float(pump["limit_percent"])
    return {
        "has_run": bool(clock.get("started_at")),
        "calculated_mg": write_fixed(dose.get("calculated_mg")),
        "calculated_mg_per_kg": write_fixed(dose.get("calculated_mg_per_kg"), 2),
        "calculated_ml": write_fixed(dose.get("calculated_ml")),
        "rate_ml_per_h": write_number(dose.get("rate_ml_per_h")),
        "pump_ml": str(pump.get("ml") or ""),
        "pump_mg": str(pump.get("mg") or ""),
        "pump_hour": write_hour(pump.get("read_at")),
        "pump_at": pump.get("read_at") or "",
        "pump_age": _write_pump_age(pump.get("read_at"), view.get("now")),
        "is_over": left is not None and float(left) <= 0,
        "difference": _write_difference(pump.get("difference_percent"), limit),
        "is_different": limit is not None and abs(float(pump.get("difference_percent") or 0)) > limit,
        "run_s": run,
        "planned_s": planned,
        "run": write_span(run),
        "left": write_span(left),
        "left_s": left,
        "paused": write_span(clock.get("paused_s")) if clock.get("paused_s") else "",
        "share": max(0, min(100, round(float(run) / float(planned) * 100))) if run and planned else 0,
    }


def _write_pump_age(read_at: Any, now: Any) -> str:
    at, present = read_instant(read_at), read_instant(now)
    return write_age((present - at).total_seconds(), at) if at and present else ""


def _write_difference(percent: Any, limit: float | None) -> str:
    if percent is None:
        return ""
    if limit is not None and abs(float(percent)) > limit:
        sign = "+" if float(percent) > 0 else "\u2212"
        words = {"n": f"{sign}{write_fixed(abs(float(percent)), 0)}", "limit": write_fixed(limit, 0)}
        return _("Pump %(n)s %% from clock, limit %(limit)s %%") % words
    return _("Pump within %(n)s %% of clock") % {"n": write_fixed(abs(float(percent)), 0)}


def _build_devices(view: View, dose: View, protocol: Any) -> View:
    """Return given devices, which one is next, and the countdown of the gap between two."""
    devices = dose.get("devices") or []
    given = [device for device in devices if device.get("outcome")]
    planned = int(dose.get("ordered_devices") or dose.get("planned_devices") or len(devices) or 0)
    counted = sum(1 for device in given if device.get("outcome") != "failed")
    gap_min = _read_setting(protocol, "device.gap_min", 5)
    last = next((device for device in reversed(given)), None)
    opens_at = dose.get("next_device_at") or _add_minutes((last or {}).get("given_at"), gap_min)
    now = read_instant(view.get("now"))
    opens = read_instant(opens_at)
    wait = max(0, int((opens - now).total_seconds())) if opens and now and counted < planned else 0
    return {
        "has_run": bool(given),
        "devices": [_build_device(index, device) for index, device in enumerate(given, start=1)],
        "planned_devices": planned,
        "given_devices": counted,
        "next_device": counted + 1 if counted < planned else None,
        "opens_at": opens.isoformat() if opens else "",
        "opens_hour": write_hour(opens, seconds=True) if opens else "",
        "wait_s": wait,
        "wait": write_span(wait),
        "share": round(counted / planned * 100) if planned else 0,
        "calculated_mg": write_fixed(dose.get("calculated_mg"), 0),
    }


def _build_device(index: int, device: View) -> View:
    return {
        "number": device.get("number") or index,
        "at": write_hour(device.get("given_at"), seconds=True),
        "lot": device.get("lot") or "",
        "outcome": device.get("outcome") or "",
        "mg": write_number(device.get("mg")),
    }


def _write_arithmetic(order: View, dose: View, now: Any) -> list[str]:
    """Return the order's arithmetic in one or two lines."""
    lines = []
    if order.get("mg_per_kg") and order.get("weight_kg"):
        first = f"{order['mg_per_kg']} mg/kg × {order['weight_kg']} kg"
        if order.get("weighed_at"):
            first += ", " + _("weighed %(at)s") % {"at": write_minute(order["weighed_at"], now)}
            first += f", {old}" if (old := write_days_ago(order["weighed_at"], now)) else ""
        if order.get("cap_mg"):
            first += ". " + _("Cap %(mg)s mg.") % {"mg": write_number(order["cap_mg"])}
        lines.append(first)
    second = []
    if order.get("total_ml"):
        second.append(
            _("In %(ml)s mL, %(c)s mg/mL.")
            % {"ml": write_number(order["total_ml"]), "c": write_number(order.get("bag_mg_per_ml"))}
        )
    rate = dose.get("rate_ml_per_h") or order.get("rate_ml_per_h")
    if rate:
        second.append(_("Pump set %(rate)s mL/h") % {"rate": write_number(rate)})
    if second:
        lines.append(" ".join(second))
    return lines


def _read_setting(protocol: Any, name: str, fallback: Any) -> Any:
    """Return a protocol's setting, or the fallback when it has none."""
    try:
        return protocol.setting(name)
    except (AttributeError, KeyError):
        return fallback


def _add_minutes(at: Any, minutes: Any) -> str:
    instant = read_instant(at)
    return (instant + timedelta(minutes=float(minutes))).isoformat() if instant else ""
