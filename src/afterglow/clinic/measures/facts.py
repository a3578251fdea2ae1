"""What submitted forms say to the rules: the newest total of a scale, and what the C-SSRS found, each with its day."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic.measures.lookups import ITEM_9, TOTALS
from afterglow.clinic.measures.models import MeasureResult
from afterglow.clinic.measures.risk import CSSRS, read_behaviour, read_ideation
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.prepared import Prepared

_ANSWERS = Prepared(
    lambda patient, instruments: MeasureResult.objects.filter(
        form__patient=patient, instrument__in=instruments
    ).order_by("observed_at", "form", "number")
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
