"""The jobs as a worker process is asked: text in, plain data out, refusals as data."""

import json
import pickle
from typing import Any

import pytest

from afterglow.pharmacology.finding.words import round_two
from afterglow.pharmacology.jobs import compare_options, find_dose_job, predict_session

PATIENT = {"weight_kg": 70, "age_years": 45, "sex": "F"}
IV = {"drug": "racemic", "route": "iv", "dose_mg_per_kg": 0.5, "cap_mg": 50, "duration_min": 40}
COMPARE = {"patient": PATIENT, "a": IV, "b": {**IV, "duration_min": 60}, "n": 60, "seed": 4}
SESSION: dict[str, Any] = {
    "patient": PATIENT,
    "drug": "racemic",
    "route": "iv",
    "n": 60,
    "events": [{"kind": "start", "at_min": 0, "amount_mg": 35, "duration_min": 40}],
}
FIND = {
    "patient": PATIENT,
    "n": 60,
    "goal": {"of": "ketamine_ng_per_ml", "level": 150, "probability": 0.9},
    "option": IV,
    "limits": {"dose_mg": {"hard": 100}, "step_mg": 1, "shortest_min": 40},
}


def test_comparison_is_plain_data_with_bands_words_and_basis() -> None:
    found = compare_options(json.dumps(COMPARE))
    assert found["status"] == "ok"
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    first, second = found["options"]
    assert first["words"]["peak"].startswith("about ")
    assert first["words"]["cadss6_reaches"].endswith("of similar people")
    assert first["words"]["bp_rise"].startswith("up to about ")
    assert first["values"]["peak_ng_per_ml"][1] > second["values"]["peak_ng_per_ml"][0]
    basis = first["basis"]
    assert (basis["model"], basis["sampling_site"], basis["virtual_n"]) == ("kamp-2020", "arterial", 60)
    assert basis["grade"] in "ABCD"
    assert basis["effect_grade"]["cadss6"] == "D"
    assert basis["population"]
    band = first["curves"]["concentration_ng_per_ml"]
    assert len(band["p5"]) == len(found["time_min"]) == 61
    assert all(low <= middle <= high for low, middle, high in zip(band["p5"], band["p50"], band["p95"], strict=True))
    assert max(first["curves"]["cadss6"]["p95"]) <= 24 < max(first["curves"]["cadss"]["p95"]) <= 92


def test_every_number_shown_has_two_figures() -> None:
    found = compare_options(json.dumps(COMPARE))
    for side in found["options"]:
        numbers = [value for band in side["curves"].values() for row in band.values() for value in row]
        assert all(value == round_two(value) for value in numbers)


def test_slower_infusion_has_the_lower_peak_and_less_dissociation() -> None:
    first, second = compare_options(json.dumps(COMPARE))["options"]
    for name in ("concentration_ng_per_ml", "cadss", "cadss6"):
        assert max(second["curves"][name]["p50"]) < max(first["curves"][name]["p50"])


def test_same_text_gives_the_same_answer_and_travels_between_processes() -> None:
    text = json.dumps(COMPARE)
    assert compare_options(text) == compare_options(text)
    assert pickle.loads(pickle.dumps(compare_options(text))) == compare_options(text)
    assert pickle.loads(pickle.dumps(compare_options)) is compare_options


def test_pause_lowers_the_peak_and_moves_the_rest() -> None:
    paused = [*SESSION["events"], {"kind": "pause", "at_min": 20}, {"kind": "resume", "at_min": 30}]
    found = predict_session(json.dumps({**SESSION, "events": paused}))
    plain = predict_session(json.dumps(SESSION))
    assert [row["start_min"] for row in found["given"]] == [0.0, 30.0]
    assert sum(row["amount_mg"] for row in found["given"]) == pytest.approx(35.0)
    at = found["time_min"].index(50.0)
    levels = [one["curves"]["concentration_ng_per_ml"]["p50"] for one in (plain, found)]
    assert max(levels[1]) < max(levels[0])
    assert levels[1][at] > levels[0][at]


def test_stop_gives_no_more_and_a_pause_that_goes_on_neither() -> None:
    for kind in ("stop", "pause"):
        found = predict_session(json.dumps({**SESSION, "events": [*SESSION["events"], {"kind": kind, "at_min": 10}]}))
        assert sum(row["amount_mg"] for row in found["given"]) == pytest.approx(8.75)


def test_changed_rate_is_followed_until_the_amount_is_given() -> None:
    faster = [*SESSION["events"], {"kind": "rate", "at_min": 20, "rate_mg_per_h": 105}]
    found = predict_session(json.dumps({**SESSION, "events": faster}))
    assert found["given"][1] == {"start_min": 20.0, "duration_min": 10.0, "amount_mg": 17.5}


def test_devices_are_followed_at_the_minutes_they_were_taken() -> None:
    events = [{"kind": "device", "at_min": 0}, {"kind": "device", "at_min": 9}]
    found = predict_session(json.dumps({**SESSION, "drug": "esketamine", "route": "intranasal", "events": events}))
    assert [(row["start_min"], row["amount_mg"]) for row in found["given"]] == [(0.0, 28.0), (9.0, 28.0)]
    assert found["basis"]["model"] == "perez-ruixo-2021"


def test_prediction_of_a_session_names_no_moment_and_no_leaving() -> None:
    found = predict_session(json.dumps(SESSION))
    words = json.dumps({key: value for key, value in found.items() if key not in ("basis", "problems")}).lower()
    assert not any(word in words for word in ("now", "leav", "discharge", "ready", "remaining"))
    assert "p50" in found["curves"]["cadss"]
    assert "Predicted, not measured" in found["ribbon"]


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], "event-count"),
        ([{"kind": "pause", "at_min": 3}], "nothing-runs"),
        ([{"kind": "start", "at_min": 0, "amount_mg": 35, "duration_min": 0}], "out-of-range"),
        ([{"kind": "start", "at_min": 0, "amount_mg": -1, "duration_min": 40}], "out-of-range"),
        ([*SESSION["events"], {"kind": "start", "at_min": 10, "amount_mg": 1, "duration_min": 4}], "infusion-running"),
        ([{"kind": "device", "at_min": 0}], "devices-not-used"),
        ([{"kind": "flush", "at_min": 0}], "unknown-name"),
        ([{"kind": "start"}], "missing"),
        (["start"], "not-an-object"),
    ],
)
def test_events_that_cannot_be_are_refused_as_data(events: list[Any], code: str) -> None:
    found = predict_session(json.dumps({**SESSION, "events": events}))
    assert (found["status"], found["problems"][0]["code"]) == ("refused", code)


def test_found_dose_is_plain_data() -> None:
    found = find_dose_job(json.dumps(FIND))
    assert (found["status"], found["unit"], found["passed"]) == ("found", "mg", "none")
    assert found["value"] == int(found["value"]) <= 100
    assert found["share"] >= 0.9
    assert found["basis"]["model"] == "kamp-2020"
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("job", "content", "path"),
    [
        (compare_options, {**COMPARE, "patient": {"age_years": 40}}, "patient.weight_kg"),
        (compare_options, {**COMPARE, "patient": {"weight_kg": 700}}, "weight"),
        (compare_options, {**COMPARE, "n": 5}, "n"),
        (compare_options, {**COMPARE, "seed": -1}, "seed"),
        (compare_options, {**COMPARE, "b": {**IV, "dose_mg": 3}}, "dose"),
        (compare_options, {**COMPARE, "b": {**IV, "model": "nobody-1900"}}, "model"),
        (compare_options, {**COMPARE, "step_min": 0}, "step_min"),
        (compare_options, {**COMPARE, "c": IV}, "payload.c"),
        (compare_options, {**COMPARE, "b": {**IV, "route": ["iv"]}}, "b.route"),
        (compare_options, {**COMPARE, "b": {**IV, "model": {}}}, "b.model"),
        (compare_options, {**COMPARE, "patient": {**PATIENT, "has_attenuation": "no"}}, "patient.has_attenuation"),
        (find_dose_job, {**FIND, "goal": {"of": "", "level": 12, "probability": 0.5}}, "goal.of"),
        (find_dose_job, {**FIND, "limits": None}, "limits"),
        (find_dose_job, {**FIND, "limits": {}}, "limits.dose_mg.hard"),
        (find_dose_job, {**FIND, "goal": {"of": "cadss6", "level": 12}}, "goal.probability"),
        (predict_session, {**SESSION, "patient": {**PATIENT, "hepatic": "severe"}}, "patient.hepatic"),
        (predict_session, {**SESSION, "events": "start"}, "events"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_field(job: Any, content: dict[str, Any], path: str) -> None:
    found = job(json.dumps(content))
    assert found["status"] == "refused"
    assert path in [problem["path"] for problem in found["problems"]]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"patient": NaN}'])
def test_text_that_is_no_object_is_refused(text: str) -> None:
    assert compare_options(text)["status"] == "refused"
