"""`afterglow score`: the published JSON, and calls that are refused with status 2."""

import json

import pytest

from afterglow.cli import main


def run(capsys, *arguments):
    status = main(["score", *arguments, "--json"])
    told = capsys.readouterr()
    return status, json.loads(told.out or told.err)


def test_the_published_shape(capsys):
    status, result = run(capsys, "phq9", "--answers", "2,2,1,2,1,2,1,2,1")
    expected = {
        "instrument": "phq9",
        "version": "1",
        "total": 14,
        "complete": True,
        "prorated": False,
        "band": "moderate",
        "subscales": {},
        "reason": None,
    }
    assert (status, {key: result[key] for key in expected}) == (0, expected)
    assert [(alert["code"], alert["level"]) for alert in result["alerts"]] == [("phq9-item9", "review-now")]


def test_a_total_that_cannot_be_computed_is_null_with_its_reason(capsys):
    status, result = run(capsys, "gad7", "--answers", "-,-,-,0,0,0,0")
    assert (status, result["total"], result["complete"]) == (0, None, False)
    assert "5 are needed" in result["reason"]


def test_a_typed_total_with_one_item(capsys):
    status, result = run(capsys, "bdi2", "--total", "30", "--item", "9=2")
    assert (status, result["total"], result["band"]) == (0, 30, "severe")
    assert [alert["code"] for alert in result["alerts"]] == ["bdi2-item9"]


def test_a_clinics_own_threshold(capsys):
    status, result = run(capsys, "phq2", "--answers", "2,0", "--setting", "cut=2")
    assert (status, result["screens"]) == (0, {"screen": "positive"})


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("hope", "--answers", "1"), "instrument"),
        (("phq9", "--answers", "1,1"), "answers"),
        (("phq9", "--answers", "9,0,0,0,0,0,0,0,0"), "answers.1"),
        (("phq9", "--item", "77=1"), "answers.77"),
        (("phq9", "--item", "7"), "item"),
        (("phq9",), "answers"),
        (("phq9", "--answers", "0,0,0,0,0,0,0,0,0", "--total", "0"), "answers"),
        (("phq9", "--answers", "0,0,0,0,0,0,0,0,0", "--definition", "2"), "version"),
        (("phq9", "--total", "28"), "total"),
        (("mdq", "--total", "8"), "total"),
        (("moca", "--answers", "1"), "answers"),
        (("pcl5", "--total", "33", "--setting", "cut=5"), "settings.cut"),
    ],
)
def test_a_wrong_call_names_field_value_and_what_is_accepted(capsys, arguments, path):
    status, result = run(capsys, *arguments)
    problem = result["problems"][0]
    assert (status, problem["path"]) == (2, path)
    assert problem["accepted"]


def test_text_for_a_person(capsys):
    assert main(["score", "dass21", "--answers", ",".join("1" * 21)]) == 0
    assert main(["score", "phq9", "--total", "20"]) == 0
    text = capsys.readouterr().out
    assert "depression: 14, moderate" in text
    assert "not screened, ask in person: phq9-item9" in text
