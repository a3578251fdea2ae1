"""A new clinic's tables are made at once from the models; they must be those that the migrations would have made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "support" / "tables.py"


def make(folder: Path, way: str) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AFTERGLOW")}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), way], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.slow
def test_tables_made_at_once_are_those_of_the_migrations(tmp_path: Path) -> None:
    at_once, by_history = make(tmp_path / "one", "at-once"), make(tmp_path / "two", "by-history")
    assert set(at_once) ^ set(by_history) == set()
    assert at_once[-1] == "pending []"
    assert any(line.startswith("trigger") for line in at_once)
    assert any("visit" in line or "appointment" in line for line in at_once)
