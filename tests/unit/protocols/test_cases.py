"""Reading a case: known keys only, possible values only, and every problem at once."""

import copy
import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from afterglow.protocols.case_schema import build_case_schema
from afterglow.protocols.cases import flatten_case
from afterglow.protocols.screening import screen
from afterglow.terms import InvalidInput
from tests.unit.protocols.example_cases import load_example

EXAMPLES = sorted(files("afterglow.protocols").joinpath("examples").iterdir(), key=lambda entry: entry.name)
TODAY = date(2026, 11, 17)


def change(path: str, value: Any, name: str = "clear-iv") -> dict[str, Any]:
    """Return an example case with one value replaced."""
    case = copy.deepcopy(load_example(name))
    *parents, last = path.split(".")
    node = case
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value
    return case


def problems(case: object) -> dict[str, str]:
    """Return the problem codes of a case by path."""
    return {problem.path: problem.code for problem in flatten_case(case).problems}


def test_a_good_case_is_read_with_derived_facts() -> None:
    case = flatten_case(load_example("clear-iv"))
    assert case.problems == ()
    assert case.facts["person.age_years"] == 42
    assert case.facts["bmi.kg_per_m2"] == Decimal("23.5")
    assert case.facts["medication.classes"] == ("snri",)
    assert case.facts["allergy.to_ketamine"] is False
    assert case.facts["labs.liver.worst_multiple"] == Decimal("0.6")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("measurements.diastolic_mmhg", 130, "systolic-not-above-diastolic"),
        ("measurements.diastolic_mmhg", 122, "systolic-not-above-diastolic"),
        ("measurements.weight_kg", 700, "number-not-accepted"),
        ("measurements.weight_kg", -3, "number-not-accepted"),
        ("measurements.weight_kg", "68", "number-not-accepted"),
        ("measurements.weight_kg", True, "number-not-accepted"),
        ("measurements.spo2_percent", 101, "number-not-accepted"),
        ("measurements.spo2_percent", float("nan"), "number-not-accepted"),
        ("measurements.spo2_percent", float("inf"), "number-not-accepted"),
        ("measurements.height_cm", 1.7, "number-not-accepted"),
        ("measurements.bmi_kg_per_m2", 400, "number-not-accepted"),
        ("measurements.bmi_kg_per_m2", 35, "bmi-contradicted"),
        ("person.age_years", -3, "number-not-accepted"),
        ("person.age_years", 43, "age-contradicted"),
        ("person.birth_date", "2026-11-18", "date-not-accepted"),
        ("person.birth_date", "21.06.1984", "date-not-accepted"),
        ("person.birth_date", "2025-02-29", "date-not-accepted"),
        ("person.sex", "F", "code-not-accepted"),
        ("person.pregnant", "no", "bool-not-accepted"),
        ("history.aneurism", False, "key-unknown"),
        ("history.aneurysm", 0, "bool-not-accepted"),
        ("history", [], "object-expected"),
        ("scales.phq9.total", 28, "number-not-accepted"),
        ("scales.phq9.total", 7.5, "number-not-accepted"),
        ("scales.phq9.total", True, "number-not-accepted"),
        ("labs.hcg.on", "2026-11-18", "date-not-accepted"),
        ("context.protocol", None, "protocol-missing"),
        ("context.indication", "depression", "code-not-accepted"),
        ("context.stage", "in-session", "code-not-accepted"),
        ("today", "yesterday", "date-not-accepted"),
        ("format", 2, "format-unknown"),
        ("allergies", "ketamine", "list-expected"),
        ("surprise", 1, "key-unknown"),
    ],
)
def test_an_impossible_value_is_a_problem_at_its_path(path: str, value: Any, code: str) -> None:
    found = problems(change(path, value))
    assert code in found.values()
    assert path in found or code in ("systolic-not-above-diastolic",)


@pytest.mark.parametrize(
    ("path", "value", "at", "code"),
    [
        ("medications", [{"name": ""}], "medications[0].name", "text-not-accepted"),
        ("medications", [{"name": "x", "class": "potion"}], "medications[0].class", "code-not-accepted"),
        ("medications", [{"name": "x", "dose": 3}], "medications[0].dose", "key-unknown"),
        ("medications", ["lorazepam"], "medications[0]", "object-expected"),
        ("medications", {}, "medications", "list-expected"),
        ("allergies", [7], "allergies[0]", "text-not-accepted"),
        ("trials", [{"drug": "x", "weeks": -1}], "trials[0].weeks", "number-not-accepted"),
        ("trials", [{"weeks": 6}], "trials[0].drug", "text-not-accepted"),
        (
            "trials",
            [{"drug": "x", "started_on": "2026-03-01", "ended_on": "2026-02-01"}],
            "trials[0].ended_on",
            "end-before-start",
        ),
        (
            "trials",
            [{"drug": "x", "outcome": "response", "improvement_percent": 10}],
            "trials[0].improvement_percent",
            "outcome-contradicted",
        ),
        (
            "measurements.blood_pressure",
            [{"systolic_mmhg": 130, "diastolic_mmhg": 80}],
            "measurements.blood_pressure",
            "pressure-given-twice",
        ),
    ],
)
def test_a_faulty_list_member_is_named(path: str, value: Any, at: str, code: str) -> None:
    assert problems(change(path, value)).get(at) == code


def test_everything_wrong_is_told_at_once() -> None:
    case = change("measurements.weight_kg", 700)
    case["person"]["sex"] = "F"
    case["history"]["aneurism"] = False
    assert set(problems(case)) == {"measurements.weight_kg", "person.sex", "history.aneurism"}


def test_a_misspelt_key_is_answered_with_the_near_one() -> None:
    (problem,) = flatten_case(change("history.aneurism", False)).problems
    assert "did you mean aneurysm?" in problem.message


def test_contradictions_are_problems() -> None:
    case = change("person.pregnant", True)
    case["person"]["can_become_pregnant"] = False
    assert problems(case) == {"person.can_become_pregnant": "pregnancy-contradicted"}
    case = change("history.cardiovascular_event_on", "2026-11-01")
    assert problems(case) == {"history.cardiovascular_event": "event-contradicted"}
    case = change("scales.phq9.total", 2)
    case["scales"]["phq9"]["item9"] = 3
    assert problems(case) == {"scales.phq9.item9": "item-above-total"}


def test_the_newest_of_several_pressure_readings_is_judged() -> None:
    case = flatten_case(load_example("stop-blood-pressure"))
    assert (case.facts["bp.systolic_mmhg"], case.facts["bp.diastolic_mmhg"]) == (168, 102)


def test_null_and_absent_both_mean_not_known() -> None:
    with_null = flatten_case(change("history.aneurysm", None))
    assert with_null.problems == ()
    assert "history.aneurysm" not in with_null.facts
    assert screen(change("history.aneurysm", None)).verdict == "incomplete"


def test_weeks_follow_from_the_dates_of_a_trial() -> None:
    trials = [{"drug": "sertraline", "started_on": "2026-01-01", "ended_on": "2026-02-12"}]
    (trial,) = flatten_case(change("trials", trials)).trials or ()
    assert trial.weeks == 6


@pytest.mark.parametrize("case", [None, [], 3, "case", True, {}])
def test_what_is_no_case_is_a_problem(case: object) -> None:
    assert flatten_case(case).problems


def test_the_day_may_come_from_the_caller() -> None:
    case = load_example("clear-iv")
    del case["today"]
    assert problems(case)["today"] == "date-not-accepted"
    assert flatten_case(case, TODAY).problems == ()


@pytest.mark.parametrize("name", ["ketamine", "Spravato", "S-Ketamine", "esketamine (hives)", "benzethonium chloride"])
def test_ketamine_and_its_excipients_are_seen_in_the_allergies(name: str) -> None:
    assert flatten_case(change("allergies", [name])).facts["allergy.to_ketamine"] is True


def test_an_unknown_protocol_or_profile_is_named() -> None:
    with pytest.raises(InvalidInput) as error:
        screen(change("context.protocol", "iv-magic"))
    assert error.value.problems[0].path == "context.protocol"
    with pytest.raises(InvalidInput):
        screen(change("context.profiles", {"blood-pressure": "whatever"}))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda entry: entry.name)
def test_the_examples_follow_the_schema_and_can_be_screened(example) -> None:
    case = json.loads(example.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(build_case_schema()).validate(case)
    screening = screen(case)
    assert example.name.startswith(str(screening.verdict)) or screening.stage == "pre-session"


def test_the_packaged_schema_is_the_one_the_vocabulary_gives() -> None:
    packaged = json.loads(files("afterglow.protocols").joinpath("case.schema.json").read_text(encoding="utf-8"))
    assert packaged == build_case_schema()
    jsonschema.Draft202012Validator.check_schema(packaged)


@pytest.mark.parametrize(("path", "value"), [("history.aneurism", False), ("person.sex", "F"), ("trials", [{}])])
def test_the_schema_refuses_what_the_reader_refuses(path: str, value: Any) -> None:
    case = change(path, value)
    assert list(jsonschema.Draft202012Validator(build_case_schema()).iter_errors(case))
    assert flatten_case(case).problems
