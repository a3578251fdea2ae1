"""The tables of a release as files: one long table, its data dictionary, and a note, together in one archive.

A hidden count is an empty cell whose reason stands beside it; it is never 0. File names, columns and words are not
translated, so that a program reads the same everywhere.
"""

import csv
import io
import zipfile
from collections.abc import Iterator

from afterglow.clinic.outcomes.counting import Figures
from afterglow.instruments import get_instrument
from afterglow.outcomes import get_estimand
from afterglow.outcomes.cohort import Band, Cell, CellStanding, find_comparators
from afterglow.web.outcomes.page import build_relapse, list_steps
from afterglow.web.outcomes.parquet import Value, render_parquet

FORMATS = ("csv", "parquet")
COLUMNS: tuple[tuple[str, type, str], ...] = (
    ("table", str, "Which table: end-of-induction, published, sessions, events, completeness, relapse."),
    ("site_scope", str, "What is counted: all sites of the person who made the release, together."),
    ("condition", str, "Indication of the plan under which the course began; empty where all are counted."),
    ("way", str, "Drug and route of the first session's protocol, as drug.route; empty where all are counted."),
    ("instrument", str, "The scale by its id; empty where none is read."),
    ("measure", str, "What is counted, by the id of its definition or of the item."),
    ("at", str, "Month as YYYY-MM, or week as wN; empty where the whole time is counted."),
    (
        "count_from",
        int,
        "How many, lower end of the band of ten; 0 with 0 is nobody; empty does not apply or is hidden.",
    ),
    ("count_to", int, "How many, upper end of that band."),
    ("total_from", int, "Of how many, or how many at risk, lower end of the band; empty does not apply or is hidden."),
    ("total_to", int, "Of how many, upper end of that band."),
    ("percent", float, "Share in per cent, of the middles of the bands."),
    (
        "low_percent",
        float,
        "Lower end of the 95 % interval, widened for the bands: Wilson for shares, log-log Greenwood for the curve.",
    ),
    ("high_percent", float, "Upper end of that interval."),
    (
        "hidden",
        str,
        "Why no share: no rule; none due; few due (1–10); few (1–10); all or nearly all; of few people or beside.",
    ),
    ("definition", str, "The sentence of the estimand, or what the row means."),
    ("source", str, "Where definition or published result comes from."),
    ("grade", str, "Grade of that source."),
    ("as_of", str, "Instant up to which everything entered is counted, UTC."),
)
OF_FEW_OR_BESIDE = "of few people or beside"
_EPOCH = (2026, 1, 1, 0, 0, 0)
Row = dict[str, Value]


def pack_tables(figures: Figures, name: str) -> bytes:
    """Return the archive of a release in a format: `csv` or `parquet`."""
    rows = list(list_rows(figures))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, f"outcomes.{name}", render_csv(rows) if name == "csv" else _render_parquet(rows))
        _add(archive, "dictionary.csv", _render_dictionary())
        _add(archive, "README.txt", _write_note(figures).encode())
    return out.getvalue()


def list_rows(figures: Figures) -> Iterator[Row]:
    """Yield the rows of the long table; only what the report shows can stand in it."""
    shared = {"site_scope": "together", "as_of": figures.as_of.isoformat()}
    for rows in (_list_ends, _list_published, _list_sessions, _list_asked, _list_relapse):
        for row in rows(figures):
            yield {**dict.fromkeys(column for column, _, _ in COLUMNS), **shared, **row}


def render_csv(rows: list[Row]) -> bytes:
    """Return rows as CSV with a head; an empty cell is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([name for name, _, _ in COLUMNS])
    writer.writerows([["" if row[name] is None else row[name] for name, _, _ in COLUMNS] for row in rows])
    return out.getvalue().encode()


def _list_ends(figures: Figures) -> Iterator[Row]:
    whole = figures.report.whole
    for group in (*figures.report.groups, whole):
        shared: Row = {
            "table": "end-of-induction",
            "condition": group.condition or None,
            "way": group.way or None,
            "instrument": figures.choice.score,
        }
        for cell, estimand in (
            (group.response, "clinic-response"),
            (group.remission, "clinic-remission"),
            (group.assessed, "clinic-response"),
            (group.worse, "clinic-worsening"),
        ):
            known = get_estimand(estimand)
            definition = known.sentence if cell.name != "assessed" else "Courses due that have a score in time."
            source: Row = {"source": known.citation.text, "grade": str(known.citation.grade)}
            yield {**shared, "measure": cell.name, "definition": definition, **source, **_render_cell(cell)}


def _list_published(figures: Figures) -> Iterator[Row]:
    for group in figures.report.groups:
        for outcome in ("response", "remission"):
            for each in find_comparators(group.condition, group.way, figures.choice.score, outcome):
                yield {
                    "table": "published",
                    "condition": group.condition,
                    "way": group.way,
                    "instrument": each.instrument,
                    "measure": outcome,
                    "total_from": each.people or None,
                    "total_to": each.people or None,
                    "percent": each.percent,
                    "definition": f"{each.name}: {each.design}; {each.time}. {each.note}",
                    "source": each.citation.text,
                    "grade": str(each.citation.grade),
                }


def _list_sessions(figures: Figures) -> Iterator[Row]:
    volume = figures.report.volume
    for row, month in enumerate((*volume.months, "together")):
        for column, way in enumerate((*volume.ways, None)):
            if month == "together" and way is not None:
                continue
            band = volume.counts[row][column] if volume.counts else volume.total
            yield {
                "table": "sessions",
                "way": way,
                "measure": "sessions",
                "at": month or "earlier",
                **_render_band("count", band),
                "hidden": OF_FEW_OR_BESIDE if band is None else None,
                "definition": "Sessions in which drug was given and that are over.",
            }
    for cell in figures.report.events:
        definition = "Sessions in which it was recorded; what was not recorded is not known."
        yield {
            "table": "events",
            "measure": cell.name,
            "definition": definition,
            **_render_cell(cell),
        }


def _list_asked(figures: Figures) -> Iterator[Row]:
    for cell in figures.report.asked:
        score = (
            figures.choice.score if cell.name in ("baseline", "before-session", "induction-end", "follow-up") else None
        )
        definition = "Done, of what was due: of courses begun in the period, and of their sessions that are over."
        shared: Row = {"table": "completeness", "instrument": score, "measure": cell.name, "definition": definition}
        yield {**shared, **_render_cell(cell)}


def _list_relapse(figures: Figures) -> Iterator[Row]:
    """Yield who waits for a second score, then the curve; where there is none, one row that says why."""
    found = build_relapse(figures)
    estimand = get_estimand("clinic-relapse")
    shared: Row = {
        "table": "relapse",
        "instrument": figures.choice.score,
        "source": str(found.get("source", "")) or None,
        "grade": str(estimand.citation.grade) if found["rule"] else None,
    }
    if found["rule"]:
        definition = "Last score past the relapse threshold, not confirmed yet: neither a relapse nor none."
        measured: Row = {"measure": "waits-for-second", "definition": definition}
        yield {**shared, **measured, **_render_cell(figures.waits_for_second)}
    rule = f" {found['rule']}." if found["rule"] else ""
    shared |= {"measure": "without-relapse", "definition": f"{estimand.sentence}{rule} Total is the number at risk."}
    if found["why"]:
        yield {**shared, **_render_band("total", found.get("people")), "hidden": found["why"]}
        return
    for row in list_steps(figures.curve):
        yield {
            **shared,
            "at": f"w{row['weeks']}",
            **_render_band("total", row["at_risk"]),
            "percent": float(row["percent"]),
            "low_percent": None if row["low"] is None else float(row["low"]),
            "high_percent": None if row["high"] is None else float(row["high"]),
        }


def _render_cell(cell: Cell) -> Row:
    share = cell.share
    # of nobody due nothing is known; it is not a count of none
    count = None if cell.standing is CellStanding.NONE_DUE else cell.count
    return {
        **_render_band("count", count),
        **_render_band("total", cell.total),
        "percent": round(100 * share.share, 1) if share else None,
        "low_percent": round(100 * share.low, 1) if share else None,
        "high_percent": round(100 * share.high, 1) if share else None,
        "hidden": None if share else str(cell.standing),
    }


def _render_band(name: str, band: Band | None) -> Row:
    return {f"{name}_from": None if band is None else band.low, f"{name}_to": None if band is None else band.high}


def _render_parquet(rows: list[Row]) -> bytes:
    names = [name for name, _, _ in COLUMNS]
    return render_parquet(names, [kind for _, kind, _ in COLUMNS], [[row[name] for name in names] for row in rows])


def _render_dictionary() -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["column", "type", "meaning"])
    writer.writerows([[name, kind.__name__, meaning] for name, kind, meaning in COLUMNS])
    return out.getvalue().encode()


def _write_note(figures: Figures) -> str:
    score = get_instrument(figures.choice.score).title
    lines = [
        f"Outcomes of first courses, {score}, as of {figures.as_of.isoformat()}.",
        "",
        figures.report.rule.sentence,
        "Shares are of the middles of the bands, and their intervals are widened for that.",
        "Where few are counted, or all or nearly all, no share is given, and the column `hidden` says so.",
        "A count that is hidden is empty, never 0.",
        "Whoever knows all others of a group can learn of the last one; so can whoever has two releases that lie close",
        "together, of those who came in between: do not pass on both.",
        "Counts are not adjusted for who was treated; courses were not randomised.",
        "Columns: dictionary.csv. Text is UTF-8.",
    ]
    return "\n".join(lines) + "\n"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
