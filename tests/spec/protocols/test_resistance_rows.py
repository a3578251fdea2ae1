"""Treatment resistance, rows TR-1 to TR-5: which trials count, by which definition, and what stays open."""

from decimal import Decimal
from typing import Any

import pytest

from afterglow.protocols.resistance import Trial, judge_resistance, load_definitions

SERTRALINE = {"drug": "sertraline", "dose_mg_per_day": 100, "weeks": 10, "outcome": "none", "in_current_episode": True}
VENLAFAXINE = {
    "drug": "venlafaxine",
    "dose_mg_per_day": 150,
    "weeks": 10,
    "outcome": "none",
    "in_current_episode": True,
}
CITALOPRAM = {"drug": "citalopram", "dose_mg_per_day": 20, "weeks": 10, "outcome": "none", "in_current_episode": True}
NORTRIPTYLINE = {
    "drug": "nortriptyline",
    "dose_mg_per_day": 75,
    "weeks": 10,
    "outcome": "none",
    "in_current_episode": True,
}


def trial(base: dict[str, Any], **changes: Any) -> Trial:
    """Return a trial; numbers become exact decimals."""
    values = {**base, **changes}
    numbers = ("dose_mg_per_day", "weeks", "improvement_percent")
    exact = {key: Decimal(str(values[key])) for key in numbers if values.get(key) is not None}
    return Trial(**{**values, **exact})


def is_met(definition: str, *trials: Trial, phq9: int | None = None) -> bool | None:
    """Return the answer of a named definition."""
    return judge_resistance(trials, load_definitions()[definition], phq9).is_met


def test_two_adequate_trials_meet_the_label_definition() -> None:
    assert is_met("two-trials", trial(SERTRALINE), trial(VENLAFAXINE)) is True
    assert is_met("two-trials", trial(SERTRALINE)) is False
    assert is_met("two-trials") is False


@pytest.mark.parametrize(
    ("words", "change", "expected"),
    [
        ("6 weeks", {"weeks": 6}, True),
        ("5.9 weeks", {"weeks": 5.9}, False),
        ("weeks unknown", {"weeks": None}, None),
        ("lowest adequate dose", {"dose_mg_per_day": 50}, True),
        ("below it", {"dose_mg_per_day": 49}, False),
        ("dose unknown", {"dose_mg_per_day": None}, None),
        ("25 % better is non-response", {"improvement_percent": 25}, True),
        ("26 % better is not", {"improvement_percent": 26}, False),
        ("partial response", {"outcome": "partial"}, False),
        ("response", {"outcome": "response"}, False),
        ("not tolerated", {"outcome": "intolerance"}, False),
        ("outcome unknown", {"outcome": None}, None),
        ("earlier episode", {"in_current_episode": False}, False),
        ("episode unknown", {"in_current_episode": None}, None),
        ("dose unknown and too short", {"dose_mg_per_day": None, "weeks": 2}, False),
        ("a drug without a table dose, judged adequate", {"drug": "lumina", "is_dose_adequate": True}, True),
        ("a drug without a table dose, not judged", {"drug": "lumina"}, None),
    ],
)
def test_what_makes_a_trial_count(words: str, change: dict[str, Any], expected: bool | None) -> None:
    assert is_met("two-trials", trial(SERTRALINE, **change), trial(VENLAFAXINE)) is expected, words


def test_payer_definition_needs_8_weeks_and_different_classes() -> None:
    assert is_met("payer-classes", trial(SERTRALINE), trial(VENLAFAXINE)) is True
    assert is_met("payer-classes", trial(SERTRALINE, weeks=7), trial(VENLAFAXINE)) is False
    assert is_met("payer-classes", trial(SERTRALINE), trial(CITALOPRAM)) is False
    assert is_met("two-trials", trial(SERTRALINE), trial(CITALOPRAM)) is True


@pytest.mark.parametrize(
    ("drug_class", "expected"), [(None, None), ("potion", None), ("NDRI", True), ("SNRIs", False), ("snri", False)]
)
def test_the_class_of_a_drug_outside_the_table_is_read_or_stays_open(
    drug_class: str | None, expected: bool | None
) -> None:
    other = trial(SERTRALINE, drug="lumina", is_dose_adequate=True, drug_class=drug_class)
    assert is_met("payer-classes", other, trial(VENLAFAXINE)) is expected


def test_another_spelling_of_the_class_does_not_make_a_second_class() -> None:
    odd = trial(SERTRALINE, drug_class="serotonin tablet")
    assert is_met("payer-classes", odd, trial(CITALOPRAM, drug_class="SSRI")) is False


FOUR = (trial(SERTRALINE), trial(VENLAFAXINE), trial(CITALOPRAM), trial(NORTRIPTYLINE))


@pytest.mark.parametrize(("phq9", "expected"), [(15, True), (14, False), (None, None)])
def test_stricter_guidance_needs_four_trials_and_phq9_of_15(phq9: int | None, expected: bool | None) -> None:
    assert is_met("four-trials", *FOUR, phq9=phq9) is expected


def test_three_trials_do_not_meet_the_stricter_guidance() -> None:
    assert is_met("four-trials", *FOUR[:3], phq9=20) is False


def test_the_same_drug_counts_once() -> None:
    assert is_met("two-trials", trial(SERTRALINE), trial(SERTRALINE, drug="Zoloft")) is False


def test_the_working_says_why_a_trial_does_not_count() -> None:
    short = trial(SERTRALINE, drug="Bupropion", dose_mg_per_day=300, weeks=3, outcome="intolerance")
    answer = judge_resistance([short], load_definitions()["two-trials"])
    assert answer.trials[0].is_counted is False
    assert answer.trials[0].why == "3 weeks, too short, below 6; stopped because not tolerated"


def test_the_working_names_what_is_missing() -> None:
    answer = judge_resistance([trial(SERTRALINE, weeks=None), trial(VENLAFAXINE)], load_definitions()["two-trials"])
    assert (answer.counted, answer.possible, answer.is_met) == (1, 2, None)
    assert answer.missing == ("sertraline: weeks not recorded, at least 6 needed",)


def test_a_definition_with_4_weeks_is_selectable() -> None:
    from dataclasses import replace

    shorter = replace(load_definitions()["two-trials"], weeks=4)
    short = [trial(SERTRALINE, weeks=4), trial(VENLAFAXINE, weeks=4)]
    assert judge_resistance(short, shorter).is_met is True
    assert judge_resistance(short, load_definitions()["two-trials"]).is_met is False
