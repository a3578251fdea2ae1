"""Reading what an action was given: each value strictly, every problem found before anything is refused."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from afterglow.terms import InvalidInput, Problem, build_error

EARLIEST = date(1900, 1, 1)
LINE_ENDS = frozenset("\n\r\t")


class Checks:
    """Collects the problems of one action's input; each reader returns a usable value or None."""

    def __init__(self) -> None:
        """Start without problems."""
        self.problems: list[Problem] = []

    def refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        """Keep one problem."""
        self.problems.append(build_error(path, code, value, accepted, message))

    def raise_problems(self) -> None:
        """Raise everything found, if anything was."""
        if self.problems:
            raise InvalidInput(self.problems)

    def read_text(self, path: str, value: object, *, longest: int, shortest: int = 0, is_long: bool = False) -> str:
        """Return a text without outer blanks; `is_long` allows line ends."""
        accepted = (
            f"text of {shortest or 'up'} to {longest} characters" if shortest else f"text up to {longest} characters"
        )
        if not isinstance(value, str):
            self.refuse(path, "text-expected", value, accepted, f"{path}: this is not a text")
            return ""
        text = value.replace("\r\n", "\n").strip()
        if any(unicodedata.category(letter) == "Cc" and not (is_long and letter in LINE_ENDS) for letter in text):
            self.refuse(path, "text-unprintable", None, accepted, f"{path}: this holds control characters")
            return ""
        if not text and shortest:
            self.refuse(path, "value-missing", value, accepted, f"{path}: this is needed")
        elif not shortest <= len(text) <= longest:
            self.refuse(path, "text-length", len(text), accepted, f"{path}: this has {len(text)} characters")
        return text

    def read_word(self, path: str, value: object, choices: Iterable[str], *, is_needed: bool = False) -> str:
        """Return one of the words, or nothing where nothing is needed."""
        known = sorted(choices)
        if value in (None, "") and not is_needed:
            return ""
        if not isinstance(value, str) or value not in known:
            self.refuse(path, "word-unknown", value, ", ".join(known), f"{path}: this word is not known here")
            return ""
        return value

    def read_answer(self, path: str, value: object) -> bool | None:
        """Return yes, no, or None for not known."""
        if value is not None and not isinstance(value, bool):
            self.refuse(path, "answer-expected", value, "true, false or null", f"{path}: this is neither yes nor no")
            return None
        return value

    def read_day(
        self,
        path: str,
        value: object,
        *,
        latest: date | None = None,
        earliest: date = EARLIEST,
        is_needed: bool = False,
    ) -> date | None:
        """Return a date; one after `latest` or before `earliest` is refused."""
        accepted = f"a date from {earliest.isoformat()}" + (f" to {latest.isoformat()}" if latest else "")
        if value in (None, ""):
            if is_needed:
                self.refuse(path, "value-missing", value, accepted, f"{path}: this is needed")
            return None
        found = _parse_day(value)
        if found is None:
            self.refuse(path, "date-malformed", value, accepted, f"{path}: this is not a date")
        elif latest is not None and found > latest:
            self.refuse(path, "date-too-late", found.isoformat(), accepted, f"{path}: {found} is after {latest}")
        elif found < earliest:
            self.refuse(path, "date-too-early", found.isoformat(), accepted, f"{path}: {found} is before {earliest}")
        else:
            return found
        return None

    def read_instant(self, path: str, value: object, *, now: datetime, is_needed: bool = False) -> datetime | None:
        """Return an instant that is not in the future."""
        accepted = "an instant with its zone, not in the future"
        if value is None:
            if is_needed:
                self.refuse(path, "value-missing", value, accepted, f"{path}: this is needed")
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.refuse(path, "instant-malformed", value, accepted, f"{path}: this is not an instant with its zone")
            return None
        if value > now:
            self.refuse(path, "instant-in-future", value.isoformat(), accepted, f"{path}: this lies in the future")
            return None
        if value.date() < EARLIEST:
            self.refuse(path, "instant-too-early", value.isoformat(), accepted, f"{path}: this is before 1900")
            return None
        return value

    def read_number(
        self, path: str, value: object, *, low: Any, high: Any, places: int = 2, unit: str = "", is_needed: bool = False
    ) -> Decimal | None:
        """Return a number between two bounds with at most so many decimals."""
        accepted = f"a number from {low} to {high} {unit}".rstrip()
        if value in (None, ""):
            if is_needed:
                self.refuse(path, "value-missing", value, accepted, f"{path}: this is needed")
            return None
        number = _parse_number(value)
        if number is None:
            self.refuse(path, "number-malformed", value, accepted, f"{path}: this is not a number")
        elif not Decimal(str(low)) <= number <= Decimal(str(high)):
            message = f"{path}: {number:f} is outside {low} to {high} {unit}".rstrip()
            self.refuse(path, "number-out-of-range", str(number), accepted, message)
        elif number != round(number, places):
            self.refuse(path, "number-too-fine", str(number), accepted, f"{path}: at most {places} decimals")
        else:
            return number
        return None


def _parse_day(value: object) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value) if len(value) == len("2026-01-31") else None
    except ValueError:
        return None


def _parse_number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None
