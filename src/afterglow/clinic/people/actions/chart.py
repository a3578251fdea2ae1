"""Recording what a chart states. A row is never overwritten: a new answer ends the old one, and both stay."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.people.models import (
    Allergy,
    HistoryFact,
    MedicationStatement,
    MedicationTrial,
    Patient,
    Preference,
    ProblemEntry,
)
from afterglow.protocols.cases import read_value
from afterglow.protocols.facts import FactSpec, load_facts
from afterglow.protocols.medicines import find_classes, load_medicine_classes
from afterglow.protocols.resistance import OUTCOMES

EDIT = "chart.edit"
SEVERITIES = ("mild", "moderate", "severe", "unknown")


@action
def record_history(
    *, patient: Any, facts: Mapping[str, Any], by: Any, now: datetime, observed_on: date | None = None
) -> list[HistoryFact]:
    """Record answers by the name of their fact; None is "asked, not known".

    `observed_on` is the day the answers belong to (a laboratory's day, a questionnaire's); today where left out.
    An earlier answer to the same question is ended, never changed.
    """
    from afterglow.clinic.outcomes.marking import mark_facts

    policy.require(by, EDIT, patient)
    today = get_local_date(patient.site, now)
    checks = Checks()
    read = {name: _read_fact(checks, name, value, today) for name, value in facts.items()}
    day = checks.past_day(observed_on, "observed_on", today)
    checks.raise_problems()
    _end_rows(HistoryFact.objects.filter(patient=patient, name__in=list(read)), by, now, "answered again")
    rows = [
        HistoryFact(
            patient=patient,
            name=name,
            value=value,
            observed_on=day or _find_own_day(name, facts) or today,
            recorded_at=now,
            recorded_by=by,
        )
        for name, value in read.items()
    ]
    HistoryFact.objects.bulk_create(rows)
    mark_facts(patient.pk, read, now)
    audit.record(
        by=by, action="history.recorded", subject=patient, now=now, patient=patient, detail={"facts": sorted(read)}
    )
    return rows


@action
def record_allergy(
    *, patient: Any, substance: str, by: Any, now: datetime, reaction: str = "", severity: str = ""
) -> Allergy:
    """Record an allergy; it also answers that allergies were asked."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    fields = {
        "substance": checks.text(substance, "substance", longest=120, is_required=True),
        "reaction": checks.text(reaction, "reaction", longest=200),
        "severity": checks.word(severity, "severity", SEVERITIES),
    }
    checks.raise_problems()
    _set_asked(patient, allergies_asked_at=now, has_no_known_allergies=False)
    return _add(Allergy, patient, by, now, "allergy.recorded", fields)


@action
def record_no_known_allergies(*, patient: Any, by: Any, now: datetime) -> Patient:
    """Record that allergies were asked and none is known; refused while one stands in the chart."""
    policy.require(by, EDIT, patient)
    if Allergy.objects.filter(patient=patient, ended_at__isnull=True).exists():
        raise Conflict("an allergy stands in the chart; end it first, with the reason")
    _set_asked(patient, allergies_asked_at=now, has_no_known_allergies=True)
    audit.record(by=by, action="allergy.none-known", subject=patient, now=now, patient=patient)
    return Patient.objects.get(pk=patient.pk)


@action
def record_problem(
    *, patient: Any, display: str, by: Any, now: datetime, code: str = "", onset_on: date | None = None
) -> ProblemEntry:
    """Record a diagnosis with its ICD-10-CM code where it is known."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    fields = {
        "display": checks.text(display, "display", longest=200, is_required=True),
        "code": _read_code(checks, code),
        "onset_on": checks.past_day(onset_on, "onset_on", get_local_date(patient.site, now)),
    }
    checks.raise_problems()
    return _add(ProblemEntry, patient, by, now, "problem.recorded", fields)


@action
def record_medication(
    *,
    patient: Any,
    name: str,
    by: Any,
    now: datetime,
    dose_text: str = "",
    is_as_needed: bool = False,
    started_on: date | None = None,
    last_taken_at: datetime | None = None,
    classes: Iterable[str] = (),
) -> MedicationStatement:
    """Record a medicine the person takes; its classes are read from the name, `classes` adds what the name hides."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    fields = {
        "name": checks.text(name, "name", longest=120, is_required=True),
        "dose_text": checks.text(dose_text, "dose_text", longest=120),
        "is_as_needed": bool(is_as_needed),
        "started_on": checks.past_day(started_on, "started_on", get_local_date(patient.site, now)),
        "last_taken_at": checks.past_instant(last_taken_at, "last_taken_at", now),
        "classes": sorted({*find_classes(name or ""), *_read_classes(checks, classes)}),
    }
    checks.raise_problems()
    _set_asked(patient, medicines_asked_at=now)
    return _add(MedicationStatement, patient, by, now, "medication.recorded", fields)


@action
def record_no_medicines(*, patient: Any, by: Any, now: datetime) -> Patient:
    """Record that medicines were asked and none is taken; refused while one stands in the chart."""
    return _record_none(MedicationStatement, patient, by, now, "medication.none", "medicines_asked_at")


@action
def record_no_trials(*, patient: Any, by: Any, now: datetime) -> Patient:
    """Record that past trials were asked and there were none; refused while one stands in the chart."""
    return _record_none(MedicationTrial, patient, by, now, "trial.none", "trials_asked_at")


@action
def record_trial(
    *,
    patient: Any,
    drug: str,
    by: Any,
    now: datetime,
    drug_class: str = "",
    dose_mg: Any = None,
    weeks: Any = None,
    outcome: str = "",
    improvement_percent: Any = None,
    is_current_episode: bool | None = None,
    started_on: date | None = None,
    stopped_on: date | None = None,
    stop_reason: str = "",
) -> MedicationTrial:
    """Record a past treatment trial; what is not known stays not known."""
    policy.require(by, EDIT, patient)
    today = get_local_date(patient.site, now)
    checks = Checks()
    fields = {
        "drug": checks.text(drug, "drug", longest=120, is_required=True),
        "drug_class": checks.text(drug_class, "drug_class", longest=60),
        "dose_mg": checks.number(dose_mg, "dose_mg", Decimal("0.1"), 10000, "mg", places=3),
        "weeks": checks.number(weeks, "weeks", 0, 5200, "weeks", places=1),
        "outcome": checks.word(outcome, "outcome", OUTCOMES),
        "improvement_percent": checks.number(improvement_percent, "improvement_percent", -100, 100, "%", places=1),
        "is_current_episode": is_current_episode,
        "started_on": checks.past_day(started_on, "started_on", today),
        "stopped_on": checks.past_day(stopped_on, "stopped_on", today),
        "stop_reason": checks.text(stop_reason, "stop_reason", longest=200),
    }
    if started_on and stopped_on and stopped_on < started_on:
        accepted = f"{started_on.isoformat()} or later"
        checks.refuse("stopped_on", "end-before-start", stopped_on.isoformat(), accepted, "this lies before the start")
    checks.raise_problems()
    _set_asked(patient, trials_asked_at=now)
    return _add(MedicationTrial, patient, by, now, "trial.recorded", fields)


@action
def record_preference(*, patient: Any, text: str, by: Any, now: datetime) -> Preference:
    """Record what helps this person in the room."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    fields = {"text": checks.text(text, "text", longest=300, is_required=True)}
    checks.raise_problems()
    return _add(Preference, patient, by, now, "preference.recorded", fields)


@action
def end_entry(*, entry: Any, by: Any, now: datetime, reason: str = "") -> Any:
    """End one entry of a chart (a medicine stopped, an allergy refuted); the row stays with who, when and why."""
    policy.require(by, EDIT, entry)
    checks = Checks()
    words = checks.text(reason, "reason", longest=200)
    checks.raise_problems()
    locked = type(entry).objects.select_for_update().get(pk=entry.pk)
    if locked.ended_at is not None:
        raise Conflict("this entry was ended before")
    locked.ended_at, locked.ended_by, locked.end_reason = max(now, locked.recorded_at), by, words
    locked.save(update_fields=["ended_at", "ended_by", "end_reason"])
    if isinstance(locked, HistoryFact):
        from afterglow.clinic.outcomes.marking import mark_facts

        mark_facts(locked.patient_id, (locked.name,), now)
    kind = type(entry)._meta.model_name
    audit.record(by=by, action=f"{kind}.ended", subject=locked, now=now, patient=locked.patient)
    return locked


def _add(model: Any, patient: Any, by: Any, now: datetime, word: str, fields: dict[str, Any]) -> Any:
    row = model.objects.create(patient=patient, recorded_at=now, recorded_by=by, **fields)
    audit.record(by=by, action=word, subject=row, now=now, patient=patient)
    return row


def _record_none(model: Any, patient: Any, by: Any, now: datetime, word: str, asked: str) -> Patient:
    policy.require(by, EDIT, patient)
    if model.objects.filter(patient=patient, ended_at__isnull=True).exists():
        raise Conflict("an entry stands in the chart; end it first")
    _set_asked(patient, **{asked: now})
    audit.record(by=by, action=word, subject=patient, now=now, patient=patient)
    return Patient.objects.get(pk=patient.pk)


def _set_asked(patient: Any, **fields: Any) -> None:
    """Note that something was asked, on the row and on the object in hand."""
    Patient.objects.filter(pk=patient.pk).update(**fields)
    for name, value in fields.items():
        setattr(patient, name, value)


def _end_rows(rows: Any, by: Any, now: datetime, reason: str) -> None:
    for row in rows.filter(ended_at__isnull=True).select_for_update():
        row.ended_at, row.ended_by, row.end_reason = max(now, row.recorded_at), by, reason
        row.save(update_fields=["ended_at", "ended_by", "end_reason"])


def _read_fact(checks: Checks, name: str, value: Any, today: date) -> Any:
    spec = load_facts().get(name)
    if spec is None or spec.origin != "case":
        checks.refuse(name, "fact-unknown", name, "a fact of the vocabulary that a chart states", "no such fact")
        return None
    given = value.isoformat() if isinstance(value, date) else value
    if spec.type == "number" and isinstance(given, str):
        given = checks.number(given, name, -100000, 100000, spec.unit)

    def refuse(path: str, code: str, seen: object, accepted: str, message: str) -> None:
        checks.refuse(path, code, as_json(seen), accepted, message)

    return as_json(_read_one(spec, given, today, refuse))


def _read_one(spec: FactSpec, value: Any, today: date, refuse: Any) -> Any:
    return read_value(spec, value, spec.name, today, refuse)


def _find_own_day(name: str, facts: Mapping[str, Any]) -> date | None:
    """Return the day that the same answers give for this one: `scales.phq9.on` for `scales.phq9.total`."""
    own = "suicide.asked_on" if name.startswith("suicide.") else f"{name.rpartition('.')[0]}.on"
    value = facts.get(own)
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value if isinstance(value, date) else None


def _read_code(checks: Checks, code: str) -> str:
    text = checks.text(code, "code", longest=12).upper()
    letters = text.replace(".", "", 1)
    is_code = not text or (len(letters) >= 3 and letters[0].isalpha() and letters.isascii() and letters.isalnum())
    if not is_code:
        checks.refuse("code", "icd-malformed", text, "a code such as F33.2", "this is not an ICD-10-CM code")
    return text


def _read_classes(checks: Checks, classes: Iterable[str]) -> list[str]:
    known = load_medicine_classes()
    listed = [str(item) for item in classes]
    for item in listed:
        if item not in known:
            checks.refuse("classes", "class-unknown", item, ", ".join(sorted(known)), "this class is not known")
    return listed
