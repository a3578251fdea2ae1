"""`afterglow simulate --json` and `afterglow models --json`: the published keys and shapes."""

import json

import pytest

from afterglow.cli import main
from afterglow.pharmacology.regimen import BASE_PER_HCL

NASAL = ["--drug", "esketamine", "--route", "intranasal", "--age", "40", "--until", "24h"]
DEVICES = ["--dose", "28mg", "--dose", "28mg@5min", "--dose", "28mg@10min"]


def run(capsys, *arguments):
    status = main(["simulate", *arguments, "--json"])
    captured = capsys.readouterr()
    return status, captured


def test_typical_person_has_the_published_shape(capsys):
    status, captured = run(capsys, *NASAL, *DEVICES, "--weight", "180")
    content = json.loads(captured.out)
    assert status == 0
    assert content["model"] == "perez-ruixo-2021"
    assert content["sampling_site"] == "venous"
    assert content["grade"] == "B"
    assert content["source"] == "doi:10.1007/s40262-020-00953-4"
    assert content["time_min"][:3] == [0, 1, 2]
    assert content["time_min"][-1] == 1440
    for part in ("concentration_ng_per_ml", "effect"):
        assert {len(series) for series in content[part].values()} == {1441}
    assert {"ketamine", "norketamine"} <= set(content["concentration_ng_per_ml"])
    assert {"dissociation_cadss", "systolic_rise_mmhg", "diastolic_rise_mmhg"} <= set(content["effect"])
    summary = content["summary"]["ketamine"]
    assert summary["cmax_ng_per_ml"] == pytest.approx(101.2, abs=0.1)
    assert summary["tmax_min"] == 44
    assert summary["auc_ng_h_per_ml"] == pytest.approx(361, abs=1)
    assert summary["half_life_h"] == pytest.approx(11.0, abs=0.1)
    assert "factor of 1.5" in content["caution"]["norketamine"]


def test_weight_outside_the_study_is_a_warning_with_its_range(capsys):
    _, captured = run(capsys, *NASAL, *DEVICES, "--weight", "180")
    problem = next(p for p in json.loads(captured.out)["problems"] if p["path"] == "weight")
    assert set(problem) == {"path", "code", "severity", "value", "accepted", "message"}
    assert (problem["code"], problem["severity"]) == ("outside-studied-range", "warning")
    assert (problem["value"], problem["accepted"]) == (180, "39 to 170 kg")
    _, captured = run(capsys, *NASAL, *DEVICES, "--weight", "80")
    assert not [p for p in json.loads(captured.out)["problems"] if p["path"] == "weight"]


def test_population_has_three_percentiles_everywhere(capsys):
    arguments = [*NASAL, *DEVICES, "--weight", "80", "--n", "50", "--seed", "1", "--step", "10min"]
    status, captured = run(capsys, *arguments)
    content = json.loads(captured.out)
    assert status == 0
    assert (content["n"], content["seed"]) == (50, 1)
    for part in ("concentration_ng_per_ml", "effect"):
        for series in content[part].values():
            assert set(series) == {"p5", "p50", "p95"}
            assert {len(row) for row in series.values()} == {145}
    for entry in content["summary"].values():
        for value in entry.values():
            assert value["p5"] <= value["p50"] <= value["p95"]
    assert run(capsys, *arguments)[1].out == captured.out
    assert run(capsys, *arguments[:-4], "--seed", "2", "--step", "10min")[1].out != captured.out


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        (["--dose", "-28mg"], "dose[0]", "dose-out-of-range"),
        (["--dose", "30mg"], "dose[0]", "not-whole-devices"),
        (["--dose", "28mg/10min"], "dose[0].duration", "duration-not-used"),
        (["--dose", "28iu"], "dose[0]", "unit-not-accepted"),
        (["--dose", "nanmg"], "dose[0]", "dose-malformed"),
        (["--dose", "28mg", "--weight", "NaN"], "weight", "number-malformed"),
        (["--dose", "28mg", "--weight", "900"], "weight", "weight-out-of-range"),
        (["--dose", "28mg", "--age", "12"], "age", "outside-accepted-range"),
        (["--dose", "28mg", "--model", "nobody"], "model", "model-unknown"),
        (["--dose", "28mg", "--route", "eye"], "route", "route-unknown"),
        (["--dose", "28mg", "--drug", "aspirin"], "drug", "drug-unknown"),
        (["--dose", "28mg", "--sex", "X"], "sex", "sex-unknown"),
        (["--dose", "28mg", "--interaction", "hay"], "interaction", "interaction-unknown"),
        (["--dose", "28mg", "--until", "0h"], "until", "time-out-of-range"),
        (["--dose", "28mg", "--step", "0s"], "step", "step-out-of-range"),
        (["--dose", "28mg", "--n", "0"], "n", "n-out-of-range"),
        (["--dose", "28mg", "--seed", "-1"], "seed", "seed-out-of-range"),
        (["--dose", "28mg", "--hepatic", "severe"], "hepatic", "not-studied"),
        ([], "dose", "dose-count"),
    ],
)
def test_bad_input_is_status_2_and_names_field_value_and_range(capsys, changes, path, code):
    arguments = [*NASAL, "--weight", "80", *changes] if "--weight" not in changes else [*NASAL, *changes]
    status, captured = run(capsys, *arguments)
    assert status == 2
    assert captured.out == ""
    problems = json.loads(captured.err)["problems"]
    assert (path, code) in {(p["path"], p["code"]) for p in problems}
    assert all(p["severity"] == "error" and p["accepted"] and p["message"] for p in problems)


def test_bad_fields_are_all_named_at_once(capsys):
    _, captured = run(capsys, *NASAL, "--weight", "abc", "--dose", "0mg", "--dose", "x", "--n", "1.5")
    paths = {p["path"] for p in json.loads(captured.err)["problems"]}
    assert paths >= {"weight", "dose[0]", "dose[1]", "n"}


def test_infusions_that_overlap_and_a_duration_of_zero_are_refused(capsys):
    base = ["--drug", "racemic", "--route", "iv", "--weight", "70", "--until", "4h"]
    assert run(capsys, *base, "--dose", "0.5mg/kg/40min", "--dose", "0.5mg/kg@40min/40min")[0] == 0
    for doses, code in (
        (["0.5mg/kg/40min", "0.5mg/kg@39min/40min"], "doses-overlap"),
        (["0.5mg/kg/0min"], "duration-out-of-range"),
    ):
        status, captured = run(capsys, *base, *[word for dose in doses for word in ("--dose", dose)])
        assert status == 2
        assert json.loads(captured.err)["problems"][0]["code"] == code


def test_dose_per_kilogram_without_a_weight_is_refused(capsys):
    status, captured = run(capsys, "--drug", "racemic", "--route", "iv", "--dose", "0.5mg/kg/40min")
    assert status == 2
    assert json.loads(captured.err)["problems"][0]["code"] == "weight-missing"


def test_text_shows_source_grade_and_summary(capsys):
    assert main(["simulate", *NASAL, *DEVICES, "--weight", "180"]) == 0
    captured = capsys.readouterr()
    assert "venous levels; grade B; doi:10.1007/s40262-020-00953-4" in captured.out
    assert "ketamine: peak 101.2 ng/mL at 44 min" in captured.out
    assert "accepted: 39 to 170 kg" in captured.err


def test_list_of_models_has_status_site_grade_and_source(capsys):
    assert main(["models", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    rows = {row["id"]: row for row in content["models"]}
    assert rows["zhao-2012"]["status"] == "structure-only"
    assert rows["ashraf-2018"]["status"] == "ratios-only"
    assert rows["simons-2022"]["sampling_site"] == "arterial"
    assert all(row["source"] and row["grade"] in "ABCD" for row in rows.values())
    assert {row["id"] for row in content["mixtures"]} >= {"mix-oral-esketamine", "mix-iv-racemic"}


def test_one_model_shows_every_parameter_with_unit_source_and_grade(capsys):
    assert main(["models", "perez-ruixo-2021", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["parameters"]["qh"] | {"individual": ""} == {
        "value": 151.0,
        "unit": "L/h",
        "source": "PEREZ-RUIXO-21",
        "locator": "parameter table, hepatic flow",
        "grade": "B",
        "individual": "",
        "between_subjects": {
            "omega2": pytest.approx(0.0524, abs=0.0001),
            "scale": "log",
            "given": "CV 23.2 %",
            "source": "PEREZ-RUIXO-21",
            "locator": "parameter table, hepatic flow",
            "grade": "B",
        },
    }
    assert content["known_failures"]
    assert content["derived"]["extraction"]["value"] == pytest.approx(0.722, abs=0.001)
    assert main(["models", "perez-ruixo-2021"]) == 0
    assert "qh = 151 L/h; between people CV 23.2 %" in capsys.readouterr().out


def test_model_that_is_not_there_is_refused_with_the_known_ones(capsys):
    assert main(["models", "nobody-1900", "--json"]) == 2
    problem = json.loads(capsys.readouterr().err)["problems"][0]
    assert problem["code"] == "model-unknown"
    assert "kamp-2020" in problem["accepted"]


def test_text_and_help_say_that_doses_are_base(capsys):
    assert main(["simulate", *NASAL, *DEVICES, "--weight", "80"]) == 0
    assert "Doses are base, not salt" in capsys.readouterr().out
    for arguments in (["models"], ["models", "kamp-2020"]):
        assert main(arguments) == 0
        assert "oses are base, not salt: 1 mg of the hydrochloride holds 0.867 mg" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["simulate", "--help"])
    assert "base, not salt" in " ".join(capsys.readouterr().out.split())


def test_share_of_base_follows_from_the_molar_masses():
    assert pytest.approx(237.73 / 274.2, abs=0.0005) == BASE_PER_HCL
    assert pytest.approx(28, abs=0.05) == 32.3 * BASE_PER_HCL  # the spray's label
    assert pytest.approx(50, abs=0.05) == 57.7 * BASE_PER_HCL  # the film of Simons 2022


def test_mixture_of_a_typical_person_shows_each_model(capsys):
    arguments = ["--drug", "racemic", "--route", "iv", "--dose", "35mg/40min", "--weight", "70", "--until", "4h"]
    _, captured = run(capsys, *arguments, "--model", "mix-iv-racemic", "--no-effects")
    content = json.loads(captured.out)
    assert [part["model"] for part in content["components"]] == ["kamp-2020", "clements-1981"]
    assert all(part["summary"]["ketamine"]["cmax_ng_per_ml"] > 100 for part in content["components"])
    assert "mixture-averaged" in {problem["code"] for problem in content["problems"]}
    assert main(["simulate", *arguments, "--model", "mix-iv-racemic", "--no-effects"]) == 0
    assert "clements-1981 alone, ketamine: peak" in capsys.readouterr().out
