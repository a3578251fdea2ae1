"""Facts that follow from other facts: age, body mass index, multiples of a limit, days since a date, pregnancy.

Nothing is guessed: what a derived fact needs and does not find leaves it unknown.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

# fact with a date -> fact with the days since then
_AGES = {
    "labs.hcg.on": "labs.hcg.age_d",
    "scales.phq9.on": "scales.phq9.age_d",
    "scales.luts.on": "scales.luts.age_d",
    "scales.moca.on": "scales.moca.age_d",
    "history.cardiovascular_event_on": "history.cardiovascular_event_days",
}


def derive_facts(facts: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return the facts with those that follow from them on a given day; what was stated is never replaced."""
    derived: dict[str, Any] = {}
    birth_date = facts.get("person.birth_date")
    if birth_date is not None:
        derived["person.age_years"] = calculate_age(birth_date, today)
    if facts.get("weight.kg") is not None and facts.get("height.cm") is not None:
        derived["bmi.kg_per_m2"] = calculate_body_mass_index(facts["weight.kg"], facts["height.cm"])
    for source, target in _AGES.items():
        if facts.get(source) is not None:
            derived[target] = (today - facts[source]).days
    derived |= _derive_liver(facts, today)
    status = find_pregnancy_status(facts)
    if status is not None:
        derived["pregnancy.status"] = status
    return derived | {name: value for name, value in facts.items() if value is not None}


def calculate_age(birth_date: date, today: date) -> int:
    """Return completed years; someone born on 29 February turns a year older on 1 March."""
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)


def calculate_body_mass_index(weight_kg: Decimal | float, height_cm: Decimal | float) -> Decimal:
    """Return kg/m², to one decimal as it is read and compared."""
    metres = Decimal(str(height_cm)) / 100
    return (Decimal(str(weight_kg)) / metres**2).quantize(Decimal("0.1"))


def find_pregnancy_status(facts: Mapping[str, Any]) -> str | None:
    """Return `pregnant`, `not-possible`, `test-negative`, or None; a plain denial does not replace the test."""
    if facts.get("person.pregnant") is True or facts.get("labs.hcg.result") == "positive":
        return "pregnant"
    if facts.get("person.can_become_pregnant") is False:
        return "not-possible"
    return "test-negative" if facts.get("labs.hcg.result") == "negative" else None


def _derive_liver(facts: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The higher multiple of ALT and AST; one alone counts only when it is itself above the limit of concern."""
    derived: dict[str, Any] = {}
    for test in ("alt", "ast"):
        value, limit = facts.get(f"labs.{test}.value"), facts.get(f"labs.{test}.upper_limit")
        if value is not None and limit is not None:
            multiple = Decimal(str(value)) / Decimal(str(limit))
            derived[f"labs.{test}.times_upper_limit"] = multiple
    multiples = list(derived.values())
    if len(multiples) == 2 or (multiples and multiples[0] > 1):
        derived["labs.liver.worst_multiple"] = max(multiples)
    dates = [on for test in ("alt", "ast") if (on := facts.get(f"labs.{test}.on")) is not None]
    if len(dates) == 2:
        derived["labs.liver.age_d"] = (today - min(dates)).days
    return derived
