"""The calendar of long-term screens: when each was done, when it is due, and what the protocol's rules say of it.

Intervals and thresholds are read from the protocol's rules (LT-1 to LT-4, LT-13); nothing here repeats a number.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinicday.dues import get_kind
from afterglow.protocols.conditions import check_condition
from afterglow.protocols.derive import derive_facts
from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.model import Rule, Stage
from afterglow.protocols.rules import load_rules
from afterglow.terms import Citation, Finding, Grade, Severity

DAYS_PER_MONTH = 30.44
MEMORY = "memory"
MEMORY_ANSWERS = ("unchanged", "worse", "better")


class Standing(StrEnum):
    """Where a screen stands on a day."""

    FOUND = "found"
    NEVER = "never"
    OVERDUE = "overdue"
    SOON = "soon"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is asked again and again, with the rules that say how often and judge the answer."""

    id: str
    screen: str
    title: str
    task: str
    answers: tuple[str, ...]
    due: tuple[Rule, ...]
    finding: tuple[Rule, ...]
    age: str = ""
    sessions: str = ""
    known_for: timedelta | None = None
    known_for_citation: Citation | None = None
    counts_from_first: bool = False
    after_last_dose: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen as it is recorded: what it asks, and what of that must be answered."""

    id: str
    title: str
    asks: tuple[str, ...]
    needed: tuple[str, ...]
    has_note: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and the day it belongs to."""

    value: Any
    on: date


@dataclass(frozen=True, slots=True)
class Course:
    """What a course is, as far as screens ask: its sessions, its plan, and the last answers."""

    sessions: tuple[date, ...] = ()
    induction_sessions: int | None = None
    drug: str = ""
    indication: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    last_left_at: datetime | None = None
    is_called_back: bool | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One line of the calendar: last done, due by which day or after how many sessions, under which rule."""

    item: str
    screen: str
    title: str
    task: str
    standing: Standing
    last_on: date | None
    last_value: str
    due_on: date | None
    sessions_left: int | None
    threshold: str
    rule: str
    source: str
    grade: str
    findings: tuple[Finding, ...] = ()

    @property
    def is_due(self) -> bool:
        """Return whether it should be done now."""
        return self.standing in (Standing.NEVER, Standing.OVERDUE)


@cache
def load_items() -> tuple[Item, ...]:
    """Return every line of the calendar, in order."""
    return tuple(_read_item(table) for table in _read_file()["items"])


@cache
def load_screens() -> Mapping[str, Screen]:
    """Return every screen by its id."""
    return {
        table["id"]: Screen(
            table["id"], table["title"], tuple(table["asks"]), tuple(table["needed"]), table.get("has_note", False)
        )
        for table in _read_file()["screens"]
    }


@cache
def list_answer_names() -> tuple[str, ...]:
    """Return the facts that screens ask for."""
    return tuple(dict.fromkeys(name for screen in load_screens().values() for name in screen.asks))


def list_dues(course: Course, on: date, *, more_sessions: int = 0) -> list[Due]:
    """Return the calendar of a course as it stands on a day; `more_sessions` are booked before it."""
    facts = derive_course_facts(course, on, more_sessions=more_sessions)
    return [_describe(item, course, facts, on, more_sessions) for item in load_items()]


def judge_course(course: Course, on: date, *, more_sessions: int = 0) -> list[Finding]:
    """Return what the rules of long-term screens find on a day, worst first: a booking warns or stops by these."""
    found = [finding for due in list_dues(course, on, more_sessions=more_sessions) for finding in due.findings]
    order = (Severity.STOP, Severity.MISSING, Severity.CAUTION, Severity.INFO)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def list_kept_after_stopping(course: Course, on: date) -> frozenset[str]:
    """Return the items that are still asked for once no more doses are planned: found, or owed since the last dose."""
    dues = {due.item: due for due in list_dues(course, on)}
    return frozenset(
        item.id
        for item in load_items()
        if dues[item.id].standing is Standing.FOUND or (item.after_last_dose and _is_owed(dues[item.id], course))
    )


def _is_owed(due: Due, course: Course) -> bool:
    """Return whether something was given that the screen has not been done after; the day of a dose is before it."""
    return bool(course.sessions) and (due.last_on is None or due.last_on <= course.sessions[-1])


def derive_course_facts(
    course: Course, on: date, *, now: datetime | None = None, more_sessions: int = 0
) -> dict[str, Any]:
    """Return the facts that rules of surveillance read; what is not known is absent."""
    facts: dict[str, Any] = {}
    for name, answer in course.answers.items():
        if name == MEMORY or _is_forgotten(name, answer, on):
            continue
        facts[name] = answer.value
        facts[f"{name.rpartition('.')[0]}.on"] = answer.on
    if facts.get("history.urinary_symptoms") is False:
        # that question asks about pain and blood too: a no answers both
        facts.setdefault("course.has_haematuria_or_pain", False)
    known = derive_facts(facts, on)
    known |= _count_sessions(course, on, more_sessions)
    for name, target in (("course.has_misuse", "course.misuse_review_age_d"), (MEMORY, "course.memory_question_age_d")):
        if name in course.answers:
            known[target] = (on - course.answers[name].on).days
    if course.last_left_at is not None and now is not None and course.is_called_back is not None:
        known["course.hours_since_session"] = int((now - course.last_left_at).total_seconds() // 3600)
        known["course.is_called_back"] = course.is_called_back
    known |= {name: value for name, value in (("drug", course.drug), ("indication", course.indication)) if value}
    return known


def _count_sessions(course: Course, on: date, more_sessions: int) -> dict[str, Any]:
    done = [day for day in course.sessions if day <= on]
    total = len(done) + more_sessions
    counted: dict[str, Any] = {
        "course.sessions": total,
        "course.months": int((on - done[0]).days / DAYS_PER_MONTH) if done else 0,
    }
    if course.induction_sessions is not None:
        upkeep = max(total - course.induction_sessions, 0)
        counted["course.maintenance_sessions"] = upkeep
        counted["course.phase"] = "maintenance" if total >= course.induction_sessions else "induction"
        late = done[course.induction_sessions :]
        if len(late) > 1:
            counted["course.days_between_sessions"] = Decimal((late[-1] - late[0]).days) / (len(late) - 1)
    score = course.answers.get("scales.luts.total")
    if score is not None:
        # the score is asked before leaving: a session of the same day is counted as before it
        counted["course.sessions_since_luts"] = sum(day > score.on for day in done) + more_sessions
    return counted


def _is_forgotten(name: str, answer: Answer, on: date) -> bool:
    """Return whether an answer is too old to count as known."""
    spans = [item.known_for for item in load_items() if name in item.answers and item.known_for is not None]
    return any(on - answer.on > span for span in spans)


def _describe(item: Item, course: Course, facts: Mapping[str, Any], on: date, more_sessions: int) -> Due:
    asked = [course.answers.get(name) for name in item.answers]
    last_on = min(answer.on for answer in asked if answer) if all(asked) else None
    due_on, rule = _find_due_day(item, facts, last_on or _find_first_day(item, course, on))
    rules = [rule for rule in (*item.due, *item.finding) if _may_apply(rule, facts)]
    is_waiting = last_on is None and due_on is not None and on <= due_on
    findings = () if is_waiting else evaluate_rules(rules, facts, Stage.SURVEILLANCE).findings
    left = _count_sessions_left(item, facts)
    return Due(
        item=item.id,
        screen=item.screen,
        title=item.title,
        task=item.task,
        standing=_find_standing(item, findings, last_on is None and not is_waiting, due_on, on),
        last_on=last_on,
        last_value=_describe_value(asked),
        due_on=due_on,
        sessions_left=left,
        threshold=_find_threshold(item, rule),
        rule=rule.id,
        source=_find_citation(item, rule).text,
        grade=str(_find_citation(item, rule).grade),
        findings=findings,
    )


def _find_standing(item: Item, findings: Sequence[Finding], is_never: bool, due_on: date | None, on: date) -> Standing:
    if any(finding.severity in (Severity.STOP, Severity.CAUTION) for finding in findings):
        return Standing.FOUND
    if is_never:
        return Standing.NEVER
    if findings:
        return Standing.OVERDUE
    is_near = due_on is not None and due_on - on <= get_kind(item.task).opens_before
    return Standing.SOON if is_near else Standing.OK


def _find_first_day(item: Item, course: Course, on: date) -> date | None:
    """Return the day from which something counts that needs no baseline: the first session, or today before it."""
    if not item.counts_from_first:
        return None
    return course.sessions[0] if course.sessions else on


def _find_due_day(item: Item, facts: Mapping[str, Any], last_on: date | None) -> tuple[date | None, Rule]:
    """Return the last day on which no rule asks yet, and the rule that asks first."""
    rules = [rule for rule in item.due if _may_apply(rule, facts)] or [*item.due, *item.finding]
    if last_on is None:
        return None, rules[0]
    if item.known_for is not None:
        return last_on + item.known_for, rules[0]
    limits = [
        (limit, rule)
        for rule in rules
        for limit in _list_limits(rule.when, item.age)
        if check_condition(rule.when, {**facts, item.age: limit + 1}) is True
    ]
    if not limits:
        return None, rules[0]
    limit, rule = min(limits, key=lambda pair: pair[0])
    return last_on + timedelta(days=limit), rule


def _count_sessions_left(item: Item, facts: Mapping[str, Any]) -> int | None:
    """Return after how many more sessions a rule asks, or None where sessions do not count."""
    since = facts.get(item.sessions)
    if not item.sessions or since is None:
        return None
    limits = [
        limit
        for rule in item.due
        if _may_apply(rule, facts)
        for limit in _list_limits(rule.when, item.sessions, operator=">=")
    ]
    return max(min(limits) - since, 0) if limits else None


def _list_limits(condition: Mapping[str, Any], name: str, operator: str = ">") -> Iterator[int]:
    for key in ("all", "any"):
        for part in condition.get(key, ()):
            yield from _list_limits(part, name, operator)
    if condition.get("fact") == name and condition.get("op") == operator:
        yield int(condition["value"])


def _may_apply(rule: Rule, facts: Mapping[str, Any]) -> bool:
    return rule.applies is None or check_condition(rule.applies, facts) is True


def _find_threshold(item: Item, rule: Rule) -> str:
    if item.known_for is not None:
        return f"Asked again every {item.known_for.days} days"
    return rule.threshold


def _find_citation(item: Item, rule: Rule) -> Citation:
    return item.known_for_citation or rule.citation


def _describe_value(answers: Sequence[Answer | None]) -> str:
    return ", ".join(_render(answer.value) for answer in answers if answer is not None)


def _render(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _read_item(table: Mapping[str, Any]) -> Item:
    rules = {rule.key: rule for rule in load_rules()}
    known = table.get("known_for_d")
    return Item(
        id=table["id"],
        screen=table["screen"],
        title=table["title"],
        task=table["task"],
        answers=tuple(table["answers"]),
        due=tuple(rules[key] for key in table.get("due", ())),
        finding=tuple(rules[key] for key in table.get("finding", ())),
        age=table.get("age", ""),
        sessions=table.get("sessions", ""),
        known_for=None if known is None else timedelta(days=known["value"]),
        counts_from_first=table.get("counts_from_first", False),
        after_last_dose=table.get("after_last_dose", False),
        known_for_citation=None
        if known is None
        else Citation(known["source"], known["locator"], Grade(known["grade"])),
    )


@cache
def _read_file() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/surveillance.toml").read_text("utf-8"))
