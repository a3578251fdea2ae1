"""The report as a document, its numbers and its figures."""

from datetime import date
from functools import cache
from xml.etree import ElementTree as ET

import pytest

from afterglow.pharmacology.report import Document, PeerCheck, Report, Section, Verdict, build_document, build_report
from afterglow.pharmacology.report.charts import Axes, Line, draw_errors, draw_lines, list_ticks
from afterglow.pharmacology.report.document import show_number
from afterglow.terms import get_source

PEERS = (PeerCheck("one", "case", 1e-12, 1e-9), PeerCheck("two", "case", None, 1e-6, "two is not installed"))


@cache
def make_report() -> Report:
    return build_report(date(2026, 11, 22), versions={"afterglow": "9.9"}, people=200, peers=PEERS)


@cache
def make_document() -> Document:
    return build_document(make_report())


def list_sections(sections: tuple[Section, ...]) -> list[Section]:
    return [found for section in sections for found in (section, *list_sections(section.sections))]


def test_every_row_stands_in_the_document_once() -> None:
    shown = [row for one in list_sections(make_document().sections) for grid in one.grids for row in grid.rows]
    assert sum(len(row) in (7, 10) and row[3] != "–" for row in shown) >= len(make_report().rows)
    assert len(make_document().sections) == len({one.id for one in make_document().sections})


def test_cells_fit_their_headers_and_widths() -> None:
    for section in list_sections(make_document().sections):
        for grid in section.grids:
            assert len(grid.headers) == len(grid.widths), grid.caption
            assert all(len(row) == len(grid.headers) for row in grid.rows), grid.caption
            assert all(0 <= number < len(grid.rows) for number in grid.marked)


def test_each_reason_for_a_miss_is_printed() -> None:
    points = " ".join(point for one in list_sections(make_document().sections) for point in one.points)
    for row in make_report().rows:
        if row.verdict is Verdict.EXPLAINED:
            assert row.miss in points, row.id


def test_what_was_not_run_says_why() -> None:
    verification = next(one for one in make_document().sections if one.id == "verification")
    rows = verification.grids[1].rows
    assert [row[-1] for row in rows] == ["met", "not run here: two is not installed"]


def test_every_source_that_is_named_is_listed() -> None:
    listed = {row[0] for row in make_document().sections[-1].grids[0].rows}
    assert {row.citation.source for row in make_report().rows} <= listed
    assert all(get_source(key).title for key in listed)


def test_contexts_factors_and_limits_are_complete() -> None:
    use = make_report().use
    assert {one["id"] for one in use["context"]} == {"options", "session", "course", "finding", "individual"}
    for one in use["context"]:
        assert all(one[key] for key in ("use", "influence_why", "consequence_why", "risk", "evidence"))
    for one in use["factor"]:
        assert one["goal"]
        assert one["reached"]
    assert use["may"]
    assert use["may_not"]


def test_the_day_and_the_seed_are_those_handed_in() -> None:
    assert "2026-11-22" in make_document().subtitle
    text = " ".join(text for one in make_document().sections for text in one.texts)
    assert "--seed 1 --people 200" in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.0, "0"), (43.927, "43.93"), (12345.6, "12346"), (2.2e-13, "2.2e-13"), (-3.8, "-3.8")],
)
def test_numbers_have_four_digits(value: float | None, shown: str) -> None:
    assert show_number(value) == shown


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.0, 240.0, [0, 50, 100, 150, 200]), (-1.3, 1.3, [-1, -0.5, 0, 0.5, 1]), (0.0, 6.0, [0, 1, 2, 3, 4, 5, 6])],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert list_ticks(low, high) == pytest.approx(ticks)


def test_a_missed_point_is_hollow_and_named() -> None:
    figure = draw_errors("f", "title", "words", [("good", 0.2, True), ("bad <b>", 3.0, False)], 1.0)
    circles = ET.fromstring(figure.svg).findall("{http://www.w3.org/2000/svg}circle")
    assert [circle.get("fill") for circle in circles] == ["#1f4e79", "#ffffff"]
    assert circles[1][0].text == "bad <b>: +3.00 %"


def test_curves_carry_a_label_each_and_differ_by_dash() -> None:
    lines = [Line(name, ((0.0, 1.0), (1.0, 2.0))) for name in ("a", "b", "c")]
    svg = draw_lines("f", "title", "words", Axes("x", "y", 1.0, 2.0), lines).svg
    found = ET.fromstring(svg).findall("{http://www.w3.org/2000/svg}polyline")
    assert len({line.get("stroke-dasharray") for line in found}) == 3
    assert all(f">{name}</text>" in svg for name in "abc")
