"""Effects over time: who drives what, what attenuates it, and what is refused."""

import numpy as np
import pytest

from afterglow.pharmacology.effects import EffectSeries, Setting, calculate_effect_range, calculate_effects, draw_values
from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output
from afterglow.terms import Grade, InvalidInput

HOURS = np.arange(0, 181) / 60


def build_kamp(n: int = 1) -> LinearSystem:
    """Kamp 2020, 70 kg: V 25, 56, 157 L; CL 84, Q 161 and 79 L/h."""
    flows = (
        Flow(0, None, 84 / 25), Flow(0, 1, 161 / 25, 161 / 25), Flow(1, 0, 161 / 56, 161 / 56),
        Flow(0, 2, 79 / 25, 79 / 25), Flow(2, 0, 79 / 157, 79 / 157),
    )  # fmt: skip
    outputs = (Output("ketamine", {0: 1 / 25}), Output("nothing", {1: 0.0}))
    return LinearSystem(("central", "fast", "slow"), flows, outputs, n)


INFUSION = (Input(0, 0.0, 40 / 60, 35.0),)


def give(setting: Setting | None = None, amount_mg: float = 35.0, **others) -> EffectSeries:
    infusion = (Input(0, 0.0, 40 / 60, amount_mg),)
    setting = setting or Setting(driver_share=0.5)
    return calculate_effects(build_kamp(), infusion, HOURS, driver="ketamine", setting=setting, **others)


def test_half_a_milligram_per_kg_reaches_the_level_of_the_sheet() -> None:
    series = give()
    assert series.s_ketamine_ng_per_ml.shape == (181, 1)
    assert series.s_ketamine_ng_per_ml[40, 0] == pytest.approx(253 / 2, rel=0.005)  # Kamp, 40 min: 253 racemate
    assert series.occupancy_index[40, 0] == pytest.approx(0.55, abs=0.005)


def test_the_effect_site_lags_the_blood() -> None:
    series = give()
    assert series.effect_site_ng_per_ml[10, 0] < series.s_ketamine_ng_per_ml[10, 0]
    assert series.effect_site_ng_per_ml[60, 0] > series.s_ketamine_ng_per_ml[60, 0]


def test_nothing_given_nothing_felt() -> None:
    series = give(amount_mg=0.0)
    for effect in ("drug_high_vas", "dissociation_cadss", "systolic_rise_mmhg", "sedation_probability", "pain_relief"):
        assert np.all(getattr(series, effect) == 0)


def test_later_sessions_dissociate_less_and_press_the_same() -> None:
    first, fourth = give(), give(Setting(driver_share=0.5, session_number=4))
    assert fourth.dissociation_cadss.max() == pytest.approx(0.85**3 * first.dissociation_cadss.max())
    assert np.array_equal(first.systolic_rise_mmhg, fourth.systolic_rise_mmhg)


def test_a_beta_blocker_takes_part_of_the_rise() -> None:
    plain, attenuated = give(), give(Setting(driver_share=0.5, has_attenuation=True))
    assert attenuated.systolic_rise_mmhg.max() == pytest.approx(0.85 * plain.systolic_rise_mmhg.max())
    assert attenuated.dissociation_cadss.max() == plain.dissociation_cadss.max()


def test_r_ketamine_fills_channels_and_does_not_dissociate() -> None:
    without, racemate = give(Setting(driver_share=1.0), amount_mg=17.5), give()
    assert np.allclose(without.dissociation_cadss, racemate.dissociation_cadss)
    assert racemate.occupancy_index.max() > without.occupancy_index.max()


def test_a_venous_driver_is_marked() -> None:
    (warning,) = give(Setting(driver_share=0.5, sampling_site="venous")).problems
    assert (warning.severity, warning.code) == ("warning", "site-differs")
    assert "arterial" in warning.message
    assert give().problems == ()


def test_a_population_differs_in_effect_and_repeats_with_its_seed() -> None:
    runs = [
        calculate_effects(build_kamp(3), INFUSION, HOURS, driver="ketamine", generator=np.random.default_rng(5))
        for _ in range(2)
    ]
    assert runs[0].dissociation_cadss.shape == (181, 3)
    assert np.array_equal(runs[0].dissociation_cadss, runs[1].dissociation_cadss)
    assert len(set(runs[0].systolic_rise_mmhg[40])) == 3


def test_one_patients_level_serves_many_peoples_effects() -> None:
    values = draw_values(50, np.random.default_rng(1))
    series = calculate_effects(build_kamp(), INFUSION, HOURS, driver="ketamine", values=values)
    assert series.dissociation_cadss.shape == (181, 50)
    assert series.s_ketamine_ng_per_ml.shape == (181, 1)


def test_grades_travel_with_the_numbers() -> None:
    assert give().grades["circulation"] is Grade.D


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"driver": "plasma"}, "driver"),
        ({"setting": Setting(arketamine="r")}, "arketamine"),
        ({"setting": Setting(session_number=0)}, "session_number"),
        ({"setting": Setting(driver_share=1.5)}, "driver_share"),
        ({"values": draw_values(3, np.random.default_rng(1)), "system": build_kamp(2)}, "values"),
    ],
)
def test_what_cannot_be_computed_is_refused(change: dict, path: str) -> None:
    usual = {"system": build_kamp(), "driver": "ketamine"}
    assert calculate_effects(inputs=INFUSION, times_h=HOURS, **usual).times_h.size == 181
    with pytest.raises(InvalidInput) as refusal:
        calculate_effects(inputs=INFUSION, times_h=HOURS, **(usual | change))
    assert [problem.path for problem in refusal.value.problems] == [path]


def test_people_may_absorb_at_their_own_times() -> None:
    own = (Input(0, np.array([0.0, 0.5]), np.array([0.5, 0.5]), 35.0),)
    series = calculate_effects(build_kamp(2), own, HOURS, driver="ketamine", setting=Setting(driver_share=0.5))
    later = HOURS[series.systolic_rise_mmhg.argmax(axis=0)]
    assert later[1] - later[0] == pytest.approx(0.5, abs=1 / 60)


@pytest.mark.parametrize("effect", ["dissociation_cadss", "systolic_rise_mmhg", "sedation_probability"])
def test_the_range_of_an_effect_holds_the_typical_curve(effect: str) -> None:
    setting = Setting(driver_share=0.5)
    found = calculate_effect_range(build_kamp(), INFUSION, HOURS, driver="ketamine", effect=effect, setting=setting)
    assert np.all(found.low <= found.typical + 1e-12)
    assert np.all(found.high >= found.typical - 1e-12)
    assert found.high[40] > 1.1 * found.typical[40]
    assert found.low[40] < 0.9 * found.typical[40]
    assert "effect_site.half_life_min" in found.moved or effect == "dissociation_cadss"


@pytest.mark.parametrize(("change", "path"), [({"effect": "mood"}, "effect"), ({"system": build_kamp(2)}, "system")])
def test_a_range_that_cannot_be_given_is_refused(change: dict, path: str) -> None:
    usual = {"system": build_kamp(), "effect": "pain_relief", "driver": "ketamine"}
    assert calculate_effect_range(inputs=INFUSION, times_h=HOURS, **usual).grade is Grade.D
    with pytest.raises(InvalidInput) as refusal:
        calculate_effect_range(inputs=INFUSION, times_h=HOURS, **(usual | change))
    assert refusal.value.problems[0].path == path
