"""Series: the visits of a plan's phase by its rhythm, each booked where it fits; what does not fit stays a gap."""

from collections.abc import Iterable
from copy import copy
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.plans.calendar import build_calendar
from afterglow.clinic.scheduling.days import Span, load_span, localise
from afterglow.clinic.scheduling.judging import Case, Request, is_asking, judge, judge_person, load_case
from afterglow.clinic.scheduling.models import DOSING, HOLDING, Appointment, Series
from afterglow.clinic.scheduling.openings import find_on_day
from afterglow.clinic.scheduling.storing import BOOK, hold, store
from afterglow.clinic.scheduling.telling import remind
from afterglow.clinicday.booking import get_number
from afterglow.terms import Finding, Severity

LONGEST = 60
MORNING = time(9)
NO_ROOM = "No time with place, nurse and prescriber free on its days"


@action
def plan_series(
    *,
    plan: Any,
    starts_on: date,
    count: int,
    by: Any,
    now: datetime,
    phase: str = "",
    at: time | None = None,
    days: Iterable[date] | None = None,
) -> Series:
    """Begin a series and book each visit that fits, near the time of day asked for; the rest stay gaps to be filled.

    The days follow the plan's rhythm unless `days` names them; a day on which nothing is clear gives way to the next
    days of its window. Nothing is booked against a finding that asks something.
    """
    site, patient = plan.patient.site, plan.patient
    policy.require(by, BOOK, site)
    checks = Checks()
    total = checks.whole(count, "count", 1, LONGEST, "visits") or 0
    checks.raise_problems()
    if plan.state != "signed":
        raise Refused("no-plan", "only a plan in force has a series")
    case = load_case(site=site, patient=patient, kind=DOSING, plan=plan, protocol_id="", now=now)
    phase = phase or _find_phase(plan, case)
    if Series.objects.filter(plan=plan, phase=phase, state="running").exists():
        raise Refused("series-running", "this phase has a series already; fill its gaps")
    proposed = sorted(days) if days is not None else propose_days(plan, starts_on, total, phase)
    if not proposed:
        raise Refused("no-rhythm", "the plan does not say how often; name the days")
    slack = timedelta(days=get_number("window_late_induction_d" if phase == "induction" else "window_late_d"))
    zone = ZoneInfo(site.timezone)
    candidates = [localise(zone, day, time(12)) for first in proposed for day in _list_near(first, slack)]
    hold(site, patient, *candidates)
    series = Series.objects.create(
        patient=patient, plan=plan, protocol=plan.protocol, phase=phase, total=len(proposed), began_on=proposed[0],
        created_at=now, created_by=by,
    )  # fmt: skip
    span = load_span(site, proposed[0], proposed[-1] + slack, now=now)
    booked = [
        _book_one(series, number, first, slack, case, span, wanted=at or MORNING, by=by, now=now)
        for number, first in enumerate(proposed, start=1)
    ]
    pairs = zip(proposed, booked, strict=True)
    series.days = [
        {"number": number, "on": (on or first).isoformat(), **({} if on else {"why": why})}
        for number, (first, (on, why)) in enumerate(pairs, start=1)
    ]
    series.save(update_fields=["days"])
    detail = {"visits": len(proposed), "gaps": sum(on is None for on, _why in booked), "phase": phase}
    audit.record(by=by, action="series.planned", subject=series, now=now, patient=patient, site=site, detail=detail)
    return series


@action
def end_series(*, series: Series, by: Any, now: datetime, reason: str, state: str = "ended") -> Series:
    """End a series; its visits that are still to come are cancelled apart."""
    policy.require(by, BOOK, series)
    checks = Checks()
    checks.text(reason, "reason", longest=200, is_required=True)
    checks.word(state, "state", ("ended", "stopped"), is_required=True)
    checks.raise_problems()
    row = Series.objects.select_for_update().get(pk=series.pk)
    if row.state != "running":
        raise Refused("series-ended", "this series has ended")
    row.state = state
    row.save(update_fields=["state"])
    audit.record(by=by, action=f"series.{state}", subject=row, now=now, patient=row.patient_id)
    return row


def propose_days(plan: Any, starts_on: date, count: int, phase: str) -> list[date]:
    """Return the days of a phase by the plan's rhythm, from a first day on the clinic's calendar."""
    if phase == "induction":
        asked = copy(plan)
        asked.starts_on, asked.induction_sessions, asked.maintenance_every_wk = starts_on, count, None
        return [session.on for session in build_calendar(asked)]
    if not plan.maintenance_every_wk:
        return [starts_on] if count == 1 else []
    return [starts_on + timedelta(weeks=plan.maintenance_every_wk * index) for index in range(count)]


def find_next_number(series: Series) -> int | None:
    """Return the first number of a series without a visit; None when all are booked."""
    taken = set(_list_booked(series))
    return next((number for number in range(1, series.total + 1) if number not in taken), None)


def list_gaps(series: Series, booked: Iterable[int | None]) -> list[dict[str, Any]]:
    """Return the proposed days that have no visit, given the numbers that have one."""
    taken = set(booked)
    return [day for day in series.days if day["number"] not in taken]


def _list_booked(series: Series) -> list[int | None]:
    rows = Appointment.objects.filter(series=series, state__in=(*HOLDING, "done"))
    return list(rows.values_list("number", flat=True))


def _find_phase(plan: Any, case: Case) -> str:
    done = len(case.given) + len(case.booked)
    return "induction" if plan.induction_sessions and done < plan.induction_sessions else "maintenance"


def _list_near(first: date, slack: timedelta) -> list[date]:
    return [first + timedelta(days=step) for step in range(slack.days + 1)]


def _book_one(
    series: Series, number: int, first: date, slack: timedelta, case: Case, span: Span, *, wanted: time, by: Any,
    now: datetime,
) -> tuple[date | None, str]:  # fmt: skip
    """Book one visit on its day or the next that is clear; return the day, or None and why it stays a gap."""
    why = ""
    for on in _list_near(first, slack):
        near = localise(span.zone, on, wanted)
        opening = find_on_day(case, span, on, after=now, wanted=near)
        person = judge_person(case, near if opening is None else opening.starts_at)
        if opening is None or any(is_asking(finding) for finding in person):
            # a day without room is that, unless the person may not be given a dose at all then
            stops = [finding for finding in person if finding.severity is Severity.STOP]
            why = why or _describe_gap(stops if opening is None else person)
            continue
        request = Request(opening.starts_at, opening.place, opening.nurse)
        findings = judge(case, span, request)
        if any(is_asking(finding) for finding in findings):
            why = why or _describe_gap(findings)
            continue
        row = store(case, request, findings, [], site=span.site, series=series, number=number, by=by, now=now)
        audit.record(by=by, action="visit.booked", subject=row, now=now, patient=case.patient, site=span.site)
        remind(row, by=by, now=now)
        span.visits.append(row)
        span.forget_day(on)
        case.booked.append(on)
        return on, ""
    return None, why


def _describe_gap(findings: Iterable[Finding]) -> str:
    """Return what stands against a visit on its day; where nothing of the person does, the day has no room."""
    asking = [f"{finding.title}: {finding.seen}" for finding in findings if is_asking(finding)]
    return "; ".join(asking[:2])[:300] or NO_ROOM
