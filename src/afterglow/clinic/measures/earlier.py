"""What was answered to a question about suicide before, in every source that stores it, and where that was.

The same question counts as the time before; another instrument's is told beside it and compared with nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from afterglow.clinic.measures.charted import find_instant
from afterglow.clinic.measures.lookups import ANSWERED_AGAIN
from afterglow.clinic.measures.models import LateAnswer, MeasureAnswer, MeasureForm, MeasureResult
from afterglow.clinic.measures.models.forms import SUBMITTED
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import HistoryFact
from afterglow.instruments import load_instruments

FORM, LATE, CHART, SAME = "form", "late", "chart", "same"
# what the chart holds of single questions
FACTS: Mapping[tuple[str, str], str] = {("phq9", "9"): "scales.phq9.item9"}


@dataclass(frozen=True, slots=True)
class Earlier:
    """One answer with its instant and where it stands."""

    item: str
    value: Decimal
    at: datetime
    where: str
    instrument: str
    # of several of one instant the last that was stored counts
    stored_at: datetime
    number: int = 0


def list_others(patient: Any, instruments: Collection[str], *, but: MeasureForm | None = None) -> list[Earlier]:
    """Return what a person answered to the questions of instruments elsewhere than in one form, the newest first.

    Of a form never sent each stored answer is one; so is what came after a form was closed, and the chart's own entry.
    """
    same = {"form__patient": patient, "form__instrument__in": sorted(instruments)}
    key = None if but is None else but.pk
    found = [
        Earlier(item, Decimal(value), row.observed_at, FORM, row.instrument, row.recorded_at, row.number)
        for row in MeasureResult.objects.filter(**same).exclude(form=key)
        for item, value in row.answers.items()
    ]
    unsent = MeasureAnswer.objects.filter(**same, value__isnull=False).exclude(form=key).select_related("form")
    found += [
        Earlier(row.item, row.value, row.recorded_at, FORM, row.form.instrument, row.recorded_at, row.number)
        for row in unsent.exclude(form__state=SUBMITTED)
        if row.value is not None
    ]
    found += [
        Earlier(row.item, row.value, row.recorded_at, LATE, row.form.instrument, row.recorded_at)
        for row in LateAnswer.objects.filter(**same).exclude(form=key).select_related("form")
    ]
    found += _read_chart(patient, instruments)
    return sorted(found, key=lambda each: (each.at, each.stored_at, each.number), reverse=True)


def list_own(form: MeasureForm, item: str, *, before: datetime) -> list[Earlier]:
    """Return what one form itself held of a question before an answer that was stored at an instant, oldest first."""
    rows = [
        Earlier(item, row.value, row.recorded_at, SAME, form.instrument, row.recorded_at, row.number)
        for row in form.answers.filter(item=item).order_by("number")
        if row.value is not None
    ]
    rows += [
        Earlier(item, row.value, row.recorded_at, SAME, form.instrument, row.recorded_at)
        for row in form.late_answers.filter(item=item)
    ]
    return sorted((row for row in rows if row.at < before), key=lambda row: (row.at, row.number))


def find_elsewhere(patient: Any, but: Collection[str], *, before: datetime) -> Earlier | None:
    """Return the newest answer about suicide in another instrument before an instant, or None.

    `but` are the instruments that are told on their own: the answer's own, and the C-SSRS.
    """
    items = {each.id: _list_items(each) for each in load_instruments().values() if each.id not in but}
    found = [
        each
        for each in list_others(patient, [name for name, asked in items.items() if asked])
        if each.item in items[each.instrument] and each.at < before
    ]
    return max(found, key=lambda each: (each.at, each.stored_at, each.value), default=None)


def _list_items(definition: Any) -> set[str]:
    return {item for rule in definition.alerts if rule.must_screen for item in _read_items(rule.when)}


def _read_items(condition: Mapping[str, Any]) -> Iterator[str]:
    if "fact" in condition:
        yield str(condition["fact"])
        return
    for value in condition.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                yield from _read_items(part)


def _read_chart(patient: Any, instruments: Collection[str]) -> Iterator[Earlier]:
    names = {name: key for key, name in FACTS.items() if key[0] in instruments}
    if not names:
        return
    for row in HistoryFact.objects.filter(patient=patient, name__in=sorted(names)).order_by("recorded_at", "pk"):
        value = _read_number(row.value)
        # one that was ended as wrong is no answer
        if value is None or (row.ended_at is not None and row.end_reason != ANSWERED_AGAIN):
            continue
        on = row.observed_on or get_local_date(patient.site, row.recorded_at)
        at, _has_time = find_instant(patient, on, row.recorded_at)
        instrument, item = names[row.name]
        yield Earlier(item, value, at, CHART, instrument, row.recorded_at)


def _read_number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
