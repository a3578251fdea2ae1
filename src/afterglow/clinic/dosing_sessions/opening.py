"""What a session must know when it is opened: whose it is, under which consent, with which facts of the chart.

Codes, numbers and identifiers only. What the chart says later does not change an open session; today's answers do.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.screening.cases import build_case
from afterglow.protocols.cases import flatten_case
from afterglow.protocols.model import Protocol
from afterglow.terms import render_instant

GIVEN = ("dosing-started", "injection-given", "device-given")


def collect_header(*, session: Session, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the data of a session's first event."""
    zone = ZoneInfo(session.site.timezone)
    dates = list_session_dates(session, zone)
    header: dict[str, Any] = {
        "patient": session.patient_id,
        "site": session.site_id,
        "plan": session.plan_id,
        "place": session.place,
        "timezone": session.site.timezone,
        "protocol": protocol.id,
        "protocol_hash": session.protocol_id,
        "number": len(dates) + 1,
        "is_first": not dates,
        "consent": find_consent(session, protocol, now),
        "weight": find_weight(session),
        "facts": collect_facts(session, protocol, now),
        "session_dates": [day.isoformat() for day in dates],
    }
    return {name: value for name, value in header.items() if value not in (None, "")}


def list_session_dates(session: Session, zone: ZoneInfo) -> list[date]:
    """Return the clinic-local dates on which this patient was given a dose before, oldest first."""
    given = SessionEvent.objects.filter(session__patient=session.patient_id, type__in=GIVEN).exclude(session=session.pk)
    days = {}
    for session_id, at in given.order_by("-occurred_at").values_list("session_id", "occurred_at"):
        days[session_id] = at.astimezone(zone).date()
    return sorted(days.values())


def find_consent(session: Session, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return whether a valid consent covers this drug and route today, or why none does."""
    today = now.astimezone(ZoneInfo(session.site.timezone)).date()
    reason = "none is signed"
    for consent in session.patient.consents.select_related("text").order_by("-signed_at"):
        if consent.withdrawn_at is not None:
            reason = "it was withdrawn"
        elif consent.text.drug != str(protocol.drug) or str(protocol.route) not in consent.text.routes:
            reason = "it covers another drug or route"
        elif consent.expires_on < today:
            reason = "it has expired"
        else:
            return {"is_valid": True, "consent": consent.pk, "version": consent.text.version}
    return {"is_valid": False, "reason": reason}


def find_weight(session: Session) -> dict[str, Any]:
    """Return the last weight of the chart with the time it was taken."""
    row = session.patient.measurement_set.filter(kind="weight", ended_at__isnull=True).order_by("observed_at").last()
    if row is None:
        return {}
    return {"weight_kg": _plain(row.value), "weighed_at": render_instant(row.observed_at)}


def collect_facts(session: Session, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the facts of the chart as the rules read them now; what the chart does not say is absent."""
    case = build_case(session.patient, protocol_id=protocol.id, indication=protocol.indication, now=now)
    facts = flatten_case(case).facts
    return {name: _plain(value) for name, value in facts.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return value
