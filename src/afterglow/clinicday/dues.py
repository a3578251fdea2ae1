"""Kinds of tasks as data: who owns one, when it is due, when it climbs from its owner to the lead to who is on call."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinicday.quiet import Hours
from afterglow.protocols.rules import load_rules
from afterglow.terms import Citation, Grade, InvalidInput, build_error

# what has not left the room can be taken back for this long (design language, section 5)
UNDO = timedelta(seconds=10)
SOON = timedelta(hours=24)


class Urgency(StrEnum):
    """How much a task presses."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"


class Lateness(StrEnum):
    """Where a task stands against its due time."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way a task ends, in words; `opens` names the kind of task that follows from it."""

    word: str
    label: str
    opens: str = ""
    needs_note: bool = False
    needs_answers: tuple[str, ...] = ()
    needs_calm: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One thing asked on the way to ending a task, answered in one word; `alert` is the level of a loud one."""

    id: str
    words: str
    answers: Mapping[str, str]
    loud: tuple[str, ...] = ()
    alert: str = ""


@dataclass(frozen=True, slots=True)
class Climb:
    """When a task climbs: minutes after it was due, on the wall's or the clinic's clock. Site policy.

    One that climbs `is_from_opening` does not wait until it is late: its minutes count from its beginning. Of what is
    ahead it climbs to the lead `lead_before` that at the latest.
    """

    lead_role: str
    lead_after: timedelta
    on_call_role: str
    on_call_after: timedelta
    at_once_when_closed: bool = False
    is_from_opening: bool = False
    lead_before: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task with everything that follows from it.

    One without outcomes ends where its work is done; one that `is_settled_only` cannot be cancelled either. Of what
    is ahead it is due `due_before` that at the latest. One that `is_call` telephones somebody at home: late, it stands
    first of the day's work, and the whole role sees it, whoever owns it.
    """

    id: str
    title: str
    asks: str
    role: str
    urgency: Urgency
    due_after: timedelta
    clock: str
    is_clinical: bool
    outcomes: tuple[Outcome, ...]
    attempts: tuple[Outcome, ...]
    citation: Citation
    climb: Climb | None
    opens_before: timedelta = timedelta()
    due_before: timedelta | None = None
    is_settled_only: bool = False
    is_call: bool = False
    questions: tuple[Question, ...] = ()

    def list_loud(self, answers: Mapping[str, str]) -> list[Question]:
        """Return the questions whose answer is a concern."""
        return [each for each in self.questions if answers.get(each.id) in each.loud]

    def find_outcome(self, word: str) -> Outcome | None:
        """Return the outcome of that word, or None."""
        return next((each for each in self.outcomes if each.word == word), None)


@cache
def load_kinds() -> Mapping[str, Kind]:
    """Return every kind of task by its id."""
    content = _read_file()
    return {key: _read_kind(key, {**content["shared"], **table}) for key, table in content["kinds"].items()}


@cache
def list_calls() -> tuple[str, ...]:
    """Return the kinds that are calls to somebody at home."""
    return tuple(kind.id for kind in load_kinds().values() if kind.is_call)


@cache
def load_cover() -> Mapping[str, str]:
    """Return the roles of the roster: covered `always`, while the clinic is `closed`, or as the site has `chosen`."""
    return dict(_read_file()["roster"]["cover"])


@cache
def get_ask_again() -> timedelta:
    """Return how long after finding nobody on call, or after telling who is, an urgent task asks again."""
    return timedelta(minutes=_read_file()["escalation"]["ask_again_min"])


@cache
def get_standing_after() -> timedelta:
    """Return after how long a late task is long-standing: below the work of the day, in a group of its own."""
    return timedelta(days=_read_file()["standing"]["after_d"])


@cache
def get_policy() -> Citation:
    """Return the citation of the times of escalation: the site's own policy."""
    return _read_citation(_read_file()["escalation"])


def list_on_call_roles(kinds: Iterable[str]) -> frozenset[str]:
    """Return the roles whose person on call is told where nobody takes a task of some kinds."""
    known = [get_kind(name).climb for name in kinds]
    return frozenset(climb.on_call_role for climb in known if climb is not None)


def get_kind(name: str) -> Kind:
    """Return a kind of task; raise `InvalidInput` for one that does not exist."""
    try:
        return load_kinds()[name]
    except KeyError:
        accepted = ", ".join(load_kinds())
        raise InvalidInput([build_error("kind", "kind-unknown", name, accepted, f"no task {name}")]) from None


def calculate_due(kind: Kind, since: datetime, hours: Hours | None) -> datetime:
    """Return when a task of a kind is due that counts from `since`."""
    return _add(kind, since, kind.due_after, hours)


def calculate_climb(kind: Kind, due_at: datetime, level: int, hours: Hours | None) -> datetime | None:
    """Return when a task that stands at a level climbs to the next, or None when it climbs no further.

    An urgent one that has reached who is on call is told again, to whoever is on call then, until somebody ends it.
    """
    if kind.climb is None:
        return None
    if level >= 2:
        return due_at + get_ask_again() if kind.urgency is Urgency.URGENT else None
    if level == 0 and kind.climb.is_from_opening:
        return due_at - kind.due_after + kind.climb.lead_after
    return _add(kind, due_at, kind.climb.lead_after if level == 0 else kind.climb.on_call_after, hours)


def bring_forward(at: datetime | None, before: timedelta | None, ahead_of: datetime, now: datetime) -> datetime | None:
    """Return the instant, or an earlier one so long before what is ahead; at once where that has passed."""
    if before is None:
        return at
    latest = max(now, ahead_of - before)
    return latest if at is None else min(at, latest)


def find_first_level(kind: Kind, at: datetime, hours: Hours | None) -> int:
    """Return the level at which a new task begins: 2 when it goes to who is on call at once, outside hours."""
    goes_at_once = kind.climb is not None and kind.climb.at_once_when_closed
    return 2 if goes_at_once and hours is not None and not hours.is_open(at) else 0


def find_lateness(due_at: datetime, now: datetime, end_of_day: datetime) -> Lateness:
    """Return where a task stands; the minute in which it is due is not late yet."""
    if now > due_at:
        return Lateness.OVERDUE
    if due_at < end_of_day:
        return Lateness.TODAY
    return Lateness.SOON if due_at - now <= SOON else Lateness.LATER


class Rank(IntEnum):
    """Where a task stands among others, the first in need first."""

    URGENT = 0
    CALL = 1
    HELD = 2
    HELD_LONG = 3
    DAY = 4
    STANDING = 5
    LATER = 6


def rank(
    *, due_at: datetime, now: datetime, end_of_day: datetime, is_urgent: bool, is_here: bool, is_call: bool = False
) -> Rank:
    """Return the rank of a task; `is_here` says that its person is here today or still comes, `is_call` that it is a
    call to somebody at home after a session.

    What is urgent comes first, then late calls, then what is due and holds somebody of today, then the day's own work;
    what has been late for longer than a site's policy says stands below it, however late, and what is not due yet at
    the end.
    """
    if is_urgent:
        return Rank.URGENT
    if due_at >= end_of_day:
        return Rank.LATER
    is_long = now - due_at > get_standing_after()
    if is_call and due_at < now and not is_long:
        return Rank.CALL
    if is_here:
        return Rank.HELD_LONG if is_long else Rank.HELD
    return Rank.STANDING if is_long else Rank.DAY


def _add(kind: Kind, since: datetime, length: timedelta, hours: Hours | None) -> datetime:
    if kind.clock == "clinic" and hours is not None:
        return hours.add_open_time(since, length)
    return since + length


def _read_kind(key: str, table: Mapping[str, Any]) -> Kind:
    climb = table.get("climb")
    return Kind(
        id=key,
        title=table["title"],
        asks=table["asks"],
        role=table["role"],
        urgency=Urgency(table["urgency"]),
        due_after=timedelta(minutes=table["due_min"]),
        clock=table["clock"],
        is_clinical=table["is_clinical"],
        outcomes=_read_outcomes(table["outcomes"]),
        attempts=_read_outcomes(table.get("attempts", {})),
        citation=_find_rule_citation(table["rule"]) if "rule" in table else _read_citation(table),
        climb=None if climb is None else _read_climb(climb),
        opens_before=timedelta(days=table.get("opens_before_d", 0)),
        due_before=_read_minutes(table.get("due_before_min")),
        is_settled_only=table.get("is_settled_only", False),
        is_call=table.get("is_call", False),
        questions=tuple(_read_question(each) for each in table.get("questions", ())),
    )


def _read_question(table: Mapping[str, Any]) -> Question:
    return Question(**{**table, "loud": tuple(table.get("loud", ()))})


def _read_climb(table: Mapping[str, Any]) -> Climb:
    return Climb(
        lead_role=table["lead"],
        lead_after=timedelta(minutes=table["lead_after_min"]),
        on_call_role=table["on_call"],
        on_call_after=timedelta(minutes=table["on_call_after_min"]),
        at_once_when_closed=table.get("at_once_when_closed", False),
        is_from_opening=table.get("is_from_opening", False),
        lead_before=_read_minutes(table.get("lead_before_min")),
    )


def _read_minutes(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(minutes=value)


def _read_outcomes(table: Mapping[str, Any]) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(word, each)
        if isinstance(each, str)
        else Outcome(word=word, **{**each, "needs_answers": tuple(each.get("needs_answers", ()))})
        for word, each in table.items()
    )


def _read_citation(table: Mapping[str, Any]) -> Citation:
    return Citation(table["source"], table["locator"], Grade(table["grade"]))


def _find_rule_citation(key: str) -> Citation:
    """Return the citation of a protocol's rule by its key (`LT-1/due-early`)."""
    return next(rule.citation for rule in load_rules() if rule.key == key)


@cache
def _read_file() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/tasks.toml").read_text("utf-8"))
