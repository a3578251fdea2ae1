"""Every environment variable that the program reads is explained somewhere under docs/ or in the README."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# read by name in the sources
READ = re.compile(r"[\"'](AFTERGLOW_[A-Z_]+)[\"']|\$\{?(AFTERGLOW_[A-Z_]+)")
# handed from one part of a run to another, not set by people
INTERNAL = {"AFTERGLOW_AS_OWNER", "AFTERGLOW_BENCH", "AFTERGLOW_SCRATCH"}


def list_read() -> set[str]:
    """Return the variables that sources, tests and scripts read."""
    files = [
        *(ROOT / "src").rglob("*.py"),
        ROOT / "frontend" / "build.py",
        ROOT / "run",
        ROOT / "tests" / "conftest.py",
    ]
    found = [match for path in files for match in READ.findall(path.read_text(encoding="utf-8"))]
    return {name for pair in found for name in pair if name} - INTERNAL


def test_each_variable_that_is_read_is_documented() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
    assert {name for name in list_read() if name not in text} == set()


def test_the_search_finds_the_variables_it_should() -> None:
    assert {"AFTERGLOW_SKIP_FRONTEND", "AFTERGLOW_REQUIRE"} <= list_read()
