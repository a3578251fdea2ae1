"""A course and its readings from plain data, as a page or a worker's question brings them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from afterglow.pharmacology.finding.fields import read_numbers, read_words, refuse_unknown
from afterglow.pharmacology.finding.outlook import Patient
from afterglow.pharmacology.finding.session import build_given, parse_events
from afterglow.pharmacology.updating.course import Course, SessionRecord
from afterglow.pharmacology.updating.observations import Observation
from afterglow.terms import InvalidInput, build_error

MOST_SESSIONS, MOST_OBSERVATIONS = 60, 500
_SESSION_NUMBERS = ("start_h", "number", "baseline_systolic_mmhg", "baseline_diastolic_mmhg")
_OBSERVATION_NUMBERS = ("value", "at_min", "at_day")
_OBSERVATION_WORDS = ("kind", "session", "sampling_site", "assay", "id")


def parse_course(content: Mapping[str, Any], patient: Patient) -> Course:
    """Return a course from `drug`, `route`, `sessions` and, where given, `model` and `has_new_antidepressant`.

    Raises
    ------
    InvalidInput
        An unknown name, a wrong kind of value, or events that cannot follow each other.
    """
    rows = content["sessions"]
    _require_count("sessions", rows, MOST_SESSIONS)
    sessions = [_parse_session(row, f"sessions[{i}]", content, patient) for i, row in enumerate(rows)]
    return Course(
        drug=content["drug"],
        route=content["route"],
        person=patient.person,
        sessions=tuple(sessions),
        model_id=content.get("model"),
        interactions=patient.interactions,
        has_new_antidepressant=content.get("has_new_antidepressant") or False,
    )


def parse_observations(rows: Sequence[Any]) -> tuple[Observation, ...]:
    """Return readings from mappings with the field names of `Observation`, residual left out."""
    _require_count("observations", rows, MOST_OBSERVATIONS)
    found = []
    for i, row in enumerate(rows):
        path = f"observations[{i}]"
        _require_object(path, row)
        refuse_unknown(path, row, {*_OBSERVATION_NUMBERS, *_OBSERVATION_WORDS})
        numbers = read_numbers(path, row, _OBSERVATION_NUMBERS)
        words = read_words(path, row, _OBSERVATION_WORDS)
        missing = [name for name in ("kind", "value") if name not in {**numbers, **words}]
        if missing:
            raise InvalidInput([build_error(f"{path}.{missing[0]}", "missing", None, "a value", "A reading lacks it.")])
        found.append(Observation(**numbers, **words))
    return tuple(found)


def _parse_session(row: Any, path: str, content: Mapping[str, Any], patient: Patient) -> SessionRecord:
    _require_object(path, row)
    names = {item.name for item in fields(SessionRecord)} - {"doses"} | {"events"}
    refuse_unknown(path, row, names)
    numbers = read_numbers(path, row, _SESSION_NUMBERS)
    words = read_words(path, row, ("id",))
    number, eased = numbers.pop("number", 1), row.get("has_attenuation", patient.has_attenuation)
    checks = (
        ("id", "id" in words, "a word"),
        ("start_h", "start_h" in numbers, "hours from the start of the course"),
        ("number", isinstance(number, int), "a whole number"),
        ("has_attenuation", isinstance(eased, bool), "true, false"),
        ("events", isinstance(row.get("events"), list), "a list"),
    )
    problems = [
        build_error(f"{path}.{name}", "wrong-kind", str(row.get(name))[:80], accepted, f"{path}.{name} cannot be used.")
        for name, is_good, accepted in checks
        if not is_good
    ]
    if problems:
        raise InvalidInput(problems)
    doses = build_given(parse_events(row["events"]), content["drug"], content["route"])
    return SessionRecord(**words, **numbers, number=number, doses=doses, has_attenuation=eased)


def _require_count(path: str, rows: Sequence[Any], most: int) -> None:
    if len(rows) > most:
        raise InvalidInput([build_error(path, "too-many", len(rows), f"up to {most}", f"There are too many {path}.")])


def _require_object(path: str, row: Any) -> None:
    if not isinstance(row, Mapping):
        raise InvalidInput([build_error(path, "not-an-object", str(row)[:80], "an object", f"{path} is no object.")])
