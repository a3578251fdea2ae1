"""Which classes a medicine belongs to, read from its name: packaged data, matched on whole words.

A name that the list does not hold is `unclassified`; a rule then asks for the class instead of passing it over.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Grade

UNCLASSIFIED = "unclassified"

_NASAL = frozenset({"nasal", "nose", "nostril"})


@dataclass(frozen=True, slots=True)
class MedicineClass:
    """One class of medicines with its members and where the membership comes from."""

    id: str
    label: str
    names: tuple[str, ...]
    citation: Citation


@cache
def load_medicine_classes() -> Mapping[str, MedicineClass]:
    """Return every class by id."""
    return {
        key: MedicineClass(
            id=key,
            label=entry["label"],
            names=tuple(normalise_name(name) for name in entry["names"]),
            citation=Citation(entry["source"], entry["locator"], Grade(entry["grade"])),
        )
        for key, entry in _read()["classes"].items()
    }


@lru_cache(maxsize=4096)
def find_classes(name: str) -> tuple[str, ...]:
    """Return the classes of a medicine by its name as written, empty when the name is not known.

    Strength and schedule may stand beside the name (`Lorazepam 1 mg nightly`); several medicines in one
    entry give the classes of all of them.
    """
    words = normalise_name(name).split()
    index = _load_index()
    names = set(_find_names(words, index))
    if _NASAL & set(words):
        names |= {f"{word} nasal" for word in words}
    return tuple(sorted({class_id for name in names for class_id in index.get(name, ())}))


def find_generic_names(name: str) -> tuple[str, ...]:
    """Return the generic names that stand behind a name as written, in reading order."""
    return tuple(dict.fromkeys(_find_names(normalise_name(name).split(), _load_index())))


def describe_medicines(medicines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the facts of a reconciled list: all classes, the names in each, which was taken last and when.

    A medicine is `{name, class?, hours_since?}`; `class` adds to what the name itself says. An empty list is
    a known list without medicines.
    """
    named: dict[str, list[str]] = {}
    hours: dict[str, list[Any]] = {}
    for medicine in medicines:
        given = medicine.get("class") or ()
        stated = (given,) if isinstance(given, str) else tuple(given)
        for class_id in sorted({*find_classes(medicine["name"]), *stated}) or [UNCLASSIFIED]:
            named.setdefault(class_id, []).append(medicine["name"])
            hours.setdefault(class_id, []).append(medicine.get("hours_since"))
    facts: dict[str, Any] = {"medication.classes": tuple(sorted(named))}
    for class_id in load_medicine_classes():
        facts[f"medication.named.{class_id}"] = tuple(named.get(class_id, ()))
    facts[f"medication.named.{UNCLASSIFIED}"] = tuple(named.get(UNCLASSIFIED, ()))
    for class_id, known in hours.items():
        if None not in known:
            least = facts[f"medication.hours_since.{class_id}"] = min(known)
            latest = [name for name, since in zip(named[class_id], known, strict=True) if since == least]
            facts[f"medication.last_taken.{class_id}"] = tuple(latest)
    return facts


def normalise_name(name: str) -> str:
    """Return a name in lower case, without accents, apostrophes and unseen characters, one space between its words."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    plain = unicodedata.normalize("NFKD", seen.casefold().replace("'", "").replace("\u2019", ""))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def _find_names(words: list[str], index: Mapping[str, Any]) -> Iterable[str]:
    """Yield every known name that stands in the words, longest first at each place."""
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            name = " ".join(words[at : at + length])
            if name in _load_aliases():
                yield from _load_aliases()[name]
                break
            if name in index:
                yield name
                break
        else:
            length = 1
        at += length


@cache
def _load_index() -> Mapping[str, frozenset[str]]:
    index: dict[str, set[str]] = {}
    for entry in load_medicine_classes().values():
        for name in entry.names:
            index.setdefault(name, set()).add(entry.id)
    for generics in _load_aliases().values():
        for name in generics:
            index.setdefault(name, set())
    return {name: frozenset(classes) for name, classes in index.items()}


@cache
def _load_aliases() -> Mapping[str, tuple[str, ...]]:
    return {
        normalise_name(alias): tuple(normalise_name(name) for name in names)
        for alias, names in _read()["aliases"].items()
    }


def _read() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.protocols").joinpath("data/medicines.toml").read_text(encoding="utf-8"))
