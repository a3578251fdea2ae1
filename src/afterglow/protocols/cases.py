"""Reads a screening case: JSON in, facts and trials out, with every problem found at once.

A case is nested objects whose dotted paths are the facts of the vocabulary (`history.aneurysm`), plus the lists
`allergies`, `medications`, `trials` and `measurements.blood_pressure`. Null and absent both mean not known.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any

from afterglow.protocols.derive import calculate_age, derive_facts
from afterglow.protocols.facts import FactSpec, load_facts
from afterglow.protocols.medicines import describe_medicines, load_medicine_classes, normalise_name
from afterglow.protocols.model import Stage
from afterglow.protocols.resistance import OUTCOMES, Trial
from afterglow.terms import Problem, build_error

FORMAT = 1
LONGEST_TEXT = 500
LONGEST_LIST = 200
STAGES = (Stage.SCREENING, Stage.DOSE, Stage.PRE_SESSION, Stage.SURVEILLANCE)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_EARLIEST = date(1900, 1, 1)
_KETAMINE = frozenset({"ketamine", "esketamine", "spravato", "ketalar", "benzethonium"})
_WHOLE_UNITS = frozenset({"points", "of 8", "of 5", "class", "sessions", "increases"})
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Case:
    """One person's facts as screened: `problems` is empty when the case could be read."""

    facts: Mapping[str, Any]
    trials: tuple[Trial, ...] | None
    protocol: str
    indication: str | None
    profiles: Mapping[str, str]
    stage: Stage
    today: date
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Reading:
    today: date
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        self.problems.append(build_error(path, code, value, accepted, f"{path}: {message}"))


def flatten_case(case: object, today: date | None = None) -> Case:
    """Return the facts of a case, derived ones included, with every problem in it; never raises for any JSON value.

    `today` stands in when the case names no day; a case without either is a problem.
    """
    reading = _Reading(today or date.max)
    if not isinstance(case, Mapping):
        reading.refuse("case", "object-expected", case, "a JSON object", "a case is a JSON object")
        return _close(reading, None, {}, today)
    _read_today(case, today, reading)
    if case.get("format", FORMAT) != FORMAT or isinstance(case.get("format"), bool):
        reading.refuse("format", "format-unknown", case["format"], str(FORMAT), "this format is not known")
    _walk(case, "", reading)
    _read_pressures(case, reading)
    _read_allergies(case.get("allergies"), reading)
    _read_medications(case.get("medications"), reading)
    trials = _read_trials(case.get("trials"), reading)
    context = _read_context(case.get("context"), reading)
    _check_together(reading)
    return _close(reading, trials, context, today)


def _close(reading: _Reading, trials: tuple[Trial, ...] | None, context: Mapping[str, Any], today: date | None) -> Case:
    facts = {} if reading.problems else derive_facts(reading.facts, reading.today)
    if trials is not None:
        facts["trials.count"] = len(trials)
    return Case(
        facts=facts,
        trials=trials,
        protocol=context.get("protocol", ""),
        indication=context.get("indication"),
        profiles=context.get("profiles", {}),
        stage=context.get("stage", Stage.SCREENING),
        today=reading.today,
        problems=tuple(reading.problems),
    )


# ---- the nested facts --------------------------------------------------------------------------


@cache
def list_case_paths() -> Mapping[str, FactSpec]:
    """Return the facts a case can state, by their path in the case."""
    return {spec.case: spec for spec in load_facts().values() if spec.case}


@cache
def _list_branches() -> frozenset[str]:
    paths = [path.split(".") for path in list_case_paths()]
    return frozenset(".".join(parts[:length]) for parts in paths for length in range(1, len(parts)))


_ELSEWHERE = frozenset(
    {
        "format",
        "today",
        "note",
        "allergies",
        "medications",
        "trials",
        "measurements.blood_pressure",
        "context.protocol",
        "context.indication",
        "context.jurisdiction",
        "context.stage",
        "context.profiles",
    }
)


def _walk(node: Mapping[Any, Any], prefix: str, reading: _Reading) -> None:
    for key, value in node.items():
        path = f"{prefix}{key}"
        spec = list_case_paths().get(path)
        if spec is not None:
            found = read_value(spec, value, path, reading.today, reading.refuse)
            if found is not None:
                reading.facts[spec.name] = found
        elif path in _list_branches():
            _walk_branch(value, path, reading)
        elif path not in _ELSEWHERE:
            _refuse_unknown(path, prefix, str(key), value, reading)


def _walk_branch(value: object, path: str, reading: _Reading) -> None:
    if isinstance(value, Mapping):
        _walk(value, f"{path}.", reading)
    elif value is not None:
        reading.refuse(path, "object-expected", value, "a JSON object", "a part of a case is a JSON object")


def _refuse_unknown(path: str, prefix: str, key: str, value: object, reading: _Reading) -> None:
    known = {name for name in (*list_case_paths(), *_list_branches(), *_ELSEWHERE) if name.startswith(prefix)}
    siblings = sorted({name.removeprefix(prefix).split(".")[0] for name in known})
    near = get_close_matches(key, siblings, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    reading.refuse(path, "key-unknown", value, ", ".join(siblings), f"this key is not known{hint}")


def read_value(spec: FactSpec, value: object, path: str, today: date, refuse: Callable[..., None]) -> Any:
    """Return one value as its fact holds it, None when it is not known; tell `refuse` when it cannot be so."""
    if value is None:
        return None
    read = _READERS[spec.type]
    found, message = read(spec, value, today)
    if message:
        refuse(path, f"{spec.type}-not-accepted", value, spec.accepted, message)
        return None
    return found


def _read_bool(spec: FactSpec, value: object, today: date) -> tuple[Any, str]:
    return (value, "") if isinstance(value, bool) else (None, "this is neither true nor false")


def _read_number(spec: FactSpec, value: object, today: date) -> tuple[Any, str]:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None, "this is not a number"
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(repr(value))
    if not number.is_finite():
        return None, "this is not a finite number"
    if (spec.min is not None and number < spec.min) or (spec.max is not None and number > spec.max):
        return None, f"this is outside {spec.min} to {spec.max} {spec.unit}".rstrip()
    if spec.unit in _WHOLE_UNITS and number != number.to_integral_value():
        return None, "this is not a whole number"
    return number, ""


def _read_date(spec: FactSpec, value: object, today: date) -> tuple[Any, str]:
    found = _parse_date(value)
    if found is None:
        return None, "this is not a date"
    if found > today:
        return None, f"this is after {today.isoformat()}"
    return (found, "") if found >= _EARLIEST else (None, "this is before 1900")


def _read_code(spec: FactSpec, value: object, today: date) -> tuple[Any, str]:
    return (value, "") if isinstance(value, str) and value in spec.choices else (None, "this word is not known here")


_READERS: Mapping[str, Callable[[FactSpec, object, date], tuple[Any, str]]] = {
    "bool": _read_bool,
    "number": _read_number,
    "date": _read_date,
    "code": _read_code,
}


def _parse_date(value: object) -> date | None:
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _read_today(case: Mapping[str, Any], today: date | None, reading: _Reading) -> None:
    value = case.get("today")
    found = today if value is None else _parse_date(value)
    if found is None or found < _EARLIEST:
        accepted = "the day of screening, such as 2026-11-17"
        reading.refuse("today", "date-not-accepted", value, accepted, "the day of screening is needed")
        return
    reading.today = found


# ---- the lists ---------------------------------------------------------------------------------


def _iterate_objects(value: object, path: str, keys: Iterable[str], reading: _Reading) -> list[tuple[str, Any]]:
    """Return the members of a list that are objects with known keys, each with its path."""
    if not isinstance(value, list | tuple) or len(value) > LONGEST_LIST:
        accepted = f"a list of at most {LONGEST_LIST} objects"
        reading.refuse(path, "list-expected", value, accepted, "this is not such a list")
        return []
    allowed = sorted(keys)
    found = []
    for index, entry in enumerate(value):
        at = f"{path}[{index}]"
        if not isinstance(entry, Mapping):
            reading.refuse(at, "object-expected", entry, "a JSON object", "this is not a JSON object")
            continue
        for key in entry:
            if key not in allowed:
                reading.refuse(f"{at}.{key}", "key-unknown", entry[key], ", ".join(allowed), "this key is not known")
        found.append((at, entry))
    return found


def _read_text(value: object, path: str, reading: _Reading) -> str | None:
    is_text = isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_TEXT and value.isprintable()
    if not is_text:
        accepted = f"text of 1 to {LONGEST_TEXT} printable characters"
        reading.refuse(path, "text-not-accepted", value, accepted, "this is not such a text")
        return None
    return str(value).strip()


def _read_pressures(case: Mapping[str, Any], reading: _Reading) -> None:
    measurements = case.get("measurements")
    readings = measurements.get("blood_pressure") if isinstance(measurements, Mapping) else None
    if readings is None:
        _check_pressure("measurements.systolic_mmhg", reading)
        return
    path = "measurements.blood_pressure"
    if reading.facts.keys() & {"bp.systolic_mmhg", "bp.diastolic_mmhg"}:
        accepted = "either a list of readings, newest last, or one pair"
        reading.refuse(path, "pressure-given-twice", readings, accepted, "pressure is given as a list and as a pair")
        return
    facts = load_facts()
    for at, entry in _iterate_objects(readings, path, ("systolic_mmhg", "diastolic_mmhg"), reading):
        for side in ("systolic_mmhg", "diastolic_mmhg"):
            spec = facts[f"bp.{side}"]
            value = read_value(spec, entry.get(side), f"{at}.{side}", reading.today, reading.refuse)
            reading.facts[spec.name] = value
        _check_pressure(at, reading)


def _check_pressure(path: str, reading: _Reading) -> None:
    systolic, diastolic = (reading.facts.get(f"bp.{side}_mmhg") for side in ("systolic", "diastolic"))
    if systolic is not None and diastolic is not None and systolic <= diastolic:
        accepted = "systolic above diastolic"
        message = f"{systolic}/{diastolic} has its systolic value not above the diastolic one"
        reading.refuse(path, "systolic-not-above-diastolic", f"{systolic}/{diastolic}", accepted, message)


def _read_allergies(value: object, reading: _Reading) -> None:
    if value is None:
        return
    if not isinstance(value, list | tuple) or len(value) > LONGEST_LIST:
        accepted = "a list of substances, empty when there are none"
        reading.refuse("allergies", "list-expected", value, accepted, "this is not such a list")
        return
    names = [_read_text(entry, f"allergies[{index}]", reading) for index, entry in enumerate(value)]
    known = [name for name in names if name]
    reading.facts["allergy.names"] = tuple(known)
    reading.facts["allergy.to_ketamine"] = any(_KETAMINE & set(normalise_name(name).split()) for name in known)


def _read_medications(value: object, reading: _Reading) -> None:
    if value is None:
        return
    medicines = []
    for at, entry in _iterate_objects(value, "medications", ("name", "class", "hours_since"), reading):
        name = _read_text(entry.get("name"), f"{at}.name", reading)
        classes = _read_classes(entry.get("class"), f"{at}.class", reading)
        hours = read_value(_HOURS, entry.get("hours_since"), f"{at}.hours_since", reading.today, reading.refuse)
        if name:
            medicines.append({"name": name, "class": classes, "hours_since": hours})
    reading.facts |= describe_medicines(medicines)


_HOURS = FactSpec("hours_since", "number", "hours since the last dose", unit="h", min=Decimal(0), max=Decimal(10000))


def _read_classes(value: object, path: str, reading: _Reading) -> tuple[str, ...]:
    listed = () if value is None else (value,) if isinstance(value, str) else value
    known = load_medicine_classes()
    if isinstance(listed, list | tuple) and all(isinstance(item, str) and item in known for item in listed):
        return tuple(listed)
    reading.refuse(path, "code-not-accepted", value, ", ".join(sorted(known)), "this class is not known")
    return ()


_TRIAL_FACTS = {
    "dose_mg_per_day": FactSpec("dose", "number", "daily dose", unit="mg", min=Decimal("0.1"), max=Decimal(10000)),
    "weeks": FactSpec("weeks", "number", "weeks", unit="wk", min=Decimal(0), max=Decimal(5200)),
    "outcome": FactSpec("outcome", "code", "outcome", choices=OUTCOMES),
    "improvement_percent": FactSpec(
        "improvement", "number", "improvement", unit="%", min=Decimal(-100), max=Decimal(100)
    ),
    "in_current_episode": FactSpec("in_current_episode", "bool", "whether in the current episode"),
    "is_dose_adequate": FactSpec("is_dose_adequate", "bool", "whether the dose was adequate"),
    "started_on": FactSpec("started_on", "date", "start"),
    "ended_on": FactSpec("ended_on", "date", "end"),
}


def _read_trials(value: object, reading: _Reading) -> tuple[Trial, ...] | None:
    if value is None:
        return None
    trials = []
    keys = ("drug", "class", "note", *_TRIAL_FACTS)
    for at, entry in _iterate_objects(value, "trials", keys, reading):
        parts = {
            key: read_value(spec, entry.get(key), f"{at}.{key}", reading.today, reading.refuse)
            for key, spec in _TRIAL_FACTS.items()
        }
        drug = _read_text(entry.get("drug"), f"{at}.drug", reading)
        drug_class = None if entry.get("class") is None else _read_text(entry["class"], f"{at}.class", reading)
        start, end = parts.pop("started_on"), parts.pop("ended_on")
        if start and end and end < start:
            reading.refuse(
                f"{at}.ended_on", "end-before-start", end, f"{start} or later", "the trial ends before it starts"
            )
        if start and end and parts["weeks"] is None:
            parts["weeks"] = Decimal((end - start).days // 7)
        _check_outcome(at, parts, reading)
        if drug:
            trials.append(Trial(drug=drug, drug_class=drug_class, **parts))
    return tuple(trials)


def _check_outcome(path: str, parts: Mapping[str, Any], reading: _Reading) -> None:
    improvement = parts["improvement_percent"]
    if parts["outcome"] == "response" and improvement is not None and improvement < 50:
        accepted = "50 or more for a response"
        message = f"an improvement of {improvement} % is not a response"
        reading.refuse(f"{path}.improvement_percent", "outcome-contradicted", improvement, accepted, message)


# ---- context and contradictions ----------------------------------------------------------------


def _read_context(value: object, reading: _Reading) -> dict[str, Any]:
    context = value if isinstance(value, Mapping) else {}
    found: dict[str, Any] = {"profiles": {}}
    protocol = context.get("protocol")
    if isinstance(protocol, str):
        found["protocol"] = protocol
    else:
        accepted = "a protocol id such as iv-racemic"
        reading.refuse(
            "context.protocol", "protocol-missing", protocol, accepted, "the protocol to screen for is needed"
        )
    for key in ("indication", "stage", "jurisdiction"):
        if context.get(key) is not None:
            found |= _read_word(key, context[key], reading)
    profiles = context.get("profiles")
    if profiles is not None:
        if isinstance(profiles, Mapping) and all(isinstance(option, str) for option in profiles.values()):
            found["profiles"] = {str(name): option for name, option in profiles.items()}
        else:
            accepted = "an object of profile names and options"
            reading.refuse("context.profiles", "object-expected", profiles, accepted, "this is not such an object")
    return found


def _read_word(key: str, value: object, reading: _Reading) -> dict[str, Any]:
    choices = [str(stage) for stage in STAGES] if key == "stage" else load_facts()[key].choices
    if not isinstance(value, str) or value not in choices:
        reading.refuse(f"context.{key}", "code-not-accepted", value, ", ".join(choices), "this word is not known here")
        return {}
    if key == "jurisdiction":
        reading.facts["jurisdiction"] = value
        return {}
    return {key: Stage(value) if key == "stage" else value}


def _check_together(reading: _Reading) -> None:
    """Refuse values that are possible each and impossible together."""
    facts, refuse = reading.facts, reading.refuse
    birth_date, age = facts.get("person.birth_date"), facts.get("person.age_years")
    if birth_date and age is not None and calculate_age(birth_date, reading.today) != age:
        expected = calculate_age(birth_date, reading.today)
        refuse("person.age_years", "age-contradicted", age, str(expected), f"the date of birth gives {expected}")
    if facts.get("person.pregnant") and facts.get("person.can_become_pregnant") is False:
        refuse(
            "person.can_become_pregnant", "pregnancy-contradicted", False, "true", "the person is said to be pregnant"
        )
    if facts.get("history.cardiovascular_event") is False and facts.get("history.cardiovascular_event_on"):
        accepted = "true, or no date"
        refuse("history.cardiovascular_event", "event-contradicted", False, accepted, "a date of an event is given")
    item9, total = facts.get("scales.phq9.item9"), facts.get("scales.phq9.total")
    if item9 is not None and total is not None and item9 > total:
        refuse("scales.phq9.item9", "item-above-total", item9, f"at most {total}", "item 9 is above the total")
    _check_body_mass_index(reading)


def _check_body_mass_index(reading: _Reading) -> None:
    derived = derive_facts({k: v for k, v in reading.facts.items() if k in ("weight.kg", "height.cm")}, reading.today)
    spec, value = load_facts()["bmi.kg_per_m2"], derived.get("bmi.kg_per_m2")
    stated = reading.facts.get("bmi.kg_per_m2")
    if value is None:
        return
    if not spec.min <= value <= spec.max:
        message = f"weight and height give a body mass index of {value}"
        reading.refuse("measurements.height_cm", "bmi-impossible", value, spec.accepted, message)
    elif stated is not None and abs(stated - value) > 1:
        message = f"weight and height give {value}"
        reading.refuse("measurements.bmi_kg_per_m2", "bmi-contradicted", stated, str(value), message)
