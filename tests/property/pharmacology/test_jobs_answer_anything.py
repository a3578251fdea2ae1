"""Whatever text the worker's questions hold, the answer is plain data: an answer, or problems that name a field."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from afterglow.pharmacology import jobs

PATIENT = {"weight_kg": 70, "age_years": 45, "sex": "F", "interactions": ["rifampicin"], "session_number": 2}
IV = {"drug": "racemic", "route": "iv", "dose_mg": 35, "duration_min": 40}
EVENTS = [{"kind": "start", "at_min": 0, "amount_mg": 35, "duration_min": 40}, {"kind": "pause", "at_min": 20}]
SHARED = {"patient": PATIENT, "n": 20, "seed": 4}
LEVEL = {"kind": "ketamine_ng_per_ml", "value": 150, "session": "a", "at_min": 35, "sampling_site": "arterial"}
QUESTIONS: dict[str, dict[str, Any]] = {
    "compare_options": {**SHARED, "a": IV, "b": {**IV, "dose_mg": 20}, "until_min": 60, "step_min": 10},
    "predict_session": {
        **SHARED, "drug": "racemic", "route": "iv", "events": EVENTS, "until_min": 60, "step_min": 10, "support_at": 12,
    },
    "find_dose_job": {
        **SHARED,
        "goal": {"of": "ketamine_ng_per_ml", "level": 150, "probability": 0.9, "until_min": 60},
        "option": IV,
        "limits": {"dose_mg": {"soft": 30, "hard": 60}, "step_mg": 20, "shortest_min": 40},
    },
    "weigh_doses": {
        **SHARED, "options": [IV], "goal": {"of": "cadss", "level": 5},
        "limit": {"of": "systolic_rise_mmhg", "level": 40},
    },
    "update_patient": {
        **SHARED, "n": 50, "drug": "racemic", "route": "iv",
        "sessions": [{"id": "a", "start_h": 0, "number": 1, "events": EVENTS[:1]}],
        "observations": [LEVEL], "until_min": 60, "step_min": 10,
    },
}  # fmt: skip
JUNK: list[Any] = [
    None, True, "", "x", -1, 0, 1.5, 1e300, 10**30, 10**400, [], {}, [[]], {"a": {}}, [None], ["x"], [1, 2], "Infinity",
]  # fmt: skip


BROKEN = ["", "[]", "nul", "NaN", "[" * 100_000, '{"a":' * 5000, "1e999", '{"n": 1e999}']


def iterate_paths(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from iterate_paths(value, (*path, key))


def replace_at(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(content)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def ask(job: str, text: str) -> dict[str, Any]:
    found: dict[str, Any] = getattr(jobs, job)(text)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["status"] in ("ok", "refused", "found", "not-within-limits")
    if found["status"] == "refused":
        assert found.get("problems")
        assert all(problem["path"] and problem["message"] for problem in found["problems"])
    return found


@pytest.mark.parametrize("job", QUESTIONS)
def test_question_itself_is_answered(job: str) -> None:
    assert ask(job, json.dumps(QUESTIONS[job]))["status"] != "refused"


@pytest.mark.parametrize("job", QUESTIONS)
def test_junk_at_any_place_is_answered_or_refused(job: str) -> None:
    seen = []
    for i, path in enumerate(iterate_paths(QUESTIONS[job])):
        for k in range(3):
            value = JUNK[(5 * i + 7 * k) % len(JUNK)]
            seen.append(ask(job, json.dumps(replace_at(QUESTIONS[job], path, value)))["status"])
    assert seen.count("refused") > len(seen) / 2


@pytest.mark.parametrize("job", QUESTIONS)
@pytest.mark.parametrize("text", BROKEN)
def test_text_that_is_no_question_is_refused(job: str, text: str) -> None:
    assert ask(job, text)["status"] == "refused"


@pytest.mark.parametrize("job", QUESTIONS)
@pytest.mark.parametrize(
    ("change", "code"),
    [({"doze": 1}, "unknown-field"), ({"n": 1.5}, "out-of-range"),
     ({"seed": "1"}, "out-of-range"),
     ({"patient": {"a": [[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}}, "json-too-deep"), ({"patient": [1]}, "wrong-kind")],  # noqa: E501
)  # fmt: skip
def test_refusal_names_what_was_wrong(job: str, change: dict[str, Any], code: str) -> None:
    found = ask(job, json.dumps({**QUESTIONS[job], **change}))
    assert found["status"] == "refused"
    assert code in [problem["code"] for problem in found["problems"]]


def test_session_whose_first_dose_lies_after_the_end_is_refused() -> None:
    late = [{"kind": "start", "at_min": 500, "amount_mg": 35, "duration_min": 40}]
    found = ask("predict_session", json.dumps({**QUESTIONS["predict_session"], "events": late}))
    assert [problem["code"] for problem in found["problems"]] == ["dose-after-end"]
    both = ask("predict_session", json.dumps({**QUESTIONS["predict_session"], "events": [*EVENTS[:1], late[0]]}))
    assert both["status"] == "ok"
    assert "dose-after-end" in [problem["code"] for problem in both["problems"]]
