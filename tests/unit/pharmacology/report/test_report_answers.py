"""Checks of found doses and of individual updates: they pass as they stand, and fail when the answer is spoilt."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from afterglow.pharmacology.report import Verdict, answers
from afterglow.pharmacology.report.verification import Check, run_checks
from afterglow.pharmacology.updating import Outcome


def get_check(key: str) -> Check:
    return next(check for check in run_checks() if check.id == key)


@pytest.mark.parametrize("key", ["found-dose", "found-smallest", "update-coverage", "update-error", "update-nothing"])
def test_a_check_passes_inside_its_band_and_not_at_the_far_end_of_it(key: str) -> None:
    check = get_check(key)
    assert check.verdict is Verdict.MET
    assert replace(check, figure=check.high + 0.5).verdict is Verdict.MISSED


def test_a_dose_that_is_too_small_falls_short_in_other_people(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {goal: answers._find(goal) for goal in answers.GOALS}
    monkeypatch.setattr(answers, "_find", lambda goal: 0.9 * found[goal])
    assert answers.measure_found_in_others() > 2.6


def test_a_dose_that_is_too_large_has_a_smaller_one_that_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {goal: answers._find(goal) for goal in answers.GOALS}
    monkeypatch.setattr(answers, "_find", lambda goal: found[goal] + 2 * answers.LIMITS.step_mg)
    assert answers.measure_smaller_that_reach() == len(answers.GOALS)


def test_every_made_up_patient_was_updated() -> None:
    assert answers.recover().updated == answers.PATIENTS


def test_an_update_that_is_too_sure_of_itself_holds_too_few_truths(monkeypatch: pytest.MonkeyPatch) -> None:
    def squeeze(*args: Any, **kwargs: Any) -> Any:
        found = honest(*args, **kwargs)
        etas = {name: v.mean() + 0.1 * (v - v.mean()) for name, v in found.subjects.etas.items()}
        return replace(found, subjects=replace(found.subjects, etas=etas))

    honest = answers.update
    monkeypatch.setattr(answers, "PATIENTS", 3)
    monkeypatch.setattr(answers, "EFFECTS", ())
    monkeypatch.setattr(answers, "update", squeeze)
    assert answers.recover.__wrapped__().coverage < 0.78


def test_an_interval_is_that_of_the_weights() -> None:
    values, weights = np.arange(100.0), np.full(100, 0.01)
    assert answers.find_interval(values, weights, 0.9) == pytest.approx((4.5, 94.5))
    assert Outcome.UPDATED.value == "updated"
