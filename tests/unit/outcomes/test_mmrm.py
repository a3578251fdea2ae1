"""The repeated-measures model against published output, closed forms and a second likelihood.

Data: growth of 11 girls and 16 boys at ages 8, 10, 12, 14 (Potthoff and Roy, Biometrika 1964;51:313, table 1).
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.stats import ttest_ind

from afterglow.outcomes.analysis.mmrm import FitOutcome, RepeatedMeasures, fit_mmrm, judge_contrast
from afterglow.terms import InvalidInput

GIRLS = """21 20 21.5 23; 21 21.5 24 25.5; 20.5 24 24.5 26; 23.5 24.5 25 26.5; 21.5 23 22.5 23.5; 20 21 21 22.5;
21.5 22.5 23 25; 23 23 23.5 24; 20 21 22 21.5; 16.5 19 19 19.5; 24.5 25 28 28"""
BOYS = """26 25 29 31; 21.5 22.5 23 26.5; 23 22.5 24 27.5; 25.5 27.5 26.5 27; 20 23.5 22.5 26; 24.5 25.5 27 28.5;
22 22 24.5 26.5; 24 21.5 24.5 25.5; 23 20.5 31 26; 27.5 28 31 31.5; 23 23 23.5 25; 21.5 23.5 24 28; 17 24.5 26 29.5;
22.5 25.5 25.5 26; 23 24.5 26 30; 22 21.5 23.5 25"""
N_GIRLS, N_BOYS = 11, 16


def read_growth() -> np.ndarray:
    """Return the 27 rows of four measurements, girls first."""
    return np.array([[float(word) for word in row.split()] for row in f"{GIRLS}; {BOYS}".split(";")])


def build_data(scores: np.ndarray, *, is_linear: bool) -> RepeatedMeasures:
    """Return the model data of a table, NaN missing: a line for each sex, or a mean for each sex and age."""
    rows, kept, subject, visit = [], [], [], []
    for number, row in enumerate(scores):
        girl = float(number < N_GIRLS)
        for moment, score in enumerate(row):
            if np.isnan(score):
                continue
            age = 8.0 + 2 * moment
            cell = [float(moment == k) * share for share in (girl, 1 - girl) for k in range(scores.shape[1])]
            rows.append([1.0, girl, age, age * girl] if is_linear else cell)
            kept.append(score)
            subject.append(f"child {number}")
            visit.append(moment)
    return RepeatedMeasures(np.array(kept), np.array(rows), subject, visit, scores.shape[1])


def drop_some(scores: np.ndarray) -> np.ndarray:
    """Return the scores without some of them: late ones of every fourth child, and one early one of every ninth."""
    thinned = scores.copy()
    thinned[::4, 3] = np.nan
    thinned[::8, 2] = np.nan
    thinned[5::9, 1] = np.nan
    return thinned


def test_growth_lines_are_those_of_the_published_output() -> None:
    # Jennrich and Schluchter, Biometrics 1986;42:805, model 2, and the example "Repeated Measures" of the SAS/STAT
    # User's Guide, procedure MIXED, method=ml type=un: covariance, effects and their standard errors
    fit = fit_mmrm(build_data(read_growth(), is_linear=True), restricted=False)
    assert fit.outcome is FitOutcome.CONVERGED
    assert list(fit.effects) == pytest.approx([15.8423, 1.5831, 0.8268, -0.3504], abs=5e-5)
    errors = np.sqrt(np.diag(fit.effects_covariance))
    assert list(errors) == pytest.approx([0.9356, 1.4658, 0.07911, 0.1239], abs=6e-5)
    published = [5.1192, 2.4409, 3.9279, 3.6105, 2.7175, 5.9798, 2.5222, 3.0624, 3.8235, 4.6180]
    assert list(fit.covariance[np.tril_indices(4)]) == pytest.approx(published, abs=6e-5)


def test_full_table_gives_means_pooled_covariance_and_exact_degrees_of_freedom() -> None:
    # closed form: with a mean for each cell and nothing missing REML is the pooled covariance on 27 - 2 df
    scores = read_growth()
    fit = fit_mmrm(build_data(scores, is_linear=False))
    girls, boys = scores[:N_GIRLS], scores[N_GIRLS:]
    pooled = sum((len(group) - 1) * np.cov(group.T) for group in (girls, boys)) / 25
    assert fit.covariance == pytest.approx(pooled, abs=1e-7)
    assert list(fit.effects) == pytest.approx([*girls.mean(axis=0), *boys.mean(axis=0)])
    last = judge_contrast(fit, [0, 0, 0, 1, 0, 0, 0, -1])
    expected = ttest_ind(girls[:, 3], boys[:, 3])
    assert last.df == pytest.approx(25, abs=1e-6)
    assert (last.t_value, last.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    change = judge_contrast(fit, [-1, 0, 0, 1, 1, 0, 0, -1])
    gains = ttest_ind(girls[:, 3] - girls[:, 0], boys[:, 3] - boys[:, 0])
    assert change.df == pytest.approx(25, abs=1e-6)
    assert (change.t_value, change.p_value) == pytest.approx((gains.statistic, gains.pvalue))
    band = gains.confidence_interval()
    assert (change.low, change.high) == pytest.approx((band.low, band.high))


class Dense:
    """The same restricted likelihood written with one large matrix over all scores, as a second way to every number."""

    def __init__(self, data: RepeatedMeasures) -> None:
        self.data = data
        self.elements = np.tril_indices(data.n_visits)
        visit = np.array(data.visit)
        same = np.array(data.subject)[:, None] == np.array(data.subject)[None, :]
        self.places = (visit[:, None], visit[None, :], same)

    def invert(self, elements: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        covariance = np.zeros((self.data.n_visits,) * 2)
        covariance[self.elements] = elements
        covariance = covariance + np.tril(covariance, -1).T
        rows, columns, same = self.places
        whole = np.where(same, covariance[rows, columns], 0.0)
        return whole, np.linalg.inv(whole)

    def measure(self, elements: np.ndarray) -> float:
        whole, inverse = self.invert(elements)
        x, y = self.data.design, self.data.outcome
        information = x.T @ inverse @ x
        projection = inverse - inverse @ x @ np.linalg.solve(information, x.T @ inverse)
        free = (len(y) - x.shape[1]) * np.log(2 * np.pi)
        return np.linalg.slogdet(whole)[1] + np.linalg.slogdet(information)[1] + y @ projection @ y + free

    def find_variance(self, elements: np.ndarray, contrast: np.ndarray) -> float:
        x = self.data.design
        return contrast @ np.linalg.solve(x.T @ self.invert(elements)[1] @ x, contrast)

    def count_df(self, elements: np.ndarray, contrast: np.ndarray) -> float:
        """Return 2 v^2 / Var(v) with every derivative taken by differences."""
        size, step = len(elements), 1e-3
        hessian = np.empty((size, size))
        for i in range(size):
            for j in range(size):
                corners = [
                    a * b * self.measure(elements + step * (a * np.eye(size)[i] + b * np.eye(size)[j]))
                    for a in (1, -1)
                    for b in (1, -1)
                ]
                hessian[i, j] = sum(corners) / (4 * step**2)
        slope = approx_fprime(elements, lambda at: self.find_variance(at, contrast), 1e-6)
        return 2 * self.find_variance(elements, contrast) ** 2 / (slope @ (2 * np.linalg.inv(hessian)) @ slope)


def test_thinned_table_agrees_with_a_second_likelihood_and_its_derivatives_by_differences() -> None:
    data = build_data(drop_some(read_growth()), is_linear=False)
    fit = fit_mmrm(data)
    assert fit.outcome is FitOutcome.CONVERGED
    dense, found = Dense(data), fit.covariance[np.tril_indices(4)]
    assert fit.minus_two_log_likelihood == pytest.approx(dense.measure(found), abs=1e-8)
    assert list(approx_fprime(found, dense.measure, 1e-6)) == pytest.approx([0] * 10, abs=1e-4)
    generator = np.random.default_rng(11)
    for _ in range(20):
        assert dense.measure(found + generator.normal(0, 0.05, 10)) > fit.minus_two_log_likelihood
    last = np.array([0, 0, 0, 1, 0, 0, 0, -1.0])
    for weights in (np.eye(8)[3], np.eye(8)[4], last):
        assert judge_contrast(fit, weights).df == pytest.approx(dense.count_df(found, weights), rel=1e-3)
    assert judge_contrast(fit, last).df < 24.9


def test_one_visit_is_the_plain_t_test() -> None:
    scores = read_growth()[:, [2]]
    result = judge_contrast(fit_mmrm(build_data(scores, is_linear=False)), [1, -1])
    expected = ttest_ind(scores[:N_GIRLS, 0], scores[N_GIRLS:, 0])
    assert result.df == pytest.approx(25, abs=1e-6)
    assert (result.t_value, result.p_value) == pytest.approx((expected.statistic, expected.pvalue))


@given(st.floats(0.1, 50), st.floats(-100, 100), st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_scale_shift_and_order_of_rows_change_nothing_but_the_unit(scale, shift, seed) -> None:
    data = build_data(drop_some(read_growth()), is_linear=False)
    order = np.random.default_rng(seed).permutation(len(data.outcome))
    moved = RepeatedMeasures(
        data.outcome[order] * scale + shift,
        data.design[order],
        [data.subject[k] for k in order],
        [data.visit[k] for k in order],
        4,
    )
    contrast = [0, 0, 0, 1, 0, 0, 0, -1]
    plain, other = judge_contrast(fit_mmrm(data), contrast), judge_contrast(fit_mmrm(moved), contrast)
    assert other.estimate == pytest.approx(plain.estimate * scale, rel=1e-5, abs=1e-6)
    assert other.standard_error == pytest.approx(plain.standard_error * scale, rel=1e-5)
    assert other.df == pytest.approx(plain.df, rel=1e-4)


def change_data(**more) -> RepeatedMeasures:
    return replace(build_data(read_growth(), is_linear=False), **more)


def part_two_visits() -> np.ndarray:
    """Return the scores with the first age of every second child and the second age of the others."""
    scores = read_growth()
    scores[::2, 0] = np.nan
    scores[1::2, 1] = np.nan
    return scores


WHOLE = build_data(read_growth(), is_linear=False)
WITH_GAP = np.where(WHOLE.outcome > 31, np.nan, WHOLE.outcome)
REFUSED = {
    "nine visits": (change_data(n_visits=9), "visits-out-of-range"),
    "a visit that is not planned": (change_data(n_visits=3), "visit-out-of-range"),
    "a score that is not a number": (change_data(outcome=WITH_GAP), "not-finite"),
    "fewer rows than scores": (change_data(design=WHOLE.design[:-1]), "lengths-differ"),
    "a visit twice": (change_data(visit=[0, *WHOLE.visit[:1], *WHOLE.visit[2:]]), "visit-repeated"),
    "an effect twice": (change_data(design=WHOLE.design[:, [0, 0, 1]]), "design-rank-deficient"),
    "two visits never together": (build_data(part_two_visits(), is_linear=False), "visits-never-together"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_data_that_cannot_bear_the_model_are_refused(data, code) -> None:
    with pytest.raises(InvalidInput) as refused:
        fit_mmrm(data)
    assert code in [problem.code for problem in refused.value.problems]


def test_singular_scores_give_no_number_to_read() -> None:
    scores = read_growth()
    scores[:, 1] = scores[:, 0] * 2  # one visit says exactly what another says
    fit = fit_mmrm(build_data(scores, is_linear=False))
    assert fit.outcome in (FitOutcome.SINGULAR, FitOutcome.NOT_CONVERGED)
    assert "fewer visits" in fit.message
    assert np.isnan(fit.effects).all()
    with pytest.raises(InvalidInput):
        judge_contrast(fit, [1, 0, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("contrast", [[1, 0], [0] * 8, [float("nan")] + [0] * 7])
def test_malformed_contrast_is_refused(contrast) -> None:
    with pytest.raises(InvalidInput):
        judge_contrast(fit_mmrm(WHOLE), contrast)
