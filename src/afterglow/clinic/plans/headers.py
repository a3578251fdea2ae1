"""What a session knows when it opens: plan, consent, weight, the chart's facts, scores and the time before.

Codes, numbers and identifiers; no person's name. A medicine that is known is told by its generic name.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.chairside.readings import list_readings
from afterglow.clinic.consents.checks import find_valid_consent
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.plans.judging import is_off_label, list_session_days
from afterglow.clinic.plans.values import find_protocol, load_signed_protocol
from afterglow.clinic.screening.cases import build_case
from afterglow.protocols.cases import flatten_case
from afterglow.protocols.medicines import find_generic_names
from afterglow.protocols.model import Protocol
from afterglow.terms import render_instant

NAUSEA_LEVELS = ("none", "mild", "moderate", "severe", "strong", "vomiting")
_SCORE = re.compile(r"scales\.(\w+)\.total\Z")
# the end of an address as it is written in the United States: city, state, ZIP
_CITY_STATE_ZIP = re.compile(r"[A-Za-z .'-]+,\s*[A-Z]{2}\s+\d{5}(?:-\d{4})?\s*\Z")


def build_session_header(
    *, patient: Any, plan: Any, order: Any, now: datetime, place: str = "", protocol: Protocol | None = None
) -> dict[str, Any]:
    """Return the data of the command `open-session` for a patient under a plan; `order` may be None."""
    effective = protocol or get_plan_protocol(plan)
    days = list_session_days(patient)
    header = {
        "patient": patient.pk,
        "site": patient.site_id,
        "plan": plan.pk,
        "place": place,
        "timezone": patient.site.timezone,
        "protocol": effective.id,
        "protocol_hash": effective.content_hash,
        "number": len(days) + 1,
        "is_first": not days,
        "weight": describe_weight(patient),
        "facts": collect_facts(patient, effective, now),
        "session_dates": [on.isoformat() for on in days],
        **describe_chart(patient, effective, plan=plan, order=order, now=now),
    }
    return {name: value for name, value in header.items() if value not in (None, "")}


def describe_chart(
    patient: Any, protocol: Protocol, *, now: datetime, plan: Any = None, order: Any = None
) -> dict[str, Any]:
    """Return the parts of a header that the chart answers: consent, allergies, medicines, scores, form, last time."""
    return {
        "consent": describe_consent(patient, protocol, order or plan, now),
        "rems": describe_rems(patient, plan) if protocol.rems_fields else {},
        "last": find_last_time(patient),
        "allergies": list_allergies(patient),
        "medicines": list_medicines(patient),
        "scores": list_scores(patient),
    }


def get_plan_protocol(plan: Any) -> Protocol:
    """Return the protocol of a plan: as it was signed, or as it stands for a draft."""
    return load_signed_protocol(plan) if plan.protocol_hash else find_protocol(plan)


def describe_consent(patient: Any, protocol: Protocol, dose: Any, now: datetime) -> dict[str, Any]:
    """Return the consent that covers a dose today, or why none does."""
    weight = find_weight(patient)
    check = find_valid_consent(
        patient=patient,
        drug=str(protocol.drug),
        route=str(protocol.route),
        on=get_local_date(patient.site, now),
        dose_mg_per_kg=dose.dose_mg_per_kg if dose is not None else None,
        dose_mg=dose.dose_mg if dose is not None else None,
        weight_kg=weight.value if weight is not None else None,
        must_cover_off_label=is_off_label(protocol),
    )
    # without a plan no dose is known yet; a consent is not found lacking for that alone
    lacks = [item for item in check.findings if dose is not None or item.rule != "CONSENT-5"]
    if check.consent is None and lacks:
        return {"is_valid": False, "reason": "; ".join(f"{item.title.lower()} ({item.seen})" for item in lacks)}
    if check.consent is None:
        return {"is_valid": True}
    text = check.consent.text
    covers = {"drug": text.drug, "routes": list(text.routes)}
    limits = {"max_dose_mg_per_kg": text.max_dose_mg_per_kg, "max_dose_mg": text.max_dose_mg}
    covers |= {name: as_plain(value) for name, value in limits.items() if value is not None}
    return {
        "is_valid": True,
        "consent": check.consent.pk,
        "version": text.version,
        "expires_on": check.consent.expires_on.isoformat(),
        "covers": covers,
    }


def describe_weight(patient: Any) -> dict[str, Any]:
    """Return the last weight with the instant it was taken."""
    weight = find_weight(patient)
    if weight is None:
        return {}
    return {"weight_kg": as_plain(weight.value), "weighed_at": render_instant(weight.observed_at)}


def collect_facts(patient: Any, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the chart's facts as the rules read them today; what is not known is absent."""
    case = build_case(
        patient, protocol_id=protocol.id, indication=protocol.indication, now=now, profiles=protocol.profiles
    )
    return {name: as_plain(value) for name, value in flatten_case(case).facts.items() if value is not None}


def list_allergies(patient: Any) -> list[str]:
    """Return the substances in small letters."""
    rows = patient.allergy_set.filter(ended_at__isnull=True).values_list("substance", flat=True)
    return [substance.casefold() for substance in rows]


def list_medicines(patient: Any) -> list[dict[str, Any]]:
    """Return the medicines with their classes."""
    rows = patient.medicationstatement_set.filter(ended_at__isnull=True)
    return [
        {"name": ", ".join(find_generic_names(row.name)) or row.name.casefold(), "classes": list(row.classes)}
        for row in rows
    ]


def list_scores(patient: Any) -> list[dict[str, Any]]:
    """Return the last total of each scale with its day, from the chart or from a form that was answered."""
    from afterglow.clinic.measures.facts import list_told

    found: dict[str, dict[str, Any]] = {}
    rows = patient.historyfact_set.filter(name__startswith="scales.", ended_at__isnull=True).order_by(
        "recorded_at", "pk"
    )
    for row in rows:
        named = _SCORE.match(row.name)
        if named and row.value is not None:
            on = row.observed_on or get_local_date(patient.site, row.recorded_at)
            found[named[1]] = {"scale": named[1], "total": as_plain(row.value), "on": on.isoformat()}
    for name, told in list_told(patient).items():
        named = _SCORE.match(name)
        if named and told.on.isoformat() >= found.get(named[1], {"on": ""})["on"]:
            found[named[1]] = {"scale": named[1], "total": as_plain(told.value), "on": told.on.isoformat()}
    return list(found.values())


def describe_rems(patient: Any, plan: Any) -> dict[str, bool]:
    """Return which fields of the monitoring form are known before the session; what they hold stays in the chart."""
    site, signer = patient.site, getattr(plan, "signed_by", None)
    has_city = bool(_CITY_STATE_ZIP.search(site.address))
    known = {
        "patient.first": bool(patient.given_name),
        "patient.last": bool(patient.family_name),
        "patient.birth_date": patient.birth_on is not None,
        "patient.sex": patient.sex in ("female", "male"),
        "patient.first_treatment": True,
        "provider.first": signer is not None and " " in signer.display_name,
        "provider.last": signer is not None,
        "provider.telephone": bool(site.phone),
        "setting.name": bool(site.name),
        "setting.address1": bool(site.address),
        "setting.city": has_city,
        "setting.state": has_city,
        "setting.zip": has_city,
    }
    return {name: True for name, is_known in known.items() if is_known}


def find_last_time(patient: Any) -> dict[str, Any]:
    """Return the peak pressure, nausea and what helped of the last session with a dose; empty before the first."""
    from afterglow.clinic.dosing_sessions.fold import load_state
    from afterglow.clinic.dosing_sessions.models import Session

    given = ("dosing-started", "injection-given", "device-given")
    last = Session.objects.filter(patient=patient, events__type__in=given).order_by("-opened_at", "-pk").first()
    if last is None:
        return {}
    state = load_state(last)
    pressures = [reading.value for reading in list_readings(state, "bp")]
    peak = max(pressures, key=lambda value: value["systolic"], default=None)
    levels = [str(reading.value) for reading in list_readings(state, "nausea")]
    preferences = state.find_last("preferences-recorded")
    helped = list((preferences.data.get("helped") if preferences else None) or [])
    helped = helped or [str(event.data["kind"]) for event in state.list("comfort-recorded")]
    return {
        "on": get_local_date(patient.site, last.opened_at).isoformat(),
        "peak_bp": f"{peak['systolic']}/{peak['diastolic']}" if peak else "",
        "nausea": max(levels, key=_rank_nausea, default=""),
        "helped": list(dict.fromkeys(helped)),
    }


def as_plain(value: Any) -> Any:
    """Return a value as JSON holds it: numbers as exact text, days as ISO 8601, sets in order."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): as_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [as_plain(part) for part in parts]
    return value


def _rank_nausea(level: str) -> int:
    return NAUSEA_LEVELS.index(level) if level in NAUSEA_LEVELS else -1
