"""What an answer about suicide asks before a person leaves: an assessment since the answer, whatever it decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from afterglow.clinic.measures.alerts import describe
from afterglow.clinic.measures.models import RiskAlert, RiskAssessment
from afterglow.clinic.measures.risk import EMERGENCY, list_open
from afterglow.clinic.measures.unformed import SESSION
from afterglow.clinic.prepared import Prepared
from afterglow.clinicday.risk import build_leaving_finding
from afterglow.terms import Finding

_LAST: Prepared[Any] = Prepared(
    lambda patient: RiskAssessment.objects.filter(patient=patient).order_by("-made_at", "-pk")[:1]
)


def find_left_open(session: Any) -> Finding | None:
    """Return the finding that holds a session's release, or None.

    What the session's own screens told is left out: its gate on the questions after the dose judges those.
    """
    alerts = [each for each in list_open(session.patient) if (each.way, each.source) != (SESSION, session.pk)]
    if not alerts:
        return None
    newest = max(each.raised_at for each in alerts)
    assessed = _LAST.find(patient=session.patient)
    if not _is_open(assessed, newest):
        return None
    is_emergency = assessed is not None and assessed.made_at >= newest
    return build_leaving_finding(" ".join(describe(each) for each in alerts), is_emergency=is_emergency)


def list_unassessed(sessions: Sequence[Any]) -> set[str]:
    """Return which of these sessions have a release that an answer about suicide holds, in two questions for all."""
    people = {each.patient_id: each.pk for each in sessions}
    if not people:
        return set()
    rows = RiskAlert.objects.filter(patient__in=list(people), holds_dose=True, release__isnull=True)
    newest: dict[str, datetime] = {}
    for row in rows.order_by("raised_at"):
        if (row.way, row.source) != (SESSION, people[row.patient_id]):
            newest[row.patient_id] = row.raised_at
    last = {row.patient_id: row for row in RiskAssessment.objects.filter(patient__in=list(newest)).order_by("made_at")}
    return {people[each] for each, at in newest.items() if _is_open(last.get(each), at)}


def _is_open(assessed: RiskAssessment | None, newest: datetime) -> bool:
    return assessed is None or assessed.made_at < newest or assessed.decision == EMERGENCY
