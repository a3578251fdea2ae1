"""The nearest times at which a visit fits without a finding that asks anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.scheduling.days import Span, load_span
from afterglow.clinic.scheduling.judging import (
    Case,
    Request,
    ask,
    is_asking,
    judge_day,
    judge_person,
    load_case,
)
from afterglow.clinic.scheduling.models import DOSING
from afterglow.clinicday.booking import Day, get_number
from afterglow.clinicday.staffing import calculate_load, find_most, get_limit, list_visits

LONGEST_D = 60
NOON = 12


@dataclass(frozen=True, slots=True)
class Opening:
    """A time at which a visit fits: where, with whom, until when, and the most that nurse then has."""

    starts_at: datetime
    ends_at: datetime
    place: Any
    nurse: Any
    load: Decimal


def find_openings(
    *,
    site: Any,
    patient: Any,
    kind: str,
    plan: Any,
    after: datetime,
    until: datetime,
    now: datetime,
    limit: int,
    clinician: Any = None,
    part: str = "",
    ignoring: Any = None,
) -> list[Opening]:
    """Return the first clear time of each day from `after`, at most `limit`; days that the person's papers refuse
    are left out. `part` narrows to mornings or afternoons.
    """
    case = load_case(site=site, patient=patient, kind=kind, plan=plan, protocol_id="", now=now, ignoring=ignoring)
    first = get_local_date(site, after)
    # a day that nothing can be booked on yet is asked neither place by place nor minute by minute
    horizon = case.today + timedelta(days=get_number("horizon_d"))
    last = min(get_local_date(site, until), first + timedelta(days=LONGEST_D), horizon)
    if last < first:
        return []
    span = load_span(site, first, last, now=now)
    found: list[Opening] = []
    for on in span.list_days():
        if len(found) >= limit:
            break
        opening = find_on_day(case, span, on, after=after, until=until, clinician=clinician, part=part)
        if opening is not None and not any(is_asking(each) for each in judge_person(case, opening.starts_at)):
            found.append(opening)
    return found


def find_on_day(
    case: Case,
    span: Span,
    on: date,
    *,
    after: datetime,
    until: datetime | None = None,
    clinician: Any = None,
    part: str = "",
    wanted: datetime | None = None,
) -> Opening | None:
    """Return the first clear time of one day, or the one nearest to `wanted`; resources only."""
    day = span.get_day(on)
    starts = [at for at in _list_starts(day, span, part) if at >= after and (until is None or at <= until)]
    if wanted is not None:
        starts.sort(key=lambda at: (abs(at - wanted), at))
    for starts_at in starts:
        opening = _fit(case, span, day, starts_at, clinician)
        if opening is not None:
            return opening
    return None


def choose_nurse(case: Case, span: Span, day: Day, starts_at: datetime) -> tuple[Any, Decimal] | None:
    """Return the nurse on duty who would then have least, with that load; None where nobody stays within the limit."""
    spans = case.lengths.place(starts_at)
    best: tuple[Decimal, str, Any] | None = None
    for nurse in span.nurses:
        shifts = day.shifts.get(nurse.pk)
        if shifts is not None and not any(
            shift.begins_at <= spans.starts_at and spans.ends_at <= shift.ends_at for shift in shifts
        ):
            continue
        visits = [*list_visits(day, nurse.pk, ignoring=case.ignoring), spans]
        load = find_most(calculate_load(visits), spans.starts_at, spans.ends_at)
        if load <= get_limit() and (best is None or (load, nurse.display_name) < best[:2]):
            best = (load, nurse.display_name, nurse)
    return None if best is None else (best[2], best[0])


def _fit(case: Case, span: Span, day: Day, starts_at: datetime, clinician: Any) -> Opening | None:
    spans = case.lengths.place(starts_at)
    chosen = choose_nurse(case, span, day, starts_at) if case.kind == DOSING else (None, Decimal(0))
    if chosen is None:
        return None
    nurse, load = chosen
    places = (
        [place for place in span.places if place.is_active] if ask(case, Request(starts_at)).needs_place else [None]
    )
    taken = {
        held.place
        for held in day.held
        if held.id != case.ignoring and spans.overlaps(held.spans.starts_at, held.spans.ends_at)
    }
    for place in places:
        if place is not None and place.pk in taken:
            continue
        request = Request(starts_at, place, nurse, clinician)
        if not any(is_asking(finding) for finding in judge_day(case, span, request)):
            return Opening(starts_at, spans.ends_at, place, nurse, load)
    return None


def _list_starts(day: Day, span: Span, part: str) -> Iterator[datetime]:
    """Yield the times of the day's grid within opening hours; nothing where those are not recorded."""
    step = timedelta(minutes=get_number("grid_min"))
    for window in day.open or ():
        at = window.begins_at
        while at < window.ends_at:
            hour = at.astimezone(span.zone).hour
            if not part or (hour < NOON) == (part == "morning"):
                yield at
            at += step
