"""Golden logs of sessions: how each was acted out, and how a stored one is read and summed up.

`python -m tests.support.golden` writes the logs that are absent and never one that is there: a stored log is what an
earlier release wrote, and stays readable as it is.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from afterglow.chairside import Event, SessionState, derive_view, fold, parse_event, render_event
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.model import Protocol
from tests.support.rooms import OTHER_NURSE, PRESCRIBER, Room, answer_best

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "events"
ENDING = {"last_vitals": "131/82 at the chair", "told": "prescriber and escort", "drug_reconciled": True}


def play_infusion() -> Room:
    """A pressure alarm, a pause, a slower resume, a correction, a late reading, a verbal order, the whole way out."""
    room = Room().start().wait(10)
    room.vitals(systolic=163, diastolic=96)
    room.do("acknowledge-alarm", alarm=room.view["alarms"][0]["id"])
    room.wait(seconds=20).do("record-pause", pump_ml="25.9")
    room.wait(4).vitals(systolic=148, diastolic=88)
    room.do("record-verbal-order", prescriber="prescriber-1", order="go on at half", read_back=True)
    verbal = room.state.effective["verbal-order-recorded"][0].seq
    room.wait(1).do("record-resume", rate_ml_per_h="75.5")
    room.do("cosign-order", PRESCRIBER, order=verbal)
    room.wait(10).vitals(systolic=139, diastolic=84)
    seq = room.state.effective["vitals-recorded"][-1].seq
    room.do("correct-entry", seq=seq, data={"systolic": 141}, reason="misread")
    taken_at = room.now
    room.wait(10).do("record-vitals", systolic=144, diastolic=85, heart_rate=75, occurred_at=taken_at)
    room.vitals(systolic=140, diastolic=84)
    room.wait(10).do("record-stop", pump_ml="62.3")
    return leave(room).reconcile(prepared_mg="36", given_mg="22.3", wasted_mg="13.7")


def play_injection() -> Room:
    """Two injections, nausea, an antiemetic and a rescue dose that restarts the observation."""
    room = Room("im-racemic").ready()
    room.do("give-injection", dose_mg="18", site="deltoid-left", lot="0417-22")
    room.wait(2).do("give-injection", dose_mg="18", site="deltoid-right", lot="0417-22")
    room.wait(10).vitals(systolic=139)
    room.do("record-symptom", kind="nausea", level="vomiting")
    room.do("record-drug-given", drug="ondansetron", dose="4 mg", purpose="rescue", **{"class": "antiemetic"})
    room.do("record-symptom", kind="panic", level="strong")
    room.do("record-drug-given", drug="midazolam", dose="1 mg", purpose="rescue", **{"class": "benzodiazepine"})
    room.wait(5).do("record-symptom", kind="panic", level="none")
    return leave(room).reconcile()


def play_devices() -> Room:
    """A failed device and two good ones, sedation, the reading at 40 min, and the form."""
    room = Room("nasal-esketamine-us").ready()
    room.do("give-device", number=1, lot="SP-77", outcome="failed")
    for number in (2, 3):
        room.wait(5).do("give-device", number=number, lot="SP-77", outcome="given")
    room.wait(20).vitals(moaas=3)
    room.wait(20).vitals(systolic=142, diastolic=84)
    return leave(room, minutes=14).reconcile(prepared_mg="84", given_mg="56", wasted_mg="28")


def leave(room: Room, minutes: float = 15) -> Room:
    """Recover, be released, leave."""
    for systolic in (136, 132, 130, 128, 126, 124):
        room.wait(minutes).vitals(systolic=systolic, diastolic=80)
        room.do("record-score", scale="cadss6", total="1")
    room.do("record-score", scale="padss", answers=answer_best("padss"))
    room.do("record-suicide-screen", level=0, behaviour=False)
    for what in ("oriented", "walks-unaided", "escort-present", "instructions-given", "iv-removed"):
        room.do("record-check", check=what, passed=True)
    room.wait(1).do("sign-release", PRESCRIBER, reason="pressure as at home, cuff at hand")
    room.wait(4).do("record-left")
    return room


def play_ending(kind: str) -> Callable[[], Room]:
    """One of the other endings, each from another stage."""

    def play() -> Room:
        room = {"died": Room().start, "eloped": Room().observe}.get(kind, Room("nasal-esketamine-us").start)()
        room.wait(6).vitals(systolic=183 if kind in ("died", "transferred") else 131)
        if kind == "died":
            room.do("record-stop")
            room.do("record-adverse-event", kind="cardiac arrest", severity="severe", serious=True)
        room.do("record-ending", kind=kind, to="hospital" if kind == "transferred" else None, **ENDING)
        return room.reconcile()

    return play


def play_downtime() -> Room:
    """A session entered afterwards from a paper sheet, by two names."""
    room = Room().ready()
    began_at = room.wait(3).now
    room.wait(50).do("start", occurred_at=began_at, already_happened=True, second=OTHER_NURSE)
    for minutes, systolic in ((10, 138), (20, 144)):
        at = began_at + (room.now - began_at) * minutes / 50
        room.do("record-vitals", systolic=systolic, diastolic=84, heart_rate=77, spo2=97, occurred_at=at)
    room.do("record-complete", pump_ml="100", occurred_at=began_at + (room.now - began_at) * 40 / 50)
    return room


def play_silence() -> Room:
    """An entry taken back, an alarm silenced until its sound comes back, and a stop under it."""
    room = Room().start().wait(5)
    room.vitals(systolic=136)
    room.wait(seconds=4).do("withdraw-entry", seq=room.state.effective["vitals-recorded"][-1].seq)
    room.wait(1).vitals(systolic=183)
    room.wait(seconds=10).do("silence-alarm", alarm=room.view["alarms"][0]["id"], seconds=60)
    for _ in range(3):
        room.wait(seconds=30).tick()
    room.do("record-stop", pump_ml="19")
    return room


PLAYS: dict[str, Callable[[], Room]] = {
    "iv-racemic": play_infusion,
    "im-racemic": play_injection,
    "nasal-esketamine-us": play_devices,
    "left-against-advice": play_ending("left-against-advice"),
    "eloped": play_ending("eloped"),
    "transferred": play_ending("transferred"),
    "died": play_ending("died"),
    "downtime-sheet": play_downtime,
    "silence": play_silence,
}


def read_log(path: Path) -> tuple[Protocol, list[Event]]:
    """Return the protocol and the events of a stored log, old versions brought up to now."""
    first, *rest = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    protocol = get_effective(first["protocol"], indication=first.get("indication"))
    return protocol, [parse_event(line, f"line {number}") for number, line in enumerate(rest, start=2)]


def summarise(state: SessionState, protocol: Protocol) -> dict[str, Any]:
    """Return what a log comes to, seen an hour after its last event."""
    now = max(event.recorded_at for event in state.events)
    view = derive_view(state, protocol=protocol, now=now)
    return {
        "events": len(state.events),
        "types": dict(sorted(Counter(event.type for event in state.events).items())),
        "phase": view["phase"],
        "is_closed": view["is_closed"],
        "calculated_mg": None
        if view["dose"]["calculated_mg"] is None
        else f"{float(view['dose']['calculated_mg']):.2f}",
        "clock": view["clock"],
        "stay_min": view["discharge"]["stay_min"],
        "alarms": [
            [event.type, event.data["row"], event.occurred_at.isoformat()]
            for event in state.events
            if event.type in ("alarm-raised", "alarm-escalated", "alarm-cleared")
        ],
        "standing": [alarm["row"] for alarm in view["alarms"]],
        "gates": {gate["id"]: [gate["state"], gate["seen"]] for gate in view["discharge"]["gates"]},
        "vitals": {key: vital["value"] for key, vital in view["vitals"].items() if vital["value"] is not None},
        "deviations": [[row["seq"], row["rule"], row["seen"]] for row in view["deviations"]],
        "missed": [[row["text"], row["due_at"]] for row in view["due"] if row["state"] == "missed"],
        "rems_missing": None if view["rems"] is None else [field["id"] for field in view["rems"]["missing"]],
    }


def main() -> None:
    """Write every log that is not there yet, with its summary."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, play in PLAYS.items():
        path = FOLDER / f"{name}.jsonl"
        if path.exists():
            continue
        room = play()
        lines = [{"protocol": room.protocol.id, "indication": "trd"}, *map(render_event, room.events)]
        path.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines), encoding="utf-8")
        write_summary(path)
    for path in FOLDER.glob("*.jsonl"):
        if not path.with_suffix(".json").exists():
            write_summary(path)


def write_summary(path: Path) -> None:
    """Write what a stored log comes to beside it."""
    protocol, events = read_log(path)
    text = json.dumps(summarise(fold(events), protocol), indent=1, sort_keys=True) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
