"""What every command does with input nested deeper than anything that is meant: it is wrong input, never a refusal."""

import io
import json
import sys
from pathlib import Path

import pytest

from afterglow.cli import PROGRAM_FAILED, main

DEPTHS = (61, 900, 100_000)
DONE, BAD_INPUT = 0, 2


def nest(depth: int) -> str:
    return "[" * depth + "]" * depth


def give(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("text", ["{}", '{{"protocol": {}}}', '{{"facts": {{"weight.kg": {}}}}}', '{{"trials": {}}}'])
def test_a_case_nested_too_deeply_is_wrong_input(
    depth: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(text.format(nest(depth)), monkeypatch)
    assert main(["screen", "-"]) == BAD_INPUT
    assert "nested too deeply" in capsys.readouterr().err


def test_a_case_as_deep_as_allowed_is_read_and_judged_by_its_fields(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(json.dumps({"allergies": json.loads(nest(50))}), monkeypatch)
    assert main(["screen", "-"]) == BAD_INPUT
    told = capsys.readouterr().err
    assert "allergies" in told
    assert "nested" not in told


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    "line", ["{}", '{{"protocol": {{"id": {}}}}}', '{{"type": "session-opened", "seq": 1, "data": {{"note": {}}}}}']
)
def test_an_event_nested_too_deeply_is_wrong_input(
    depth: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(line.format(nest(depth)), monkeypatch)
    assert main(["session", "replay", "-"]) == BAD_INPUT
    assert "error: line 1: " in capsys.readouterr().err


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("name", ["own.json", "own.toml"])
def test_an_overlay_nested_too_deeply_is_wrong_input(
    depth: int, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(nest(depth) if name.endswith("json") else f"a = {nest(depth)}")
    assert main(["protocols", "iv-racemic", "--overlay", str(path)]) == BAD_INPUT
    assert "overlay: " in capsys.readouterr().err


def test_answers_are_read_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("1,1,1,1,1,1,1,1,0\n", "1\n1\n1\n1\n1\n1\n1\n1\n0\n"):
        give(text, monkeypatch)
        assert main(["score", "phq9", "--answers", "-", "--json"]) == DONE
        assert json.loads(capsys.readouterr().out)["total"] == 8
    give("-,1,1,1,1,1,1,1,0", monkeypatch)
    assert main(["score", "phq9", "--answers", "-", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["complete"] is False


@pytest.mark.parametrize("text", ["", "\n", "1,2", "7_0,1,1,1,1,1,1,1,0", "0_1,1,1,1,1,1,1,1,0", "1e0,1,1,1,1,1,1,1,0"])
def test_answers_that_are_none_are_refused_from_standard_input(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(text, monkeypatch)
    assert main(["score", "phq9", "--answers", "-"]) == BAD_INPUT
    assert "error: answers" in capsys.readouterr().err


def test_a_fault_of_the_program_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from afterglow.commands import score

    call = ["score", "phq9", "--answers", "1,1,1,1,1,1,1,1,0"]
    assert main(call) == DONE
    monkeypatch.setattr(score, "get_instrument", lambda *asked: 1 / 0)
    assert main(call) == PROGRAM_FAILED
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "a fault of the program" in told
