"""Hides small counts of a table, and as many others as it takes so that no hidden one follows from a margin.

A table and its margins are one set of sums; each hidden cell must lie on a cycle of hidden cells, so that at least one
point can be moved around it without changing anything that is shown. Zero may stay: it tells of nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from afterglow.terms import InvalidInput, build_error

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SuppressionRule:
    """The smallest count that may be shown, other than zero, where it applies, and how wide the bands of counts are."""

    id: str
    smallest: int
    sentence: str
    width: int


INSIDE = SuppressionRule(
    "inside",
    5,
    "Inside the clinic no count from 1 to 4 is shown: counts stand in bands of five, as 0, 1–5, 6–10, 11–15.",
    5,
)
RELEASE = SuppressionRule(
    "release",
    11,
    "On release no count from 1 to 10 is shown, as the CMS cell rule asks: counts stand in bands of ten, as 0, 1–10, "
    "11–20.",
    10,
)


@dataclass(frozen=True, slots=True)
class SuppressedTable:
    """Counts with margins after suppression: None is hidden; the last row and column are the totals."""

    rule: SuppressionRule
    counts: tuple[tuple[int | None, ...], ...]
    hidden_small: int
    hidden_beside: int


def suppress_counts(
    table: Sequence[Sequence[int]], rule: SuppressionRule, *, also: Collection[Cell] = (), known: Collection[Cell] = ()
) -> SuppressedTable:
    """Return a two-way table with its margins, small counts hidden and protected against subtraction.

    Parameters
    ----------
    also : collection of cells
        Hidden whatever their count, because few people are behind it.
    known : collection of cells
        Shown elsewhere, so that hiding them would protect nothing; one that is small is hidden all the same.
    """
    _refuse_bad_table(table)
    full = add_margins(table)
    small = {cell for cell, count in _iterate(full) if 0 < count < rule.smallest} | set(also)
    hidden = set(small)
    while hidden:
        open_line = _find_open_line(full, hidden, rule)
        if open_line is None:
            break
        added = _choose_beside(full, hidden, open_line, known)
        if added is None:
            hidden = {cell for cell, _ in _iterate(full)}
            break
        hidden.add(added)
    counts = tuple(
        tuple(None if (i, j) in hidden else count for j, count in enumerate(row)) for i, row in enumerate(full)
    )
    return SuppressedTable(rule, counts, len(small), len(hidden) - len(small))


def suppress_count(count: int, rule: SuppressionRule) -> int | None:
    """Return a single count, or None when it is small; only for counts that stand in no table."""
    if count < 0:
        raise InvalidInput([build_error("count", "count-negative", count, "0 or more", f"{count} is no count")])
    return None if 0 < count < rule.smallest else count


def add_margins(table: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the table with row totals, column totals and the grand total."""
    rows = [[*row, sum(row)] for row in table]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def _refuse_bad_table(table: Sequence[Sequence[int]]) -> None:
    problems = []
    if not table or not table[0] or len({len(row) for row in table}) != 1:
        problems.append(build_error("table", "table-ragged", len(table), "rows of one length", "not a table"))
    problems += [
        build_error(f"table[{i}][{j}]", "count-negative", count, "0 or more", f"{count} is no count")
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        if count < 0
    ]
    if problems:
        raise InvalidInput(problems)


def _iterate(full: Sequence[Sequence[int]]) -> list[tuple[Cell, int]]:
    return [((i, j), count) for i, row in enumerate(full) for j, count in enumerate(row)]


def _find_open_line(full: Sequence[Sequence[int]], hidden: set[Cell], rule: SuppressionRule) -> list[Cell] | None:
    """Return the cells of a line through which a hidden cell can be worked out, or None."""
    for line in _list_lines(full):
        inside = [cell for cell in line if cell in hidden]
        if inside and (len(inside) == 1 or _sum(full, inside) < rule.smallest):
            return line
    for bridge in _list_bridges(hidden):
        row = [(bridge[0], j) for j in range(len(full[0]))]
        column = [(i, bridge[1]) for i in range(len(full))]
        return row if any(cell not in hidden and full[cell[0]][cell[1]] for cell in row) else column
    return None


def _sum(full: Sequence[Sequence[int]], cells: Sequence[Cell]) -> int:
    return sum(full[i][j] for i, j in cells)


def _list_lines(full: Sequence[Sequence[int]]) -> list[list[Cell]]:
    rows = [[(i, j) for j in range(len(full[0]))] for i in range(len(full))]
    columns = [[(i, j) for i in range(len(full))] for j in range(len(full[0]))]
    return rows + columns


def _choose_beside(
    full: Sequence[Sequence[int]], hidden: set[Cell], line: Sequence[Cell], known: Collection[Cell]
) -> Cell | None:
    """Return the smallest shown count of the line that tells of somebody, or None."""
    shown = [cell for cell in line if cell not in hidden and cell not in known and full[cell[0]][cell[1]] > 0]
    return min(shown, key=lambda cell: (full[cell[0]][cell[1]], cell), default=None)


def _list_bridges(hidden: set[Cell]) -> list[Cell]:
    """Return the hidden cells that lie on no cycle: rows and columns are nodes, hidden cells their edges."""
    return [
        cell for cell in sorted(hidden) if not _is_connected(hidden - {cell}, ("row", cell[0]), ("column", cell[1]))
    ]


def _is_connected(edges: set[Cell], start: tuple[str, int], end: tuple[str, int]) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        kind, number = waiting.pop()
        for i, j in edges:
            if (kind, number) == ("row", i):
                step = ("column", j)
            elif (kind, number) == ("column", j):
                step = ("row", i)
            else:
                continue
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return end in seen
