"""`afterglow dose`: what it prints, and its exit status for done, refused and bad input."""

import json

import pytest

from afterglow.cli import main

DONE, REFUSED, BAD_INPUT = 0, 1, 2


def run(*arguments):
    return main(["dose", *arguments])


def test_worked_example_is_printed_step_by_step(capsys):
    status = run("--protocol", "iv-racemic", "--weight", "70", "--dose", "0.5mg/kg", "--over", "40min", "--vial", "50")
    text = capsys.readouterr().out
    assert status == DONE
    assert "0.5 mg/kg × 70 kg = 35 mg" in text
    assert "35 mg / 50 mg/mL = 0.70 mL" in text
    assert "151 mL/h" in text


def test_json_holds_amounts_steps_and_findings(capsys):
    status = run(
        "--protocol", "iv-racemic", "--weight", "72", "--dose", "0.5mg/kg", "--vial", "50", "--cap", "40mg", "--json"
    )
    answer = json.loads(capsys.readouterr().out)
    assert status == DONE
    assert (answer["mg"], answer["draw_ml"], answer["bag_mg_per_ml"], answer["rate_ml_per_h"]) == (36, 0.72, 0.357, 151)
    assert (answer["findings"], answer["verdict"], answer["is_refused"]) == ([], "clear", False)
    assert {"label": "Dose", "formula": "0.5 mg/kg × 72 kg", "result": "36 mg"} in answer["steps"]


@pytest.mark.parametrize(
    ("dose", "status"), [("0.75mg/kg", DONE), ("1mg/kg", DONE), ("1.01mg/kg", REFUSED), ("1.5mg/kg", REFUSED)]
)
def test_limits_decide_the_exit_status(dose, status, capsys):
    assert run("--protocol", "iv-racemic", "--weight", "70", "--dose", dose, "--over", "60min") == status
    assert capsys.readouterr().out


def test_devices_have_their_times(capsys):
    assert run("--protocol", "nasal-esketamine-us", "--devices", "3", "--json") == DONE
    answer = json.loads(capsys.readouterr().out)
    assert [device["at_min"] for device in answer["devices"]] == [0, 5, 10]
    assert run("--protocol", "nasal-esketamine-us", "--dose", "112mg") == REFUSED


def test_weight_age_and_step_add_their_findings(capsys):
    given = ["--protocol", "iv-racemic", "--weight", "70", "--vial", "50", "--json", "--dose", "0.6mg/kg"]
    assert run(*given, "--weighed-days-ago", "31", "--previous-weight", "70", "--previous-dose", "0.3mg/kg") == REFUSED
    found = {(item["rule"], item["severity"]) for item in json.loads(capsys.readouterr().out)["findings"]}
    assert found == {("L-WT", "caution"), ("L-STEP", "caution"), ("L-STEP", "stop")}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--weight", "700", "--dose", "0.5mg/kg"],
        ["--weight", "-70", "--dose", "0.5mg/kg"],
        ["--dose", "0.5mg/kg"],
        ["--weight", "70"],
        ["--weight", "70", "--dose", "0.5mL"],
        ["--weight", "70", "--dose", "0.5mg/kg", "--vial", "0"],
        ["--weight", "70", "--dose", "0.5mg/kg", "--vial", "50mg"],
        ["--weight", "70", "--dose", "0.5mg/kg", "--parts", "2"],
        ["--weight", "70", "--devices", "2"],
        ["--weight", "nan", "--dose", "0.5mg/kg"],
        ["--weight", "1e999", "--dose", "0.5mg/kg"],
    ],
)
def test_impossible_input_ends_with_two_and_names_what_would_do(arguments, capsys):
    assert run("--protocol", "iv-racemic", *arguments) == BAD_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "accepted:" in captured.err


def test_unknown_protocol_is_bad_input(capsys):
    assert run("--protocol", "iv", "--weight", "70", "--dose", "0.5mg/kg") == BAD_INPUT
    assert "iv-racemic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "status"), [("1", DONE), ("3", DONE), ("0", BAD_INPUT), ("101", BAD_INPUT), ("2_0", BAD_INPUT)]
)
def test_a_count_of_devices_is_refused_by_its_own_name(count, status, capsys):
    assert run("--protocol", "nasal-esketamine-us", "--devices", count) == status
    assert ("error: devices: " in capsys.readouterr().err) is (status == BAD_INPUT)


@pytest.mark.parametrize(("over", "status"), [("40min", DONE), ("40", BAD_INPUT)])
def test_a_time_without_a_unit_is_told_so(over, status, capsys):
    assert run("--protocol", "iv-racemic", "--weight", "70", "--dose", "0.5mg/kg", "--over", over) == status
    told = capsys.readouterr().err
    assert ("'40' is not a number with a unit" in told) is (status == BAD_INPUT)
