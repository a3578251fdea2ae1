"""Attacks on the figures of outcomes: whoever has the page of several choices subtracts, and what may follow from it.

An attacker here knows the method, reads every count as the band it is shown in, and knows that one choice lies within
another. What is promised is asked; what is not (many sums at once) stands in decision 0009, measured.
"""

from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from afterglow.outcomes.cohort import (
    Band,
    Cell,
    CellStanding,
    CurveStanding,
    GroupCount,
    Watched,
    build_report,
    estimate_curve,
    find_band,
    show_curve,
)
from afterglow.outcomes.cohort.bands import find_total, is_few
from afterglow.outcomes.suppression import INSIDE, RELEASE
from afterglow.terms import InvalidInput

RULES = st.sampled_from([INSIDE, RELEASE])
COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 70))
CELLS = ("response", "remission", "assessed", "worse")

# what is shown of a count, inside and on release
BANDS = {0: ((0, 0), (0, 0)), 1: ((1, 5), (1, 10)), 5: ((1, 5), (1, 10)), 6: ((6, 10), (1, 10)), 10: ((6, 10), (1, 10)),
         11: ((11, 15), (11, 20)), 64: ((61, 65), (61, 70))}  # fmt: skip


@pytest.mark.parametrize(("count", "bands"), BANDS.items())
def test_count_is_shown_by_its_band_and_nobody_as_nobody(count, bands) -> None:
    assert (find_band(count, INSIDE), find_band(count, RELEASE)) == (Band(*bands[0]), Band(*bands[1]))


def test_less_than_nobody_is_refused() -> None:
    with pytest.raises(InvalidInput):
        find_band(-1, INSIDE)


def test_lowest_band_holds_every_count_that_may_not_be_shown() -> None:
    for rule in (INSIDE, RELEASE):
        assert all(is_few(find_band(count, rule), rule) for count in range(1, rule.smallest))
        assert not is_few(find_band(0, rule), rule)


# ---- two choices, of which one lies in the other --------------------------------------------------


@st.composite
def clinics(draw):
    """Return courses by period and condition; a period or condition can be chosen, or all of them."""
    rows = []
    for year in ("2024", "2025", "2026"):
        for condition in ("trd", "ptsd", "ocd"):
            due = draw(COUNTS)
            assessed = draw(st.integers(0, due))
            response = draw(st.integers(0, assessed))
            left = [draw(st.integers(0, most)) for most in (response, assessed - response, due)]
            begun = due + draw(st.integers(0, 6))
            rows.append((year, GroupCount(condition, "racemic.iv", begun, due, assessed, response, *left)))
    return rows


def add(rows) -> list[GroupCount]:
    """Return the rows of a choice as the database counts them: by condition and way."""
    sums = {}
    for _, row in rows:
        names = [each.name for each in fields(GroupCount)][2:]
        known = sums.setdefault(row.condition, dict.fromkeys(names, 0))
        for name in names:
            known[name] += getattr(row, name)
    return [GroupCount(condition, "racemic.iv", **numbers) for condition, numbers in sums.items()]


def read(rows, rule) -> dict[object, Band]:
    """Return every count of people that the page of a choice shows, by what it counts."""
    report = build_report(groups=add(rows), months=(), events=(), asked=(), rule=rule)
    shown: dict[object, Band | None] = {"started": report.started, "left": report.left_early.count}
    for group in (*report.groups, report.whole):
        shown[group.condition, "people"] = group.people
        shown |= {(group.condition, name): getattr(group, name).count for name in CELLS}
    return {key: band for key, band in shown.items() if band is not None}


def subtract(whole: Band, part: Band) -> set[int]:
    """Return every number of people that the difference of two counts can be, as the part lies within the whole."""
    return {a - b for a in range(whole.low, whole.high + 1) for b in range(part.low, part.high + 1) if a >= b}


@given(clinics(), RULES)
def test_no_two_periods_or_conditions_subtracted_tell_that_few_are_between_them(rows, rule) -> None:
    years = ("2024", "2025", "2026")
    # the usual choice, twelve months, cuts through two years; here it is two whole ones
    periods = [rows, [row for row in rows if row[0] != "2024"], *([row for row in rows if row[0] == y] for y in years)]
    conditions = [[row for row in rows if row[1].condition == name] for name in ("trd", "ptsd", "ocd")]
    pages = [read(choice, rule) for choice in (*periods, *conditions)]
    within = [(0, number) for number in range(1, len(pages))] + [(1, 3), (1, 4)]
    for whole, part in within:
        for key in pages[whole].keys() & pages[part].keys():
            between = subtract(pages[whole][key], pages[part][key])
            if pages[part][key].is_nobody:
                continue  # the difference is the whole, which is shown by its own band
            assert not between <= set(range(1, rule.smallest))
            assert len(between) >= rule.width


NOBODY_ASSESSED = [("2026", GroupCount("ptsd", "racemic.iv", 1, 0, 0, 0, 0, 0, 0)),
                   ("2026", GroupCount("ocd", "racemic.iv", 5, 5, 0, 0, 0, 0, 0))]  # fmt: skip


@given(clinics(), RULES)
@example(NOBODY_ASSESSED, INSIDE)
def test_no_row_subtracted_from_all_of_its_page_is_left_with_one_value(rows, rule) -> None:
    report = build_report(groups=add(rows), months=(), events=(), asked=(), rule=rule)
    for name in ("people", *CELLS):

        def get(group, name=name) -> Band:
            found = group.people if name == "people" else getattr(group, name).count
            return Band(0, group.people.high) if found is None else found

        if get(report.whole).is_nobody:
            continue  # nobody at all is told as nobody, and so nobody of each part
        parts = [get(group) for group in report.groups]
        for number, part in enumerate(parts):
            if part.low < part.high:
                assert len(leave(get(report.whole), parts, number)) >= 3


def leave(total: Band, parts, number: int) -> range:
    """Return the values that one part can have for somebody who knows the bands of the others and of the total."""
    others = [part for place, part in enumerate(parts) if place != number]
    low = max(parts[number].low, total.low - sum(part.high for part in others))
    high = min(parts[number].high, total.high - sum(part.low for part in others))
    return range(low, high + 1)


@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=12), min_size=1, max_size=2), RULES)
def test_total_of_many_parts_leaves_each_part_two_values_at_least(lines, rule) -> None:
    counts = [[*line, max(map(sum, lines)) - sum(line)] for line in lines]
    bands = [[find_band(count, rule) for count in line] for line in counts]
    total = find_total(sum(counts[0]), bands, rule)
    assert total.low <= sum(counts[0]) <= total.high
    assert total.high - total.low < 3 * rule.width
    for line in bands:
        for number, part in enumerate(line):
            if part.low < part.high:
                assert len(leave(total, line, number)) >= 2


def test_five_rows_of_one_person_each_do_not_follow_from_their_total() -> None:
    one = find_band(1, INSIDE)
    # in bands of five the total would be 1 to 5, so that each of five rows is one person
    assert find_total(5, [[one] * 5], INSIDE) == Band(1, 10)
    assert find_total(9, [[one] * 5], INSIDE) == Band(1, 10)  # the width tells nothing of the total
    assert find_total(5, [[one] * 4], INSIDE) == Band(1, 5)
    # where the lowest that the parts can be is 10, bands are joined that do not end there
    assert find_total(14, [[one] * 4 + [find_band(7, INSIDE)]], INSIDE) == Band(6, 15)


@given(clinics(), clinics(), RULES)
def test_two_clinics_of_the_same_bands_have_the_same_figures(rows, others, rule) -> None:
    def see(each):
        return build_report(groups=add(each), months=(), events=(), asked=(), rule=rule)

    # of the second clinic whatever fills the bands of the first in another way
    mixed = [
        (year, other if is_alike(row, other, rule) else row)
        for (year, row), (_, other) in zip(rows, others, strict=True)
    ]
    assume(read(rows, rule) == read(mixed, rule))
    assert see(rows) == see(mixed)


def is_alike(row, other, rule) -> bool:
    names = [each.name for each in fields(GroupCount)]
    return all(
        getattr(row, name) == getattr(other, name)
        or (
            isinstance(getattr(row, name), int)
            and find_band(getattr(row, name), rule) == find_band(getattr(other, name), rule)
        )
        for name in names
    )


@given(st.integers(0, 80).flatmap(lambda due: st.tuples(st.integers(0, due), st.just(due))), RULES)
@example((10, 11), INSIDE)  # worked out as 8 of 13
def test_what_is_said_of_a_share_is_true(pair, rule) -> None:
    count, due = pair
    row = GroupCount("trd", "racemic.iv", due, due, due, count, 0, 0, 0)
    cell: Cell = build_report(groups=[row], months=(), events=(), asked=(), rule=rule).whole.response
    if cell.share is not None:
        assert cell.share.low <= count / due <= cell.share.high
    if cell.standing is CellStanding.FEW:
        assert 0 < count <= rule.width
        assert count / due <= cell.bound
    if cell.standing is CellStanding.NEARLY_ALL:
        assert cell.bound <= count / due


# ---- the curve -----------------------------------------------------------------------------------

CURVES = st.lists(st.builds(Watched, st.integers(0, 200), st.booleans(), st.integers(1, 3)), min_size=1, max_size=60)

# relapses among people, and what is said
SHOWN = {
    "nobody": (0, 0, CurveStanding.NOBODY),
    "five people": (3, 2, CurveStanding.FEW_PEOPLE),
    "two relapses among forty": (2, 38, CurveStanding.FEW_EVENTS),
    "no relapse among forty": (0, 40, CurveStanding.FEW_EVENTS),
    "five relapses among forty": (5, 35, CurveStanding.FEW_EVENTS),
    "six relapses among forty": (6, 34, CurveStanding.SHOWN),
}


@pytest.mark.parametrize(("relapses", "others", "standing"), SHOWN.values(), ids=SHOWN)
def test_curve_is_shown_where_relapses_and_people_are_enough(relapses, others, standing) -> None:
    rows = [Watched(20 + number, True) for number in range(relapses)] + [Watched(90, False)] * others
    curve = show_curve(rows, INSIDE)
    assert curve.standing is standing
    assert bool(curve.points) == (standing is CurveStanding.SHOWN)


def test_curve_that_bands_leave_nobody_on_from_its_first_day_is_not_shown() -> None:
    curve = show_curve([Watched(0, True, 6)], INSIDE)
    assert (curve.standing, curve.points) == (CurveStanding.FEW_PEOPLE, ())


@given(CURVES, RULES)
def test_steps_are_what_the_bands_alone_say_and_no_two_at_risk_tell_of_few(rows, rule) -> None:
    curve = show_curve(rows, rule)
    assume(curve.standing is CurveStanding.SHOWN)
    step = 7 if rule is INSIDE else 28
    share, known = 1.0, {point.days: point.share for point in curve.points}
    for day in range(0, curve.ends_days + 1, step):

        def add_up(until: int) -> float:
            return find_band(sum(each.count for each in rows if each.has_event and each.days <= until), rule).middle

        at_risk = find_band(sum(each.count for each in rows if each.days > day - step or day == 0), rule)
        assert not is_few(at_risk, rule)
        fell = add_up(day) - (add_up(day - step) if day else 0)
        share *= 1 - fell / at_risk.middle
        assert known.get(day, share) == pytest.approx(share)
        assert (day in known) == (fell > 0)
    for earlier, later in pairwise(curve.at_risk):
        assert not is_few(later, rule)
        assert not subtract(earlier, later) <= set(range(1, rule.smallest))


@given(st.integers(0, 10**6))
def test_curve_by_bands_stays_near_the_exact_one(seed) -> None:
    from random import Random

    rng = Random(seed)
    rows = [Watched(rng.randrange(1, 180), rng.random() < 0.5) for _ in range(150)]
    curve, exact = show_curve(rows, INSIDE), estimate_curve(rows)
    for day in range(28, 113, 7):
        before = [point.share for point in exact.points if point.days <= day]
        # of 150 people three events more or less and two at risk: about four in a hundred while fifty are left
        assert curve.find_point(day).share == pytest.approx(before[-1] if before else 1.0, abs=0.06)
