"""One question of the forecast: course, treatment, instrument, day; and which of its scores are asked about."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterglow.outcomes.forecast.update import DEFAULT_SEED
from afterglow.outcomes.model import Course, DatedScore, Rater, Series
from afterglow.outcomes.next_treatment import Circumstances, Loss
from afterglow.outcomes.series import CONTRADICTED
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


def note_contradicting(request: OutlookRequest, series: Series | None) -> OutlookRequest:
    """Return the request with the scores later than every usable one that contradict each other, in words."""
    if series is None:
        return request
    last = max((one.observed_at for one in list_scores(series)), default=None)
    found: dict[datetime, list[str]] = {}
    for each in series.unused:
        at = each.score.observed_at
        if each.why == CONTRADICTED and (last is None or at > last):
            found.setdefault(at, []).append(f"{each.score.value:f}")
    zone = request.course.zone
    words = tuple(
        f"{series.instrument} {' and '.join(values)} on {at.astimezone(zone).date()}" for at, values in found.items()
    )
    return replace(request, circumstances=replace(request.circumstances, contradicting=words))


def _is_asked(series: Series, instrument: str) -> bool:
    return series.instrument == instrument and SCALE_OF.get(instrument, ("", None))[1] == series.rater
