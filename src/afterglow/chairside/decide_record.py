"""Deciding about the record itself: corrections, withdrawals, addenda, closing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside.commands import COMMANDS, RECORDED, Command, parse_command
from afterglow.chairside.context import Deciding
from afterglow.chairside.decide_before import record_assessment, record_check, record_preparation, record_weight
from afterglow.chairside.decide_giving import name_device_mg, read_pump
from afterglow.chairside.decide_leaving import note_moved
from afterglow.chairside.decide_watching import balance_drug, name_classes, record_score
from afterglow.chairside.dosing import INFUSION, TIMED, find_last_device_at, find_phase, is_rescue, list_devices
from afterglow.chairside.drug_balance import find_signed, is_explained, list_differences
from afterglow.chairside.errors import Refused
from afterglow.chairside.events import Event
from afterglow.chairside.orders import list_open_verbal_orders
from afterglow.chairside.state import SessionState
from afterglow.terms import InvalidInput, build_error, parse_instant, render_instant

OVER = ("left", "ended", "cancelled")
_COMMAND_OF = {each.event: each.name for each in COMMANDS.values()}
_SIGNED = frozenset(
    {
        "order-signed",
        "time-out-signed",
        "release-signed",
        "rule-overridden",
        "record-closed",
        "order-cosigned",
        "nurse-assigned",
        "handover-offered",
        "handover-accepted",
        "handover-withdrawn",
        "handover-declined",
        "emergency-recorded",
    }
)
# what a step of an emergency entered, and the word for taking it back
_OF_EMERGENCY = {"drug-given": "rescue-corrected", "stop-recorded": "dose-corrected"}
_GIVING = frozenset((*INFUSION, "injection-given", "device-given"))
_MOVES = frozenset({"occurred_at", "rate_ml_per_h", "dose_mg", "number", "outcome"})


def correct_entry(deciding: Deciding) -> dict[str, Any]:
    """A correction names the old entry and says what is right; signed things take an addendum instead."""
    target = deciding.state.find_seq(int(deciding.data["seq"]))
    if target is None or target.type not in _COMMAND_OF or target.type in ("entry-corrected", "entry-withdrawn"):
        target = None
    elif target.type not in _SIGNED:
        # what stands now: corrections before this one count, an entry that was taken back is gone
        target = next((each for each in deciding.state.list(target.type) if each.seq == target.seq), None)
    if target is not None and _is_cosigned(deciding, target.seq):
        raise Refused("entry-signed", "This order was co-signed as it stands; add an addendum.")
    if target is None:
        raise Refused("entry-not-correctable", "There is no entry of that number that can be corrected.")
    if target.type in _SIGNED or target.type == "session-opened":
        raise Refused("entry-signed", "A signed entry is not corrected; add an addendum.")
    if "data" not in deciding.data:
        return {"corrects": target.type}
    changes = dict(deciding.data["data"])
    moved = changes.pop("occurred_at", None)
    checked = _check_changes(deciding, target, changes)
    if moved is not None:
        at = parse_instant(str(moved), "data.occurred_at")
        deciding.check_occurrence(at, "data.occurred_at")
        checked["occurred_at"] = render_instant(at)
        _check_moved_time(deciding, target, at)
        note_moved(deciding, target, at)
    _check_last_device(deciding, target, checked)
    _note_moved_dose(deciding, target, checked)
    return {"corrects": target.type, "data": checked}


def _check_moved_time(deciding: Deciding, target: Event, at: datetime) -> None:
    """Ask for a second signature where the time of a dose moves by more than makes an entry late.

    What counts is the time two people signed last, or the first entry's: small steps do not add up.
    """
    if target.type in TIMED and abs(at - _find_trusted_time(deciding.state, target)) > _get_late(deciding):
        deciding.need_other_person("Another time of a dose")


def _check_last_device(deciding: Deciding, target: Event, checked: Mapping[str, Any]) -> None:
    """Ask for a second signature where another outcome makes an earlier device the last that counts: the stay ends."""
    if target.type != "device-given" or "outcome" not in checked:
        return
    before = find_last_device_at(deciding.state)
    others = [each for each in list_devices(deciding.state) if each.seq != target.seq]
    counted = [each.occurred_at for each in others if each.data["outcome"] != "failed"]
    after = max([*counted, *([target.occurred_at] if checked["outcome"] != "failed" else [])], default=None)
    if after is not None and before is not None and before - after > _get_late(deciding):
        deciding.need_other_person("Another outcome of the last device")


def _find_trusted_time(state: SessionState, target: Event) -> datetime:
    """Return the time of an entry that two people signed last, or the one it was first entered with."""
    first = state.find_seq(target.seq)
    at = target.occurred_at if first is None else first.occurred_at
    for each in state.effective.get("entry-corrected", ()):
        moved = (each.data.get("data") or {}).get("occurred_at")
        if each.second and moved and int(each.data["seq"]) == target.seq:
            at = parse_instant(moved, "occurred_at")
    return at


def _get_late(deciding: Deciding) -> timedelta:
    return timedelta(seconds=float(deciding.protocol.setting("entry.late_s")))


def _note_moved_dose(deciding: Deciding, target: Any, changes: Mapping[str, Any]) -> None:
    """Say it when a correction changes what was given or when, or the answer of the person: both stay to be read."""
    if target.type in _GIVING and changes.keys() & _MOVES:
        changed = ", ".join(name.replace("_", " ") for name in sorted(changes.keys() & _MOVES))
        deciding.note(
            "dose-corrected",
            f"Entry {target.seq} of the dose was corrected: {changed}",
            "entered right at the time",
            "Read both entries; tell the prescriber when the given dose is another.",
        )
    if target.type == "drug-given":
        _keep_rescue(deciding, target, changes)
    if target.type == "consent-confirmed" and "agrees" in changes:
        deciding.note(
            "consent-corrected",
            f"The answer of entry {target.seq} was corrected",
            "the person's own answer",
            "Ask again.",
        )


def _keep_rescue(deciding: Deciding, target: Any, changes: Mapping[str, Any]) -> None:
    """Let a prescriber alone say that what stands as a rescue drug was none: a release hangs on it."""
    classes = frozenset(deciding.protocol.setting("rescue.classes"))
    was = is_rescue(target.data, classes, is_here=True)
    if not was or is_rescue({**target.data, **changes}, classes, is_here=True):
        return
    if not deciding.by.is_prescriber:
        raise Refused("prescriber-needed", "A prescriber corrects what stands as a rescue drug.")
    deciding.note("rescue-corrected", f"Entry {target.seq} is no rescue drug", "entered right", "Look again.")


def _is_cosigned(deciding: Deciding, seq: int) -> bool:
    return any(int(event.data["order"]) == seq for event in deciding.state.list("order-cosigned"))


def _check_changes(deciding: Deciding, target: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the new values in normal form, read by the rules of the entry's own command."""
    name = _COMMAND_OF[target.type]
    known = {spec.name for spec in COMMANDS[name].fields}
    if target.type == "consent-confirmed" and "consent" in changes:
        message = "which consent stands is read from the chart; ask again instead"
        raise InvalidInput([build_error("data.consent", "field-not-corrected", "consent", "agrees", message)])
    kept = {key: value for key, value in target.data.items() if key in known}
    parsed = parse_command(name, {**kept, **changes})
    changed = {key: value for key, value in parsed.data.items() if kept.get(key) != value}
    return changed | _work_out_again(deciding, target, parsed)


def _work_out_again(deciding: Deciding, target: Any, parsed: Command) -> dict[str, Any]:
    """Return what the entry's own command works out of its data: a corrected volume corrects the milligrams."""
    work_out = _WORKED_OUT.get(parsed.type)
    if work_out is None:
        return {}
    again = replace(deciding, command=parsed, occurred_at=target.occurred_at, second=None, findings=[])
    extra = work_out(again)
    deciding.findings.extend(again.findings)
    return extra


_WORKED_OUT: Mapping[str, Callable[[Deciding], dict[str, Any]]] = {
    "record-check": record_check,
    "record-weight": record_weight,
    "record-suicide-assessment": record_assessment,
    "record-preparation": record_preparation,
    "record-drug-given": name_classes,
    "record-score": record_score,
    "record-reconciliation": balance_drug,
    "record-pause": read_pump,
    "record-resume": read_pump,
    "record-rate-change": read_pump,
    "record-stop": read_pump,
    "record-complete": read_pump,
    "record-pump-reading": read_pump,
    "give-device": name_device_mg,
}


def withdraw_entry(deciding: Deciding) -> dict[str, Any]:
    """An entry is taken back within seconds by the person who made it; later it is corrected.

    What stands here by a step of an emergency goes with that step, later too: a prescriber says so.
    """
    target = deciding.state.find_seq(int(deciding.data["seq"]))
    is_entry = target is not None and (
        _COMMAND_OF.get(target.type) in RECORDED or target.type in ("injection-given", "device-given")
    )
    if target is None or not is_entry:
        raise Refused("entry-not-withdrawable", "That entry is not taken back; correct it, or add an addendum.")
    if _is_cosigned(deciding, target.seq):
        raise Refused("entry-signed", "This order was co-signed as it stands; add an addendum.")
    if target.seq in deciding.state.corrected:
        raise Refused("entry-not-withdrawable", "That entry was corrected or taken back already.")
    if "emergency_step" in deciding.data and target.type in _OF_EMERGENCY and deciding.by.is_prescriber:
        said = "was not given" if target.type == "drug-given" else "did not stop the infusion"
        deciding.note(_OF_EMERGENCY[target.type], f"Entry {target.seq} {said}", "entered right", "Look again.")
        return {"withdraws": target.type}
    if target.by != deciding.by.id:
        raise Refused("undo-not-yours", "Only the person who made an entry takes it back.")
    if deciding.now - target.recorded_at > timedelta(seconds=float(deciding.protocol.setting("undo_s"))):
        raise Refused("undo-too-late", "Too late to take it back; correct it instead.")
    return {"withdraws": target.type}


def add_addendum(deciding: Deciding) -> dict[str, Any]:
    """An addendum stands beside the record, also after it was closed."""
    return {}


def _check_drug(deciding: Deciding) -> None:
    """Hold the closing while the drug does not add up without a reason and a second signature; keep what differs."""
    signed = find_signed(deciding.state)
    differences = list_differences(deciding.state, deciding.protocol, deciding.occurred_at)
    if signed is None or not differences:
        return
    if not is_explained(deciding.state, signed):
        seen = " ".join(f"{each.seen}." for each in differences)
        words = "Count again, or sign it again with the reason and a second person who did not draw the drug."
        raise Refused("drug-unexplained", f"{seen} {words}", differences)
    deciding.findings.extend(differences)


def close_record(deciding: Deciding) -> dict[str, Any]:
    """The record is signed once the session is over and the drug is accounted for."""
    state = deciding.state
    if find_phase(state, deciding.protocol) not in OVER:
        raise Refused("session-not-over", "The record is closed after the person has left.")
    if not deciding.by.is_licensed:
        raise Refused("licensed-needed", "A licensed clinician closes the record.")
    has_drug = state.has("preparation-recorded", "dosing-started", "injection-given", "device-given")
    if has_drug and not state.has("reconciliation-recorded"):
        raise Refused("reconciliation-missing", "Account for the drug before the record is closed.")
    _check_drug(deciding)
    for event in list_open_verbal_orders(state):
        deciding.note("verbal-order", f"Order of entry {event.seq} not co-signed", "co-signed", "Ask the prescriber.")
    return {}
