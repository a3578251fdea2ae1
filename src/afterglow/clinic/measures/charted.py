"""The C-SSRS as staff entered it in the chart: ideation and behaviour of one day are one asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.measures.lookups import BEHAVIOUR, IDEATION, find_fact_day, list_recorded
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import HistoryFact
from afterglow.clinicday.risk import NONE, OLDER, RECENT


@dataclass(frozen=True, slots=True)
class Charted:
    """One asking as the chart holds it; where only its day is known, `at` is the beginning of that day."""

    on: date
    at: datetime
    has_time: bool
    ideation: int | None
    behaviour: str | None


def list_charted(patient: Any) -> list[Charted]:
    """Return the C-SSRS entries of a chart by day, oldest first; what was not recorded that day is not known."""
    days: dict[date, dict[str, HistoryFact]] = {}
    for row in list_recorded(patient, (IDEATION, BEHAVIOUR)):
        days.setdefault(find_fact_day(patient, row), {})[row.name] = row
    return sorted((_read(patient, on, rows) for on, rows in days.items()), key=lambda each: each.at)


def _read(patient: Any, on: date, rows: Mapping[str, HistoryFact]) -> Charted:
    at, has_time = find_instant(patient, on, max(row.recorded_at for row in rows.values()))
    level, behaviour = (rows[name].value if name in rows else None for name in (IDEATION, BEHAVIOUR))
    is_level = isinstance(level, int) and not isinstance(level, bool)
    return Charted(on, at, has_time, level if is_level else None, behaviour if behaviour in _BEHAVIOURS else None)


def find_instant(patient: Any, on: date, recorded_at: datetime) -> tuple[datetime, bool]:
    """Return when an entry of a day counts from, and whether its time is known: when it was recorded on that very day.

    A day alone stands before whatever was asked at a time of that day.
    """
    if on == get_local_date(patient.site, recorded_at):
        return recorded_at, True
    return datetime.combine(on, time.min, ZoneInfo(patient.site.timezone)), False


_BEHAVIOURS = (NONE, OLDER, RECENT)
