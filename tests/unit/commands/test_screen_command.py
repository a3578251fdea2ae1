"""`afterglow screen`: exit statuses, JSON, text, standard input, bad input."""

import io
import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from afterglow.cli import main

EXAMPLES = Path(str(files("afterglow.protocols").joinpath("examples")))


@pytest.mark.parametrize(
    ("name", "status"),
    [("clear-iv", 0), ("caution-esketamine-eu", 0), ("stop-blood-pressure", 1), ("incomplete-minimal", 1)],
)
def test_exit_status_follows_the_verdict(name: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", str(EXAMPLES / f"{name}.json"), "--json"]) == status
    assert json.loads(capsys.readouterr().out)["verdict"] == name.split("-")[0]


def test_text_groups_findings_and_shows_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", str(EXAMPLES / "stop-blood-pressure.json")]) == 1
    text = capsys.readouterr().out
    headings = [
        "Not yet eligible (1 stop",
        "Stops:",
        "Cautions:",
        "Missing:",
        "Information",
        "Cleared",
        "Treatment resistance",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "row B-5 (P: site policy)" in text


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    content = (EXAMPLES / "clear-iv.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert main(["screen", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"] == "iv-racemic"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "json-malformed"),
        ("[]", "object-expected"),
        ('{"context": {"protocol": "iv-racemic"}, "measurements": {"weight_kg": NaN}}', "json-malformed"),
        ('{"context": {"protocol": "nothing"}}', "protocol-unknown"),
        ('{"context": {"protocol": "iv-racemic"}, "history": {"aneurysm": "no"}}', "bool-not-accepted"),
    ],
)
def test_bad_input_is_named_and_ends_with_2(
    text: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.json"
    path.write_text(text, encoding="utf-8")
    assert main(["screen", str(path), "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert code in {problem["code"] for problem in json.loads(shown.err)["problems"]}
