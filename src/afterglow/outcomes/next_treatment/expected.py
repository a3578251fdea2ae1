"""Expected loss of each interval in every virtual patient who resembles a person, without drawing a single score."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.exposure import GivenDose
from afterglow.outcomes.forecast.filtering import extend_drift
from afterglow.outcomes.forecast.personal import GivenSession
from afterglow.outcomes.forecast.update import Similar
from afterglow.outcomes.next_treatment.loss import PER_DAYS, Loss

STEP_D = 4.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What an interval brings per 28 days, in each virtual patient (n,): days unwell, severity; and its sessions.

    `interval_d` None is a stop: no further session.
    """

    interval_d: int | None
    unwell_days: FloatArray
    severity: FloatArray
    visits: float
    reactions: float

    def calculate_loss(self, loss: Loss, visit_cost: float) -> FloatArray:
        """Return the loss in each virtual patient, (n,), in days unwell per 28 days."""
        burden = self.visits * (visit_cost + loss.get("exposure_per_session"))
        burden += self.reactions * loss.get("adverse_event")
        return np.asarray(
            loss.get("unwell_day") * self.unwell_days + loss.get("severity_day") * self.severity + burden,
            dtype=np.float64,
        )


def list_sessions(
    interval_d: float, *, last_day: float, today: float, until: float, dose: GivenDose
) -> tuple[GivenSession, ...]:
    """Return the sessions an interval brings from now on; one that is overdue is given today."""
    first = max(last_day + interval_d, today)
    days = np.arange(first, until, interval_d)
    return tuple(GivenSession(float(day), dose) for day in days)


def expect(
    similar: Similar, interval_d: int | None, *, today: float, loss: Loss, threshold: float, remission: float,
    reaction_rate: float,
) -> Expected:  # fmt: skip
    """Return what an interval brings over the horizon.

    Parameters
    ----------
    similar : Similar
    interval_d : int or None
        Days between sessions; None for no further session.
    today : float
        Day of the course from which the future counts.
    loss : Loss
        Gives the horizon.
    threshold, remission : float
        Score from which a day is unwell; score above which severity counts.
    reaction_rate : float
        Serious or severe reactions in a session.

    Notes
    -----
    True score = level + drift, normal in each virtual patient with known mean and spread, so that the chance of a day
    at or over the threshold and the mean excess over remission are closed forms: no Monte Carlo error but that of the
    virtual patients, and the same for every interval.
    """
    horizon = loss.get("horizon_d")
    course = similar.structure.course
    later: Sequence[GivenSession] = ()
    if interval_d is not None:
        last = course.sessions[-1]
        later = list_sessions(interval_d, last_day=last.day, today=today, until=today + horizon, dose=last.dose)
    days = today + np.arange(STEP_D / 2, horizon, STEP_D)
    structure = similar.structure.add_sessions(later)
    mean, spread = extend_drift(similar.drift, days, similar.noise)
    centre = structure.calculate_level(similar.z, days) + mean
    over = 1.0 - calculate_normal_cdf((threshold - 0.5 - centre) / spread[:, None])
    gap = (centre - remission) / spread[:, None]
    excess = spread[:, None] * (gap * calculate_normal_cdf(gap) + np.exp(-0.5 * gap**2) / np.sqrt(2 * np.pi))
    visits = 0.0 if interval_d is None else PER_DAYS / interval_d
    return Expected(
        interval_d,
        PER_DAYS * over.mean(axis=0),
        PER_DAYS * excess.mean(axis=0) / structure.scale.top,
        visits,
        visits * reaction_rate,
    )


_TAIL = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)


def calculate_normal_cdf(values: FloatArray) -> FloatArray:
    """Return the standard normal distribution function, right to 7.5e-8 (Abramowitz and Stegun 1964, 26.2.17)."""
    size = np.abs(values)
    t = 1.0 / (1.0 + 0.2316419 * size)
    series = np.zeros_like(t)
    for factor in reversed(_TAIL):
        series = t * (factor + series)
    tail = series * np.exp(-0.5 * size**2) / np.sqrt(2.0 * np.pi)
    return np.asarray(np.where(values >= 0, 1.0 - tail, tail), dtype=np.float64)


def thin(similar: Similar, many: int) -> Similar:
    """Return every k-th of the virtual patients, so that about `many` are left."""
    step = max(1, similar.z.shape[1] // many)
    drift = similar.drift
    kept = replace(
        drift,
        mean=drift.mean[::step],
        log_likelihood=drift.log_likelihood[::step],
        squares=drift.squares[::step],
    )
    return replace(similar, z=np.ascontiguousarray(similar.z[:, ::step]), drift=kept)
