"""Whether two records tell of the same person: field by field, with points that can be read; it joins nothing."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Grade

FIELDS = ("name", "born", "phone", "address", "doctor", "insurance")
SAME, NEAR, DIFFERS, UNKNOWN = "same", "near", "differs", "not-told"
# numbers are compared by their last digits: prefixes of country and area are often left out
PHONE_DIGITS = 7
_TITLES = frozenset(
    {"dr", "doctor", "prof", "professor", "md", "do", "mag", "med", "np", "pa", "phd", "mr", "ms", "mrs"}
)
_STREETS = {"st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane", "blvd": "boulevard"}
_SHARED_START = 4
_FURTHEST_EDIT = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """What is compared of one record; empty is not told."""

    family_name: str = ""
    given_name: str = ""
    birth_on: date | None = None
    phone: str = ""
    address: str = ""
    doctor: str = ""
    insurance_last4: str = ""


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field of two records: how alike they are and what that counts."""

    name: str
    verdict: str
    points: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All fields with the sum of their points."""

    fields: tuple[ComparedField, ...]
    is_possible: bool

    @property
    def score(self) -> int:
        """Return the sum of points."""
        return sum(item.points for item in self.fields)

    @property
    def agree(self) -> int:
        """Return how many fields are the same."""
        return sum(item.verdict == SAME for item in self.fields)

    @property
    def compared(self) -> int:
        """Return how many fields both records tell."""
        return sum(item.verdict != UNKNOWN for item in self.fields)

    def get_verdict(self, name: str) -> str:
        """Return how alike one field is."""
        return next(item.verdict for item in self.fields if item.name == name)

    def to_json(self) -> dict[str, Any]:
        """Return the working as plain JSON."""
        rows = [{"field": item.name, "verdict": item.verdict, "points": item.points} for item in self.fields]
        return {"score": self.score, "agree": self.agree, "compared": self.compared, "fields": rows}


def compare(first: Identity, second: Identity) -> Comparison:
    """Return how alike two records are; the order of the two changes nothing."""
    verdicts = {
        "name": _compare_names(first, second),
        "born": _compare_births(first.birth_on, second.birth_on),
        "phone": _compare_phones(first.phone, second.phone),
        "address": _compare_addresses(first.address, second.address),
        "doctor": _compare_doctors(first.doctor, second.doctor),
        "insurance": _compare_exactly(first.insurance_last4, second.insurance_last4),
    }
    policy = _read()
    fields = tuple(
        ComparedField(name, verdict, int(policy["points"][name].get(verdict, 0))) for name, verdict in verdicts.items()
    )
    strong = sum(item.verdict in (SAME, NEAR) for item in fields if item.name in policy["needs_of"])
    score = sum(item.points for item in fields)
    return Comparison(fields, strong >= int(policy["needs"]) and score >= int(policy["possible_at"]))


def get_match_citation() -> Citation:
    """Return where the points come from."""
    policy = _read()
    return Citation(policy["source"], policy["locator"], Grade(policy["grade"]))


def get_least_score() -> int:
    """Return the points from which two records are shown as possibly the same person."""
    return int(_read()["possible_at"])


def normalise(text: str) -> str:
    """Return words without accents, case, punctuation and doubled spaces."""
    plain = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
    return " ".join(re.sub(r"[^\w]+", " ", letters.replace("'", "").replace("’", "")).split())


def get_phone_key(phone: str) -> str:
    """Return the last digits of a number, by which two writings of it meet; empty when it is too short."""
    digits = _digits(phone)
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else ""


def _compare_names(first: Identity, second: Identity) -> str:
    names = [(normalise(one.family_name), normalise(one.given_name)) for one in (first, second)]
    if not all(any(pair) for pair in names):
        return UNKNOWN
    (family, given), (other_family, other_given) = names
    if (family, given) == (other_family, other_given):
        return SAME
    if (family, given) == (other_given, other_family):
        return NEAR
    parts = (_near_words(family, other_family), _near_words(given, other_given))
    return NEAR if all(parts) else DIFFERS


def _near_words(first: str, second: str) -> bool:
    """Return whether two names may be one: equal, a part of the other, the same start, or a slip of the pen."""
    if not first or not second:
        return False
    words, others = set(first.split()), set(second.split())
    if first == second or words <= others or others <= words:
        return True
    start = min(len(first), len(second), _SHARED_START)
    is_long = min(len(first), len(second)) >= _SHARED_START
    if is_long and first[:start] == second[:start]:
        return True
    return is_long and measure_edits(first, second) <= _FURTHEST_EDIT - (min(len(first), len(second)) <= _SHARED_START)


def measure_edits(first: str, second: str) -> int:
    """Return the least number of letters added, dropped, changed or swapped with a neighbour between two words."""
    rows = [list(range(len(second) + 1))]
    for i, letter in enumerate(first, start=1):
        row = [i]
        for j, other in enumerate(second, start=1):
            cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _compare_births(first: date | None, second: date | None) -> str:
    if first is None or second is None:
        return UNKNOWN
    if first == second:
        return SAME
    is_swapped = (first.year, first.month, first.day) == (second.year, second.day, second.month)
    slips = sum(one != other for one, other in zip(first.isoformat(), second.isoformat(), strict=True))
    return NEAR if is_swapped or slips == 1 else DIFFERS


def _compare_phones(first: str, second: str) -> str:
    one, other = _digits(first), _digits(second)
    if not one or not other:
        return UNKNOWN
    key = get_phone_key(first)
    if one == other or (key and key == get_phone_key(second)):
        return SAME
    return NEAR if len(one) == len(other) and measure_edits(one, other) == 1 else DIFFERS


def _compare_addresses(first: str, second: str) -> str:
    one, other = ({_STREETS.get(word, word) for word in normalise(text).split()} for text in (first, second))
    if not one or not other:
        return UNKNOWN
    if one == other or (min(len(one), len(other)) > 1 and (one <= other or other <= one)):
        return SAME
    shared = one & other
    has_number = any(word.isdigit() for word in shared)
    return NEAR if has_number and len(shared) > 1 else DIFFERS


def _compare_doctors(first: str, second: str) -> str:
    one, other = ([word for word in normalise(text).split() if word not in _TITLES] for text in (first, second))
    if not one or not other:
        return UNKNOWN
    if one == other:
        return SAME
    long_one, long_other = ({word for word in words if len(word) > 1} for words in (one, other))
    return NEAR if long_one & long_other else DIFFERS


def _compare_exactly(first: str, second: str) -> str:
    one, other = normalise(first), normalise(second)
    if not one or not other:
        return UNKNOWN
    return SAME if one == other else DIFFERS


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isdigit())


@cache
def _read() -> dict[str, Any]:
    text = files("afterglow.clinicday").joinpath("data/triage.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["match"])
