"""The update as a worker process is asked: text in, plain data out."""

import json
from typing import Any

import pytest

from afterglow.pharmacology.jobs import update_patient

START = {"kind": "start", "at_min": 0, "amount_mg": 35, "duration_min": 40}
QUESTION: dict[str, Any] = {
    "patient": {"weight_kg": 70, "age_years": 45},
    "drug": "racemic",
    "route": "iv",
    "n": 100,
    "sessions": [{"id": "one", "start_h": 0, "events": [START], "baseline_systolic_mmhg": 120}],
    "observations": [
        {"kind": "systolic_mmhg", "value": 160, "session": "one", "at_min": 30},
        {"kind": "systolic_mmhg", "value": 158, "session": "one", "at_min": 40},
    ],
}


def ask(**changed: Any) -> dict[str, Any]:
    return update_patient(json.dumps({**QUESTION, **changed}))


def test_update_is_plain_data_with_what_moved_and_how_well_it_is_known() -> None:
    found = ask()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["status"], found["outcome"]) == ("ok", "updated")
    assert [one["name"] for one in found["moved"] if one["has_moved"]] == ["circulation.systolic_maximum"]
    assert found["ess"] > 10
    assert found == ask()


def test_option_is_shown_for_this_patient_beside_people_like_this_patient() -> None:
    option = {"drug": "racemic", "route": "iv", "dose_mg": 35, "duration_min": 40}
    found = ask(option=option, step_min=10)
    rises = [found[key]["values"]["bp_rise_p95_mmhg"][0] for key in ("similar", "patient")]
    assert rises[1] > rises[0]
    assert found["patient"]["basis"]["virtual_n"] == 100


def test_no_reading_is_an_honest_answer_and_no_error() -> None:
    found = ask(observations=[])
    assert (found["status"], found["outcome"], found["code"]) == ("ok", "not-enough-data", "no-observations")


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"sessions": []}, "sessions"),
        ({"sessions": [{"id": "one", "start_h": 0}]}, "sessions[0].events"),
        ({"sessions": [{**QUESTION["sessions"][0], "number": 1.5}]}, "sessions[0].number"),
        ({"sessions": ["one"]}, "sessions[0]"),
        ({"observations": [{"kind": "cadss"}]}, "observations[0].value"),
        ({"observations": [{"kind": "mood", "value": 3}]}, "observations[0].kind"),
        ({"observations": [{"kind": "cadss", "value": "9"}]}, "observations[0].value"),
        ({"observations": {}}, "observations"),
        ({"n": 3}, "n"),
        ({"is_robust": "yes"}, "is_robust"),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(changed: dict[str, Any], path: str) -> None:
    found = ask(**changed)
    assert found["status"] == "refused"
    assert found["problems"][0]["path"] == path
