"""Every direct dependency stands on docs/dependencies.md with a licence and a reason, and nothing else does."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([@\w./-]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def read_rows() -> dict[str, tuple[str, str]]:
    """Return licence and reason by package, as the page has them."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    return {name: (licence.strip(), why.strip()) for name, licence, why in ROW.findall(text) if name != "package"}


def list_declared() -> set[str]:
    """Return the direct dependencies of pyproject.toml and package.json."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    words = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for group in (project["project"]["optional-dependencies"], project["dependency-groups"]):
        words += [word for members in group.values() for word in members]
    package = json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))
    names = {re.split(r"[\s\[<>=~!;]", word)[0] for word in words}
    return names | set(package["dependencies"]) | set(package["devDependencies"])


def test_each_declared_dependency_is_on_the_page() -> None:
    assert list_declared() - set(read_rows()) == set()


def test_the_page_names_no_dependency_that_is_gone() -> None:
    assert set(read_rows()) - list_declared() == set()


def test_each_row_has_a_licence_and_a_reason() -> None:
    for name, (licence, why) in read_rows().items():
        assert licence, name
        assert len(why) > 8, name


def test_npm_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name


def test_npm_lock_carries_hashes_and_no_registry_address() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))
    entries = {path: entry for path, entry in lock["packages"].items() if path}
    assert all(entry["integrity"].startswith("sha512-") for entry in entries.values())
    assert not any("resolved" in entry for entry in entries.values())
