"""When the next session may be: frequency limits in the clinic's calendar, and esketamine's labelled schedule.

Days are dates on the clinic's calendar, never periods of 24 hours. The label's rows are E-04 to E-09 and E-14.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.protocols.dose_limits import check_limits
from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Finding, InvalidInput, Override, Severity, build_error

_WINDOWS = {"sessions.1d": 1, "sessions.7d": 7, "sessions.28d": 28}


@dataclass(frozen=True, slots=True)
class PhaseAdvice:
    """Where a course stands: its phase, week, the interval, when the next session is due and possible."""

    phase: str
    week: int
    interval_d: int
    due_on: date
    earliest_on: date
    missed: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the advice with its dates as text."""
        return {
            "phase": self.phase,
            "week": self.week,
            "interval_d": self.interval_d,
            "due_on": self.due_on.isoformat(),
            "earliest_on": self.earliest_on.isoformat(),
            "missed": self.missed,
            "findings": [finding.to_json() for finding in self.findings],
        }


def collect_local_dates(instants: Iterable[datetime], zone: str) -> tuple[date, ...]:
    """Return the dates of instants on the clinic's calendar, in order."""
    place = ZoneInfo(zone)
    return tuple(sorted(instant.astimezone(place).date() for instant in instants))


def count_sessions(history: Iterable[date], on: date, days: int) -> int:
    """Return the sessions in the `days` calendar days that end with `on`, one planned for `on` included."""
    first = on - timedelta(days=days - 1)
    return 1 + sum(1 for day in history if first <= day <= on)


def check_frequency(protocol: Protocol, history: Sequence[date] | None, on: date) -> tuple[Finding, ...]:
    """Return what the frequency limits say of one more session on `on`; an unknown history is missing, not fine."""
    asked = {limit.of for limit in protocol.limits if limit.of in _WINDOWS}
    measured = {of: None if history is None else count_sessions(history, on, _WINDOWS[of]) for of in asked}
    return check_limits(protocol, measured)


def advise_esketamine_schedule(
    protocol: Protocol,
    history: Sequence[date],
    *,
    on: date,
    is_worse: bool | None = None,
    is_benefit_judged: bool | None = None,
    ordered_mg: Sequence[Decimal | int] = (),
) -> PhaseAdvice:
    """Return where an esketamine course stands on `on` and what the label's schedule says of a session then.

    Parameters
    ----------
    history : sequence of date
        Sessions already given, on the clinic's calendar; may be empty.
    is_worse : bool or None
        Whether symptoms are worse since sessions were missed; asked about only when one was missed (E-09).
    is_benefit_judged : bool or None
        Whether the benefit was judged at the end of week 4; asked from week 5 (E-08).
    ordered_mg : sequence of number
        Doses of the last 7 days with the planned one, for the payer's weekly cap (E-12); empty when not asked.
    """
    given = _check_history(history, on)
    start = given[0] if given else on
    last = given[-1] if given else None
    week = (on - start).days // 7 + 1
    phase = _find_phase(protocol, week)
    interval = _find_interval(phase)
    due_on = on if last is None else _find_earliest(protocol, given, last + timedelta(days=interval))
    late_d = (on - due_on).days
    missed = _count_missed(protocol, interval, late_d)
    findings = [
        *check_frequency(protocol, given, on),
        *_check_spacing(protocol, phase, last, on),
        *_check_early(phase, last, on),
        *_check_gate(protocol, week, is_benefit_judged=is_benefit_judged),
        *_check_missed(protocol, phase, missed, is_worse=is_worse),
        *_check_si_course(protocol, week),
        *_check_payer(protocol, phase, ordered_mg),
    ]
    return PhaseAdvice(
        phase=phase["id"],
        week=week,
        interval_d=interval,
        due_on=due_on,
        earliest_on=_find_earliest(protocol, given, on),
        missed=missed,
        findings=tuple(findings),
    )


def _check_history(history: Sequence[date], on: date) -> tuple[date, ...]:
    later = [day for day in history if day > on]
    if later:
        message = f"the history holds a session on {later[0]}, after {on}"
        raise InvalidInput([build_error("history", "session-in-future", later[0].isoformat(), f"up to {on}", message)])
    return tuple(sorted(history))


def _find_phase(protocol: Protocol, week: int) -> Any:
    """Return the phase of a week of the course; weeks past the last phase's start stay in it."""
    phases = [phase for phase in protocol.schedule["phases"] if phase["from_week"].value <= week]
    return phases[-1]


def _find_interval(phase: Any) -> int:
    return int(phase["interval_d"].value)


def _find_earliest(protocol: Protocol, given: Sequence[date], on: date) -> date:
    """Return the first day from `on` on which no hard frequency limit stops a session."""
    day = on
    while any(finding.severity is Severity.STOP for finding in check_frequency(protocol, given, day)):
        day += timedelta(days=1)
    return day


def _count_missed(protocol: Protocol, interval: int, late_d: int) -> int:
    """Return how many sessions of the present interval were left out, after the days of grace."""
    grace = int(protocol.schedule["rules"]["missed_after_d"].value)
    return 0 if late_d <= grace else 1 + (late_d - grace - 1) // interval


def _check_spacing(protocol: Protocol, phase: Any, last: date | None, on: date) -> list[Finding]:
    """E-14: induction doses lie at least two days apart."""
    spacing: Value = protocol.schedule["rules"]["induction_spacing_d"]
    if last is None or phase["id"] != "induction" or last == on or (on - last).days >= spacing.value:
        return []
    seen = f"{(on - last).days} day after the last session"
    threshold = f"at least {spacing.value} days apart in induction"
    return [
        _build("E-14", Severity.CAUTION, "Sessions close together", seen, threshold, "Choose a later day.", spacing)
    ]


def _check_early(phase: Any, last: date | None, on: date) -> list[Finding]:
    """E-05, E-06: outside induction a session before the shortest interval is more often than the label says."""
    if last is None or phase["id"] == "induction":
        return []
    shortest: Value = phase.get("interval_d_lowest", phase["interval_d"])
    # a weekly appointment may fall a day early without being a second one of that week
    if (on - last).days >= shortest.value - 1:
        return []
    rule = "E-05" if phase["id"] == "weekly" else "E-06"
    seen = f"{(on - last).days} days after the last session"
    asks = "Confirm that this is meant, with the reason."
    return [_build(rule, Severity.CAUTION, "More often than the schedule", seen, phase["text"], asks, shortest)]


def _check_gate(protocol: Protocol, week: int, *, is_benefit_judged: bool | None) -> list[Finding]:
    """E-08: from week 5 nothing goes on before the benefit is judged."""
    gate: Value = protocol.schedule["rules"]["gate_after_week"]
    if week <= gate.value or is_benefit_judged:
        return []
    threshold = f"judged at the end of week {gate.value}"
    asks = "Judge the benefit and record it before this session."
    if is_benefit_judged is None:
        return [_build("E-08", Severity.MISSING, "Benefit", "Not recorded: benefit at week 4", threshold, asks, gate)]
    stop = _build("E-08", Severity.STOP, "Benefit not judged", f"week {week}, not judged", threshold, asks, gate)
    return [stop]


def _check_missed(protocol: Protocol, phase: Any, missed: int, *, is_worse: bool | None) -> list[Finding]:
    """E-09: after missed sessions with worse symptoms the more frequent schedule before may be right again."""
    if missed == 0:
        return []
    value: Value = protocol.schedule["rules"]["return_after_missed"]
    seen = f"{missed} session missed" if missed == 1 else f"{missed} sessions missed"
    threshold = "missed sessions with worse symptoms"
    if is_worse is None:
        asks = "Ask whether symptoms are worse since the last session."
        return [
            _build("E-09", Severity.MISSING, "Missed sessions", f"{seen}; change not recorded", threshold, asks, value)
        ]
    if not is_worse:
        asks = "Go on with the present schedule."
        return [_build("E-09", Severity.INFO, "Missed sessions", f"{seen}; not worse", threshold, asks, value)]
    before = _find_previous(protocol, phase)
    asks = f"Consider going back: {before['text'].lower()}."
    return [_build("E-09", Severity.CAUTION, "Missed sessions", f"{seen}; worse", threshold, asks, value)]


def _find_previous(protocol: Protocol, phase: Any) -> Any:
    """Return the more frequent phase before; induction has none and is begun again."""
    phases = list(protocol.schedule["phases"])
    ids = [other["id"] for other in phases]
    return phases[max(ids.index(phase["id"]) - 1, 0)]


def _check_si_course(protocol: Protocol, week: int) -> list[Finding]:
    """E-07: for depression with acute suicidality nothing beyond four weeks was studied systematically."""
    weeks: Value = protocol.schedule["rules"]["si_weeks"]
    if protocol.indication != "mdd-si" or week <= weeks.value:
        return []
    threshold = f"{weeks.value} weeks"
    asks = "Judge the benefit and say in the plan why treatment goes on."
    return [_build("E-07", Severity.CAUTION, "Beyond the studied course", f"week {week}", threshold, asks, weeks)]


def _check_payer(protocol: Protocol, phase: Any, ordered_mg: Sequence[Decimal | int]) -> list[Finding]:
    """E-12: one payer's weekly cap in induction, for information."""
    cap: Value = protocol.schedule["rules"]["payer_mg_per_week"]
    total = sum((Decimal(mg) for mg in ordered_mg), Decimal(0))
    if phase["id"] != "induction" or total <= cap.value:
        return []
    threshold = f"one payer: at most {cap.value} mg a week"
    asks = "Check what this person's payer covers."
    return [_build("E-12", Severity.INFO, "Above a payer's weekly cap", f"{total} mg in 7 days", threshold, asks, cap)]


def _build(rule: str, severity: Severity, title: str, seen: str, threshold: str, asks: str, value: Value) -> Finding:
    override = Override.PRESCRIBER if severity in (Severity.CAUTION, Severity.STOP) else Override.NONE
    return Finding(rule, severity, seen, threshold, asks, override, value.citation.text, value.citation.grade, title)
