"""How the schedule says things: initials, ways of giving, visits and kinds in few words."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from afterglow.clinic.floor.marks import describe_name
from afterglow.clinic.scheduling.days import short_name
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinic.scheduling.telling import find_untold
from afterglow.clinicday.need import mark_initials
from afterglow.protocols.loading import load_route


def list_kind_choices() -> list[tuple[str, str]]:
    """Return the kinds of visit with their words."""
    return [
        (DOSING, _("Dosing session")),
        ("assessment", _("Assessment")),
        ("preparation", _("Preparation")),
        ("integration", _("Integration")),
        ("follow-up", _("Follow-up")),
        ("call", _("Call")),
    ]


def describe_kind(kind: str) -> str:
    """Return a kind of visit in words."""
    return dict(list_kind_choices()).get(kind, kind)


def describe_state(state: str) -> str:
    """Return the state of a visit in words."""
    words = {
        "booked": _("booked"),
        "confirmed": _("confirmed"),
        "arrived": _("arrived"),
        "in-session": _("in session"),
        "done": _("done"),
        "no-show": _("did not come"),
        "cancelled": _("cancelled"),
        "moved": _("moved"),
    }
    return words.get(state, state)


def describe_way(protocol_id: str) -> str:
    """Return the drug and way of giving of a protocol in one word, as the day's boxes have room for."""
    if not protocol_id:
        return ""
    route = load_route(protocol_id)
    if route["drug"] == "esketamine":
        return _("Esketamine")
    short = {"iv": "IV", "im": "IM", "sc": "SC"}
    return str(short.get(route["route"], route["title"]))


def describe_visit(visit: Appointment, zone: ZoneInfo) -> str:
    """Return what a visit is: `IV, 3 of 6`, `Esketamine, week 5`, `IV, upkeep`, `integration`."""
    if visit.kind != DOSING:
        return describe_kind(visit.kind).lower()
    way = describe_way(visit.protocol)
    series = visit.series
    if series is None:
        return way
    if load_route(visit.protocol)["drug"] == "esketamine":
        week = (visit.starts_at.astimezone(zone).date() - series.began_on).days // 7 + 1
        return _("%(way)s, week %(n)s") % {"way": way, "n": week}
    if series.phase == "maintenance":
        return _("%(way)s, upkeep") % {"way": way}
    return _("%(way)s, %(n)s of %(total)s") % {"way": way, "n": visit.number, "total": series.total}


def list_initials(patients: Iterable[Any], day: Mapping[str, Any] | None = None) -> Mapping[str, str]:
    """Return the initials of some people by key, beside everybody of a day, with a third mark where two share them."""
    people = {patient.pk: describe_name(patient) for patient in patients}
    return {key: f"{given}.{family}." for key, (given, family) in mark_initials(day or {}, people).items()}


def surname(name: str) -> str:
    """Return the last word of a short name, as the day's boxes have room for."""
    return short_name(name).split(" ")[-1]


def describe_day(on: date) -> str:
    """Return `Thu 10 Dec`."""
    from afterglow.web.templatetags.words import day, weekday

    return f"{weekday(on)} {day(on, 'short')}"


def describe_time(instant: datetime, zone: ZoneInfo) -> str:
    """Return `13:45` on the clinic's clock."""
    return f"{instant.astimezone(zone):%H:%M}"


def describe_untold(visit: Appointment, template: str, words: str) -> str:
    """Return what was done to a visit and that its person must be telephoned; nothing where a message is on its way."""
    reason = find_untold(visit, template)
    if not reason:
        return ""
    why = _("wants no messages") if reason == "opted-out" else _("no address")
    asked = _("%(name)s could not be told: %(why)s. Telephone; a task stands for it.")
    return f"{words} {asked % {'name': visit.patient.given_name, 'why': why}}"
