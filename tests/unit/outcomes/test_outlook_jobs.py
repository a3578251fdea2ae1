"""Forecasts asked of another process: JSON in, plain data out, refused input with its findings."""

import json

import pytest

from afterglow.outcomes.forecast.calibration import Calibration, parse_calibration, render_calibration
from afterglow.outcomes.outlook.jobs import forecast_course, render_policy
from afterglow.terms import InvalidInput
from tests.support.personal import LABEL, RACEMIC

COURSE = {
    "as_of": "2026-03-20",
    "instrument": "phq9",
    "drug": "racemic",
    "route": "iv",
    "duration_min": 40,
    "weight_kg": 70,
    "scores": [{"at": f"2026-03-{day:02d}", "value": value} for day, value in ((1, 20), (6, 14), (13, 9), (19, 8))],
    "sessions": [{"at": f"2026-03-{day:02d}", "dose_mg": 35} for day in (2, 5, 9)],
}


def ask(**content):
    return forecast_course(json.dumps(content))


def test_a_course_with_intervals_and_a_calibration() -> None:
    kept = render_calibration(Calibration({"PHQ-9": (1.0, 1.5)}, {"PHQ-9": 33}))
    found = ask(course=COURSE, policy=render_policy(RACEMIC), calibration=kept)
    plain = ask(course=COURSE)
    assert (found["status"], found["outcome"], found["calibration"]["past_patients"]) == ("ok", "forecast", 33)
    assert found["score"]["p95"][20] > plain["score"]["p95"][20]
    assert found["next_treatment"]["protocol"] == "iv-racemic"
    assert plain["next_treatment"]["code"] == "no-protocol"
    json.dumps(found, allow_nan=False)


def test_the_same_question_has_the_same_answer() -> None:
    assert ask(course=COURSE, policy=render_policy(LABEL)) == ask(course=COURSE, policy=render_policy(LABEL))


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({}, "course"),
        ({"course": {**COURSE, "as_of": None}}, "as_of"),
        ({"course": COURSE, "policy": {"phase": "x"}}, "policy"),
        ({"course": COURSE, "policy": {**render_policy(RACEMIC), "grade": "Z"}}, "policy"),
        ({"course": COURSE, "calibration": {"PHQ-9": {"factors": [1.0]}}}, "calibration"),
        ({"course": COURSE, "calibration": {"PHQ-9": {"factors": [1.0, -2.0], "patients": 30}}}, "calibration"),
        ({"course": COURSE, "wish": 1}, "payload"),
    ],
)
def test_what_cannot_be_asked_comes_back_refused(content, path: str) -> None:
    found = ask(**content)
    assert found["status"] == "refused"
    assert path in [problem["path"] for problem in found["problems"]]


def test_a_calibration_is_read_as_it_was_written() -> None:
    kept = Calibration({"all": (0.9, 1.2), "PHQ-9/14": (1.0, 1.1)}, {"all": 40, "PHQ-9/14": 25})
    assert parse_calibration(json.loads(json.dumps(render_calibration(kept)))) == kept
    with pytest.raises(InvalidInput):
        parse_calibration({"all": 3})


@pytest.mark.parametrize(
    ("last", "against"),
    [
        (((19, 8),), False),
        (((19, 12), (19, 7)), True),
        (((18, 8), (18, 2), (19, 8)), False),
    ],
    ids=["one score", "two of one moment differ, later than the rest", "two differ, and a later one stands"],
)
def test_scores_that_contradict_each_other_stand_against_a_longer_interval(last, against: bool) -> None:
    first = [(1, 20), (6, 9), (13, 7)]
    scores = [{"at": f"2026-03-{day:02d}", "value": value} for day, value in (*first, *last)]
    found = ask(course={**COURSE, "scores": scores}, policy=render_policy(RACEMIC))
    stretch = next(one for one in found["next_treatment"]["choices"] if one["action"] == "stretch")
    assert any("phq9 12 and 7 on 2026-03-19" in each["text"] for each in stretch["reasons"]) is against


def test_a_relapse_is_dated_by_its_first_score() -> None:
    scores = [{"at": at, "value": value} for at, value in (
        ("2026-03-01", 20), ("2026-03-08", 4), ("2026-03-12", 12), ("2026-03-19", 13),
    )]  # fmt: skip
    relapse = ask(course={**COURSE, "scores": scores})["relapse"]
    assert "A relapse was seen on 2026-03-12" in json.dumps(relapse)
