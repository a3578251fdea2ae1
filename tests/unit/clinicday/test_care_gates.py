"""Gates of a course and the integration window, as the protocols' own data put them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from afterglow.clinicday.care import (
    calculate_hours_after,
    find_induction_end,
    find_session_before,
    get_window,
    list_gates,
    load_reasons,
)
from afterglow.protocols.catalogue import get_effective

FIRST = date(2026, 3, 2)
LEFT = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def read(protocol: str, indication: str, count: int, today: date, induction: int | None = 6) -> dict[str, date | None]:
    sessions = [FIRST + timedelta(days=2 * place) for place in range(count)]
    gates = list_gates(
        get_effective(protocol, indication=indication), sessions=sessions, induction_sessions=induction, today=today
    )
    return {gate.id: gate.reached_on for gate in gates}


def test_the_third_session_and_the_end_of_induction_are_gates() -> None:
    assert read("iv-racemic", "trd", 2, FIRST) == {"T-3": None, "T-5": None}
    assert read("iv-racemic", "trd", 3, FIRST) == {"T-3": date(2026, 3, 6), "T-5": None}
    # the plan's own eight sessions: the second look after six stands beside it
    assert read("iv-racemic", "trd", 6, FIRST, 8) == {
        "T-3": date(2026, 3, 6),
        "T-3/again": date(2026, 3, 12),
        "T-5": None,
    }


def test_esketamine_is_judged_at_the_end_of_week_four() -> None:
    day = date(2026, 3, 30)
    assert read("nasal-esketamine-us", "trd", 8, day - timedelta(days=1))["E-08"] is None
    assert read("nasal-esketamine-us", "trd", 8, day)["E-08"] == day
    assert read("iv-racemic-pain", "chronic-pain", 8, day) == {}


def test_induction_ends_by_the_plan_else_by_the_gate() -> None:
    days = [FIRST, FIRST + timedelta(days=2)]
    assert find_induction_end(days, 2, ()) == days[1]
    assert find_induction_end(days, 3, ()) is None
    gates = list_gates(
        get_effective("nasal-esketamine-us", indication="trd"),
        sessions=days,
        induction_sessions=None,
        today=date(2026, 4, 1),
    )
    assert find_induction_end(days, None, gates) == date(2026, 3, 30)


@pytest.mark.parametrize(("hours", "is_inside"), [(23, False), (24, True), (72, True), (73, False)])
def test_both_ends_of_the_window_count(hours: int, is_inside: bool) -> None:
    assert get_window().holds(LEFT, LEFT + timedelta(hours=hours)) is is_inside


def test_the_window_is_the_one_of_the_discharge_instructions() -> None:
    rows = {row["id"]: row for row in get_effective("iv-racemic", indication="trd").instructions}
    told = rows["integration"]
    assert (get_window().from_h, get_window().until_h) == (told["from_h"].value, told["until_h"].value)
    assert [str(each.citation.grade) for each in load_reasons()] == ["C", "D", "P"]


def test_hours_and_session_before_a_visit() -> None:
    assert calculate_hours_after(LEFT, LEFT + timedelta(hours=26, minutes=59)) == 26
    assert find_session_before([LEFT], LEFT - timedelta(minutes=1)) is None
    assert find_session_before([LEFT, LEFT + timedelta(days=2)], LEFT + timedelta(hours=30)) == 1
