"""`afterglow simulate -`: a JSON object with the names of the flags, from standard input or a file."""

import io
import json
import sys

import pytest

from afterglow.cli import main

ASKED = {"drug": "racemic", "route": "iv", "dose": ["0.5mg/kg/40min"], "weight": 70, "age": 45.5, "until": "4h"}
FLAGS = ["--drug", "racemic", "--route", "iv", "--dose", "0.5mg/kg/40min", "--weight", "70", "--age", "45.5"]


def run(capsys, monkeypatch, content, *arguments):
    text = content if isinstance(content, str) else json.dumps(content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    status = main(["simulate", "-", *arguments, "--json"])
    return status, capsys.readouterr()


def test_request_from_standard_input_gives_what_the_flags_give(capsys, monkeypatch, tmp_path):
    status, captured = run(capsys, monkeypatch, ASKED, "--step", "5min")
    assert status == 0
    flagged = main(["simulate", *FLAGS, "--until", "4h", "--step", "5min", "--json"])
    assert flagged == 0
    by_flags = capsys.readouterr()
    assert json.loads(captured.out) == json.loads(by_flags.out)
    file = tmp_path / "request.json"
    file.write_text(json.dumps({**ASKED, "dose": "0.5mg/kg/40min", "step": "5min"}), encoding="utf-8")
    assert main(["simulate", str(file), "--json"]) == 0
    assert capsys.readouterr().out == by_flags.out


def test_people_seed_and_switches_are_read_too(capsys, monkeypatch):
    more = {"n": 20, "seed": "4", "step": "30min", "no-effects": True, "session": 2, "interaction": ["rifampicin"]}
    status, captured = run(capsys, monkeypatch, {**ASKED, **more})
    content = json.loads(captured.out)
    assert status == 0
    assert (content["n"], content["seed"], content["effect"]) == (20, 4, {})


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"doze": "1mg"}, "doze", "unknown-field"),
        ({"weight": [70]}, "weight", "wrong-kind"),
        ({"weight": True}, "weight", "wrong-kind"),
        ({"dose": [35]}, "dose", "wrong-kind"),
        ({"venous": "yes"}, "venous", "wrong-kind"),
        ({"drug": None}, "drug", "missing"),
        ({"weight": 5}, "weight", "weight-out-of-range"),
        ({"n": 1.5}, "n", "count-malformed"),
        ({"step": "5min"}, "step", "told-twice"),
    ],
)
def test_request_that_cannot_be_used_is_refused_with_its_field(capsys, monkeypatch, change, path, code):
    status, captured = run(capsys, monkeypatch, {**ASKED, **change}, "--step", "5min")
    assert status == 2
    assert captured.out == ""
    found = [(one["path"], one["code"]) for one in json.loads(captured.err)["problems"]]
    assert (path, code) in found


@pytest.mark.parametrize("text", ["[]", "{", "7", '{"weight": NaN}', "[" * 3000 + "]" * 3000])
def test_what_is_no_object_is_refused(capsys, monkeypatch, text):
    status, captured = run(capsys, monkeypatch, text)
    assert (status, captured.out) == (2, "")


def test_missing_drug_and_route_are_named_together(capsys):
    assert main(["simulate", "--dose", "35mg", "--json"]) == 2
    assert [one["path"] for one in json.loads(capsys.readouterr().err)["problems"]] == ["drug", "route"]
