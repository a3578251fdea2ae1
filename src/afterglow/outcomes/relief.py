"""How long the relief after each session lasted, as the days between which its end must lie."""

from collections.abc import Sequence

from afterglow.outcomes.catalogue import get_estimand
from afterglow.outcomes.change import calculate_improvement, describe_threshold, find_threshold
from afterglow.outcomes.model import Course, CourseSession, DatedScore, Relief, Result, Series

NEXT_SESSION = "next session"
LAST_ASSESSMENT = "last assessment"


def read_relief(series: Series, course: Course) -> tuple[Relief, ...]:
    """Return the length of relief after each session of the course, in order of the sessions."""
    sessions = sorted(course.sessions, key=lambda each: each.dose_started_at)
    ends: list[CourseSession | None] = [*sessions, None]
    return tuple(_read_one(series, course, session, ends[number]) for number, session in enumerate(sessions, start=1))


def _read_one(series: Series, course: Course, session: CourseSession, following: CourseSession | None) -> Relief:
    estimand = get_estimand("relief-duration")
    threshold = find_threshold(series.instrument, "change")
    before = _find_score_before(series, session)
    after = [
        score
        for score in series.scores
        if score.observed_at > session.dose_started_at
        and (following is None or score.observed_at < following.dose_started_at)
    ]
    reason = None
    if threshold is None or threshold.kind != "points":
        reason = "the instrument's definition names no smallest real change"
    elif before is None:
        reason = "no score before the session"
    elif course.count_days(before.observed_at, session.dose_started_at) > estimand.get_number("oldest_days"):
        reason = "the score before the session is too old"
    elif not after:
        reason = "no score between this session and the next"
    if reason or before is None or threshold is None:
        return Relief(session.id, Result(estimand.id, None, estimand.citation, reason=reason), None, None, "")
    marks = [calculate_improvement(before, score) >= threshold.value for score in after]
    at_least, at_most = _bracket(
        marks, [course.count_days(session.dose_started_at, each.observed_at) for each in after]
    )
    ended_by = "" if at_most is not None else NEXT_SESSION if following else LAST_ASSESSMENT
    result = Result(
        estimand.id,
        any(marks),
        threshold.citation,
        f"better by {describe_threshold(threshold)}",
        "d",
        session.dose_started_at,
        used=(before, *after),
    )
    return Relief(session.id, result, at_least, at_most, ended_by)


def _bracket(marks: Sequence[bool], days: Sequence[int]) -> tuple[int, int | None]:
    """Return the last day known in relief (0 when none) and the first day known out of it, or None."""
    start = next((number for number, mark in enumerate(marks) if mark), None)
    if start is None:
        return 0, days[0]
    end = next((number for number in range(start, len(marks)) if not marks[number]), None)
    if end is None:
        return days[-1], None
    return days[end - 1], days[end]


def _find_score_before(series: Series, session: CourseSession) -> DatedScore | None:
    known = [series.baseline_score] if series.baseline_score else []
    earlier = [score for score in (*known, *series.scores) if score.observed_at < session.dose_started_at]
    return earlier[-1] if earlier else None
