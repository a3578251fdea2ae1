"""What a letter says from the record: sessions given with their doses, scores, medicines; unknown stays unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.dosing import calculate_dose_mg
from afterglow.clinic.care.courses import CareCourse, list_days
from afterglow.clinic.dosing_sessions.fold import load_protocols, load_states
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.measures.facts import list_totals
from afterglow.clinic.measures.lookups import ANSWERED_AGAIN, TOTALS
from afterglow.clinic.people.checks import get_local_date
from afterglow.protocols.facts import load_facts

SCORE_ENDING = ".total"
SCORE_BEGINNING = "scales."
EARLY_END = "stop-recorded"


@dataclass(frozen=True, slots=True)
class Given:
    """The sessions of a course: how many, from when to when, which doses, how many were stopped early."""

    count: int
    first_on: date | None
    last_on: date | None
    doses_mg: tuple[Decimal, ...]
    stopped_early: int


@dataclass(frozen=True, slots=True)
class Score:
    """The first and the last value of one scale with their days."""

    label: str
    first: Decimal
    first_on: date
    last: Decimal
    last_on: date

    @property
    def is_single(self) -> bool:
        """Return whether there is one value only."""
        return self.first_on == self.last_on and self.first == self.last


def gather_given(course: CareCourse) -> Given:
    """Return what was given, as the records of the sessions say it; a dose that no record tells is left out."""
    keys = [session.id for session in course.sessions]
    sessions = list(Session.objects.filter(pk__in=keys))
    states, protocols = load_states(sessions), load_protocols(sessions)
    doses, early = [], 0
    for session in sorted(sessions, key=lambda row: keys.index(row.pk)):
        state = states[session.pk]
        at = state.last_recorded_at or session.opened_at
        dose = calculate_dose_mg(state, protocols[session.protocol_id], at)
        if dose:
            doses.append(dose)
        early += state.has(EARLY_END)
    days = list_days(course)
    return Given(len(keys), days[0] if days else None, days[-1] if days else None, tuple(doses), early)


def gather_scores(patient: Any, scales: Sequence[str] = ()) -> list[Score]:
    """Return the first and the last score of every scale that was asked, those of the indication first.

    Forms count as the chart's own entries do; an entry that was ended for another reason than a newer one is none.
    """
    rows = patient.historyfact_set.filter(name__startswith=SCORE_BEGINNING, name__endswith=SCORE_ENDING).order_by(
        "recorded_at"
    )
    values: dict[str, list[tuple[date, datetime, Decimal]]] = {}
    for row in rows:
        number = _read(row.value)
        if number is not None and (row.ended_at is None or row.end_reason == ANSWERED_AGAIN):
            day = row.observed_on or get_local_date(patient.site, row.recorded_at)
            values.setdefault(row.name, []).append((day, row.recorded_at, number))
    for name, day, total in list_totals(patient, [each for each in TOTALS.values() if each.endswith(SCORE_ENDING)]):
        at = datetime.combine(day, time.max, ZoneInfo(patient.site.timezone))
        values.setdefault(name, []).append((day, at, total.normalize()))
    order = {f"{SCORE_BEGINNING}{name}{SCORE_ENDING}": place for place, name in enumerate(scales)}
    found = []
    for name in sorted(values, key=lambda each: (order.get(each, len(order)), each)):
        listed = sorted(values[name])
        spec = load_facts().get(name)
        label = spec.label if spec is not None else name
        found.append(Score(label, listed[0][2], listed[0][0], listed[-1][2], listed[-1][0]))
    return found


def gather_medicines(patient: Any) -> list[str] | None:
    """Return the medicines the chart lists; None when nobody asked, an empty list when there are none."""
    rows = list(patient.medicationstatement_set.filter(ended_at__isnull=True).order_by("name"))
    if not rows and patient.medicines_asked_at is None:
        return None
    return [" ".join(part for part in (row.name, row.dose_text) if part) for row in rows]


def _read(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
