"""What an answer was made from: the scores and sessions that count, and each score that does not, with why."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from afterglow.outcomes.model import CourseSession, DatedScore
from afterglow.outcomes.outlook.asking import OutlookRequest, choose_instrument, choose_series, list_scores
from afterglow.outcomes.series import build_series


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """The scores used, the baseline first where there is one; those left out with why; the sessions, oldest first."""

    instrument: str
    scores: tuple[DatedScore, ...]
    has_baseline: bool
    left_out: tuple[tuple[DatedScore, str], ...]
    sessions: tuple[CourseSession, ...]


def find_made_from(request: OutlookRequest) -> MadeFrom:
    """Return what the answer to a question is made from."""
    series, _ = build_series(request.course)
    instrument = request.instrument or choose_instrument(series)
    mine = choose_series(series, instrument)
    used = () if mine is None else list_scores(mine)
    reasons = {id(each.score): each.why for one in series for each in one.unused}
    taken = {id(score) for score in used}
    left = [
        (score, reasons.get(id(score)) or _find_why(score, instrument))
        for score in request.course.scores
        if id(score) not in taken
    ]
    return MadeFrom(
        instrument,
        tuple(used),
        mine is not None and mine.baseline_score is not None,
        tuple(sorted(left, key=lambda row: row[0].observed_at)),
        tuple(sorted(request.course.sessions, key=lambda one: one.dose_started_at)),
    )


def render_made_from(request: OutlookRequest) -> dict[str, Any]:
    """Return it as plain data with the clinic's dates."""
    made = find_made_from(request)

    def name_day(score: DatedScore) -> str:
        return find_day(request, score).isoformat()

    return {
        "scores": [
            {
                "on": name_day(score),
                "value": None if score.value is None else float(score.value),
                "baseline": made.has_baseline and place == 0,
            }
            for place, score in enumerate(made.scores)
        ],
        "left_out": [
            {
                "on": name_day(score),
                "instrument": score.instrument,
                "value": None if score.value is None or not score.value.is_finite() else float(score.value),
                "why": why,
            }
            for score, why in made.left_out
        ],
        "sessions": [
            {
                "on": one.dose_started_at.astimezone(request.course.zone).date().isoformat(),
                "dose_mg": None if one.dose_mg is None else float(one.dose_mg),
            }
            for one in made.sessions
        ],
    }


def find_day(request: OutlookRequest, score: DatedScore) -> date:
    """Return the clinic's day of a score."""
    return score.observed_at.astimezone(request.course.zone).date()


def _find_why(score: DatedScore, instrument: str) -> str:
    if score.instrument != instrument:
        return "another scale: the forecast reads one"
    return "another kind of rater: each is read on its own"
