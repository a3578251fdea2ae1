"""A week by day: who comes when, where and with whom, and how many of each day's places are held."""

from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import ngettext

from afterglow.clinic.floor.marks import load_people
from afterglow.clinic.scheduling.days import Span, get_bounds, load_span, short_name
from afterglow.clinicday.staffing import calculate_load, find_most, get_limit, list_visits, show
from afterglow.web.schedule.words import describe_day, describe_visit, list_initials, surname


def build_week(site: Any, on: date, today: date) -> dict[str, Any]:
    """Return the week of a day; a fixed number of queries, however many visits there are."""
    monday = on - timedelta(days=on.weekday())
    span = load_span(site, monday, monday + timedelta(days=6))
    people = load_people(site, monday, monday + timedelta(days=6))
    days = []
    for each in span.list_days():
        begins_at, ends_at = get_bounds(span.zone, each)
        rows = sorted(
            (row for row in span.visits if begins_at <= row.starts_at < ends_at),
            key=lambda row: (row.starts_at, row.pk),
        )
        day, initials = span.get_day(each), list_initials([row.patient for row in rows], people.get(each))
        if each.weekday() > 4 and not rows and not day.open:
            continue
        days.append(
            {
                "on": each,
                "name": describe_day(each),
                "is_today": each == today,
                "url": f"{reverse('web:schedule')}?on={each.isoformat()}",
                "count": ngettext("%(n)d visit", "%(n)d visits", len(rows)) % {"n": len(rows)},
                "is_closed": day.open == (),
                "nurses": [
                    {
                        "name": short_name(nurse.display_name),
                        "most": show(_find_most(day, nurse)),
                        "limit": show(get_limit()),
                    }
                    for nurse in span.nurses
                    if day.shifts.get(nurse.pk, True)
                ],
                "rows": [
                    {
                        "url": reverse("web:visit", args=[row.pk]),
                        "at": row.starts_at,
                        "initials": initials[row.patient_id],
                        "words": describe_visit(row, span.zone),
                        "place": span.names.places.get(row.place_id or "", ""),
                        "nurse": _name_nurse(span, row.nurse_id),
                        "state": row.state,
                    }
                    for row in rows
                ],
            }
        )
    link = reverse("web:schedule-week")
    return {
        "days": days,
        "monday": monday,
        "before_url": f"{link}?on={(monday - timedelta(days=7)).isoformat()}",
        "after_url": f"{link}?on={(monday + timedelta(days=7)).isoformat()}",
    }


def _name_nurse(span: Span, key: str | None) -> str:
    user = span.users.get(key or "")
    return surname(user.display_name) if user is not None else ""


def _find_most(day: Any, nurse: Any) -> Any:
    return find_most(calculate_load(list_visits(day, nurse.pk)))
