"""Mood in the report: how near by which errors, differences shown but not fitted; and chance in few people."""

import re
from datetime import date
from functools import cache

import numpy as np
import pytest

from afterglow.pharmacology.effects.clinical import compare_clinical
from afterglow.pharmacology.report import Report, Section, build_document, build_report
from afterglow.pharmacology.report.mood import Mood, compare_mood


@cache
def get_mood() -> Mood:
    return compare_mood(1000, 1)


@cache
def make_report() -> Report:
    return build_report(date(2026, 11, 22), versions={"afterglow": "9.9"}, people=300)


def get_section() -> Section:
    return next(one for one in build_document(make_report()).sections if one.id == "mood")


def test_printed_errors_alone_are_met_by_fewer_rows_and_counted_by_hand() -> None:
    mood = get_mood()
    z = np.array([(row.engine - row.target.value) / row.target.standard_error for row in mood.rows])
    assert mood.met_by_printed == int(np.sum(np.abs(z) <= 2.0)) < mood.met
    assert mood.printed_mean_square == pytest.approx(float(np.mean(z**2)))
    assert 0.6 < mood.met_by_printed / len(mood.rows) < 0.8
    assert mood.printed_mean_square > 5.0


def test_report_names_all_three_parts_of_the_error_and_the_share_by_the_printed_one() -> None:
    text = " ".join(get_section().texts)
    assert all(words in text for words in ("the printed error", "between studies", "assumed before the fit"))
    mood = make_report().mood
    assert f"{mood.met_by_printed} of {len(mood.rows)}" in text
    assert re.search(r"mean of z squared is \d+\.\d:", text)


def test_phase_three_differences_are_shown_unfitted_with_what_the_engine_gives() -> None:
    shown = {row.shown.id: row for row in get_mood().shown}
    assert {name: row.shown.value for name, row in shown.items()} == {"t1-56.ls": -4.1, "t1-84.ls": -3.2, "t2.ls": -4.0}
    assert all(-10.5 < row.engine < -7.5 for row in shown.values())
    (grid,) = (grid for grid in get_section().grids if "not fitted" in grid.caption)
    assert [row[3] for row in grid.rows] == ["not fitted"] * 3
    assert all(row[4] and row[6] == "C" for row in grid.rows)


@pytest.mark.parametrize("seed", range(6))
def test_few_people_miss_no_band_by_chance_alone(seed: int) -> None:
    for check in compare_clinical(300, np.random.default_rng(seed)):
        assert check.is_met is not bool(check.row.known_miss), check.row.id


def test_band_widens_with_fewer_people_and_the_text_says_so() -> None:
    few, many = (compare_clinical(n, np.random.default_rng(1)) for n in (200, 3200))
    for one, other in zip(few, many, strict=True):
        assert one.row.id == other.row.id
        if one.row.stat == "mean_of_peaks":
            assert one.sampling_error == pytest.approx(4.0 * other.sampling_error, rel=0.8)
            assert one.band[0] < other.band[0] < one.row.band[0]
        if one.row.known_miss:
            assert one.row.band[0] <= one.band[0] <= one.band[1] <= one.row.band[1], one.row.id
    (table,) = (table for table in make_report().tables if table.id == "sessions")
    assert "three standard errors" in table.text
