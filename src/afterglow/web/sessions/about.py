"""The people around a session, as the head of the page names them: nurse, escort, medicines, last time."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.chairside.nursing import find_nurse
from afterglow.chairside.orders import find_order, find_preparation, find_weight
from afterglow.chairside.readings import list_readings
from afterglow.chairside.state import SessionState
from afterglow.clinic import policy
from afterglow.clinic.care.goals import list_goals
from afterglow.clinic.care.models.goals import INTENTION
from afterglow.clinic.dosing_sessions.fold import load_state
from afterglow.clinic.dosing_sessions.models import EventNote, Session
from afterglow.clinic.dosing_sessions.texts import put_texts
from afterglow.clinic.floor.models import Presence
from afterglow.clinic.people.lookups import list_medicines
from afterglow.clinic.people.models import Allergy, Escort
from afterglow.clinic.prepared import Prepared
from afterglow.protocols.model import Protocol
from afterglow.web.sessions.present.entries import write_site
from afterglow.web.sessions.present.words import write_fixed, write_hour, write_number

View = dict[str, Any]

_PEOPLE: Prepared[Any] = Prepared(lambda keys: get_user_model().objects.filter(pk__in=keys))
_ALLERGIES = Prepared(lambda patient: Allergy.objects.filter(patient=patient, ended_at__isnull=True))
_ESCORT = Prepared(
    lambda patient: Escort.objects.filter(patient=patient, ended_at__isnull=True).order_by("-recorded_at", "-pk")[:1]
)
_LAST = Prepared(
    lambda patient, before: (
        Session.objects.filter(patient=patient, opened_at__lt=before)
        .exclude(phase__in=["cancelled", "booked"])
        .order_by("-opened_at", "-pk")[:1]
    )
)
# who is signed in on site; a presence that nobody signed out of ends with its own local day
_PRESENT = Prepared(
    lambda site, since: (
        Presence.objects.filter(site=site, until__isnull=True, since__gte=since)
        .select_related("user")
        .order_by("since", "pk")
    )
)
WHERE = {"here": "in the waiting area", "on-call": "comes when called"}


def build_about(session: Session, protocol: Protocol, now: datetime, notes: Mapping[str, EventNote]) -> View:
    """Return the head of the page; `notes` are those of the session."""
    patient, state = session.patient, load_state(session)
    order = find_order(state)
    escort = _find_escort(session, state, notes)
    nurse, prescriber = find_nurse(state), str(_find_prescriber(session, order) or "")
    names = name_people({nurse, prescriber})
    presence = _describe_presence(session, state, prescriber, now)
    return {
        "name": patient.display_name,
        "number": patient.number,
        "born_on": patient.birth_on,
        "age": _count_years(patient.birth_on, timezone.localdate(now)),
        "weight_kg": write_fixed(_find_weight(state), 1),
        "patient_url": _find_patient_url(patient),
        "allergies": _list_allergies(patient),
        "no_allergies": _("No known allergies") if patient.has_no_known_allergies else _("Allergies not asked"),
        "place": session.place or _("no place"),
        "nurse": names.get(nurse, ""),
        "prescriber": names.get(prescriber, ""),
        "prescriber_on_site": presence[0],
        "prescriber_words": presence[1],
        "iv": _read_access(state),
        "wants_iv": str(protocol.route) == "iv",
        "escort": escort.get("escort") or "",
        "escort_words": _write_escort(escort),
        "medicines": _list_medicines(patient, state, now),
        "last": _find_last_time(session),
        "protocol_title": f"{protocol.title} v{protocol.version}",
    }


def list_goals_for(session: Session, user: Any) -> list[View]:
    """Return the person's standing goals and the intention for today in their words, for who may read them."""
    if not policy.allow(user, "care.read", session.patient):
        return []
    return [
        {"is_intention": row.goal.kind == INTENTION, "words": row.goal.words, "said_on": row.goal.said_on}
        for row in list_goals(session.patient)
    ]


def name_people(keys: set[str]) -> dict[str, str]:
    """Return display names by key, in one query; an unknown key has none, and shows nothing rather than itself."""
    found = _PEOPLE.ask(keys=[key for key in keys if key and key != "system"])
    return {str(user.pk): getattr(user, "display_name", "") or user.get_username() for user in found}


def build_order(session: Session) -> View:
    """Return the arithmetic of today's order and preparation for the dose card."""
    state = load_state(session)
    order, preparation = find_order(state), find_preparation(state)
    # the weight that the order was signed with, and when that was taken: a later one makes no order of today
    known = find_weight(state)
    weighed_at = order.weighed_at if order is not None and order.weight_kg is not None else known[1] if known else None
    return {
        "mg_per_kg": _write_dose(order.dose_mg_per_kg if order else None),
        "weight_kg": write_fixed((order.weight_kg if order else None) or _find_weight(state), 1),
        "weighed_at": weighed_at,
        "cap_mg": order.cap_mg if order else None,
        "devices": order.devices if order else None,
        "total_ml": write_fixed(preparation.total_ml, 1) if preparation and preparation.total_ml else None,
        "bag_mg_per_ml": write_fixed(preparation.bag_mg_per_ml, 3) if preparation else None,
        "rate_ml_per_h": preparation.rate_ml_per_h if preparation else None,
    }


def _write_dose(value: Any) -> str:
    """Return mg per kg with two decimals at least, as it is signed."""
    text = write_number(value)
    return f"{float(text):.2f}" if text and len(text.partition(".")[2]) < 2 else text


def _count_years(born_on: Any, today: Any) -> int:
    return int(today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day)))


def _find_weight(state: SessionState) -> Any:
    recorded = state.find_last("weight-recorded")
    if recorded is not None:
        return recorded.data.get("weight_kg")
    return (state.header.get("weight") or {}).get("weight_kg") or (state.header.get("weight") or {}).get("kg")


def _find_patient_url(patient: Any) -> str:
    try:
        return reverse("web:patient", args=[patient.pk])
    except NoReverseMatch:
        return ""


def _list_allergies(patient: Any) -> list[str]:
    rows = _ALLERGIES.ask(patient=patient)
    return [f"{row.substance}: {row.reaction}" if row.reaction else row.substance for row in rows]


def _find_prescriber(session: Session, order: Any) -> Any:
    """Return the key of who signed the order, or the plan where nothing is ordered yet."""
    return order.by if order else getattr(session.plan, "signed_by_id", None)


def _describe_presence(session: Session, state: SessionState, prescriber: str, now: datetime) -> tuple[bool, str]:
    """Return whether a prescriber is on site, and the words: as the floor says it, else what was found at the checks.

    One fact has one name: who is signed in on the floor is on site here too, whatever a check said before.
    """
    here = {
        str(row.user_id): row.user.display_name for row in _PRESENT.ask(site=session.site_id, since=_begin_of_day(now))
    }
    if prescriber in here:
        return True, _("on site")
    if here:
        return True, _("%(name)s on site") % {"name": next(iter(here.values()))}
    for check, words in (
        ("prescriber-on-site", _("on site when checked, %(when)s")),
        ("prescriber-reachable", _("reachable when checked, %(when)s")),
    ):
        found = _find_check(state, check)
        if found is not None and found.data.get("passed"):
            return False, words % {"when": write_hour(found.occurred_at)}
    return False, ""


def _begin_of_day(now: datetime) -> datetime:
    """Return the first instant of the site's local day: a presence of yesterday tells of nobody who is here."""
    return datetime.combine(timezone.localdate(now), time(0), timezone.get_current_timezone())


def _find_check(state: SessionState, check: str) -> Any:
    """Return the last word on a check, or None."""
    rows = [event for event in state.list("check-recorded") if event.data.get("check") == check]
    return rows[-1] if rows else None


def _read_access(state: SessionState) -> View | None:
    """Return where the line lies and when it was last looked at; nothing once it is out."""
    looks = state.list("access-recorded")
    if not looks or looks[-1].data.get("state") == "removed":
        return None
    site = next((write_site(look.data["site"]) for look in reversed(looks) if look.data.get("site")), _("in place"))
    gauge = next((look.data["gauge"] for look in reversed(looks) if look.data.get("gauge")), None)
    return {"site": f"{site}, {gauge} G" if gauge else site, "looked_at": looks[-1].occurred_at}


def _find_escort(session: Session, state: SessionState, notes: Mapping[str, EventNote]) -> View:
    """Return who takes the person home as said today, else who is on the chart."""
    said = [event.data for event in state.list("arrival-recorded", "check-recorded") if event.data.get("escort")]
    if said:
        return dict(put_texts(dict(said[-1]), notes))
    known = _ESCORT.find(patient=session.patient_id)
    return {"escort": known.name, "is_on_file": True} if known else {}


def _write_escort(escort: Mapping[str, Any]) -> str:
    """Return where the escort is; of one whom only the chart names, that nobody has asked today."""
    if escort.get("is_on_file"):
        return _("on file, not asked today")
    return _(WHERE[escort["where"]]) if escort.get("where") in WHERE else ""


def _list_medicines(patient: Any, state: SessionState, now: datetime) -> list[View]:
    """Return what the person takes; what was taken today comes first, with its time."""
    taken = {
        str(event.data.get("drug") or "").split(" ")[0].lower(): event.occurred_at
        for event in state.list("drug-given")
        if event.data.get("purpose") == "own"
    }
    listed = []
    for row in list_medicines(patient):
        at = taken.get(row.name.split(" ")[0].lower()) or row.last_taken_at
        is_today = at is not None and timezone.localtime(at).date() == timezone.localdate(now)
        words = _("taken %(at)s") % {"at": write_hour(at)} if is_today else ""
        listed.append({"text": f"{row.name} {row.dose_text}".strip(), "taken": words})
    return sorted(listed, key=lambda item: not item["taken"])


def _find_last_time(session: Session) -> View | None:
    """Return the peak pressure, nausea and what helped of the session before this one."""
    last = _LAST.find(patient=session.patient_id, before=session.opened_at)
    if last is None:
        return None
    state = load_state(last)
    pressures = [reading.value for reading in list_readings(state, "bp")]
    peak = max(pressures, key=lambda value: value["systolic"], default=None)
    levels = [str(reading.value) for reading in list_readings(state, "nausea")]
    order = ["none", "mild", "moderate", "severe", "strong", "vomiting"]
    preferences = state.find_last("preferences-recorded")
    helped = list((preferences.data.get("helped") if preferences else None) or [])
    helped = helped or [event.data["kind"] for event in state.list("comfort-recorded")]
    return {
        "on": last.opened_at,
        "peak_bp": f"{peak['systolic']}/{peak['diastolic']}" if peak else "",
        "nausea": max(levels, key=order.index, default=""),
        "helped": ", ".join(dict.fromkeys(str(item).replace("-", " ") for item in helped)),
    }
