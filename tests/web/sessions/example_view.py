"""A session's view as the fold derives it: a running infusion with a medium and a low alarm. All invented."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 17, 10, 25, 10, tzinfo=UTC)
START = datetime(2026, 11, 17, 10, 2, tzinfo=UTC)


def at(hour: int, minute: int, second: int = 0) -> str:
    """Return an instant of the day as ISO text."""
    return NOW.replace(hour=hour, minute=minute, second=second).isoformat()


def vital(value: Any, unit: str, when: str, origin: str, state: str, change: Any, history: list[Any]) -> dict[str, Any]:
    """Return one vital of the view."""
    age = int((NOW - datetime.fromisoformat(when)).total_seconds())
    return {
        "value": value,
        "unit": unit,
        "origin": origin,
        "observed_at": when,
        "age_s": age,
        "state": state,
        "change_from_baseline": change,
        "history": history,
    }


def past(values: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Return a history."""
    return [{"observed_at": when, "value": value} for when, value in values]


def pressure(systolic: int, diastolic: int) -> dict[str, int]:
    """Return a pressure."""
    return {"systolic": systolic, "diastolic": diastolic}


def build_running_view(**changes: Any) -> dict[str, Any]:
    """Return the view of the mock's moment: minute 23 of a 40-minute infusion."""
    heart = [(at(9, 57), 66)] + [
        ((START + timedelta(minutes=minute)).isoformat(), 66 + minute * 3 // 4) for minute in range(0, 24, 2)
    ]
    spo2 = [((START + timedelta(minutes=minute)).isoformat(), 98 - minute // 12) for minute in range(-5, 24, 2)]
    view: dict[str, Any] = {
        "phase": "dosing",
        "now": NOW.isoformat(),
        "steps": [
            {"phase": "arrived", "at": at(9, 12)},
            {"phase": "pre-checks", "at": at(9, 31), "text": "9 of 9"},
            {"phase": "ready", "at": at(9, 58), "text": "two-person"},
            {"phase": "dosing", "at": at(10, 2)},
            {"phase": "observing", "waits_for": "60 min at least, from the real end"},
            {"phase": "released", "waits_for": "criteria, then prescriber"},
            {"phase": "left", "waits_for": "after release"},
        ],
        "clock": {"started_at": at(10, 2), "run_s": 1390, "planned_s": 2400, "left_s": 1010, "paused_s": 0},
        "dose": {
            "ordered_mg": "36.0",
            "calculated_mg": "20.85",
            "calculated_mg_per_kg": "0.2896",
            "calculated_ml": "58.3",
            "rate_ml_per_h": "151",
            "pump": {"ml": "50.1", "read_at": at(10, 22), "difference_percent": "0.6"},
            "devices": [],
            "label": "calculated",
        },
        "vitals": _build_vitals(heart, spo2),
        "alarms": _build_alarms(),
        "due": _build_due(),
        "discharge": {"gates": [], "earliest_at": None, "is_open": False},
        "rems": None,
        "orders": [],
        "checks": [],
        "blockers": [],
        "deviations": [],
        "log": [
            {
                "seq": 1,
                "type": "vitals-recorded",
                "text": "BP 163/96",
                "occurred_at": at(10, 24, 30),
                "recorded_at": at(10, 24, 31),
                "by": "nurse-1",
                "is_late": False,
                "corrected_by": None,
                "corrects": None,
            }
        ],
        "allowed": [],
    }
    return {**view, **changes}


def _build_vitals(heart: list[Any], spo2: list[Any]) -> dict[str, Any]:
    pressures = [
        (at(9, 57), pressure(124, 78)),
        (at(10, 7), pressure(132, 82)),
        (at(10, 12), pressure(139, 85)),
        (at(10, 17), pressure(146, 89)),
        (at(10, 22), pressure(152, 92)),
        (at(10, 24, 30), pressure(163, 96)),
    ]
    return {
        "bp": vital(pressure(163, 96), "mm[Hg]", at(10, 24, 30), "cuff", "alarm", pressure(39, 18), past(pressures)),
        "heart_rate": vital(84, "/min", at(10, 25, 9), "monitor", "fresh", 18, past(heart)),
        "spo2": vital(96, "%", at(10, 25, 9), "monitor", "fresh", -2, past(spo2)),
        "resp_rate": vital(14, "/min", at(10, 7), "counted", "old", 0, past([(at(9, 57), 14), (at(10, 7), 14)])),
        "sedation": vital(5, "{score}", at(10, 7), "manual", "old", 0, past([(at(9, 57), 5), (at(10, 7), 5)])),
        "cadss6": vital(
            7, "{score}", at(10, 22), "manual", "fresh", 7, past([(at(9, 57), 0), (at(10, 12), 3), (at(10, 22), 7)])
        ),
    }


def _build_alarms() -> list[dict[str, Any]]:
    return [
        {
            "id": "A-01:7",
            "row": "A-01",
            "priority": "medium",
            "title": "BP 163/96, above 160/100",
            "limit_text": "",
            "first_act": "Pause the pump, record it, recheck in 2 to 5 min.",
            "first_act_command": "record-pause",
            "raised_at": at(10, 24, 30),
            "unanswered_s": 40,
            "acknowledged_by": None,
            "acknowledged_at": None,
            "state": "active",
        },
        {
            "id": "A-12:8",
            "row": "A-12",
            "priority": "low",
            "title": "RR, MOAA/S late",
            "limit_text": "",
            "first_act": "Medium at 10:27",
            "first_act_command": "record-vitals",
            "raised_at": at(10, 22),
            "unanswered_s": 190,
            "acknowledged_by": None,
            "acknowledged_at": None,
            "state": "active",
        },
    ]


def _build_due() -> list[dict[str, Any]]:
    return [
        {
            "id": "pause",
            "text": "Pause the pump, then record it",
            "detail": "while BP above 160/100; read its volume",
            "due_at": None,
            "state": "now",
            "command": "",
        },
        {
            "id": "recheck",
            "text": "Enter BP recheck",
            "due_at": at(10, 26, 30),
            "window": [at(10, 26, 30), at(10, 29, 30)],
            "state": "due",
            "command": "record-vitals",
        },
        {
            "id": "rr",
            "text": "RR and MOAA/S",
            "detail": "every 10 min, missed at 10:17",
            "due_at": at(10, 17),
            "state": "overdue",
            "command": "record-vitals",
        },
        {
            "id": "missed-rr",
            "text": "RR and MOAA/S",
            "due_at": at(10, 17),
            "state": "missed",
            "items": ["resp_rate", "sedation"],
            "command": "",
        },
        {
            "id": "v30",
            "text": "Vitals, CADSS-6, nausea",
            "detail": "30 min into the infusion",
            "due_at": at(10, 32),
            "state": "later",
            "command": "record-vitals",
        },
        {
            "id": "end",
            "text": "Pump volume, flush, observe",
            "detail": "60 min or more, then two readings",
            "when": "at the end",
            "state": "later",
            "command": "",
        },
        {"id": "d1", "text": "BP, CADSS-6 7 of 24, nausea none", "due_at": at(10, 22), "state": "done", "command": ""},
    ]
