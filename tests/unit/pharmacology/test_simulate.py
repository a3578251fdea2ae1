"""One call: typical, population, mixture and particles; what must hold for each."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.curves import compute_curves
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.population import Subjects
from afterglow.pharmacology.regimen import Dose, RateChange, change_rate
from afterglow.pharmacology.results import QUANTILES, calculate_bands
from afterglow.pharmacology.simulate import Request, simulate
from afterglow.terms import Grade, InvalidInput

INFUSION = Request(
    drug="racemic",
    route="iv",
    doses=("0.5mg/kg/40min",),
    person=Person(70.0, 40.0),
    until_h=8.0,
    step_h=1 / 12,
    with_effects=False,
    engine="plain",
)
NASAL = replace(INFUSION, drug="esketamine", route="intranasal", doses=("56mg",))


def codes(simulation):
    return [problem.code for problem in simulation.problems]


def test_levels_are_proportional_to_dose_and_add_up():
    one, two = simulate(INFUSION), simulate(replace(INFUSION, doses=("1mg/kg/40min",)))
    np.testing.assert_allclose(
        two.concentrations["ketamine"], 2 * one.concentrations["ketamine"], rtol=1e-10, atol=1e-9
    )
    later = simulate(replace(INFUSION, doses=("0.5mg/kg@2h/40min",)))
    both = simulate(replace(INFUSION, doses=("0.5mg/kg/40min", "0.5mg/kg@2h/40min")))
    total = one.concentrations["ketamine"] + later.concentrations["ketamine"]
    np.testing.assert_allclose(both.concentrations["ketamine"], total, rtol=1e-9, atol=1e-9)


def test_racemate_comes_with_both_enantiomers():
    found = simulate(replace(INFUSION, until_h=10.0))
    auc = {name: entry["auc_ng_h_per_ml"][0] for name, entry in found.summary.items()}
    assert set(auc) == {"ketamine", "esketamine", "arketamine"}
    # half the dose each, CL_S 1.075 and CL_R 0.925 of the racemate's: the sum is 0.6 % above it
    assert auc["arketamine"] / auc["esketamine"] == pytest.approx(1.075 / 0.925, rel=0.02)
    assert auc["esketamine"] + auc["arketamine"] == pytest.approx(auc["ketamine"], rel=0.01)
    assert set(simulate(NASAL).summary) == {"ketamine", "norketamine"}


def test_peak_does_not_depend_on_the_spacing_of_the_times():
    coarse, fine = (simulate(replace(INFUSION, step_h=step)).summary["ketamine"] for step in (1.0, 1 / 60))
    assert coarse["cmax_ng_per_ml"][0] == pytest.approx(fine["cmax_ng_per_ml"][0], rel=1e-9)
    assert coarse["tmax_min"][0] == fine["tmax_min"][0] == 40
    assert len(simulate(replace(INFUSION, step_h=1.0)).times_h) == 9


@pytest.mark.parametrize("request_", [INFUSION, NASAL], ids=["infusion", "nasal"])
def test_population_scatters_around_the_typical_person(request_):
    typical = simulate(request_).summary["ketamine"]
    people = simulate(replace(request_, n=2000, seed=5, step_h=0.5)).summary["ketamine"]
    for key in ("cmax_ng_per_ml", "auc_ng_h_per_ml"):
        assert np.median(people[key]) == pytest.approx(typical[key][0], rel=0.06)
        assert np.std(np.log(people[key])) > 0.08


def test_same_seed_same_bytes_and_another_seed_others():
    def levels(seed):
        return simulate(replace(NASAL, n=40, seed=seed)).concentrations["ketamine"].tobytes()

    assert levels(3) == levels(3)
    assert levels(3) != levels(4)


def test_effect_draws_do_not_move_the_levels():
    quiet, loud = (simulate(replace(NASAL, n=20, seed=3, with_effects=flag)) for flag in (False, True))
    levels = [found.concentrations["ketamine"] for found in (quiet, loud)]
    np.testing.assert_allclose(levels[0], levels[1], rtol=1e-10, atol=1e-9)  # rounding: solved on a finer grid
    assert quiet.effects == {}
    assert loud.effects["dissociation_cadss"].shape == (len(loud.times_h), 20)


def rank(values, weights, level):
    """The number of rank ceil(level n), or the first at which the running weight reaches the level."""
    order = np.argsort(values, axis=1)
    running = np.cumsum(weights[order], axis=1)
    place = (running >= level * running[:, -1:] * (1 - 1e-12)).argmax(axis=1)
    return np.take_along_axis(values, np.take_along_axis(order, place[:, None], axis=1), axis=1)[:, 0]


@pytest.mark.parametrize("is_weighted", [False, True])
def test_bands_are_counted_when_the_arrays_do_not_fit(monkeypatch, is_weighted):
    request = replace(NASAL, n=90, seed=3, with_effects=True)
    whole = simulate(request)
    if is_weighted:
        subjects = replace(whole.parts[0].kinetics.subjects, weights=np.arange(1.0, 91.0) / 4095.0)
        request = replace(request, n=None, subjects=subjects)
        whole = simulate(request)
    monkeypatch.setattr(sys.modules[simulate.__module__], "KEPT_VALUES", 1000)
    monkeypatch.setattr(sys.modules[compute_curves.__module__], "BLOCK_VALUES", 50_000)
    monkeypatch.setattr(sys.modules[compute_curves.__module__], "TALLIED_TIMES", 40)
    counted = simulate(request)
    assert (dict(counted.concentrations), dict(counted.effects)) == ({}, {})
    assert ("bands-counted" in codes(counted), "bands-counted" in codes(whole)) == (True, False)
    for name, values in {**whole.concentrations, **whole.effects}.items():
        bands = {**counted.bands, **counted.effect_bands}[name]
        for key, level in QUANTILES.items():
            expected = rank(values, whole.weights, level)
            np.testing.assert_allclose(bands[key], expected, rtol=2**-8, atol=1e-7 if name in counted.bands else 1e-9)
    for name, entry in whole.summary.items():
        for key, values in entry.items():
            np.testing.assert_allclose(counted.summary[name][key], values, rtol=1e-9)
    shown = counted.to_json()
    assert len(shown["effect"]["dissociation_cadss"]["p95"]) == len(whole.times_h)


def test_large_mixture_is_counted_too(monkeypatch):
    request = replace(INFUSION, model="mix-iv-racemic", n=120, seed=3, with_effects=True)
    whole = simulate(request)
    monkeypatch.setattr(sys.modules[simulate.__module__], "KEPT_VALUES", 1000)
    counted = simulate(request)
    expected = rank(whole.concentrations["ketamine"], whole.weights, 0.95)
    np.testing.assert_allclose(counted.bands["ketamine"]["p95"], expected, rtol=2**-8, atol=1e-7)
    assert counted.summary["ketamine"]["cmax_ng_per_ml"].shape == (120,)


def test_blocks_of_people_give_what_all_at_once_do(monkeypatch):
    request = replace(NASAL, n=150, seed=3, with_effects=True)
    whole = simulate(request)
    monkeypatch.setattr(sys.modules[compute_curves.__module__], "BLOCK_VALUES", 1)
    parts = simulate(request)
    for name, values in {**whole.concentrations, **whole.effects}.items():
        np.testing.assert_allclose({**parts.concentrations, **parts.effects}[name], values, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parts.summary["ketamine"]["half_life_h"], whole.summary["ketamine"]["half_life_h"])


def test_people_are_sampled_when_no_weight_is_told():
    found = simulate(replace(INFUSION, person=Person(), n=200, seed=2))
    assert "population-sampled" in codes(found)
    assert np.std(found.parts[0].kinetics.subjects.covariates["weight"]) > 5


def test_mixture_of_oral_models_spreads_twofold_and_says_so():
    request = replace(INFUSION, drug="esketamine", route="oral", doses=("84mg",), until_h=24.0, step_h=0.25)
    assert "models-disagree" in codes(simulate(request))
    one, other = (simulate(replace(request, model=name)) for name in ("perez-ruixo-2021", "fanta-otto-2021"))
    ratio = one.summary["ketamine"]["auc_ng_h_per_ml"][0] / other.summary["ketamine"]["auc_ng_h_per_ml"][0]
    assert 1.6 < ratio < 2.4
    typical = simulate(replace(request, model="mix-oral-esketamine"))
    mean = (one.concentrations["ketamine"] + other.concentrations["ketamine"]) / 2
    np.testing.assert_allclose(typical.concentrations["ketamine"], mean, rtol=1e-10, atol=1e-12)
    people = simulate(replace(request, model="mix-oral-esketamine", n=400, seed=1))
    assert people.grade is Grade.D
    assert sum(part.kinetics.system.n for part in people.parts) == 400
    assert people.parts[0].kinetics.system.n == pytest.approx(200, abs=40)
    assert people.to_json()["components"] == [
        {"model": "perez-ruixo-2021", "weight": 0.5},
        {"model": "fanta-otto-2021", "weight": 0.5},
    ]


def test_mixture_of_sampling_sites_names_both():
    assert simulate(replace(INFUSION, model="mix-iv-racemic")).sampling_site == "arterial and venous"


def test_particles_are_used_as_given_with_their_weights():
    covariates, _ = build_covariates(Person(70.0, 40.0), 3)
    etas = {"cl": np.array([-0.5, 0.0, 0.5])}
    particles = Subjects(3, covariates, etas, weights=np.array([0.0, 1.0, 0.0]))
    found = simulate(replace(INFUSION, subjects=particles))
    typical = simulate(INFUSION)
    np.testing.assert_allclose(found.concentrations["ketamine"][:, 1], typical.concentrations["ketamine"][:, 0])
    assert found.parameters["cl"] == pytest.approx(84 * np.exp(etas["cl"]))
    np.testing.assert_allclose(found.bands["ketamine"]["p50"], typical.concentrations["ketamine"][:, 0], rtol=1e-9)


def test_weighted_bands_agree_with_repeated_people():
    values = np.array([[1.0, 2.0, 3.0, 4.0]])
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    repeated = np.repeat(values, [1000, 2000, 3000, 4000], axis=1)
    plain = calculate_bands(repeated, np.full(10_000, 1e-4))
    weighted = calculate_bands(values, weights)
    assert abs(weighted["p50"][0] - plain["p50"][0]) < 0.5
    assert weighted["p5"][0] == pytest.approx(1.0)
    assert weighted["p95"][0] == pytest.approx(4.0)


def test_venous_output_is_behind_the_arterial_one():
    arterial, venous = (
        simulate(replace(INFUSION, step_h=1 / 60)),
        simulate(replace(INFUSION, step_h=1 / 60, is_venous=True)),
    )
    assert venous.sampling_site == "venous (delayed from arterial)"
    during, after = 20, 60
    a, v = arterial.concentrations["ketamine"][:, 0], venous.concentrations["ketamine"][:, 0]
    assert v[during] < a[during]
    assert v[after] > a[after]
    assert venous.summary["ketamine"]["auc_ng_h_per_ml"] == pytest.approx(
        arterial.summary["ketamine"]["auc_ng_h_per_ml"], rel=0.01
    )


def test_infusion_as_really_run_has_less_at_the_planned_end():
    planned = simulate(INFUSION)
    pieces = change_rate(Dose(35.0, 0.0, 2 / 3), [RateChange(0.25, 0.0), RateChange(0.75)])
    really = simulate(replace(INFUSION, doses=pieces, until_h=24.0))
    at = round((2 / 3) * 12)
    assert really.concentrations["ketamine"][at, 0] < 0.6 * planned.concentrations["ketamine"][at, 0]
    whole = simulate(replace(INFUSION, until_h=24.0))
    assert really.summary["ketamine"]["auc_ng_h_per_ml"] == pytest.approx(
        whole.summary["ketamine"]["auc_ng_h_per_ml"], rel=0.01
    )


def test_session_later_in_the_course_dissociates_less():
    first, fourth = (simulate(replace(NASAL, with_effects=True, session_number=k)) for k in (1, 4))
    assert fourth.effects["dissociation_cadss"].max() < first.effects["dissociation_cadss"].max()
    np.testing.assert_array_equal(fourth.effects["systolic_rise_mmhg"], first.effects["systolic_rise_mmhg"])


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"person": Person(170.0, 40.0)}, None, None),
        ({"person": Person(171.0, 40.0)}, "weight", "outside-studied-range"),
        ({"person": Person(70.0, 87.0)}, "age", "outside-studied-range"),
        ({"doses": ("28mg",) * 5}, "dose", "outside-studied-range"),
    ],
)
def test_value_outside_the_study_is_marked(changes, field, code):
    found = [p for p in simulate(replace(NASAL, **changes)).problems if p.code == "outside-studied-range"]
    assert [(p.path, p.code) for p in found] == ([] if field is None else [(field, code)])


def test_value_that_the_model_refuses_is_refused():
    for changes in ({"person": Person(70.0, 15.0)}, {"doses": ("28mg",) * 11}):
        with pytest.raises(InvalidInput) as caught:
            simulate(replace(NASAL, **changes))
        assert caught.value.problems[0].code == "outside-accepted-range"


def test_children_model_needs_its_name_and_says_what_it_is():
    request = replace(INFUSION, person=Person(30.0, 9.0))
    with pytest.raises(InvalidInput):
        simulate(request)
    assert "out-of-scope" in codes(simulate(replace(request, model="herd-2007")))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"until_h": float("nan")}, "until"),
        ({"until_h": 0.0}, "until"),
        ({"step_h": float("inf")}, "step"),
        ({"step_h": 9.0}, "step"),
        ({"n": 200_001}, "n"),
        ({"person": Person(float("nan"), 40.0)}, "weight"),
    ],
)
def test_number_that_cannot_be_is_refused(changes, field):
    with pytest.raises(InvalidInput) as caught:
        simulate(replace(INFUSION, **changes))
    assert caught.value.problems[0].path == field


def test_every_default_gives_finite_levels_and_effects():
    for drug in ("racemic", "esketamine"):
        for route, dose in (("iv", "35mg/40min"), ("im", "35mg"), ("sc", "35mg"), ("oral", "84mg")):
            found = simulate(replace(INFUSION, drug=drug, route=route, doses=(dose,), with_effects=True))
            assert all(np.isfinite(values).all() for values in found.concentrations.values())
            assert all(np.isfinite(values).all() for values in found.effects.values())
            assert get_model(found.id).routes[route].citation.grade is found.grade


def test_assumed_value_is_told_only_where_the_model_uses_it():
    assert "age-assumed" in codes(simulate(replace(NASAL, person=Person(70.0))))
    assert "age-assumed" not in codes(simulate(replace(INFUSION, person=Person(70.0))))
    assert "weight-assumed" not in codes(simulate(replace(NASAL, person=Person(None, 40.0))))
    assert "weight-assumed" in codes(simulate(replace(INFUSION, doses=("35mg/40min",), person=Person(None, 40.0))))


def test_dissociation_wears_off_over_the_sessions_of_one_call():
    """Session k brings 0.85^(k - 1) of the first, not less than half (tolerance of dissociation.toml)."""
    days = (0, 3, 7, 10, 14, 17, 21)
    doses = tuple(f"35mg@{day}d/40min" for day in days)
    request = replace(INFUSION, doses=doses, with_effects=True, until_h=22 * 24.0, step_h=1 / 6)
    found = simulate(request)
    cadss, rise = found.effects["dissociation_cadss"][:, 0], found.effects["systolic_rise_mmhg"][:, 0]
    peaks = [
        [values[(found.times_h >= 24 * day) & (found.times_h < 24 * day + 6)].max() for day in days]
        for values in (cadss, rise)
    ]
    expected = [max(0.85**k, 0.5) for k in range(len(days))]
    assert np.array(peaks[0]) / peaks[0][0] == pytest.approx(expected, rel=0.01)
    assert np.array(peaks[1]) / peaks[1][0] == pytest.approx(np.ones(len(days)), rel=0.02)
    later = simulate(replace(request, session_number=3)).effects["dissociation_cadss"][:, 0]
    assert later.max() / cadss.max() == pytest.approx(0.85**2, rel=1e-6)


def test_sessions_far_apart_say_that_tolerance_may_have_faded():
    request = replace(NASAL, with_effects=True, until_h=60 * 24.0, step_h=6.0)
    near, far = (simulate(replace(request, doses=("56mg", f"56mg@{day}d"))) for day in (28, 29))
    assert "tolerance-recovery-unknown" not in codes(near)
    assert "tolerance-recovery-unknown" in codes(far)


def test_ensemble_without_its_covariates_is_refused():
    covariates, _ = build_covariates(Person(70.0, 40.0), 3)
    assert simulate(replace(INFUSION, subjects=Subjects(3, covariates, weights=np.full(3, 1 / 3)))).is_population
    with pytest.raises(InvalidInput) as caught:
        simulate(replace(INFUSION, subjects=Subjects(3, {"weight": np.full(3, 70.0)}, weights=np.full(3, 1 / 3))))
    assert caught.value.problems[0].code == "covariates-missing"


def test_dose_after_the_end_is_marked_and_refused_when_it_is_the_only_one():
    assert "dose-after-end" not in codes(simulate(replace(INFUSION, doses=("35mg@7h/40min",))))
    assert "dose-after-end" in codes(simulate(replace(INFUSION, doses=("35mg/40min", "35mg@8h/40min"))))
    with pytest.raises(InvalidInput) as caught:
        simulate(replace(INFUSION, doses=("35mg@8h/40min",)))
    assert caught.value.problems[0].code == "dose-after-end"


@pytest.mark.parametrize(
    ("drug", "model", "soonest_min", "site"),
    [
        ("racemic", "kamp-2020", 5, "arterial"),
        ("racemic", "clements-1981", 20, "venous"),
        ("esketamine", "simons-2022", 5, "arterial"),
        ("esketamine", "fanta-otto-2021", 20, "venous"),
    ],
)
def test_peak_of_a_bolus_is_read_from_where_the_model_was_studied(drug, model, soonest_min, site):
    request = replace(INFUSION, drug=drug, model=model, doses=("35mg",), until_h=2.0, step_h=1 / 60)
    found = simulate(request)
    assert found.sampling_site == site
    (problem,) = (p for p in found.problems if p.code == "before-studied-time")
    assert f"from {soonest_min} min on" in problem.message
    level = found.concentrations["ketamine"][:, 0]
    assert found.summary["ketamine"]["tmax_min"][0] == pytest.approx(soonest_min, abs=0.01)
    assert found.summary["ketamine"]["cmax_ng_per_ml"][0] == pytest.approx(level[soonest_min], rel=1e-3)
    assert level[0] > found.summary["ketamine"]["cmax_ng_per_ml"][0]
    infused = simulate(replace(request, doses=("35mg/40min",)))
    assert "before-studied-time" not in codes(infused)
    assert infused.summary["ketamine"]["tmax_min"][0] == pytest.approx(40)


def test_second_bolus_hides_its_own_first_minutes_only():
    one = simulate(replace(INFUSION, doses=("35mg",)))
    two = simulate(replace(INFUSION, doses=("35mg", "70mg@4h")))
    assert two.summary["ketamine"]["tmax_min"][0] == pytest.approx(245, abs=0.01)
    assert two.summary["ketamine"]["cmax_ng_per_ml"][0] > 2 * one.summary["ketamine"]["cmax_ng_per_ml"][0]


def test_bolus_followed_for_less_than_was_studied_keeps_a_peak_that_is_no_guide():
    found = simulate(replace(INFUSION, doses=("35mg",), until_h=1 / 30, step_h=1 / 60))
    assert found.summary["ketamine"]["cmax_ng_per_ml"][0] > 1000
    assert "so is the peak" in next(p.message for p in found.problems if p.code == "before-studied-time")


@pytest.mark.parametrize("drug", ["racemic", "esketamine"])
@pytest.mark.parametrize("route", ["im", "sc"])
def test_time_after_an_injection_is_judged_like_its_disposition(drug, route):
    request = replace(INFUSION, drug=drug, route=route, doses=("35mg",), until_h=12.0)
    assert "until" in {p.path for p in simulate(request).problems if p.code == "outside-studied-range"}
    assert "until" not in {p.path for p in simulate(replace(request, until_h=8.0)).problems}


@pytest.mark.parametrize(
    ("base", "given", "path", "code"),
    [
        (INFUSION, Dose(35.0, -1.0, 1.0), "dose[0].start_h", "time-out-of-range"),
        (INFUSION, Dose(35.0, float("nan"), 1.0), "dose[0].start_h", "time-out-of-range"),
        (INFUSION, Dose(35.0, 0.0, 0.0), "dose[0].duration_h", "duration-out-of-range"),
        (INFUSION, Dose(0.0, 0.0, 1.0), "dose[0].amount_mg", "dose-out-of-range"),
        (INFUSION, Dose(9e9, 0.0, 1.0), "dose[0].amount_mg", "dose-out-of-range"),
        (INFUSION, Dose(np.array([35.0, 35.0]), 0.0, 1.0), "dose[0].amount_mg", "dose-malformed"),
        (NASAL, Dose(28.0, 0.0, 0.5), "dose[0].duration_h", "duration-not-used"),
        (NASAL, Dose(30.0, 0.0), "dose[0].amount_mg", "not-whole-devices"),
    ],
)
def test_dose_as_given_is_judged_like_a_written_one(base, given, path, code):
    with pytest.raises(InvalidInput) as caught:
        simulate(replace(base, doses=(given,)))
    assert (path, code) in {(p.path, p.code) for p in caught.value.problems}


def test_infusions_as_given_that_overlap_are_refused_beside_written_ones():
    after = simulate(replace(INFUSION, doses=("35mg/40min", Dose(35.0, 1.0, 1.0))))
    assert np.isfinite(after.concentrations["ketamine"]).all()
    with pytest.raises(InvalidInput) as caught:
        simulate(replace(INFUSION, doses=("35mg/40min", Dose(35.0, 0.5, 1.0))))
    assert caught.value.problems[0].code == "doses-overlap"


def test_nasal_amount_as_given_is_taken_as_devices():
    written, given = (simulate(replace(NASAL, doses=(dose,))) for dose in ("84mg", Dose(84.0, 0.0)))
    np.testing.assert_array_equal(given.concentrations["ketamine"], written.concentrations["ketamine"])
    assert "split-into-devices" in codes(given)
    devices = tuple(Dose(28.0, i / 12) for i in range(3))
    apart = simulate(replace(NASAL, doses=devices))
    np.testing.assert_array_equal(apart.concentrations["ketamine"], written.concentrations["ketamine"])


def test_amount_per_person_follows_the_person():
    covariates, _ = build_covariates(Person(70.0, 40.0), 2)
    people = Subjects(2, covariates, weights=np.full(2, 0.5))
    found = simulate(replace(INFUSION, subjects=people, doses=(Dose(np.array([20.0, 40.0]), 0.0, 1.0),)))
    level = found.concentrations["ketamine"]
    np.testing.assert_allclose(level[1:, 1], 2 * level[1:, 0], rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "path"),
    [({"n": 10.5}, "n"), ({"n": True}, "n"), ({"seed": 0.5}, "seed"), ({"session_number": 0}, "session")],
)
def test_count_that_is_no_whole_number_is_refused(changes, path):
    with pytest.raises(InvalidInput) as caught:
        simulate(replace(INFUSION, **changes))
    assert caught.value.problems[0].path == path
