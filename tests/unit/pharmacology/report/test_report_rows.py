"""The report's rows: verdicts, errors and bands; sources and grades on each; what a changed parameter does."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.report import Kind, Report, Row, Verdict, build_report
from afterglow.pharmacology.report.build import list_data_files
from afterglow.pharmacology.report.published import FILES, build_band, compare_file
from afterglow.terms import Citation, Grade

DAY = date(2026, 11, 22)
CITED = Citation("SIMONS-22", "a place", Grade.A)


@cache
def make_report() -> Report:
    return build_report(DAY, versions={"afterglow": "test"}, people=400)


def make_row(engine: float | None, miss: str = "", low: float = 10.0, high: float = 10.0) -> Row:
    return Row("id", "title", "what", "h", Kind.OBSERVATION, low, high, (9.0, 11.0), engine, CITED, miss)


@pytest.mark.parametrize(
    ("engine", "miss", "verdict"),
    [
        (11.0, "", Verdict.MET),
        (9.0, "", Verdict.MET),
        (11.01, "", Verdict.MISSED),
        (11.01, "linear", Verdict.EXPLAINED),
        (None, "", Verdict.NOT_MODELLED),
    ],
)
def test_verdict_follows_the_band_with_its_ends(engine: float | None, miss: str, verdict: Verdict) -> None:
    assert make_row(engine, miss).verdict is verdict


def test_a_reason_without_a_miss_is_stale() -> None:
    assert make_row(10.0, "linear").has_stale_reason
    assert not make_row(12.0, "linear").has_stale_reason


@pytest.mark.parametrize(("engine", "error"), [(15.0, 0.25), (11.0, 0.0), (9.0, -0.1), (None, None)])
def test_error_is_taken_from_the_nearer_end_of_a_range(engine: float | None, error: float | None) -> None:
    found = make_row(engine, low=10.0, high=12.0).error
    assert found == (None if error is None else pytest.approx(error))


def test_band_widens_by_share_and_by_unit() -> None:
    assert build_band(100.0, 100.0, {"tolerance": 0.01, "within": 0.5}) == pytest.approx((98.5, 101.5))
    assert build_band(-4.0, -2.0, {"tolerance": 0.5}) == pytest.approx((-6.0, -1.0))


def test_every_row_has_source_place_grade_and_band() -> None:
    rows = make_report().rows
    assert len(rows) > 250
    for row in rows:
        assert row.citation.locator, row.id
        assert row.citation.grade in (Grade.A, Grade.B, Grade.C, Grade.D), row.id
        assert row.band is not None, row.id
        assert row.band[0] <= row.band[1], row.id


def test_row_ids_are_unique() -> None:
    ids = [row.id for row in make_report().rows]
    assert len(ids) == len(set(ids))


def test_what_misses_says_why_and_what_says_why_misses() -> None:
    rows = make_report().rows
    assert [row.id for row in rows if row.verdict is Verdict.MISSED] == []
    assert [row.id for row in rows if row.has_stale_reason] == []


def test_unflattering_rows_stay_in() -> None:
    missed = {row.id for row in make_report().rows if row.verdict is Verdict.EXPLAINED}
    assert {"perez.caucasian-18to60-84.nk_auc", "film.100.cmax", "sites.simons.peak", "sites.kamp.peak"} <= missed
    assert len(make_report().not_modelled) >= 8


def test_what_was_set_is_told_from_what_was_measured() -> None:
    kinds = {row.id: row.kind for row in make_report().rows}
    assert kinds["interactions.rifampicin-nasal"] is Kind.CALIBRATED
    assert kinds["interactions-foretold.rifampicin-nasal-from-vein-and-mouth"] is Kind.OBSERVATION
    assert kinds["regimen.kamp.40"] is Kind.SOLUTION


def test_a_changed_parameter_makes_rows_fail() -> None:
    def find_model(name: str):
        model = get_model(name)
        if name != "perez-ruixo-2021":
            return model
        changed = replace(model.parameters["ka_n"], value=model.parameters["ka_n"].value * 1.2)
        return replace(model, parameters={**model.parameters, "ka_n": changed})

    (table,) = compare_file("strata", find_model)
    failed = {row.id for row in table.rows if row.verdict is Verdict.MISSED}
    assert len([name for name in failed if name.endswith(".cmax")]) == 18


@pytest.mark.parametrize("parameter", ["f1", "ka1", "clk1", "vk1", "mtt_kn", "cln1", "vh2", "clh1"])
def test_each_parameter_of_the_film_is_noticed(parameter: str) -> None:
    def find_model(name: str):
        model = get_model(name)
        changed = replace(model.parameters[parameter], value=model.parameters[parameter].value * 1.1)
        return replace(model, parameters={**model.parameters, parameter: changed})

    tables = {table.id: table for table in compare_file("film", find_model)}
    assert tables["film-solution"].count(Verdict.MISSED) > 0


def test_every_packaged_file_is_read() -> None:
    assert set(list_data_files()) == {*FILES, "ratios", "derived", "static", "checks", "use"}
