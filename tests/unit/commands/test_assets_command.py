"""`afterglow assets` builds what is out of date and says so."""

import argparse
import json
from pathlib import Path

import pytest

from afterglow.commands import assets
from afterglow.terms import InvalidInput


def parse(*words: str) -> argparse.Namespace:
    """Return the command's arguments as the command line would."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    assets.add_arguments(parser)
    return parser.parse_args(words)


class Builder:
    """Stands in for frontend/build.py."""

    OUTPUT = Path("out")
    BuildError = RuntimeError

    def __init__(self, answers: list[object]) -> None:
        self.answers = answers
        self.forced: list[bool] = []

    def build_all(self, _root: Path, *, say: object, force: bool) -> object:
        self.forced.append(force)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def use(monkeypatch: pytest.MonkeyPatch, *answers: object) -> Builder:
    """Let the command run on a stand-in that gives these answers."""
    builder = Builder(list(answers))
    monkeypatch.setattr(assets, "_load_builder", lambda _root: builder)
    monkeypatch.setattr(assets, "POLL_S", 0)
    return builder


def test_build_is_reported_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    builder = use(monkeypatch, True)
    assert assets.run(parse("--json", "--force")) == 0
    assert json.loads(capsys.readouterr().out)["built"] is True
    assert builder.forced == [True]


def test_nothing_to_do_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use(monkeypatch, False)
    assert assets.run(parse()) == 0
    assert "nothing changed" in capsys.readouterr().err


def test_refused_source_is_exit_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use(monkeypatch, RuntimeError("esbuild refused the sources"))
    assert assets.run(parse()) == 1
    assert "esbuild refused" in capsys.readouterr().err


def test_watching_survives_a_refused_source_and_forces_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = use(monkeypatch, True, RuntimeError("broken"), True, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        assets.run(parse("--watch", "--force"))
    assert builder.forced == [True, False, False, False]


def test_installed_package_without_sources_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        assets._load_builder(tmp_path)
    assert refused.value.problems[0].code == "no-source-checkout"
