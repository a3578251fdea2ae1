"""The bibliography check finds citations that lead nowhere, however deep they lie."""

from pathlib import Path

import pytest

from tools.bibliography import check_bibliography


def write_package(folder: Path, citation: str) -> Path:
    """Write a small package with one known source and one data file."""
    (folder / "terms").mkdir()
    (folder / "terms" / "bibliography.toml").write_text('[KNOWN]\ntitle = "A"\n', encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "rules.toml").write_text(f"[[rule]]\n[rule.limit]\n{citation}\n", encoding="utf-8")
    return folder


def test_known_source_with_locator_passes(tmp_path: Path) -> None:
    assert check_bibliography(write_package(tmp_path, 'source = "KNOWN"\nlocator = "table 2"')) == []


@pytest.mark.parametrize(
    ("citation", "problem"),
    [
        ('source = "OTHER"\nlocator = "table 2"', "is not in the bibliography"),
        ('source = "KNOWN"', "has no locator"),
        ('source = "KNOWN"\nlocator = " "', "has no locator"),
    ],
)
def test_citation_that_leads_nowhere_is_named_with_its_place(tmp_path: Path, citation: str, problem: str) -> None:
    found = check_bibliography(write_package(tmp_path, citation))
    assert len(found) == 1
    assert "rule[0].limit" in found[0]
    assert problem in found[0]


def test_missing_bibliography_is_a_problem(tmp_path: Path) -> None:
    assert check_bibliography(tmp_path) == ["terms/bibliography.toml is missing"]
