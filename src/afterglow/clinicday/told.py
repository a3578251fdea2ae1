"""What a referral tells, in the words of a chart: facts, medicines, trials, and the case that the rules judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from afterglow.clinicday.intake import load_intake
from afterglow.protocols.facts import load_facts
from afterglow.protocols.model import Protocol
from afterglow.protocols.screening import screen
from afterglow.terms import Finding, Severity

# a told score is asked within its own bounds; only a day that was told stands beside it
_FORMAT = 1
SHOWN = (Severity.STOP, Severity.CAUTION)
# the items that a referral cannot answer and that a visit will: findings on them say nothing about the person
_CLASS_FACTS = frozenset({"medication.classes"})


@dataclass(frozen=True, slots=True)
class ToldTrial:
    """One medicine tried, as told."""

    drug: str
    dose_mg: Decimal | None
    weeks: Decimal | None
    outcome: str


# what a chart has no field for, and who reads the chart has to know before they meet the person
_WITHOUT_FIELD = (
    "crisis_harm",
    "crisis_thoughts",
    "crisis_today",
    "left_hospital_on",
    "alcohol",
    "substances",
)
_PRESSURE = ("bp_systolic", "bp_diastolic")


@dataclass(frozen=True, slots=True)
class ToldMedicine:
    """One medicine taken, as told."""

    name: str
    dose: str


@dataclass(frozen=True, slots=True)
class Pressure:
    """One blood pressure as told."""

    systolic: int
    diastolic: int
    on: date | None


def list_facts(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the history facts that were told: "unknown" is asked and not known, what was not answered is absent."""
    facts: dict[str, Any] = {}
    for item in load_intake().fields:
        value = answers.get(item.name)
        if not item.fact or value is None:
            continue
        facts[item.fact] = {"yes": True, "no": False, "unknown": None}[value] if item.kind == "yes-no" else value
    return facts


def list_without_field(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that a chart has no field for and shows as told; a pressure without its day is one."""
    pressure = find_pressure(answers)
    names = _WITHOUT_FIELD + (_PRESSURE if pressure is None or pressure.on is None else ())
    return {name: answers[name] for name in names if answers.get(name) not in (None, "")}


def list_trials(answers: Mapping[str, Any]) -> list[ToldTrial]:
    """Return the medicines tried."""
    rows = _list_rows(answers, "trial", "drug")
    return [
        ToldTrial(
            row["drug"], _read_decimal(row.get("dose_mg")), _read_decimal(row.get("weeks")), row.get("outcome", "")
        )
        for row in rows
    ]


def list_medicines(answers: Mapping[str, Any]) -> list[ToldMedicine]:
    """Return the medicines taken now."""
    return [ToldMedicine(row["name"], row.get("dose", "")) for row in _list_rows(answers, "medicine", "name")]


def list_lines(answers: Mapping[str, Any], name: str) -> list[str]:
    """Return the lines of an answer that holds one thing a line."""
    return [line.strip() for line in str(answers.get(name) or "").splitlines() if line.strip()]


def find_pressure(answers: Mapping[str, Any]) -> Pressure | None:
    """Return the blood pressure told, when both numbers were."""
    upper, lower = answers.get("bp_systolic"), answers.get("bp_diastolic")
    if upper is None or lower is None:
        return None
    day = answers.get("bp_on")
    return Pressure(round(upper), round(lower), date.fromisoformat(day) if day else None)


def find_indication(answers: Mapping[str, Any], protocol: Protocol | None = None) -> str | None:
    """Return what it is about when the vocabulary knows it."""
    chosen = answers.get("indication")
    return chosen if chosen in load_facts()["indication"].choices else None


def build_told_case(answers: Mapping[str, Any], *, protocol_id: str, today: date) -> dict[str, Any]:
    """Return the screening case of what was told; what was not told is absent, which the rules read as not known."""
    case: dict[str, Any] = {"format": _FORMAT, "today": today.isoformat()}
    _put(case, "context.protocol", protocol_id)
    _put(case, "person.birth_date", answers.get("birth_on"))
    if answers.get("sex") in load_facts()["person.sex"].choices:
        _put(case, "person.sex", answers["sex"])
    for name, value in list_facts(answers).items():
        _put(case, load_facts()[name].case, value)
    if pressure := find_pressure(answers):
        _put(case, "measurements.systolic_mmhg", pressure.systolic)
        _put(case, "measurements.diastolic_mmhg", pressure.diastolic)
    if answers.get("diagnoses"):
        _put(case, "workup.has_diagnosis", True)
    _put_lists(case, answers)
    return case


def judge_told(answers: Mapping[str, Any], protocol: Protocol, today: date) -> list[Finding]:
    """Return the stops and cautions of the protocol's own rules on what was told; they decide nothing.

    What is missing is not listed here: nearly everything is, before anybody has seen the person.
    """
    case = build_told_case(answers, protocol_id=protocol.id, today=today)
    result = screen(case, protocol=protocol)
    return [finding for finding in result.findings if finding.severity in SHOWN]


def _put_lists(case: dict[str, Any], answers: Mapping[str, Any]) -> None:
    if allergies := list_lines(answers, "allergies"):
        case["allergies"] = allergies
    elif answers.get("has_no_allergies") == "yes":
        case["allergies"] = []
    medicines = list_medicines(answers)
    if medicines or answers.get("takes_no_medicines") == "yes":
        case["medications"] = [{"name": f"{item.name} {item.dose}".strip()} for item in medicines]
    trials = list_trials(answers)
    if trials or answers.get("has_no_trials") == "yes":
        case["trials"] = [_describe_trial(item) for item in trials]


def _describe_trial(trial: ToldTrial) -> dict[str, Any]:
    told = {
        "drug": trial.drug,
        "dose_mg_per_day": trial.dose_mg,
        "weeks": trial.weeks,
        "outcome": trial.outcome,
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _list_rows(answers: Mapping[str, Any], key: str, needed: str) -> list[dict[str, Any]]:
    """Return the repetitions of a section that name something, each as its own answers."""
    section = next(section for section in load_intake().sections if section.key == key)
    rows = []
    for row in range(1, section.repeat + 1):
        prefix = f"{key}_{row}_"
        told = {name.removeprefix(prefix): answers[name] for name in answers if name.startswith(prefix)}
        if told.get(needed):
            rows.append(told)
    return rows


def _read_decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _put(case: dict[str, Any], path: str, value: Any) -> None:
    if value is None or not path:
        return
    *branches, leaf = path.split(".")
    node = case
    for branch in branches:
        node = node.setdefault(branch, {})
    node[leaf] = value
