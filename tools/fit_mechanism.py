"""Fit the mechanism's population on the published rows and write what it found, misses included.

    python tools/fit_mechanism.py --seed 20240611 --people 1500 --rounds 12

Writes `population.toml` and `residuals.toml` beside `targets.toml`. Needs numpy only; the same arguments on the
same machine give the same files. Each row's error has three parts: that of the printed value, a study's own
shift of the non-specific response, and a study's own drug sensitivity; the spreads of the last two are estimated
with the rest (marginal likelihood), so that no row is tuned by hand.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology.mechanism.parameters import Population
from afterglow.pharmacology.mechanism.studies import StudyEffect
from afterglow.pharmacology.mechanism.targets import load_arms, load_rows, predict_rows

FloatArray = NDArray[np.float64]

DATA = Path(__file__).resolve().parents[1] / "src/afterglow/pharmacology/mechanism/data"
WIDTH = 1.0  # points over which thresholds are softened during the fit
SAME_ARM = 0.5  # correlation of the sampling errors of two rows of one arm, assumed
# what no paper's error covers: rounding, visit windows, imputation, definitions; by statistic, assumed before the fit
DISCREPANCY = {
    "mean_change": 0.7, "sd_change": 0.7, "correlation": 0.05, "cohen_d": 0.12, "difference_d": 0.12,
    "median_relapse_days": 2.0, "median_infusions": 0.3, "maintenance_change": 0.7, "log_hazard_ratio": 0.1,
}  # fmt: skip
DISCREPANCY_PERCENT = 3.0
SHARE_SD, SENSITIVITY_SD = 0.06, 0.3  # half-normal priors of the spreads between studies
SHARE_STEP, SENSITIVITY_STEP = 0.03, 0.2
FINAL_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class Free:
    """A parameter the fit may move: on which scale, from where, how far without strong evidence, in words."""

    name: str
    scale: str
    start: float
    prior_sd: float
    unit: str
    meaning: str


FREE = (
    Free("ec50_ng_per_ml", "log", 27.5, 0.5, "ng/mL", "S-ketamine that blocks half of what can be blocked"),
    Free("trophic_weight", "log", 7.1, 0.7, "1", "weight of the trophic signal beside the pool"),
    Free("pool_half_life_d", "log", 3.46, 0.5, "d", "half-life of new synapses, median person"),
    Free("pool_half_life_omega", "log", 0.6, 0.5, "1", "spread of that half-life between people, of its logarithm"),
    Free("consolidated_per_d", "log", 0.01, 1.0, "/d", "part of the new synapses that becomes lasting, per day"),
    Free("consolidated_half_life_d", "log", 120.0, 0.5, "d", "half-life of lasting synapses"),
    Free("sensitivity", "log", 1.0, 0.7, "1", "effect of the pool on the score, median person"),
    Free("sensitivity_omega", "log", 1.2, 0.4, "1", "spread of that effect between people, of its logarithm"),
    Free("drug_ceiling", "logit", 0.7, 0.6, "1", "largest share of the score the drug takes away"),
    Free("shared_response", "logit", 0.3, 0.8, "1", "correlation between people of the three kinds of response"),
    Free("placebo_crossover", "plain", 0.0, 0.1, "1", "mean share, saline in a crossover, drug-free"),
    Free("placebo_inert", "plain", 0.15, 0.1, "1", "mean share, saline or placebo spray in parallel arms"),
    Free("placebo_active", "plain", 0.28, 0.1, "1", "mean share, midazolam as the comparator"),
    Free("placebo_open", "plain", 0.25, 0.1, "1", "mean share beside open treatment"),
    Free("placebo_sd", "log", 0.2, 0.4, "1", "spread of that share between people"),
    Free("crossover_sd_share", "log", 0.4, 0.4, "1", "spread in a crossover as a part of placebo_sd"),
    Free("waning_half_life_d", "log", 240.0, 0.7, "d", "half-life of non-specific and antidepressant response"),
    Free("first_hours_relief", "plain", 0.1, 0.1, "1", "extra non-specific share just after dosing"),
    Free("antidepressant_logit", "plain", -0.7, 1.0, "1", "new antidepressant: median share, logit"),
    Free("antidepressant_logit_sd", "log", 2.0, 0.4, "1", "new antidepressant: spread of the logit"),
    Free("drift_sd", "log", 4.0, 0.4, "MADRS points", "slow drift of the mood"),
    Free("drift_time_d", "log", 60.0, 0.6, "d", "time constant of that drift"),
    Free("self_rating_share", "log", 0.85, 0.25, "1", "self-rated improvement as a part of the clinician's"),
    Free("self_rating_sd", "log", 0.12, 0.4, "1", "person's own bias in self-rating"),
    Free("assessment_slope", "plain", 2.0, 1.5, "1", "logit of being assessed per unit share of improvement"),
)  # fmt: skip

FIXED = {
    "glutamate_half_life_h": ("h", "C", "glutamate burst of minutes to two hours, as in chain.toml"),
    "trophic_half_life_h": ("h", "D", "as in chain.toml; the rows hold too few early times to move it"),
    "formed_per_h": ("/h", "D", "as in chain.toml; only its product with the sensitivity can be known"),
    "first_hours_half_life_h": ("h", "D", "assumed; one 2 h reading carries it"),
    "antidepressant_time_d": ("d", "C", "rise of a new antidepressant, assumed two weeks"),
    "reading_sd": ("MADRS points", "C", "error of one clinician reading, assumed"),
}

KNOWN_FAILURES = (
    "Two numbers per study, its share and its sensitivity, stand for all that differs between studies.",
    "Sampling errors of rows of one arm are taken to correlate by 0.5; the papers do not say.",
    "Levels are those of a typical person: differences in kinetics are inside the spread of the sensitivity.",
    "The spread between studies of the non-specific share came out near zero: all of it went to the sensitivity.",
    "New-antidepressant trials: response of the drug arms is put too high, by up to 25 points in TRANSFORM-1.",
    "Self-rated routine care: the clinics with the best and the worst results lie outside what is predicted.",
    "Six infusions in 12 completers on an antidepressant: remission is put at less than half of the 67 % seen.",
)


def pack(values: Sequence[float]) -> FloatArray:
    """Return the free values on the scale the fit walks on."""
    return np.asarray([_forward(free, value) for free, value in zip(FREE, values, strict=True)])


def unpack(x: FloatArray) -> Population:
    """Return the population of a point of the fit."""
    return replace(Population(), **{free.name: _back(free, float(value)) for free, value in zip(FREE, x, strict=True)})


def _forward(free: Free, value: float) -> float:
    match free.scale:
        case "log":
            return float(np.log(value))
        case "logit":
            return float(np.log(value / (1 - value)))
        case _:
            return value


def _back(free: Free, value: float) -> float:
    match free.scale:
        case "log":
            return float(np.exp(value))
        case "logit":
            return float(1 / (1 + np.exp(-value)))
        case _:
            return value


class Fit:
    """One fit: the rows, the people, and the covariance of the rows given the spreads between studies."""

    def __init__(self, people: int, seed: int) -> None:
        """Keep what every step needs."""
        self.people, self.seed = people, seed
        self.rows = load_rows()
        self.values = np.asarray([row.value for row in self.rows])
        printed = np.asarray([row.standard_error for row in self.rows])
        extra = np.asarray([DISCREPANCY.get(row.stat, DISCREPANCY_PERCENT) for row in self.rows])
        self.errors = np.hypot(printed, extra)
        self.counts = np.asarray([row.studies for row in self.rows], dtype=float)
        studies = [load_arms()[row.arm].study for row in self.rows]
        self.blocks = [np.flatnonzero(np.asarray(studies) == study) for study in dict.fromkeys(studies)]
        arms = np.asarray([row.arm for row in self.rows])
        same = np.where(arms[:, None] == arms[None, :], SAME_ARM, 0.0)
        np.fill_diagonal(same, 1.0)
        self.sampling = same * self.errors[:, None] * self.errors[None, :]
        self.centre = pack([free.start for free in FREE])
        self.prior = np.asarray([free.prior_sd for free in FREE])

    def predict(self, x: FloatArray, effect: StudyEffect | None = None) -> FloatArray:
        """Return the softened prediction of every row."""
        found = predict_rows(unpack(x), self.people, self.seed, effect=effect, width=WIDTH)
        return np.asarray(found, dtype=np.float64)

    def slopes(self, x: FloatArray, at: FloatArray) -> FloatArray:
        """Return how each row moves with a study's own share and own log sensitivity, (n_rows, 2)."""
        share = (self.predict(x, StudyEffect(SHARE_STEP, 0.0)) - at) / SHARE_STEP
        sensitivity = (self.predict(x, StudyEffect(0.0, SENSITIVITY_STEP)) - at) / SENSITIVITY_STEP
        columns = np.stack([share, sensitivity], axis=1) / np.sqrt(self.counts)[:, None]
        return np.asarray(columns, dtype=np.float64)

    def columns(self, x: FloatArray, at: FloatArray) -> FloatArray:
        """Return how each row moves with each free parameter, (n_rows, n_parameters)."""
        step = 0.15 * self.prior
        found = [(self.predict(x + step * (np.arange(x.size) == k)) - at) / step[k] for k in range(x.size)]
        return np.asarray(np.stack(found, axis=1), dtype=np.float64)

    def covariance(self, slopes: FloatArray, spreads: FloatArray) -> list[FloatArray]:
        """Return the covariance of each study's rows."""
        moved = slopes * spreads
        return [self.sampling[np.ix_(rows, rows)] + moved[rows] @ moved[rows].T for rows in self.blocks]

    def whiten(self, target: FloatArray, covariances: list[FloatArray]) -> FloatArray:
        """Return residuals or columns divided by the covariance, study by study."""
        out = np.empty_like(target)
        for rows, covariance in zip(self.blocks, covariances, strict=True):
            out[rows] = np.linalg.solve(np.linalg.cholesky(covariance), target[rows])
        return out

    def cost(self, residual: FloatArray, covariances: list[FloatArray], x: FloatArray) -> float:
        """Return twice the negative log of the posterior, up to a constant."""
        logs = sum(2 * float(np.sum(np.log(np.diag(np.linalg.cholesky(one))))) for one in covariances)
        white = self.whiten(residual, covariances)
        return float(white @ white + logs + np.sum(((x - self.centre) / self.prior) ** 2))

    def spread(self, residual: FloatArray, slopes: FloatArray, x: FloatArray) -> FloatArray:
        """Return the spreads between studies with the best likelihood on a fixed grid."""
        best, found = np.inf, np.zeros(2)
        for share in np.arange(0.0, 0.2001, 0.01):
            for sensitivity in np.arange(0.0, 1.2001, 0.1):
                trial = np.asarray([share, sensitivity])
                cost = self.cost(residual, self.covariance(slopes, trial), x)
                cost += (share / SHARE_SD) ** 2 + (sensitivity / SENSITIVITY_SD) ** 2
                if cost < best:
                    best, found = cost, trial
        return found


def run_fit(fit: Fit, rounds: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the point, the spreads between studies and the standard errors, by damped Gauss-Newton steps."""
    x, damping = fit.centre.copy(), 1.0
    at = fit.predict(x)
    errors = np.zeros(x.size)
    spreads, still = np.asarray([0.08, 0.3]), 0
    for turn in range(rounds):
        slopes = fit.slopes(x, at)
        spreads = fit.spread(fit.values - at, slopes, x)
        covariances = fit.covariance(slopes, spreads)
        white = fit.whiten(fit.columns(x, at), covariances)
        curvature = white.T @ white + np.diag(1 / fit.prior**2)
        slope = white.T @ fit.whiten(fit.values - at, covariances) - (x - fit.centre) / fit.prior**2
        errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
        now = fit.cost(fit.values - at, covariances, x)
        x, at, damping, after = _step(fit, x, at, covariances, curvature, slope, damping, now)
        print(f"round {turn + 1}: {now:.2f} to {after:.2f}, spreads {spreads.round(3)}, damping {damping:.3g}")
        still = still + 1 if now - after < 0.5 else 0
        if still == 3:
            break
    return x, spreads, errors


def _step(
    fit: Fit, x: FloatArray, at: FloatArray, covariances: list[FloatArray], curvature: FloatArray, slope: FloatArray,
    damping: float, now: float,
) -> tuple[FloatArray, FloatArray, float, float]:  # fmt: skip
    """Return the next point, or the same one where no damped step is better."""
    for _ in range(6):
        move = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), slope)
        trial = x + move
        there = fit.predict(trial)
        cost = fit.cost(fit.values - there, covariances, trial)
        if cost < now:
            return trial, there, max(damping / 4, 1e-3), cost
        damping *= 4
    return x, at, damping, now


def write_population(fit: Fit, x: FloatArray, spreads: FloatArray, errors: FloatArray, arguments: str) -> None:
    """Write the fitted numbers with their errors; an error is on the scale the number was fitted on."""
    population = unpack(x)
    lines = [
        "# Written by tools/fit_mechanism.py; change the rows or the script, not this file.",
        'title = "Population of the mechanism, fitted on published rows"',
        "known_failures = [", *(f'  "{failure}",' for failure in KNOWN_FAILURES),
        "]", "", "[fit]", f'arguments = "{arguments}"', f"rows = {len(fit.rows)}", f"studies = {len(fit.blocks)}", "",
    ]  # fmt: skip
    for free, error in zip(FREE, errors, strict=True):
        value = getattr(population, free.name)
        note = f"Prior: {free.start:g}, spread {free.prior_sd:g}; error and prior on a {free.scale} scale."
        lines += _block(free.name, value, free.unit, free.meaning, "D", float(error), note)
    own = "spread between studies of the non-specific share", "spread between studies of log sensitivity"
    for name, value, meaning in zip(("study_sd", "study_drug_sd"), spreads, own, strict=True):
        lines += _block(name, float(value), "1", meaning, "D", None, "Best of a fixed grid, by marginal likelihood.")
    for name, (unit, grade, meaning) in FIXED.items():
        lines += _block(name, getattr(population, name), unit, meaning, grade, None, "Not fitted.")
    named = {free.name for free in FREE} | set(FIXED) | {"study_sd", "study_drug_sd"}
    missing = {item.name for item in fields(Population)} - named
    if missing:
        raise SystemExit(f"these parameters are neither fitted nor fixed: {sorted(missing)}")
    (DATA / "population.toml").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _block(
    name: str, value: float, unit: str, meaning: str, grade: str, error: float | None, note: str
) -> list[str]:  # fmt: skip
    lines = ["[[parameter]]", f'name = "{name}"', f"value = {value:.5g}", f'unit = "{unit}"']
    if error is not None:
        lines += ["is_fitted = true", f"standard_error = {error:.3g}"]
    lines += ['source = "EFFECTS-OWN"', f'locator = "{meaning}"', f'grade = "{grade}"', f'note = "{note}"', ""]
    return lines


def leave_out(
    fit: Fit, x: FloatArray, at: FloatArray, slopes: FloatArray, spreads: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return, for each row, how its prediction moves and its error when its whole study is left out of the fit.

    One Gauss-Newton step from the fitted point without the study's rows: a linear estimate, not a fit done again.
    """
    columns, covariances = fit.columns(x, at), fit.covariance(slopes, spreads)
    white, residual = fit.whiten(columns, covariances), fit.whiten(fit.values - at, covariances)
    moves, errors = np.zeros(at.size), np.zeros(at.size)
    for rows, covariance in zip(fit.blocks, covariances, strict=True):
        others = np.setdiff1d(np.arange(at.size), rows)
        curvature = white[others].T @ white[others] + np.diag(1 / fit.prior**2)
        slope = white[others].T @ residual[others] - (x - fit.centre) / fit.prior**2
        moves[rows] = columns[rows] @ np.linalg.solve(curvature, slope)
        unsure = np.einsum("ij,jk,ik->i", columns[rows], np.linalg.inv(curvature), columns[rows])
        errors[rows] = np.sqrt(np.diag(covariance) + unsure)
    return moves, errors


def write_residuals(fit: Fit, x: FloatArray, spreads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Write every row's prediction with hard thresholds and many people; return z, and z with its study left out."""
    at = fit.predict(x)
    slopes = fit.slopes(x, at)
    combined = np.sqrt(fit.errors**2 + np.sum((slopes * spreads) ** 2, axis=1))
    predicted = predict_rows(unpack(x), FINAL_PEOPLE, fit.seed + 1)
    z = (predicted - fit.values) / combined
    moves, errors = leave_out(fit, x, at, slopes, spreads)
    apart = (predicted + moves - fit.values) / errors
    lines = [
        "# Written by tools/fit_mechanism.py: what the fitted model predicts for each row of targets.toml, and how far",
        "# off it would be had the row's whole study been left out of the fit (one linear step, not a fit done again).",
        "",
    ]
    for k, row in enumerate(fit.rows):
        lines += ["[[residual]]", f'id = "{row.id}"', f"predicted = {predicted[k]:.4g}"]
        lines += [f"combined_error = {combined[k]:.4g}", f"z = {z[k]:.3f}", f"left_out_z = {apart[k]:.3f}", ""]
    (DATA / "residuals.toml").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return np.asarray(z), np.asarray(apart)


def main() -> None:
    """Fit, write both files and print the count of rows met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=20240611)
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=12)
    given = parser.parse_args()
    fit = Fit(given.people, given.seed)
    x, spreads, errors = run_fit(fit, given.rounds)
    write_population(fit, x, spreads, errors, f"--seed {given.seed} --people {given.people} --rounds {given.rounds}")
    for name, z in zip(("fitted", "study left out"), write_residuals(fit, x, spreads), strict=True):
        near, far = float(np.mean(np.abs(z) <= 2)), int(np.sum(np.abs(z) > 4))
        print(f"{name}: {near:.1%} of {z.size} rows within 2 combined errors, {far} beyond 4")


if __name__ == "__main__":
    main()
