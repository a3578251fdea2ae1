"""One question of the forecast: course, treatment, instrument, day; and which of its scores are asked about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from afterglow.outcomes.forecast.update import DEFAULT_SEED
from afterglow.outcomes.model import Course, DatedScore, Rater, Series
from afterglow.outcomes.next_treatment import Circumstances, Loss
from afterglow.terms import Problem

SCALE_OF = {"madrs": ("MADRS", Rater.CLINICIAN), "phq9": ("PHQ-9", Rater.SELF), "qids-sr16": ("QIDS-SR16", Rater.SELF)}


@dataclass(frozen=True, slots=True)
class Treatment:
    """What the sessions of a course give: drug, route, how long an infusion takes, and the body weight if known."""

    drug: str
    route: str
    duration_min: float = 0.0
    weight_kg: float | None = None
    has_new_antidepressant: bool = False


@dataclass(frozen=True, slots=True)
class OutlookRequest:
    """One question: the course, the instrument asked about, the treatment, the instant it is asked.

    `circumstances` count days from the first session; `instrument` None takes the modelled one with the most scores.
    `problems` are warnings of who read the question, such as a dose that its protocol does not have.
    """

    course: Course
    treatment: Treatment
    as_of: datetime
    instrument: str | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)
    loss: Loss | None = None
    seed: int = DEFAULT_SEED
    problems: tuple[Problem, ...] = ()


def choose_series(series: Sequence[Series], instrument: str | None = None) -> Series | None:
    """Return the series asked about by the rater its scale is made for, or None."""
    wanted = instrument or choose_instrument(series)
    return next((one for one in series if _is_asked(one, wanted)), None)


def choose_instrument(series: Sequence[Series]) -> str:
    """Return the modelled instrument with the most scores; the first one in doubt."""
    counted = {one.instrument: len(one.scores) for one in series if _is_asked(one, one.instrument)}
    return max(counted, key=lambda name: counted[name]) if counted else "phq9"


def list_scores(series: Series) -> tuple[DatedScore, ...]:
    """Return the baseline and every later score in order of time."""
    first = [] if series.baseline_score is None else [series.baseline_score]
    return (*first, *series.scores)


def _is_asked(series: Series, instrument: str) -> bool:
    return series.instrument == instrument and SCALE_OF.get(instrument, ("", None))[1] == series.rater
