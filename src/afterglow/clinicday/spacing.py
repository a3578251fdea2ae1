"""How far a visit lies from the ones before and after it: frequency limits, the plan's window, the integration window.

Days are dates on the clinic's calendar. The limits themselves (L-FREQ, the label's schedule) are the protocol's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from afterglow.clinicday.booking import build_cleared, build_finding, get_number
from afterglow.protocols.model import Drug, Protocol
from afterglow.protocols.schedule import advise_esketamine_schedule, check_frequency
from afterglow.terms import Finding, Severity

# what an esketamine course says that a booking, ahead of the visit, cannot answer yet
NOT_YET = frozenset({"E-09", "E-12"})
LONGEST_WINDOW_D = 28
PASSED = "That window has passed: go on, or ask the prescriber whether the plan still holds."


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The plan's own rhythm; `phase` is induction or maintenance."""

    phase: str
    per_week: int | None = None
    every_wk: int | None = None


@dataclass(frozen=True, slots=True)
class DayWindow:
    """The days on which the next visit fits."""

    begins_on: date
    due_on: date
    ends_on: date

    def holds(self, on: date) -> bool:
        """Return whether a day lies in the window, both ends included."""
        return self.begins_on <= on <= self.ends_on


def find_window(rhythm: Rhythm, last: date | None) -> DayWindow | None:
    """Return the window of the next visit after `last`; None at a first visit or without a rhythm."""
    if last is None:
        return None
    if rhythm.phase == "induction":
        if not rhythm.per_week:
            return None
        gap = max(7 // rhythm.per_week, 1)
        due_on = last + timedelta(days=gap)
        ends_on = due_on + timedelta(days=get_number("window_late_induction_d"))
        return DayWindow(last + timedelta(days=min(gap, 2)), due_on, ends_on)
    if not rhythm.every_wk:
        return None
    due_on = last + timedelta(weeks=rhythm.every_wk)
    return DayWindow(due_on, due_on, due_on + timedelta(days=get_number("window_late_d")))


def judge_spacing(
    protocol: Protocol,
    rhythm: Rhythm,
    *,
    given: Sequence[date],
    booked: Sequence[date],
    on: date,
    today: date | None = None,
) -> list[Finding]:
    """Return what limits and rhythm say of one more dose on `on`.

    Parameters
    ----------
    given, booked : sequence of date
        Doses given, and other doses booked, on the clinic's calendar.
    today : date, optional
        The day of asking: nobody is sent to a window that has passed by then.
    """
    before = sorted(day for day in (*given, *booked) if day <= on)
    found = _merge([*_judge_limits(protocol, before, on), *_judge_later(protocol, before, booked, on)])
    last = before[-1] if before else None
    return [*found, *_judge_window(protocol, rhythm, last, on, today or on, is_clear=not found)]


def judge_integration(session_ends_at: datetime | None, starts_at: datetime) -> list[Finding]:
    """IN-1: an integration visit lies in the hours after the session that the discharge instructions name."""
    low, high = get_number("integration_from_h"), get_number("integration_until_h")
    threshold = f"{low} to {high} h after the session"
    if session_ends_at is None:
        seen = "Not recorded: a session before this visit"
        return [build_finding("IN-1", seen, threshold, severity=Severity.MISSING)]
    hours = int((starts_at - session_ends_at).total_seconds() // 3600)
    if timedelta(hours=low) <= starts_at - session_ends_at <= timedelta(hours=high):
        return [build_cleared("IN-1", "In the integration window", f"{hours} h after the session", threshold)]
    return [build_finding("IN-1", f"{hours} h after the session", threshold)]


def _judge_limits(protocol: Protocol, before: Sequence[date], on: date) -> list[Finding]:
    if protocol.drug is Drug.ESKETAMINE and protocol.schedule.get("phases"):
        advice = advise_esketamine_schedule(protocol, before, on=on)
        return [finding for finding in advice.findings if finding.rule not in NOT_YET]
    return list(check_frequency(protocol, before, on))


def _judge_later(protocol: Protocol, before: Sequence[date], booked: Sequence[date], on: date) -> list[Finding]:
    """Return what the limits say of visits already booked after `on`, once this one stands before them."""
    later = sorted(day for day in booked if on < day < on + timedelta(days=LONGEST_WINDOW_D))
    found = []
    for index, day in enumerate(later):
        earlier = [*before, *later[:index]]
        alone = {(each.rule, each.severity, each.threshold) for each in check_frequency(protocol, earlier, day)}
        for finding in check_frequency(protocol, [*earlier, on], day):
            if (finding.rule, finding.severity, finding.threshold) not in alone:
                found.append(finding)
    return found


def _judge_window(
    protocol: Protocol, rhythm: Rhythm, last: date | None, on: date, today: date, *, is_clear: bool
) -> list[Finding]:
    threshold = _describe_limits(protocol)
    if last is None:
        return [build_cleared("SP-1", "First dose of the course", "no earlier dose", threshold)] if is_clear else []
    days = (on - last).days
    window = find_window(rhythm, last)
    if window is None:
        return (
            [build_cleared("SP-1", f"Spacing {days} days", f"last {last.isoformat()}", threshold)] if is_clear else []
        )
    words = f"window {window.begins_on.isoformat()} to {window.ends_on.isoformat()}"
    if not window.holds(on):
        if window.ends_on < today:
            return [build_finding("SP-1", f"{days} days after {last.isoformat()}", words, asks=PASSED)]
        return [build_finding("SP-1", f"{days} days after {last.isoformat()}", words)]
    title = f"Spacing {days} days, in {words}"
    return [build_cleared("SP-1", title, f"last {last.isoformat()}", threshold)] if is_clear else []


def _describe_limits(protocol: Protocol) -> str:
    found = [
        f"at most {limit.value.value} in {limit.of.removeprefix('sessions.').removesuffix('d')} days, {limit.id}"
        for limit in protocol.limits
        if limit.of in ("sessions.7d", "sessions.28d")
    ]
    return "; ".join(found) or "the protocol's schedule"


def _merge(findings: Sequence[Finding]) -> list[Finding]:
    """Return each rule's worst finding once."""
    order = (Severity.STOP, Severity.CAUTION, Severity.MISSING, Severity.INFO)
    kept: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=lambda each: order.index(each.severity)):
        kept.setdefault((finding.rule, finding.threshold), finding)
    return list(kept.values())
