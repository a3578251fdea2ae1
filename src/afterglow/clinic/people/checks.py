"""Checking what was put into an action: every problem found at once, each with the path of its field."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.terms import InvalidInput, Problem, build_error

EARLIEST = date(1900, 1, 1)
# clocks of two machines may differ by this much without a time being "in the future"
CLOCK_SLACK = timedelta(seconds=60)


class Checks:
    """Problems gathered while an action reads its input."""

    def __init__(self) -> None:
        """Begin without problems."""
        self.problems: list[Problem] = []

    def refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        """Note one problem."""
        self.problems.append(build_error(path, code, value, accepted, message))

    def raise_problems(self) -> None:
        """Raise `InvalidInput` when there is any problem."""
        if self.problems:
            raise InvalidInput(self.problems)

    def text(self, value: object, path: str, *, longest: int, is_required: bool = False) -> str:
        """Return the text without outer spaces; refuse what is too long, unprintable, or absent where needed."""
        text = str(value or "").strip()
        if is_required and not text:
            self.refuse(path, "text-missing", "", f"1 to {longest} characters", "this is needed")
        elif len(text) > longest:
            self.refuse(path, "text-too-long", len(text), f"at most {longest} characters", "this is too long")
        elif any(not letter.isprintable() and letter not in "\n\r\t" for letter in text):
            self.refuse(path, "text-unprintable", "", "printable characters", "this holds characters nobody can read")
        else:
            return text.replace("\r\n", "\n")
        return ""

    def word(self, value: object, path: str, choices: Iterable[str], *, is_required: bool = False) -> str:
        """Return one of some words; empty where nothing was chosen."""
        listed = tuple(choices)
        text = str(value or "").strip()
        if (text or is_required) and text not in listed:
            self.refuse(path, "word-unknown", text, ", ".join(listed), "this is not one of the choices")
            return ""
        return text

    def number(
        self, value: object, path: str, low: Decimal | int, high: Decimal | int, unit: str = "", *, places: int = 4
    ) -> Decimal | None:
        """Return a decimal within its bounds, or None where nothing was given."""
        if value is None or value == "":
            return None
        accepted = f"{low} to {high} {unit}".strip()
        number = _read_decimal(value)
        if number is None:
            self.refuse(path, "number-malformed", str(value), accepted, "this is not a number")
            return None
        if not low <= number <= high:
            self.refuse(path, "number-out-of-range", str(value), accepted, f"{number} lies outside {accepted}")
            return None
        return number.quantize(Decimal(1).scaleb(-places)).normalize() + 0

    def whole(self, value: object, path: str, low: int, high: int, unit: str = "") -> int | None:
        """Return a whole number within its bounds, or None where nothing was given."""
        number = self.number(value, path, low, high, unit)
        if number is None:
            return None
        if number != number.to_integral_value():
            self.refuse(path, "number-not-whole", str(value), f"a whole number, {low} to {high}", "this is not whole")
            return None
        return int(number)

    def past_day(self, value: date | None, path: str, today: date) -> date | None:
        """Return a day that is not in the future, or None where none was given."""
        if value is None:
            return None
        if not EARLIEST <= value <= today:
            accepted = f"{EARLIEST.isoformat()} to {today.isoformat()}"
            self.refuse(path, "day-not-accepted", value.isoformat(), accepted, "this day is not possible")
            return None
        return value

    def past_instant(self, value: datetime | None, path: str, now: datetime) -> datetime | None:
        """Return an aware instant that is not in the future, or None where none was given."""
        if value is None:
            return None
        if value.tzinfo is None:
            self.refuse(path, "instant-without-zone", value.isoformat(), "a time with its zone", "the zone is missing")
            return None
        if value > now + CLOCK_SLACK:
            accepted = f"not after {now.isoformat()}"
            self.refuse(path, "instant-in-future", value.isoformat(), accepted, "this lies in the future")
            return None
        return value


def get_local_date(site: Any, now: datetime) -> date:
    """Return the calendar day at a site."""
    return now.astimezone(ZoneInfo(site.timezone)).date()


def as_json(value: Any) -> Any:
    """Return a value as plain JSON: decimals become numbers, instants and days become text, tuples become lists."""
    return json.loads(json.dumps(value, default=_render_other, ensure_ascii=False))


def _render_other(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)


def _read_decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 20 else None
