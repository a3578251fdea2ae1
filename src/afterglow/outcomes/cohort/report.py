"""The clinic's report: counts in, figures out, small ones hidden with whatever would give them away.

A row of people (condition and way) that is too small is hidden whole, with another one beside it; what the hidden rows
hold together is treated as one row of the table, because it follows from the totals. Sizes of the rows that stay are
known to the reader, so that of a hidden count its counterpart goes too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from afterglow.outcomes.cohort.shares import Share, estimate_share
from afterglow.outcomes.suppression import RELEASE, SuppressionRule, suppress_counts

ROUNDED_TO = 5
NAMES = ("response", "remission", "assessed", "worse")


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The courses of one condition and way: begun, due at the end of induction, and how those stand."""

    condition: str
    way: str
    started: int
    due: int
    assessed: int
    response: int
    remission: int
    worse: int
    left_early: int


@dataclass(frozen=True, slots=True)
class MonthCount:
    """The sessions of one month and way, and of how many people."""

    month: str
    way: str
    sessions: int
    people: int


@dataclass(frozen=True, slots=True)
class SessionCount:
    """Sessions in which something was noted, and of how many people."""

    name: str
    sessions: int
    people: int


@dataclass(frozen=True, slots=True)
class Asked:
    """How much of what was due was done; what counts readings or sessions does not count people."""

    name: str
    done: int
    due: int
    counts_people: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A count out of a count; None is hidden. `is_small` says that the count itself is small, or its counterpart."""

    name: str
    count: int | None
    total: int | None
    is_small: bool = False

    @property
    def share(self) -> Share | None:
        """Return the share with its interval, or None where a part is hidden or nobody is counted."""
        return estimate_share(self.count, self.total) if self.count is not None and self.total else None


@dataclass(frozen=True, slots=True)
class Group:
    """One row of people; `people` None is hidden, `is_small` says that there are too few."""

    condition: str
    way: str
    people: int | None
    is_small: bool
    response: Cell
    remission: Cell
    assessed: Cell
    worse: Cell

    @property
    def response_of_assessed(self) -> Share | None:
        """Return the share of those assessed that responded, where both counts are shown."""
        if self.response.count is None or not self.assessed.count:
            return None
        return estimate_share(min(self.response.count, self.assessed.count), self.assessed.count)


@dataclass(frozen=True, slots=True)
class Volume:
    """Sessions by month and way, with the total of each month, and of all in the last place; None is hidden."""

    months: tuple[str, ...]
    ways: tuple[str, ...]
    counts: tuple[tuple[int | None, ...], ...]

    @property
    def total(self) -> int | None:
        """Return all sessions."""
        return self.counts[-1][-1] if self.counts else 0


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a clinic under one rule; `started` is rounded to 5, None where too few."""

    rule: SuppressionRule
    started: int | None
    groups: tuple[Group, ...]
    whole: Group
    left_early: Cell
    volume: Volume
    events: tuple[Cell, ...]
    asked: tuple[Cell, ...]


def build_report(
    *,
    groups: Sequence[GroupCount],
    months: Sequence[MonthCount],
    events: Sequence[SessionCount],
    asked: Sequence[Asked],
    rule: SuppressionRule,
) -> Report:
    """Return the report of counted courses and sessions, everything small hidden."""
    rows, whole = build_groups(groups, rule)
    started = sum(each.started for each in groups)
    left = sum(each.left_early for each in groups)
    return Report(
        rule=rule,
        started=_round(started, rule),
        groups=rows,
        whole=whole,
        left_early=judge_pair("left-early", left, sum(each.due for each in groups), rule),
        volume=_build_volume(months, rule),
        events=_judge_events(events, sum(each.sessions for each in months), rule),
        asked=tuple(_judge_asked(each, rule) for each in asked),
    )


def judge_pair(name: str, count: int, total: int, rule: SuppressionRule) -> Cell:
    """Return a count out of a known total: both it and what is left must be none or enough."""
    if 0 < total < rule.smallest:
        return Cell(name, None, None, is_small=True)
    if any(0 < part < rule.smallest for part in (count, total - count)):
        return Cell(name, None, total, is_small=True)
    return Cell(name, count, total)


def _judge_asked(asked: Asked, rule: SuppressionRule) -> Cell:
    """Return how much was done: of readings and sessions, inside the clinic, only too few altogether are hidden."""
    if asked.counts_people or rule.id == RELEASE.id or asked.due < rule.smallest:
        return judge_pair(asked.name, asked.done, asked.due, rule)
    return Cell(asked.name, asked.done, asked.due)


def _round(number: int, rule: SuppressionRule) -> int | None:
    if 0 < number < rule.smallest:
        return None
    return int(ROUNDED_TO * ((number + ROUNDED_TO / 2) // ROUNDED_TO))


def build_groups(groups: Sequence[GroupCount], rule: SuppressionRule) -> tuple[tuple[Group, ...], Group]:
    """Return each row of people, and all of them together, with what may be shown of them."""
    everyone = sorted(groups, key=lambda each: (each.condition, each.way))
    listed = [each for each in everyone if each.due]
    if not listed:
        return tuple(_build_nobody(one.condition, one.way) for one in everyone), _build_nobody("", "")
    # nobody due is known to be nothing in every column, so that such a row hides nothing beside it
    empty = {(one.condition, one.way): _build_nobody(one.condition, one.way) for one in everyone if not one.due}
    hidden = hide_sizes(listed, rule)
    shown = [each for each in listed if each not in hidden]
    if sum(each.due for each in listed) < rule.smallest:
        few = [
            empty.get((each.condition, each.way)) or _build_empty(each.condition, each.way, is_small=True)
            for each in everyone
        ]
        return tuple(few), _build_empty("", "", is_small=True)
    lines = [*shown, *([_add(hidden)] if hidden else [])]
    response = _hide([[each.response, each.due - each.response] for each in lines], rule)
    remission = _hide([[each.remission, each.due - each.remission] for each in lines], rule)
    assessed = _hide([[e.assessed - e.worse, e.worse, e.due - e.assessed] for e in lines], rule)
    parts = list(zip([*lines, _add(listed)], response, remission, assessed, strict=True))
    made = empty | {(one.condition, one.way): _build_group(one, r, m, a, rule) for one, r, m, a in parts}
    found = [
        made.get((each.condition, each.way))
        or _build_empty(each.condition, each.way, is_small=each.due < rule.smallest)
        for each in everyone
    ]
    whole = _build_group(*parts[-1], rule)
    return tuple(found), whole


def hide_sizes(rows: Sequence[GroupCount], rule: SuppressionRule) -> list[GroupCount]:
    """Return the rows that are hidden whole: the small ones, and as many more as keep them from following.

    The total is known, so that what is hidden follows as a sum: it must be of several rows and of enough people.
    """
    hidden = [each for each in rows if 0 < each.due < rule.smallest]
    while hidden and (len(hidden) == 1 or sum(each.due for each in hidden) < rule.smallest):
        left = [each for each in rows if each.due and each not in hidden]
        if not left:
            break
        hidden.append(min(left, key=lambda each: (each.due, each.condition, each.way)))
    return hidden


def _hide(table: Sequence[Sequence[int]], rule: SuppressionRule) -> Sequence[Sequence[int | None]]:
    """Return the table with its totals, small counts hidden; the sizes of its rows are known to the reader."""
    last = len(table[0])
    return suppress_counts(table, rule, known=[(row, last) for row in range(len(table) + 1)]).counts


def _build_group(
    one: GroupCount,
    response: Sequence[int | None],
    remission: Sequence[int | None],
    assessed: Sequence[int | None],
    rule: SuppressionRule,
) -> Group:
    unassessed, worse, well = assessed[2], assessed[1], assessed[0]
    seen = None if unassessed is None else one.due - unassessed
    return Group(
        one.condition,
        one.way,
        one.due,
        False,
        _build_cell("response", response[0], one.due, one.response, rule),
        _build_cell("remission", remission[0], one.due, one.remission, rule),
        _build_cell("assessed", seen, one.due, one.assessed, rule),
        Cell("worse", None if well is None else worse, seen, is_small=worse is None and 0 < one.worse < rule.smallest),
    )


def _build_cell(name: str, shown: int | None, total: int, count: int, rule: SuppressionRule) -> Cell:
    is_small = any(0 < part < rule.smallest for part in (count, total - count))
    return Cell(name, shown, total, is_small=shown is None and is_small)


def _build_nobody(condition: str, way: str) -> Group:
    return Group(condition, way, 0, False, *(Cell(name, 0, 0) for name in NAMES))


def _build_empty(condition: str, way: str, *, is_small: bool) -> Group:
    cells = [Cell(name, None, None, is_small) for name in NAMES]
    return Group(condition, way, None, is_small, *cells)


def _add(rows: Sequence[GroupCount]) -> GroupCount:
    """Return some rows as one without a name."""
    names = ("started", "due", "assessed", "response", "remission", "worse", "left_early")
    sums: Mapping[str, int] = {name: sum(getattr(each, name) for each in rows) for name in names}
    return replace(rows[0], condition="", way="", **sums)


def _build_volume(months: Sequence[MonthCount], rule: SuppressionRule) -> Volume:
    """Return the sessions of each month; the ways of a month stand apart only where each has none or enough.

    Totals of the ways are not given, so that nothing follows from them; the total of all is known.
    """
    names = tuple(dict.fromkeys(each.month for each in months))
    ways = tuple(sorted({each.way for each in months}))
    found = {(each.month, each.way): each for each in months}
    cells = {name: [found.get((name, way), MonthCount(name, way, 0, 0)) for way in ways] for name in names}
    sums = [MonthCount(name, "", *_sum(cells[name])) for name in names]
    hidden = _hide_months(sums, rule)
    rows: list[tuple[int | None, ...]] = []
    for each in sums:
        is_split = each not in hidden and not any(_is_few(cell, rule) for cell in cells[each.month])
        parts = [cell.sessions if is_split else None for cell in cells[each.month]]
        rows.append((*parts, None if each in hidden else each.sessions))
    total = MonthCount("", "", *_sum(sums))
    whole = None if _is_few(total, rule) else total.sessions
    return Volume(names, ways, (*rows, (*[None] * len(ways), whole)) if names else ())


def _sum(cells: Sequence[MonthCount]) -> tuple[int, int]:
    return sum(each.sessions for each in cells), sum(each.people for each in cells)


def _is_few(cell: MonthCount, rule: SuppressionRule) -> bool:
    return 0 < min(cell.sessions, cell.people) < rule.smallest


def _hide_months(months: Sequence[MonthCount], rule: SuppressionRule) -> list[MonthCount]:
    """Return the months that are hidden: the small ones, and another where a single one would follow from the total."""
    hidden = [each for each in months if _is_few(each, rule)]
    while hidden and (len(hidden) == 1 or sum(each.sessions for each in hidden) < rule.smallest):
        left = [each for each in months if each.sessions and each not in hidden]
        if not left:
            break
        hidden.append(min(left, key=lambda each: (each.sessions, each.month)))
    return hidden


def _judge_events(events: Sequence[SessionCount], total: int, rule: SuppressionRule) -> tuple[Cell, ...]:
    found = []
    for each in events:
        cell = judge_pair(each.name, each.sessions, total, rule)
        if 0 < each.people < rule.smallest:
            cell = Cell(each.name, None, cell.total, is_small=True)
        found.append(cell)
    return tuple(found)
