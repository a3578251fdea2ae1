"""Who belongs to a day of a site, so that everybody has the same initials on every page of that day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from afterglow.clinic.prepared import Prepared
from afterglow.clinicday.need import mark_initials

Names = tuple[str, str, str]


def load_people(site: Any, first: date, last: date | None = None) -> dict[date, dict[str, Names]]:
    """Return by local day the names and numbers of who has a visit or a session then, in two statements."""
    from afterglow.clinic.scheduling.days import get_bounds

    zone = ZoneInfo(site.timezone)
    begin, end = get_bounds(zone, first, last)
    found: dict[date, dict[str, Names]] = {}
    for visit in _VISITS.ask(site=site, begin=begin, end=end):
        _add(found, visit.starts_at.astimezone(zone).date(), visit.patient)
    for session in sorted(_SESSIONS.ask(site=site, begin=begin, end=end), key=lambda row: (row.opened_at, row.pk)):
        is_planned = session.planned_at is not None and begin <= session.planned_at < end
        at = session.planned_at if is_planned else session.opened_at
        _add(found, at.astimezone(zone).date(), session.patient)
    return found


def load_marks(site: Any, on: date, others: Mapping[str, Any] | None = None) -> dict[str, tuple[str, str]]:
    """Return the initials of everybody of a day, and of others beside them, told apart where two share them."""
    return mark_initials(load_people(site, on).get(on, {}), others)


def mark_beside(
    marked: Mapping[str, Sequence[str]], known: Mapping[str, Names], people: Mapping[str, Any]
) -> dict[str, str]:
    """Return the initials of some people with points: as they are marked, else told apart from everybody known."""
    rest = {key: _name_anybody(person) for key, person in people.items() if key not in marked}
    others = mark_initials(known, rest)
    return {key: write_initials(marked.get(key) or others[key]) for key in people}


def _name_anybody(person: Any) -> Names:
    """Return the names of a patient, or of who was referred and has no number yet."""
    return person.given_name or "", person.family_name or "", getattr(person, "number", "")


def write_initials(pair: Sequence[str]) -> str:
    """Return initials with points; who told no name has none."""
    return "".join(f"{part}." for part in pair if part)


def describe_name(patient: Any) -> Names:
    """Return what tells a person apart: given name, family name, number."""
    return patient.given_name, patient.family_name, patient.number


def _add(found: dict[date, dict[str, Names]], on: date, patient: Any) -> None:
    found.setdefault(on, {})[patient.pk] = describe_name(patient)


def _list_visits(site: Any, begin: datetime, end: datetime) -> Any:
    from afterglow.clinic.scheduling.models import SHOWN, Appointment

    rows = Appointment.objects.filter(site=site, state__in=SHOWN, starts_at__gte=begin, starts_at__lt=end)
    return rows.select_related("patient").order_by("starts_at", "pk")


def _list_sessions(site: Any, begin: datetime, end: datetime) -> Any:
    from afterglow.clinic.dosing_sessions.models import Session

    of_day = Q(opened_at__gte=begin, opened_at__lt=end) | Q(planned_at__gte=begin, planned_at__lt=end)
    # put in order by who asks: an order here lets SQLite walk all sessions of the site in it
    return Session.objects.filter(of_day, site=site).select_related("patient").order_by()


_VISITS: Prepared[Any] = Prepared(_list_visits)
_SESSIONS: Prepared[Any] = Prepared(_list_sessions)
