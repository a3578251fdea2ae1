"""What must hold inside a definition: names that lead somewhere, bands without gaps, values worth a citation."""

from collections.abc import Iterator
from itertools import pairwise

from afterglow.instruments.model import Band, Instrument, Item, Mode, Operation, Role, ScoreDefinition
from afterglow.terms import Grade, TermsError
from afterglow.terms.conditions import iterate_fact_names


class MalformedInstrument(TermsError):
    """A definition that breaks the format; found by the tests and at load, never at the chairside."""


def check_definition(instrument: Instrument, name: str) -> None:
    """Refuse a definition that contradicts itself; `name` is the file, for the message."""
    for sentence in _iterate_faults(instrument):
        raise MalformedInstrument(f"{name}: {sentence}")


def _iterate_faults(instrument: Instrument) -> Iterator[str]:
    yield from _check_names(instrument)
    yield from _check_grades(instrument)
    for item in instrument.items:
        yield from _check_item(instrument, item)
    yield from _check_mode(instrument)
    for score_id in dict.fromkeys(band.score for band in instrument.bands):
        yield from _check_bands(instrument, score_id)


def _check_names(instrument: Instrument) -> Iterator[str]:
    item_ids = [item.id for item in instrument.items]
    if len(set(item_ids)) != len(item_ids):
        yield "an item id stands twice"
    score_ids = [score.id for score in instrument.scores]
    if len({*item_ids, *score_ids}) != len(set(item_ids)) + len(score_ids):
        yield "a score has the id of an item or of another score"
    unknown = sorted(set(_list_item_references(instrument)) - set(item_ids))
    if unknown:
        yield f"no item {', '.join(unknown)}"
    codes = [alert.code for alert in instrument.alerts]
    for place, alert in enumerate(instrument.alerts):
        if not set(alert.covered_by) <= set(codes[:place]):
            yield f"alert {alert.code} is covered by a row that does not stand above it"
    settings = {f"setting.{key}" for key in instrument.settings}
    known = {*item_ids, *score_ids, *settings, "total"}
    unknown = sorted(set(_list_fact_references(instrument)) - known)
    if unknown:
        yield f"no item, score or setting {', '.join(unknown)}"
    if instrument.total is not None and instrument.items and instrument.total not in score_ids:
        yield f"no score {instrument.total}"
    seen: set[str] = set()
    for score in instrument.scores:
        read = {fact for outcome in score.outcomes if outcome.when for fact in iterate_fact_names(outcome.when)}
        if (read & set(score_ids)) - seen:
            yield f"score {score.id} reads a score that stands below it"
        seen.add(score.id)


def _check_grades(instrument: Instrument) -> Iterator[str]:
    """Every number says whether it was checked against its source, or that it is the site's own."""
    citations = [instrument.citation, instrument.rights.citation]
    citations += [score.citation for score in instrument.scores]
    citations += [band.citation for band in instrument.bands]
    citations += [alert.citation for alert in instrument.alerts]
    citations += [setting.citation for setting in instrument.settings.values()]
    citations += [rule.citation for rule in instrument.thresholds.values()]
    for citation in citations:
        is_site = citation.source == "SITE" and citation.grade is Grade.P
        if citation.grade not in (Grade.CHECKED, Grade.UNCHECKED) and not is_site:
            yield f"{citation.text} is graded {citation.grade}; a scale's number is ● or ○, or site policy"


def _list_item_references(instrument: Instrument) -> Iterator[str]:
    for score in instrument.scores:
        yield from (*score.items, *score.never_impute, *(i for group in score.groups for i in group))
        yield from score.counts_from
    for item in instrument.items:
        for condition in (item.asked_when, item.may_skip_when):
            yield from iterate_fact_names(condition) if condition else ()
    for group in instrument.alternatives:
        yield from group


def _list_fact_references(instrument: Instrument) -> Iterator[str]:
    for score in instrument.scores:
        for outcome in score.outcomes:
            yield from iterate_fact_names(outcome.when) if outcome.when else ()
    for alert in instrument.alerts:
        yield from iterate_fact_names(alert.when)


def _check_item(instrument: Instrument, item: Item) -> Iterator[str]:
    if (item.asked_when or item.may_skip_when) and item.skipped_as is None:
        yield f"item {item.id} may be skipped but says not as what it counts"
    if item.minimum > item.maximum or item.step <= 0:
        yield f"item {item.id} has an empty range"
    is_turned = item.is_reversed or item.weight != 1
    if is_turned and item.id in set(_list_fact_references(instrument)):
        yield f"item {item.id} is reversed or weighted, so no condition may read it"


def _check_mode(instrument: Instrument) -> Iterator[str]:
    scored = [item for item in instrument.items if not item.is_optional]
    if instrument.mode is Mode.TOTAL and (scored or instrument.scores or not instrument.accepts_total):
        yield "a total-only instrument carries no scored items and accepts a total"
    if instrument.mode is not Mode.TOTAL and not instrument.items:
        yield "an instrument that is scored needs items"
    shown = [score for score in instrument.scores if score.role is not Role.WORKING]
    if instrument.items and instrument.mode is not Mode.TOTAL and not shown:
        yield "nothing is scored"
    for score in instrument.scores:
        if score.operation is Operation.RULES and score.outcomes and score.outcomes[-1].when is not None:
            yield f"the rules of {score.id} have no last line without a condition"
        if score.operation in (Operation.SUM, Operation.COUNT) and not score.imputes:
            yield from _check_partial(instrument, score)


def _check_partial(instrument: Instrument, score: ScoreDefinition) -> Iterator[str]:
    """A sum that stands without all its rows may lack only rows that may stay empty: unknown adds no nought."""
    if score.min_answered == len(score.items):
        return
    needed = {item.id for item in instrument.items if not item.is_optional} & set(score.items)
    for item_id in sorted(needed - score.never_impute):
        yield f"score {score.id} may be made without {item_id}, which has to be answered: say never_impute"


def _check_bands(instrument: Instrument, score_id: str) -> Iterator[str]:
    ordered: list[Band] = [band for band in instrument.bands if band.score == score_id]
    total = instrument.total or "total"
    if score_id not in {total, *(score.id for score in instrument.scores)}:
        yield f"bands of a score {score_id} that is not there"
    for left, right in pairwise(ordered):
        if right.lowest != left.highest + 1:
            yield f"bands {left.label} and {right.label} leave a gap or overlap"
    is_mean = any(score.id == score_id and score.operation is Operation.MEAN for score in instrument.scores)
    if is_mean and len(ordered) > 1 and not instrument.between_bands:
        yield f"the mean {score_id} has bands of whole numbers and does not say what lies between: say between_bands"
    ends = (instrument.total_minimum, instrument.total_maximum)
    if score_id == total and (ordered[0].lowest, ordered[-1].highest) != ends:
        yield "bands do not cover the whole range"
