"""Reads what screens need to know of courses: dosed sessions, the plan, the last answers; many patients at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.dosing import STARTS
from afterglow.clinic.dosing_sessions.lookups import LEFT
from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.measures.lookups import SCREENS
from afterglow.clinic.measures.models import MeasureResult
from afterglow.clinic.people.models import HistoryFact
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.tasks.models import SurveillanceRecord, Task
from afterglow.clinicday.surveillance import Answer, Course, list_answer_names
from afterglow.protocols.catalogue import load_protocol_ids
from afterglow.protocols.effective import find_route
from afterglow.protocols.facts import load_facts

CALL_BACK = "call-back-48h"
BLADDER, BLOOD = "scales.luts.total", "course.has_haematuria_or_pain"
_PLANS = Prepared(lambda keys: Plan.objects.filter(patient__pk__in=keys, state="signed"))
_MARKS: Prepared[tuple[str, str, str, datetime]] = Prepared(
    lambda keys: (
        SessionEvent.objects.filter(session__patient__pk__in=keys, type__in=(*STARTS, *LEFT))
        .order_by("occurred_at", "pk")
        .values_list("session__patient", "session", "type", "occurred_at")
    )
)
_FACTS = Prepared(
    lambda keys: HistoryFact.objects.filter(patient__pk__in=keys, name__in=list_answer_names(), ended_at__isnull=True)
)
_FORMS: Prepared[tuple[str, str, str, Any, datetime]] = Prepared(
    lambda keys: (
        MeasureResult.objects.filter(form__patient__pk__in=keys, instrument__in=list(SCREENS))
        .order_by("number")
        .values_list("form__patient", "form", "instrument", "total", "observed_at")
    )
)
_RECORDS = Prepared(lambda keys: SurveillanceRecord.objects.filter(patient__pk__in=keys, replaced_by__isnull=True))
_CALLED: Prepared[tuple[str, str]] = Prepared(
    lambda keys: (
        Task.objects.filter(patient__pk__in=keys, kind=CALL_BACK)
        .order_by("opened_at", "pk")
        .values_list("patient", "state")
    )
)


def load_courses(patients: Iterable[Any]) -> dict[str, Course]:
    """Return the course of each patient by its key; the number of queries does not grow with the patients."""
    listed = {patient.pk: patient for patient in patients}
    keys = list(listed)
    sessions, left = _load_marks(listed)
    plans = {plan.patient_id: plan for plan in _PLANS.ask(keys=keys)}
    answers = _load_answers(listed)
    called = _find_called(keys)
    return {
        key: Course(
            sessions=tuple(sessions.get(key, ())),
            induction_sessions=plans[key].induction_sessions if key in plans else None,
            drug=find_drug(plans[key].protocol) if key in plans else "",
            indication=plans[key].indication if key in plans else "",
            answers=answers.get(key, {}),
            last_left_at=left.get(key),
            is_called_back=called.get(key),
        )
        for key in listed
    }


def find_drug(protocol: str) -> str:
    """Return the drug of a protocol, or nothing for one that this version does not know."""
    return str(find_route(protocol)["drug"]) if protocol in load_protocol_ids() else ""


def _load_marks(patients: Mapping[str, Any]) -> tuple[dict[str, list[date]], dict[str, datetime]]:
    """Return the local days on which drug was given, one for each session, and when each person left last."""
    days: dict[str, list[date]] = defaultdict(list)
    left: dict[str, datetime] = {}
    begun = set()
    for patient, session, kind, at in _MARKS.ask(keys=list(patients)):
        if kind in LEFT:
            left[patient] = at
        elif session not in begun:
            begun.add(session)
            days[patient].append(_local_day(patients[patient], at))
    return days, left


def _load_answers(patients: Mapping[str, Any]) -> defaultdict[str, dict[str, Answer]]:
    """Return the last answers, of chart, screens and forms: the later day counts, then the later entry."""
    rows: list[tuple[str, str, Any, date, datetime]] = []
    for fact in _FACTS.ask(keys=list(patients)):
        if fact.value is not None:
            day = fact.observed_on or _local_day(patients[fact.patient_id], fact.recorded_at)
            rows.append((fact.patient_id, fact.name, read_value(fact.name, fact.value), day, fact.recorded_at))
    for record in _RECORDS.ask(keys=list(patients)):
        day = _local_day(patients[record.patient_id], record.done_at)
        for name, value in record.result.items():
            rows.append((record.patient_id, name, read_value(name, value), day, record.recorded_at))
    found: defaultdict[str, dict[str, Answer]] = defaultdict(dict)
    for patient, name, value, day, _ in sorted(rows, key=lambda row: (row[3], row[4])):
        found[patient][name] = Answer(value, day)
    _add_forms(found, patients)
    return found


def _add_forms(found: Mapping[str, dict[str, Answer]], patients: Mapping[str, Any]) -> None:
    """Add the totals of forms, a corrected one as it stands now, where they are newer than the chart's own entry.

    A bladder score alone is half of its screen: it counts once blood and pain were asked on its day or later.
    """
    last = {row[1]: row for row in _FORMS.ask(keys=list(patients))}
    for patient, _form, instrument, total, observed_at in last.values():
        name, day = SCREENS[instrument], _local_day(patients[patient], observed_at)
        answers = found[patient]
        known, blood = answers.get(name), answers.get(BLOOD)
        is_half = name == BLADDER and (blood is None or blood.on < day)
        if total is not None and not is_half and (known is None or known.on < day):
            answers[name] = Answer(Decimal(total), day)


def read_value(name: str, value: Any) -> Any:
    """Return a stored answer as the rules read it: numbers as decimals."""
    spec = load_facts().get(name)
    is_number = spec is not None and spec.type == "number"
    return Decimal(str(value)) if is_number and not isinstance(value, bool) else value


def _find_called(keys: list[str]) -> dict[str, bool]:
    """Return whether the last call-back asked for was made, for those who have one."""
    return {str(patient): state == "done" for patient, state in _CALLED.ask(keys=keys)}


def _local_day(patient: Any, at: datetime) -> date:
    return at.astimezone(ZoneInfo(patient.site.timezone)).date()
