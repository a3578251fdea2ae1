"""Derived facts: ages, multiples, days since, pregnancy; what is not known stays so."""

from datetime import date
from decimal import Decimal

import pytest

from afterglow.protocols.derive import calculate_age, calculate_body_mass_index, derive_facts, find_pregnancy_status

TODAY = date(2026, 11, 17)


@pytest.mark.parametrize(
    ("birth", "today", "age"),
    [
        (date(2008, 11, 17), TODAY, 18),
        (date(2008, 11, 18), TODAY, 17),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age_in_completed_years(birth: date, today: date, age: int) -> None:
    assert calculate_age(birth, today) == age


def test_body_mass_index_of_the_screening_page() -> None:
    assert calculate_body_mass_index(94.0, 163) == Decimal("35.4")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"person.pregnant": True}, "pregnant"),
        ({"labs.hcg.result": "positive", "person.can_become_pregnant": False}, "pregnant"),
        ({"person.can_become_pregnant": False}, "not-possible"),
        ({"labs.hcg.result": "negative"}, "test-negative"),
        ({"person.pregnant": False}, None),
        ({}, None),
    ],
)
def test_pregnancy_status(facts: dict, status: str | None) -> None:
    assert find_pregnancy_status(facts) == status


def test_the_higher_liver_multiple_counts() -> None:
    facts = {
        "labs.alt.value": 80,
        "labs.alt.upper_limit": 40,
        "labs.ast.value": 160,
        "labs.ast.upper_limit": 40,
        "labs.alt.on": date(2026, 11, 1),
        "labs.ast.on": date(2026, 11, 10),
    }
    derived = derive_facts(facts, TODAY)
    assert (derived["labs.liver.worst_multiple"], derived["labs.liver.age_d"]) == (4, 16)


def test_one_normal_liver_test_alone_says_nothing_and_a_high_one_counts() -> None:
    normal = {"labs.alt.value": 20, "labs.alt.upper_limit": 40}
    assert "labs.liver.worst_multiple" not in derive_facts(normal, TODAY)
    high = {"labs.alt.value": 240, "labs.alt.upper_limit": 40}
    assert derive_facts(high, TODAY)["labs.liver.worst_multiple"] == 6


def test_a_stated_value_is_never_replaced() -> None:
    facts = {"weight.kg": 70, "height.cm": 170, "bmi.kg_per_m2": 24}
    assert derive_facts(facts, TODAY)["bmi.kg_per_m2"] == 24


def test_nothing_known_derives_nothing() -> None:
    assert derive_facts({}, TODAY) == {}
