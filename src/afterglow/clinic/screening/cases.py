"""Builds the screening case of a person from the chart: what is recorded, nothing guessed, today's day of the site."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from afterglow.clinic.people.actions.measurements import KINDS
from afterglow.clinic.people.checks import as_json, get_local_date
from afterglow.clinic.people.models import HistoryFact, MedicationTrial, Patient
from afterglow.protocols.facts import load_facts
from afterglow.protocols.medicines import load_medicine_classes

FORMAT = 1
# facts that a measurement of the chart answers; a stated fact of the same name gives way to it
_TEXT_LIMIT = 500


def build_case(
    patient: Patient,
    *,
    protocol_id: str,
    indication: str | None,
    now: datetime,
    profiles: Mapping[str, str] | None = None,
    stage: str = "screening",
) -> dict[str, Any]:
    """Return the case as plain JSON; what the chart does not say is absent, which the rules read as not known."""
    case: dict[str, Any] = {"format": FORMAT, "today": get_local_date(patient.site, now).isoformat()}
    _put(case, "context.protocol", protocol_id)
    _put(case, "context.indication", indication)
    _put(case, "context.stage", stage)
    _put(case, "context.profiles", dict(profiles) if profiles else None)
    _put(case, "context.can_resuscitate", patient.site.can_resuscitate)
    if patient.site.jurisdiction in load_facts()["jurisdiction"].choices:
        _put(case, "context.jurisdiction", patient.site.jurisdiction)
    _add_person(case, patient)
    _add_facts(case, patient)
    _add_measurements(case, patient)
    _add_lists(case, patient, now)
    return dict(as_json(case))


def _add_person(case: dict[str, Any], patient: Patient) -> None:
    _put(case, "person.birth_date", patient.birth_on.isoformat())
    if patient.sex in load_facts()["person.sex"].choices:
        _put(case, "person.sex", patient.sex)
    _put(case, "person.can_become_pregnant", patient.can_become_pregnant)


def _add_facts(case: dict[str, Any], patient: Patient) -> None:
    vocabulary = load_facts()
    rows = HistoryFact.objects.filter(patient=patient, ended_at__isnull=True).order_by("recorded_at")
    answers = {row.name: row for row in rows}
    told = _list_newer(patient, answers)
    for name, row in answers.items():
        spec = vocabulary.get(name)
        if spec is None or not spec.case or row.value is None or name in told:
            continue
        _put(case, spec.case, row.value)
        _put_day(case, name, row.observed_on, answers)
    for name, each in told.items():
        _put(case, vocabulary[name].case, each.value)
        _put_day(case, name, each.on, {})
    if _get(case, "workup.has_diagnosis") is None and patient.problementry_set.filter(ended_at__isnull=True).exists():
        _put(case, "workup.has_diagnosis", True)


def _list_newer(patient: Patient, answers: Mapping[str, HistoryFact]) -> dict[str, Any]:
    """Return what submitted forms told later than the chart's own entry: the later day counts, then the later entry."""
    from afterglow.clinic.measures.facts import list_told

    found = {}
    for name, told in list_told(patient).items():
        row = answers.get(name)
        stated = None if row is None else row.observed_on or get_local_date(patient.site, row.recorded_at)
        if row is None or stated is None or (stated, row.recorded_at) <= (told.on, told.recorded_at):
            found[name] = told
    return found


def _put_day(case: dict[str, Any], name: str, on: date | None, answers: Mapping[str, HistoryFact]) -> None:
    """Give a laboratory's or questionnaire's answer its day, unless the day was stated itself."""
    own = "suicide.asked_on" if name.startswith("suicide.") else f"{name.rpartition('.')[0]}.on"
    spec = load_facts().get(own)
    if spec is not None and spec.case and own not in answers and on is not None:
        _put(case, spec.case, on.isoformat())


def _add_measurements(case: dict[str, Any], patient: Patient) -> None:
    """Put the last value of each kind; of blood pressure those of the two hours before it too. One query for all."""
    rows = patient.measurement_set.filter(ended_at__isnull=True, kind__in=list(KINDS))
    by_kind: dict[str, list[tuple[datetime, Any, Any]]] = {}
    columns = ("kind", "observed_at", "value", "second_value")
    for kind, at, value, second in rows.order_by("observed_at", "recorded_at").values_list(*columns):
        by_kind.setdefault(kind, []).append((at, value, second))
    for kind, declared in KINDS.items():
        listed = by_kind.get(kind)
        if not listed:
            continue
        last_at, last, _ = listed[-1]
        if kind == "blood-pressure":
            readings = [
                {"systolic_mmhg": value, "diastolic_mmhg": second}
                for at, value, second in listed
                if at >= last_at - timedelta(hours=2)
            ]
            _put(case, "measurements.blood_pressure", readings)
            _drop(case, "measurements.systolic_mmhg")
            _drop(case, "measurements.diastolic_mmhg")
        else:
            _put(case, load_facts()[declared.fact].case, last)


def _add_lists(case: dict[str, Any], patient: Patient, now: datetime) -> None:
    allergies = list(patient.allergy_set.filter(ended_at__isnull=True).values_list("substance", flat=True))
    if allergies or patient.has_no_known_allergies:
        case["allergies"] = allergies
    if patient.medicines_asked_at is not None:
        rows = patient.medicationstatement_set.filter(ended_at__isnull=True)
        case["medications"] = [_describe_medicine(row, now) for row in rows]
    if patient.trials_asked_at is not None:
        case["trials"] = [_describe_trial(row) for row in patient.medicationtrial_set.filter(ended_at__isnull=True)]


def _describe_medicine(row: Any, now: datetime) -> dict[str, Any]:
    known = load_medicine_classes()
    medicine: dict[str, Any] = {"name": f"{row.name} {row.dose_text}".strip()[:_TEXT_LIMIT]}
    classes = [name for name in row.classes if name in known]
    if classes:
        medicine["class"] = classes
    if row.last_taken_at is not None:
        medicine["hours_since"] = min(max(round((now - row.last_taken_at) / timedelta(hours=1), 1), 0), 10000)
    return medicine


def _describe_trial(row: MedicationTrial) -> dict[str, Any]:
    trial = {
        "drug": row.drug,
        "class": row.drug_class,
        "dose_mg_per_day": row.dose_mg,
        "weeks": row.weeks,
        "outcome": row.outcome,
        "improvement_percent": row.improvement_percent,
        "in_current_episode": row.is_current_episode,
    }
    return {name: value for name, value in trial.items() if value not in (None, "")}


def _put(case: dict[str, Any], path: str, value: Any) -> None:
    if value is None:
        return
    *branches, leaf = path.split(".")
    node = case
    for branch in branches:
        node = node.setdefault(branch, {})
    node[leaf] = value


def _get(case: Mapping[str, Any], path: str) -> Any:
    node: Any = case
    for part in path.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _drop(case: dict[str, Any], path: str) -> None:
    *branches, leaf = path.split(".")
    node: Any = case
    for branch in branches:
        node = node.get(branch, {})
    node.pop(leaf, None)
