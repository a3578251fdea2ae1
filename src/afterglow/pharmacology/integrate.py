"""An error-controlled Runge-Kutta integrator for what is truly nonlinear, many patients at a time.

Linear kinetics never come here: `linear.solve` and `linear.drive` have no step error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from afterglow.terms import InvalidInput, build_error

FloatArray = npt.NDArray[np.float64]
Derivative = Callable[[float, FloatArray], FloatArray]
Jump = tuple[float, Callable[[FloatArray], FloatArray]]

# Dormand and Prince 1980, table 2, RK5(4)7M
_NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_STAGES = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 5.0


class Outcome(Enum):
    """How an integration ended; the value says what to try next."""

    DONE = "reached the last time"
    TOO_MANY_STEPS = "took more steps than allowed: allow more, or solve the stiff part with `linear.drive`"
    STEP_TOO_SMALL = "the step fell below rounding: look for a singularity, or loosen the tolerance"
    NOT_FINITE = "the derivative was not a finite number: look at the state where it stopped"


@dataclass(frozen=True, slots=True)
class Integration:
    """States at the times asked for, shape (n_times, k, n), up to where it came; the rest is NaN only if not done."""

    outcome: Outcome
    times_h: FloatArray
    states: FloatArray
    steps: int
    rejected: int
    reached_h: float

    def demand(self) -> FloatArray:
        """Return the states; raise where the last time was not reached.

        Raises
        ------
        ArithmeticError
            The integration stopped early; the message says why, where and what to try.
        """
        if self.outcome is not Outcome.DONE:
            raise ArithmeticError(f"stopped at {self.reached_h:g} h: {self.outcome.value}")
        return self.states


def integrate(
    derivative: Derivative,
    start: npt.ArrayLike,
    times_h: npt.ArrayLike,
    *,
    jumps: tuple[Jump, ...] = (),
    edges_h: npt.ArrayLike = (),
    rtol: float = 1e-8,
    atol: float = 1e-10,
    most_steps: int = 100_000,
) -> Integration:
    """Integrate x' = f(t, x) for all patients with shared steps, restarting at every edge.

    Parameters
    ----------
    derivative : callable (t, x) -> ndarray
        t in hours, x of shape (k, n); must not keep or change x.
    start : array-like, shape (k, n)
        State at the first time.
    times_h : array-like, shape (n_times,), h
        Rising; states are wanted here. A time that falls on a jump is answered after it.
    jumps : tuple of (time_h, function of the state)
        Boluses and the like: the function returns the state after the jump.
    edges_h : array-like, h
        Times at which the derivative is not smooth, such as the ends of an infusion: no step crosses them.
    rtol, atol : float
        Allowed local error: atol + rtol |x|, for the worst state of the worst patient.
    most_steps : int
        Accepted and rejected steps together.

    Returns
    -------
    Integration
        With an enumerated outcome; nothing is extrapolated past where it stopped.

    Raises
    ------
    InvalidInput
        Times that do not rise or are not finite, a start that is not, a tolerance that is not positive.

    Notes
    -----
    Dormand-Prince 5(4) [1]_ with first-same-as-last; the largest scaled error over patients sets the step, so the
    result of one patient may depend on the company within the tolerance. A step ends exactly on each time.

    References
    ----------
    .. [1] Dormand JR, Prince PJ, A family of embedded Runge-Kutta formulae, J Comput Appl Math 6 (1980) 19, table 2.
    """
    times, state = _check(start, times_h, rtol, atol)
    stops = np.union1d(np.asarray(edges_h, dtype=np.float64), np.array([at for at, _ in jumps], dtype=np.float64))
    states = np.full((times.size, *state.shape), np.nan)
    runner = _Runner(derivative, rtol, atol, most_steps)
    now, k = float(times[0]), 0
    state = _apply(jumps, now, state)
    while k < times.size:
        if times[k] <= now:
            states[k] = state
            k += 1
            continue
        ahead = stops[stops > now]
        until = min(float(times[k]), float(ahead[0])) if ahead.size else float(times[k])
        outcome, now, state = runner.move(now, until, state)
        if outcome is not Outcome.DONE:
            return Integration(outcome, times, states, runner.steps, runner.rejected, now)
        if until in stops:
            state = _apply(jumps, until, state)
            runner.restart()
    return Integration(Outcome.DONE, times, states, runner.steps, runner.rejected, now)


class _Runner:
    """Takes steps and remembers the step size and the last slope between stops."""

    def __init__(self, derivative: Derivative, rtol: float, atol: float, most_steps: int) -> None:
        self.derivative, self.rtol, self.atol, self.most_steps = derivative, rtol, atol, most_steps
        self.steps = self.rejected = 0
        self.step_h: float | None = None
        self.slope: FloatArray | None = None

    def restart(self) -> None:
        """Forget slope and step: the derivative changes here."""
        self.slope = self.step_h = None

    def move(self, now: float, until: float, state: FloatArray) -> tuple[Outcome, float, FloatArray]:
        """Step from `now` to exactly `until`."""
        while now < until:
            if self.slope is None:
                self.slope = self.derivative(float(np.nextafter(now, np.inf)), state)  # after the edge, not on it
                if not np.isfinite(self.slope).all():
                    return Outcome.NOT_FINITE, now, state
            if self.step_h is None:
                self.step_h = self._guess(state, self.slope)
            if self.steps + self.rejected >= self.most_steps:
                return Outcome.TOO_MANY_STEPS, now, state
            if self.step_h <= 4.0 * np.spacing(abs(now)):
                return Outcome.STEP_TOO_SMALL, now, state
            lands = now + 1.0001 * self.step_h >= until
            step = until - now if lands else self.step_h
            new, slope, error = self._try(now, step, state, self.slope)
            if not np.isfinite(error):
                self.rejected, self.step_h = self.rejected + 1, step * _SHRINK
                if self.step_h <= 4.0 * np.spacing(abs(now)):
                    return Outcome.NOT_FINITE, now, state
                continue
            factor = min(_GROW, max(_SHRINK, _SAFETY * error**-0.2)) if error > 0.0 else _GROW
            if error > 1.0:
                self.rejected, self.step_h = self.rejected + 1, step * min(factor, 1.0)
                continue
            self.steps += 1
            self.step_h = max(self.step_h, step * factor) if lands else step * factor
            now, state, self.slope = (until if lands else now + step), new, slope
        return Outcome.DONE, until, state

    def _try(
        self, now: float, step: float, state: FloatArray, slope: FloatArray
    ) -> tuple[FloatArray, FloatArray, float]:
        last = float(np.nextafter(now + step, now))
        slopes = [slope]
        new = state
        with np.errstate(all="ignore"):
            for node, row in zip(_NODES[1:], _STAGES[1:], strict=True):
                new = state + step * sum((a * s for a, s in zip(row, slopes, strict=True) if a), np.zeros_like(state))
                slopes.append(self.derivative(min(now + node * step, last), new))
            wrong = step * sum((e * s for e, s in zip(_ERROR, slopes, strict=True) if e), np.zeros_like(state))
            scale = self.atol + self.rtol * np.maximum(np.abs(state), np.abs(new))
            worst = float(np.abs(wrong / scale).max()) if np.isfinite(slopes[-1]).all() else np.inf
        return new, slopes[-1], worst

    def _guess(self, state: FloatArray, slope: FloatArray) -> float:
        scale = self.atol + self.rtol * np.abs(state)
        return float(0.01 / max(float((np.abs(slope) / np.maximum(np.abs(state), scale)).max()), 1e-6))


def _apply(jumps: tuple[Jump, ...], at: float, state: FloatArray) -> FloatArray:
    for when, function in jumps:
        if when == at:
            state = np.asarray(function(state), dtype=np.float64)
    return state


def _check(start: npt.ArrayLike, times_h: npt.ArrayLike, rtol: float, atol: float) -> tuple[FloatArray, FloatArray]:
    times, state = np.array(times_h, dtype=np.float64), np.array(start, dtype=np.float64)
    problems = []
    if times.ndim != 1 or not times.size or not np.isfinite(times).all() or (np.diff(times) < 0.0).any():
        problems.append(build_error("times_h", "unsorted", "times", "finite, rising", "The times cannot be walked."))
    if state.ndim != 2 or not np.isfinite(state).all():
        problems.append(build_error("start", "not-finite", state.shape, "finite (k, n)", "The start is no state."))
    for path, value in (("rtol", rtol), ("atol", atol)):
        if not 0.0 < value < 1.0:
            problems.append(build_error(path, "out-of-range", value, "above 0, below 1", f"{path} is no tolerance."))
    if problems:
        raise InvalidInput(problems)
    return times, state
