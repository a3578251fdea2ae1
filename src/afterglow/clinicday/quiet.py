"""When a house is open and when it stays silent: weekly hours and quiet hours on the site's own clock.

Local days are worked on as local days, so that a day on which the clock changes has its 23 or 25 hours.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from afterglow.terms import InvalidInput, Problem, build_error

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# how far ahead an opening is looked for: a house that opens at all opens within this
HORIZON_D = 15
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
Spans = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """The opening hours of one site: per weekday, spans from one clock to a later one; `days` replace a weekday."""

    zone: ZoneInfo
    week: Mapping[str, Spans]
    days: Mapping[date, Spans] = field(default_factory=dict)

    def is_open(self, at: datetime) -> bool:
        """Return whether the house is open at an instant; the closing minute itself is closed."""
        return any(begin <= at < end for begin, end in self.iterate_spans(at, 1))

    def find_next_opening(self, at: datetime) -> datetime | None:
        """Return when the house opens next, `at` itself while it is open, or None when it never does."""
        for begin, end in self.iterate_spans(at, HORIZON_D):
            if at < end:
                return max(begin, at)
        return None

    def find_closing(self, at: datetime) -> datetime | None:
        """Return when the house closes that is open at an instant, or None when it is closed."""
        return next((end for begin, end in self.iterate_spans(at, 1) if begin <= at < end), None)

    def add_open_time(self, at: datetime, length: timedelta) -> datetime:
        """Return when that much open time has passed; a house without hours to come counts every hour."""
        left, place = length, at
        is_weekly = any(self.week.get(day) for day in DAYS)
        last = max((day for day, spans in self.days.items() if spans), default=date.min)
        while is_weekly or place.astimezone(self.zone).date() <= last:
            for begin, end in self.iterate_spans(place, HORIZON_D):
                start = max(begin, at)
                if start >= end:
                    continue
                if end - start >= left:
                    return start + left
                left -= end - start
            place += timedelta(days=HORIZON_D)
        return at + length

    def iterate_spans(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield the open spans of the local day of an instant and of the days after it, in UTC."""
        first = at.astimezone(self.zone).date()
        for offset in range(days):
            day = first + timedelta(days=offset)
            for begin, end in self.days.get(day, self.week.get(DAYS[day.weekday()], ())):
                yield self._place(day, begin), self._place(day, end)

    def _place(self, day: date, clock: str) -> datetime:
        if clock == "24:00":
            day, clock = day + timedelta(days=1), "00:00"
        return datetime.combine(day, time.fromisoformat(clock), self.zone).astimezone(UTC)


def parse_week(week: Mapping[str, Sequence[Sequence[str]]], path: str = "hours") -> dict[str, Spans]:
    """Return weekly hours as written in data; raise `InvalidInput` with everything that is wrong with them."""
    problems: list[Problem] = []
    parsed: dict[str, Spans] = {}
    for day, spans in week.items():
        if day not in DAYS:
            problems.append(build_error(f"{path}.{day}", "day-unknown", day, ", ".join(DAYS), f"no day {day}"))
            continue
        parsed[day] = _parse_spans(spans, f"{path}.{day}", problems)
    if problems:
        raise InvalidInput(problems)
    return parsed


def _parse_spans(spans: Sequence[Sequence[str]], path: str, problems: list[Problem]) -> Spans:
    found: list[tuple[str, str]] = []
    for span in spans:
        words = [str(part) for part in span]
        if len(words) != 2 or not all(_CLOCK.fullmatch(word) for word in words):
            message = "hours are written as 08:00 to 17:30"
            problems.append(build_error(path, "hours-malformed", " ".join(words)[:40], "two clock times", message))
        elif words[0] >= words[1] or (found and words[0] < found[-1][1]):
            message = "hours end after they begin, and follow one another"
            problems.append(
                build_error(path, "hours-order", " to ".join(words), "an earlier and a later time", message)
            )
        else:
            found.append((words[0], words[1]))
    return tuple(found)


def find_loud_time(at: datetime, zone: ZoneInfo, quiet_from: time | None, quiet_until: time | None) -> datetime:
    """Return the first instant, from `at` on, that lies outside the quiet hours; they may run over midnight."""
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return at
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    if quiet_from < quiet_until:
        if not quiet_from <= clock < quiet_until:
            return at
        day = local.date()
    elif quiet_until <= clock < quiet_from:
        return at
    else:
        day = local.date() + timedelta(days=1 if clock >= quiet_from else 0)
    return datetime.combine(day, quiet_until, zone).astimezone(UTC)
