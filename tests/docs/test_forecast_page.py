"""docs/forecast.md and its figure are what the kept run makes, and a part of the kept run comes out again."""

import re

import pytest

from afterglow.commands import forecast as command
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.judging.kept import SEED, run_checks, run_open_trial, tidy
from afterglow.outcomes.judging.page import draw_calibration, render_page
from afterglow.outcomes.outlook.reading import FIELDS
from tests.unit.outcomes.test_open_trial import read_real
from tools.make_forecast_page import FIGURE, PAGE, load_results


def test_page_and_figure_are_those_of_the_kept_run() -> None:
    results = load_results()
    assert PAGE.read_text(encoding="utf-8") == render_page(results)
    assert FIGURE.read_text(encoding="utf-8") == draw_calibration(results)


def test_the_open_trial_comes_out_as_kept() -> None:
    for found, kept in zip(tidy(run_open_trial(read_real())), load_results()["open_trial"], strict=True):
        assert found["name"] == kept["name"]
        for key in ("n", "crps", "mae", "coverage_50", "coverage_90"):
            assert found[key] == pytest.approx(kept[key], abs=2e-3), (found["name"], key)


def test_what_the_chart_says_of_the_ranges_is_what_the_kept_run_found() -> None:
    kept = load_results()["open_trial"][0]
    shown = [get_number(f"open_trial_{name}") for name in ("people", "in_90", "in_90_low", "in_90_high")]
    assert shown == [kept["patients"], *(round(100 * share) for share in (kept["coverage_90"], *kept["interval_90"]))]


def test_forecasts_of_simulated_patients_come_out_as_kept() -> None:
    """The first forecast of two patients of each truth: a changed model or parameter asks for a new run."""
    results = load_results()
    assert results["seed"] == SEED
    found = run_checks()
    assert set(found) == set(results["checks"])
    for truth, rows in found.items():
        for row, kept in zip(rows, results["checks"][truth], strict=True):
            assert row == pytest.approx(kept, abs=2e-3), truth


def test_every_field_of_a_course_file_is_on_the_page() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## What it is told")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= FIELDS
    assert "docs/forecast.md" in (command.__doc__ or "")
