"""Dose finding and individual update from the command line: answers, refusals and their exit statuses."""

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest

from afterglow.cli import main

PATIENT = {"weight_kg": 70, "age_years": 45, "sex": "F"}
IV = {"drug": "racemic", "route": "iv", "dose_mg_per_kg": 0.5, "duration_min": 40}
FIND: dict[str, Any] = {
    "patient": PATIENT,
    "n": 60,
    "goal": {"of": "ketamine_ng_per_ml", "level": 150, "probability": 0.9, "route": "iv"},
    "option": IV,
    "limits": {"dose_mg": {"soft": 20, "hard": 100}, "step_mg": 1, "shortest_min": 40},
}
UPDATE: dict[str, Any] = {
    "patient": PATIENT,
    "drug": "racemic",
    "route": "iv",
    "n": 100,
    "sessions": [
        {
            "id": "one",
            "start_h": 0,
            "baseline_systolic_mmhg": 118,
            "events": [{"kind": "start", "at_min": 0, "amount_mg": 35, "duration_min": 40}],
        }
    ],
    "observations": [
        {"kind": "systolic_mmhg", "value": value, "session": "one", "at_min": minute}
        for minute, value in ((10, 130), (20, 142), (30, 150), (40, 152), (60, 136))
    ],
    "option": IV,
}


def change(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(content), **changes}


def ask(tmp_path: Path, act: str, content: dict[str, Any], *more: str) -> int:
    path = tmp_path / "question.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return main(["pharmacology", act, str(path), *more])


def test_a_found_dose_is_told_with_source_and_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, "find", FIND) == 0
    told = capsys.readouterr().out
    assert told.startswith("found: ")
    assert "soft: above the soft limit" in told
    assert "kamp-2020; arterial levels; grade" in told
    assert "share that reaches the goal" in told


def test_json_is_the_answer_of_the_same_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, "find", FIND, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["unit"], answer["passed"]) == ("found", "mg", "soft")
    assert answer["share"] >= 0.9


def test_a_question_is_read_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Given:
        buffer = io.BytesIO(json.dumps(FIND).encode())

    monkeypatch.setattr("sys.stdin", Given())
    assert main(["pharmacology", "find", "-"]) == 0
    assert capsys.readouterr().out.startswith("found")


def test_nothing_within_the_limits_is_a_refusal_with_the_best_that_can_be_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = {**FIND["limits"], "dose_mg": {"hard": 12}}
    assert ask(tmp_path, "find", change(FIND, limits=limits)) == 1
    assert "the best that can be had, 12 mg" in capsys.readouterr().out


def test_a_goal_of_another_route_is_never_turned_into_an_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    goal = {**FIND["goal"], "route": "oral"}
    assert ask(tmp_path, "find", change(FIND, goal=goal)) == 1
    told = capsys.readouterr()
    assert "never turned" in told.out
    assert "other-route" not in told.out


def test_readings_are_told_before_and_after_with_the_effective_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path, "update", UPDATE) == 0
    told = capsys.readouterr().out
    assert told.startswith("updated: 5 readings moved")
    assert "effective sample size" in told
    assert "circulation.systolic_maximum" in told
    assert "this patient, 0.50 mg/kg, 40 min:" in told


def test_too_little_data_is_said_and_is_exit_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, "update", change(UPDATE, observations=[]), "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["outcome"], answer["code"]) == ("not-enough-data", "no-observations")
    assert not any(row["has_moved"] for row in answer["moved"])


@pytest.mark.parametrize(
    ("act", "content", "path"),
    [
        ("find", change(FIND, patient={"age_years": 45}), "patient.weight_kg"),
        ("find", change(FIND, option={**IV, "dose_mg_per_kg": -1}), "dose_mg_per_kg"),
        ("find", change(FIND, limits={}), "limits.dose_mg.hard"),
        ("find", change(FIND, vary="mood"), "vary"),
        ("find", {"patient": PATIENT}, "goal"),
        ("find", change(FIND, joy=1), "payload.joy"),
        ("update", change(UPDATE, sessions=[]), "sessions"),
        ("update", change(UPDATE, observations=[{"kind": "joy", "value": 3}]), "observations[0].kind"),
        ("update", change(UPDATE, patient={"weight_kg": 5}), "weight"),
    ],
)
def test_what_cannot_be_used_names_its_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], act: str, content: dict[str, Any], path: str
) -> None:
    assert ask(tmp_path, act, content, "--json") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert json.loads(told.err)["problems"][0]["path"] == path


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"n": NaN}', "[" * 500 + "]" * 500, "{" + '"n": 1e999' + "}"])
def test_what_is_no_question_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    path = tmp_path / "question.json"
    path.write_text(text, encoding="utf-8")
    for act in ("find", "update"):
        assert main(["pharmacology", act, str(path)]) == 2
        assert main(["pharmacology", act, str(tmp_path / "nowhere.json")]) == 2
    assert "error: " in capsys.readouterr().err
