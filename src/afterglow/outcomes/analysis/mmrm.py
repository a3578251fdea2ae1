"""Mixed model for repeated measures: unstructured covariance of the visits, REML, Satterthwaite degrees of freedom.

No maintained Python library has it. The visits of a person are correlated freely; people are independent; a missing
score leaves the person's other scores in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import log, pi

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import t

from afterglow.terms import InvalidInput, Problem, build_error

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

MOST_VISITS = 8
NEWTON_STEPS = 30
TOLERANCE = 1e-8


class FitOutcome(StrEnum):
    """How the fit ended; only a converged one may be read."""

    CONVERGED = "converged"
    NOT_CONVERGED = "not-converged"
    SINGULAR = "singular"


@dataclass(frozen=True, slots=True)
class RepeatedMeasures:
    """The scores of a trial in long form: one row for each score that was seen.

    `outcome` shape (n,), `design` shape (n, p) of fixed effects, `subject` and `visit` length n; visits count from 0.
    """

    outcome: FloatArray
    design: FloatArray
    subject: Sequence[str]
    visit: Sequence[int]
    n_visits: int


@dataclass(frozen=True, slots=True)
class MmrmFit:
    """A fitted model; `hessian` is that of -2 log-likelihood in the distinct elements of `covariance`, row by row."""

    outcome: FitOutcome
    message: str
    effects: FloatArray
    effects_covariance: FloatArray
    covariance: FloatArray
    minus_two_log_likelihood: float
    hessian: FloatArray
    sensitivities: FloatArray
    is_restricted: bool


@dataclass(frozen=True, slots=True)
class ContrastResult:
    """A contrast of fixed effects with Satterthwaite degrees of freedom."""

    estimate: float
    standard_error: float
    df: float
    t_value: float
    p_value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Block:
    """One person: which visits were seen, their scores and rows."""

    visits: IntArray
    outcome: FloatArray
    design: FloatArray


@dataclass(frozen=True, slots=True)
class _State:
    """The likelihood at one covariance: value, effects, their covariance, each person's weights and residuals."""

    value: float
    effects: FloatArray
    effects_covariance: FloatArray
    weights: tuple[FloatArray, ...]
    weighted_residuals: tuple[FloatArray, ...]


def fit_mmrm(data: RepeatedMeasures, *, restricted: bool = True) -> MmrmFit:
    """Return the fitted model.

    Parameters
    ----------
    data : RepeatedMeasures
    restricted : bool
        Restricted (REML) or full maximum likelihood.

    Returns
    -------
    fit : MmrmFit
        Read it only when `outcome` is converged; the message says what to try otherwise.

    Notes
    -----
    -2 l = sum log|V_i| + sum r_i' V_i^-1 r_i + (n - p) log 2 pi + log|X' V^-1 X| for REML; without the last term and
    with n for ML. Quasi-Newton in the log-Cholesky factor, then Newton steps in the covariance itself until no step
    changes the likelihood; deterministic. No simpler covariance is fallen back to: the order is the analyst's to name.
    """
    refuse_bad_data(data)
    blocks = _split(data)
    start = _guess_covariance(data, blocks)
    lower = np.tril_indices(data.n_visits)

    def measure(theta: FloatArray) -> tuple[float, FloatArray]:
        factor = _build_factor(theta, data.n_visits)
        state = _evaluate(factor @ factor.T, blocks, restricted)
        slope = 2 * _slope(state, blocks, data.n_visits, restricted) @ factor
        slope[np.diag_indices(data.n_visits)] *= np.diag(factor)
        return state.value, slope[lower]

    factor = np.linalg.cholesky(start)
    factor[np.diag_indices(data.n_visits)] = np.log(np.diag(factor))
    try:
        found = minimize(measure, factor[lower], jac=True, method="BFGS", options={"gtol": 1e-5, "maxiter": 500})
        root = _build_factor(found.x, data.n_visits)
        return _polish(root @ root.T, blocks, data.n_visits, restricted)
    except np.linalg.LinAlgError:
        message = "the covariance became singular: take fewer visits"
        return _fail(FitOutcome.SINGULAR, message, data.n_visits, blocks, restricted)


def judge_contrast(fit: MmrmFit, contrast: Sequence[float], *, confidence: float = 0.95) -> ContrastResult:
    """Return a contrast of the fixed effects with its Satterthwaite degrees of freedom.

    Notes
    -----
    df = 2 v^2 / Var(v), v = c' C c. By the delta method Var(v) = g' A g with g the slope of v in the covariance and A
    twice the inverse Hessian of -2 l [1]_.

    References
    ----------
    .. [1] Fai and Cornelius, J Stat Comput Simul 1996;54:363, for one degree of freedom of the numerator.
    """
    if fit.outcome is not FitOutcome.CONVERGED:
        raise InvalidInput([build_error("fit", "fit-not-converged", str(fit.outcome), "converged", fit.message)])
    weights = np.asarray(contrast, dtype=np.float64)
    if weights.shape != fit.effects.shape or not np.isfinite(weights).all() or not weights.any():
        message = f"a contrast needs {len(fit.effects)} finite numbers, not all 0"
        raise InvalidInput([build_error("contrast", "contrast-malformed", list(contrast), message, message)])
    estimate = float(weights @ fit.effects)
    variance = float(weights @ fit.effects_covariance @ weights)
    turned = fit.effects_covariance @ weights
    slope = np.einsum("i,kij,j->k", turned, fit.sensitivities, turned)
    df = variance**2 / float(slope @ np.linalg.solve(fit.hessian, slope))
    error = variance**0.5
    width = float(t.ppf((1 + confidence) / 2, df)) * error
    p_value = 2 * float(t.sf(abs(estimate) / error, df))
    return ContrastResult(estimate, error, df, estimate / error, p_value, estimate - width, estimate + width)


def refuse_bad_data(data: RepeatedMeasures) -> None:
    """Refuse data from which the model cannot be had, with every reason."""
    problems = list(_judge_data(data))
    if problems:
        raise InvalidInput(problems)


def _judge_data(data: RepeatedMeasures) -> Iterator[Problem]:
    n = len(data.outcome)
    if not 1 <= data.n_visits <= MOST_VISITS:
        message = f"{data.n_visits} visits; an unstructured covariance is kept to {MOST_VISITS}"
        yield build_error("n_visits", "visits-out-of-range", data.n_visits, f"1 to {MOST_VISITS}", message)
        return
    if data.design.ndim != 2 or len({n, len(data.design), len(data.subject), len(data.visit)}) != 1:
        yield build_error("design", "lengths-differ", n, "one row for each score", "rows and scores differ in number")
        return
    if not (np.isfinite(data.outcome).all() and np.isfinite(data.design).all()):
        yield build_error("outcome", "not-finite", "NaN", "finite numbers", "leave missing scores out of the rows")
        return
    if not all(0 <= visit < data.n_visits for visit in data.visit):
        accepted = f"0 to {data.n_visits - 1}"
        yield build_error("visit", "visit-out-of-range", max(data.visit), accepted, "a visit that is not planned")
        return
    pairs = list(zip(data.subject, data.visit, strict=True))
    if len(set(pairs)) != n:
        yield build_error("visit", "visit-repeated", n, "one score for each visit", "a person has a visit twice")
    if np.linalg.matrix_rank(data.design) < data.design.shape[1]:
        message = "the fixed effects are not independent of each other"
        yield build_error("design", "design-rank-deficient", data.design.shape[1], "independent columns", message)
    seen: dict[str, set[int]] = {}
    for subject, visit in pairs:
        seen.setdefault(subject, set()).add(visit)
    for pair in combinations(range(data.n_visits), 2):
        if not any(set(pair) <= visits for visits in seen.values()):
            message = f"nobody has both visit {pair[0]} and visit {pair[1]}: their covariance cannot be had"
            yield build_error("visit", "visits-never-together", str(pair), "each pair seen together", message)


def _split(data: RepeatedMeasures) -> tuple[_Block, ...]:
    rows: dict[str, list[int]] = {}
    for number, subject in enumerate(data.subject):
        rows.setdefault(subject, []).append(number)
    visit = np.asarray(data.visit, dtype=np.intp)
    return tuple(_Block(visit[own], data.outcome[own], data.design[own]) for own in rows.values())


def _guess_covariance(data: RepeatedMeasures, blocks: Sequence[_Block]) -> FloatArray:
    """Return a diagonal covariance: the mean square of the least-squares residuals of each visit."""
    effects = np.linalg.lstsq(data.design, data.outcome, rcond=None)[0]
    squares, counts = np.zeros(data.n_visits), np.zeros(data.n_visits)
    for block in blocks:
        np.add.at(squares, block.visits, (block.outcome - block.design @ effects) ** 2)
        np.add.at(counts, block.visits, 1)
    spread = np.maximum(squares / np.maximum(counts, 1), 1e-6 * max(1.0, float(np.var(data.outcome))))
    return np.diag(spread)


def _build_factor(theta: FloatArray, size: int) -> FloatArray:
    factor = np.zeros((size, size))
    factor[np.tril_indices(size)] = theta
    diagonal = np.diag_indices(size)
    factor[diagonal] = np.exp(factor[diagonal])
    return factor


def _evaluate(covariance: FloatArray, blocks: Sequence[_Block], restricted: bool) -> _State:
    width = blocks[0].design.shape[1]
    information, target, value, n = np.zeros((width, width)), np.zeros(width), 0.0, 0
    weights: list[FloatArray] = []
    patterns: dict[bytes, tuple[FloatArray, float]] = {}
    for block in blocks:
        key = block.visits.tobytes()
        if key not in patterns:
            patterns[key] = _invert(covariance[np.ix_(block.visits, block.visits)])
        weight, determinant = patterns[key]
        weights.append(weight)
        value += determinant
        information += block.design.T @ weight @ block.design
        target += block.design.T @ weight @ block.outcome
        n += len(block.outcome)
    effects_covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    effects = effects_covariance @ target
    residuals = [block.outcome - block.design @ effects for block in blocks]
    weighted = tuple(weight @ rest for weight, rest in zip(weights, residuals, strict=True))
    value += sum(float(rest @ each) for rest, each in zip(residuals, weighted, strict=True))
    value += (n - width if restricted else n) * log(2 * pi)
    value += float(np.linalg.slogdet(information)[1]) if restricted else 0.0
    return _State(value, effects, effects_covariance, tuple(weights), weighted)


def _invert(covariance: FloatArray) -> tuple[FloatArray, float]:
    """Return inverse and logarithm of the determinant; a covariance that is not positive raises `LinAlgError`."""
    root = np.linalg.cholesky(covariance)
    return np.asarray(np.linalg.inv(covariance), dtype=np.float64), 2 * float(np.log(np.diag(root)).sum())


def _slope(state: _State, blocks: Sequence[_Block], size: int, restricted: bool) -> FloatArray:
    """Return the symmetric matrix G with d(-2 l) = trace(G dSigma)."""
    total = np.zeros((size, size))
    for block, weight, rest in zip(blocks, state.weights, state.weighted_residuals, strict=True):
        part = weight - np.outer(rest, rest)
        if restricted:
            turned = weight @ block.design
            part -= turned @ state.effects_covariance @ turned.T
        total[np.ix_(block.visits, block.visits)] += part
    return total


def _list_elements(size: int) -> list[FloatArray]:
    """Return the direction matrix of each distinct element of a symmetric matrix, row by row."""
    directions = []
    for row in range(size):
        for column in range(row + 1):
            direction = np.zeros((size, size))
            direction[row, column] = direction[column, row] = 1.0
            directions.append(direction)
    return directions


def _curve(
    state: _State, blocks: Sequence[_Block], size: int, restricted: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return slope and Hessian of -2 l in the distinct elements, and the slopes of X' V^-1 X with their sign turned."""
    directions = _list_elements(size)
    count, width = len(directions), len(state.effects)
    slope, hessian = np.zeros(count), np.zeros((count, count))
    first, pulls = np.zeros((count, width, width)), np.zeros((count, width))
    for block, weight, rest in zip(blocks, state.weights, state.weighted_residuals, strict=True):
        own = np.array([direction[np.ix_(block.visits, block.visits)] for direction in directions])
        turned = weight @ block.design
        spread = own @ weight
        bent = own @ rest
        slope += np.einsum("kii->k", spread) - bent @ rest
        hessian += -np.einsum("kij,lji->kl", spread, spread) + 2 * bent @ weight @ bent.T
        sides = own @ turned
        first += turned.T @ sides
        pulls += np.einsum("ip,ki->kp", turned, bent)
        if restricted:
            twice = np.einsum("kip,ij,ljq->klpq", sides, weight, sides)
            hessian += 2 * np.einsum("qp,klpq->kl", state.effects_covariance, twice)
    hessian -= 2 * pulls @ state.effects_covariance @ pulls.T
    if restricted:
        leverage = state.effects_covariance @ first
        slope -= np.einsum("kii->k", leverage)
        hessian -= np.einsum("kij,lji->kl", leverage, leverage)
    return slope, (hessian + hessian.T) / 2, first


def _polish(covariance: FloatArray, blocks: Sequence[_Block], size: int, restricted: bool) -> MmrmFit:
    """Return the fit after Newton steps from a point near the optimum."""
    elements = np.tril_indices(size)
    state = _evaluate(covariance, blocks, restricted)
    for _ in range(NEWTON_STEPS):
        slope, hessian, first = _curve(state, blocks, size, restricted)
        step = np.linalg.solve(hessian, slope)
        if float(slope @ step) < 0 or np.linalg.eigvalsh(hessian)[0] <= 0:
            break
        if float(slope @ step) < TOLERANCE**2:
            return MmrmFit(
                outcome=FitOutcome.CONVERGED,
                message="",
                effects=state.effects,
                effects_covariance=state.effects_covariance,
                covariance=covariance,
                minus_two_log_likelihood=state.value,
                hessian=hessian,
                sensitivities=first,
                is_restricted=restricted,
            )
        change = np.zeros((size, size))
        change[elements] = step
        change += np.tril(change, -1).T
        covariance = covariance - change
        state = _evaluate(covariance, blocks, restricted)
    return _fail(FitOutcome.NOT_CONVERGED, "no optimum was reached: take fewer visits", size, blocks, restricted)


def _fail(outcome: FitOutcome, message: str, size: int, blocks: Sequence[_Block], restricted: bool) -> MmrmFit:
    """Return a fit that holds nothing to read, so that no half-way number is taken for a result."""
    width = blocks[0].design.shape[1]
    return MmrmFit(
        outcome=outcome,
        message=message,
        effects=np.full(width, np.nan),
        effects_covariance=np.full((width, width), np.nan),
        covariance=np.full((size, size), np.nan),
        minus_two_log_likelihood=float("nan"),
        hessian=np.zeros((0, 0)),
        sensitivities=np.zeros((0, 0, 0)),
        is_restricted=restricted,
    )
