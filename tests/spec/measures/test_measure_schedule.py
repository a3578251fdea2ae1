"""The schedule of measures: both sides of every interval, and what counts as answered, unfinished and missing."""

from datetime import date, timedelta

import pytest

from afterglow.clinicday.measures import (
    Answered,
    Completeness,
    Course,
    Due,
    Excuse,
    Phase,
    Span,
    Standing,
    check_reason,
    list_dues,
    load_measures,
    measure_completeness,
)
from afterglow.instruments import get_instrument
from afterglow.terms import Grade, InvalidInput

BEGAN = date(2026, 3, 2)
INTAKE = Span(Phase.INTAKE, BEGAN - timedelta(days=20), BEGAN)
INDUCTION = Span(Phase.INDUCTION, BEGAN, BEGAN + timedelta(days=28))
MAINTENANCE = Span(Phase.MAINTENANCE, BEGAN + timedelta(days=28))


def day(number: int) -> date:
    return BEGAN + timedelta(days=number)


def build_course(*answers: tuple[str, int], topics: frozenset[str] = frozenset({"trd"}), **more: object) -> Course:
    """Return a course of four weeks' induction and then maintenance, with answers as (instrument, day)."""
    given = tuple(Answered(name, day(number)) for name, number in answers)
    values = {"spans": (INTAKE, INDUCTION, MAINTENANCE), "topics": topics, "answers": given, **more}
    return Course(**values)  # type: ignore[arg-type]


def find(course: Course, measure: str, number: int) -> Due:
    return next(due for due in list_dues(course, day(number)) if due.measure == measure)


def list_measures(course: Course, number: int) -> set[str]:
    return {due.measure for due in list_dues(course, day(number))}


# instruments.md section 1: weekly in induction, every 4 weeks in maintenance, every 3 months
@pytest.mark.parametrize(
    ("measure", "last", "number", "standing", "due"),
    [
        ("induction-mood", 0, 4, Standing.ANSWERED, 0),
        ("induction-mood", 0, 5, Standing.DUE, 7),
        ("induction-mood", 0, 9, Standing.DUE, 7),
        ("induction-mood", 0, 10, Standing.OVERDUE, 7),
        ("induction-mood", 0, 12, Standing.DUE, 14),
        ("maintenance-mood", 0, 48, Standing.NOT_DUE, 56),
        ("maintenance-mood", 0, 49, Standing.DUE, 56),
        ("maintenance-mood", 49, 63, Standing.ANSWERED, 56),
        ("maintenance-mood", 0, 63, Standing.DUE, 56),
        ("maintenance-mood", 0, 64, Standing.OVERDUE, 56),
        ("quarterly-mania", 0, 76, Standing.NOT_DUE, 91),
        ("quarterly-mania", 0, 77, Standing.DUE, 91),
        ("quarterly-mania", 0, 105, Standing.DUE, 91),
        ("quarterly-mania", 0, 106, Standing.OVERDUE, 91),
    ],
)
def test_each_interval_has_two_sides(measure: str, last: int, number: int, standing: Standing, due: int) -> None:
    scale = "asrm" if measure == "quarterly-mania" else "phq9"
    found = find(build_course((scale, last)), measure, number)
    assert (found.standing, found.due_on) == (standing, day(due))


def test_intake_is_due_from_its_first_day_and_missing_once_the_first_dose_was_given() -> None:
    course = build_course()
    assert find(course, "intake-mood", -20).standing is Standing.DUE
    assert find(course, "intake-mood", -1).standing is Standing.DUE
    gone = find(course, "intake-mood", 0)
    assert (gone.standing, gone.reason) == (Standing.MISSING, "unknown")
    assert find(build_course(("phq9", -1)), "intake-mood", 0).standing is Standing.ANSWERED
    # the first dose's own day is no longer before it
    assert find(build_course(("phq9", 0)), "intake-mood", 0).standing is Standing.MISSING


@pytest.mark.parametrize(
    ("topics", "asked"),
    [
        (frozenset({"trd"}), set()),
        (frozenset({"ptsd"}), {"intake-trauma", "intake-primary"}),
        (frozenset({"trd", "trauma"}), {"intake-trauma"}),
        (frozenset({"ocd"}), {"intake-primary"}),
        (frozenset({"chronic-pain"}), {"intake-pain", "intake-primary"}),
    ],
)
def test_what_only_some_are_asked(topics: frozenset[str], asked: set[str]) -> None:
    some = {"intake-trauma", "intake-pain", "intake-primary"}
    assert list_measures(build_course(topics=topics), -5) & some == asked


def test_the_indications_own_scale_is_asked_unless_a_row_asks_for_it_anyway() -> None:
    assert find(build_course(topics=frozenset({"ocd"})), "induction-primary", 0).instruments == ("ybocs",)
    assert find(build_course(topics=frozenset({"mdd-si"})), "induction-primary", 0).instruments == ("madrs",)
    assert "induction-primary" not in list_measures(build_course(topics=frozenset({"anxiety"})), 0)


def test_the_long_alcohol_form_waits_for_a_positive_short_one() -> None:
    for is_positive, is_asked in ((None, False), (False, False), (True, True)):
        answers = (Answered("audit-c", day(-10), is_positive=is_positive),)
        assert ("intake-alcohol-full" in list_measures(build_course(answers=answers), -5)) is is_asked


def test_one_of_several_instruments_is_enough() -> None:
    found = find(build_course(("ipss", -3)), "intake-bladder", -1)
    assert (found.standing, found.answered_by) == (Standing.ANSWERED, "ipss")


def test_an_answer_counts_for_one_session_only() -> None:
    sessions = (day(0), day(1), day(4))
    course = build_course(("phq9", 0), sessions=sessions)
    assert find(course, "session-suicide", 0).standing is Standing.ANSWERED
    # the day before is the day of the session before
    assert find(course, "session-suicide", 1).standing is Standing.DUE
    assert find(build_course(("phq9", 3), sessions=sessions), "session-suicide", 4).standing is Standing.ANSWERED
    assert find(build_course(("phq9", 2), sessions=sessions), "session-suicide", 4).standing is Standing.DUE
    assert find(course, "session-suicide", 5).standing is Standing.MISSING


def test_an_unfinished_form_is_no_answer() -> None:
    course = build_course(answers=(Answered("phq9", day(1), is_complete=False),))
    found = find(course, "induction-mood", 3)
    assert (found.standing, found.is_unfinished, found.answered_on) == (Standing.OVERDUE, True, None)


def test_an_answer_of_tomorrow_counts_for_nothing_today() -> None:
    assert find(build_course(("phq9", 2)), "induction-mood", 1).standing is Standing.DUE


def test_a_recorded_reason_stands_in_for_an_answer_and_an_answer_beats_it() -> None:
    excuses = (Excuse("phq9", day(7), "unwell"),)
    found = find(build_course(excuses=excuses), "induction-mood", 8)
    assert (found.standing, found.reason) == (Standing.MISSING, "unwell")
    answered = find(build_course(("phq9", 8), excuses=excuses), "induction-mood", 8)
    assert (answered.standing, answered.reason) == (Standing.ANSWERED, "")
    with pytest.raises(InvalidInput) as refused:
        check_reason("forgot")
    assert "declined" in refused.value.problems[0].accepted


def keep(course: Course, number: int, measure: str) -> tuple[int, list[tuple[date, str]]]:
    done = measure_completeness(course, day(number))
    return done.due, [(each.due_on, each.reason) for each in done.missing if each.measure == measure]


def test_completeness_counts_what_fell_due_what_was_answered_and_why_not() -> None:
    excuses = (Excuse("phq9", day(14), "declined"),)
    course = build_course(("phq9", -3), ("phq9", 0), ("phq9", 20), excuses=excuses)
    _, missing = keep(course, 27, "induction-mood")
    assert missing == [(day(7), "unknown"), (day(14), "declined")]
    # two days of grace: not late, so neither due nor missing yet
    empty = build_course()
    assert keep(empty, 2, "induction-mood")[1] == []
    assert keep(empty, 3, "induction-mood")[1] == [(day(0), "unknown")]


def test_where_nothing_was_due_there_is_no_share() -> None:
    early = Course(spans=(Span(Phase.INTAKE, BEGAN),))
    assert measure_completeness(early, BEGAN) == Completeness(0, 0)
    assert measure_completeness(early, BEGAN).share is None
    assert measure_completeness(Course(spans=()), BEGAN).share is None


def test_a_stopped_course_asks_for_nothing_more() -> None:
    stopped = (INTAKE, INDUCTION, Span(Phase.MAINTENANCE, day(28), day(60)))
    course = build_course(spans=stopped)
    assert all(due.standing in (Standing.MISSING, Standing.NOT_DUE) for due in list_dues(course, day(400)))


def test_every_row_says_where_its_time_is_from_and_names_instruments_that_exist() -> None:
    rows = load_measures()
    assert len({row.id for row in rows}) == len(rows)
    assert all(row.citation.grade is Grade.P for row in rows)
    assert all(get_instrument(name).id == name for row in rows for name in row.any_of)
    assert all(row.every.days > row.early.days + row.grace.days for row in rows if row.when == "every")
