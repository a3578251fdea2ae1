"""Doses that a referral tells and that cannot well be meant: asked about, never refused, never changed.

What is usual comes from the data that the protocols hold already: the lowest adequate dose of an antidepressant, and
the highest dose of ketamine that any packaged protocol names. A medicine that neither knows is not judged.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinicday.told import list_medicines, list_trials
from afterglow.protocols.catalogue import get_base, load_protocol_ids
from afterglow.protocols.medicines import find_generic_names, normalise_name
from afterglow.protocols.resistance import load_minimum_dose_citation, load_minimum_doses
from afterglow.terms import Citation, Finding, Grade, Override, Severity

RULE = "I-11"
KETAMINES = {"esketamine": "esketamine", "spravato": "esketamine", "ketamine": "racemic"}
# an amount with its unit; groups of three digits are thousands, as people write them
_UNIT = "mg|milligrams?|g|grams?|micrograms?|mcg|ug|\u00b5g|\u03bcg"
_AMOUNT = re.compile(rf"(?<![\d.,])(\d{{1,3}}(?:[., ]\d{{3}})+|\d+(?:[.,]\d+)?)\s*({_UNIT})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Usual:
    """Above which dose a medicine is asked about, and what is usual, in words with its source."""

    limit_mg: Decimal
    words: str
    citation: Citation


def check_told_doses(answers: Mapping[str, Any]) -> list[Finding]:
    """Return a caution for each told dose that is far above what is usual for its medicine."""
    return [finding for name, told, mg in _list_doses(answers) for finding in _check(name, told, mg)]


def _list_doses(answers: Mapping[str, Any]) -> Iterator[tuple[str, str, Decimal]]:
    """Yield medicine, dose as told, and its milligrams."""
    for trial in list_trials(answers):
        if trial.dose_mg is not None:
            yield trial.drug, f"{trial.dose_mg.normalize():f} mg a day", trial.dose_mg
    for medicine in list_medicines(answers):
        # people write the strength beside the name as well
        amounts = [read_largest_mg(words) for words in (medicine.name, medicine.dose)]
        if known := [mg for mg in amounts if mg is not None]:
            yield medicine.name, medicine.dose or medicine.name, max(known)


def read_largest_mg(words: str) -> Decimal | None:
    """Return the largest amount in free words in milligrams, or None; a bare number is one in milligrams."""
    if re.fullmatch(r"\s*[\d., ]*\d\s*", words):
        words = f"{words.strip()} mg"
    found = []
    for digits, unit in _AMOUNT.findall(words):
        found.append(_read_number(digits) * _find_factor(unit.lower()))
    return max(found, default=None)


def _read_number(digits: str) -> Decimal:
    # 0.125 is a fraction; 3,500 and 3.500 are read as thousands: it only asks
    if re.fullmatch(r"[1-9]\d{0,2}(?:[., ]\d{3})+", digits):
        return Decimal(re.sub(r"\D", "", digits))
    return Decimal(digits.replace(",", ".").replace(" ", ""))


def _find_factor(unit: str) -> Decimal:
    if unit.startswith("g"):
        return Decimal(1000)
    return Decimal(1) if unit.startswith(("mg", "milli")) else Decimal("0.001")


def _check(name: str, told: str, mg: Decimal) -> Iterator[Finding]:
    usual = find_usual(name)
    if usual is None or mg <= usual.limit_mg:
        return
    yield Finding(
        rule=RULE,
        severity=Severity.CAUTION,
        seen=f"{told} told" if told == name else f"{name.strip()}: {told} told",
        threshold=usual.words,
        asks="Check the dose with who sent it, or with the person; the referral goes on.",
        override=Override.NONE,
        source=usual.citation.text,
        grade=usual.citation.grade,
        title="Check the dose",
    )


def find_usual(name: str) -> Usual | None:
    """Return what is usual for a medicine as it was written, or None where no data is held."""
    words = set(normalise_name(name).split())
    drug = next((drug for word, drug in KETAMINES.items() if word in words), None)
    if drug is not None:
        return _find_ketamine(drug)
    doses = load_minimum_doses()
    generic = next((each for each in find_generic_names(name) if each in doses), None)
    if generic is None:
        return None
    lowest, factor = doses[generic].mg, _get_factor()
    source = load_minimum_dose_citation()
    text = (
        f"{generic}: an adequate trial begins at {lowest:f} mg a day ({source.text}; {source.grade.label}); "
        f"asked about above {lowest * factor:f} mg, {factor} times that"
    )
    # from which multiple on somebody is asked is the clinic's own, whoever named the lowest dose
    return Usual(lowest * factor, text, get_citation())


@cache
def _find_ketamine(drug: str) -> Usual | None:
    """Return the highest dose in mg that a packaged protocol of a ketamine names a limit for."""
    found = []
    for key in load_protocol_ids():
        protocol = get_base(key)
        if str(protocol.drug) != drug:
            continue
        for limit in protocol.limits:
            if limit.of == "dose.mg" and limit.value.unit == "mg":
                found.append((Decimal(limit.value.value), protocol.title, limit.value.citation))
    if not found:
        return None
    mg, title, citation = max(found, key=lambda each: each[0])
    return Usual(mg, f"no protocol here has a limit above {mg:f} mg a dose ({title})", citation)


@cache
def _get_factor() -> Decimal:
    return Decimal(_read()["factor"])


@cache
def get_citation() -> Citation:
    """Return where it is said from which dose on somebody is asked."""
    table = _read()
    return Citation(table["source"], table["locator"], Grade(table["grade"]))


@cache
def _read() -> dict[str, Any]:
    text = files("afterglow.clinicday").joinpath("data/triage.toml").read_text("utf-8")
    found: dict[str, Any] = tomllib.loads(text)["told_doses"]
    return found
