"""The calendar of long-term screens: both sides of each interval of the fact sheet's rows LT-1 to LT-4 and LT-13."""

from datetime import date, timedelta
from typing import Any

import pytest

from afterglow.clinicday.surveillance import (
    Answer,
    Course,
    Due,
    Standing,
    judge_course,
    list_answer_names,
    list_dues,
    list_kept_after_stopping,
    load_items,
    load_screens,
)
from afterglow.protocols.facts import load_facts

FIRST = date(2026, 1, 5)


def build_course(sessions: int = 1, **answers: Any) -> Course:
    """Return a course with a session every third day and answers as (value, days after the first session)."""
    told = {
        name.replace("__", "."): Answer(value, FIRST + timedelta(days=days)) for name, (value, days) in answers.items()
    }
    days = tuple(FIRST + timedelta(days=3 * number) for number in range(sessions))
    return Course(sessions=days, induction_sessions=6, drug="racemic", indication="trd", answers=told)


def find(course: Course, item: str, days: int) -> Due:
    return next(due for due in list_dues(course, FIRST + timedelta(days=days)) if due.item == item)


BLADDER = {"course__has_haematuria_or_pain": (False, 0), "history__urinary_symptoms": (False, 0)}
LIVER = {
    "labs__alt__value": (24, 0),
    "labs__alt__upper_limit": (40, 0),
    "labs__ast__value": (21, 0),
    "labs__ast__upper_limit": (40, 0),
}


# clinical.md section 7, row LT-1: each 4th session or monthly in the first 3 months, then 3-monthly
@pytest.mark.parametrize(
    ("sessions", "scored", "day", "standing"),
    [
        (1, 0, 22, Standing.OK),
        (1, 0, 23, Standing.SOON),
        (1, 0, 30, Standing.SOON),
        (1, 0, 31, Standing.OVERDUE),
        # the fourth session after the score lies on day 12
        (5, 0, 11, Standing.OK),
        (5, 0, 12, Standing.OVERDUE),
        # after three months: 92 days
        (1, 100, 192, Standing.SOON),
        (1, 100, 193, Standing.OVERDUE),
    ],
)
def test_the_bladder_score_by_months_and_sessions(sessions: int, scored: int, day: int, standing: Standing) -> None:
    course = build_course(sessions, scales__luts__total=(2, scored), **BLADDER)
    assert find(course, "bladder-score", day).standing is standing


def test_the_day_and_the_sessions_left_are_told() -> None:
    due = find(build_course(3, scales__luts__total=(2, 0), **BLADDER), "bladder-score", 8)
    assert (due.last_on, due.due_on, due.sessions_left) == (FIRST, FIRST + timedelta(days=30), 2)
    assert (due.rule, due.grade, due.last_value) == ("LT-1", "P", "2")


# row LT-3: baseline, after induction, then 6-monthly
@pytest.mark.parametrize(("day", "standing"), [(183, Standing.SOON), (184, Standing.OVERDUE), (100, Standing.OK)])
def test_liver_tests_every_six_months(day: int, standing: Standing) -> None:
    assert find(build_course(1, **LIVER), "liver-tests", day).standing is standing


def test_liver_tests_after_the_induction() -> None:
    assert find(build_course(6, **LIVER), "liver-tests", 60).standing is Standing.SOON
    assert find(build_course(6, **LIVER), "liver-tests", 61).standing is Standing.OVERDUE
    assert find(build_course(5, **LIVER), "liver-tests", 61).standing is Standing.OK


@pytest.mark.parametrize(("value", "is_found"), [(120, False), (121, True)])
def test_liver_enzymes_above_three_times_the_limit_stop(value: int, is_found: bool) -> None:
    course = build_course(1, **{**LIVER, "labs__alt__value": (value, 0)})
    found = [finding for finding in judge_course(course, FIRST) if finding.rule == "LT-3"]
    assert [str(finding.severity) for finding in found] == (["stop"] if is_found else [])


# row LT-2: MoCA at baseline and yearly, question each month; row LT-4: each 3 months; LT-13: asked with LT-2
@pytest.mark.parametrize(
    ("item", "answer", "last_day"),
    [
        ("moca", {"scales__moca__total": (27, 0)}, 365),
        ("memory-question", {"memory": ("unchanged", 0)}, 31),
        ("misuse-review", {"course__has_misuse": (False, 0)}, 92),
        ("outside-use", {"course__outside_use": ("none", 0)}, 31),
    ],
)
def test_the_last_day_is_in_time_and_the_next_is_late(item: str, answer: Any, last_day: int) -> None:
    course = build_course(1, **answer)
    assert find(course, item, last_day).standing is Standing.SOON
    late = find(course, item, last_day + 1)
    assert late.is_due
    assert late.due_on == FIRST + timedelta(days=last_day)


def test_what_needs_no_baseline_counts_from_the_first_session() -> None:
    course = build_course(1)
    for item, last_day in (("memory-question", 31), ("misuse-review", 92), ("outside-use", 31)):
        assert not find(course, item, last_day).is_due
        assert find(course, item, last_day + 1).standing is Standing.NEVER
    for item in ("bladder-score", "liver-tests", "moca"):
        assert find(course, item, 0).standing is Standing.NEVER


def test_an_unknown_answer_is_never_a_pass() -> None:
    due = find(build_course(1, scales__luts__total=(2, 0)), "bladder-score", 5)
    assert due.standing is Standing.OVERDUE
    assert "blood in the urine" in due.findings[0].seen
    # the wider question asks about pain and blood too
    told = build_course(1, scales__luts__total=(2, 0), history__urinary_symptoms=(False, 0))
    assert find(told, "bladder-score", 5).standing is Standing.OK


@pytest.mark.parametrize(
    ("answers", "rule", "severity"),
    [
        ({"course__outside_use": ("esketamine", 0)}, "LT-13", "stop"),
        ({"course__outside_use": ("racemic", 0)}, "LT-13", "caution"),
        ({"course__has_misuse": (True, 0)}, "LT-4", "stop"),
        ({"scales__luts__total": (9, 0), "course__has_haematuria_or_pain": (True, 0)}, "LT-1", "stop"),
        ({"course__has_haematuria_or_pain": (False, 0), "history__urinary_symptoms": (True, 0)}, "LT-1", "caution"),
    ],
)
def test_results_are_judged_by_the_protocols_own_rules(answers: Any, rule: str, severity: str) -> None:
    found = [finding for finding in judge_course(build_course(1, **answers), FIRST) if finding.rule == rule]
    assert severity in {str(finding.severity) for finding in found}
    assert all(finding.source and finding.grade for finding in found)


def test_booked_sessions_count_before_they_are_held() -> None:
    course = build_course(2, scales__luts__total=(2, 0), **BLADDER)
    day = FIRST + timedelta(days=10)
    assert "LT-1" not in {finding.rule for finding in judge_course(course, day, more_sessions=2)}
    assert "LT-1" in {finding.rule for finding in judge_course(course, day, more_sessions=3)}


def test_every_answer_is_a_fact_of_the_vocabulary_and_every_item_belongs_to_a_screen() -> None:
    assert set(list_answer_names()) - set(load_facts()) == {"memory"}
    for item in load_items():
        assert set(item.answers) <= set(load_screens()[item.screen].asks)
        assert item.due or item.known_for


LIVER_AFTER = {name: (value, 7) for name, (value, _) in LIVER.items()}


# clinical.md section 7: LT-3 asks for liver tests after what was given; rows T-6, LT-1, LT-4, LT-13 for what was found
@pytest.mark.parametrize(
    ("course", "kept"),
    [
        (build_course(0), set()),
        (build_course(3), {"liver-tests"}),
        # the tests of the day of the last dose were taken before it
        (build_course(3, **{name: (value, 6) for name, (value, _) in LIVER.items()}), {"liver-tests"}),
        (build_course(3, **LIVER_AFTER), set()),
        (
            build_course(3, **LIVER_AFTER | {"labs__alt__value": (121, 7)}),
            {"liver-tests"},
        ),
        (
            build_course(
                3, **LIVER_AFTER,
                course__has_haematuria_or_pain=(True, 6), scales__luts__total=(9, 6),
            ),
            {"bladder-score"},
        ),
        (
            build_course(
                3, **LIVER_AFTER, course__has_misuse=(True, 6),
            ),
            {"misuse-review"},
        ),
    ],
)  # fmt: skip
def test_after_stopping_only_what_was_found_or_is_owed_stays(course: Course, kept: set[str]) -> None:
    assert list_kept_after_stopping(course, FIRST + timedelta(days=200)) == kept
