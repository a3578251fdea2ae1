"""The opening hours of a site, as the schedule keeps them: the one source for bookings, messages and clocks."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.scheduling.models import CLINIC, StaffHours
from afterglow.clinicday.booking import Window, subtract
from afterglow.clinicday.quiet import DAYS, Hours, Spans

# hours of a day are kept to the minute; the last one means that the day goes on to midnight
LAST_MINUTE = time(23, 59)


def find_opening_hours(site: Any) -> Hours | None:
    """Return when a site is open, each week and on days of their own, or None where no hours stand."""
    rows = list(StaffHours.objects.filter(site=site, role=CLINIC))
    if not rows:
        return None
    weekly = {day: [row for row in rows if row.weekday == number] for number, day in enumerate(DAYS)}
    dated: dict[date, list[StaffHours]] = {}
    for row in rows:
        if row.on is not None:
            dated.setdefault(row.on, []).append(row)
    return Hours(
        ZoneInfo(site.timezone),
        {day: _cut(own, own) for day, own in weekly.items()},
        {on: _build_day(own, weekly[DAYS[on.weekday()]]) for on, own in dated.items()},
    )


def _build_day(own: list[StaffHours], weekly: list[StaffHours]) -> Spans:
    """Return a day's own hours, else the week's, without the times away of either."""
    has_own = any(not row.is_away for row in own)
    return _cut(own if has_own else weekly, [*own, *weekly])


def _cut(present: Iterable[StaffHours], away: Iterable[StaffHours]) -> Spans:
    """Return the open spans of some rows, joined where they meet, without the times away."""
    kept = subtract(
        [_to_window(row) for row in present if not row.is_away], [_to_window(row) for row in away if row.is_away]
    )
    joined: list[tuple[datetime, datetime]] = []
    for window in kept:
        if joined and window.begins_at <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], window.ends_at))
        else:
            joined.append((window.begins_at, window.ends_at))
    return tuple((f"{begin:%H:%M}", _say_end(end)) for begin, end in joined)


def _to_window(row: StaffHours) -> Window:
    # clock times of one nameless day: only their order counts here
    return Window(datetime.combine(date.min, row.begins), datetime.combine(date.min, row.ends))


def _say_end(end: datetime) -> str:
    return "24:00" if end.time() >= LAST_MINUTE else f"{end:%H:%M}"
