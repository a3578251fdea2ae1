"""Small cells: what is hidden, what stays, and whether a reader could work a hidden count out again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from afterglow.outcomes.suppression import INSIDE, RELEASE, add_margins, suppress_count, suppress_counts
from afterglow.terms import InvalidInput

SINGLE = [(0, INSIDE, 0), (1, INSIDE, None), (4, INSIDE, None), (5, INSIDE, 5), (10, RELEASE, None), (11, RELEASE, 11)]


@pytest.mark.parametrize(("count", "rule", "shown"), SINGLE)
def test_single_count_on_both_sides_of_its_limit(count, rule, shown) -> None:
    assert suppress_count(count, rule) == shown


def test_margin_does_not_give_a_hidden_cell_away() -> None:
    # 3 alone could be had as 30 - 20 - 7, so a second cell of its row and column must go too
    table = suppress_counts([[3, 20, 7], [15, 30, 12]], INSIDE)
    assert table.counts == ((None, 20, None, 30), (None, 30, None, 57), (18, 50, 19, 87))
    assert (table.hidden_small, table.hidden_beside) == (1, 3)


def test_table_without_small_counts_is_shown_whole() -> None:
    assert suppress_counts([[20, 0], [30, 12]], RELEASE).counts == ((20, 0, 20), (30, 12, 42), (50, 12, 62))


def test_table_of_one_small_count_shows_nothing() -> None:
    assert all(count is None for row in suppress_counts([[3]], INSIDE).counts for count in row)


@pytest.mark.parametrize("table", [[], [[]], [[1, 2], [3]], [[1, -2]]])
def test_what_is_no_table_is_refused(table) -> None:
    with pytest.raises(InvalidInput):
        suppress_counts(table, INSIDE)


TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.one_of(st.integers(0, 14), st.integers(0, 60)), min_size=columns, max_size=columns),
        min_size=1,
        max_size=4,
    )
)


def find_range(shown, target: tuple[int, int]) -> tuple[float, float]:
    """Return the lowest and highest value a hidden cell can have for somebody who knows all sums and what is shown."""
    height, width = len(shown), len(shown[0])

    def number(i: int, j: int) -> int:
        return i * width + j

    sums = []
    for i in range(height):
        sums.append({number(i, j): 1 if j < width - 1 else -1 for j in range(width)})
    for j in range(width):
        sums.append({number(i, j): 1 if i < height - 1 else -1 for i in range(height)})
    rows = [[line.get(k, 0) for k in range(height * width)] for line in sums]
    bounds = [(cell, cell) if cell is not None else (0, None) for row in shown for cell in row]
    goal = [1 if k == number(*target) else 0 for k in range(height * width)]
    found = []
    for sign in (1, -1):
        solved = linprog([sign * each for each in goal], A_eq=rows, b_eq=[0] * len(rows), bounds=bounds, method="highs")
        found.append(float("inf") if solved.status == 3 else sign * solved.fun)
    return found[0], found[1]


@given(TABLES, st.sampled_from([INSIDE, RELEASE]))
def test_nobody_can_work_out_a_small_count_by_subtraction(table, rule) -> None:
    full, shown = add_margins(table), suppress_counts(table, rule).counts
    for i, row in enumerate(full):
        for j, count in enumerate(row):
            if 0 < count < rule.smallest:
                assert shown[i][j] is None
                low, high = find_range(shown, (i, j))
                assert high - low >= 1


def test_cell_between_two_hidden_blocks_is_protected_too() -> None:
    # every row and column hides two or more, yet the sums over the first two rows and columns give 3 away at (1, 2)
    table = [[3, 3, 20, 20], [3, 3, 3, 20], [20, 20, 3, 3], [20, 20, 3, 3]]
    shown = suppress_counts(table, INSIDE).counts
    low, high = find_range(shown, (1, 2))
    assert shown[1][2] is None
    assert high - low >= 1


@given(TABLES, st.sampled_from([INSIDE, RELEASE]))
def test_what_is_shown_is_true(table, rule) -> None:
    full, shown = add_margins(table), suppress_counts(table, rule).counts
    for true_row, row in zip(full, shown, strict=True):
        for count, cell in zip(true_row, row, strict=True):
            assert cell is None or cell == count
