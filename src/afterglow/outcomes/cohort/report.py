"""The clinic's report: counts in, figures out, each count as its band, and no share where few stand on either side.

Bands are what keeps a small count from following by subtraction, within a page and between two choices; nothing else
has to be hidden beside it. See `bands` for what they hold, and decision 0009 for what they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from afterglow.outcomes.cohort.bands import NOBODY, Band, find_band, find_total, is_few
from afterglow.outcomes.cohort.shares import Share, estimate_banded_share
from afterglow.outcomes.suppression import SuppressionRule

NAMES = ("response", "remission", "assessed", "worse")
COLUMNS = ("started", "due", *NAMES, "left_early")


class CellStanding(StrEnum):
    """What is said of a count out of a count."""

    SHARE = "share"
    NONE_DUE = "none due"
    FEW_DUE = "few due"
    FEW = "few"
    NEARLY_ALL = "all or nearly all"
    FEW_PEOPLE = "of few people"


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
    """How much of what was due was done: of people, of sessions or of readings."""

    name: str
    done: int
    due: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A count out of a count, by their bands; a count of None is not told, and the standing says why."""

    name: str
    count: Band | None
    total: Band | None
    standing: CellStanding

    @property
    def share(self) -> Share | None:
        """Return the share with its interval, or None where a part is not told, few, or nearly all."""
        if self.standing is not CellStanding.SHARE or self.count is None or self.total is None:
            return None
        return estimate_banded_share(self.count, self.total)

    @property
    def bound(self) -> float | None:
        """Return the share that is surely not passed: at most where few, at least where nearly all."""
        if self.count is None or self.total is None:
            return None
        if self.standing is CellStanding.FEW:
            return min(self.count.high / self.total.low, 1.0)
        return self.count.low / self.total.high if self.standing is CellStanding.NEARLY_ALL else None


@dataclass(frozen=True, slots=True)
class Group:
    """One row of people with what is told of them; `is_small` says that there are too few for any figure."""

    condition: str
    way: str
    people: Band
    is_small: bool
    response: Cell
    remission: Cell
    assessed: Cell
    worse: Cell

    @property
    def response_of_assessed(self) -> Share | None:
        """Return the share of those assessed that responded, where both have a share of those due."""
        count, total = self.response.count, self.assessed.count
        if (
            count is None
            or total is None
            or self.assessed.standing not in (CellStanding.SHARE, CellStanding.NEARLY_ALL)
        ):
            return None
        return _judge("response", count, total, is_small=self.is_small).share if self.response.share else None


@dataclass(frozen=True, slots=True)
class Volume:
    """Sessions by month and way, with the total of each month, and of all in the last place; None is not told."""

    months: tuple[str, ...]
    ways: tuple[str, ...]
    counts: tuple[tuple[Band | None, ...], ...]

    @property
    def total(self) -> Band | None:
        """Return all sessions."""
        return self.counts[-1][-1] if self.counts else NOBODY


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a clinic under one rule."""

    rule: SuppressionRule
    started: Band
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
    sites: Sequence[GroupCount] = (),
) -> Report:
    """Return the report of counted courses and sessions, every count by its band.

    `sites` are the same courses by site, where they stand on the same page.
    """
    rows, whole = build_groups(groups, rule, also=sites)
    started = find_band(sum(each.started for each in groups), rule)
    volume = _build_volume(months, rule)
    of_few = is_few(started, rule)
    return Report(
        rule=rule,
        started=started,
        groups=rows,
        whole=whole,
        left_early=judge_pair("left-early", sum(each.left_early for each in groups), whole.people, rule),
        volume=volume,
        events=tuple(_judge_event(each, volume.total, rule) for each in events),
        asked=tuple(
            Cell(each.name, None, None, CellStanding.FEW_PEOPLE)
            if of_few and each.due
            else judge_pair(each.name, each.done, find_band(each.due, rule), rule)
            for each in asked
        ),
    )


def judge_pair(name: str, count: int, total: Band, rule: SuppressionRule) -> Cell:
    """Return what is told of a count out of a total."""
    return _judge(name, find_band(count, rule), total, is_small=is_few(total, rule), few=rule)


def _judge(name: str, count: Band, total: Band, *, is_small: bool, few: SuppressionRule | None = None) -> Cell:
    if total.is_nobody:
        return Cell(name, NOBODY, NOBODY, CellStanding.NONE_DUE)
    if is_small:
        return Cell(name, None, total, CellStanding.FEW_DUE)
    if few is not None and is_few(count, few):
        return Cell(name, count, total, CellStanding.FEW)
    if count.high >= total.low and total.low < total.high:
        return Cell(name, count, total, CellStanding.NEARLY_ALL)
    return Cell(name, count, total, CellStanding.SHARE)


def build_groups(
    groups: Sequence[GroupCount], rule: SuppressionRule, *, also: Sequence[GroupCount] = ()
) -> tuple[tuple[Group, ...], Group]:
    """Return each row of people, and all of them together; `also` are the same people in other rows beside these."""
    everyone = sorted(groups, key=lambda each: (each.condition, each.way))
    rows = tuple(_build_row(each, rule) for each in everyone)
    lines = [rows, *([tuple(_build_row(each, rule) for each in also)] if also else [])]

    def add(column: str, read: str) -> Band:
        parts = [[_read_part(group, read) for group in line] for line in lines]
        return find_total(sum(getattr(each, column) for each in everyone), parts, rule)

    bands = {name: add(name, name) for name in NAMES}
    return rows, _build_group("", "", add("due", "people"), bands, rule)


def _read_part(group: Group, name: str) -> Band:
    """Return what a reader knows of one part of a total: of a count that is not told no more than that of its row."""
    if name == "people":
        return group.people
    cell: Cell = getattr(group, name)
    return cell.count if cell.count is not None else Band(0, group.people.high)


def _build_row(one: GroupCount, rule: SuppressionRule) -> Group:
    bands = {name: find_band(getattr(one, name), rule) for name in NAMES}
    return _build_group(one.condition, one.way, find_band(one.due, rule), bands, rule)


def _build_group(condition: str, way: str, people: Band, bands: dict[str, Band], rule: SuppressionRule) -> Group:
    is_small = is_few(people, rule)
    cells = {name: _judge(name, bands[name], people, is_small=is_small, few=rule) for name in NAMES if name != "worse"}
    seen = people if people.is_nobody else bands["assessed"]
    worse = _judge("worse", bands["worse"], seen, is_small=is_small or is_few(seen, rule), few=rule)
    return Group(condition, way, people, is_small, **cells, worse=worse)


def _build_volume(months: Sequence[MonthCount], rule: SuppressionRule) -> Volume:
    """Return the sessions of each month; the ways of a month stand apart only where each has none or enough people.

    Totals of the ways are not given, so that nothing follows from them.
    """
    names = tuple(dict.fromkeys(each.month for each in months))
    ways = tuple(sorted({each.way for each in months}))
    found = {(each.month, each.way): each for each in months}
    cells = {name: [found.get((name, way), MonthCount(name, way, 0, 0)) for way in ways] for name in names}
    sums = [MonthCount(name, "", *_sum(cells[name])) for name in names]
    hidden = _hide_months(sums, rule)
    rows: list[tuple[Band | None, ...]] = []
    for each in sums:
        is_split = each not in hidden and not any(_is_of_few(cell, rule) for cell in cells[each.month])
        parts = [find_band(cell.sessions, rule) for cell in cells[each.month]]
        together = find_total(each.sessions, [parts] if is_split else [], rule)
        rows.append((*(parts if is_split else [None] * len(ways)), None if each in hidden else together))
    total = MonthCount("", "", *_sum(sums))
    told = [row[-1] for row in rows]
    line = [] if None in told else [[band for band in told if band is not None]]
    whole = None if _is_of_few(total, rule) else find_total(total.sessions, line, rule)
    return Volume(names, ways, (*rows, (*[None] * len(ways), whole)) if names else ())


def _sum(cells: Sequence[MonthCount]) -> tuple[int, int]:
    return sum(each.sessions for each in cells), sum(each.people for each in cells)


def _is_of_few(cell: MonthCount, rule: SuppressionRule) -> bool:
    return is_few(find_band(min(cell.sessions, cell.people), rule), rule)


def _hide_months(months: Sequence[MonthCount], rule: SuppressionRule) -> list[MonthCount]:
    """Return the months that are hidden: those of few people, and another where a single one would follow roughly."""
    hidden = [each for each in months if _is_of_few(each, rule)]
    while hidden and (len(hidden) == 1 or sum(each.people for each in hidden) <= rule.width):
        left = [each for each in months if each.sessions and each not in hidden]
        if not left:
            break
        hidden.append(min(left, key=lambda each: (each.sessions, each.month)))
    return hidden


def _judge_event(event: SessionCount, total: Band | None, rule: SuppressionRule) -> Cell:
    if total is None or is_few(find_band(event.people, rule), rule):
        return Cell(event.name, None, total, CellStanding.FEW_PEOPLE)
    return judge_pair(event.name, event.sessions, total, rule)
