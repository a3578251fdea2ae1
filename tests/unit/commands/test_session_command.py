"""`afterglow session replay`: the state after a file of events, what is impossible in it, and files that are none."""

import io
import json

import pytest

from afterglow.cli import main
from tests.support.golden import FOLDER

LOG = FOLDER / "iv-racemic.jsonl"


def read_lines():
    return [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def write(tmp_path):
    def write(lines):
        path = tmp_path / "events.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return str(path)

    return write


def run(*arguments):
    return main(["session", "replay", *arguments])


def test_replay_prints_where_the_session_stands(capsys):
    assert run(str(LOG)) == 0
    out = capsys.readouterr().out
    assert out.startswith("59 events, phase left, seen at 2026-11-17T11:")
    assert "dose: calculated 22.8 mg of 36.0 mg ordered" in out
    assert "gate G-4 met: " in out


def test_replay_as_json_holds_the_whole_view(capsys):
    assert run(str(LOG), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["events"], told["faults"], told["view"]["phase"]) == (59, [], "left")


def test_replay_shows_an_earlier_moment_of_a_shorter_file(capsys, write):
    lines = read_lines()
    alarm = next(number for number, line in enumerate(lines) if line.get("type") == "alarm-raised")
    assert run(write(lines[: alarm + 1]), "--at", "2026-11-17T09:36:00+00:00") == 0
    out = capsys.readouterr().out
    assert "phase dosing" in out
    assert "alarm medium: BP 163/96, above 160/100 (active); first: Pause the pump" in out


def test_replay_reads_standard_input_and_needs_no_header_when_told_the_protocol(capsys, monkeypatch):
    text = "\n".join(json.dumps(line) for line in read_lines()[1:])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run("-", "--protocol", "iv-racemic") == 0
    assert "phase left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda lines: [lines[0], *lines[2:]], "H-2"),
        (lambda lines: [*lines[:10], *lines[11:]], "H-1"),
        (lambda lines: [line for line in lines if line.get("type") != "time-out-signed"], "H-8"),
        (lambda lines: [*lines[:-1], {**lines[-1], "recorded_at": "2026-11-17T08:00:00+00:00"}], "H-3"),
        (lambda lines: [*lines[:-1], {**lines[-1], "occurred_at": "2026-11-18T08:00:00+00:00"}], "H-4"),
    ],
)
def test_a_history_that_cannot_be_is_a_failed_check(capsys, write, change, rule):
    assert run(write(change(read_lines()))) == 1
    assert f"({rule}: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no-events"),
        ("{]\n", "json-malformed"),
        ("[1]\n", "event-malformed"),
        ('{"protocol": "no-such"}\n', "protocol-unknown"),
        ('{"protocol": "iv-racemic"}\n{"type": "dance", "version": 1}\n', "event-unknown"),
        ('{"protocol": "iv-racemic"}\n{"type": "note-recorded", "version": 9}\n', "event-version-unknown"),
    ],
)
def test_a_file_that_is_no_log_is_bad_input_and_says_why(tmp_path, capsys, text, code):
    path = tmp_path / "events.jsonl"
    path.write_text(text, encoding="utf-8")
    assert run(str(path), "--json") == 2
    told = capsys.readouterr()
    assert code in told.out + told.err


def test_a_file_that_is_not_there_is_bad_input(tmp_path, capsys):
    assert run(str(tmp_path / "absent.jsonl")) == 2
    assert "absent.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("at", ["yesterday", "2026-11-17T09:36:00"])
def test_an_instant_without_zone_or_sense_is_bad_input(capsys, at):
    assert run(str(LOG), "--at", at) == 2
    assert capsys.readouterr().err
