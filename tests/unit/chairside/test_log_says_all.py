"""The log says all: each field that a command declares and somebody gave stands in its line, note or details."""

from datetime import UTC, datetime
from typing import Any

import pytest

from afterglow.chairside import COMMANDS, parse_command
from afterglow.chairside.commands import CommandType
from afterglow.chairside.details import LEFT_OUT, list_details, write_value
from afterglow.chairside.events import Event
from afterglow.chairside.fields import FieldSpec
from afterglow.chairside.log import build_log, describe_event
from afterglow.chairside.state import EMPTY, evolve
from afterglow.protocols.catalogue import get_effective

AT = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)
# what the rules add to an entry beside what was typed
DERIVED: dict[str, dict[str, Any]] = {
    "order-signed": {"ordered_mg": "36"},
    "preparation-recorded": {"prepared_mg": "36.5", "total_ml": "101.7"},
    "reconciliation-recorded": {"difference_mg": "0"},
}
VITALS = Event("vitals-recorded", 2, AT, AT, "nurse-1", {"systolic": 131, "diastolic": 79}, seq=1)
DOSES = ("dose_mg_per_kg", "dose_mg", "devices")


def name_value(spec: FieldSpec, index: int) -> Any:
    """Return a value that is found again wherever it is written."""
    if spec.choices:
        return list(spec.choices[:2]) if spec.kind == "codes" else spec.choices[-1]
    if spec.kind in ("number", "whole"):
        low, high = int(spec.low or 0), int(spec.high or 100)
        return min(high, low + 1 + index)
    plain: dict[str, Any] = {
        "code": f"CODE{index}",
        "text": f"Words of field {index}, as typed",
        "flag": True,
        "instant": "2026-11-17T08:17:00+00:00",
        "day": "2026-11-17",
        "codes": [f"CODE{index}", f"MORE{index}"],
        "list": [f"LISTED{index}", {"drug": f"DRUG{index}", "dose": "4 mg"}],
        "object": {f"key{index}": f"HELD{index}"},
    }
    return plain[spec.kind]


def fill(command: CommandType, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a command with every field given, as its event would hold them."""
    given = {
        spec.name: name_value(spec, index) for index, spec in enumerate(command.fields) if spec.name not in without
    }
    if command.name == "record-vitals":
        given |= {"systolic": 131, "diastolic": 79}
    if command.name == "correct-entry":
        given |= {"seq": 1, "data": {"systolic": 142, "note": "Words that were changed"}}
    if command.name == "record-emergency":
        given["steps"] = [{"time": "10:02:03", "label": "Adrenaline 0.5 mg"}]
    return {**parse_command(command.name, given).data, **DERIVED.get(command.event, {})}


def say(command: CommandType, data: dict[str, Any]) -> str:
    """Return everything the log says of an entry."""
    before = evolve(EMPTY, VITALS) if command.name == "correct-entry" else EMPTY
    event = Event(command.event, 1, AT, AT, "nurse-1", data, seq=before.last_seq + 1)
    line = build_log(evolve(before, event), get_effective("iv-racemic", indication="trd"))[-1]
    parts = [line["text"], line["right"], line["note"]]
    parts += [f"{each['label']}: {write_value(each)}" for each in line["details"]]
    return " | ".join(str(part) for part in parts if part)


def write(spec: FieldSpec, value: Any) -> list[str]:
    """Return the words by which a value is known."""
    if isinstance(value, bool):
        return []
    if isinstance(value, dict):
        return [str(part) for part in value.values()]
    if isinstance(value, list):
        return [str(part) for each in value for part in (each.values() if isinstance(each, dict) else (each,))]
    return [str(value)]


def list_ways(name: str) -> list[tuple[str, ...]]:
    """Return what is left away so that a command can be given: an order names one dose, a sheet counts in one way."""
    names = [spec.name for spec in COMMANDS[name].fields]
    if name == "sign-order":
        return [tuple(each for each in DOSES if each != kept) for kept in DOSES]
    if name == "record-reconciliation":
        counted = tuple(each for each in names if each.endswith("_devices"))
        return [counted, tuple(each for each in names if each.endswith("_mg"))] if counted else [()]
    return [()]


@pytest.mark.parametrize(("name", "without"), [(name, way) for name in COMMANDS for way in list_ways(name)])
def test_every_field_that_was_given_stands_in_the_log(name: str, without: tuple[str, ...]) -> None:
    command = COMMANDS[name]
    data = fill(command, without)
    words = say(command, data)
    plain = words.replace("-", " ").casefold()
    for spec in command.fields:
        if spec.name in without or spec.name in LEFT_OUT.get(command.event, {}):
            continue
        for part in write(spec, data[spec.name]):
            assert part.replace("-", " ").casefold() in plain, f"{name}: {spec.name} = {part!r} is not in {words!r}"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_yes_and_a_no_are_both_said(name: str) -> None:
    command = COMMANDS[name]
    data = fill(command, list_ways(name)[0])
    for spec in command.fields:
        if spec.kind != "flag" or spec.name in LEFT_OUT.get(command.event, {}) or spec.name == "already_happened":
            continue
        unsaid = {key: value for key, value in data.items() if key != spec.name}
        if spec.is_required:
            assert say(command, {**data, spec.name: True}) != say(command, {**data, spec.name: False}), spec.name
            continue
        said = {say(command, {**unsaid, **given}) for given in ({}, {spec.name: True}, {spec.name: False})}
        # a signal that is not lost is a reading
        assert len(said) == (2 if spec.name == "spo2_lost" else 3), (name, spec.name, said)


@pytest.mark.parametrize("kept", ["vial_mg_per_ml", "lot", "drawn_ml"])
def test_a_preparation_that_is_not_whole_says_what_is_known(kept: str) -> None:
    words = say(COMMANDS["record-preparation"], {kept: "KNOWN"})
    assert "KNOWN" in words


def test_what_is_left_out_is_declared_and_says_why() -> None:
    by_event = {command.event: command for command in COMMANDS.values()}
    for event, fields in LEFT_OUT.items():
        declared = {spec.name for spec in by_event[event].fields}
        assert set(fields) <= declared, event
        assert all(len(why.split()) > 5 for why in fields.values()), event


def test_a_transfer_says_where_to_who_knows_what_was_measured_and_the_drug() -> None:
    data = {"kind": "transferred", "to": "City Hospital", "told": "Dr Q", "last_vitals": "118/74"}
    words = say(COMMANDS["record-ending"], {**data, "drug_reconciled": False, "note": "Drowsy."})
    assert words == (
        "Ended: transferred | Drowsy. | To: City Hospital | Last vitals: 118/74 | Told: Dr Q | Drug reconciled: no"
    )


def test_words_kept_apart_stay_where_they_are_put_back() -> None:
    reference = {"note_id": "n1", "note_digest": "ab"}
    event = Event("ending-recorded", 1, AT, AT, "nurse-1", {"kind": "eloped", "told": reference}, seq=1)
    assert [each["value"] for each in list_details(event)] == [reference]
    assert describe_event(event) == "Ended: eloped"
