"""Published tables as packaged data, each cell computed by the engine; expected numbers are typed in."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.report.rows import Kind, Row, RowTable
from afterglow.pharmacology.report.runs import FindModel, compute, read_run
from afterglow.terms import Citation, Grade

FILES = ("strata", "film", "regimen", "arms")


@cache
def load_content(name: str) -> dict[str, Any]:
    """Return one packaged file of the report as it stands."""
    folder = files("afterglow.pharmacology.report").joinpath("data")
    return tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def compare_file(name: str, find_model: FindModel = get_model) -> tuple[RowTable, ...]:
    """Return the tables of a file with the engine's figures.

    Parameters
    ----------
    name : str
        One of `FILES`.
    find_model : callable
        Gives a model by id; tests hand in changed models.
    """
    return tuple(
        RowTable(table["id"], table["title"], table["text"], tuple(_read_rows(table, find_model)))
        for table in load_content(name)["table"]
    )


def read_citation(content: Mapping[str, Any]) -> Citation:
    """Return the citation that a table of packaged data carries."""
    return Citation(content["source"], content["locator"], Grade(content["grade"]))


def build_row(table: str, cell: Mapping[str, Any], engine: float | None) -> Row:
    """Return the row that a cell of packaged data and the engine's figure make."""
    value = cell["value"]
    low, high = value if isinstance(value, list) else (value, value)
    return Row(
        id=f"{table}.{cell['id']}",
        title=cell["title"],
        what=cell["what"],
        unit=cell["unit"],
        kind=Kind(cell["kind"]),
        low=float(low),
        high=float(high),
        band=build_band(low, high, cell),
        engine=engine,
        citation=read_citation(cell),
        miss=cell.get("miss", ""),
        note=cell.get("note", ""),
    )


def build_band(low: float, high: float, content: Mapping[str, Any]) -> tuple[float, float]:
    """Return what passes: the printed value or range widened by `tolerance` (a share) and `within` (in its unit)."""
    share, absolute = float(content.get("tolerance", 0.0)), float(content.get("within", 0.0))
    return (low - abs(low) * share - absolute, high + abs(high) * share + absolute)


def _read_rows(table: Mapping[str, Any], find_model: FindModel) -> Iterator[Row]:
    misses = table.get("misses", {})
    for line in table["lines"]:
        curves = compute(read_run({**table.get("run", {}), **line.get("run", {})}), find_model)
        for column, value in zip(table["columns"], line["values"], strict=True):
            if isinstance(value, float) and math.isnan(value):
                continue
            key = f"{line['id']}.{column['key']}"
            miss = misses.get(key, misses.get(column["key"], misses.get(line["id"], "")))
            engine = curves.read(column["stat"], column["analyte"], column.get("at_min", 0.0))
            yield build_row(table["id"], {**table, **column, **line, "id": key, "value": value, "miss": miss}, engine)
