"""Builds courses in plain days: day 0 is the day of the first dose, scores are at 9:00, doses at 10:00 UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.outcomes import Course, CourseSession, DatedScore, Rater

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)


def build_moment(day: float, hour: int = 9) -> datetime:
    """Return the instant of a day of the course."""
    return FIRST_DAY + timedelta(days=day, hours=hour)


def build_score(day: float, value: str | int | None, instrument: str = "phq9", **more: Any) -> DatedScore:
    """Return a score of a day; None is a missing one with a reason."""
    reason = "the patient did not answer" if value is None else None
    number = None if value is None else Decimal(value)
    rater = more.pop("rater", Rater.SELF)
    return DatedScore(
        instrument, number, build_moment(day, more.pop("hour", 9)), rater, more.pop("reason", reason), **more
    )


def build_session(day: float, **more: Any) -> CourseSession:
    """Return a session whose dose started at 10:00 of a day."""
    return CourseSession(more.pop("id", f"day {day}"), build_moment(day, 10), **more)


def build_course(
    scores: Sequence[tuple[float, str | int | None]],
    session_days: Sequence[float] = (0,),
    instrument: str = "phq9",
    **more: Any,
) -> Course:
    """Return a course with scores of one instrument and doses on the days named."""
    return Course(
        tuple(build_score(day, value, instrument) for day, value in scores),
        tuple(build_session(day) for day in session_days),
        **more,
    )
