"""What holds for every course: nested bands, weights without data, spread, seeds, no longer interval when worse."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from afterglow.outcomes.forecast import NOT_CALIBRATED, RelapseQuestion, calibrate, find_similar, make_forecast
from afterglow.outcomes.forecast.ahead import calculate_bands, calculate_relapse
from afterglow.outcomes.forecast.calibration import Judged
from afterglow.outcomes.forecast.virtual import draw_virtual
from afterglow.outcomes.next_treatment import AdviceStatus, advise
from tests.support.personal import INDUCTION, RACEMIC, build_known, build_personal

N = 600
FEW = settings(max_examples=15, deadline=None)
VALUES = st.lists(st.integers(0, 27), min_size=2, max_size=7)


def build(values: list[int], baseline: int = 19):
    """Return a course with a baseline and a score every 9 days."""
    return build_personal([(-2.0, baseline), *((4.0 + 9 * k, float(value)) for k, value in enumerate(values))])


@FEW
@given(VALUES, st.floats(0.3, 3.0), st.floats(0.3, 3.0))
def test_bands_nest_and_stay_on_the_scale(values: list[int], inner: float, outer: float) -> None:
    course = build(values)
    today = course.readings[-1].day
    days = today + np.array([1.0, 10.0, 40.0, 84.0])
    plain = calculate_bands(find_similar(course, n=N), days)
    calibration = type(NOT_CALIBRATED)({"all": (inner, outer)}, {"all": 30})
    for bands in (plain, calibration.apply(plain, "PHQ-9", today, 27.0)):
        assert np.all(np.diff(bands.quantiles, axis=1) >= 0)
        assert np.all((bands.quantiles >= 0) & (bands.quantiles <= 27))


@FEW
@given(st.integers(0, 2**31))
def test_without_scores_the_prior_stays(seed: int) -> None:
    """Weights stay equal: the virtual patients are those drawn, untouched, and all of them are comparable."""
    similar = find_similar(build_personal([]), n=N, seed=seed)
    assert similar.comparable == similar.effective == np.float64(N) or abs(similar.comparable - N) < 1e-6
    assert np.array_equal(similar.z, draw_virtual(N, seed)[:, : similar.z.shape[1]])
    assert np.all(similar.drift.mean == 0)
    assert similar.drift.variance == similar.noise.drift_sd**2


@FEW
@given(VALUES)
def test_the_same_seed_gives_the_same_bytes(values: list[int]) -> None:
    course = build(values)
    one, two = (make_forecast(course, today=70.0, relapse=RelapseQuestion(10.0), seed=5) for _ in range(2))
    assert one.outcome == two.outcome
    assert one.comparable == two.comparable
    if one.bands is not None and two.bands is not None and one.relapse is not None and two.relapse is not None:
        assert one.bands.quantiles.tobytes() == two.bands.quantiles.tobytes()
        assert one.relapse.probability.tobytes() == two.relapse.probability.tobytes()


@FEW
@given(VALUES)
def test_relapse_only_grows_by_date(values: list[int]) -> None:
    similar = find_similar(build(values), n=N)
    found = calculate_relapse(similar, similar.structure.course.readings[-1].day, 10.0)
    assert np.all(np.diff(found.probability) >= 0)
    assert 0 <= found.probability[0] <= found.probability[-1] <= 1


def test_the_forecast_spreads_further_ahead() -> None:
    """Of an ordinary course; the drift's own spread grows in any course, and ends at its stationary one."""
    similar = find_similar(build([16, 13, 11, 10]))
    bands = calculate_bands(similar, 32.0 + np.array([1.0, 14.0, 42.0, 84.0]))
    low, high = bands.get_band(0.9)
    assert np.all(np.diff(high - low) > 0)


@FEW
@given(st.lists(st.integers(0, 9), min_size=2, max_size=5), st.integers(3, 12), st.sampled_from([21, 28, 42]))
def test_never_a_longer_interval_when_worse(values: list[int], rise: int, present: int) -> None:
    """A rise of PHQ-9's meaningful step (TURKOZ-21: 3 points) since the score before."""
    sessions = (*INDUCTION, *(17 + present * k for k in (1, 2)))
    days = [20.0 + present / 2 * k for k in range(len(values))]
    scores = [(-2.0, 19.0), *zip(days, map(float, values), strict=True)]
    scores.append((days[-1] + 7, float(min(27, values[-1] + rise))))
    course = build_personal(scores, tuple(each for each in sessions if each < days[-1] + 7))
    today = days[-1] + 8
    advice = advise(find_similar(course, n=N), RACEMIC, today=today, threshold=10.0, remission=4.0,
                    circumstances=build_known(today, 0, 0))  # fmt: skip
    assert advice.status in (AdviceStatus.REVIEW, AdviceStatus.NO_ADVICE)
    if advice.present_d is not None:
        assert advice.suggested_d is not None
        assert advice.leaning_d is not None
        assert max(advice.suggested_d, advice.leaning_d) <= advice.present_d
        assert all(not one.is_allowed for one in advice.options if (one.interval_d or 999) > advice.present_d)


@FEW
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=25, max_size=60), st.randoms())
def test_calibration_does_not_depend_on_the_order_of_patients(distances, random) -> None:
    rows = [Judged(str(k), "PHQ-9/14", each) for k, each in enumerate(distances)]
    mixed = list(rows)
    random.shuffle(mixed)
    assert calibrate(rows).factors == calibrate(mixed).factors
