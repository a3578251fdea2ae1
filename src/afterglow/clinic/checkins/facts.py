"""What a check-in is judged with: the visit's protocol at its site, the chart's facts, the questions that apply."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max

from afterglow.clinic.screening.cases import build_case
from afterglow.clinic.sites.actions import get_site_protocol
from afterglow.clinicday.checkin import SUICIDE, Answers, judge_answers, list_questions, load_checkin, pick_worst
from afterglow.clinicday.checkin_reading import Question
from afterglow.protocols.cases import flatten_case
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding


def list_asked(appointment: Any) -> tuple[Question, ...]:
    """Return the questions of a visit for its person."""
    patient = appointment.patient
    can = False if patient.sex == "male" else patient.can_become_pregnant
    return list_questions(appointment.kind, can_become_pregnant=can)


def read_answers(checkin: Any) -> dict[str, Mapping[str, Any]]:
    """Return the answers that count, by question: of several to one question the last."""
    return {row.question: row.value for row in checkin.answers.order_by("number")}


def list_counting(checkin: Any) -> dict[str, tuple[Any, Any]]:
    """Return of each question the answer that counts and the last one, as they are stored.

    Of what was told of suicide since a clinician last assessed it the worst counts, told through any link of the visit.
    """
    last = {row.question: row for row in checkin.answers.order_by("number")}
    found = {name: (row, row) for name, row in last.items()}
    for question in load_checkin().questions:
        if question.check != SUICIDE:
            continue
        rows = list(_list_unassessed(checkin, question.id))
        if question.id in last:
            rows.append(last[question.id])
        if rows:
            worst = pick_worst(question, [row.value for row in rows])
            found[question.id] = (next(row for row in reversed(rows) if row.value == worst), rows[-1])
    return found


def read_counting(checkin: Any) -> dict[str, Mapping[str, Any]]:
    """Return the answers that rules and findings read, by question: the last, of suicide the worst not yet assessed."""
    return {name: counts.value for name, (counts, _last) in list_counting(checkin).items()}


def _list_unassessed(checkin: Any, question: str) -> Any:
    from afterglow.clinic.checkins.models import CheckInAnswer
    from afterglow.clinic.measures.models import RiskAssessment

    visit = checkin.appointment
    rows = CheckInAnswer.objects.filter(checkin__appointment=visit, question=question)
    made_at = RiskAssessment.objects.filter(patient=visit.patient_id).aggregate(at=Max("made_at"))["at"]
    rows = rows if made_at is None else rows.filter(recorded_at__gt=made_at)
    return rows.order_by("recorded_at", "checkin__created_at", "number")


def judge_checkin(checkin: Any, *, now: datetime, answers: Answers | None = None) -> tuple[Finding, ...]:
    """Return what the answers of a check-in add to what the chart says."""
    told = read_counting(checkin) if answers is None else answers
    if not told:
        return ()
    appointment = checkin.appointment
    protocol = find_protocol(appointment)
    chart = collect_chart(appointment, protocol, now) if protocol is not None else {}
    planned_at = appointment.dose_at or appointment.starts_at
    return judge_answers(told, protocol=protocol, chart=chart, planned_at=planned_at)


def find_protocol(appointment: Any) -> Protocol | None:
    """Return the protocol a visit follows at its site, or None for a visit without one."""
    if not appointment.protocol:
        return None
    indication = appointment.plan.indication if appointment.plan_id else None
    return get_site_protocol(appointment.site, appointment.protocol, indication=indication)


def collect_chart(appointment: Any, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the facts of the chart as the rules read them."""
    case = build_case(appointment.patient, protocol_id=protocol.id, indication=protocol.indication, now=now)
    return {name: value for name, value in flatten_case(case).facts.items() if value is not None}
