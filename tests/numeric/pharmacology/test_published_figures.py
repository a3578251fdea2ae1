"""Published figures of the models against the engine: levels, exposures, derived quantities.

Tables are typed in from the papers through the pharmacology reference sheet, section 9; `model` rows are that sheet's
own figures of the same equations by another solver (scipy LSODA, rtol 1e-8).
"""

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.linear import area_under, solve
from afterglow.pharmacology.models.catalogue import get_model, load_model_ids
from afterglow.pharmacology.models.exposure import calculate_derived, calculate_half_life
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import build_regimen


def compute(model_id, drug, route, doses, until_h=24.0, step_min=0.5, **person):
    """Return curves in ng/mL on a fine grid, AUC in ng h/mL, and the times in minutes."""
    covariates, _ = build_covariates(Person(**{"weight_kg": 70.0, "age_years": 30.0, **person}))
    given, _ = build_regimen(doses, drug=drug, route=route, weight_kg=person.get("weight_kg", 70.0))
    kinetics = build_kinetics(get_model(model_id), build_typical(covariates), given, drug=drug, route=route)
    minutes = np.arange(0.0, until_h * 60 + step_min, step_min)
    values = solve(kinetics.system, kinetics.inputs, minutes / 60, engine="plain").values
    areas = area_under(kinetics.system, kinetics.inputs, until_h, engine="plain")
    curves = {name: values[name][:, 0] * 1000 for name in kinetics.analytes}
    return minutes, curves, {name: areas[name][0] * 1000 for name in kinetics.analytes}, kinetics


CAUCASIAN, ASIAN, JAPANESE = {}, {"ancestry": "asian"}, {"ancestry": "japanese"}
OLDER = {"age_years": 70.0}
# Perez-Ruixo 2021, simulated strata: S-ketamine Cmax ng/mL, AUC0-24 ng h/mL, norketamine Cmax ng/mL
STRATA = [
    (CAUCASIAN, 28, 43.8, 147.3, 59.1),
    (CAUCASIAN, 56, 72.5, 254.7, 119.7),
    (CAUCASIAN, 84, 101.0, 362.2, 180.0),
    (ASIAN, 28, 44.1, 158.2, 73.4),
    (ASIAN, 56, 73.2, 275.9, 148.5),
    (ASIAN, 84, 102.4, 393.5, 223.5),
    (JAPANESE, 28, 57.5, 194.7, 72.1),
    (JAPANESE, 56, 94.5, 335.1, 146.3),
    (JAPANESE, 84, 131.3, 475.4, 220.4),
    (OLDER, 28, 44.6, 160.4, 57.3),
    (OLDER, 56, 73.8, 275.8, 117.2),
    (OLDER, 84, 102.7, 391.2, 177.0),
]


@pytest.mark.parametrize(("who", "dose_mg", "cmax", "auc", "nk_cmax"), STRATA)
def test_nasal_strata_of_perez_ruixo_within_1_percent(who, dose_mg, cmax, auc, nk_cmax):
    _, curves, areas, _ = compute("perez-ruixo-2021", "esketamine", "intranasal", [f"{dose_mg}mg"], **who)
    assert curves["ketamine"].max() == pytest.approx(cmax, rel=0.01)
    assert areas["ketamine"] == pytest.approx(auc, rel=0.01)
    assert curves["norketamine"].max() == pytest.approx(nk_cmax, rel=0.01)


@pytest.mark.parametrize(("dose_mg", "published", "excess"), [(28, 274, 1.41), (56, 516, 1.45), (84, 758, 1.46)])
def test_norketamine_exposure_of_the_table_does_not_follow_from_the_parameters(dose_mg, published, excess):
    # the known failure stays in sight: a change here means the structure was bent to fit one column
    _, _, areas, _ = compute("perez-ruixo-2021", "esketamine", "intranasal", [f"{dose_mg}mg"])
    assert areas["norketamine"] / published == pytest.approx(excess, rel=0.01)


@pytest.mark.parametrize(("dose_mg", "tmax_min"), [(28, 36), (56, 41), (84, 44)])
def test_nasal_peak_comes_when_the_model_says(dose_mg, tmax_min):
    minutes, curves, _, _ = compute("perez-ruixo-2021", "esketamine", "intranasal", [f"{dose_mg}mg"], until_h=3)
    assert minutes[curves["ketamine"].argmax()] == pytest.approx(tmax_min, abs=1)


def test_oral_and_intravenous_arms_of_perez_ruixo():
    minutes, curves, areas, _ = compute("perez-ruixo-2021", "esketamine", "oral", ["84mg"])
    assert curves["ketamine"].max() == pytest.approx(25.8, rel=0.01)
    assert minutes[curves["ketamine"].argmax()] == pytest.approx(1.45 * 60, abs=1)
    assert areas["ketamine"] == pytest.approx(125, rel=0.01)
    _, curves, areas, _ = compute("perez-ruixo-2021", "esketamine", "iv", ["28mg/40min"])
    assert curves["ketamine"].max() == pytest.approx(99.9, rel=0.01)
    assert areas["ketamine"] == pytest.approx(236, rel=0.01)


# Simons 2022 film, 0 to 6 h: Cmax ng/mL, Tmax min, AUC ng min/mL; the sheet's model values and the published means
FILM = [
    (50, "ketamine", 86, 17, 7466, 96, 8363),
    (50, "norketamine", 251, 62, 36287, 276, 38497),
    (50, "hydroxynorketamine", 95, 76, 23367, 101, 24087),
    (100, "ketamine", 172, 17, 14932, 144, 13347),
    (100, "norketamine", 502, 62, 72575, 426, 67959),
    (100, "hydroxynorketamine", 191, 76, 46735, 189, 44972),
]


@pytest.mark.parametrize(("dose_mg", "analyte", "cmax", "tmax", "auc", "seen_cmax", "seen_auc"), FILM)
def test_film_of_simons(dose_mg, analyte, cmax, tmax, auc, seen_cmax, seen_auc):
    minutes, curves, areas, _ = compute("simons-2022", "esketamine", "sublingual", [f"{dose_mg}mg"], until_h=6)
    assert curves[analyte].max() == pytest.approx(cmax, rel=0.01)
    assert minutes[curves[analyte].argmax()] == pytest.approx(tmax, abs=1)
    assert areas[analyte] * 60 == pytest.approx(auc, rel=0.01)
    assert curves[analyte].max() == pytest.approx(seen_cmax, rel=0.20)
    assert areas[analyte] * 60 == pytest.approx(seen_auc, rel=0.12)


def test_film_with_uptake_by_dose_is_nearer_to_the_parent_data():
    for dose_mg, cmax, auc in ((50, 96, 8363), (100, 144, 13347)):
        _, curves, areas, _ = compute(
            "simons-2022-by-dose", "esketamine", "sublingual", [f"{dose_mg}mg"], until_h=6, step_min=0.25
        )
        assert curves["ketamine"].max() == pytest.approx(cmax, rel=0.05)
        assert areas["ketamine"] * 60 == pytest.approx(auc, rel=0.03)


def test_infusion_of_simons_six_hours_after_the_film():
    # published peak 273 ng/mL (95 % CI 259 to 287); both visits add up since the model is linear
    minutes, film, _, _ = compute("simons-2022", "esketamine", "sublingual", ["50mg"], until_h=7)
    _, infusion, _, _ = compute("simons-2022", "esketamine", "iv", ["20mg@6h/20min"], until_h=7)
    total = film["ketamine"] + infusion["ketamine"]
    assert total[minutes >= 360].max() == pytest.approx(273, rel=0.01)


# 35 mg over 40 min at 70 kg: ng/mL at 40, 80, 110, 230 min, AUC0-24, terminal half-life
INFUSION = [
    ("kamp-2020", "racemic", (253, 74, 54, 27), 415, 3.1),
    ("clements-1981", "racemic", (177, 85, 63, 36), 435, 3.0),
    ("domino-1984", "racemic", (240, 46, 38, 18), 302, 1.9),
    ("simons-2022", "esketamine", (289, 63, 42, 21), 393, 3.2),
    ("fanta-otto-2021", "esketamine", (158, 79, 60, 27), 356, 7.4),
    ("perez-ruixo-2021", "esketamine", (125, 65, 45, 19), 295, 11.0),
    ("herd-2007", "racemic", (253,), 389, None),
    ("hijazi-2003", "racemic", (225,), 230, None),
    ("flint-2017", "esketamine", (193,), 303, None),
    ("hornik-2018", "racemic", (496,), 878, None),
]


@pytest.mark.parametrize(("model_id", "drug", "levels", "auc", "half_life"), INFUSION)
def test_infusion_of_half_a_milligram_per_kilogram(model_id, drug, levels, auc, half_life):
    minutes, curves, areas, kinetics = compute(model_id, drug, "iv", ["35mg/40min"])
    for minute, level in zip((40, 80, 110, 230), levels, strict=False):
        # printed without decimals: half a unit or 1 %
        assert np.interp(minute, minutes, curves["ketamine"]) == pytest.approx(level, rel=0.01, abs=0.5)
    assert areas["ketamine"] == pytest.approx(auc, rel=0.01)
    if half_life is not None:
        assert calculate_half_life(kinetics, "ketamine")[0] == pytest.approx(half_life, abs=0.06)


@pytest.mark.parametrize(
    ("model_id", "cmax", "tmax", "auc"),
    [("simons-2022", 81, 51, 428), ("fanta-otto-2021", 75, 89, 558), ("perez-ruixo-2021", 73, 105, 561)],
)
def test_norketamine_after_the_infusion(model_id, cmax, tmax, auc):
    minutes, curves, areas, _ = compute(model_id, "esketamine", "iv", ["35mg/40min"])
    assert curves["norketamine"].max() == pytest.approx(cmax, rel=0.01)
    assert minutes[curves["norketamine"].argmax()] == pytest.approx(tmax, abs=1)
    assert areas["norketamine"] == pytest.approx(auc, rel=0.01)


def test_hydroxynorketamine_after_the_infusion():
    minutes, curves, areas, _ = compute("simons-2022", "esketamine", "iv", ["35mg/40min"])
    assert curves["hydroxynorketamine"].max() == pytest.approx(30, abs=0.5)
    assert minutes[curves["hydroxynorketamine"].argmax()] == pytest.approx(62, abs=1)
    assert areas["hydroxynorketamine"] == pytest.approx(340, rel=0.01)


def test_muscle_dose_with_the_constant_of_the_sheet():
    # 211 ng/mL at 11 min without lag; the model adds 2 min
    minutes, curves, _, _ = compute("kamp-im", "racemic", "im", ["0.5mg/kg"], until_h=3)
    assert curves["ketamine"].max() == pytest.approx(211, rel=0.01)
    assert minutes[curves["ketamine"].argmax()] == pytest.approx(13, abs=1)


@pytest.mark.parametrize(
    ("model_id", "derived"),
    [(name, derived) for name in load_model_ids() for derived in get_model(name).derived],
    ids=lambda value: getattr(value, "name", value),
)
def test_derived_quantity_agrees_with_what_was_published(model_id, derived):
    assert derived.published is not None
    assert calculate_derived(get_model(model_id))[derived.name] == pytest.approx(
        derived.published, rel=derived.tolerance
    )


def test_derived_quantities_of_perez_ruixo_to_three_digits():
    found = calculate_derived(get_model("perez-ruixo-2021"))
    expected = {"extraction": 0.722, "clearance": 109.0, "f_oral": 0.178, "f_28": 0.622, "f_56": 0.538, "f_84": 0.509}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0.002)


def test_covariates_change_exposure_as_published():
    def auc(**who):
        return compute("perez-ruixo-2021", "esketamine", "intranasal", ["84mg"], **who)[1:3]

    curve, area = auc()
    older = auc(age_years=70.0)[1]["ketamine"]
    japanese_curve, japanese = auc(ancestry="japanese")
    assert older / area["ketamine"] == pytest.approx(1.08, abs=0.01)
    assert japanese["ketamine"] / area["ketamine"] == pytest.approx(1.31, abs=0.01)
    assert japanese_curve["ketamine"].max() / curve["ketamine"].max() == pytest.approx(1.30, abs=0.01)
    assert auc(weight_kg=140.0)[1]["ketamine"] == pytest.approx(area["ketamine"], rel=1e-12)


def test_devices_at_once_read_about_one_percent_high():
    _, curves, _, _ = compute("perez-ruixo-2021", "esketamine", "intranasal", ["28mg"] * 3)
    assert curves["ketamine"].max() == pytest.approx(102.2, rel=0.002)
