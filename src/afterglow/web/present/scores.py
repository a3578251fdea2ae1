"""The scores of a chart on one scale by the rules of outcomes: those used, those set aside with why, the baseline.

A form goes before an entry of the chart on the same day, and a later entry before an earlier one; what is set aside is
shown as well. The baseline is the last score before the first dose; an entry of which the day alone is known counts as
taken before that day's dose.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.chairside.dosing import STARTS
from afterglow.clinic.dosing_sessions.lookups import list_marks
from afterglow.clinic.measures.lookups import TOTALS, list_recorded, list_results
from afterglow.web.charts.course import Point


@dataclass(frozen=True, slots=True)
class Entry:
    """One score of a chart: `at` is when a form was answered, None for an entry of which the day alone is known."""

    point: Point
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A score that is not used, and why."""

    point: Point
    why: str


@dataclass(frozen=True, slots=True)
class ScaleScores:
    """All scores of one scale, oldest first, and the baseline, None without a dose or without a score before it."""

    used: tuple[Point, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    baseline: Point | None = None
    after: tuple[Point, ...] = ()


def read_scales(patient: Any, names: Collection[str]) -> dict[str, ScaleScores]:
    """Return the scores of some scales by the name of their fact."""
    entries = load_entries(patient, names)
    first = next((mark.occurred_at for mark in list_marks(patient) if mark.type in STARTS), None)
    return {name: read_scale(found, first) for name, found in entries.items()}


def load_entries(patient: Any, names: Collection[str]) -> dict[str, list[Entry]]:
    """Return what chart and forms hold of some scales, oldest first; answers of `not known` are left out."""
    found: dict[str, list[Entry]] = {name: [] for name in names}
    for row in list_recorded(patient, names):
        try:
            value = float(Decimal(str(row.value)))
        except ArithmeticError:
            continue
        found[row.name].append(Entry(Point(row.observed_on or _find_day(row.recorded_at), value), None))
    for name, at, total in _list_forms(patient, names):
        found[name].append(Entry(Point(_find_day(at), total), at))
    return {name: sorted(rows, key=lambda each: each.point.on) for name, rows in found.items()}


def read_scale(entries: list[Entry], first_dose_at: datetime | None) -> ScaleScores:
    """Return the scores of one scale sorted into used and set aside, with the baseline."""
    forms = {each.point.on for each in entries if each.at is not None}
    last = {each.point.on: each for each in entries if each.at is None}
    used, aside = [], []
    for each in entries:
        if each.at is not None or (each.point.on not in forms and each is last[each.point.on]):
            used.append(each)
        elif each.point.on in forms:
            aside.append(SetAside(each.point, _("not used: a form of that day goes before it")))
        else:
            aside.append(SetAside(each.point, _("not used: entered again for that day")))
    points = tuple(each.point for each in used)
    if first_dose_at is None:
        return ScaleScores(points, tuple(aside))
    before = [each.point for each in used if _is_before(each, first_dose_at)]
    after = tuple(each.point for each in used if not _is_before(each, first_dose_at))
    return ScaleScores(points, tuple(aside), before[-1] if before else None, after)


def _is_before(entry: Entry, first_dose_at: datetime) -> bool:
    return entry.point.on <= _find_day(first_dose_at) if entry.at is None else entry.at < first_dose_at


def _list_forms(patient: Any, names: Collection[str]) -> Iterator[tuple[str, datetime, float]]:
    """Yield the newest result of each form in the order in which the forms were answered."""
    wanted = {instrument: name for instrument, name in TOTALS.items() if name in names}
    newest = {row.form_id: row for row in list_results(patient, wanted)}
    for row in sorted(newest.values(), key=lambda row: (row.observed_at, row.pk)):
        if row.total is not None:
            yield wanted[row.instrument], row.observed_at, float(row.total)


def _find_day(at: datetime) -> date:
    return timezone.localtime(at).date()
