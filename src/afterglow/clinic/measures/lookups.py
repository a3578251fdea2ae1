"""What chart and forms hold of scores and of answers about suicide, asked in one way so that a page asks it once."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from afterglow.clinic.measures.models import MeasureResult
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
IDEATION, BEHAVIOUR = "suicide.ideation", "suicide.behaviour"
# every entry of the chart that stands for a score or for an answer about suicide
RECORDED = frozenset({*TOTALS.values(), *SCREENS.values(), ITEM_9, IDEATION, BEHAVIOUR})
_FACTS = Prepared(
    lambda patient: HistoryFact.objects.filter(patient=patient, name__in=sorted(RECORDED)).order_by("recorded_at", "pk")
)
_RESULTS = Prepared(lambda patient: MeasureResult.objects.filter(form__patient=patient).order_by("form", "number"))


def list_recorded(patient: Any, names: Iterable[str]) -> list[HistoryFact]:
    """Return the chart's entries as they were recorded; one that was ended for another reason than a newer is none.

    Every name must be one of `RECORDED`.
    """
    wanted = set(names)
    if not wanted <= RECORDED:
        raise ValueError(f"no entries of scores: {sorted(wanted - RECORDED)}")
    rows = [row for row in _FACTS.ask(patient=patient) if row.name in wanted]
    return [row for row in rows if row.ended_at is None or row.end_reason == ANSWERED_AGAIN]


def list_results(patient: Any, instruments: Collection[str]) -> list[MeasureResult]:
    """Return the results of a person's forms of some instruments, those of one form together and in their order."""
    return [row for row in _RESULTS.ask(patient=patient) if row.instrument in instruments]


def find_fact_day(patient: Any, row: HistoryFact) -> date:
    """Return the day that an entry speaks of: the one it names, else the one it was written on."""
    return row.observed_on or get_local_date(patient.site, row.recorded_at)
