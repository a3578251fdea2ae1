"""The people around a session, as the head of the page names them: nurse, escort, medicines, last time."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.protocols.catalogue import parse_protocol
from afterglow.web.sessions.present.tiles import split_pressure
from afterglow.web.sessions.present.words import write_fixed, write_hour, write_number

View = dict[str, Any]


def load_protocol(session: Session) -> Any:
    """Return the effective protocol the session runs under, folded from its own stored bytes."""
    return _parse(session.protocol_id, bytes(session.protocol.body))


@lru_cache(maxsize=32)
def _parse(key: str, body: bytes) -> Any:
    import json

    return parse_protocol(json.loads(body))


def build_about(session: Session, view: View, protocol: Any, now: datetime) -> View:
    """Return the head of the page."""
    patient = session.patient
    people = view.get("people") or {}
    return {
        "name": patient.display_name,
        "number": patient.number,
        "born_on": patient.birth_on,
        "age": _count_years(patient.birth_on, timezone.localdate(now)),
        "weight_kg": write_fixed(_find_weight(view), 1),
        "patient_url": _find_patient_url(patient),
        "allergies": _list_allergies(patient),
        "no_allergies": _describe_no_allergies(patient),
        "place": session.place or _("no place"),
        "nurse": name_person(people.get("nurse")) or name_person(_find_last_author(view)),
        "prescriber": name_person(people.get("prescriber") or _find_order_author(view)),
        "prescriber_on_site": bool(people.get("prescriber_on_site") or _is_met(view, "prescriber-on-site")),
        "prescriber_words": _describe_presence(view, people),
        "iv": _read_access(view),
        "wants_iv": str(getattr(protocol, "route", "")) == "iv",
        "escort": _find_escort(session, view),
        "escort_words": str((view.get("escort") or {}).get("where") or ""),
        "medicines": _list_medicines(patient, view),
        "last": _find_last_time(session, now),
        "protocol_title": f"{getattr(protocol, 'title', '')} v{getattr(protocol, 'version', '')}".strip(" v"),
    }


def name_person(key: Any) -> str:
    """Return the display name of a user by key; an unknown key shows nothing rather than itself."""
    if not key:
        return ""
    user = get_user_model().objects.filter(pk=str(key)).first()
    return "" if user is None else (getattr(user, "display_name", "") or user.get_username())


def name_people(keys: set[str]) -> dict[str, str]:
    """Return display names by key, in one query."""
    found = get_user_model().objects.filter(pk__in=[key for key in keys if key])
    return {str(user.pk): getattr(user, "display_name", "") or user.get_username() for user in found}


def load_order(session: Session, view: View) -> View:
    """Return the arithmetic of today's order and preparation for the dose card."""
    dose, preparation = view.get("dose") or {}, view.get("preparation") or {}
    order = session.session_orders.order_by("signed_at").last()
    weight = view.get("weight") or {}
    weighed_at = weight.get("observed_at") or weight.get("occurred_at") if isinstance(weight, dict) else None
    return {
        "mg_per_kg": _write_dose(getattr(order, "dose_mg_per_kg", None)),
        "weight_kg": write_fixed(_find_weight(view) or getattr(order, "weight_kg", None), 1),
        "weighed_at": weighed_at or getattr(order, "weighed_at", None),
        "cap_mg": getattr(order, "cap_mg", None),
        "total_ml": preparation.get("total_ml") or dose.get("total_ml"),
        "bag_mg_per_ml": preparation.get("bag_mg_per_ml") or dose.get("bag_mg_per_ml"),
        "rate_ml_per_h": dose.get("rate_ml_per_h") or preparation.get("rate_ml_per_h"),
    }


def _write_dose(value: Any) -> str:
    """Return mg per kg with two decimals at least, as it is signed."""
    text = write_number(value)
    return f"{float(text):.2f}" if text and len(text.partition(".")[2]) < 2 else text


def _count_years(born_on: Any, today: Any) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def _find_weight(view: View) -> Any:
    weight = view.get("weight")
    return (weight.get("kg") or weight.get("value")) if isinstance(weight, dict) else view.get("weight_kg")


def _find_patient_url(patient: Any) -> str:
    try:
        return reverse("web:patient", args=[patient.pk])
    except NoReverseMatch:
        return ""


def _list_allergies(patient: Any) -> list[str]:
    rows = patient.allergy_set.filter(ended_at__isnull=True)
    return [f"{row.substance}: {row.reaction}" if row.reaction else row.substance for row in rows]


def _describe_no_allergies(patient: Any) -> str:
    return _("No known allergies") if patient.has_no_known_allergies else _("Allergies not asked")


def _find_last_author(view: View) -> Any:
    authors = [entry.get("by") for entry in view.get("log") or [] if entry.get("by")]
    return authors[-1] if authors else None


def _find_order_author(view: View) -> Any:
    authors = [item.get("by") or item.get("signed_by") for item in view.get("orders") or []]
    return next((author for author in reversed(authors) if author), None)


def _is_met(view: View, check: str) -> bool:
    met = {"met", "done", "passed"}
    return any(row.get("id") == check and row.get("state") in met for row in view.get("checks") or [])


def _describe_presence(view: View, people: View) -> str:
    if people.get("prescriber_on_site") or _is_met(view, "prescriber-on-site"):
        return _("on site")
    return _("reachable") if _is_met(view, "prescriber-reachable") else ""


def _read_access(view: View) -> View | None:
    access = view.get("access") or view.get("iv")
    if not access:
        return None
    if isinstance(access, list):
        access = access[-1]
    gauge = access.get("gauge")
    site = str(access.get("site") or _("IV"))
    return {
        "site": f"{site}, {gauge} G" if gauge else site,
        "looked_at": access.get("looked_at") or access.get("observed_at") or access.get("at"),
    }


def _find_escort(session: Session, view: View) -> str:
    named = view.get("escort") or {}
    rows = session.patient.escorts.filter(ended_at__isnull=True).order_by("-recorded_at")
    chosen = rows.filter(pk=str(named.get("escort") or named.get("id") or "")).first() or rows.first()
    return chosen.name if chosen else ""


def _list_medicines(patient: Any, view: View) -> list[View]:
    """Return what the person takes, those taken today first and bold."""
    rows = patient.medicationstatement_set.filter(ended_at__isnull=True)
    taken = {str(item.get("drug") or "").lower(): item for item in view.get("medicines_today") or []}
    listed = []
    for row in rows:
        today = taken.get(row.name.lower())
        at = (today or {}).get("occurred_at") or row.last_taken_at
        is_today = at is not None and write_hour(at) and _is_today(at)
        words = _("taken %(at)s") % {"at": write_hour(at)} if is_today else ""
        listed.append({"text": f"{row.name} {row.dose_text}".strip(), "taken": words})
    return sorted(listed, key=lambda item: not item["taken"])


def _is_today(at: Any) -> bool:
    instant = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    return timezone.localtime(instant).date() == timezone.localdate()


def _find_last_time(session: Session, now: datetime) -> View | None:
    """Return the peak pressure, nausea and what helped of the session before this one."""
    before = Session.objects.filter(patient=session.patient, opened_at__lt=session.opened_at)
    others = before.exclude(phase="cancelled").filter(~Q(pk=session.pk)).select_related("protocol")
    last = others.order_by("-opened_at").first()
    if last is None:
        return None
    view = get_view(last, last.last_recorded_at or now)
    vitals = view.get("vitals") or {}
    history = (vitals.get("bp") or {}).get("history") or []
    pairs = [split_pressure(item.get("value") if isinstance(item, dict) else item[1]) for item in history]
    peak = max((pair for pair in pairs if pair), key=lambda pair: float(pair[0]), default=None)
    preferences = view.get("preferences") or {}
    helped = preferences.get("helped") or [item.get("kind") for item in view.get("comfort") or []]
    return {
        "on": last.opened_at,
        "peak_bp": f"{write_number(peak[0])}/{write_number(peak[1])}" if peak else "",
        "nausea": write_number((vitals.get("nausea") or {}).get("value")),
        "helped": ", ".join(dict.fromkeys(str(item).replace("-", " ") for item in helped)) if helped else "",
    }
