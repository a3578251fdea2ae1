"""Courses for the forecast in plain days: one infusion of 0.5 mg/kg on each day named, PHQ-9 by default."""

from collections.abc import Sequence

from afterglow.outcomes.forecast import GivenSession, PersonalCourse, Reading, build_dose
from afterglow.outcomes.next_treatment import Circumstances, IntervalPolicy, SuicideAnswer
from afterglow.terms import Citation, Grade

INFUSION = build_dose("racemic", "iv", dose_mg=35.0, duration_min=40.0)
SPRAY = build_dose("esketamine", "intranasal", dose_mg=84.0)
INDUCTION = (0, 3, 7, 10, 14, 17)
RACEMIC = IntervalPolicy(
    "iv-racemic", "maintenance", (14, 21, 28, 42, 56), 21, "Individual", Citation("ASKP-20", "row R-IV", Grade.V2)
)
LABEL = IntervalPolicy(
    "nasal-esketamine-us", "maintenance", (7, 14), 14, "Every 2 weeks or weekly",
    Citation("SPR-US", "row E-06", Grade.V),
)  # fmt: skip


def build_personal(
    scores: Sequence[tuple[float, float]], sessions: Sequence[float] = INDUCTION, scale: str = "PHQ-9", dose=INFUSION
) -> PersonalCourse:
    """Return a course from (day, value) pairs and session days."""
    return PersonalCourse(
        scale,
        tuple(Reading(day, value) for day, value in scores),
        tuple(GivenSession(float(day), dose) for day in sessions),
    )


def build_known(day: float, *levels: int, topics: frozenset[str] | None = frozenset(), **more: int) -> Circumstances:
    """Return circumstances with answers to item 9 a week apart, the last on `day`; nothing open."""
    count = len(levels)
    answers = tuple(SuicideAnswer("phq9", day - 7 * (count - 1 - k), level) for k, level in enumerate(levels))
    return Circumstances(answers, topics, maintenance_from=more.pop("maintenance_from", 6), **more)
