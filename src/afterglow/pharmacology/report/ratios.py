"""Ratios of two runs, and quantities that follow from a model's parameters, beside what is printed for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.exposure import calculate_derived
from afterglow.pharmacology.report.published import build_row, load_content
from afterglow.pharmacology.report.rows import Row, RowTable
from afterglow.pharmacology.report.runs import FindModel, compute, read_run


def compare_ratios(find_model: FindModel = get_model) -> tuple[RowTable, ...]:
    """Return interactions and covariates: each row the figure of one run over that of another."""
    return tuple(
        RowTable(table["id"], table["title"], table["text"], tuple(_read_ratios(table, find_model)))
        for table in load_content("ratios")["table"]
    )


def compare_derived(find_model: FindModel = get_model) -> tuple[RowTable, ...]:
    """Return clearances, volumes and bioavailabilities beside papers and labels."""
    return tuple(
        RowTable(table["id"], table["title"], table["text"], tuple(_read_derived(table, find_model)))
        for table in load_content("derived")["table"]
    )


def _read_ratios(table: Mapping[str, Any], find_model: FindModel) -> Iterator[Row]:
    misses = table.get("misses", {})
    for line in table["lines"]:
        cell = {"unit": "1", **table, **line, "miss": misses.get(line["id"], "")}
        run = {**table.get("run", {}), **line.get("run", {})}
        over, under = (
            compute(read_run(content), find_model, with_levels=cell["stat"] == "cmax").read(cell["stat"], "ketamine")
            for content in ({**run, **line["over"]}, run)
        )
        yield build_row(table["id"], cell, over / under)


def _read_derived(table: Mapping[str, Any], find_model: FindModel) -> Iterator[Row]:
    for line in table["lines"]:
        engine = calculate_derived(find_model(line["model"]))[line["of"]]
        yield build_row(table["id"], {"what": "from the parameters", **line}, engine)
