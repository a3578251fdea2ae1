"""Which of a person's allergies a drug meets: by its own name, or as one of a family that the allergy names."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from afterglow.protocols.medicines import normalise_name
from afterglow.terms import Citation, Grade


@dataclass(frozen=True, slots=True)
class AllergyFamily:
    """Drugs that an allergy speaks of together: how charts name it, its members, and where the membership is from."""

    id: str
    label: str
    names: frozenset[str]
    drugs: frozenset[str]
    citation: Citation


@dataclass(frozen=True, slots=True)
class AllergyMatch:
    """A drug that meets an allergy; `family` is None where the names themselves are alike."""

    substance: str
    family: AllergyFamily | None

    @property
    def words(self) -> str:
        """The match in words: `allergy to penicillin (penicillins)`."""
        return f"allergy to {self.substance}" + (f" ({self.family.label})" if self.family else "")


@cache
def load_families() -> tuple[AllergyFamily, ...]:
    """Return every family of the packaged list."""
    text = files("afterglow.protocols").joinpath("data/allergies.toml").read_text(encoding="utf-8")
    return tuple(
        AllergyFamily(
            id=key,
            label=entry["label"],
            names=frozenset(map(normalise_name, entry["names"])),
            drugs=frozenset(map(normalise_name, entry["drugs"])),
            citation=Citation(entry["source"], entry["locator"], Grade(entry["grade"])),
        )
        for key, entry in tomllib.loads(text)["families"].items()
    )


def find_allergies(substances: Iterable[str], drug: str) -> tuple[AllergyMatch, ...]:
    """Return the allergies that a drug meets, as it is written with dose and schedule beside its name.

    A shared word or a shared family is a match; neither says how likely a reaction is. No match is no all-clear.
    """
    named = normalise_name(drug)
    found = []
    for substance in substances:
        allergy = normalise_name(substance)
        if not allergy or not named:
            continue
        if _holds(named, allergy) or _holds(allergy, named):
            found.append(AllergyMatch(substance, None))
            continue
        family = _find_family(allergy, named)
        if family is not None:
            found.append(AllergyMatch(substance, family))
    return tuple(found)


def _find_family(allergy: str, drug: str) -> AllergyFamily | None:
    families = load_families()
    return next((each for each in families if _is_of(each.names, allergy) and _is_of(each.drugs, drug)), None)


def _holds(text: str, part: str) -> bool:
    return f" {part} " in f" {text} " or (len(part) > 3 and part in text)


def _is_of(names: frozenset[str], text: str) -> bool:
    return any(f" {name} " in f" {text} " for name in names)
