"""A missing browser or database is a skip on a desk and a failure where it was promised."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

CONFTEST = Path(__file__).resolve().parents[2] / "conftest.py"


def load_conftest() -> ModuleType:
    """Import the shared test set-up as an ordinary module."""
    spec = importlib.util.spec_from_file_location("conftest_under_test", CONFTEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conftest = load_conftest()


def test_missing_part_is_skipped_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFTERGLOW_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        conftest.miss("browser", "no Chromium")


@pytest.mark.parametrize("required", ["browser", "postgres,browser"])
def test_missing_part_that_was_promised_is_a_failure(monkeypatch: pytest.MonkeyPatch, required: str) -> None:
    monkeypatch.setenv("AFTERGLOW_REQUIRE", required)
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        conftest.miss("browser", "no Chromium")


def test_promise_of_another_part_leaves_it_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERGLOW_REQUIRE", "postgres")
    with pytest.raises(pytest.skip.Exception):
        conftest.miss("browser", "no Chromium")


def test_browser_is_named_by_the_variable_or_found_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHROMIUM", "/opt/browser")
    assert conftest.find_browser() == "/opt/browser"
    monkeypatch.delenv("CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert conftest.find_browser() is None
    (tmp_path / "chromium-browser").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "chromium-browser").chmod(0o755)
    assert conftest.find_browser() == str(tmp_path / "chromium-browser")
