"""Long-term rows LT-1 to LT-13 and the reasons to stop a course, T-6: both sides and unknown."""

from typing import Any

import pytest

from afterglow.protocols.model import Stage
from tests.spec.protocols.asking import ESKETAMINE_US, RACEMIC, ask

CAUTION, STOP = "caution/prescriber", "stop/second-clinician"
BIPOLAR = {"indication": "bipolar-depression"}
BLADDER = {
    "course.has_haematuria_or_pain": False,
    "course.months": 2,
    "scales.luts.age_d": 10,
    "course.sessions_since_luts": 1,
    "history.urinary_symptoms": False,
}
LIVER = {
    "labs.liver.age_d": 30,
    "labs.liver.worst_multiple": 1,
    "course.phase": "induction",
    "course.maintenance_sessions": 0,
}


@pytest.mark.parametrize(
    ("row", "words", "facts", "context", "expected"),
    [
        ("LT-1", "fine", BLADDER, {}, "cleared"),
        ("LT-1", "month 2, 30 days", BLADDER | {"scales.luts.age_d": 30}, {}, "cleared"),
        ("LT-1", "month 2, 31 days", BLADDER | {"scales.luts.age_d": 31}, {}, "missing"),
        ("LT-1", "3 sessions since", BLADDER | {"course.sessions_since_luts": 3}, {}, "cleared"),
        ("LT-1", "4 sessions since", BLADDER | {"course.sessions_since_luts": 4}, {}, "missing"),
        ("LT-1", "month 3, 92 days", BLADDER | {"course.months": 3, "scales.luts.age_d": 92}, {}, "cleared"),
        ("LT-1", "month 3, 93 days", BLADDER | {"course.months": 3, "scales.luts.age_d": 93}, {}, "missing"),
        ("LT-1", "blood in the urine", BLADDER | {"course.has_haematuria_or_pain": True}, {}, STOP),
        ("LT-1", "symptoms", BLADDER | {"history.urinary_symptoms": True}, {}, CAUTION),
        ("LT-1", "unknown", {}, {}, "missing"),
        ("LT-2", "fine", {"scales.moca.age_d": 365, "course.memory_question_age_d": 31}, {}, "cleared"),
        ("LT-2", "MoCA a year old", {"scales.moca.age_d": 366, "course.memory_question_age_d": 31}, {}, "missing"),
        ("LT-2", "not asked for 32 days", {"scales.moca.age_d": 3, "course.memory_question_age_d": 32}, {}, "missing"),
        ("LT-2", "unknown", {}, {}, "missing"),
        ("LT-3", "fine", LIVER, {}, "cleared"),
        ("LT-3", "183 days", LIVER | {"labs.liver.age_d": 183}, {}, "cleared"),
        ("LT-3", "184 days", LIVER | {"labs.liver.age_d": 184}, {}, "missing"),
        ("LT-3", "3.0 times the limit", LIVER | {"labs.liver.worst_multiple": 3}, {}, "cleared"),
        ("LT-3", "3.1 times the limit", LIVER | {"labs.liver.worst_multiple": "3.1"}, {}, STOP),
        ("LT-3", "after induction", LIVER | {"course.phase": "maintenance", "labs.liver.age_d": 61}, {}, "missing"),
        ("LT-3", "unknown", {}, {}, "missing"),
        ("LT-4", "reviewed", {"course.has_misuse": False, "course.misuse_review_age_d": 92}, {}, "cleared"),
        ("LT-4", "review due", {"course.has_misuse": False, "course.misuse_review_age_d": 93}, {}, "missing"),
        ("LT-4", "misuse", {"course.has_misuse": True, "course.misuse_review_age_d": 1}, {}, STOP),
        ("LT-4", "unknown", {}, {}, "missing"),
        ("LT-5", "1 increase", {"course.escalations": 1}, {}, "cleared"),
        ("LT-5", "2 increases", {"course.escalations": 2}, {}, CAUTION),
        ("LT-5", "unknown", {}, {}, "missing"),
        ("LT-6", "responder", {"course.is_responder": True}, {}, "info"),
        ("LT-6", "no responder", {"course.is_responder": False}, {}, "silent"),
        ("LT-7", "24 % worse", {"course.worsening_percent": 24, "course.has_new_item9": False}, {}, "cleared"),
        ("LT-7", "25 % worse", {"course.worsening_percent": 25, "course.has_new_item9": False}, {}, CAUTION),
        ("LT-7", "new item 9", {"course.worsening_percent": -30, "course.has_new_item9": True}, {}, CAUTION),
        ("LT-7", "unknown", {}, {}, "missing"),
        ("LT-8", "scale 31 days", {"history.mania": False, "course.mania_scale_age_d": 31}, BIPOLAR, "cleared"),
        ("LT-8", "scale 32 days", {"history.mania": False, "course.mania_scale_age_d": 32}, BIPOLAR, "missing"),
        ("LT-8", "mania", {"history.mania": True, "course.mania_scale_age_d": 1}, BIPOLAR, STOP),
        ("LT-8", "not bipolar", {}, {}, "silent"),
        ("LT-9", "6 sessions", {"course.sessions": 6}, {}, "info"),
        ("LT-9", "5 sessions", {"course.sessions": 5}, {}, "silent"),
        (
            "LT-10",
            "11 sessions, every 14 days",
            {"course.maintenance_sessions": 11, "course.days_between_sessions": 14},
            {},
            "cleared",
        ),
        ("LT-10", "12 sessions", {"course.maintenance_sessions": 12, "course.days_between_sessions": 30}, {}, CAUTION),
        ("LT-10", "every 13 days", {"course.maintenance_sessions": 2, "course.days_between_sessions": 13}, {}, CAUTION),
        ("LT-10", "unknown", {}, {}, "missing"),
        (
            "LT-12",
            "48 h, not called",
            {"course.hours_since_session": 48, "course.is_called_back": False},
            {},
            "cleared",
        ),
        (
            "LT-12",
            "49 h, not called",
            {"course.hours_since_session": 49, "course.is_called_back": False},
            {},
            "missing",
        ),
        ("LT-12", "49 h, called", {"course.hours_since_session": 49, "course.is_called_back": True}, {}, "cleared"),
        ("LT-12", "unknown", {}, {}, "missing"),
        ("LT-13", "none", {"course.outside_use": "none"}, {}, "cleared"),
        ("LT-13", "racemic elsewhere", {"course.outside_use": "racemic"}, {}, CAUTION),
        ("LT-13", "esketamine at home", {"course.outside_use": "esketamine"}, {}, STOP),
        ("LT-13", "unknown", {}, {}, "missing"),
    ],
)
def test_surveillance_row(row: str, words: str, facts: dict[str, Any], context: dict[str, Any], expected: str) -> None:
    assert ask(row, facts, RACEMIC | context, Stage.SURVEILLANCE) == expected, words


@pytest.mark.parametrize(("months", "expected"), [(11, "silent"), (12, "info"), (None, "silent")])
def test_long_run_data_are_cited_for_esketamine_row_lt11(months: int | None, expected: str) -> None:
    assert ask("LT-11", {"course.months": months}, ESKETAMINE_US, Stage.SURVEILLANCE) == expected
    assert ask("LT-11", {"course.months": months}, RACEMIC, Stage.SURVEILLANCE) == "silent"


GOING_ON = {
    "history.psychosis": False,
    "course.has_persistent_dissociation": False,
    "pregnancy.status": "not-possible",
}


@pytest.mark.parametrize(
    ("words", "change", "expected"),
    [
        ("nothing", {}, "cleared"),
        ("psychosis", {"history.psychosis": True}, STOP),
        ("dissociation between sessions", {"course.has_persistent_dissociation": True}, STOP),
        ("pregnancy", {"pregnancy.status": "pregnant"}, STOP),
        ("psychosis not asked", {"history.psychosis": None}, "missing"),
    ],
)
def test_reasons_to_stop_the_course_row_t6(words: str, change: dict[str, Any], expected: str) -> None:
    assert ask("T-6", GOING_ON | change, RACEMIC, Stage.SURVEILLANCE) == expected, words
