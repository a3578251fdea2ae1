"""What submitted forms say to the rules: the newest total of a scale, and what the C-SSRS found, each with its day."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic.measures.models import MeasureResult
from afterglow.clinic.measures.risk import CSSRS, read_behaviour, read_ideation
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import HistoryFact
from afterglow.clinic.prepared import Prepared

# the fact that a total answers; scales without a line answer none
TOTALS = {
    "phq9": "scales.phq9.total",
    "madrs": "scales.madrs.total",
    "gad7": "scales.gad7.total",
    "pcl5": "scales.pcl5.total",
    "ybocs": "scales.ybocs.total",
    "nrs-pain": "scales.pain.nrs",
    "ymrs": "scales.ymrs.total",
    "asrm": "scales.asrm.total",
    "audit-c": "scales.audit_c.total",
    "dast10": "scales.dast10.total",
    "moca": "scales.moca.total",
}
# what the calendar of long-term screens takes from forms: it asks how old a bladder score is, whichever it was
SCREENS = {"moca": "scales.moca.total", "ipss": "scales.luts.total", "icsi": "scales.luts.total"}
ITEM_9 = "scales.phq9.item9"
ANSWERED_AGAIN = "answered again"
_ANSWERS = Prepared(
    lambda patient, instruments: MeasureResult.objects.filter(
        form__patient=patient, instrument__in=instruments
    ).order_by("observed_at", "form", "number")
)
_FACTS = Prepared(
    lambda patient, names: HistoryFact.objects.filter(patient=patient, name__in=names).order_by("recorded_at", "pk")
)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact as a form told it: the value, the day it belongs to, and when it was stored."""

    value: Any
    on: date
    recorded_at: datetime


def list_told(patient: Any) -> dict[str, Told]:
    """Return the newest answer of a person's submitted forms to each fact; what is not known tells nothing."""
    found: dict[str, Told] = {}
    for row in _ANSWERS.ask(patient=patient, instruments=[*TOTALS, *CSSRS]):
        on = get_local_date(patient.site, row.observed_at)
        for name, value in _read(row):
            found[name] = Told(value, on, row.recorded_at)
    return found


def list_totals(patient: Any, names: Collection[str]) -> list[tuple[str, date, Decimal]]:
    """Return fact, day and total of every submitted form of some facts, a corrected one as it stands now."""
    wanted = {instrument: name for instrument, name in TOTALS.items() if name in names}
    last: dict[str, MeasureResult] = {}
    for row in MeasureResult.objects.filter(form__patient=patient, instrument__in=list(wanted)).order_by("number"):
        last[row.form_id] = row
    rows = sorted(last.values(), key=lambda row: row.observed_at)
    return [
        (wanted[row.instrument], get_local_date(patient.site, row.observed_at), row.total)
        for row in rows
        if row.total is not None
    ]


def list_recorded(patient: Any, names: Iterable[str]) -> list[HistoryFact]:
    """Return the chart's entries as they were recorded; one that was ended for another reason than a newer is none."""
    rows = _FACTS.ask(patient=patient, names=list(names))
    return [row for row in rows if row.ended_at is None or row.end_reason == ANSWERED_AGAIN]


def find_fact_day(patient: Any, row: HistoryFact) -> date:
    """Return the day that an entry speaks of: the one it names, else the one it was written on."""
    return row.observed_on or get_local_date(patient.site, row.recorded_at)


def _read(row: MeasureResult) -> Iterator[tuple[str, Any]]:
    if row.instrument in CSSRS:
        pairs = (("suicide.ideation", read_ideation(row)), ("suicide.behaviour", read_behaviour(row)))
        yield from ((name, value) for name, value in pairs if value is not None)
        return
    if row.total is not None:
        yield TOTALS[row.instrument], _plain(row.total)
    if row.instrument == "phq9" and "9" in row.answers:
        yield ITEM_9, _plain(Decimal(row.answers["9"]))


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
