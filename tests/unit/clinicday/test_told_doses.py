"""Doses a referral tells: one that cannot well be meant is asked about, with what is usual; none is refused."""

from decimal import Decimal
from typing import Any

import pytest

from afterglow.clinicday.told_doses import check_told_doses, find_usual, read_largest_mg
from afterglow.protocols.resistance import load_minimum_doses
from afterglow.terms import Grade, Override, Severity


def tell_trial(drug: str, mg: str) -> dict[str, Any]:
    return {"trial_1_drug": drug, "trial_1_dose_mg": mg}


def tell_medicine(name: str, dose: str) -> dict[str, Any]:
    return {"medicine_2_name": name, "medicine_2_dose": dose}


@pytest.mark.parametrize(
    ("answers", "seen", "usual"),
    [
        (tell_trial("Sertraline", "5000"), "Sertraline: 5000 mg a day told", "begins at 50 mg a day"),
        (tell_trial("Ketamine", "3500"), "Ketamine: 3500 mg a day told", "no protocol here has a limit above 400 mg"),
        (tell_trial("esketamine spray", "840"), "esketamine spray: 840 mg a day told", "above 84 mg"),
        (tell_medicine("sertraline", "5,000 mg daily"), "sertraline: 5,000 mg daily told", "asked about above 400 mg"),
        (tell_medicine("sertraline", "5 g"), "sertraline: 5 g told", "begins at 50 mg"),
        (tell_medicine("sertraline", "5000"), "sertraline: 5000 told", "begins at 50 mg"),
        (tell_medicine("Sertraline 5000 mg", ""), "Sertraline 5000 mg told", "begins at 50 mg"),
    ],
)
def test_an_extreme_dose_is_asked_about_with_what_is_usual(answers: dict[str, Any], seen: str, usual: str) -> None:
    (found,) = check_told_doses(answers)
    assert (found.seen, found.title, found.severity) == (seen, "Check the dose", Severity.CAUTION)
    assert usual in found.threshold
    # a multiple that the clinic chose never borrows the name of who named the lowest dose
    assert (found.source.split(",")[0], found.grade, found.override) == ("SITE", Grade.P, Override.NONE)


@pytest.mark.parametrize(
    "answers",
    [
        tell_trial("Sertraline", "200"),
        tell_trial("Ketamine", "400"),
        # no data is held, or the dose is not known: nothing is judged
        tell_trial("Lithium", "9000"),
        {"trial_1_drug": "Sertraline"},
        tell_medicine("sertraline", "one tablet at night"),
        tell_medicine("Sertraline", "50 to 100 mg"),
        {},
    ],
)
def test_a_usual_dose_or_one_nobody_can_judge_says_nothing(answers: dict[str, Any]) -> None:
    assert check_told_doses(answers) == []


@pytest.mark.parametrize(
    ("words", "mg"),
    [
        ("50 mg twice a day", "50"),
        ("75 mg / 37,5 mg", "75"),
        ("0.125 mg", "0.125"),
        ("1.500 mg", "1500"),
        ("3 500 mg", "3500"),
        ("200 micrograms", "0.2"),
        ("0.5 g", "500"),
        ("1,000", "1000"),
        ("20-40", None),
        ("two drops", None),
        ("", None),
    ],
)
def test_amounts_are_read_as_people_write_them(words: str, mg: str | None) -> None:
    assert read_largest_mg(words) == (None if mg is None else Decimal(mg))


def test_every_lowest_dose_and_four_times_it_pass_unquestioned() -> None:
    for name, dose in load_minimum_doses().items():
        usual = find_usual(name)
        assert usual is not None
        assert usual.limit_mg >= dose.mg * 4
