"""Which instrument is due when: the schedule of measures, given a course so far, and how complete it is.

Time is cut into occurrences that do not overlap: an answer counts for exactly one, and what nobody answered stays
missing. Days are the clinic's calendar days. Unknown is not an answer: an unfinished form leaves its occurrence open.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.instruments import get_instrument
from afterglow.protocols.catalogue import load_indication_ids
from afterglow.protocols.loading import load_indication
from afterglow.terms import Citation, Grade, InvalidInput, build_error

UNKNOWN = "unknown"


class Phase(StrEnum):
    """Where a course is."""

    INTAKE = "intake"
    INDUCTION = "induction"
    MAINTENANCE = "maintenance"


class When(StrEnum):
    """How a measure comes back."""

    ONCE = "once"
    EVERY = "every"
    SESSION = "session"


class Standing(StrEnum):
    """Where a measure stands on a day."""

    OVERDUE = "overdue"
    DUE = "due"
    ANSWERED = "answered"
    MISSING = "missing"
    NOT_DUE = "not-due"


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the schedule: instruments of which one is enough, and when; `after` and `before` are of the dose.

    One that `asks_suicide` is not answered by a total alone.
    """

    id: str
    any_of: tuple[str, ...]
    is_primary: bool
    phases: tuple[Phase, ...]
    when: When
    moment: str
    needs: frozenset[str]
    protocols: frozenset[str]
    after_positive: str
    first_after: timedelta
    every: timedelta
    early: timedelta
    grace: timedelta
    citation: Citation
    asks_suicide: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """One phase of a course; `ended_on` is the first day that no longer belongs to it, None while it runs."""

    phase: Phase
    began_on: date
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered instrument: its day, whether it is complete, and whether it was positive where that is known.

    `is_bare` is a total without its answers, from which nothing is known of a question about suicide.
    """

    instrument: str
    on: date
    is_complete: bool = True
    is_positive: bool | None = None
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why an instrument was not answered on or about a day, as somebody recorded it."""

    instrument: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Course:
    """What a course is, as far as measures ask; `topics` are its indication and what the chart says of the person."""

    spans: tuple[Span, ...]
    protocol: str = ""
    topics: frozenset[str] = frozenset()
    sessions: tuple[date, ...] = ()
    answers: tuple[Answered, ...] = ()
    excuses: tuple[Excuse, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a measure is due: answers of `opens_on` up to the day before `closes_on` count for it."""

    measure: str
    instruments: tuple[str, ...]
    due_on: date
    opens_on: date
    late_from: date
    closes_on: date | None
    moment: str
    asks_suicide: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """Where one measure stands on a day, with the occurrence it speaks of and the last answer of any of its scales."""

    measure: str
    instruments: tuple[str, ...]
    standing: Standing
    due_on: date | None
    answered_by: str
    answered_on: date | None
    last_on: date | None
    is_unfinished: bool
    reason: str
    moment: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Missing:
    """One occurrence that closed, or is late, without an answer; the reason is `unknown` where nobody gave one."""

    measure: str
    instruments: tuple[str, ...]
    due_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of what was due up to a day was answered."""

    due: int
    answered: int
    missing: tuple[Missing, ...] = field(default=())

    @property
    def share(self) -> float | None:
        """Return the answered share, or None where nothing was due."""
        return self.answered / self.due if self.due else None


@cache
def load_measures() -> tuple[Measure, ...]:
    """Return every row of the schedule; one that names an unknown instrument is refused."""
    content = _read_file()
    return tuple(_read_measure({**content["shared"], **table}) for table in content["measures"])


@cache
def load_reasons() -> Mapping[str, str]:
    """Return why an answer may be missing, by its word."""
    return dict(_read_file()["reasons"])


def check_reason(word: str) -> str:
    """Return a known reason; raise `InvalidInput` for another."""
    if word not in load_reasons():
        accepted = ", ".join(load_reasons())
        raise InvalidInput([build_error("reason", "reason-unknown", word, accepted, "say why the answer is missing")])
    return word


def find_instruments(measure: Measure, course: Course) -> tuple[str, ...]:
    """Return the instruments that a measure asks of a course, the usual one first; none where it does not apply."""
    if measure.needs and not measure.needs & course.topics:
        return ()
    if measure.protocols and course.protocol not in measure.protocols:
        return ()
    if measure.after_positive and not _was_positive(course, measure.after_positive):
        return ()
    if not measure.is_primary:
        return measure.any_of
    known = sorted(course.topics & set(load_indication_ids()))
    primary = [str(load_indication(topic)["outcome"]["primary_scale"]) for topic in known]
    return tuple(scale for scale in primary if not _stands_alone(scale, measure))


def list_occurrences(measure: Measure, course: Course, today: date) -> list[Occurrence]:
    """Return the occurrences of a measure that have opened by a day, and the next one, oldest first."""
    instruments = find_instruments(measure, course)
    if not instruments:
        return []
    found: list[Occurrence] = []
    for due_on, opens_on, late_from, closes_on in _cut(measure, course):
        days = (due_on, opens_on, late_from, closes_on)
        found.append(Occurrence(measure.id, instruments, *days, measure.moment, measure.asks_suicide))
        if opens_on > today:
            break
    return found


def list_dues(course: Course, today: date) -> list[Due]:
    """Return where every measure of a course stands on a day, the overdue ones first, then by due day."""
    dues = [due for measure in load_measures() if (due := _judge(measure, course, today)) is not None]
    order = list(Standing)
    return sorted(dues, key=lambda due: (order.index(due.standing), due.due_on or date.max, due.measure))


def measure_completeness(course: Course, today: date) -> Completeness:
    """Return how many occurrences fell due up to a day, how many were answered, and which are missing and why.

    One that is due but not late yet is not counted before it is answered.
    """
    due, answered, missing = 0, 0, []
    for measure in load_measures():
        for occurrence in list_occurrences(measure, course, today):
            if occurrence.opens_on > today:
                continue
            if _find_answer(occurrence, course, today) is not None:
                due, answered = due + 1, answered + 1
            elif _is_late(occurrence, today) or (_find_reason(occurrence, course) and occurrence.due_on <= today):
                due += 1
                reason = _find_reason(occurrence, course) or UNKNOWN
                missing.append(Missing(measure.id, occurrence.instruments, occurrence.due_on, reason))
    return Completeness(due, answered, tuple(sorted(missing, key=lambda each: (each.due_on, each.measure))))


def _judge(measure: Measure, course: Course, today: date) -> Due | None:
    occurrences = list_occurrences(measure, course, today)
    if not occurrences:
        return None
    opened = [each for each in occurrences if each.opens_on <= today]
    current = opened[-1] if opened else None
    instruments = occurrences[0].instruments
    last = max(
        (each.on for each in course.answers if each.instrument in instruments and each.on <= today), default=None
    )
    if current is None or (current.closes_on is not None and current.closes_on <= today):
        upcoming = occurrences[-1] if occurrences[-1].opens_on > today else None
        if upcoming is None and current is not None:
            return _describe(measure, current, course, today, last)
        return Due(
            measure=measure.id,
            instruments=instruments,
            standing=Standing.NOT_DUE,
            due_on=upcoming.due_on if upcoming else None,
            answered_by="",
            answered_on=None,
            last_on=last,
            is_unfinished=False,
            reason="",
            moment=measure.moment,
            citation=measure.citation,
        )
    return _describe(measure, current, course, today, last)


def _describe(measure: Measure, occurrence: Occurrence, course: Course, today: date, last: date | None) -> Due:
    answer = _find_answer(occurrence, course, today)
    reason = _find_reason(occurrence, course)
    is_closed = occurrence.closes_on is not None and occurrence.closes_on <= today
    if answer is not None:
        standing = Standing.ANSWERED
    elif reason or is_closed:
        standing = Standing.MISSING
    elif _is_late(occurrence, today):
        standing = Standing.OVERDUE
    else:
        standing = Standing.DUE
    begun = any(not each.is_complete for each in _list_inside(occurrence, course, today))
    return Due(
        measure=measure.id,
        instruments=occurrence.instruments,
        standing=standing,
        due_on=occurrence.due_on,
        answered_by=answer.instrument if answer else "",
        answered_on=answer.on if answer else None,
        last_on=last,
        is_unfinished=answer is None and begun,
        reason="" if answer is not None else reason or (UNKNOWN if standing is Standing.MISSING else ""),
        moment=measure.moment,
        citation=measure.citation,
    )


def _cut(measure: Measure, course: Course) -> Iterator[tuple[date, date, date, date | None]]:
    """Yield due day, opening, first late day and closing of each occurrence; a running phase has no end of them."""
    spans = [span for span in course.spans if span.phase in measure.phases]
    if not spans:
        return
    began_on = min(span.began_on for span in spans)
    ends = [span.ended_on for span in spans]
    ended_on = None if None in ends else max(end for end in ends if end is not None)
    if measure.when is When.ONCE:
        yield began_on, began_on, ended_on or date.max, ended_on
    elif measure.when is When.SESSION:
        yield from _cut_sessions(measure, course.sessions)
    else:
        yield from _cut_every(measure, began_on, ended_on)


def _cut_sessions(measure: Measure, sessions: Sequence[date]) -> Iterator[tuple[date, date, date, date | None]]:
    before: date | None = None
    for day in sorted(set(sessions)):
        closes_on = day + timedelta(days=1)
        opens_on = day - measure.early
        # a day between two sessions belongs to the later one, the day of a session to its own
        yield day, opens_on if before is None else max(opens_on, before), closes_on, closes_on
        before = closes_on


def _cut_every(
    measure: Measure, began_on: date, ended_on: date | None
) -> Iterator[tuple[date, date, date, date | None]]:
    due_on = began_on + measure.first_after
    while ended_on is None or due_on < ended_on:
        closes_on = due_on + measure.every - measure.early
        if ended_on is not None:
            closes_on = min(closes_on, ended_on)
        yield due_on, due_on - measure.early, due_on + measure.grace + timedelta(days=1), closes_on
        due_on += measure.every


def _is_late(occurrence: Occurrence, today: date) -> bool:
    is_closed = occurrence.closes_on is not None and occurrence.closes_on <= today
    return is_closed or today >= occurrence.late_from


def _list_inside(occurrence: Occurrence, course: Course, today: date) -> list[Answered]:
    return [
        each
        for each in course.answers
        if each.instrument in occurrence.instruments and each.on <= today and _holds(occurrence, each.on)
        if not (each.is_bare and occurrence.asks_suicide)
    ]


def _find_answer(occurrence: Occurrence, course: Course, today: date) -> Answered | None:
    complete = [each for each in _list_inside(occurrence, course, today) if each.is_complete]
    return max(complete, key=lambda each: each.on, default=None)


def _find_reason(occurrence: Occurrence, course: Course) -> str:
    found = [e for e in course.excuses if e.instrument in occurrence.instruments and _holds(occurrence, e.on)]
    return max(found, key=lambda each: each.on).reason if found else ""


def _holds(occurrence: Occurrence, on: date) -> bool:
    return occurrence.opens_on <= on and (occurrence.closes_on is None or on < occurrence.closes_on)


def _was_positive(course: Course, instrument: str) -> bool:
    given = [each for each in course.answers if each.instrument == instrument and each.is_complete]
    last = max(given, key=lambda each: each.on, default=None)
    return last is not None and last.is_positive is True


def _stands_alone(scale: str, measure: Measure) -> bool:
    """Return whether a row of its own asks for a scale in the same phases already."""
    return any(
        scale in other.any_of and other.phases == measure.phases and not other.needs for other in load_measures()
    )


def _read_measure(table: Mapping[str, Any]) -> Measure:
    for name in table["any_of"]:
        get_instrument(name)
    return Measure(
        id=table["id"],
        any_of=tuple(table["any_of"]),
        is_primary=table["primary"],
        phases=tuple(Phase(each) for each in table["phases"]),
        when=When(table["when"]),
        moment=table["moment"],
        needs=frozenset(table["needs"]),
        protocols=frozenset(table["protocols"]),
        after_positive=table["after_positive"],
        first_after=timedelta(days=table["first_after_d"]),
        every=timedelta(days=table["every_d"]),
        early=timedelta(days=table["early_d"]),
        grace=timedelta(days=table["grace_d"]),
        citation=Citation(table["source"], table["locator"], Grade(table["grade"])),
        asks_suicide=table["asks_suicide"],
    )


@cache
def _read_file() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/measures.toml").read_text("utf-8"))
