"""The chain against a general solver, and the packaged levels against the models they came from."""

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.effects import Setting, calculate_effects
from afterglow.pharmacology.linear import Flow, LinearSystem, Output
from afterglow.pharmacology.mechanism import (
    CourseSession,
    build_exposure,
    calculate_signal,
    get_regimen,
    run_pools,
    simulate_course,
)
from afterglow.pharmacology.mechanism.chain import PoolRates
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import build_regimen
from afterglow.terms import InvalidInput

EC50, HALF_G, HALF_B, FORMED, LOST, KEPT, FORGOTTEN = 40.0, 0.75, 4.2, 0.2, 0.008, 0.002, 0.0005
AT_H = np.array([2.0, 4.0, 24.0, 50.0, 100.0, 168.0, 400.0])


def test_the_chain_agrees_with_a_general_solver() -> None:
    integrate = pytest.importorskip("scipy.integrate", reason="scipy comes with the development group")
    exposure = get_regimen("iv_ketamine_0.5").exposure
    starts = (0.0, 72.0)

    def change(hour: float, state: np.ndarray) -> list[float]:
        parts = [np.interp(hour - s, exposure.hours, exposure.ce_ng_per_ml, left=0, right=0) for s in starts]
        block = sum(part / (EC50 + part) for part in parts)
        glutamate, trophic, new, kept = state
        return [
            np.log(2) / HALF_G * (block - glutamate), np.log(2) / HALF_B * (glutamate - trophic),
            FORMED * trophic - LOST * new, KEPT * new - FORGOTTEN * kept,
        ]  # fmt: skip

    exact = integrate.solve_ivp(change, (0, 400), np.zeros(4), t_eval=AT_H, rtol=1e-8, atol=1e-12, max_step=0.2).y
    signal = calculate_signal(exposure, ec50_ng_per_ml=EC50, glutamate_half_life_h=HALF_G, trophic_half_life_h=HALF_B)
    pools = run_pools(starts, [signal, signal], PoolRates(FORMED, LOST, KEPT, FORGOTTEN), AT_H)
    # nodes of the trophic signal lie up to 6 h apart: up to one percent of the peak is the price
    assert pools.new[:, 0] == pytest.approx(exact[2], abs=0.01 * exact[2].max())
    assert pools.consolidated[:, 0] == pytest.approx(exact[3], abs=0.01 * exact[3].max())
    assert pools.trophic[:, 0] == pytest.approx(exact[1], abs=0.01 * exact[1].max())


@pytest.mark.parametrize(
    ("regimen", "model_id", "drug", "route", "dose", "share"),
    [
        ("iv_ketamine_0.5", "kamp-2020", "racemic", "iv", "0.5mg/kg@0min/40min", 0.5),
        ("iv_ketamine_1.0", "kamp-2020", "racemic", "iv", "1mg/kg@0min/40min", 0.5),
        ("iv_esketamine_0.4", "kamp-2020", "esketamine", "iv", "0.4mg/kg@0min/40min", 1.0),
        ("nasal_esketamine_28", "perez-ruixo-2021", "esketamine", "intranasal", "28mg@0min", 1.0),
        ("nasal_esketamine_84", "perez-ruixo-2021", "esketamine", "intranasal", "84mg@0min", 1.0),
    ],
)
def test_packaged_levels_are_those_of_the_model_they_name(
    regimen: str, model_id: str, drug: str, route: str, dose: str, share: float
) -> None:
    covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=40.0))
    doses, _ = build_regimen([dose], drug=drug, route=route, weight_kg=70.0)
    kinetics = build_kinetics(
        get_model(model_id), build_typical(covariates), doses, drug=drug, route=route, with_enantiomers=False
    )
    packaged = get_regimen(regimen).exposure
    series = calculate_effects(
        kinetics.system, kinetics.inputs, packaged.hours,
        driver=kinetics.analytes["ketamine"], setting=Setting(driver_share=share),
    )  # fmt: skip
    peak = packaged.ce_ng_per_ml.max()
    assert series.effect_site_ng_per_ml[:, 0] == pytest.approx(packaged.ce_ng_per_ml, abs=0.01 * peak)


def test_a_patients_own_kinetics_give_the_course_of_the_packaged_regimen() -> None:
    covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=40.0))
    doses, _ = build_regimen(["84mg@0min"], drug="esketamine", route="intranasal", weight_kg=70.0)
    model = get_model("perez-ruixo-2021")
    kinetics = build_kinetics(model, build_typical(covariates), doses, drug="esketamine", route="intranasal")
    own = build_exposure(kinetics.system, kinetics.inputs, driver=kinetics.esketamine)
    runs = [
        simulate_course([CourseSession(0.0, exposure)], [1.0, 7.0], n=400, generator=np.random.default_rng(3))
        for exposure in (own, "nasal_esketamine_84")
    ]
    assert runs[0].mean_change == pytest.approx(runs[1].mean_change, abs=0.1)


def test_a_course_takes_one_patients_level() -> None:
    system = LinearSystem(("central",), (Flow(0, None, 1.0),), (Output("level", {0: 0.1}),), n=2)
    with pytest.raises(InvalidInput) as refusal:
        build_exposure(system, (), driver="level")
    assert refusal.value.problems[0].path == "system"
