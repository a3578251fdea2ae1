"""What a session must know when it is opened: whose it is, under which consent, with which facts of the chart.

Codes, numbers and identifiers only. What the chart says later does not change an open session; today's answers do.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.consents.checks import find_valid_consent
from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.people.lookups import find_weight as find_chart_weight
from afterglow.clinic.plans.headers import (
    describe_rems,
    find_last_time,
    list_allergies,
    list_medicines,
    list_scores,
)
from afterglow.clinic.plans.judging import is_off_label
from afterglow.clinic.plans.orders import calculate_effective_dose
from afterglow.clinic.screening.cases import build_case
from afterglow.clinicday.checkin import join_classes
from afterglow.protocols.cases import flatten_case
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding, Severity, render_instant

GIVEN = ("dosing-started", "injection-given", "device-given")


def collect_header(*, session: Session, protocol: Protocol, now: datetime, visit: Any = None) -> dict[str, Any]:
    """Return the data of a session's first event; `visit` is the booked one whose check-in the person answered."""
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
        "consent": find_consent(session, protocol, now.astimezone(zone).date()),
        "weight": find_weight(session),
        "facts": collect_facts(session, protocol, now, visit=visit),
        "told": _list_told(visit),
        "session_dates": [day.isoformat() for day in dates],
        "rems": describe_rems(session.patient, session.plan) if protocol.rems_fields else None,
        "last": find_last_time(session.patient) or None,
        "allergies": list_allergies(session.patient),
        "medicines": list_medicines(session.patient),
        "scores": list_scores(session.patient),
    }
    return {name: value for name, value in header.items() if value not in (None, "")}


def list_session_dates(session: Session, zone: ZoneInfo) -> list[date]:
    """Return the clinic-local dates on which this patient was given a dose before, oldest first."""
    given = SessionEvent.objects.filter(session__patient=session.patient_id, type__in=GIVEN).exclude(session=session.pk)
    days = {}
    for session_id, at in given.order_by("-occurred_at").values_list("session_id", "occurred_at"):
        days[session_id] = at.astimezone(zone).date()
    return sorted(days.values())


def find_consent(session: Session, protocol: Protocol, on: date) -> dict[str, Any]:
    """Return whether a valid consent covers this drug, route and planned dose on a day, or why none does.

    A dose that cannot be compared yet, for want of a weight, is judged when the order is signed.
    """
    plan = session.plan
    weight = find_weight(session).get("weight_kg")
    check = find_valid_consent(
        patient=session.patient,
        route=str(protocol.route),
        drug=str(protocol.drug),
        on=on,
        dose_mg_per_kg=plan.dose_mg_per_kg if plan is not None else None,
        dose_mg=plan.dose_mg if plan is not None else None,
        weight_kg=Decimal(weight) if weight else None,
        must_cover_off_label=is_off_label(protocol),
    )
    stops = [finding for finding in check.findings if finding.severity is Severity.STOP]
    if stops:
        return {"is_valid": False, "reason": "; ".join(f"{stop.title} ({stop.seen})" for stop in stops)}
    consent = check.consent or find_latest_consent(session.patient_id, on)
    return {"is_valid": consent is not None, "consent": consent.pk if consent is not None else None}


def list_lacks_of_order(session: Session, protocol: Protocol, order: Mapping[str, Any], on: date) -> list[Finding]:
    """Return how an order passes the dose that the person consented to; other lacks hold the dose itself."""
    mg, per_kg = calculate_effective_dose(order)
    weight = Decimal(str(order["weight_kg"])) if order.get("weight_kg") else None
    check = find_valid_consent(
        patient=session.patient,
        route=str(protocol.route),
        drug=str(protocol.drug),
        on=on,
        dose_mg=mg,
        dose_mg_per_kg=per_kg,
        weight_kg=weight,
        must_cover_off_label=is_off_label(protocol),
    )
    return [each for each in check.findings if each.rule == "CONSENT-5" and each.severity is Severity.STOP]


def find_latest_consent(patient_id: str, on: date) -> Consent | None:
    """Return the consent signed last that stands on a day."""
    rows = Consent.objects.filter(patient=patient_id, withdrawn_at__isnull=True, expires_on__gte=on)
    return rows.order_by("signed_at", "pk").last()


def find_weight(session: Session) -> dict[str, Any]:
    """Return the last weight of the chart with the time it was taken."""
    row = find_chart_weight(session.patient)
    if row is None:
        return {}
    return {"weight_kg": _plain(row.value), "weighed_at": render_instant(row.observed_at)}


def collect_facts(session: Session, protocol: Protocol, now: datetime, *, visit: Any = None) -> dict[str, Any]:
    """Return the facts of the chart as the rules read them now; what the chart does not say is absent.

    Of what the person told before the visit only what raised a finding is added: it holds until somebody here has
    asked again, and nothing that was told closes a check.
    """
    case = build_case(session.patient, protocol_id=protocol.id, indication=protocol.indication, now=now)
    facts = {name: value for name, value in flatten_case(case).facts.items() if value is not None}
    if visit is not None:
        from afterglow.clinic.checkins.actions import find_visit_facts, list_visit_classes

        facts = join_classes({**facts, **find_visit_facts(appointment=visit)}, list_visit_classes(appointment=visit))
    return {name: _plain(value) for name, value in facts.items()}


def _list_told(visit: Any) -> list[dict[str, Any]] | None:
    """Return what the person told before the visit, or None where nothing was told."""
    if visit is None:
        return None
    from afterglow.clinic.checkins.actions import list_visit_answers

    return list_visit_answers(appointment=visit) or None


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
