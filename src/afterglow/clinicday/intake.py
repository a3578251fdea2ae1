"""The questions of the intake form as data, and reading what was answered: every problem at once, by its field."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.protocols.facts import load_facts
from afterglow.terms import Problem, build_error, is_plain_number

YES_NO = ("yes", "no", "unknown")
LANGUAGES = ("en", "es")
EARLIEST = date(1900, 1, 1)
SHORTEST_PHONE = 5
MOST_LINES = 40
LONGEST_LINE = 200
_LONGEST = 500


class IntakeDataError(ValueError):
    """The packaged questions contradict themselves."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One word that may be chosen, with its label by language."""

    value: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One question; `name` is the key of its answer."""

    name: str
    kind: str
    label: Mapping[str, str]
    choices: tuple[Choice, ...] = ()
    is_required: bool = False
    is_needed_by_staff: bool = False
    is_staff: bool = False
    longest: int = _LONGEST
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    fact: str = ""
    level: str = ""
    headline: str = ""
    row: int = 0
    staff: str = ""

    @property
    def staff_label(self) -> str:
        """Return the question as staff read it, about a person and not to them."""
        return self.staff or self.label["en"]

    def is_needed(self, is_staff: bool) -> bool:
        """Return whether a form asks for an answer: a letter says less than a person can."""
        return self.is_needed_by_staff if is_staff else self.is_required

    @property
    def values(self) -> tuple[str, ...]:
        """Return the words that may be answered; empty where any text may."""
        return YES_NO if self.kind == "yes-no" else tuple(choice.value for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that stand together; with `repeat` they stand that many times."""

    key: str
    title: Mapping[str, str]
    note: Mapping[str, str]
    fields: tuple[Field, ...]
    repeat: int = 1
    staff_title: str = ""
    staff_note: str | None = None

    def list_rows(self) -> list[list[Field]]:
        """Return the fields of each repetition."""
        return [[item for item in self.fields if item.row == row] for row in sorted({f.row for f in self.fields})]


@dataclass(frozen=True, slots=True)
class Intake:
    """All questions in their order."""

    sections: tuple[Section, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return every field."""
        return tuple(item for section in self.sections for item in section.fields)

    def find_field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((item for item in self.fields if item.name == name), None)

    def list_sections(self, *, is_staff: bool = False) -> list[Section]:
        """Return the sections of a form: staff see all, the public form lacks what only a letter says."""
        kept = []
        for section in self.sections:
            fields = tuple(item for item in section.fields if is_staff or not item.is_staff)
            if fields:
                kept.append(replace(section, fields=fields))
        return kept


@dataclass(slots=True)
class Reading:
    """What was read: answers by name as plain JSON, blanks left out, and every problem."""

    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        """Note one problem."""
        self.problems.append(build_error(path, code, value, accepted, message))


@cache
def load_intake() -> Intake:
    """Return the questions; a doubled name or a fact that the vocabulary lacks is refused."""
    text = files("afterglow.clinicday").joinpath("data/intake.toml").read_text(encoding="utf-8")
    intake = Intake(tuple(_parse_section(entry) for entry in tomllib.loads(text)["section"]))
    names = [item.name for item in intake.fields]
    if len(names) != len(set(names)):
        raise IntakeDataError("a field stands twice")
    for item in intake.fields:
        if item.fact and item.fact not in load_facts():
            raise IntakeDataError(f"{item.name} states the unknown fact {item.fact}")
        if any(set(LANGUAGES) - set(words) for words in (item.label, *(choice.label for choice in item.choices))):
            raise IntakeDataError(f"{item.name} lacks a language")
    return intake


def read_intake(raw: Mapping[str, Any], *, today: date, is_staff: bool = False, is_partial: bool = False) -> Reading:
    """Return what was answered, checked; with `is_partial` nothing is required (a crisis waits for no form).

    A field of staff in the public form, and a name that no question has, are refused.
    """
    fields = {item.name: item for item in load_intake().fields if is_staff or not item.is_staff}
    reading = Reading()
    for name in sorted(set(raw) - set(fields)):
        reading.refuse(str(name)[:80], "field-unknown", str(name)[:80], "a field of the form", "no such field is asked")
    for item in fields.values():
        value = _read(item, raw.get(item.name), today, reading)
        if value is not None:
            reading.answers[item.name] = value
        elif item.is_needed(is_staff) and not is_partial and not _is_refused(item, reading):
            reading.refuse(item.name, "answer-missing", "", "an answer", "this is needed")
    _check_together(reading)
    return reading


def is_crisis(answers: Mapping[str, Any]) -> bool:
    """Return whether an answer asks for a call now."""
    return any(item.level == "crisis" for item in iterate_alarms(answers))


def iterate_alarms(answers: Mapping[str, Any]) -> Iterator[Field]:
    """Iterate over the crisis questions that were answered with yes."""
    return (item for item in load_intake().fields if item.level and answers.get(item.name) == "yes")


def get_number(name: str) -> int:
    """Return which question of its section a field is, counted from one."""
    for section in load_intake().sections:
        for number, item in enumerate(section.fields, start=1):
            if item.name == name:
                return number
    raise KeyError(name)


def _parse_section(entry: Mapping[str, Any]) -> Section:
    repeat = int(entry.get("repeat", 1))
    fields = []
    for row in range(1, repeat + 1):
        prefix = f"{entry['key']}_{row}_" if "repeat" in entry else ""
        fields += [_parse_field(item, prefix, row) for item in entry["fields"]]
    staff: dict[str, Any] = {name: entry[name] for name in ("staff_title", "staff_note") if name in entry}
    return Section(entry["key"], entry["title"], entry.get("note", {}), tuple(fields), repeat, **staff)


def _parse_field(entry: Mapping[str, Any], prefix: str, row: int) -> Field:
    choices = tuple(Choice(choice["value"], choice["label"]) for choice in entry.get("choices", ()))
    given: dict[str, Any] = {key: value for key, value in entry.items() if key not in ("name", "choices")}
    given |= {key: Decimal(str(entry[key])) for key in ("minimum", "maximum") if key in entry}
    return Field(name=prefix + entry["name"], choices=choices, row=row, **given)


def _is_refused(item: Field, reading: Reading) -> bool:
    return any(problem.path == item.name for problem in reading.problems)


def _read(item: Field, value: object, today: date, reading: Reading) -> Any:
    """Return one answer as plain JSON, or None where nothing was given or it was refused."""
    text = value.isoformat() if isinstance(value, date) else str("" if value is None else value).strip()
    if not text:
        return None
    if item.values:
        return _read_word(item, text, reading)
    if item.kind == "number":
        return _read_number(item, text, reading)
    if item.kind == "date":
        return _read_date(item, text, today, reading)
    return _read_text(item, text, reading)


def _read_word(item: Field, text: str, reading: Reading) -> str | None:
    if text in item.values:
        return text
    reading.refuse(item.name, "word-unknown", text[:80], ", ".join(item.values), "this is not one of the choices")
    return None


def _read_number(item: Field, text: str, reading: Reading) -> int | float | None:
    accepted = f"{item.minimum} to {item.maximum}"
    plain = text.replace(",", ".", 1)
    if not is_plain_number(plain):
        reading.refuse(item.name, "number-malformed", text[:80], accepted, "this is not a number")
        return None
    number = Decimal(plain)
    if (item.minimum is not None and number < item.minimum) or (item.maximum is not None and number > item.maximum):
        reading.refuse(item.name, "number-out-of-range", text[:80], accepted, f"this lies outside {accepted}")
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _read_date(item: Field, text: str, today: date, reading: Reading) -> str | None:
    accepted = f"{EARLIEST.isoformat()} to {today.isoformat()}"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        reading.refuse(item.name, "date-malformed", text[:80], accepted, "this is not a date")
        return None
    if not EARLIEST <= day <= today:
        reading.refuse(item.name, "day-not-accepted", text[:80], accepted, "this day is not possible")
        return None
    return day.isoformat()


def _read_text(item: Field, text: str, reading: Reading) -> str | None:
    is_block = item.kind in ("long", "lines")
    plain = text.replace("\r\n", "\n") if is_block else " ".join(text.split())
    if len(plain) > item.longest:
        accepted = f"at most {item.longest} characters"
        reading.refuse(item.name, "text-too-long", len(plain), accepted, "this is too long")
        return None
    if any(not letter.isprintable() and letter not in "\n\t" for letter in plain):
        reading.refuse(item.name, "text-unprintable", "", "printable characters", "this holds characters nobody reads")
        return None
    lines = plain.splitlines()
    if item.kind == "lines" and (len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines)):
        accepted = f"at most {MOST_LINES} lines of {LONGEST_LINE} characters"
        reading.refuse(item.name, "lines-too-many", len(lines), accepted, "this is too long")
        return None
    if item.kind == "phone" and sum(letter.isdigit() for letter in plain) < SHORTEST_PHONE:
        accepted = f"at least {SHORTEST_PHONE} digits"
        reading.refuse(item.name, "phone-malformed", plain[:40], accepted, "this is not a phone number")
        return None
    if item.kind == "email" and not _is_email(plain):
        reading.refuse(item.name, "email-malformed", plain[:80], "name@place", "this is not an e-mail address")
        return None
    return plain


def _is_email(text: str) -> bool:
    name, at, place = text.rpartition("@")
    return bool(name and at and "." in place.strip(".")) and not any(letter.isspace() for letter in text)


def _check_together(reading: Reading) -> None:
    """Refuse answers that are possible each and impossible together."""
    answers = reading.answers
    upper, lower = answers.get("bp_systolic"), answers.get("bp_diastolic")
    if upper is not None and lower is not None and upper <= lower:
        message = "the upper number is not above the lower one"
        reading.refuse("bp_diastolic", "pressure-inverted", lower, f"less than {upper}", message)
    item9, total = answers.get("phq9_item9"), answers.get("phq9_total")
    if item9 is not None and total is not None and item9 > total:
        reading.refuse("phq9_item9", "item-above-total", item9, f"at most {total}", "item 9 is above the total")
    pairs = (
        ("has_no_trials", "trial_", "no medicine was tried, yet one is named"),
        ("takes_no_medicines", "medicine_", "no medicine is taken, yet one is named"),
        ("has_no_allergies", "allergies", "no allergy is known, yet one is named"),
    )
    for name, prefix, message in pairs:
        if answers.get(name) == "yes" and any(key.startswith(prefix) for key in answers):
            reading.refuse(name, "answers-contradict", "yes", "no, or nothing named", message)
