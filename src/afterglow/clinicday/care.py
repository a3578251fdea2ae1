"""Integration and shared care, worked out: hours after a session, the integration window, the gates of a course.

A gate is an instant at which the protocol says to judge again; the person's own goals are looked at there too.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinicday.booking import get_value as get_booking_value
from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Citation, Grade

HOUR = timedelta(hours=1)


class Outcome(StrEnum):
    """How a goal stands at a review."""

    MET = "met"
    PARTLY = "partly"
    NOT = "not"
    CHANGED = "changed"


class Marks(StrEnum):
    """By what a gate is reached."""

    SESSION = "session"
    INDUCTION = "induction"
    WEEK = "week"
    PERIODIC = "periodic"


@dataclass(frozen=True, slots=True)
class Window:
    """The hours after a session in which an integration visit lies, both ends included."""

    from_h: int
    until_h: int
    citation: Citation

    def holds(self, left_at: datetime, starts_at: datetime) -> bool:
        """Return whether a visit lies in the window."""
        return self.begin(left_at) <= starts_at <= self.end(left_at)

    def begin(self, left_at: datetime) -> datetime:
        """Return when the window opens."""
        return left_at + self.from_h * HOUR

    def end(self, left_at: datetime) -> datetime:
        """Return when it closes."""
        return left_at + self.until_h * HOUR


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for the window, or against it, with whom it was seen in."""

    text: str
    population: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of a course: the count says which session, how many sessions, which week, or which round.

    `reached_on` is None while it lies ahead; `due_on` is known for gates that follow the calendar.
    """

    id: str
    marks: Marks
    count: int
    text: str
    citation: Citation
    reached_on: date | None = None
    due_on: date | None = None

    @property
    def is_reached(self) -> bool:
        """Return whether the course has come this far."""
        return self.reached_on is not None


@cache
def get_window() -> Window:
    """Return the integration window that a booking is judged by (IN-1)."""
    low, high = get_booking_value("integration_from_h"), get_booking_value("integration_until_h")
    return Window(int(low.value), int(high.value), low.citation)


@cache
def load_reasons() -> tuple[Reason, ...]:
    """Return what is known about the window."""
    rows = _load()["window"]["reasons"]
    return tuple(Reason(row["text"], row["population"], _cite(row)) for row in rows)


@cache
def get_value(name: str) -> Value:
    """Return one number of this room's data with its unit and source."""
    row = _load()["values"][name]
    return Value(value=row["value"], unit=row["unit"], citation=_cite(row))


def calculate_hours_after(left_at: datetime, starts_at: datetime) -> int:
    """Return the whole hours from leaving a session to a visit; negative before it."""
    return int((starts_at - left_at) // HOUR)


def find_session_before(left: Sequence[datetime], at: datetime) -> int | None:
    """Return which session, from 1, was the last one left before an instant; None before the first."""
    before = sum(1 for instant in left if instant <= at)
    return before or None


def list_gates(
    protocol: Protocol, *, sessions: Sequence[date], induction_sessions: int | None, today: date
) -> tuple[Gate, ...]:
    """Return the gates of a course in order: those reached, with their day, and those ahead.

    Parameters
    ----------
    sessions : sequence of date
        The days on which drug was given, in order, on the clinic's calendar.
    induction_sessions : int or None
        What the plan says; without it the protocol's own number stands.
    today : date
        The clinic's day; gates by the calendar are reached by it.
    """
    asked = protocol.indication_details.get("gates")
    wanted = set(asked.value if isinstance(asked, Value) else asked) if asked else None
    reviews = [row for row in protocol.schedule.get("reviews", ()) if wanted is None or row["id"] in wanted]
    found: list[Gate] = []
    for row in reviews:
        found += _read_gates(row, sessions, induction_sessions, today)
    return _drop_doubles(found)


def find_induction_end(sessions: Sequence[date], induction_sessions: int | None, gates: Sequence[Gate]) -> date | None:
    """Return the day on which the induction was complete: by the plan's sessions, else by the protocol's gate."""
    if induction_sessions:
        return sessions[induction_sessions - 1] if len(sessions) >= induction_sessions else None
    marks = (Marks.INDUCTION, Marks.WEEK)
    return next((gate.reached_on for gate in gates if gate.marks in marks and gate.is_reached), None)


def _read_gates(
    row: Mapping[str, Any], sessions: Sequence[date], induction_sessions: int | None, today: date
) -> list[Gate]:
    key = row["id"]
    if key == "T-5":
        value: Value = row["after_session"]
        return [_at_session(row, key, Marks.INDUCTION, induction_sessions or int(value.value), value, sessions)]
    if "again_after_session" in row:
        first, again = row["after_session"], row["again_after_session"]
        return [
            _at_session(row, key, Marks.SESSION, int(first.value), first, sessions),
            _at_session(row, f"{key}/again", Marks.SESSION, int(again.value), again, sessions),
        ]
    if "after_week" in row:
        return [_at_week(row, sessions, today)]
    if key == "T-7":
        return _at_rounds(row, sessions, today)
    # titration rules and stop rules are no gates at which goals are looked at
    return []


def _at_session(
    row: Mapping[str, Any], key: str, marks: Marks, count: int, value: Value, sessions: Sequence[date]
) -> Gate:
    reached = sessions[count - 1] if len(sessions) >= count else None
    return Gate(key, marks, count, row["text"], value.citation, reached)


def _at_week(row: Mapping[str, Any], sessions: Sequence[date], today: date) -> Gate:
    value: Value = row["after_week"]
    weeks = int(value.value)
    due = sessions[0] + timedelta(weeks=weeks) if sessions else None
    reached = due if due is not None and due <= today else None
    return Gate(row["id"], Marks.WEEK, weeks, row["text"], value.citation, reached, due)


def _at_rounds(row: Mapping[str, Any], sessions: Sequence[date], today: date) -> list[Gate]:
    """T-7: the last round that the course has reached, and the next."""
    if not sessions:
        return []
    every = get_value("review_every_d")
    length = int(every.value)
    # a course that has ended has no further rounds: the last session is what a round needs
    done = max(0, (min(today, sessions[-1] + timedelta(days=length)) - sessions[0]).days // length)
    gates = []
    for number in (done, done + 1):
        if number:
            due = sessions[0] + timedelta(days=number * length)
            reached = due if number == done else None
            key = f"{row['id']}/{number}"
            gates.append(Gate(key, Marks.PERIODIC, number, row["text"], every.citation, reached, due))
    return gates


def _drop_doubles(gates: Sequence[Gate]) -> tuple[Gate, ...]:
    """Return the gates in order; of two at the same session the end of induction stays."""
    induction = {gate.count for gate in gates if gate.marks is Marks.INDUCTION}
    kept = [gate for gate in gates if gate.marks is not Marks.SESSION or gate.count not in induction]
    return tuple(sorted(kept, key=_order))


def _order(gate: Gate) -> tuple[int, date, int]:
    day = gate.reached_on or gate.due_on or date.max
    return (0 if gate.is_reached else 1, day, gate.count)


def _cite(row: Mapping[str, Any]) -> Citation:
    return Citation(row["source"], row["locator"], Grade(row["grade"]))


@cache
def _load() -> Mapping[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/care.toml").read_text(encoding="utf-8"))
