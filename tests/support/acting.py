"""A directed generator of sessions: mostly what a clinic would do next, sometimes anything at all.

Used by the stateful tests and by the long seeded run; a generator of random numbers is passed in.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside import COMMANDS, SYSTEM, Decision, Refusal
from afterglow.chairside.alarms import list_active
from afterglow.chairside.drug_balance import find_known
from afterglow.chairside.fields import FieldSpec
from afterglow.chairside.orders import list_open_verbal_orders
from tests.support.rooms import CAST, DIRECTOR, NURSE, OTHER_NURSE, PRESCRIBER, READ_ALOUD, Room, answer_best

PROTOCOLS = ("iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu")
SYMPTOMS = ("nausea", "chest-pain", "panic", "headache", "seizure", "persistent-vomiting")
CHECKED = ("oriented", "walks-unaided", "escort-present", "instructions-given", "iv-removed")


def propose(room: Room, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a command with data that would be sensible now, most of the time."""
    name = rng.choice(NEXT[room.phase])
    return name, BUILDERS[name](room, rng) if name in BUILDERS else build_any(name, rng)


def build_any(name: str, rng: random.Random) -> dict[str, Any]:
    """Return data that the fields of a command take, each optional one by chance."""
    specs = COMMANDS[name].fields
    return {spec.name: build_value(spec, rng) for spec in specs if spec.is_required or rng.random() < 0.3}


def build_value(spec: FieldSpec, rng: random.Random) -> Any:
    """Return a value that a field takes."""
    if spec.choices:
        return rng.sample(spec.choices, min(2, len(spec.choices))) if spec.kind == "codes" else rng.choice(spec.choices)
    if spec.kind in ("number", "whole"):
        low, high = int(spec.low or 1) + 1, int(spec.high or 10)
        return rng.randint(low, max(low, min(high, low + 40)))
    plain: dict[str, Any] = {
        "code": "x",
        "text": "as seen at the chair, all well",
        "flag": rng.random() < 0.5,
        "instant": "2026-11-17T08:00:00+00:00",
        "day": rng.choice(["2026-11-17", "2027-01-01", "2026-11-01"]),
        "codes": ["x"],
        "list": ["x"],
        "object": {"x": 1},
    }
    return plain[spec.kind]


def act(room: Room, rng: random.Random) -> Decision | Refusal:
    """Let some time pass, then let someone do something; return what came of it."""
    room.wait(seconds=rng.choice((0, 1, 4, 8, 20, 60, 120, 300, 600)))
    if rng.random() < 0.3:
        room.tick()
    name, data = propose(room, rng) if rng.random() < 0.9 else _pick_wild(rng)
    by = SYSTEM if name == "tick" else _pick_actor(name, rng)
    second = rng.choice((None, OTHER_NURSE, OTHER_NURSE, PRESCRIBER, by)) if name in PAIRED else None
    at = room.now
    if rng.random() < 0.15:
        at = room.now - timedelta(seconds=rng.choice((30, 150, 600)))
    return room.ask(name, by, second=second, occurred_at=at, **data)


PAIRED = frozenset({"sign-time-out", "start", "give-device", "give-injection", "record-reconciliation", "override",
                    "sign-order", "correct-entry"})  # fmt: skip
SIGNED = {"sign-order": PRESCRIBER, "cosign-order": PRESCRIBER, "sign-release": PRESCRIBER, "close-record": PRESCRIBER,
          "override": DIRECTOR, "record-suicide-assessment": PRESCRIBER, "accept-handover": OTHER_NURSE,
          "decline-handover": OTHER_NURSE}  # fmt: skip


def _pick_actor(name: str, rng: random.Random) -> Any:
    return rng.choice(CAST) if rng.random() < 0.1 else SIGNED.get(name, NURSE)


def _pick_wild(rng: random.Random) -> tuple[str, dict[str, Any]]:
    name = rng.choice([each for each in COMMANDS if each != "open-session"])
    return name, build_any(name, rng)


def _vitals(room: Room, rng: random.Random) -> dict[str, Any]:
    systolic = rng.choice((88, 112, 124, 124, 130, 138, 164, 183))
    data = {"systolic": systolic, "diastolic": systolic - 44, "heart_rate": 72, "spo2": 98, "resp_rate": 14, "moaas": 5}
    if rng.random() < 0.1:
        data |= rng.choice(({"spo2": 92}, {"spo2": 88}, {"moaas": 2}, {"resp_rate": 9}))
    return data


def _check(room: Room, rng: random.Random) -> dict[str, Any]:
    met = {event.data["check"] for event in room.state.list("check-recorded") if event.data["passed"]}
    asked = [c.id for c in room.protocol.checks if c.kind in ("confirm", "escort", "fasting") and c.id not in met]
    names = [*asked, *CHECKED] if room.phase in ("observing", "dosing") else asked or list(CHECKED)
    data: dict[str, Any] = {"check": rng.choice(names), "passed": rng.random() < 0.97}
    if data["check"] == "fasting":
        data |= {"solids_h": 12, "solids_kind": "light", "fluids_h": 4}
    return data


def _order(room: Room, rng: random.Random) -> dict[str, Any]:
    if room.protocol.pattern.value == "devices":
        return {"devices": rng.choice((2, 2, 3))}
    return {"dose_mg_per_kg": rng.choice(("0.5", "0.4")), "duration_min": 40}


def _prepare(room: Room, rng: random.Random) -> dict[str, Any]:
    data = {"vial_mg_per_ml": "50", "drawn_ml": rng.choice(("0.57", "0.57", "0.72")), "lot": "L1"}
    return data | {"diluent_ml": "100", "line_ml": "1.5"} if room.protocol.pattern.value == "infusion" else data


def _name_entry(room: Room, rng: random.Random) -> int:
    return rng.choice(room.events[-12:]).seq


def _correct(room: Room, rng: random.Random) -> dict[str, Any]:
    event = rng.choice(room.events)
    changes: dict[str, Any] = {"text": "it was otherwise"}
    if event.type == "vitals-recorded":
        changes = {"data": {"systolic": 126}}
    elif event.type == "preparation-recorded":
        changes = {"data": {"drawn_ml": "0.60"}}
    elif event.type in ("pause-recorded", "dosing-started", "device-given", "injection-given"):
        changes = {"data": {"occurred_at": room.events[-1].recorded_at.isoformat()}}
    return {"seq": event.seq, "reason": "misread", **changes}


def _account(room: Room, rng: random.Random) -> dict[str, Any]:
    """Account for the drug: by the entries, or with another figure, which has its reason or has none."""
    in_devices = room.protocol.pattern.value == "devices"
    known = find_known(room.state, room.protocol, room.now, in_devices=in_devices)
    given = (known.given or Decimal(0)).quantize(Decimal(1) if in_devices else Decimal("0.1"))
    prepared = max(known.used if in_devices else known.drawn or Decimal(0), given)
    if rng.random() < 0.3:
        given = max(given - rng.choice((1, 6)), Decimal(0))
    data: dict[str, Any] = {"prepared": prepared, "given": given, "returned": 0, "wasted": prepared - given}
    if in_devices:
        counted = {f"{name}_devices": int(each) for name, each in data.items()}
    else:
        counted = {f"{name}_mg": str(each) for name, each in data.items()} | {"left_in_line_mg": "0"}
    return counted | ({"note": "one was dropped"} if rng.random() < 0.5 else {})


def _alarm(room: Room, rng: random.Random) -> dict[str, Any]:
    standing = [alarm.id for alarm in list_active(room.state)]
    return {"alarm": rng.choice(standing or ["A-01:1:1"])}


BUILDERS: dict[str, Callable[[Room, random.Random], dict[str, Any]]] = {
    "confirm-identity": lambda _r, _g: {"identifiers": ["name", "birth-date"]},
    "confirm-consent": lambda _r, rng: {"agrees": rng.random() < 0.97},
    "record-weight": lambda _r, rng: {"weight_kg": rng.choice(("72.0", "72.4"))},
    "record-check": _check,
    "record-vitals": _vitals,
    "record-suicide-screen": lambda _r, rng: {"level": rng.choice((0, 0, 0, 4)), "behaviour": False},
    "record-suicide-assessment": lambda _r, rng: {
        "outcome": rng.choice(("may-proceed", "may-proceed", "no-dose-today")),
        "reason": "asked at length, plan gone through",
    },
    "sign-order": _order,
    "record-verbal-order": lambda _r, rng: {
        "prescriber": PRESCRIBER.id,
        "order": "as said",
        "read_back": rng.random() < 0.8,
        "devices": 1,
    },
    "cosign-order": lambda room, rng: {
        "order": rng.choice([event.seq for event in list_open_verbal_orders(room.state)] or [1])
    },
    "record-preparation": _prepare,
    "sign-time-out": lambda _r, _g: {"confirmed": list(READ_ALOUD)},
    "start": lambda _r, rng: {"already_happened": True} if rng.random() < 0.1 else {},
    "give-injection": lambda _r, rng: {"dose_mg": rng.choice(("14", "18", "28.5"))},
    "give-device": lambda _r, rng: {"lot": "SP-7", "outcome": rng.choice(("given", "given", "failed", "sneezed"))},
    "record-rate-change": lambda _r, rng: {"rate_ml_per_h": rng.choice(("75", "151", "0"))},
    "record-resume": lambda _r, rng: {"rate_ml_per_h": "75"} if rng.random() < 0.3 else {},
    "record-score": lambda _r, rng: rng.choice(
        ({"scale": "cadss6", "total": "0"}, {"scale": "cadss6", "total": "13"},
         {"scale": "aldrete", "answers": answer_best("aldrete")})
    ),
    "record-symptom": lambda _r, rng: {
        "kind": rng.choice(SYMPTOMS),
        "level": rng.choice(("none", "none", "none", "mild")),
    },
    "record-drug-given": lambda _r, rng: {
        "drug": rng.choice(("ondansetron", "midazolam")), "dose": "1 mg", "purpose": "rescue", "class": "antiemetic",
    },
    "acknowledge-alarm": _alarm,
    "silence-alarm": lambda room, rng: {**_alarm(room, rng), "seconds": 30},
    "override": lambda room, rng: {
        "rule": rng.choice([b["rule"] for b in room.view["blockers"] if b["rule"]] or ["phq9"]),
        "cause": "benefit-outweighs",
        "mitigation": "closer watch, prescriber in the room",
        "expires_on": "2026-11-18",
    },
    "sign-release": lambda _r, rng: {"reason": "as at home"} if rng.random() < 0.7 else {},
    "record-reconciliation": _account,
    "correct-entry": _correct,
    "withdraw-entry": lambda room, rng: {"seq": _name_entry(room, rng)},
    "assign-nurse": lambda _r, rng: {"nurse": rng.choice((NURSE.id, NURSE.id, OTHER_NURSE.id))},
    "offer-handover": lambda _r, _g: {"to": OTHER_NURSE.id},
    "record-access": lambda _r, rng: {"state": rng.choice(("good", "removed"))},
}  # fmt: skip

_ALWAYS = ("record-vitals", "record-vitals", "record-score", "record-symptom", "correct-entry", "withdraw-entry",
           "acknowledge-alarm", "silence-alarm", "record-note", "record-drug-given", "record-comfort",
           "set-preferences", "assign-nurse", "offer-handover", "accept-handover", "offer-handover",
           "decline-handover", "withdraw-handover")  # fmt: skip
_CHECKS = ("record-check",) * 16 + ("confirm-identity", "confirm-consent", "record-suicide-screen", "record-weight",
           "record-vitals", "sign-order", "record-preparation", "record-suicide-assessment", "override",
           "record-check", "sign-time-out", "sign-time-out")  # fmt: skip
_DURING = ("record-pause", "record-resume", "record-rate-change", "record-stop", "record-complete", "give-device",
           "give-device", "give-injection", "record-pump-reading", "record-verbal-order", "cosign-order",
           "record-preparation", "confirm-consent", "record-adverse-event")  # fmt: skip
_CLOSING = ("record-reconciliation", "close-record", "close-record", "add-addendum", "correct-entry", "cosign-order")
NEXT: dict[str, tuple[str, ...]] = {
    "booked": ("record-arrival", "record-arrival", "cancel-session"),
    "arrived": _CHECKS,
    "pre-checks": (*_CHECKS, *_ALWAYS[:4]),
    "ready": ("start", "give-injection", "give-device", "record-vitals", "record-preparation", "sign-time-out"),
    "dosing": (*_DURING, *_ALWAYS),
    "paused": ("record-resume", "record-stop", *_DURING, *_ALWAYS),
    "observing": (*_ALWAYS, *("record-check",) * 8, *("record-score",) * 6, *("record-vitals",) * 4,
                  "record-suicide-screen", "record-access", *("sign-release",) * 4, "record-ending",
                  "record-verbal-order", "give-device"),
    "released": ("record-left", "record-left", "record-drug-given", "record-vitals"),
    "left": _CLOSING,
    "ended": _CLOSING,
    "cancelled": _CLOSING,
}  # fmt: skip
