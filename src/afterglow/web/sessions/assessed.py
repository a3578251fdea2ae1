"""What the chart's page of the answers about suicide says of the visit that a session is part of."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.measures.models import RiskAssessment
from afterglow.clinic.measures.risk import list_open
from afterglow.clinic.prepared import Prepared
from afterglow.web.measures.forms import DECISIONS

READ = "measure.read"
_MADE = Prepared(
    lambda patient, since: (
        RiskAssessment.objects.filter(patient=patient, made_at__gte=since)
        .select_related("made_by")
        .order_by("made_at", "pk")
    )
)


def describe_assessed(session: Session, user: Any) -> dict[str, Any] | None:
    """Return the assessments of the visit's day and whether an answer holds the dose; None where there is neither."""
    if not policy.allow(user, READ, session):
        return None
    opened = timezone.localtime(session.opened_at)
    begin = opened.replace(hour=0, minute=0, second=0, microsecond=0)
    names = dict(DECISIONS)
    rows: list[dict[str, Any]] = [
        {"decision": names[row.decision], "at": row.made_at, "by": row.made_by.display_name, "note": row.note}
        for row in _MADE.ask(patient=session.patient_id, since=begin)
        # an assessment of a later visit is not of this one
        if timezone.localtime(row.made_at).date() == opened.date()
    ]
    alerts = [] if session.is_closed else list_open(session.patient)
    if not rows and not alerts:
        return None
    return {
        "rows": rows,
        "is_held": bool(alerts),
        "is_assessed": bool(rows and alerts) and rows[-1]["at"] >= max(alert.raised_at for alert in alerts),
        "url": reverse("web:patient-risk", args=[session.patient_id]),
    }
