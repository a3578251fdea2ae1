"""The two reviews of a course: after session 3, and after the planned induction."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from afterglow.outcomes.catalogue import Estimand, get_estimand
from afterglow.outcomes.change import Thresholds, calculate_improvement, explain_no_percent, read_response
from afterglow.outcomes.model import Course, CourseSession, DatedScore, Result, Series
from afterglow.terms import Finding, Override, Severity


class GateStanding(StrEnum):
    """Where a review stands."""

    NOT_DUE = "not-due"
    ON_TRACK = "on-track"
    BORDERLINE = "borderline"
    REASSESS = "reassess"
    RESPONSE = "response"
    NO_RESPONSE = "no-response"
    DOES_NOT_APPLY = "does-not-apply"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GateReading:
    """One review of one series: where it stands, the result behind it, and the finding it asks for, if any."""

    gate: str
    standing: GateStanding
    result: Result
    finding: Finding | None = None


def read_gates(series: Series, course: Course, thresholds: Thresholds | None = None) -> tuple[GateReading, ...]:
    """Return both reviews of one series; `thresholds` replaces the response threshold of the definition."""
    return read_session_3(series, course), read_induction_end(series, course, thresholds)


def read_session_3(series: Series, course: Course) -> GateReading:
    """Return the review after session 3: on track, at the border, reassess, or why it cannot be told."""
    estimand = get_estimand("gate-session-3")
    sessions = _order(course.sessions)
    number = int(estimand.get_number("after_session"))
    if len(sessions) < number:
        return _close(estimand, GateStanding.NOT_DUE, f"{len(sessions)} of {number} sessions given")
    if sessions[number - 1].was_tolerated is False:
        return _close(estimand, GateStanding.DOES_NOT_APPLY, "the dose was not tolerated: solve that first")
    score = _find_last(series, sessions, number)
    baseline = series.baseline_score
    reason = explain_no_percent(baseline)
    if score is None:
        reason = f"no score between session {number} and session {number + 1}"
    if reason or score is None or baseline is None or baseline.value is None:
        return _ask(
            estimand, "T-3", "No usable score", "A score after session 3", "Rate the patient now.", reason or ""
        )
    percent = calculate_improvement(baseline, score) / baseline.value * 100
    low, high = estimand.get_number("reassess_below_percent"), estimand.get_number("clear_from_percent")
    threshold = f"improvement of {high} % or more; under {low} % asks to reassess"
    result = Result(estimand.id, percent, estimand.citation, threshold, "%", score.observed_at, used=(baseline, score))
    if percent >= high:
        return GateReading(estimand.id, GateStanding.ON_TRACK, result)
    standing = GateStanding.REASSESS if percent < low else GateStanding.BORDERLINE
    asks = (
        "Look at the indication again; judge again after session 6."
        if standing is GateStanding.REASSESS
        else "At the border: judge with the patient; judge again after session 6."
    )
    finding = _build_finding(estimand, "T-3", Severity.CAUTION, _describe(percent), threshold, asks)
    return GateReading(estimand.id, standing, result, finding)


def read_induction_end(series: Series, course: Course, thresholds: Thresholds | None = None) -> GateReading:
    """Return the review after the planned induction: response, no response, or why it cannot be told."""
    estimand = get_estimand("gate-induction")
    sessions = _order(course.sessions)
    planned = course.planned_induction_sessions
    if planned is None:
        return _close(estimand, GateStanding.UNKNOWN, "the plan names no number of induction sessions")
    if len(sessions) < planned:
        return _close(estimand, GateStanding.NOT_DUE, f"{len(sessions)} of {planned} induction sessions given")
    score = _find_last(series, sessions, planned, int(estimand.get_number("latest_days")), course)
    if score is None:
        reason = f"no score in time after session {planned}"
        return _ask(estimand, "T-5", "No usable score", "A score after the induction", "Rate the patient now.", reason)
    response = read_response(series.baseline_score, score, (thresholds or {}).get((series.instrument, "response")))
    if response.value is None:
        reason = response.reason or ""
        return _ask(estimand, "T-5", reason, "A response that can be told", "Judge the course by the chart.", reason)
    result = Result(
        estimand.id, response.value, estimand.citation, response.threshold, "", score.observed_at, used=response.used
    )
    if response.value:
        return GateReading(estimand.id, GateStanding.RESPONSE, result)
    asks = "Stop the course and offer other care."
    finding = _build_finding(estimand, "T-5", Severity.CAUTION, "No response after induction", response.threshold, asks)
    return GateReading(estimand.id, GateStanding.NO_RESPONSE, result, finding)


def _order(sessions: Sequence[CourseSession]) -> list[CourseSession]:
    return sorted(sessions, key=lambda each: each.dose_started_at)


def _find_last(
    series: Series,
    sessions: Sequence[CourseSession],
    number: int,
    latest_days: int | None = None,
    course: Course | None = None,
) -> DatedScore | None:
    """Return the last score after the numbered session and before the next one, within `latest_days` if given."""
    start = sessions[number - 1].dose_started_at
    end = sessions[number].dose_started_at if number < len(sessions) else None
    found = [
        score
        for score in series.scores
        if score.observed_at > start
        and (end is None or score.observed_at < end)
        and (latest_days is None or course is None or course.count_days(start, score.observed_at) <= latest_days)
    ]
    return found[-1] if found else None


def _close(estimand: Estimand, standing: GateStanding, reason: str) -> GateReading:
    return GateReading(estimand.id, standing, Result(estimand.id, None, estimand.citation, reason=reason))


def _ask(estimand: Estimand, rule: str, seen: str, threshold: str, asks: str, reason: str) -> GateReading:
    result = Result(estimand.id, None, estimand.citation, threshold, reason=reason)
    finding = _build_finding(estimand, rule, Severity.MISSING, seen, threshold, asks)
    return GateReading(estimand.id, GateStanding.UNKNOWN, result, finding)


def _build_finding(estimand: Estimand, rule: str, severity: Severity, seen: str, threshold: str, asks: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        seen=seen,
        threshold=threshold,
        asks=asks,
        override=Override.PRESCRIBER,
        source=estimand.citation.text,
        grade=estimand.citation.grade,
        title=estimand.title,
    )


def _describe(percent: Decimal) -> str:
    return f"{'Better' if percent >= 0 else 'Worse'} by {abs(percent):.1f} %"
