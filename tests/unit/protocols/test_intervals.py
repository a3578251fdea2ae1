"""Which intervals a protocol allows: label weeks of the spray, induction and upkeep of the racemate."""

from datetime import date, timedelta

import pytest

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.intervals import find_intervals, list_frequency_limits

STEPS = (7, 14, 21, 28, 42, 56)
FIRST = date(2026, 3, 2)


def build_days(*days: int) -> list[date]:
    return [FIRST + timedelta(days=day) for day in days]


@pytest.mark.parametrize(
    ("day", "phase", "choices", "has_choice"),
    [
        (27, "induction", (3,), False),
        (28, "weekly", (7,), False),
        (55, "weekly", (7,), False),
        (56, "maintenance", (7, 14), True),
        (400, "maintenance", (7, 14), True),
    ],
)
@pytest.mark.parametrize("protocol", ["nasal-esketamine-us", "nasal-esketamine-eu"])
def test_the_spray_goes_by_weeks_of_its_label(protocol, day, phase, choices, has_choice) -> None:
    """E-04: weeks 1 to 4; E-05: weeks 5 to 8; E-06: from week 9 weekly or every two weeks."""
    effective = get_effective(protocol, indication="trd")
    found = find_intervals(effective, build_days(0, day), on=FIRST + timedelta(days=day), steps_d=STEPS)
    assert found is not None
    assert (found.phase, found.choices_d, found.has_choice) == (phase, choices, has_choice)


def test_sessions_before_maintenance_of_the_spray_are_counted() -> None:
    found = find_intervals(
        get_effective("nasal-esketamine-us"), build_days(0, 3, 7, 49, 55, 56, 70), on=FIRST + timedelta(days=71),
        steps_d=STEPS,
    )  # fmt: skip
    assert found is not None
    assert found.before_maintenance == 5


@pytest.mark.parametrize(
    ("given", "phase", "choices"), [(5, "induction", (4,)), (6, "maintenance", (14, 21, 28, 42, 56))]
)
def test_upkeep_of_infusions_runs_from_two_to_eight_weeks(given: int, phase: str, choices: tuple[int, ...]) -> None:
    """Row R-IV: six sessions twice a week, then commonly every 2 to 8 weeks, beginning with three."""
    days = build_days(*range(0, 4 * given, 4))
    found = find_intervals(get_effective("iv-racemic", indication="trd"), days, on=days[-1], steps_d=STEPS)
    assert found is not None
    assert (found.phase, found.choices_d) == (phase, choices)
    assert found.default_d == (21 if phase == "maintenance" else 4)


def test_one_named_interval_leaves_no_choice_and_none_gives_none() -> None:
    days = build_days(*range(0, 40, 4))
    under_skin = find_intervals(get_effective("sc-racemic"), days, on=days[-1], steps_d=STEPS)
    assert under_skin is not None
    assert (under_skin.choices_d, under_skin.has_choice) == ((21,), False)
    assert find_intervals(get_effective("oral"), days, on=days[-1], steps_d=STEPS) is None


@pytest.mark.parametrize(
    ("protocol", "given", "day", "edges", "source"),
    [
        ("nasal-esketamine-us", 2, 3, (3, 4), "SPR-US"),
        ("nasal-esketamine-us", 9, 30, (7, 7), "SPR-US"),
        ("nasal-esketamine-us", 12, 80, (7, 14), "SPR-US"),
        ("iv-racemic", 2, 3, (3, 4), "CANMAT-21"),
        ("iv-racemic", 6, 40, (14, 56), "ASKP-20"),
    ],
)
def test_the_ends_of_what_a_phase_allows_carry_their_source(protocol, given, day, edges, source) -> None:
    days = build_days(*range(given))
    found = find_intervals(get_effective(protocol), days, on=FIRST + timedelta(days=day), steps_d=STEPS)
    assert found is not None
    assert (found.shortest.days, found.longest.days) == edges
    assert {found.shortest.citation.source, found.longest.citation.source} == {source}


def test_frequency_limits_leave_a_shortest_interval_and_a_hard_one_is_marked() -> None:
    """L-ESK: two sprays in 7 days, hard; L-FREQ: three infusions in 7 days and eight in 28, soft."""
    found = {
        name: [(one.shortest_d, one.is_hard) for one in list_frequency_limits(get_effective(name))]
        for name in ("nasal-esketamine-us", "iv-racemic")
    }
    assert found == {"nasal-esketamine-us": [(3, True)], "iv-racemic": [(4, False), (2, False)]}


def test_a_course_may_plan_another_number_of_induction_sessions() -> None:
    days = build_days(0, 4, 7, 11)
    protocol = get_effective("iv-racemic", indication="trd")
    phases = [find_intervals(protocol, days, on=days[-1], steps_d=STEPS, planned=many) for many in (None, 4, 8)]
    assert [found.phase for found in phases if found is not None] == ["induction", "maintenance", "induction"]
