"""Large populations in blocks: the same people statistically, the same bytes for any number of threads."""

from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology import Person, Request, simulate, summarise_population
from afterglow.pharmacology.linear import has_compiled
from afterglow.terms import InvalidInput

REQUEST = Request(
    drug="esketamine",
    route="intranasal",
    doses=("56mg",),
    person=Person(70.0, 40.0),
    until_h=4.0,
    step_h=0.25,
    n=10_000,
    seed=1,
    with_effects=False,
)


def test_streamed_bands_agree_with_those_held_in_one_piece():
    streamed = summarise_population(REQUEST, thresholds_ng_per_ml={"ketamine": [70.0]})
    whole = simulate(REQUEST)
    assert streamed.n == 10_000
    at = 3  # 45 min
    found = 1000 * streamed.outputs["ketamine"].quantiles[:, at]
    expected = [whole.bands["ketamine"][key][at] for key in ("p5", "p50", "p95")]
    # other draws of the same population: sampling error of 10,000 people, and 0.4 % of the bins
    np.testing.assert_allclose(found, expected, rtol=0.05)
    share = (whole.concentrations["ketamine"][at] > 70.0).mean()
    assert streamed.outputs["ketamine"].above[0, at] == pytest.approx(share, abs=0.02)


def test_same_seed_same_bytes():
    one, other = (summarise_population(replace(REQUEST, n=5000, seed=4)) for _ in range(2))
    assert one.outputs["ketamine"].quantiles.tobytes() == other.outputs["ketamine"].quantiles.tobytes()
    third = summarise_population(replace(REQUEST, n=5000, seed=5))
    assert third.outputs["ketamine"].quantiles.tobytes() != one.outputs["ketamine"].quantiles.tobytes()


@pytest.mark.skipif(not has_compiled(), reason="the compiled engine is an extra")
def test_threads_do_not_change_a_bit():
    one, two = (summarise_population(replace(REQUEST, n=5000, threads=threads)) for threads in (1, 2))
    assert one.outputs["ketamine"].quantiles.tobytes() == two.outputs["ketamine"].quantiles.tobytes()
    assert one.outputs["ketamine"].auc_mean == two.outputs["ketamine"].auc_mean


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"n": None}, "n-out-of-range"), ({"route": "oral", "model": "mix-oral-esketamine"}, "mixture-not-accepted")],
)
def test_request_without_a_number_or_with_a_mixture_is_refused(changes, code):
    with pytest.raises(InvalidInput) as caught:
        summarise_population(replace(REQUEST, **changes))
    assert caught.value.problems[0].code == code


def test_peak_of_a_bolus_is_read_as_simulate_reads_it():
    bolus = Request(
        "racemic", "iv", ("35mg",), Person(70.0, 40.0), until_h=2.0, step_h=1 / 60, n=120, seed=3, with_effects=False
    )
    found = summarise_population(bolus)
    known = simulate(bolus).summary["ketamine"]["cmax_ng_per_ml"]
    streamed = found.outputs["ketamine"]
    assert streamed.cmax_quantiles[1] * 1000 == pytest.approx(np.median(known), rel=0.15)
    assert streamed.quantiles[1, 5] == pytest.approx(streamed.cmax_quantiles[1], rel=0.05)  # at five minutes
    assert streamed.quantiles[1, 0] > 1.5 * streamed.cmax_quantiles[1]
    infused = summarise_population(replace(bolus, doses=("35mg/40min",))).outputs["ketamine"]
    assert infused.cmax_quantiles[2] >= infused.quantiles[2].max() * 0.99
