"""The reviews after session 3 (T-3) and after induction (T-5), both sides of each threshold and at unknown."""

from dataclasses import replace
from decimal import Decimal

import pytest

from afterglow.instruments import get_instrument
from afterglow.outcomes import Course, GateStanding, build_series, read_gates
from afterglow.terms import Severity
from tests.support.courses import build_course, build_score, build_session


def read_both(course: Course):
    (series,), _ = build_series(course)
    return read_gates(series, course)


# from a baseline of 20 on day 0, sessions on days 0, 3, 7 and 10
THIRD = {
    "16.01 is 19.95 %": ("16.01", GateStanding.REASSESS),
    "16 is 20 %": (16, GateStanding.BORDERLINE),
    "15.01 is 24.95 %": ("15.01", GateStanding.BORDERLINE),
    "15 is 25 %": (15, GateStanding.ON_TRACK),
    "worse": (22, GateStanding.REASSESS),
    "not answered": (None, GateStanding.UNKNOWN),
}


@pytest.mark.parametrize(("total", "standing"), THIRD.values(), ids=THIRD)
def test_review_after_session_3(total, standing) -> None:
    gate, _ = read_both(build_course([(0, 20), (8, total)], session_days=(0, 3, 7, 10)))
    assert gate.standing is standing
    assert (gate.finding is None) == (standing is GateStanding.ON_TRACK)
    if gate.finding:
        assert gate.finding.rule == "T-3"
        assert (gate.finding.severity is Severity.MISSING) == (standing is GateStanding.UNKNOWN)


def test_review_after_session_3_is_not_due_after_two() -> None:
    gate, _ = read_both(build_course([(0, 20), (8, 19)], session_days=(0, 3)))
    assert gate.standing is GateStanding.NOT_DUE
    assert gate.finding is None


def test_review_after_session_3_reads_no_score_from_after_session_4() -> None:
    gate, _ = read_both(build_course([(0, 20), (12, 5)], session_days=(0, 3, 7, 10)))
    assert gate.standing is GateStanding.UNKNOWN


def test_dose_that_was_not_tolerated_is_solved_first() -> None:
    sessions = (build_session(0), build_session(3), build_session(7, was_tolerated=False))
    gate, _ = read_both(Course((build_score(0, 20), build_score(8, 19)), sessions))
    assert gate.standing is GateStanding.DOES_NOT_APPLY


def test_review_is_unknown_at_a_baseline_of_0() -> None:
    gate, _ = read_both(build_course([(0, 0), (8, 0)], session_days=(0, 3, 7)))
    assert gate.standing is GateStanding.UNKNOWN
    assert gate.result.reason == "undefined: the baseline is 0"


INDUCTION = {
    "half is a response": ([(20, 10)], GateStanding.RESPONSE),
    "11 of 20 is none": ([(20, 11)], GateStanding.NO_RESPONSE),
    "31 days after the last": ([(48, 10)], GateStanding.RESPONSE),
    "32 days is too late": ([(49, 10)], GateStanding.UNKNOWN),
    "the last one in time counts": ([(20, 8), (30, 15)], GateStanding.NO_RESPONSE),
    "no score": ([], GateStanding.UNKNOWN),
}


@pytest.mark.parametrize(("scores", "standing"), INDUCTION.values(), ids=INDUCTION)
def test_review_after_induction_of_six(scores, standing) -> None:
    course = build_course([(0, 20), *scores], session_days=(0, 3, 7, 10, 14, 17), planned_induction_sessions=6)
    _, gate = read_both(course)
    assert gate.standing is standing
    assert (gate.finding is None) == (standing is GateStanding.RESPONSE)
    if gate.finding:
        assert gate.finding.rule == "T-5"


def test_review_after_induction_is_not_due_before_the_last_planned_session() -> None:
    _, gate = read_both(build_course([(0, 20), (15, 9)], session_days=(0, 3, 7), planned_induction_sessions=6))
    assert gate.standing is GateStanding.NOT_DUE


def test_review_after_induction_is_unknown_without_a_plan() -> None:
    _, gate = read_both(build_course([(0, 20), (15, 9)], session_days=(0, 3, 7)))
    assert gate.standing is GateStanding.UNKNOWN
    assert gate.finding is None


def test_review_after_induction_reads_the_clinic_threshold() -> None:
    course = build_course([(0, 20), (20, 13)], session_days=(0, 3), planned_induction_sessions=2)
    (series,), _ = build_series(course)
    threshold = replace(get_instrument("phq9").thresholds["response"], value=Decimal(35))
    own = {("phq9", "response"): threshold}
    assert read_gates(series, course)[1].standing is GateStanding.NO_RESPONSE
    assert read_gates(series, course, own)[1].standing is GateStanding.RESPONSE
