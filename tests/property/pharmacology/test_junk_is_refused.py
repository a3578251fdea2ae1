"""Whatever is thrown at the engine's own types and entry functions: an answer, or a refusal that names the field."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterglow.pharmacology import Demography, Dose, Person, Request, build_covariates, build_regimen, simulate
from afterglow.pharmacology.effects.parameters import build_typical_values, draw_values
from afterglow.pharmacology.finding import Goal, Ladder, Limits, Option, draw_people
from afterglow.pharmacology.linear import Flow, LinearSystem, Output
from afterglow.pharmacology.mechanism import CourseSession, CourseSetting, simulate_course
from afterglow.pharmacology.mechanism.parameters import load_population
from afterglow.pharmacology.updating.observations import Observation, check_observations
from afterglow.terms import InvalidInput, Problem

JUNK: list[Any] = [
    math.nan, math.inf, -math.inf, -1.0, 0.0, 0, 1e308, 10**400, True, False, None, "", "x" * 5000, "12", b"1",
    [], {}, (), [1.0, math.nan], {"a": 1}, object(), np.nan, np.float64(-3), np.int64(-3), np.array([1.0, np.nan]),
    np.zeros((2, 2)), 1j, (1, 2, 3),
]  # fmt: skip


def build_system(field: str, value: Any) -> LinearSystem:
    flow = {"source": 0, "target": None, "out_per_h": 0.5} | ({field: value} if field != "n" else {})
    return LinearSystem(("central",), (Flow(**flow),), (Output("c", {0: 0.1}),), value if field == "n" else 1)


def run_request(field: str, value: Any) -> object:
    known: dict[str, Any] = {"drug": "racemic", "route": "iv", "doses": ("35mg/40min",), "person": Person(70.0, 45.0)}
    return simulate(Request(**(known | {"until_h": 1.0, "step_h": 0.25, "with_effects": False} | {field: value})))


def run_course(field: str, value: Any) -> object:
    given_ = {"sessions": [CourseSession(0.0, "iv_ketamine_0.5")], "days": [1.0], "n": 20} | {field: value}
    return simulate_course(generator=np.random.default_rng(1), **given_)


CALLS: dict[str, tuple[Callable[[str, Any], object], tuple[str, ...]]] = {
    "Person": (lambda f, v: build_covariates(Person(**({"weight_kg": 70.0} | {f: v}))),
               ("weight_kg", "age_years", "sex", "height_cm", "bmi", "ancestry", "hepatic")),
    "Demography": (lambda f, v: Demography(**{f: v}),
                   ("share_female", "share_asian", "share_japanese", "age_years", "weight_median_kg", "weight_log_sd",
                    "height_mean_cm", "height_sd_cm", "height_weight_correlation")),
    "Goal": (lambda f, v: Goal(**({"of": "cadss", "level": 10.0, "probability": 0.9} | {f: v})),
             ("of", "level", "probability", "statistic", "direction", "minutes", "drug", "route", "until_min")),
    "Option": (lambda f, v: Option(**({"drug": "racemic", "route": "iv", "dose_mg": 35.0} | {f: v})),
               ("drug", "route", "model", "dose_mg", "dose_mg_per_kg", "cap_mg", "duration_min", "devices", "gap_min",
                "sessions", "interval_h", "label")),
    "Limits": (lambda f, v: Limits(**{f: v}),
               ("dose_mg", "dose_mg_per_kg", "lowest_mg", "step_mg", "shortest_min", "longest_min", "most_devices",
                "duration_step_min", "shortest_gap_min", "shortest_interval_h", "interval_step_h")),
    "Ladder": (lambda f, v: Limits(dose_mg=Ladder(**{f: v})), ("soft", "second_clinician", "hard")),
    "CourseSetting": (lambda f, v: CourseSetting(**{f: v}),
                      ("setting", "scale", "baseline", "baseline_sd", "remission_at_most", "has_drug",
                       "has_new_antidepressant", "has_clinic_spread")),
    "simulate_course": (run_course, ("days", "n")),
    "CourseSession": (lambda f, v: run_course("sessions", [CourseSession(**({"at_day": 0.0,
                      "exposure": "iv_ketamine_0.5"} | {f: v}))]), ("at_day", "exposure")),
    "LinearSystem": (build_system, ("n", "out_per_h", "source", "in_per_h")),
    "Observation": (lambda f, v: check_observations([Observation(**({"kind": "cadss", "value": 10.0, "at_min": 40.0,
                    "session": "a"} | {f: v}))]), ("kind", "value", "at_min")),
    "Dose": (lambda f, v: build_regimen([Dose(**({"amount_mg": 35.0, "start_h": 0.0} | {f: v}))], drug="racemic",
             route="iv", weight_kg=70.0), ("amount_mg", "start_h", "duration_h")),
    "dose text": (lambda f, v: build_regimen([v], drug="racemic", route="iv", weight_kg=70.0), ("dose",)),
    "Request": (run_request, ("drug", "route", "doses", "person", "until_h", "step_h", "model", "interactions", "n",
                              "seed", "demography", "is_venous", "with_effects", "session_number", "engine", "threads")),  # noqa: E501
    "draw_people": (lambda f, v: draw_people(**{f: v}), ("n", "seed")),
    "draw_values": (lambda f, v: draw_values(v, np.random.default_rng(1)), ("n",)),
    "overrides": (lambda f, v: build_typical_values(1, {"dissociation.maximum": v}), ("maximum",)),
    "population": (lambda f, v: load_population({"sensitivity": v}), ("sensitivity",)),
}  # fmt: skip
CASES = [(name, field) for name, (_, fields) in CALLS.items() for field in fields]
TOO_LONG_TO_RUN = {("draw_values", "n"), ("simulate_course", "n")}


def judge(name: str, field: str, value: Any) -> bool:
    """Call with one field replaced; return whether the answer, or the refusal, is whole. Nothing else may come."""
    try:
        CALLS[name][0](field, value)
    except InvalidInput as refused:
        return bool(refused.problems) and all(is_whole(problem) for problem in refused.problems)
    return True


def is_whole(problem: Problem) -> bool:
    """Return whether a problem names its field and can be carried by JSON."""
    carried = json.loads(json.dumps(problem.to_json(), allow_nan=False))
    return bool(problem.path) and carried["path"] == problem.path


@pytest.mark.parametrize(("name", "field"), CASES)
def test_junk_in_any_field_is_answered_or_refused(name: str, field: str) -> None:
    assert [value for value in JUNK if not judge(name, field, value)] == []


@given(
    case=st.sampled_from([case for case in CASES if case not in TOO_LONG_TO_RUN]),
    value=st.one_of(st.floats(), st.integers(-(10**6), 300), st.text(max_size=12), st.booleans(), st.none()),
)
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_any_plain_value_in_any_field_is_answered_or_refused(case: tuple[str, str], value: Any) -> None:
    assert judge(*case, value)


NAN_FIELDS = [
    ("Person", "weight_kg"), ("Demography", "share_female"), ("Demography", "weight_log_sd"), ("Goal", "level"),
    ("Goal", "minutes"), ("Goal", "until_min"), ("Option", "dose_mg"), ("Option", "gap_min"), ("Limits", "step_mg"),
    ("CourseSetting", "baseline"), ("CourseSetting", "baseline_sd"), ("CourseSetting", "remission_at_most"),
    ("LinearSystem", "out_per_h"), ("Observation", "value"), ("Dose", "amount_mg"), ("Request", "until_h"),
    ("overrides", "maximum"), ("population", "sensitivity"), ("CourseSession", "at_day"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "field"), NAN_FIELDS)
@pytest.mark.parametrize("value", [math.nan, math.inf, True, "12"])
def test_what_is_no_number_is_refused_where_a_number_is_needed(name: str, field: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        CALLS[name][0](field, value)


@pytest.mark.parametrize("n", [True, 1.0, "1", None, 0])
def test_number_of_patients_is_a_whole_number(n: Any) -> None:
    assert build_system("n", 2).n == 2
    with pytest.raises(InvalidInput) as refused:
        build_system("n", n)
    assert refused.value.problems[0].path == "n"


def test_good_values_of_the_same_fields_are_taken() -> None:
    assert Demography(share_female=0.4, age_years=(20.0, 40.0, 80.0)).share_female == 0.4
    assert CourseSetting(scale="PHQ-9", baseline=20.0).baseline == 20.0
    assert Goal("cadss", 10.0, 0.9, statistic="time_above", minutes=30.0).minutes == 30.0
    assert Limits(most_devices=3).most_devices == 3
    with pytest.raises(InvalidInput, match="everybody"):
        Demography(share_asian=0.7, share_japanese=0.4)
    with pytest.raises(InvalidInput, match="most frequent"):
        Demography(age_years=(40.0, 20.0, 80.0))
