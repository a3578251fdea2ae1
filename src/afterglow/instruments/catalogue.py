"""Reads the packaged definitions and refuses any that is incomplete, contradictory or without a source."""

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from afterglow.instruments.model import (
    AlertRule,
    Answer,
    Band,
    Direction,
    Instrument,
    Item,
    Mode,
    Operation,
    Rights,
    RuleOutcome,
    ScoreDefinition,
    Threshold,
)
from afterglow.terms import Citation, Coding, Grade, InvalidInput, TermsError, build_error
from afterglow.terms.codes import LOINC
from afterglow.terms.conditions import iterate_fact_names, validate_condition

Table = Mapping[str, Any]

_TOP_KEYS = frozenset(
    [
        "id",
        "version",
        "title",
        "measures",
        "rater",
        "recall",
        "mode",
        "direction",
        "total",
        "accepts_total",
        "total_range",
        "answer_sets",
        "items",
        "scores",
        "bands",
        "alerts",
        "response",
        "remission",
        "change",
        "rights",
        "loinc",
        "citation",
        "notes",
    ]
)
_ITEM_KEYS = frozenset(
    [
        "id",
        "label",
        "answers",
        "range",
        "step",
        "reverse",
        "weight",
        "asked_when",
        "skipped_as",
        "not_applicable_as",
        "loinc",
    ]
)
_SCORE_KEYS = frozenset(
    [
        "id",
        "title",
        "op",
        "items",
        "groups",
        "counts_from",
        "factor",
        "min_answered",
        "impute",
        "never_impute",
        "outcomes",
        "loinc",
        "citation",
    ]
)


class MalformedInstrument(TermsError):
    """A definition file that breaks the format; found by the tests and at load, never at the chairside."""


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """Return every packaged definition by id, in order of id."""
    folder = files("afterglow.instruments").joinpath("data")
    texts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".toml"))
    definitions = [parse_instrument(tomllib.loads(text, parse_float=Decimal), name) for name, text in texts]
    return {definition.id: definition for definition in definitions}


def get_instrument(instrument_id: str) -> Instrument:
    """Return the definition of that id; refuse an unknown one by naming those there are."""
    known = load_instruments()
    if instrument_id not in known:
        accepted = ", ".join(known)
        message = f"no instrument {instrument_id!r}"
        raise InvalidInput([build_error("instrument", "instrument-unknown", instrument_id, accepted, message)])
    return known[instrument_id]


def parse_instrument(table: Table, name: str) -> Instrument:
    """Return the definition written in `table`; `name` is the file, for messages."""
    try:
        _refuse_unknown_keys(table, _TOP_KEYS, name)
        instrument = _build_instrument(table)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedInstrument(f"{name}: {error!r}") from error
    _check_references(instrument, name)
    return instrument


def _build_instrument(table: Table) -> Instrument:
    citation = _read_citation(table["citation"])
    answer_sets = {key: _read_answer_set(rows) for key, rows in table.get("answer_sets", {}).items()}
    items = tuple(_read_item(row, answer_sets) for row in table.get("items", ()))
    scores = tuple(_read_score(row, citation) for row in table.get("scores", ()))
    lowest, highest = table.get("total_range", (0, 0))
    return Instrument(
        id=table["id"],
        version=table["version"],
        title=table["title"],
        measures=table["measures"],
        rater=table["rater"],
        recall=table["recall"],
        mode=Mode(table["mode"]),
        direction=Direction(table["direction"]),
        items=items,
        scores=scores,
        total=table.get("total"),
        accepts_total=table.get("accepts_total", False),
        total_minimum=Decimal(lowest),
        total_maximum=Decimal(highest),
        bands=tuple(_read_band(row, table.get("total"), citation) for row in table.get("bands", ())),
        alerts=tuple(_read_alert(row, citation) for row in table.get("alerts", ())),
        thresholds={
            key: _read_threshold(table[key], citation) for key in ("response", "remission", "change") if key in table
        },
        rights=Rights(table["rights"]["owner"], table["rights"]["terms"], _read_citation(table["rights"])),
        code=_read_loinc(table),
        citation=citation,
        notes=tuple(table.get("notes", ())),
    )


def _read_citation(table: Table) -> Citation:
    return Citation(table["source"], table["locator"], Grade(table["grade"]))


def _own_citation(table: Table, default: Citation) -> Citation:
    return _read_citation(table["citation"]) if "citation" in table else default


def _read_answer_set(rows: Iterable[Table]) -> tuple[Answer, ...]:
    return tuple(Answer(Decimal(row["value"]), row["label"]) for row in rows)


def _read_item(row: Table, answer_sets: Mapping[str, tuple[Answer, ...]]) -> Item:
    _refuse_unknown_keys(row, _ITEM_KEYS, f"item {row['id']}")
    if ("answers" in row) == ("range" in row):
        raise ValueError(f"item {row['id']} needs either answers or a range")
    answers = answer_sets[row["answers"]] if "answers" in row else ()
    lowest, highest = row.get("range", (0, 0))
    if answers:
        lowest, highest = min(a.value for a in answers), max(a.value for a in answers)
    if "asked_when" in row:
        validate_condition(row["asked_when"])
    return Item(
        id=row["id"],
        label=row["label"],
        answers=answers,
        minimum=Decimal(lowest),
        maximum=Decimal(highest),
        step=Decimal(row.get("step", 1)),
        is_reversed=row.get("reverse", False),
        weight=Decimal(row.get("weight", 1)),
        asked_when=row.get("asked_when"),
        skipped_as=_read_optional(row, "skipped_as"),
        not_applicable_as=_read_optional(row, "not_applicable_as"),
        code=_read_loinc(row),
    )


def _read_score(row: Table, default: Citation) -> ScoreDefinition:
    _refuse_unknown_keys(row, _SCORE_KEYS, f"score {row['id']}")
    items = tuple(row.get("items", ()))
    outcomes = tuple(RuleOutcome(each["value"], each.get("when")) for each in row.get("outcomes", ()))
    for outcome in outcomes:
        if outcome.when is not None:
            validate_condition(outcome.when)
    return ScoreDefinition(
        id=row["id"],
        title=row.get("title", row["id"]),
        operation=Operation(row["op"]),
        items=items,
        groups=tuple(tuple(group) for group in row.get("groups", ())),
        counts_from=_read_optional(row, "counts_from"),
        factor=Decimal(row.get("factor", 1)),
        min_answered=row.get("min_answered", len(items)),
        imputes=row.get("impute", "none") == "mean",
        never_impute=frozenset(row.get("never_impute", ())),
        outcomes=outcomes,
        code=_read_loinc(row),
        citation=_own_citation(row, default),
    )


def _read_band(row: Table, total: str | None, default: Citation) -> Band:
    score = row.get("score", total)
    if score is None:
        raise ValueError("a band needs a score")
    return Band(score, Decimal(row["from"]), Decimal(row["to"]), row["label"], _own_citation(row, default))


def _read_alert(row: Table, default: Citation) -> AlertRule:
    validate_condition(row["when"])
    return AlertRule(row["code"], row["level"], row["title"], row["when"], _own_citation(row, default))


def _read_threshold(row: Table, default: Citation) -> Threshold:
    return Threshold(row["kind"], Decimal(row["value"]), _own_citation(row, default))


def _read_optional(row: Table, key: str) -> Decimal | None:
    return Decimal(row[key]) if key in row else None


def _read_loinc(table: Table) -> Coding | None:
    if "loinc" not in table:
        return None
    return Coding(LOINC, table["loinc"]["code"], table["loinc"]["display"])


def _refuse_unknown_keys(table: Table, known: frozenset[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where} has unknown keys {', '.join(unknown)}")


def _check_references(instrument: Instrument, name: str) -> None:
    """Refuse a definition that names an item or score it does not have, or whose bands leave a gap."""
    item_ids = {item.id for item in instrument.items}
    named: list[str] = []
    for score in instrument.scores:
        named += [*score.items, *score.never_impute, *(i for group in score.groups for i in group)]
        named += [fact for o in score.outcomes if o.when for fact in iterate_fact_names(o.when)]
    named += [fact for item in instrument.items if item.asked_when for fact in iterate_fact_names(item.asked_when)]
    named += [fact for alert in instrument.alerts for fact in iterate_fact_names(alert.when) if fact != "total"]
    unknown = sorted(set(named) - item_ids)
    if unknown:
        raise MalformedInstrument(f"{name}: no item {', '.join(unknown)}")
    if len(item_ids) != len(instrument.items):
        raise MalformedInstrument(f"{name}: an item id stands twice")
    if instrument.total is not None and instrument.total not in {score.id for score in instrument.scores}:
        raise MalformedInstrument(f"{name}: no score {instrument.total}")
    _check_bands(instrument, name)


def _check_bands(instrument: Instrument, name: str) -> None:
    ordered = [band for band in instrument.bands if band.score == instrument.total]
    for left, right in pairwise(ordered):
        if right.lowest != left.highest + 1:
            raise MalformedInstrument(f"{name}: bands {left.label} and {right.label} leave a gap or overlap")
    if ordered and (ordered[0].lowest != instrument.total_minimum or ordered[-1].highest != instrument.total_maximum):
        raise MalformedInstrument(f"{name}: bands do not cover the whole range")
