"""The figures the engine was built to give, typed in once more: strata within 1 %, the infusion's peak within 1 %."""

from functools import cache

import pytest

from afterglow.pharmacology.report import Row
from afterglow.pharmacology.report.published import compare_file
from afterglow.pharmacology.report.verification import list_peer_cases, run_checks

# Perez-Ruixo 2021, table 4: ancestry and age, dose, S-ketamine Cmax and AUC, norketamine Cmax and AUC
STRATA = [
    ("caucasian-18to60", 28, 43.8, 147.3, 59.1, 274.4),
    ("caucasian-18to60", 56, 72.5, 254.7, 119.7, 516.3),
    ("caucasian-18to60", 84, 101.0, 362.2, 180.0, 758.0),
    ("asian-18to60", 28, 44.1, 158.2, 73.4, 371.8),
    ("asian-18to60", 56, 73.2, 275.9, 148.5, 704.8),
    ("asian-18to60", 84, 102.4, 393.5, 223.5, 1037.0),
    ("japanese-18to60", 28, 57.5, 194.7, 72.1, 406.4),
    ("japanese-18to60", 56, 94.5, 335.1, 146.3, 760.8),
    ("japanese-18to60", 84, 131.3, 475.4, 220.4, 1114.0),
    ("caucasian-over60", 28, 44.6, 160.4, 57.3, 277.9),
    ("caucasian-over60", 56, 73.8, 275.8, 117.2, 522.0),
    ("caucasian-over60", 84, 102.7, 391.2, 177.0, 765.9),
    ("asian-over60", 28, 44.9, 171.0, 71.4, 373.9),
    ("asian-over60", 56, 74.4, 296.3, 145.9, 708.0),
    ("asian-over60", 84, 103.8, 421.5, 220.4, 1042.0),
    ("japanese-over60", 28, 58.8, 212.2, 69.0, 409.2),
    ("japanese-over60", 56, 96.5, 363.1, 141.7, 765.3),
    ("japanese-over60", 84, 133.8, 513.9, 214.4, 1121.0),
]


@cache
def compare(name: str) -> dict[str, Row]:
    return {row.id: row for table in compare_file(name) for row in table.rows}


def test_there_are_eighteen_strata() -> None:
    assert len(compare("strata")) == 18 * 4


@pytest.mark.parametrize(("who", "dose", "cmax", "auc", "nk_cmax", "nk_auc"), STRATA)
def test_strata_within_one_percent(who: str, dose: int, cmax: float, auc: float, nk_cmax: float, nk_auc: float) -> None:
    rows = compare("strata")
    for key, printed in (("cmax", cmax), ("auc", auc), ("nk_cmax", nk_cmax)):
        row = rows[f"perez.{who}-{dose}.{key}"]
        assert row.low == printed
        assert row.engine == pytest.approx(printed, rel=0.01)
    area = rows[f"perez.{who}-{dose}.nk_auc"]
    assert area.low == nk_auc
    assert 1.37 < area.engine / nk_auc < 1.57  # not reproducible from the printed parameters; see the row's reason


def test_infusion_after_the_film_peaks_as_published() -> None:
    assert compare("film")["film-iv.after-50.peak"].engine == pytest.approx(273, rel=0.01)


@pytest.mark.parametrize("check", run_checks(), ids=lambda check: check.id)
def test_checks_of_code_and_calculation_pass(check) -> None:
    assert check.low <= check.figure <= check.high


def test_cases_for_other_programs_cover_boluses_infusions_and_pauses() -> None:
    cases = {case.id: case for case in list_peer_cases()}
    durations = {float(one.duration_h) > 0 for case in cases.values() for one in case.inputs}
    assert durations == {True, False}
    assert len(cases["kamp-pause"].inputs) == 2 * 3  # two pieces for the racemate and for each enantiomer
