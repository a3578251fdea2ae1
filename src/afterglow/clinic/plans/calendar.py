"""The proposed days of a plan: the induction by its rhythm, then the upkeep at its interval."""

from dataclasses import dataclass
from datetime import date, timedelta

from afterglow.clinic.plans.models import Plan

# weekdays of so many sessions a week, Monday is 0: never on two days in a row where it can be avoided
WEEKDAYS = {
    1: (1,),
    2: (1, 4),
    3: (0, 2, 4),
    4: (0, 1, 3, 4),
    5: (0, 1, 2, 3, 4),
    6: (0, 1, 2, 3, 4, 5),
    7: (0, 1, 2, 3, 4, 5, 6),
}
MAINTENANCE_SHOWN = 4


@dataclass(frozen=True, slots=True)
class ProposedSession:
    """One proposed day: its place in the course and whether it belongs to the induction or the upkeep."""

    number: int
    on: date
    phase: str


def build_calendar(plan: Plan, *, today: date | None = None) -> tuple[ProposedSession, ...]:
    """Return the proposed days from `starts_on`; empty while the start or the rhythm is not known."""
    begin = plan.starts_on or today
    if begin is None or not plan.induction_sessions or plan.sessions_per_week not in WEEKDAYS:
        return ()
    days = _list_induction(begin, plan.induction_sessions, WEEKDAYS[plan.sessions_per_week])
    found = [ProposedSession(number, on, "induction") for number, on in enumerate(days, start=1)]
    if plan.maintenance_every_wk:
        for index in range(1, MAINTENANCE_SHOWN + 1):
            on = days[-1] + timedelta(weeks=plan.maintenance_every_wk * index)
            found.append(ProposedSession(len(days) + index, on, "maintenance"))
    return tuple(found)


def _list_induction(begin: date, count: int, weekdays: tuple[int, ...]) -> list[date]:
    """Return the first day itself, then the days of the rhythm with at least its smallest gap."""
    gap = 7 // len(weekdays)
    days = [begin]
    on = begin
    while len(days) < count:
        on += timedelta(days=1)
        if on.weekday() in weekdays and (on - days[-1]).days >= min(gap, 2):
            days.append(on)
    return days
