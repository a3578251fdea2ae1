"""Reads one definition from its table and refuses it where it is incomplete or without a source."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from afterglow.instruments.checks import MalformedInstrument, check_definition
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
    Role,
    RuleOutcome,
    ScoreDefinition,
    Setting,
    Threshold,
)
from afterglow.terms import Citation, Coding, Grade
from afterglow.terms.codes import LOINC
from afterglow.terms.conditions import validate_condition

Table = Mapping[str, Any]

THRESHOLDS = ("response", "remission", "change", "meaningful_change", "relapse")
_TOP_KEYS = (
    {"id", "version", "title", "measures", "rater", "recall", "mode", "direction", "total", "accepts_total"}
    | {"total_range", "answer_sets", "items", "alternatives", "scores", "bands", "alerts", "settings", "rights"}
    | {"total_step", "panel", "loinc", "citation", "notes", "between_bands", *THRESHOLDS}
)
_ITEM_KEYS = (
    {"id", "label", "answers", "range", "step", "reverse", "weight", "asked_when", "may_skip_when", "skipped_as"}
    | {"not_applicable_as", "optional", "loinc"}
)  # fmt: skip
_SCORE_KEYS = (
    {"id", "title", "role", "op", "items", "groups", "counts_from", "counts_from_items", "factor", "min_answered"}
    | {"impute", "never_impute", "outcomes", "loinc", "citation"}
)  # fmt: skip


def parse_instrument(table: Table, name: str) -> Instrument:
    """Return the definition written in `table`; `name` is the file, for messages.

    Raises
    ------
    MalformedInstrument
        The table breaks the format, contradicts itself or lacks a source.
    """
    try:
        _refuse_unknown_keys(table, _TOP_KEYS, name)
        instrument = _build_instrument(table)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedInstrument(f"{name}: {error!r}") from error
    check_definition(instrument, name)
    return instrument


def _build_instrument(table: Table) -> Instrument:
    citation = _read_citation(table["citation"])
    answer_sets = {key: _read_answer_set(rows) for key, rows in table.get("answer_sets", {}).items()}
    settings = {key: _read_setting(key, row, citation) for key, row in table.get("settings", {}).items()}
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
        items=tuple(_read_item(row, answer_sets) for row in table.get("items", ())),
        alternatives=tuple(frozenset(group) for group in table.get("alternatives", ())),
        scores=tuple(_read_score(row, citation) for row in table.get("scores", ())),
        total=table.get("total"),
        accepts_total=table.get("accepts_total", False),
        total_minimum=Decimal(lowest),
        total_maximum=Decimal(highest),
        total_step=Decimal(table.get("total_step", 1)),
        bands=tuple(_read_band(row, table.get("total"), citation) for row in table.get("bands", ())),
        alerts=tuple(_read_alert(row, citation) for row in table.get("alerts", ())),
        settings=settings,
        thresholds={key: _read_threshold(table[key], settings, citation) for key in THRESHOLDS if key in table},
        rights=Rights(table["rights"]["owner"], table["rights"]["terms"], _read_citation(table["rights"])),
        panel=_read_loinc(table, "panel"),
        code=_read_loinc(table),
        citation=citation,
        notes=tuple(table.get("notes", ())),
        between_bands=table.get("between_bands", ""),
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
    for key in ("asked_when", "may_skip_when"):
        if key in row:
            validate_condition(row[key])
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
        may_skip_when=row.get("may_skip_when"),
        skipped_as=_read_optional(row, "skipped_as"),
        not_applicable_as=_read_optional(row, "not_applicable_as"),
        is_optional=row.get("optional", False),
        code=_read_loinc(row),
    )


def _read_score(row: Table, default: Citation) -> ScoreDefinition:
    _refuse_unknown_keys(row, _SCORE_KEYS, f"score {row['id']}")
    items = tuple(row.get("items", ()))
    outcomes = tuple(RuleOutcome(each["value"], each.get("when")) for each in row.get("outcomes", ()))
    for outcome in outcomes:
        if outcome.when is not None:
            validate_condition(outcome.when)
    counts_from = dict.fromkeys(items, Decimal(row.get("counts_from", 1)))
    counts_from |= {key: Decimal(value) for key, value in row.get("counts_from_items", {}).items()}
    return ScoreDefinition(
        id=row["id"],
        title=row.get("title", row["id"]),
        role=Role(row.get("role", "subscale")),
        operation=Operation(row["op"]),
        items=items,
        groups=tuple(tuple(group) for group in row.get("groups", ())),
        counts_from=counts_from,
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
    must_screen = row.get("must_screen", False)
    citation, covered_by = _own_citation(row, default), tuple(row.get("covered_by", ()))
    return AlertRule(row["code"], row["level"], row["title"], row["when"], must_screen, citation, covered_by)


def _read_setting(name: str, row: Table, default: Citation) -> Setting:
    lowest, highest = row["accepted"]
    value = Decimal(row["value"])
    if not Decimal(lowest) <= value <= Decimal(highest):
        raise ValueError(f"setting {name} has a default outside what it accepts")
    return Setting(name, row["title"], value, Decimal(lowest), Decimal(highest), _own_citation(row, default))


def _read_threshold(row: Table, settings: Mapping[str, Setting], default: Citation) -> Threshold:
    setting = row.get("setting")
    value = settings[setting].value if setting else Decimal(row["value"])
    citation = settings[setting].citation if setting else _own_citation(row, default)
    return Threshold(row["kind"], value, setting, citation)


def _read_optional(row: Table, key: str) -> Decimal | None:
    return Decimal(row[key]) if key in row else None


def _read_loinc(table: Table, key: str = "loinc") -> Coding | None:
    if key not in table:
        return None
    return Coding(LOINC, table[key]["code"], table[key]["display"])


def _refuse_unknown_keys(table: Table, known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where} has unknown keys {', '.join(unknown)}")
