"""Commands are read strictly: every problem at once, each with its path, its code and what is accepted."""

from decimal import Decimal

import pytest

from afterglow.chairside import COMMANDS, EVENT_TYPES, list_text_fields, parse_command
from afterglow.chairside.commands import RECORDED
from afterglow.terms import InvalidInput


def list_problems(name, data):
    with pytest.raises(InvalidInput) as caught:
        parse_command(name, data)
    return {problem.path: problem.code for problem in caught.value.problems}


@pytest.mark.parametrize("name", ["", "dance", None, 3, "RECORD-VITALS"])
def test_an_unknown_command_is_refused(name):
    assert list_problems(name, {}) == {"type": "command-unknown"}


def test_every_problem_is_reported_at_once():
    problems = list_problems(
        "record-preparation", {"vial_mg_per_ml": "0", "drawn_ml": "many", "expires_on": "soon", "colour": "blue"}
    )
    assert set(problems) == {"vial_mg_per_ml", "drawn_ml", "expires_on", "colour"}
    assert problems["colour"] == "field-unknown"
    assert problems["vial_mg_per_ml"] == "number-out-of-range"


@pytest.mark.parametrize(
    ("name", "data", "path", "code"),
    [
        ("record-vitals", {}, "systolic", "vitals-empty"),
        ("record-vitals", {"note": "slept"}, "systolic", "vitals-empty"),
        ("record-vitals", {"systolic": 120}, "diastolic", "pressure-half"),
        ("record-vitals", {"diastolic": 80}, "systolic", "pressure-half"),
        ("record-vitals", {"systolic": 80, "diastolic": 120}, "systolic", "pressure-inverted"),
        ("record-vitals", {"systolic": 80, "diastolic": 80}, "systolic", "pressure-inverted"),
        ("record-vitals", {"systolic": 301, "diastolic": 80}, "systolic", "number-out-of-range"),
        ("record-vitals", {"systolic": 120.5, "diastolic": 80}, "systolic", "number-not-whole"),
        ("record-vitals", {"spo2": 101}, "spo2", "number-out-of-range"),
        ("record-vitals", {"moaas": 6}, "moaas", "number-out-of-range"),
        ("record-vitals", {"temperature_cel": 98.6}, "temperature_cel", "number-out-of-range"),
        ("record-weight", {"weight_kg": 700}, "weight_kg", "number-out-of-range"),
        ("record-weight", {"weight_kg": -72}, "weight_kg", "number-out-of-range"),
        ("record-weight", {}, "weight_kg", "field-missing"),
        ("record-weight", {"weight_kg": 72, "weighed_at": []}, "weighed_at", "instant-malformed"),
        ("record-vitals", {"heart_rate": 70, "spo2": []}, "spo2", None),
        ("record-vitals", {"heart_rate": 70, "moaas": []}, "moaas", None),
        ("record-pause", {"pump_ml": []}, "pump_ml", None),
        ("record-weight", {"weight_kg": 72, "weighed_at": "2026-11-17T09:00"}, "weighed_at", None),
        ("confirm-identity", {"identifiers": ["name"]}, "identifiers", "identifiers-too-few"),
        ("confirm-identity", {"identifiers": ["name", "name"]}, "identifiers", "identifiers-too-few"),
        ("confirm-identity", {"identifiers": ["name", "face"]}, "identifiers", "code-not-accepted"),
        ("confirm-consent", {"agrees": "perhaps"}, "agrees", "flag-malformed"),
        ("confirm-consent", {}, "agrees", "field-missing"),
        ("record-suicide-screen", {}, "level", "screen-empty"),
        ("record-suicide-screen", {"level": 6}, "level", "number-out-of-range"),
        ("record-suicide-assessment", {"outcome": "may-proceed", "reason": "fine"}, "reason", "text-too-short"),
        ("sign-order", {"duration_min": 40}, "dose_mg_per_kg", "order-dose"),
        ("record-note", {"note": "x" * 4001}, "note", "text-too-long"),
        ("record-note", {"note": "a\x00b"}, "note", "text-malformed"),
        ("record-ending", {"kind": "vanished"}, "kind", "code-not-accepted"),
        (
            "override",
            {"rule": "phq9", "cause": "x", "mitigation": "soon", "expires_on": "2026-11-17"},
            "mitigation",
            "text-too-short",
        ),
        ("record-score", {"scale": "cadss6"}, "total", "score-empty"),
        ("open-session", {"patient": "p", "site": "s", "facts": {"a": object()}}, "facts", "object-malformed"),
        ("open-session", {"patient": "p", "site": "s", "scores": 3}, "scores", "list-malformed"),
        ("give-device", {"lot": "x", "outcome": "lost"}, "outcome", "code-not-accepted"),
        ("correct-entry", {"seq": 3, "reason": "x"}, "text", "correction-empty"),
    ],
)
def test_a_malformed_field_is_named_with_its_reason(name, data, path, code):
    problems = list_problems(name, data)
    assert path in problems
    assert code in (None, problems[path])


def test_numbers_are_kept_exactly_and_never_as_floats():
    data = parse_command("record-preparation", {"drawn_ml": 0.1, "vial_mg_per_ml": Decimal("50.0")}).data
    assert data == {"drawn_ml": "0.1", "vial_mg_per_ml": "50.0"}


def test_an_unanswered_field_is_left_out_and_never_a_default():
    data = parse_command("record-suicide-screen", {"level": 0, "behaviour": None, "behaviour_recent": ""}).data
    assert data == {"level": 0}


@pytest.mark.parametrize(("said", "meant"), [("yes", True), ("NO", False), (True, True), ("0", False), ("true", True)])
def test_yes_and_no_are_read(said, meant):
    assert parse_command("confirm-consent", {"agrees": said}).data["agrees"] is meant


def test_a_text_that_was_put_away_is_passed_on_as_its_reference():
    reference = {"note_id": "n1", "note_digest": "ab"}
    assert parse_command("record-note", {"note": reference}).data["note"] == reference


def test_deep_nesting_is_refused():
    deep = {}
    for _ in range(12):
        deep = {"x": deep}
    assert list_problems("open-session", {"patient": "p", "site": "s", "facts": deep}) == {"facts": "object-too-deep"}


def test_every_command_has_its_own_event_but_the_tick():
    events = [each.event for each in COMMANDS.values()]
    assert len(set(events)) == len(events)
    assert {each.event for each in COMMANDS.values() if each.name != "tick"} <= EVENT_TYPES


def test_reality_is_recorded_and_a_resume_is_an_intention():
    assert {"record-vitals", "record-stop", "record-ending", "record-left", "record-drug-given"} <= RECORDED
    assert not {"record-resume", "start", "give-device", "sign-release", "override", "tick"} & RECORDED


def test_free_text_is_known_by_its_field():
    assert list_text_fields("record-suicide-assessment") == ("reason",)
    assert set(list_text_fields("record-ending")) == {"last_vitals", "told", "to", "note"}
