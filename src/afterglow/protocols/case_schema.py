"""The JSON Schema of a screening case, built from the vocabulary of facts so that the two cannot drift apart."""

from collections.abc import Iterable
from typing import Any

from afterglow.protocols.cases import FORMAT, LONGEST_LIST, LONGEST_TEXT, STAGES, list_case_paths
from afterglow.protocols.facts import FactSpec, load_facts
from afterglow.protocols.medicines import load_medicine_classes
from afterglow.protocols.resistance import OUTCOMES

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_DATE = {"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def build_case_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a case."""
    root = _object("One person's facts for screening. Null and absent both mean not known.")
    for path, spec in list_case_paths().items():
        _place(root, path.split("."), describe_fact(spec))
    root["properties"] |= {
        "format": {"const": FORMAT},
        "today": {**_DATE, "description": "The day of screening."},
        "note": {"type": "string"},
        "allergies": _list(_TEXT, "Substances; empty when there are none."),
        "medications": _list(_build_medication(), "Medicines; empty when there are none."),
        "trials": _list(_build_trial(), "Past treatment trials; empty when there are none."),
    }
    root["properties"]["measurements"]["properties"]["blood_pressure"] = _list(
        _close({"systolic_mmhg": _number("bp.systolic_mmhg"), "diastolic_mmhg": _number("bp.diastolic_mmhg")}),
        "Readings, newest last; the newest one is judged.",
    )
    _add_context(root)
    root["required"] = ["context"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:afterglow:case:1",
        "title": "Screening case",
        **root,
    }


def describe_fact(spec: FactSpec) -> dict[str, Any]:
    """Return the schema of one fact's value; every fact may be null."""
    described: dict[str, Any] = {"description": f"{spec.label} ({spec.unit})" if spec.unit else spec.label}
    if spec.type == "bool":
        return described | {"type": ["boolean", "null"]}
    if spec.type == "number":
        return described | {"type": ["number", "null"], "minimum": _plain(spec.min), "maximum": _plain(spec.max)}
    if spec.type == "date":
        return described | _DATE
    return described | {"enum": [*spec.choices, None]}


def _add_context(root: dict[str, Any]) -> None:
    facts = load_facts()
    context = root["properties"]["context"]
    context["properties"] |= {
        "protocol": {"type": "string", "description": "Protocol id, such as iv-racemic."},
        "indication": {"enum": [*facts["indication"].choices, None]},
        "jurisdiction": {"enum": [*facts["jurisdiction"].choices, None]},
        "stage": {"enum": [*(str(stage) for stage in STAGES), None]},
        "profiles": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
    }
    context |= {"type": "object", "required": ["protocol"]}


def _build_medication() -> dict[str, Any]:
    classes = sorted(load_medicine_classes())
    one = {"enum": classes}
    return _close(
        {
            "name": _TEXT,
            "class": {"anyOf": [one, {"type": "array", "items": one}, {"type": "null"}]},
            "hours_since": {"type": ["number", "null"], "minimum": 0, "maximum": 10000},
        },
        ["name"],
    )


def _build_trial() -> dict[str, Any]:
    flag = {"type": ["boolean", "null"]}
    return _close(
        {
            "drug": _TEXT,
            "class": {"anyOf": [_TEXT, {"type": "null"}]},
            "note": {"type": ["string", "null"]},
            "dose_mg_per_day": {"type": ["number", "null"], "minimum": 0.1, "maximum": 10000},
            "weeks": {"type": ["number", "null"], "minimum": 0, "maximum": 5200},
            "outcome": {"enum": [*OUTCOMES, None]},
            "improvement_percent": {"type": ["number", "null"], "minimum": -100, "maximum": 100},
            "in_current_episode": flag,
            "is_dose_adequate": flag,
            "started_on": _DATE,
            "ended_on": _DATE,
        },
        ["drug"],
    )


def _place(node: dict[str, Any], path: list[str], schema: dict[str, Any]) -> None:
    for part in path[:-1]:
        node = node["properties"].setdefault(part, _object())
    node["properties"][path[-1]] = schema


def _object(description: str = "") -> dict[str, Any]:
    described = {"description": description} if description else {"type": ["object", "null"]}
    return {"type": "object", **described, "properties": {}, "additionalProperties": False}


def _close(properties: dict[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": items, "maxItems": LONGEST_LIST, "description": description}


def _number(name: str) -> dict[str, Any]:
    return describe_fact(load_facts()[name])


def _plain(number: Any) -> int | float | None:
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)
