"""The lane of arrivals: who comes today, who is here, who is late, what of the check-in and the escort is open."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.floor.escorts import is_over, list_ladders
from afterglow.clinic.floor.marks import describe_name
from afterglow.clinic.floor.models import EscortCall
from afterglow.clinicday.floor import load_escort_ladder
from afterglow.clinicday.presence import find_next_step

COMING = ("booked", "confirmed", "arrived")
DOSING = "dosing"


def list_arrivals(site: Any, on: date, now: datetime) -> list[dict[str, Any]]:
    """Return the visits of a local day that have not begun, and today's orders without a session, in order of time."""
    from afterglow.clinic.scheduling.actions import list_day
    from afterglow.clinic.scheduling.voiding import find_voids

    visits = [visit for visit in list_day(site, on) if visit.state in COMING]
    checkins = _find_checkins([visit.pk for visit in visits])
    escorts = _find_escorted([visit.patient_id for visit in visits])
    ladders = list_ladders(site, on)
    void = find_voids(visits)
    rows = [
        {**_describe_visit(visit, checkins, escorts, ladders, now), "void": void.get(visit.pk, "")} for visit in visits
    ]
    return rows + _list_ordered(site, on, now, {visit.patient_id for visit in visits})


def _describe_visit(
    visit: Any,
    checkins: dict[str, Any],
    escorts: set[str],
    ladders: dict[str, list[EscortCall]],
    now: datetime,
) -> dict[str, Any]:
    calls = ladders.get(visit.patient_id, [])
    has_escort = visit.escort_id is not None or visit.patient_id in escorts or is_over(calls)
    asked = checkins.get(visit.pk)
    is_late = visit.state != "arrived" and (visit.expected_at or visit.starts_at) < now
    return {
        "visit": visit.pk,
        "patient": visit.patient_id,
        "names": describe_name(visit.patient),
        "kind": visit.kind,
        "protocol": visit.protocol or getattr(visit.plan, "protocol", ""),
        "number": visit.number,
        "total": getattr(visit.series, "total", None),
        "phase": getattr(visit.series, "phase", ""),
        "at": visit.starts_at.isoformat(),
        "state": visit.state,
        "arrived_at": None if visit.arrived_at is None else visit.arrived_at.isoformat(),
        "expected_at": None if visit.expected_at is None else visit.expected_at.isoformat(),
        "is_late": is_late,
        "late_since": (visit.expected_at or visit.starts_at).isoformat() if is_late else None,
        "place": visit.place_id,
        "nurse": "" if visit.nurse is None else visit.nurse.display_name,
        "checkin": asked,
        "escort": _describe_escort(visit, calls, has_escort=has_escort),
        "order": "",
        "crisis": None,
    }


def _describe_escort(visit: Any, calls: list[EscortCall], *, has_escort: bool) -> dict[str, Any] | None:
    """Return which step of the ladder comes next where a dosing visit has no escort, or None."""
    if visit.kind != DOSING or (has_escort and not calls) or is_over(calls):
        return None
    number, step = find_next_step([call.step for call in calls])
    return {"step": number, "of": len(load_escort_ladder()), "title": step.title}


def _find_checkins(visits: list[str]) -> dict[str, Any]:
    """Return for each visit whether its check-in was sent, begun or submitted, and how much of it is open."""
    from afterglow.clinic.checkins.models import REVOKED, CheckIn, CheckInAnswer

    found: dict[str, Any] = {}
    for row in CheckIn.objects.filter(appointment__in=visits).order_by("created_at", "pk"):
        known = found.setdefault(row.appointment_id, {"state": REVOKED, "is_begun": False, "open": 0, "stop": ""})
        if row.state != REVOKED:
            known["state"] = row.state
        if row.answered:
            # what was told stands, also where the link was sent again since
            stops = [each["seen"] for each in row.findings or [] if each["severity"] == "stop"]
            known |= {"is_begun": True, "open": len(row.findings or []), "stop": stops[0] if stops else ""}
    if any(known["is_begun"] for known in found.values()):
        # of each visit the newest answer; nobody is called on for a name that was given already
        told = CheckInAnswer.objects.filter(checkin__appointment__in=visits, question="escort")
        rows = told.order_by("recorded_at", "number").values_list("checkin__appointment", "value")
        for key, value in rows:
            found[key]["has_told_escort"] = "named" in (value.get("choices") or ())
    return {key: known for key, known in found.items() if known["is_begun"] or known["state"] != REVOKED}


def _find_escorted(patients: list[str]) -> set[str]:
    from afterglow.clinic.people.models import Escort

    rows = Escort.objects.filter(patient__in=patients, ended_at__isnull=True)
    return set(rows.values_list("patient_id", flat=True))


def _list_ordered(site: Any, on: date, now: datetime, known: set[str]) -> list[dict[str, Any]]:
    """Return who has an order of today, no visit in the lane and no session yet."""
    from afterglow.clinic.dosing_sessions.models import LIVE_PHASES
    from afterglow.clinic.plans.models import SessionOrder
    from afterglow.clinic.scheduling.voiding import find_void_doses

    begin = datetime.combine(on, datetime.min.time(), ZoneInfo(site.timezone))
    orders = SessionOrder.objects.filter(
        session__isnull=True, signed_at__gte=begin, signed_at__lte=now, patient__site=site
    )
    orders = orders.exclude(patient__sessions__phase__in=(*LIVE_PHASES, "booked"))
    rows: dict[str, dict[str, Any]] = {}
    listed = list(orders.select_related("patient", "plan").order_by("signed_at", "pk"))
    void = find_void_doses(listed, site=site, now=now)
    for order in listed:
        if order.patient_id in known:
            continue
        rows[order.patient_id] = {
            "visit": "",
            "patient": order.patient_id,
            "names": describe_name(order.patient),
            "kind": DOSING,
            "protocol": order.plan.protocol,
            "number": None,
            "total": None,
            "phase": "",
            "at": order.signed_at.isoformat(),
            "state": "ordered",
            "arrived_at": None,
            "expected_at": None,
            "is_late": False,
            "late_since": None,
            "place": None,
            "nurse": "",
            "checkin": None,
            "escort": None,
            "order": order.pk,
            "crisis": None,
            "void": void.get(order.pk, ""),
        }
    return list(rows.values())
