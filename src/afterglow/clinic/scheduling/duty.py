"""Whether somebody is on duty now, by the hours of the schedule; where nobody keeps hours, nothing is said."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.nursing import AWAY, NO_HOURS
from afterglow.clinic import policy
from afterglow.clinic.scheduling.days import load_span

# under which role the hours of a role are kept
_KEPT_AS = {"medical-director": "prescriber"}


def find_absence(user: Any, site: Any, now: datetime) -> str:
    """Return why somebody is not on duty now: away, or without hours; nothing where they are, or where none are kept.

    Hours that nobody recorded for a role say nothing of anybody who holds it.
    """
    on = now.astimezone(ZoneInfo(site.timezone)).date()
    span = load_span(site, on)
    day, key = span.get_day(on), str(user.pk)
    if any(each.user == key and not each.place and each.begins_at <= now < each.ends_at for each in day.blocks):
        return AWAY
    roles = {_KEPT_AS.get(role, role) for role in policy.list_roles(user, site)}
    if not any(role in roles and kept for role, kept in span.recorded):
        return ""
    if any(each.begins_at <= now < each.ends_at for each in day.shifts.get(key, ())):
        return ""
    is_away = any(
        row.is_away and str(row.user_id) == key and (row.on == on or (row.on is None and row.weekday == on.weekday()))
        for row in span.hours
    )
    return AWAY if is_away else NO_HOURS
