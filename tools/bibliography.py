"""Every source that packaged data names stands in the bibliography, with a locator beside it."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BIBLIOGRAPHY = Path("terms/bibliography.toml")


def check_bibliography(package: Path) -> list[str]:
    """Return a sentence per citation that leads nowhere; nothing to check is an empty list."""
    path = package / BIBLIOGRAPHY
    if not path.is_file():
        return [f"{BIBLIOGRAPHY} is missing"]
    known = set(tomllib.loads(path.read_text(encoding="utf-8")))
    problems = []
    for file in sorted([*package.rglob("*.toml"), *package.glob("**/data/**/*.json")]):
        if file == path:
            continue
        for where, table in walk_tables(_load(file)):
            problems += [f"{file.relative_to(package)}: {where}: {text}" for text in judge_citation(table, known)]
    return problems


def judge_citation(table: dict[str, Any], known: set[str]) -> Iterator[str]:
    """Yield what is wrong with the citation a table carries; a table without a source is no citation."""
    source = table.get("source")
    if not isinstance(source, str):
        return
    if source not in known:
        yield f"source {source!r} is not in the bibliography"
    if not str(table.get("locator", "")).strip():
        yield f"source {source!r} has no locator"


def walk_tables(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every table inside a document with the path that leads to it."""
    if isinstance(value, dict):
        yield where or "top", value
        for key, inner in value.items():
            yield from walk_tables(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from walk_tables(inner, f"{where}[{number}]")


def _load(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
